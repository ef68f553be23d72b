-- Schools apart. In every table that names a school and that the request role may read, it meets the rows
-- of one school only: the one that its transaction set (`app.school`), whatever a statement forgets. Forced,
-- so that owning a table is no way around it. Who works across schools there has a policy that says so by
-- name; the boot audit (`commands/src/boot_audit.rs`) knows those names and refuses to start beside any other.
--
-- Tables that the request role may not read at all have no policies: their roles all work across schools
-- (log, receipts, directory, accounts), and beside a policy Postgres plans some of their statements worse.

-- A setting that nobody set is null or empty, and shows nothing. A policy for each role that was granted
-- anything on the table: a role without one would find it empty.
do $$
declare
  t regclass;
  r text;
begin
  for t in
    select c.oid::regclass
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      join pg_attribute a on a.attrelid = c.oid and a.attname = 'school_id' and not a.attisdropped
     where c.relkind in ('r', 'p') and n.nspname in ('public', 'roster', 'live', 'audit')
       and has_any_column_privilege('attendance_request', c.oid, 'select')
     order by c.oid
  loop
    execute format('alter table %s enable row level security', t);
    execute format('alter table %s force row level security', t);
    execute format(
      'create policy own_school on %s to attendance_request
         using (school_id = nullif(current_setting(''app.school'', true), '''')::uuid)
         with check (school_id = nullif(current_setting(''app.school'', true), '''')::uuid)', t);
    for r in
      select rolname from pg_roles
       where rolname in ('attendance_log_writer', 'attendance_log_reader', 'attendance_projector',
                         'attendance_worker', 'attendance_auth')
         and has_any_column_privilege(rolname, t, 'select')
       order by rolname
    loop
      execute format('create policy %I on %s to %I using (true) with check (true)',
                     substr(r, length('attendance_') + 1) || '_every_school', t, r);
    end loop;
  end loop;
end $$;

-- The list of schools to choose from: their names are no secret, their rows are asked for by one function
-- (`Readers::schools`), which says so in its transaction.
create policy list_of_schools on roster.schools for select to attendance_request
  using (current_setting('app.list_of_schools', true) = 'on');

-- Beside a policy Postgres takes no index for a condition whose function might tell of the rows that it
-- meets (is not "leakproof"): `subjects @> …` would read all of the school's entries. So this question
-- alone is asked as a role that sees all schools, and it keeps them apart by itself (`offset 0`: beside the
-- school, Postgres would read all of its entries here, too).
create function entries_about(person uuid) returns setof bigint
language sql stable security definer set search_path = audit, pg_catalog as $$
  select position from (select school_id, position from audit.entries where subjects @> array[person] offset 0) about
   where school_id = nullif(current_setting('app.school', true), '')::uuid
$$;
revoke all on function entries_about(uuid) from public;
grant execute on function entries_about(uuid) to attendance_request;
grant create on schema public to attendance_worker;
alter function entries_about(uuid) owner to attendance_worker;
revoke create on schema public from attendance_worker;
