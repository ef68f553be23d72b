use super::*;
use std::collections::BTreeSet;
use std::path::Path;

fn keys(source: &str) -> BTreeSet<String> {
    source
        .lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()))
        .filter_map(|line| line.split_once('=').map(|(key, _)| key.trim().to_owned()))
        .collect()
}

fn arguments(source: &str, key: &str) -> BTreeSet<String> {
    let start = source.find(&format!("\n{key} =")).unwrap() + 1;
    let end =
        source[start..]
            .find("\n\n")
            .into_iter()
            .chain(source[start..].match_indices('\n').find_map(|(at, _)| {
                source[start + at + 1..].starts_with(|c: char| c.is_ascii_lowercase()).then_some(at)
            }))
            .min()
            .map_or(source.len(), |end| start + end);
    source[start..end]
        .split('$')
        .skip(1)
        .map(|rest| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect())
        .collect()
}

/// Every key that the code asks for.
fn used() -> BTreeSet<String> {
    fn visit(folder: &Path, found: &mut BTreeSet<String>) {
        let files = match std::fs::read_dir(folder) {
            Ok(entries) => entries.map(|entry| entry.unwrap().path()).collect(),
            Err(_) => vec![folder.to_owned()],
        };
        for path in files {
            if path.is_dir() {
                visit(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("i18n/tests.rs") {
                let source = std::fs::read_to_string(&path).unwrap();
                let source: String = source
                    .lines()
                    .filter(|line| !line.trim_start().starts_with("//"))
                    .map(|line| line.trim().to_owned() + " ")
                    .collect();
                for mark in [".t(", ".f(", "key("] {
                    for (at, _) in source.match_indices(mark) {
                        let rest = source[at + mark.len()..].trim_start();
                        if let Some(rest) = rest.strip_prefix('"') {
                            found.insert(rest[..rest.find('"').unwrap()].to_owned());
                        }
                    }
                }
            }
        }
    }
    let mut found = BTreeSet::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    visit(&source.join("i18n"), &mut found);
    visit(&source.join("pages"), &mut found);
    visit(&source.join("reports"), &mut found);
    visit(&source.join("import"), &mut found);
    visit(&source.join("letters.rs"), &mut found);
    visit(&source.join("sign_in.rs"), &mut found);
    found.extend(crate::problem::Code::ALL.iter().map(|code| code.text_key()));
    found
}

const SPANISH: &str = include_str!("../../locales/es-CL.ftl");
const ENGLISH: &str = include_str!("../../locales/en.ftl");

#[test]
fn both_languages_have_the_same_texts_with_the_same_arguments() {
    assert_eq!(keys(SPANISH), keys(ENGLISH));
    for key in keys(SPANISH) {
        assert_eq!(arguments(SPANISH, &key), arguments(ENGLISH, &key), "{key}");
    }
}

#[test]
fn every_text_that_the_code_asks_for_exists_and_every_text_is_asked_for() {
    let (written, used) = (keys(SPANISH), used());
    assert!(used.len() > 50, "the search for keys found only {}", used.len());
    assert_eq!(used.difference(&written).collect::<Vec<_>>(), Vec::<&String>::new(), "not written");
    assert_eq!(written.difference(&used).collect::<Vec<_>>(), Vec::<&String>::new(), "not used");
}

#[test]
fn nobody_is_addressed_as_tu() {
    for word in [" tu ", " tus ", "haz ", "tienes", "puedes", "revisa ", "debes ", " ti "] {
        assert!(!SPANISH.to_lowercase().contains(word), "{word}");
    }
}

#[test]
fn a_number_chooses_its_plural_and_is_grouped() {
    let late = |lang: Lang, n: u32| lang.f("count-late", &[("n", n.into())]);
    assert_eq!(late(Lang::Es, 1), "atrasado");
    assert_eq!(late(Lang::Es, 9), "atrasados");
    assert_eq!(Lang::Es.number(1200), "1.200");
    assert_eq!(Lang::En.number(1_234_567), "1,234,567");
    assert_eq!(Lang::Es.f("answer-of", &[("expected", 1200u32.into())]), "de 1.200 adentro");
}

#[test]
fn what_follows_the_password_has_one_name_and_the_device_at_the_gate_too() {
    let spanish = SPANISH.to_lowercase();
    for other in ["segundo factor", "dos factores", "doble factor", "segundo paso", "kiosco", "revocado", "2fa"] {
        assert!(!spanish.contains(other), "{other}");
    }
    let english = ENGLISH.to_lowercase();
    for other in ["second factor", "two-factor", "two factors", "second step", "reader", "2fa"] {
        assert!(!english.contains(other), "{other}");
    }
}
