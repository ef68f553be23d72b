//! The search itself: texts in many spellings, through tables, files and bytes.

use crate::support::{Line, rows_of};
use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;
use std::path::Path;

/// Texts that must be found nowhere, in every spelling that they might be kept in.
#[derive(Default)]
pub(super) struct Canaries {
    /// Lower-case spelling → the canary, by the spelling's first four bytes.
    by_start: BTreeMap<[u8; 4], Vec<(Vec<u8>, String)>>,
    pub(super) values: Vec<String>,
}

impl Canaries {
    pub(super) fn add(&mut self, value: &str) {
        self.values.push(value.to_owned());
        let folded: String = value.chars().map(without_accent).collect();
        let bare: String = value.chars().filter(char::is_ascii_alphanumeric).collect();
        let escaped: String = value
            .chars()
            .map(|c| if c.is_ascii() { c.to_string() } else { format!("\\u{:04x}", u32::from(c)) })
            .collect();
        let mut spellings = vec![value.to_owned(), value.to_uppercase(), value.to_lowercase(), folded, bare, escaped];
        spellings.retain(|s| s.len() >= 7);
        let plain = spellings.clone();
        for text in plain.iter().flat_map(|s| [s.clone(), s.to_uppercase(), s.to_lowercase()]) {
            spellings.push(hex::encode(&text));
            // A text inside a longer one that was encoded: what does not depend on its neighbours.
            for lead in 0..3 {
                let padded = [&vec![b' '; lead], text.as_bytes()].concat();
                let whole = padded.len() / 3 * 3;
                let code = STANDARD.encode(&padded[..whole]);
                let known = code[if lead == 0 { 0 } else { 4 }..].to_owned();
                spellings.extend([known.clone(), known.replace('+', "-").replace('/', "_")]);
            }
        }
        for spelling in spellings.into_iter().map(|s| s.to_ascii_lowercase().into_bytes()).filter(|s| s.len() >= 7) {
            let start = [spelling[0], spelling[1], spelling[2], spelling[3]];
            self.by_start.entry(start).or_default().push((spelling, value.to_owned()));
        }
    }

    /// The canaries in some bytes.
    pub(super) fn found_in(&self, bytes: &[u8]) -> Vec<&str> {
        // Only these bytes begin a spelling: most places are passed over at once.
        let mut begins = [false; 256];
        self.by_start.keys().for_each(|start| begins[usize::from(start[0])] = true);
        // `to_lowercase` of the whole would fail on binary files; ASCII is what can differ here, and
        // accented spellings are listed in both cases.
        let lower = bytes.to_ascii_lowercase();
        let mut found = Vec::new();
        for at in 0..lower.len().saturating_sub(3) {
            if !begins[usize::from(lower[at])] {
                continue;
            }
            let start = [lower[at], lower[at + 1], lower[at + 2], lower[at + 3]];
            for (spelling, value) in self.by_start.get(&start).into_iter().flatten() {
                if lower[at..].starts_with(spelling) {
                    found.push(value.as_str());
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

fn without_accent(c: char) -> char {
    match c {
        'á' | 'Á' => 'a',
        'é' | 'É' => 'e',
        'í' | 'Í' => 'i',
        'ó' | 'Ó' => 'o',
        'ú' | 'Ú' | 'ü' | 'Ü' => 'u',
        'ñ' | 'Ñ' => 'n',
        other => other,
    }
}

/// A place that keeps something → the canaries found in it.
pub(super) type Found = BTreeMap<String, Vec<String>>;

/// Every row of every table of both databases, system catalogues left out.
pub(super) async fn in_databases(line: &Line, canaries: &Canaries) -> Result<Found> {
    let mut found = Found::new();
    for (name, pool) in [("events", &line.owner), ("vault", &line.vault)] {
        let schemas: Vec<String> = sqlx::query_scalar(
            "select nspname::text from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'",
        )
        .fetch_all(pool)
        .await?;
        let schemas: Vec<&str> = schemas.iter().map(String::as_str).collect();
        let mut rows = 0;
        for (table, texts) in rows_of(pool, &schemas).await? {
            rows += texts.len();
            note(&mut found, &format!("{name}: {table}"), canaries, texts.join("\n").as_bytes());
        }
        ensure!(rows > 0, "{name} has no rows to search");
    }
    Ok(found)
}

/// Every file under a folder. `least`: how many bytes there must be at least, or the search says nothing.
pub(super) fn in_files(folder: &Path, canaries: &Canaries, least: usize) -> Result<Found> {
    let mut found = Found::new();
    let (mut folders, mut bytes) = (vec![folder.to_owned()], 0);
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).with_context(|| next.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let content = std::fs::read(&path)?;
                bytes += content.len();
                note(&mut found, &path.display().to_string(), canaries, &content);
            }
        }
    }
    ensure!(bytes >= least, "{} holds {bytes} bytes only", folder.display());
    Ok(found)
}

fn note(found: &mut Found, place: &str, canaries: &Canaries, bytes: &[u8]) {
    let hits: Vec<String> = canaries.found_in(bytes).into_iter().map(str::to_owned).collect();
    if !hits.is_empty() {
        found.insert(place.to_owned(), hits);
    }
}

#[test]
fn the_search_sees_a_canary_in_every_spelling() {
    let mut canaries = Canaries::default();
    canaries.add("Xilvéndra");
    canaries.add("12.345.678-5");
    canaries.add("+56912345678");
    for text in [
        "name=Xilvéndra.".to_owned(),
        "XILVÉNDRA".into(),
        "xilvendra".into(),
        "{\"n\":\"Xilv\\u00e9ndra\"}".into(),
        hex::encode("a Xilvéndra b"),
        hex::encode("XILVÉNDRA").to_uppercase(),
        "123456785".into(),
        "12.345.678-5".into(),
        "56912345678".into(),
        STANDARD.encode("Xilvéndra"),
        STANDARD.encode("a Xilvéndra b"),
        STANDARD.encode("is Xilvéndra b"),
        STANDARD.encode("it: Xilvéndra b"),
    ] {
        assert_eq!(canaries.found_in(text.as_bytes()).len(), 1, "{text}");
    }
    assert_eq!(canaries.found_in("Xilv 12.345.67 nothing".as_bytes()), Vec::<&str>::new());
}
