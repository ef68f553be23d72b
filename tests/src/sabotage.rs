//! "Dropping any one `where` on purpose turns a test red": each condition that keeps what is a person's own from
//! everybody else is left out of its statement (`local_services::sabotage`), and the test that is to miss it is run.
//!
//! `make sabotage` does all of it (half an hour on two cores); `ONLY=…` those whose name holds that. The rows are in
//! [`rows`], and in `docs/security.md` too. Row-level security is dropped policy by policy in `projections`, which takes
//! no time.
//!
//! How to add one more: a row in [`rows`]; `of` is a piece of one line of the statement that no other has.

mod rows;

use local_services::sabotage::{BROKEN, DONE, INSTEAD, OF, OUT};
use rows::LEFT_OUT;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// A condition that is left out, and the test that turns red.
struct LeftOut {
    /// As the page on security calls it.
    name: &'static str,
    of: &'static str,
    out: &'static str,
    instead: &'static str,
    /// The crate's name and the test's whole name.
    test: Test,
}

/// The crate's name and the test's whole name.
type Test = (&'static str, &'static str);

/// A crate's tests: where they are run, and the program that holds them.
struct Program {
    folder: PathBuf,
    program: PathBuf,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Builds the tests once: of the whole workspace, as `make test` does, so that nothing is built that it has.
fn build() -> BTreeMap<String, Program> {
    let mut cargo = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    cargo.current_dir(root()).args([
        "test",
        "--no-run",
        "--locked",
        "--workspace",
        "--lib",
        "--message-format=json-render-diagnostics",
    ]);
    // What cargo says to this test of its own crate; the build script of ring would run again for it, and with it
    // half of all crates be built anew.
    for (name, _) in
        std::env::vars().filter(|(name, _)| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
    {
        cargo.env_remove(name);
    }
    let built = cargo.stderr(std::process::Stdio::inherit()).output().unwrap();
    assert!(built.status.success(), "the tests do not build");
    let mut programs = BTreeMap::new();
    for line in String::from_utf8(built.stdout).unwrap().lines() {
        let message: serde_json::Value = serde_json::from_str(line).unwrap();
        let of = |key: &str| message[key].as_str().map(PathBuf::from);
        if let (true, Some(program), Some(manifest)) =
            (message["profile"]["test"] == true, of("executable"), of("manifest_path"))
        {
            let name = message["target"]["name"].as_str().unwrap().to_owned();
            // A copy: whoever goes on building meanwhile changes nothing of this run.
            let copy = program.with_extension("sabotage");
            std::fs::copy(&program, &copy).unwrap();
            programs.insert(name, Program { folder: manifest.parent().unwrap().to_owned(), program: copy });
        }
    }
    programs
}

/// Runs a test with what is left out, if anything.
fn run(programs: &BTreeMap<String, Program>, test: Test, left_out: Option<&LeftOut>) -> (Output, String) {
    let Program { folder, program } = &programs[test.0];
    let mut run = Command::new(program);
    run.current_dir(folder).env("CARGO_MANIFEST_DIR", folder).args([test.1, "--exact", "--include-ignored"]);
    if let Some(left_out) = left_out {
        run.env(OF, left_out.of).env(OUT, left_out.out).env(INSTEAD, left_out.instead);
    }
    let output = run.output().unwrap();
    let said = [&output.stdout[..], &output.stderr[..]].map(String::from_utf8_lossy).concat();
    assert!(said.contains("running 1 test\n"), "{test:?}: there is no such test\n{said}");
    (output, said)
}

/// What became of a test whose condition was left out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Became {
    Red,
    /// Nothing missed it.
    Green,
    /// The test does not ask that statement.
    NeverAsked,
    /// What is left is no statement, so that whatever turned red says nothing.
    Broken,
}

impl Became {
    fn of(output: &Output, said: &str) -> Self {
        match (said.contains(DONE), said.contains(BROKEN), output.status.success()) {
            (false, ..) => Self::NeverAsked,
            (_, true, _) => Self::Broken,
            (.., true) => Self::Green,
            (.., false) => Self::Red,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Red => "red",
            Self::Green => "GREEN",
            Self::NeverAsked => "NEVER ASKED",
            Self::Broken => "BROKEN",
        }
    }
}

/// Does each on one of two threads: most of a test is waiting, and more would be late for what has its seconds.
fn each<T: Send, R: Send>(all: impl IntoIterator<Item = T>, done: impl Fn(T) -> R + Sync) -> Vec<R> {
    let (waiting, results) = (Mutex::new(all.into_iter().collect::<VecDeque<_>>()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some(next) = waiting.lock().unwrap().pop_front() else { return };
                    let result = done(next);
                    results.lock().unwrap().push(result);
                }
            });
        }
    });
    results.into_inner().unwrap()
}

#[test]
#[ignore = "runs other tests, again and again: `make sabotage`"]
fn each_condition_that_is_left_out_turns_its_test_red() {
    let only = std::env::var("ONLY").unwrap_or_default();
    let rows: Vec<_> = LEFT_OUT.iter().filter(|row| row.name.contains(&only)).collect();
    let programs = build();
    let begun = Instant::now();
    let tests: BTreeSet<_> = rows.iter().map(|row| row.test).collect();
    let red: Vec<_> = each(tests, |test| {
        let (output, said) = run(&programs, test, None);
        (!output.status.success()).then(|| eprintln!("{test:?} is red by itself:\n{said}")).map(|()| test)
    });
    let red: Vec<_> = red.into_iter().flatten().collect();
    let mut became: BTreeMap<Became, Vec<&str>> = BTreeMap::new();
    for (name, how) in each(rows.iter().filter(|row| !red.contains(&row.test)), |row| {
        let asked = Instant::now();
        let (output, said) = run(&programs, row.test, Some(row));
        let how = Became::of(&output, &said);
        eprintln!("{:<11} {} ({} s)", how.words(), row.name, asked.elapsed().as_secs());
        (row.name, how)
    }) {
        became.entry(how).or_default().push(name);
    }
    let as_is = became.remove(&Became::Red).unwrap_or_default().len();
    eprintln!("{as_is} of {} are red, after {} minutes", rows.len(), minutes(begun.elapsed()));
    for (how, names) in &became {
        eprintln!("{}: {names:#?}", how.words());
    }
    assert!(as_is == rows.len(), "not every condition is missed by its test; red by themselves: {red:?}");
}

fn minutes(time: Duration) -> u64 {
    time.as_secs().div_ceil(60)
}

/// The texts of all statements of the program, one line each.
fn statements(folder: &Path, all: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !["tests", "target", "node_modules"].contains(&name.as_str()) && !name.starts_with('.') {
            statements(&path, all);
        } else if name.ends_with(".rs") && !name.starts_with("test") {
            let text = std::fs::read_to_string(&path).unwrap();
            let program = text.split("\n#[cfg(test)]\nmod ").next().unwrap();
            let of = program.split("sqlx::query").skip(1);
            all.extend(of.map(|text| one_line(&text.split('\n').take(90).collect::<Vec<_>>().join("\n"))));
        }
    }
}

/// Without the line breaks that the program's text alone has.
fn one_line(text: &str) -> String {
    text.split("\\\n").enumerate().map(|(n, part)| if n == 0 { part } else { part.trim_start() }).collect()
}

/// Whether a crate has a test of that whole name.
fn is_there((of, name): Test) -> bool {
    let folder = if of == "e2e" { "tests" } else { of };
    let (module, name) = name.rsplit_once("::").unwrap();
    let file = |module: &str| {
        let path = root().join(folder).join("src").join(module.replace("::", "/")).with_extension("rs");
        std::fs::read_to_string(path).unwrap_or_default()
    };
    let within = module.rsplit_once("::").filter(|(_, last)| *last == "tests").map(|(outer, _)| file(outer));
    [file(module), within.unwrap_or_default()].iter().any(|text| text.contains(&format!("fn {name}(")))
}

#[test]
fn every_condition_that_is_left_out_is_there_and_the_page_on_security_has_it() {
    let root = root();
    let mut all = Vec::new();
    for folder in ["web", "commands", "projections"] {
        statements(&root.join(folder), &mut all);
    }
    assert!(all.len() > 100, "{} statements", all.len());
    let page = std::fs::read_to_string(root.join("docs/security.md")).unwrap();
    let rows: BTreeMap<_, _> = page.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" | ")).collect();
    for LeftOut { name, of, out, test, .. } in LEFT_OUT {
        let there = all.iter().any(|statement| statement.contains(of) && statement.contains(out));
        assert!(there, "{name}: no statement has {of} and {out}");
        assert!(is_there(*test), "{name}: there is no test {test:?}");
        let short = test.1.rsplit("::").next().unwrap();
        let row = rows.get(name).unwrap_or_else(|| panic!("docs/security.md has no row | {name} |"));
        assert!(row.contains(short), "{name}: docs/security.md names another test than {short}");
    }
    let names: BTreeSet<_> = LEFT_OUT.iter().map(|row| row.name).collect();
    assert_eq!(names.len(), LEFT_OUT.len(), "each once");
}
