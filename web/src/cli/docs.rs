//! The documents that are generated from the code.

/// Prints the OpenAPI document as JSON.
#[expect(clippy::print_stdout, reason = "the command's answer")]
pub fn openapi() -> anyhow::Result<()> {
    println!("{}", serde_json::to_string_pretty(&crate::api::document())?);
    Ok(())
}

/// Prints the catalogue of events as Markdown.
#[expect(clippy::print_stdout, reason = "the command's answer")]
pub fn events() {
    print!("{}", domain::event::catalogue());
}
