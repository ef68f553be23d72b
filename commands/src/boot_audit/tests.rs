use super::*;
use local_services::testing::TestDatabases;
use sqlx::{Connection as _, Executor as _};
use std::path::Path;

async fn owner() -> PgConnection {
    let databases = TestDatabases::create().await.unwrap();
    PgConnection::connect_with(&databases.owner_options()).await.unwrap()
}

#[tokio::test]
async fn p33_a_migrated_database_has_no_finding_and_every_exception_is_met_by_something() {
    let mut owner = owner().await;
    let audited = audit(&mut owner).await.unwrap();
    assert_eq!(audited.findings, [""; 0]);
    let met: usize = audited.exceptions.values().map(Vec::len).sum();
    let unmet: Vec<_> =
        EXCEPTIONS.iter().filter(|e| !audited.exceptions.get(e.check).is_some_and(|m| m.contains(&e.what))).collect();
    assert!(unmet.is_empty() && met == EXCEPTIONS.len(), "nothing is excepted any more by {unmet:?}");
    assert!(audited.powerful_login, "the test cluster's user");
}

/// What may be done to a database, and what the start says then.
const SABOTAGES: &[(&str, &str)] = &[
    ("alter table live.gates no force row level security", "live.gates: row-level security"),
    ("alter table live.gates disable row level security", "live.gates: row-level security"),
    (
        "alter table live.gates drop column school_id cascade",
        "live.gates: the request role reads it, and its rows are of no school",
    ),
    ("create table public.notes (school_id uuid)", "public.notes: row-level security"),
    ("drop policy own_school on roster.students", "roster.students: a table of schools that the request role reads"),
    (
        "alter policy own_school on roster.students to attendance_request, attendance_worker",
        "own_school on roster.students: own_school is not for the request role alone",
    ),
    ("alter policy own_school on roster.students using (true)", "own_school on roster.students: own_school is not"),
    (
        "alter policy own_school on audit.entries using (school_id =
           coalesce(current_setting('app.school', true), '00000000-0000-0000-0000-000000000000')::uuid)",
        "own_school on audit.entries: a policy that takes a setting nobody set for another one",
    ),
    (
        "drop policy own_school on live.gates; create policy own_school on live.gates to attendance_request
           using (school_id = nullif(current_setting('app.school', true), '')::uuid)",
        "own_school on live.gates: a policy without USING or WITH CHECK",
    ),
    (
        "create policy sees_all on live.gates to attendance_request using (true) with check (true)",
        "another sees_all on live.gates: a policy that nobody decided",
    ),
    (
        "create policy request_every_school on live.gates to attendance_request using (true) with check (true)",
        "another request_every_school on live.gates: a policy that nobody decided",
    ),
    (
        "alter policy projector_every_school on live.gates to public",
        "another projector_every_school on live.gates: a policy that nobody decided",
    ),
    (
        "alter policy list_of_schools on roster.schools using (true)",
        "another list_of_schools on roster.schools: a policy that nobody decided",
    ),
    ("create view roster.names as select * from roster.students", "roster.names: a view without security_invoker"),
    ("create materialized view live.sums as select 1 as n", "live.sums: a view without security_invoker"),
    (
        "create unique index on roster.students (national_id)",
        "roster.students (national_id): a unique index that does not begin with school_id",
    ),
    ("alter role attendance_request bypassrls", "attendance_request: a runtime role that is superuser, passes"),
    ("alter role attendance_worker superuser", "attendance_worker: a runtime role that is superuser"),
    (
        "grant attendance_projector to attendance_request",
        "attendance_request as attendance_projector: a runtime role that may act as another role",
    ),
    ("alter table live.gates owner to attendance_request", "live.gates: a runtime role owns it"),
    ("alter schema live owner to attendance_worker", "live: a runtime role owns it"),
    (
        "grant truncate on live.gates to attendance_projector",
        "attendance_projector live.gates: a runtime role may truncate",
    ),
    ("grant truncate on events to public", "attendance_log_writer public.events: a runtime role may truncate it"),
    (
        "grant update (payload) on events to attendance_log_writer",
        "attendance_log_writer: a runtime role may change the log",
    ),
    ("grant delete on events to attendance_worker", "attendance_worker: a runtime role may change the log"),
    ("grant select (position) on events to attendance_request", "public.events: the request role may read it"),
    (
        "grant select (kiosk_id, secret_sha256) on kiosk_secrets to attendance_request",
        "public.kiosk_secrets: the request role may read it",
    ),
    ("grant select on account_passwords to public", "public.account_passwords: the request role may read it"),
    ("grant insert on roster.students to attendance_request", "roster.students: the request role may write it"),
    ("grant update (name) on roster.schools to attendance_request", "roster.schools: the request role may write it"),
    (
        "create function public.all_names() returns bigint security definer language sql
           as 'select count(*) from roster.students'",
        "another public.all_names: a function that runs with its owner's rights",
    ),
    (
        "create or replace function entries_about(person uuid) returns setof bigint
           language sql stable security definer set search_path = audit, pg_catalog
           as 'select position from audit.entries where subjects @> array[person]'",
        "another public.entries_about: a function that runs with its owner's rights",
    ),
    (
        "alter function entries_about(uuid) reset search_path",
        "another public.entries_about: a function that runs with its owner's rights",
    ),
];

#[tokio::test]
async fn p33_every_sabotage_is_found_and_named() {
    let mut owner = owner().await;
    for (sabotage, wanted) in SABOTAGES {
        // Roles belong to the cluster, which other tests use: nothing of it is ever committed.
        let mut tx = owner.begin().await.unwrap();
        tx.execute(*sabotage).await.unwrap();
        let findings = audit(&mut tx).await.unwrap().findings;
        assert!(findings.iter().any(|f| f.starts_with(wanted)), "{sabotage}: {findings:#?}");
        tx.rollback().await.unwrap();
    }
    let checks: Vec<&str> = CHECKS.iter().map(|c| c.name).collect();
    for check in checks {
        let tried =
            SABOTAGES.iter().any(|(_, wanted)| wanted.split_once(": ").is_some_and(|(_, w)| check.starts_with(w)));
        assert!(tried, "no sabotage tries: {check}");
    }
    assert_eq!(audit(&mut owner).await.unwrap().findings, [""; 0]);
}

/// Every right of every runtime role, and every policy, as text.
const RIGHTS: &str = "
select line from (
  select a.grantee::regrole || ': usage on schema ' || n.nspname as line
    from pg_namespace n, aclexplode(n.nspacl) a where a.grantee::regrole::text ~ '^attendance_'
  union all
  select a.grantee::regrole || ': ' || string_agg(lower(a.privilege_type), ', ' order by a.privilege_type)
         || ' on ' || n.nspname || '.' || c.relname
    from pg_class c join pg_namespace n on n.oid = c.relnamespace, aclexplode(c.relacl) a
   where a.grantee::regrole::text ~ '^attendance_' group by a.grantee, n.nspname, c.relname
  union all
  select a.grantee::regrole || ': ' || lower(a.privilege_type) || ' (' || string_agg(t.attname, ', ' order by t.attnum)
         || ') on ' || n.nspname || '.' || c.relname
    from pg_attribute t join pg_class c on c.oid = t.attrelid join pg_namespace n on n.oid = c.relnamespace,
         aclexplode(t.attacl) a
   where a.grantee::regrole::text ~ '^attendance_' group by a.grantee, a.privilege_type, n.nspname, c.relname
  union all
  select a.grantee::regrole || ': ' || lower(a.privilege_type) || ' on function ' || p.oid::regprocedure
    from pg_proc p, aclexplode(p.proacl) a where a.grantee::regrole::text ~ '^attendance_'
  union all
  select 'public: ' || lower(a.privilege_type) || ' on ' || n.nspname || '.' || c.relname
    from pg_class c join pg_namespace n on n.oid = c.relnamespace, aclexplode(c.relacl) a
   where a.grantee = 0 and n.nspname !~ '^(pg_|information_schema)'
  union all
  select 'policy ' || policyname || ' on ' || schemaname || '.' || tablename || ' for ' || lower(cmd) || ' to '
         || array_to_string(roles, ', ') || ' using ' || coalesce(qual, '-') || ' with check ' || coalesce(with_check, '-')
    from pg_policies
) l order by line collate \"C\"";

#[tokio::test]
async fn a57_the_rights_of_every_role_are_those_that_were_written_down() {
    let databases = TestDatabases::create().await.unwrap();
    let mut rights = String::new();
    for (whose, options) in [("", databases.owner_options()), ("vault: ", databases.vault_options())] {
        let mut owner = PgConnection::connect_with(&options).await.unwrap();
        let lines: Vec<String> = sqlx::query_scalar(RIGHTS).fetch_all(&mut owner).await.unwrap();
        rights.extend(lines.iter().map(|line| format!("{whose}{line}\n")));
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations/rights.txt");
    if std::env::var_os("WRITE_RIGHTS").is_some() {
        std::fs::write(&file, &rights).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    let changed: Vec<String> = rights
        .lines()
        .filter(|line| !written.lines().any(|w| w == *line))
        .map(|line| format!("+ {line}"))
        .chain(written.lines().filter(|w| !rights.lines().any(|l| l == *w)).map(|w| format!("- {w}")))
        .collect();
    assert!(
        changed.is_empty() && written == rights,
        "rights differ from migrations/rights.txt:\n{}\nIf that is meant: \
         WRITE_RIGHTS=1 cargo test -p commands boot_audit, and commit the file",
        changed.join("\n")
    );
}
