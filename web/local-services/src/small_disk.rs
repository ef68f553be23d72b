//! A file system of a few megabytes that a test can fill and free again. Needs the right to mount.

use anyhow::{Context, Result, ensure};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A mounted file system in memory; unmounted on drop, and when this process goes without a word.
#[derive(Debug)]
pub struct SmallDisk {
    dir: PathBuf,
    keeper: Child,
}

/// `$1` is the folder. Waits, as all private servers do, for the pipe to close.
const KEEPER: &str = r#"read word; umount -l "$1"; rmdir "$1""#;

impl SmallDisk {
    /// Mounts one of so many megabytes. An error where this process may not mount.
    pub fn mount(dir: &Path, megabytes: u64) -> Result<Self> {
        std::fs::create_dir_all(dir).with_context(|| format!("create {}", dir.display()))?;
        let dir = dir.canonicalize()?;
        mount(&format!("size={megabytes}m,mode=0777"), &["-t", "tmpfs", "tmpfs"], &dir)?;
        let mut keeper = Command::new("sh");
        keeper.arg("-c").arg(KEEPER).arg("keeper").arg(&dir).stdin(Stdio::piped()).process_group(0);
        Ok(Self { keeper: keeper.spawn().context("start the mount's keeper")?, dir })
    }

    /// Where it is.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Takes all room away, or nearly: whoever writes may be quicker.
    pub fn fill(&self) -> Result<()> {
        let mut outcome = Ok(());
        for tries in 0..50 {
            let df = Command::new("df").args(["-k", "--output=used"]).arg(&self.dir).output().context("run df")?;
            let used =
                String::from_utf8_lossy(&df.stdout).lines().last().and_then(|line| line.trim().parse::<u64>().ok());
            let size = used.context("read df")? + 4 + 32 * tries;
            outcome = mount(&format!("remount,size={size}k"), &[], &self.dir);
            if outcome.is_ok() {
                break;
            }
        }
        outcome
    }

    /// Gives it another size, in megabytes.
    pub fn resize(&self, megabytes: u64) -> Result<()> {
        mount(&format!("remount,size={megabytes}m"), &[], &self.dir)
    }
}

fn mount(options: &str, what: &[&str], dir: &Path) -> Result<()> {
    let out = Command::new("mount").arg("-o").arg(options).args(what).arg(dir).output().context("run mount")?;
    ensure!(out.status.success(), "mount: {}", String::from_utf8_lossy(&out.stderr).trim());
    Ok(())
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}
