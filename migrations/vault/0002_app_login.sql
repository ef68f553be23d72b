-- The server's login, as in the events' database: there it may act as each runtime role, here as the vault's.
do $$
begin
  if not exists (select from pg_roles where rolname = 'attendance_app') then
    begin
      create role attendance_app nologin noinherit;
    exception when duplicate_object or unique_violation then null;
    end;
  end if;
  execute 'grant attendance_vault to attendance_app';
end $$;
