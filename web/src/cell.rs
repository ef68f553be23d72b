//! A cell of a table that a spreadsheet program reads (RFC 4180).

/// One cell. What a spreadsheet program would take for a formula (OWASP, CSV injection) is made a text by an apostrophe;
/// our numbers are never negative, so no figure begins like one.
pub fn push(text: &mut String, cell: &str, delimiter: char) {
    let formula =
        cell.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']) || cell.starts_with(['\t', '\r']);
    let guarded = if formula { format!("'{cell}") } else { cell.to_owned() };
    if guarded.contains([delimiter, '"', '\r', '\n', '\t', ',', ';']) {
        text.push('"');
        text.push_str(&guarded.replace('"', "\"\""));
        text.push('"');
    } else {
        text.push_str(&guarded);
    }
}
