//! The program as people start it. (Such a test also makes cargo build the program, which the
//! end-to-end tests run as a process of its own.)

#![expect(clippy::unwrap_used, reason = "tests")]

use std::process::Command;

#[test]
fn a_server_without_its_settings_says_what_is_missing_and_does_not_start() {
    let out = Command::new(env!("CARGO_BIN_EXE_attendance"))
        .arg("serve")
        .env_clear()
        .args(["--database-url", "postgres://localhost/none", "--listen", "127.0.0.1:0"])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&out.stderr);
    assert!(!out.status.success());
    assert!(told.contains("ATTENDANCE_KEK"), "{told}");
}
