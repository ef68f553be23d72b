//! A child server that cannot outlive its owner.

use anyhow::{Context, Result};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The user that servers run as when we are root: Postgres refuses to run as root.
#[derive(Clone, Copy, Debug)]
pub struct Unprivileged {
    pub uid: u32,
    pub gid: u32,
}

/// The `postgres` user if we are root and it exists, `nobody` if not; nothing when we are not root.
pub fn unprivileged() -> Result<Option<Unprivileged>> {
    if id("-u", None)? != 0 {
        return Ok(None);
    }
    let user = if id("-u", Some("postgres")).is_ok() { "postgres" } else { "nobody" };
    Ok(Some(Unprivileged { uid: id("-u", Some(user))?, gid: id("-g", Some(user))? }))
}

fn id(flag: &str, user: Option<&str>) -> Result<u32> {
    let out = Command::new("id").arg(flag).args(user).output().context("run `id`")?;
    anyhow::ensure!(out.status.success(), "no such user {user:?}");
    String::from_utf8_lossy(&out.stdout).trim().parse().context("read `id`")
}

/// A server under its shell. Dropping it stops the server and waits for it.
#[derive(Debug)]
pub struct Supervised {
    child: Child,
    pid_file: std::path::PathBuf,
}

/// `$1` is the signal that stops the server, `$2` where its pid goes, `$3` a folder to remove when the
/// owner goes without saying `stop` (or nothing), the rest the server's command line.
const SHELL: &str = r#"
sig=$1; pidfile=$2; scratch=$3; shift 3
"$@" </dev/null & pid=$!
echo $pid > "$pidfile"
( while kill -0 $pid 2>/dev/null; do sleep 0.2; done; kill -TERM $$ 2>/dev/null ) &
watch=$!
trap 'exit 0' TERM
word=
read word
kill -$sig $pid 2>/dev/null
wait $pid 2>/dev/null
kill $watch 2>/dev/null
rm -f "$pidfile"
if [ -n "$scratch" ] && [ "$word" != stop ]; then rm -rf "$scratch"; fi
"#;

impl Supervised {
    /// Starts `program args…` with its pid file and log in `dir`, stopped by `signal` (a name such as
    /// `INT`). `scratch`: the folder means nothing once the owner is gone.
    pub fn start(
        program: &Path,
        args: &[String],
        signal: &str,
        dir: &Path,
        scratch: bool,
        user: Option<Unprivileged>,
    ) -> Result<Self> {
        let (pid_file, log) = (dir.join("server.pid"), dir.join("server.log"));
        let out = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&log)
            .with_context(|| format!("open {}", log.display()))?;
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(SHELL)
            .arg("supervised")
            .arg(signal)
            .arg(&pid_file)
            .arg(if scratch { dir } else { Path::new("") })
            .arg(program)
            .args(args);
        command.stdin(Stdio::piped()).stdout(out.try_clone()?).stderr(out).current_dir("/");
        // A Ctrl-C at the terminal is for us alone; we then stop our servers in order.
        command.process_group(0);
        if let Some(user) = user {
            command.gid(user.gid).uid(user.uid);
        }
        let child = command.spawn().with_context(|| format!("start {}", program.display()))?;
        Ok(Self { child, pid_file })
    }

    /// The server's own process id, once its shell has written it.
    pub fn pid(&self) -> Option<u32> {
        std::fs::read_to_string(&self.pid_file).ok()?.trim().parse().ok()
    }

    /// Sends a signal by name (`KILL`, `STOP`, `CONT`) to the server itself.
    pub fn signal(&self, name: &str) -> Result<()> {
        let pid = self.pid().context("the server has no pid")?;
        Command::new("kill").arg(format!("-{name}")).arg(pid.to_string()).status()?;
        Ok(())
    }

    /// Whether the server has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        if let Some(mut stdin) = self.child.stdin.take() {
            let _ = stdin.write_all(b"stop\n");
        }
        let _ = self.child.wait();
    }
}
