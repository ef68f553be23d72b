//! The program `attendance` as a process of its own, for tests of what belongs to a process: its memory,
//! its open files, its end. This test binary is that program too: started again with the words of a
//! command line, its only ignored test below runs it.

use anyhow::{Context as _, Result, ensure};
use local_services::postgres::free_port;
use local_services::{NatsServer, PostgresCluster};
use mimalloc::MiMalloc;
use std::io::Read as _;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// The program's own: what it holds is measured here.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const WORDS: &str = "ATTENDANCE_TEST_WORDS";

#[test]
#[ignore = "no test: the program that other tests start"]
fn attendance() {
    let Ok(words) = std::env::var(WORDS) else { return };
    // It goes with its owner, however that one ends.
    std::thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(3);
    });
    let words: Vec<String> = serde_json::from_str(&words).unwrap();
    let done = web::cli::main_with(words) == ExitCode::SUCCESS;
    std::process::exit(i32::from(!done));
}

/// The program with a command line, to be started; it ends with whoever holds its standard input.
pub fn command(words: &[&str]) -> Result<Command> {
    let words: Vec<&str> = std::iter::once("attendance").chain(words.iter().copied()).collect();
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--exact", "process::attendance", "--ignored", "--nocapture"]);
    command.env(WORDS, serde_json::to_string(&words)?).env("RUST_LOG", "warn");
    // The cluster's owner, as in the demo.
    command.env("ATTENDANCE_POWERFUL_LOGIN", "allow");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    Ok(command)
}

/// Runs a command to its end, which must be a good one; what it printed.
pub fn run(words: &[&str]) -> Result<String> {
    let child = command(words)?.spawn()?;
    let (mut child, stdin) = keep_open(child);
    let mut printed = String::new();
    child.stdout.take().context("stdout")?.read_to_string(&mut printed)?;
    let status = child.wait()?;
    drop(stdin);
    ensure!(status.success(), "attendance {}: {status}\n{printed}", words[0]);
    Ok(printed)
}

/// `wait` closes the standard input of a child that still has it, which would end ours.
fn keep_open(mut child: Child) -> (Child, Option<std::process::ChildStdin>) {
    let stdin = child.stdin.take();
    (child, stdin)
}

/// `attendance serve`; killed when it is dropped.
pub struct Server {
    child: Child,
    _stdin: Option<std::process::ChildStdin>,
    /// `http://127.0.0.1:<port>`
    pub base: String,
}

impl Server {
    /// Starts it on a durable cluster and waits until it is ready.
    pub async fn start(postgres: &PostgresCluster, nats: Option<&NatsServer>) -> Result<Self> {
        let listen = format!("127.0.0.1:{}", free_port()?);
        let (events, vault) = (postgres.url("events"), postgres.url("vault"));
        // The keys of `Config::for_testing`.
        let (kek, directory_key) = ("11".repeat(32), "22".repeat(32));
        let mut words = vec!["serve", "--listen", &listen, "--database-url", &events, "--vault-database-url", &vault];
        words.extend(["--kek", &kek, "--directory-key", &directory_key, "--second-factor", "optional"]);
        let nats = nats.map(NatsServer::url);
        if let Some(nats) = &nats {
            words.extend(["--nats-url", nats]);
        }
        let mut command = command(&words)?;
        let (child, stdin) = keep_open(command.stdout(Stdio::null()).spawn()?);
        let mut server = Self { child, _stdin: stdin, base: format!("http://{listen}") };
        let begun = Instant::now();
        while !server.is_ready().await {
            let ended = server.child.try_wait()?;
            ensure!(
                ended.is_none() && begun.elapsed() < Duration::from_secs(60),
                "the server did not start: {ended:?}"
            );
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        Ok(server)
    }

    async fn get(&self, path: &str) -> reqwest::Result<reqwest::Response> {
        workers::outbound::loopback().build()?.get(format!("{}{path}", self.base)).send().await
    }

    /// Whether it says that it can serve.
    pub async fn is_ready(&self) -> bool {
        matches!(self.get("/readyz").await, Ok(answer) if answer.status() == 200)
    }

    /// Bytes of memory that it holds.
    pub fn memory(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS")?;
        Ok(line.trim().trim_end_matches("kB").trim().parse::<u64>()? * 1024)
    }

    /// Files and sockets that it holds open.
    pub fn open_files(&self) -> Result<usize> {
        Ok(std::fs::read_dir(format!("/proc/{}/fd", self.child.id()))?.count())
    }

    /// A figure that it counts: the sum over all labels, 0 if there is none.
    pub async fn figure(&self, name: &str) -> Result<f64> {
        let text = self.get("/metrics").await?.text().await?;
        let of_name = |line: &&str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']));
        Ok(text.lines().filter(of_name).filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum())
    }

    /// Asks it to end, and waits until it did in good order.
    pub async fn stop(mut self) -> Result<()> {
        let begun = Instant::now();
        Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status()?;
        loop {
            if let Some(status) = self.child.try_wait()? {
                ensure!(status.success(), "it ended with {status}");
                return Ok(());
            }
            ensure!(begun.elapsed() < Duration::from_secs(30), "it does not end");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
