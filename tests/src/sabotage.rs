//! "Dropping any one `where` on purpose turns a test red": each condition that keeps what is a person's own from
//! everybody else is left out of its statement (`local_services::sabotage`), and the test that is to miss it is run.
//!
//! `make sabotage` does all of it (an hour on two cores); `ONLY=…` those whose name holds that. The table is in
//! `docs/security.md` too. Row-level security is dropped policy by policy in `projections`, which takes no time.
//!
//! How to add one more: a row in [`LEFT_OUT`]; `of` is a piece of one line of the statement that no other has.

use local_services::sabotage::{BROKEN, DONE, INSTEAD, OF, OUT};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Output};

/// A condition that is left out, and the test that turns red.
struct LeftOut {
    /// As the page on security calls it.
    name: &'static str,
    of: &'static str,
    out: &'static str,
    instead: &'static str,
    /// The crate's name and the test's whole name.
    test: (&'static str, &'static str),
}

const fn row(
    name: &'static str,
    of: &'static str,
    [out, instead]: [&'static str; 2],
    test: (&'static str, &'static str),
) -> LeftOut {
    LeftOut { name, of, out, instead, test }
}

const STAFF: (&str, &str) =
    ("web", "permissions::tests::a50_p31_every_route_as_every_kind_of_person_over_own_foreign_and_random_ids");
const FAMILIES: (&str, &str) =
    ("web", "permissions::tests::p13_p31_every_route_as_a_guardian_and_the_families_routes_as_everybody");
const OWN_SESSIONS: (&str, &str) = ("web", "session::tests::a47_a_person_lists_and_ends_own_sessions_and_nobody_elses");
const SIGNED_OUT: (&str, &str) =
    ("web", "session::tests::a46_sign_out_disabling_and_a_lost_role_count_at_the_next_request_on_every_replica");
const HALF: (&str, &str) =
    ("web", "session::tests::a38_a_password_alone_opens_nothing_where_a_code_is_asked_for_and_five_codes_may_be_tried");
const STEP_UP: (&str, &str) =
    ("web", "pages::staff::tests::a48_what_matters_asks_for_the_password_again_and_gives_the_session_another_id");
const KNOWN: (&str, &str) =
    ("web", "sign_in::tests::p27_a_known_browser_has_a_bucket_of_its_own_and_only_for_who_signed_in_there");
const KNOWN_SINCE: (&str, &str) = (
    "web",
    "pages::staff::tests::known::p27_a_browser_is_known_no_longer_than_the_secrets_by_which_somebody_came_in_there",
);
const PROGRAM: (&str, &str) = ("e2e", "defects::apart::d3_a_token_of_one_school_opens_no_other_not_even_its_persons");
const ENDED_PROGRAM: (&str, &str) =
    ("web", "tokens::tests::a46_whatever_ends_a_family_counts_at_the_next_request_on_every_replica");
const PROGRAMS: (&str, &str) =
    ("web", "tokens::tests::p05_what_one_program_does_touches_no_other_and_none_begins_where_its_person_has_no_role");
const DEVICE: (&str, &str) =
    ("web", "pages::staff::tests::passkeys::t30_a_devices_answer_is_taken_only_if_all_of_it_is_right_and_once");
const MEMBERS: (&str, &str) =
    ("commands", "accounts::tests::members::a_link_is_not_given_to_another_school_that_invites_the_same_person");
const CODES: (&str, &str) =
    ("commands", "accounts::tests::credentials::a42_a_code_is_its_own_persons_whoever_else_has_an_app");
const DIGITS: (&str, &str) = (
    "web",
    "family::tests::p10_another_browser_gets_six_digits_which_open_in_the_browser_that_asked_within_five_tries",
);

const KIOSKS: (&str, &str) = (
    "web",
    "permissions::tests::kiosks::a27_what_a_kiosk_says_is_taken_with_its_own_secret_and_with_nothing_else_on_every_route_of_kiosks",
);

const TRUST: (&str, &str) =
    ("web", "permissions::tests::kiosks::a50_nobody_of_another_school_takes_a_kiosks_trust_away");

const UUID: &str = "$1::uuid is not null";
const BYTES: &str = "$1::bytea is not null";

const LEFT_OUT: &[LeftOut] = &[
    // Who asks.
    row(
        "a session: its secret",
        "s.account_id, s.stepped_up_at, s.last_seen_at",
        ["s.secret_sha256 = $1", BYTES],
        STAFF,
    ),
    row(
        "a session: that it is open, and its account too",
        "s.account_id, s.stepped_up_at, s.last_seen_at",
        ["session_is_open(s, a, $2)", "$2::timestamptz is not null"],
        STAFF,
    ),
    row(
        "a session: whose roles",
        "from open o left join account_roles r using (account_id)",
        ["left join account_roles r using (account_id)", "cross join account_roles r"],
        STAFF,
    ),
    row(
        "a session that adds a factor: its secret",
        "s.stage = 'enrolment' and s.ended_at is null",
        ["s.secret_sha256 = $1", BYTES],
        STAFF,
    ),
    row(
        "a session that adds a factor: its stage",
        "s.stage = 'enrolment' and s.ended_at is null",
        ["s.stage = 'enrolment'", "true"],
        STAFF,
    ),
    row(
        "a session that waits for a code: its secret",
        "update sessions s set attempts = attempts + 1",
        ["s.secret_sha256 = $1", BYTES],
        HALF,
    ),
    row(
        "a session that waits for a code: its stage",
        "update sessions s set attempts = attempts + 1",
        ["s.stage = 'second_factor'", "true"],
        HALF,
    ),
    row(
        "a program: its token",
        "t.token_id, t.access_used_at, a.authz_epoch",
        [
            "t.token_id = $1 and f.family_id = $2 and f.account_id = $3 and f.school_id = $4",
            "$1::uuid is not null and $2::uuid is not null and $3::uuid is not null and $4::uuid is not null",
        ],
        STAFF,
    ),
    row(
        "a program: whose roles",
        "from open o left join account_roles r on r.account_id = o.account_id",
        ["r.account_id = o.account_id and", ""],
        STAFF,
    ),
    row(
        "a program: roles of its school alone",
        "from open o left join account_roles r on r.account_id = o.account_id",
        [" and r.school_id = o.school_id", ""],
        PROGRAM,
    ),
    row(
        "a guardian: the session's secret",
        "select session_id, email_hmac, last_seen_at from family_sessions",
        ["secret_sha256 = $1", BYTES],
        FAMILIES,
    ),
    row(
        "a guardian: of the session's address",
        "from open o join guardian_mails g using (email_hmac)",
        ["join guardian_mails g using (email_hmac)", "cross join guardian_mails g"],
        FAMILIES,
    ),
    row("a known browser: its secret", "k.known_at > $2 and k.authz_epoch", ["k.secret_sha256 = $1", BYTES], KNOWN),
    row(
        "a known browser: of the secrets of now",
        "k.known_at > $2 and k.authz_epoch",
        ["and k.authz_epoch >= a.secrets_epoch", ""],
        KNOWN_SINCE,
    ),
    row(
        "a kiosk: whose secret",
        "select school_id, secret_sha256, revoked_at from kiosk_secrets where",
        ["kiosk_id = $1", UUID],
        KIOSKS,
    ),
    // What is one's own.
    row("own sessions: whose", "order by s.last_seen_at desc, s.session_id", ["s.account_id = $1", UUID], STAFF),
    row(
        "ending an own session: whose",
        "where account_id = $1 and session_id = $2 and ended_at is null",
        ["account_id = $1", UUID],
        STAFF,
    ),
    row("ending the other own sessions: whose", "session_id is distinct from $2", ["account_id = $1", UUID], STAFF),
    row(
        "signing out: which session",
        "where secret_sha256 = $1 and ended_at is null returning account_id, stage",
        ["secret_sha256 = $1", BYTES],
        SIGNED_OUT,
    ),
    row(
        "another credential ends the sessions: whose",
        "where account_id = $1 and ended_at is null",
        ["account_id = $1", UUID],
        OWN_SESSIONS,
    ),
    row(
        "proving again who one is: which session",
        "where session_id = $1 and stage = 'open' and ended_at is null",
        ["session_id = $1", UUID],
        STEP_UP,
    ),
    row("own programs: whose", "order by f.last_used_at desc, f.family_id", ["f.account_id = $1", UUID], STAFF),
    row("ending an own program: whose", "family_id = coalesce($2, family_id)", ["account_id = $1", UUID], STAFF),
    row(
        "a program signs out: which",
        "f.family_id = t.family_id and f.ended_at is null returning f.account_id",
        ["t.token_sha256 = $1", BYTES],
        ENDED_PROGRAM,
    ),
    row(
        "a program begins: only where its person has a role",
        "and exists (select from account_roles r where r.account_id = $3 and r.school_id = $4)",
        ["and exists (select from account_roles r where r.account_id = $3 and r.school_id = $4)", ""],
        PROGRAMS,
    ),
    row(
        "another pair: of which token",
        "where t.token_sha256 = $1 for update of f",
        ["t.token_sha256 = $1", BYTES],
        PROGRAMS,
    ),
    row(
        "another pair: which token is used up",
        "where t.token_sha256 = $1 and t.consumed_at is null",
        ["t.token_sha256 = $1", BYTES],
        PROGRAMS,
    ),
    row("own passkeys: whose", "where account_id = $1 and rp_id = $2 order by", ["account_id = $1", UUID], STAFF),
    row(
        "taking an own passkey away: whose",
        "delete from account_passkeys where account_id = $1 and passkey_id = $2",
        ["account_id = $1", UUID],
        STAFF,
    ),
    row(
        "taking one's codes away: whose",
        "delete from account_totp where account_id = $1 returning",
        ["account_id = $1", UUID],
        STAFF,
    ),
    row(
        "codes: whose secret",
        "select secret from account_totp where account_id = $1 and confirmed_at is not null",
        ["account_id = $1", UUID],
        CODES,
    ),
    row(
        "a person's name and address: whose",
        "from accounts a where a.account_id = $1",
        ["a.account_id = $1", UUID],
        STAFF,
    ),
    row("a password: whose", "select phc from account_passwords where", ["account_id = $1", UUID], STAFF),
    row(
        "signing in: whose password",
        "where a.email_hmac = $1 and a.activated_at is not null",
        ["a.email_hmac = $1", BYTES],
        KNOWN,
    ),
    row(
        "a passkey at the door: whose",
        "where p.credential_id = $1 and p.rp_id = $2 and p.account_id = $3",
        ["p.account_id = $3", "$3::uuid is not null"],
        DEVICE,
    ),
    // The people of a school.
    row("members: of the school", "where m.school_id = $1", ["m.school_id = $1", UUID], STAFF),
    row(
        "members' roles: in the school",
        "select account_id, role from account_roles where school_id = $1",
        ["school_id = $1", UUID],
        MEMBERS,
    ),
    row("disabling: in the school", "where school_id = $1 and account_id = $2", ["school_id = $1", UUID], MEMBERS),
    row(
        "taking a role away: in the school",
        "delete from account_roles where school_id = $1 and account_id = $2",
        ["school_id = $1", UUID],
        MEMBERS,
    ),
    row(
        "revoking a kiosk: of the school",
        "where kiosk_id = $1 and school_id = $2",
        ["school_id = $2", "$2::uuid is not null"],
        TRUST,
    ),
    // Families.
    row(
        "a family's sessions: of its address",
        "order by s.created_at desc, s.session_id",
        ["own.session_id = $1", UUID],
        FAMILIES,
    ),
    row(
        "ending a family's other sessions: of its address",
        "where own.session_id = $1 and s.email_hmac = own.email_hmac",
        ["s.email_hmac = own.email_hmac", "true"],
        FAMILIES,
    ),
    row(
        "a link: only in the browser that asked",
        "token_sha256 = $1 and browser_sha256 = $2",
        ["browser_sha256 = $2", "$2::bytea is not null"],
        DIGITS,
    ),
    row("digits: only in the browser that asked", "set tries = tries + 1", ["browser_sha256 = $1", BYTES], DIGITS),
    // Pupils.
    row(
        "a pupil's comings and goings: whose",
        "and student_id = $3 order by occurred_at",
        ["student_id = $3", "$3::uuid is not null"],
        FAMILIES,
    ),
];

/// Runs a test with what is left out, if anything.
fn run(test: (&str, &str), left_out: Option<&LeftOut>) -> (Output, String) {
    let mut cargo = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    cargo.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    cargo.args(["test", "--quiet", "--locked", "--package", test.0, "--package", "workspace-features", "--lib", "--"]);
    cargo.args([test.1, "--exact"]);
    if let Some(left_out) = left_out {
        cargo.env(OF, left_out.of).env(OUT, left_out.out).env(INSTEAD, left_out.instead);
    }
    let output = cargo.output().unwrap();
    let said = [&output.stdout[..], &output.stderr[..]].map(String::from_utf8_lossy).concat();
    (output, said)
}

#[test]
#[ignore = "runs other tests, again and again: `make sabotage`"]
fn each_condition_that_is_left_out_turns_its_test_red() {
    let only = std::env::var("ONLY").unwrap_or_default();
    let rows: Vec<_> = LEFT_OUT.iter().filter(|row| row.name.contains(&only)).collect();
    for test in rows.iter().map(|row| row.test).collect::<BTreeSet<_>>() {
        let (output, said) = run(test, None);
        assert!(output.status.success() && !said.contains(" 0 passed"), "{test:?} is red by itself:\n{said}");
    }
    let mut green = Vec::new();
    for row in rows {
        let (output, said) = run(row.test, Some(row));
        assert!(said.contains(DONE), "{}: {:?} never asks that", row.name, row.test);
        assert!(!said.contains(BROKEN), "{}: what is left is no statement", row.name);
        let red = said.contains("test result: FAILED");
        assert_eq!(red, !output.status.success(), "{}:\n{said}", row.name);
        eprintln!("{} {}", if red { "red  " } else { "GREEN" }, row.name);
        if !red {
            green.push(row.name);
        }
    }
    assert_eq!(green, Vec::<&str>::new(), "nothing missed these");
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
            all.extend(of.map(|text| text.split(['\n']).take(40).collect::<Vec<_>>().join("\n")));
        }
    }
}

#[test]
fn every_condition_that_is_left_out_is_there_and_the_page_on_security_has_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
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
        let short = test.1.rsplit("::").next().unwrap();
        let row = rows.get(name).unwrap_or_else(|| panic!("docs/security.md has no row | {name} |"));
        assert!(row.contains(short), "{name}: docs/security.md names another test than {short}");
    }
    let names: BTreeSet<_> = LEFT_OUT.iter().map(|row| row.name).collect();
    assert_eq!(names.len(), LEFT_OUT.len(), "each once");
}
