//! `.ci/deps.sh` on machines that lack things: it says what and what to do, and changes nothing where all
//! is there. Each machine is a folder with the programs that it has.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What any Linux has.
const BASIC: [&str; 10] = ["bash", "env", "dirname", "id", "ls", "grep", "head", "sort", "tail", "touch"];

/// Programs that install something: each notes that it was called.
const INSTALLERS: [&str; 5] = ["apt-get", "sudo", "npm", "python3", "rustup"];

struct Machine(PathBuf);

impl Machine {
    /// With nothing but the basic programs and a checkout of the repository.
    fn bare(name: &str) -> Self {
        let root = local_services::testing::scratch(name);
        for folder in [".ci", "web", "bin"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        for file in [".ci/deps.sh", "web/package-lock.json"] {
            fs::copy(repository.join(file), root.join(file)).unwrap();
        }
        for program in BASIC {
            symlink(found(program), root.join("bin").join(program)).unwrap();
        }
        Self(root)
    }

    fn with(self, program: &str, script: &str) -> Self {
        let path = self.0.join("bin").join(program);
        fs::write(&path, format!("#!/usr/bin/env bash\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    /// Whether it was satisfied, and what it said.
    fn deps(&self, purpose: &str) -> (bool, String) {
        let output = Command::new(self.0.join("bin/bash"))
            .arg(self.0.join(".ci/deps.sh"))
            .arg(purpose)
            .env_clear()
            .env("PATH", self.0.join("bin"))
            .env("HOME", &self.0)
            .env("PG_BINDIR", self.0.join("bin"))
            .output()
            .unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    }

    /// Every file with its time.
    fn files(&self) -> Vec<(PathBuf, std::time::SystemTime)> {
        fn visit(folder: &Path, files: &mut Vec<(PathBuf, std::time::SystemTime)>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                files.push((path.clone(), fs::symlink_metadata(&path).unwrap().modified().unwrap()));
                if path.is_dir() {
                    visit(&path, files);
                }
            }
        }
        let mut files = Vec::new();
        visit(&self.0, &mut files);
        files.sort();
        files
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn found(program: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    let found = std::env::split_paths(&path).map(|folder| folder.join(program)).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("this machine has no {program}"))
}

/// The part of what it said that lists what a person has to do.
fn by_hand(said: &str) -> &str {
    said.split_once("could not install; please do by hand and run this again:\n").map_or("", |(_, list)| list)
}

#[test]
fn a_machine_that_lacks_things_and_cannot_install_them_is_told_each_with_what_to_do() {
    let machine = Machine::bare("deps-bare").with("cargo", "exit 1");
    let (satisfied, said) = machine.deps("demo");
    assert!(!satisfied);
    for line in ["a C compiler (Debian: gcc libc6-dev)", "nats-server 2.12 or newer on PATH, or NATS_SERVER"] {
        assert!(by_hand(&said).contains(&format!("  - {line}\n")), "{said}");
    }
    // The demo's pages work without scripts, so what they lack is told and stops nothing.
    let (wanted, _) = said.split_once("could not install").unwrap();
    assert!(wanted.contains("went on without:\n  - npm with its registry within reach"), "{said}");
    assert!(!said.contains("chromium") && !said.contains("rustup"), "the demo needs no browser: {said}");

    let (satisfied, said) = machine.deps("test");
    assert!(!satisfied);
    for line in ["chromium", "chromedriver (Debian: chromium-driver)", "npm with its registry within reach"] {
        assert!(by_hand(&said).contains(&format!("  - {line}")), "{said}");
    }
    let (satisfied, said) = machine.deps("check");
    assert!(!satisfied);
    assert!(by_hand(&said).contains("  - rustup component add clippy\n"), "{said}");
}

#[test]
fn a_machine_whose_installer_fails_is_told_too() {
    let machine = ["apt-get", "npm", "python3"]
        .into_iter()
        .fold(Machine::bare("deps-offline").with("cargo", "exit 0"), |machine, program| {
            machine.with(program, "exit 100")
        });
    let (satisfied, said) = machine.with("sudo", "exit 1").deps("test");
    assert!(!satisfied && !said.contains("installed"), "{said}");
    for line in ["a C compiler", "nats-server 2.12", "npm with its registry", "chromium", "chromedriver"] {
        assert!(by_hand(&said).contains(&format!("  - {line}")), "{said}");
    }
}

#[test]
fn without_rust_nothing_is_tried() {
    let machine = Machine::bare("deps-no-rust").with("apt-get", "echo called >> \"$HOME/called\"");
    let (satisfied, said) = machine.deps("check");
    assert!(!satisfied && said.contains("install the stable toolchain with rustup, then run this again"), "{said}");
    assert!(!machine.0.join("called").exists());
}

#[test]
fn an_old_nats_server_is_not_enough() {
    let machine = ["cargo", "cc"]
        .into_iter()
        .fold(Machine::bare("deps-old"), |machine, program| machine.with(program, "exit 0"))
        .with("nats-server", "echo nats-server: v2.11.9");
    let (satisfied, said) = machine.deps("demo");
    assert!(!satisfied && by_hand(&said).contains("nats-server 2.12 or newer"), "{said}");
}

#[test]
fn where_all_is_there_nothing_is_installed_and_nothing_changes_however_often_it_runs() {
    let mut machine = Machine::bare("deps-all");
    for program in ["cargo", "cc", "chromium", "chromedriver", "docker-compose"] {
        machine = machine.with(program, "exit 0");
    }
    for program in INSTALLERS {
        machine = machine.with(program, &format!("echo {program} \"$@\" >> \"$HOME/called\"; exit 1"));
    }
    let machine = machine.with("nats-server", "echo nats-server: v2.15.1");
    let machine = machine.with("cargo-deny", "echo cargo-deny 0.20.2");
    fs::create_dir_all(machine.0.join("web/node_modules")).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(20));
    fs::write(machine.0.join("web/node_modules/.package-lock.json"), "{}").unwrap();
    let before = machine.files();
    for purpose in ["demo", "test", "check", "check"] {
        assert_eq!(machine.deps(purpose), (true, "deps: all there\n".to_owned()), "{purpose}");
    }
    assert_eq!(machine.files(), before);
}
