//! How many files and sockets the process may hold open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What a server holds open beside its clients' connections: pools, NATS, logs, the ends of its own timers.
const BESIDE: u64 = 128;

/// Raises the soft limit of open files to the hard one, which a process may always do: most shells and service
/// managers set the soft one to 1,024 for programs that use `select(2)`, and a server that reaches it refuses
/// connections long before it has as many as it may. Says so where even the hard one is too low. Gives the limit
/// that holds now; none: there is none.
pub fn raise_open_files(connections: usize) -> Option<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    if let Err(error) = raised {
        tracing::warn!(%error, "the limit of open files was not raised");
    }
    let holds = if raised.is_ok() { maximum } else { current };
    let needed = u64::try_from(connections).unwrap_or(u64::MAX).saturating_add(BESIDE);
    if let Some(limit) = holds.filter(|limit| *limit < needed) {
        tracing::warn!(
            limit,
            needed,
            "fewer files may be open than connections are served; raise the hard limit (LimitNOFILE, ulimit -Hn)"
        );
    }
    holds
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    #[ignore = "no test: the process that the next one starts"]
    fn a_process_of_its_own() {
        eprintln!("soft {:?}", getrlimit(Resource::Nofile).current);
        tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).init();
        eprintln!("raised {:?} now {:?}", raise_open_files(200), getrlimit(Resource::Nofile).current);
    }

    #[test]
    fn a_server_may_open_as_many_files_as_the_machine_lets_it_and_says_when_those_are_too_few() {
        let said = |limits: &str| {
            let itself = std::env::current_exe().unwrap();
            let script = format!(
                "{limits} && exec \"$0\" --exact serve::files::tests::a_process_of_its_own --ignored --nocapture"
            );
            let out = Command::new("sh").args(["-c", &script]).arg(itself).output().unwrap();
            String::from_utf8_lossy(&out.stderr).into_owned()
        };
        let enough = said("ulimit -Sn 300 && ulimit -Hn 400");
        assert!(enough.contains("soft Some(300)") && enough.contains("raised Some(400) now Some(400)"), "{enough}");
        assert!(!enough.contains("WARN"), "{enough}");
        let few = said("ulimit -Sn 250 && ulimit -Hn 300");
        assert!(few.contains("raised Some(300)") && few.contains("WARN") && few.contains("needed=328"), "{few}");
    }
}
