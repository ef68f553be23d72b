//! The one binary: see [`web::cli`].

fn main() -> std::process::ExitCode {
    web::cli::main()
}
