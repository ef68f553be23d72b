-- The login of the server: it may act as each runtime role and is nothing by itself. Whoever installs gives it a
-- password (docs/runbook/install.md). Roles belong to the cluster, so it may exist already.
do $$
declare
  r text;
begin
  if not exists (select from pg_roles where rolname = 'attendance_app') then
    begin
      create role attendance_app nologin noinherit;
    exception when duplicate_object or unique_violation then null; -- another database was migrated at this moment
    end;
  end if;
  foreach r in array array[
    'attendance_log_writer', 'attendance_log_reader', 'attendance_projector',
    'attendance_request', 'attendance_worker', 'attendance_auth'
  ] loop
    execute format('grant %I to attendance_app', r);
  end loop;
end $$;
