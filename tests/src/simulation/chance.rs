//! The scheduler: one seed decides, at every point where the code under test waits for the outside,
//! whether it goes on, is late, fails, does not hear that it succeeded, or crashes there.

use super::bugs::Bug;
use fastrand::Rng;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// What becomes of one operation on the outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is done and answered.
    Done,
    /// It is not done, and the caller learns that something broke.
    Fails,
    /// It is done, and the caller learns that something broke.
    Unheard,
}

/// Something that happened: when, in microseconds, what, and which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    pub at: u64,
    pub what: &'static str,
    pub value: u64,
}

impl std::fmt::Display for Point {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:>9} µs  {} {}", self.at, self.what, self.value)
    }
}

/// One seed's run: cheap to clone.
#[derive(Clone)]
pub struct Chance(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    bug: Option<Bug>,
    began: Instant,
}

struct State {
    rng: Rng,
    /// Of a thousand operations, how many fail, go unheard, crash, or are late.
    odds: Odds,
    trace: Vec<Point>,
    violations: Vec<String>,
}

/// How much goes wrong, of a thousand.
#[derive(Debug, Clone, Copy, Default)]
struct Odds {
    fails: u32,
    unheard: u32,
    crashes: u32,
    late: u32,
}

impl Chance {
    /// Each seed has a weather of its own: some are calm, some are not.
    pub fn new(seed: u64, bug: Option<Bug>) -> Self {
        let mut rng = Rng::with_seed(seed);
        let odds = Odds {
            fails: [0, 5, 20, 60][rng.usize(..4)],
            unheard: [0, 5, 20, 60][rng.usize(..4)],
            crashes: [0, 2, 6, 15][rng.usize(..4)],
            late: [20, 150, 400][rng.usize(..3)],
        };
        let state = State { rng, odds, trace: Vec::new(), violations: Vec::new() };
        Self(Arc::new(Shared { state: Mutex::new(state), bug, began: Instant::now() }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this bug is planted.
    pub fn has(&self, bug: Bug) -> bool {
        self.0.bug == Some(bug)
    }

    /// A number below `end`.
    pub fn below(&self, end: u64) -> u64 {
        self.state().rng.u64(..end.max(1))
    }

    /// True so many times of a thousand.
    pub fn often(&self, of_thousand: u64) -> bool {
        self.below(1000) < of_thousand
    }

    /// True so many times of a thousand while things may go wrong, never afterwards.
    pub fn unlucky(&self, of_thousand: u64) -> bool {
        let wrong = self.state().odds.late > 0;
        let often = self.often(of_thousand);
        wrong && often
    }

    /// From now on nothing goes wrong any more.
    pub fn calm(&self) {
        self.state().odds = Odds::default();
    }

    /// A promise was broken.
    pub fn violated(&self, what: String) {
        let at = self.0.began.elapsed().as_millis();
        self.state().violations.push(format!("after {at} ms: {what}"));
    }

    /// The first promises that were broken, if any were.
    pub fn violations(&self) -> Vec<String> {
        self.state().violations.clone()
    }

    /// Simulated time since the beginning.
    pub fn elapsed(&self) -> Duration {
        self.0.began.elapsed()
    }

    /// What happened so far.
    pub fn trace(&self) -> Vec<Point> {
        self.state().trace.clone()
    }

    /// Notes something that happened.
    pub fn note(&self, what: &'static str, value: u64) {
        let at = self.0.began.elapsed().as_micros() as u64;
        self.state().trace.push(Point { at, what, value });
    }

    /// A while, mostly none, sometimes longer than anybody's patience.
    pub fn delay(&self) -> Duration {
        let mut state = self.state();
        let late = state.odds.late;
        let ms = if state.rng.u32(..1000) >= late {
            0
        } else {
            match state.rng.u32(..100) {
                0..60 => state.rng.u64(1..10),
                60..95 => state.rng.u64(10..200),
                95..99 => state.rng.u64(200..2_000),
                _ => state.rng.u64(2_000..12_000),
            }
        };
        Duration::from_millis(ms)
    }

    /// Lets others go first.
    pub async fn pass(&self) {
        let delay = self.delay();
        if delay.is_zero() { tokio::task::yield_now().await } else { sleep(delay).await }
    }
}

/// One process. It lives until it crashes; its successor is another one.
#[derive(Clone)]
pub struct Process {
    chance: Chance,
    name: &'static str,
    /// Cancelled when it crashes.
    dead: CancellationToken,
}

impl Process {
    pub fn new(chance: &Chance, name: &'static str) -> Self {
        Self { chance: chance.clone(), name, dead: CancellationToken::new() }
    }

    /// Cancelled when it crashes.
    pub fn dead(&self) -> &CancellationToken {
        &self.dead
    }

    /// A dead process goes no further.
    pub async fn alive(&self) {
        if self.dead.is_cancelled() {
            std::future::pending::<()>().await;
        }
    }

    /// The point before an operation: late, failing, or the process's last.
    async fn before(&self, what: &'static str) -> Fate {
        self.alive().await;
        self.chance.pass().await;
        self.alive().await;
        let (fate, crash) = {
            let mut state = self.chance.state();
            let (draw, odds) = (state.rng.u32(..1000), state.odds);
            let fate = match draw {
                d if d < odds.fails => Fate::Fails,
                d if d < odds.fails + odds.unheard => Fate::Unheard,
                _ => Fate::Done,
            };
            (fate, state.rng.u32(..1000) < odds.crashes)
        };
        self.chance.note(what, fate as u64 + 10 * u64::from(crash) + 100 * u64::from(self.name.as_bytes()[0]));
        if crash {
            self.crash().await;
        }
        fate
    }

    /// The point after an operation.
    async fn after(&self) {
        self.chance.pass().await;
        let crash = {
            let mut state = self.chance.state();
            let odds = state.odds;
            state.rng.u32(..1000) < odds.crashes
        };
        if crash {
            self.crash().await;
        }
        self.alive().await;
    }

    async fn crash(&self) {
        self.chance.note("crash", u64::from(self.name.as_bytes()[0]));
        self.dead.cancel();
        std::future::pending::<()>().await;
    }

    /// An operation on the outside: `effect` happens unless it fails, and may go unheard.
    pub async fn run<T: Send, E: From<Broken> + Send>(
        &self,
        what: &'static str,
        effect: impl FnOnce() -> Result<T, E> + Send,
    ) -> Result<T, E> {
        let fate = self.before(what).await;
        let answer = if fate == Fate::Fails { Err(Broken.into()) } else { effect() };
        self.after().await;
        if fate == Fate::Unheard { Err(Broken.into()) } else { answer }
    }

    /// The same for what has an effect of its own to wait for.
    pub async fn fate(&self, what: &'static str) -> Fate {
        self.before(what).await
    }
}

/// The line broke.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the line broke")]
pub struct Broken;

impl From<Broken> for sqlx::Error {
    fn from(_: Broken) -> Self {
        Self::Io(std::io::ErrorKind::ConnectionReset.into())
    }
}

impl From<Broken> for commands::StoreError {
    fn from(broken: Broken) -> Self {
        sqlx::Error::from(broken).into()
    }
}

/// Keeps a process running: starts it, and after each crash starts another one.
pub async fn keep_running<F, R>(chance: Chance, name: &'static str, start: F)
where
    F: Fn(Process) -> R,
    R: Future<Output = ()> + Send + 'static,
{
    loop {
        let process = Process::new(&chance, name);
        let running = tokio::spawn(start(process.clone()));
        process.dead.cancelled().await;
        running.abort();
        let down = Duration::from_millis(1 + chance.below(2_000));
        sleep(down).await;
    }
}

/// Counts changes for each who waits, in the order in which they came: one `watch` channel for all would
/// wake them in an order of its own.
#[derive(Default)]
pub struct Bells(Mutex<Vec<watch::Sender<u64>>>);

impl Bells {
    pub fn hang(&self) -> watch::Receiver<u64> {
        let (sender, receiver) = watch::channel(0);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
        receiver
    }

    pub fn ring(&self) {
        let mut bells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        bells.retain(|bell| !bell.is_closed());
        for bell in &*bells {
            bell.send_modify(|n| *n += 1);
        }
    }
}
