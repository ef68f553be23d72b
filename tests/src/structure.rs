//! The arrows between the folders, and that every proof which is claimed is there. What may come in from outside is in
//! `deny.toml`.

#![expect(clippy::unwrap_used, reason = "tests")]

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

fn metadata() -> Metadata {
    MetadataCommand::new().manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml")).exec().unwrap()
}

fn workspace(metadata: &Metadata) -> BTreeMap<String, &Package> {
    metadata.workspace_packages().into_iter().map(|p| (p.name.to_string(), p)).collect()
}

/// What each crate may depend on inside the workspace: `docs/architecture.md`, "Folders and arrows".
/// Tests may use `local-services` and `migrations` besides.
const ARROWS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("commands", &["domain"]),
    ("nats", &["domain"]),
    ("projections", &["domain", "nats"]),
    ("workers", &["domain", "commands", "nats", "projections"]),
    ("kiosk-protocol", &["domain"]),
    ("migrations", &[]),
    ("local-services", &["migrations"]),
    (
        "web",
        &["domain", "commands", "nats", "projections", "workers", "kiosk-protocol", "migrations", "local-services"],
    ),
    (
        "e2e",
        &[
            "domain",
            "commands",
            "nats",
            "projections",
            "workers",
            "kiosk-protocol",
            "migrations",
            "local-services",
            "web",
        ],
    ),
    (
        "bench",
        &[
            "domain",
            "commands",
            "nats",
            "projections",
            "workers",
            "kiosk-protocol",
            "migrations",
            "local-services",
            "web",
        ],
    ),
    ("workspace-features", &[]),
];

/// What a folder must not know, as crates it must not reach even through others.
const MUST_NOT_KNOW: &[(&str, &[&str])] = &[
    ("domain", &["tokio", "sqlx", "cqrs-es", "axum", "async-nats", "reqwest"]),
    ("commands", &["axum", "async-nats", "maud", "projections"]),
    ("nats", &["cqrs-es", "postgres-es", "axum", "maud", "chacha20poly1305"]),
    ("projections", &["cqrs-es", "postgres-es", "axum", "maud", "chacha20poly1305", "commands"]),
    ("workers", &["axum", "maud"]),
    ("kiosk-protocol", &["sqlx", "tokio", "axum"]),
];

#[test]
fn every_arrow_between_the_folders_is_one_that_the_architecture_draws() {
    let metadata = metadata();
    let packages = workspace(&metadata);
    let known: BTreeSet<&str> = ARROWS.iter().map(|(name, _)| *name).collect();
    assert_eq!(packages.keys().map(String::as_str).collect::<BTreeSet<_>>(), known, "a crate is missing from ARROWS");
    for (name, allowed) in ARROWS {
        for dependency in &packages[*name].dependencies {
            let to = dependency.name.as_str();
            let for_tests =
                dependency.kind == DependencyKind::Development && ["local-services", "migrations"].contains(&to);
            if packages.contains_key(to) && !for_tests {
                assert!(allowed.contains(&to), "{name} may not depend on {to}");
            }
        }
    }
}

#[test]
fn no_folder_reaches_what_it_must_not_know() {
    let metadata = metadata();
    let packages = workspace(&metadata);
    let resolve = metadata.resolve.as_ref().unwrap();
    let nodes: BTreeMap<_, _> = resolve.nodes.iter().map(|n| (&n.id, n)).collect();
    for (name, forbidden) in MUST_NOT_KNOW {
        let mut seen = BTreeSet::new();
        let mut queue = vec![&packages[*name].id];
        while let Some(id) = queue.pop() {
            if !seen.insert(id) {
                continue;
            }
            let normal = |d: &&cargo_metadata::NodeDep| d.dep_kinds.iter().any(|k| k.kind == DependencyKind::Normal);
            queue.extend(nodes[id].deps.iter().filter(normal).map(|d| &d.pkg));
        }
        let reached: BTreeSet<&str> =
            metadata.packages.iter().filter(|p| seen.contains(&p.id)).map(|p| p.name.as_str()).collect();
        for crate_name in *forbidden {
            assert!(!reached.contains(crate_name), "{name} reaches {crate_name}");
        }
    }
}

/// Where a whole file of `web` may run SQL outside of a school's transaction, or take a pool that sees every school: those
/// that know sessions, tokens, links and limits, whatever runs beside requests, the command line, and the health page.
const SEES_ALL: &[&str] = &[
    "api/health.rs",
    "cli",
    "demo",
    "family",
    "kiosk_auth.rs",
    "live/measure.rs",
    "pools.rs",
    "seed.rs",
    "serve",
    "serve.rs",
    "session",
    "testing",
    "testing.rs",
    "throttle.rs",
    "tokens",
];

#[test]
fn a50_what_answers_requests_runs_sql_in_a_schools_transaction_alone() {
    const SQL: [&str; 6] =
        ["sqlx::query", "pools.log_", "pools.auth", "pools.vault", "pools.projector", "pools.request.pool"];
    fn files(folder: &Path, all: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { files(&path, all) } else { all.push(path) }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web/src");
    let mut all = Vec::new();
    files(&root, &mut all);
    let mut found = BTreeSet::new();
    for path in all {
        let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        // Tests stand at the end of a file, or in files of their own.
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap();
        let is_test = name.contains("tests") || name.starts_with("router/") || name == "session/trials.rs";
        if is_test || !SQL.iter().any(|sql| code.contains(sql)) {
            continue;
        }
        let place = SEES_ALL.iter().find(|place| name == **place || name.starts_with(&format!("{place}/")));
        found.insert(*place.unwrap_or_else(|| panic!("{name} runs SQL outside of a school's transaction")));
    }
    assert!(found.contains("session") && !found.contains("pages"), "{found:?}");
}

/// The requirements and defects that the people's, roles' and schools' part of the product was asked to prove.
fn asked_for() -> BTreeSet<String> {
    let numbers = |letter: &str, of: Vec<u32>| of.into_iter().map(|n| format!("{letter}{n:02}")).collect::<Vec<_>>();
    let a = (14..=29).chain(34..=51).chain([54, 56, 57]).collect();
    let p = (5..=14).chain(23..=36).chain([42]).chain(47..=52).collect();
    let d = ["D3", "D5", "D6", "D24", "D25", "D26", "D28", "D29", "D38"].map(str::to_owned);
    numbers("A", a).into_iter().chain(numbers("P", p)).chain(d).collect()
}

/// The names of all tests of the workspace.
fn tests_of(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !name.starts_with('.') && name != "target" && name != "node_modules" {
            tests_of(&path, names);
        } else if name.ends_with(".rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let mut is_test = false;
            for line in text.lines().map(str::trim) {
                is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
                if let Some((_, rest)) = line.split_once("fn ").filter(|_| is_test) {
                    names.insert(rest.split('(').next().unwrap().to_owned());
                    is_test = false;
                }
            }
        }
    }
}

#[test]
fn every_proof_that_the_page_on_security_names_is_there_and_no_number_is_without_one() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut tests = BTreeSet::new();
    tests_of(&root, &mut tests);
    assert!(tests.len() > 500, "{} tests", tests.len());
    let page = std::fs::read_to_string(root.join("docs/security.md")).unwrap();
    let (mut rows, mut is_of_numbers) = (BTreeSet::new(), false);
    for row in page.lines() {
        // One table has other rows: the conditions that are left out ([`crate::sabotage`]).
        is_of_numbers = row.starts_with("| no.") || is_of_numbers && row.starts_with('|');
        if !is_of_numbers || row.starts_with("| no.") || row.starts_with("|---") {
            continue;
        }
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [number, _, shown] = cells[..] else { panic!("{row}") };
        assert!(rows.insert(number.to_owned()), "{number} twice");
        let named: Vec<&str> = shown.split('`').skip(1).step_by(2).filter(|name| name.contains('_')).collect();
        assert!(!named.is_empty() || shown.starts_with("open: "), "{number}: neither a proof nor what is missing");
        for name in named {
            assert!(tests.contains(name), "{number}: there is no test {name}");
        }
    }
    assert_eq!(rows, asked_for(), "docs/security.md has a row for each number");
}
