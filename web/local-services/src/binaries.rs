//! Finding the servers' programs.

use anyhow::{Result, bail};
use std::path::{Path, PathBuf};

/// A Postgres program (`postgres`, `initdb`): `PG_BINDIR`, Debian's newest, or PATH.
pub fn postgres(program: &str) -> Result<PathBuf> {
    if let Some(dir) = std::env::var_os("PG_BINDIR") {
        return Ok(PathBuf::from(dir).join(program));
    }
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|e| Some((e.file_name().to_str()?.parse().ok()?, e.path().join("bin").join(program))))
        .filter(|(_, p)| p.is_file())
        .collect();
    versions.sort();
    if let Some((_, path)) = versions.pop() {
        return Ok(path);
    }
    match on_path(program) {
        Some(path) => Ok(path),
        None => {
            bail!("{program} is missing: run `make deps`, or set PG_BINDIR to PostgreSQL's bin folder (15 or newer)")
        }
    }
}

/// `nats-server`: `NATS_SERVER`, the one that `make deps` put under `.attendance/tools` of this folder
/// or one above it, or PATH.
pub fn nats_server() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("NATS_SERVER") {
        return Ok(PathBuf::from(path));
    }
    let here = std::env::current_dir()?;
    let ours = here.ancestors().map(|dir| dir.join(".attendance/tools/bin/nats-server")).find(|p| p.is_file());
    match ours.or_else(|| on_path("nats-server")) {
        Some(path) => Ok(path),
        None => bail!("nats-server is missing: run `make deps`, or set NATS_SERVER to a nats-server of 2.12 or newer"),
    }
}

/// Looks a program up on PATH.
pub fn on_path(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).map(|dir| dir.join(program)).find(|p| Path::is_file(p))
}
