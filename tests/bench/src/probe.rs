//! How fast this machine syncs a disk and turns a wheel, at this moment.

use anyhow::Result;
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// The machine at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Probe {
    /// Median time of a synchronous 8 kB write beside the cluster's files, microseconds.
    pub fsync_us: f64,
    /// What Postgres's own `pg_test_fsync` says of fdatasync, where it is installed, microseconds.
    pub pg_test_fsync_us: Option<f64>,
    /// Time of a fixed amount of arithmetic on one thread, milliseconds.
    pub spin_ms: f64,
}

impl Probe {
    /// Measures. Takes two to three seconds where `pg_test_fsync` is installed.
    pub fn take(dir: &Path) -> Result<Self> {
        Ok(Self { fsync_us: fsync(dir)?, pg_test_fsync_us: pg_test_fsync(dir), spin_ms: spin() })
    }
}

fn fsync(dir: &Path) -> Result<f64> {
    let path = dir.join("fsync-probe");
    let mut file = std::fs::File::create(&path)?;
    let mut times = Vec::with_capacity(200);
    for _ in 0..200 {
        let begun = Instant::now();
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&[7; 8192])?;
        file.sync_data()?;
        times.push(begun.elapsed().as_secs_f64() * 1e6);
    }
    std::fs::remove_file(&path)?;
    Ok(crate::report::median(&times))
}

/// Stopped as soon as it has said what is wanted: the whole of it takes half a minute.
fn pg_test_fsync(dir: &Path) -> Option<f64> {
    let tool = local_services::binaries::postgres("pg_test_fsync").ok()?;
    let file = dir.join("fsync-tool");
    let mut child = Command::new(tool)
        .args(["-s", "1", "-f"])
        .arg(&file)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let micros = child.stdout.take().and_then(|out| {
        BufReader::new(out).lines().map_while(Result::ok).find_map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let at = words.iter().position(|word| *word == "usecs/op")?;
            (words.first() == Some(&"fdatasync")).then(|| words.get(at.checked_sub(1)?)?.parse().ok())?
        })
    });
    let _ = child.kill();
    let _ = child.wait();
    let _ = std::fs::remove_file(&file);
    micros
}

fn spin() -> f64 {
    let begun = Instant::now();
    let mut x = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..50_000_000 {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    std::hint::black_box(x);
    begun.elapsed().as_secs_f64() * 1e3
}
