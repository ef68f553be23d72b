//! The arrows between the folders, and the licences of what we build on.

#![expect(clippy::unwrap_used, reason = "tests")]

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};
use std::collections::{BTreeMap, BTreeSet};

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
    ("bench", &["domain", "commands", "nats", "projections", "kiosk-protocol", "migrations", "local-services", "web"]),
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

/// Licences that let a school run and change the product. One of an `OR` is enough.
const LICENCES: &[&str] = &[
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "0BSD",
    "Unicode-3.0",
    "CC0-1.0",
    "Unlicense",
    "CDLA-Permissive-2.0",
    "MPL-2.0",
    "BSL-1.0",
];

fn permitted(expression: &str) -> bool {
    let flat = expression.replace('/', " OR ").replace(['(', ')'], " ");
    // Conservative for nested expressions: each AND part needs a permitted alternative.
    flat.split(" AND ").all(|part| part.split(" OR ").any(|licence| LICENCES.contains(&licence.trim())))
}

#[test]
fn every_dependency_has_a_permitted_licence() {
    let metadata = metadata();
    let ours: BTreeSet<_> = metadata.workspace_members.iter().collect();
    for package in metadata.packages.iter().filter(|p| !ours.contains(&p.id)) {
        let licence = package.license.as_deref().unwrap_or("none");
        assert!(permitted(licence), "{} {} has licence {licence}", package.name, package.version);
    }
}

#[test]
fn one_tls_stack_and_one_sqlx() {
    let metadata = metadata();
    let names: Vec<&str> = metadata.packages.iter().map(|p| p.name.as_str()).collect();
    for banned in ["openssl-sys", "native-tls", "aws-lc-rs"] {
        assert!(!names.contains(&banned), "{banned} came in");
    }
    assert_eq!(names.iter().filter(|n| **n == "sqlx-core").count(), 1);
}
