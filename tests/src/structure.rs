//! The arrows between the folders. What may come in from outside is in `deny.toml`.

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
