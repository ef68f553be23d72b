//! What the database must be like before a process may serve schools: read from its catalogue at every start.
//!
//! A migration, a hand or a restore may leave a table without its policy, and nothing would look broken. So a
//! start reads what is, compares it with what was decided, and refuses with a sentence for each finding. What
//! was decided on purpose is data ([`EXCEPTIONS`]), and is named in the log at each start.
//!
//! How to add one more exception: an entry with its reason; how to add one more check: an entry of
//! [`CHECKS`] and a sabotage in the tests.

use sqlx::PgConnection;
use std::collections::BTreeMap;

/// Something that was decided on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exception {
    /// Of which kind: the name of a check.
    pub check: &'static str,
    /// What, as the check names it.
    pub what: &'static str,
    /// Why it is right.
    pub why: &'static str,
}

const UNREADABLE: &str = "the request role may not read it; its roles work across schools";
const OWN_ID: &str = "an id that the server mints; who may write the table works across schools";
const ACROSS: &str = "works across schools";

const fn exception(check: &'static str, what: &'static str, why: &'static str) -> Exception {
    Exception { check, what, why }
}

/// All that may be otherwise.
pub const EXCEPTIONS: &[Exception] = &[
    exception(ROW_SECURITY, "public.events", UNREADABLE),
    exception(ROW_SECURITY, "public.scan_receipts", UNREADABLE),
    exception(ROW_SECURITY, "public.kiosk_queues", UNREADABLE),
    exception(ROW_SECURITY, "public.kiosk_secrets", UNREADABLE),
    exception(ROW_SECURITY, "public.directory", UNREADABLE),
    exception(ROW_SECURITY, "public.command_reservations", UNREADABLE),
    exception(ROW_SECURITY, "public.account_members", UNREADABLE),
    exception(ROW_SECURITY, "public.account_offers", UNREADABLE),
    exception(ROW_SECURITY, "public.account_roles", UNREADABLE),
    exception(ROW_SECURITY, "public.guardian_mails", UNREADABLE),
    exception(ROW_SECURITY, "public.token_families", UNREADABLE),
    exception(POLICY, "projector_every_school", ACROSS),
    exception(POLICY, "worker_every_school", ACROSS),
    exception(POLICY, "log_writer_every_school", ACROSS),
    exception(POLICY, "list_of_schools on roster.schools", "to choose a school nobody's may be known yet"),
    exception(
        UNIQUE,
        "public.events (aggregate_type, aggregate_id, sequence)",
        "the stream's id begins with the school",
    ),
    exception(UNIQUE, "public.events (\"position\")", "one order of the whole log"),
    exception(UNIQUE, "public.scan_receipts (kiosk_id, queue_id, seq, scan_id)", OWN_ID),
    exception(UNIQUE, "public.kiosk_queues (kiosk_id, queue_id)", OWN_ID),
    exception(UNIQUE, "public.kiosk_seen (kiosk_id)", OWN_ID),
    exception(UNIQUE, "public.kiosk_secrets (kiosk_id)", OWN_ID),
    exception(UNIQUE, "public.account_roles (account_id, school_id, role)", OWN_ID),
    exception(UNIQUE, "public.token_families (family_id)", OWN_ID),
    exception(UNIQUE, "roster.courses (course_id)", OWN_ID),
    exception(UNIQUE, "roster.schedules (course_id, effective_from)", OWN_ID),
    exception(UNIQUE, "roster.students (student_id)", OWN_ID),
    exception(UNIQUE, "roster.memberships (student_id, from_date)", OWN_ID),
    exception(UNIQUE, "roster.credentials (credential_id)", OWN_ID),
    exception(UNIQUE, "roster.guardians (guardian_id)", OWN_ID),
    exception(UNIQUE, "roster.guardian_links (student_id, guardian_id)", OWN_ID),
    exception(UNIQUE, "roster.kiosks (kiosk_id)", OWN_ID),
    exception(UNIQUE, "live.gates (kiosk_id)", OWN_ID),
    exception(UNIQUE, "live.quarantined (quarantine_id)", OWN_ID),
    exception(DEFINER, "public.entries_about", "an index of persons; keeps schools apart by itself"),
    exception(REQUEST_READS, "public.kiosk_seen", "a board shows when a kiosk called"),
    exception(REQUEST_READS, "public.looks", "who looked is shown to the school, and to the family"),
    exception(REQUEST_READS, "public.checkpoints", "how far each read model is"),
    exception(REQUEST_READS, "public.log_epoch", "which life of the log"),
];

const ROW_SECURITY: &str = "row-level security is not enabled and forced";
const POLICY: &str = "a policy that nobody decided";
const UNIQUE: &str = "a unique index that does not begin with school_id";
const DEFINER: &str = "a function that runs with its owner's rights";
const REQUEST_READS: &str = "the request role may read it";

/// A check: its name, and a query of what it finds. `objects` and `runtime` are given to each.
struct Check {
    name: &'static str,
    finds: &'static str,
}

const fn check(name: &'static str, finds: &'static str) -> Check {
    Check { name, finds }
}

/// What every check looks at: relations of the schemas that a runtime role may use, an extension's own and a
/// rebuild's copies aside, and the runtime roles.
const LOOKED_AT: &str = "with runtime as (
       select oid, rolname, rolsuper, rolbypassrls, rolcreaterole from pg_roles
        where rolname like 'attendance\\_%' and rolname <> 'attendance_app'
     ), schemas as (
       select n.oid, n.nspname, n.nspowner from pg_namespace n
        where n.nspname !~ '^(pg_|information_schema$)' and n.nspname !~ '^(roster|live|audit|no_show)_(next|old)$'
          and exists (select from runtime r where has_schema_privilege(r.oid, n.oid, 'usage'))
     ), objects as (
       select c.*, s.nspname || '.' || c.relname as named,
              exists (select from pg_attribute a
                       where a.attrelid = c.oid and a.attname = 'school_id' and not a.attisdropped) as of_schools
         from pg_class c join schemas s on s.oid = c.relnamespace
        where not exists (select from pg_depend d
                           where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
     ), policies as (
       select p.*, o.named, p.polname || ' on ' || o.named as of_table,
              pg_get_expr(p.polqual, p.polrelid) as shows, pg_get_expr(p.polwithcheck, p.polrelid) as checks
         from pg_policy p join objects o on o.oid = p.polrelid
     ) ";

/// The one condition that keeps schools apart, as the catalogue writes it.
const OWN_SCHOOL: &str = "(school_id = (NULLIF(current_setting('app.school'::text, true), ''::text))::uuid)";

const CHECKS: &[Check] = &[
    check(
        ROW_SECURITY,
        "select named from objects where relkind in ('r', 'p') and of_schools
            and not (relrowsecurity and relforcerowsecurity)",
    ),
    check(
        "a table of schools that the request role reads without its policy own_school",
        "select named from objects o where relkind in ('r', 'p') and of_schools
            and has_any_column_privilege('attendance_request', o.oid, 'select')
            and not exists (select from policies p where p.polrelid = o.oid and p.polname = 'own_school')",
    ),
    check(
        "own_school is not for the request role alone, or has another condition",
        "select of_table from policies where polname = 'own_school'
            and (polroles <> array['attendance_request'::regrole::oid] or not polpermissive or polcmd <> '*'
                 or shows is distinct from $1 or checks is distinct from $1)",
    ),
    check(
        "a policy without USING or WITH CHECK",
        "select of_table from policies
          where (polqual is null and polcmd <> 'a') or (polwithcheck is null and polcmd not in ('r', 'd'))",
    ),
    check(
        "a policy that takes a setting nobody set for another one (coalesce)",
        "select of_table from policies where concat(shows, checks) ~* 'coalesce\\s*\\(\\s*current_setting'",
    ),
    check(
        POLICY,
        "select case when polname like '%_every_school' and shows = 'true' and checks = 'true'
                       and polroles = array[(select oid from runtime where rolname = 'attendance_' ||
                                             replace(polname, '_every_school', ''))]
                       and polname <> 'request_every_school' then polname::text
                     when polname = 'list_of_schools' and polcmd = 'r' and polroles = array['attendance_request'::regrole::oid]
                       and shows = '(current_setting(''app.list_of_schools''::text, true) = ''on''::text)' then of_table
                     else 'another ' || of_table end
           from policies where polname <> 'own_school'",
    ),
    check(
        "a view without security_invoker, or a materialized one",
        "select named from objects where relkind = 'm' or relkind = 'v'
            and not coalesce(reloptions, '{}') && array['security_invoker=true', 'security_invoker=on']",
    ),
    check(
        UNIQUE,
        "select o.named || ' (' || string_agg(pg_get_indexdef(i.indexrelid, k, true), ', ' order by k) || ')'
           from pg_index i join objects o on o.oid = i.indrelid, generate_series(1, i.indnkeyatts) k
          where i.indisunique and o.of_schools group by i.indexrelid, o.named
         having (array_agg(pg_get_indexdef(i.indexrelid, k, true) order by k))[1] <> 'school_id'",
    ),
    check(
        "a runtime role that is superuser, passes by row-level security or makes roles",
        "select rolname from runtime where rolsuper or rolbypassrls or rolcreaterole",
    ),
    check(
        "a runtime role that may act as another role",
        "select r.rolname || ' as ' || m.roleid::regrole from pg_auth_members m join runtime r on r.oid = m.member",
    ),
    check(
        "a runtime role owns it",
        "select o.named from objects o join runtime r on r.oid = o.relowner
          union all select s.nspname from schemas s join runtime r on r.oid = s.nspowner",
    ),
    check(
        "a runtime role may truncate it",
        "select r.rolname || ' ' || o.named from objects o cross join runtime r
          where o.relkind in ('r', 'p') and has_table_privilege(r.oid, o.oid, 'truncate')",
    ),
    check(
        "a runtime role may change the log",
        "select r.rolname from runtime r
          where has_any_column_privilege(r.oid, 'public.events', 'update')
             or has_table_privilege(r.oid, 'public.events', 'delete')",
    ),
    check(
        REQUEST_READS,
        "select named from objects o where relkind in ('r', 'p', 'v', 'm', 'f')
            and has_any_column_privilege('attendance_request', o.oid, 'select')
            and relnamespace::regnamespace::text not in ('roster', 'live', 'audit', 'no_show')",
    ),
    check(
        "the request role reads it, and its rows are of no school",
        "select named from objects o where relkind in ('r', 'p', 'v', 'm', 'f')
            and has_any_column_privilege('attendance_request', o.oid, 'select')
            and relnamespace::regnamespace::text in ('roster', 'live', 'audit', 'no_show')
            and not exists (select from pg_attribute a
              where a.attrelid = o.oid and a.attname = 'school_id' and not a.attisdropped)",
    ),
    check(
        "the request role may write it",
        "select named from objects o where relkind in ('r', 'p', 'v', 'f')
            and (has_any_column_privilege('attendance_request', o.oid, 'insert, update')
                 or has_table_privilege('attendance_request', o.oid, 'delete'))",
    ),
    check(
        DEFINER,
        // By what it does: another one under its name is another one.
        "select case when p.proowner = 'attendance_worker'::regrole and p.provolatile = 's'
                       and pg_get_function_identity_arguments(p.oid) = 'person uuid'
                       and p.proconfig = array['search_path=audit, pg_catalog']
                       and btrim(regexp_replace(p.prosrc, '\\s+', ' ', 'g')) = 'select position from '
                         '(select school_id, position from audit.entries where subjects @> array[person] offset 0) about '
                         'where school_id = nullif(current_setting(''app.school'', true), '''')::uuid'
                     then '' else 'another ' end || s.nspname || '.' || p.proname
           from pg_proc p join schemas s on s.oid = p.pronamespace where p.prosecdef",
    ),
];

/// What an audit came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audited {
    /// What is wrong, each with where.
    pub findings: Vec<String>,
    /// The exceptions that are there, by what they are excepted from.
    pub exceptions: BTreeMap<&'static str, Vec<&'static str>>,
    /// The login may do more than act as the runtime roles: whoever could run SQL of his own would leave his
    /// connection's role and have all of it (`docs/adr/0010`).
    pub powerful_login: bool,
}

/// Whether the login is a superuser, passes by row-level security, makes roles, has rights without taking a role, or owns
/// anything.
const POWERFUL: &str = "select rolsuper or rolbypassrls or rolcreaterole or rolcreatedb
     or (rolinherit and exists (select from pg_auth_members m where m.member = r.oid))
     or exists (select from pg_class c where c.relowner = r.oid)
     or exists (select from pg_database d where d.datdba = r.oid)
   from pg_roles r where rolname = session_user";

/// Reads the catalogue, as any role.
pub async fn audit(connection: &mut PgConnection) -> Result<Audited, sqlx::Error> {
    let mut audited = Audited { findings: Vec::new(), exceptions: BTreeMap::new(), powerful_login: false };
    for Check { name, finds } in CHECKS {
        // The checks are data, and ask the catalogue only: hence no macro. All take the same parameter.
        let query =
            format!("{LOOKED_AT} select distinct found::text from ({finds}) t (found) where $1::text <> '' order by 1");
        let found: Vec<String> = sqlx::query_scalar(&query).bind(OWN_SCHOOL).fetch_all(&mut *connection).await?;
        for what in found {
            match EXCEPTIONS.iter().find(|e| e.check == *name && e.what == what) {
                Some(exception) => audited.exceptions.entry(name).or_default().push(exception.what),
                None => audited.findings.push(format!("{what}: {name}")),
            }
        }
    }
    audited.powerful_login = sqlx::query_scalar(POWERFUL).fetch_one(connection).await?;
    Ok(audited)
}

#[cfg(test)]
mod tests;
