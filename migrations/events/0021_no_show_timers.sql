-- When each school's day is looked at next for pupils who did not come: what survives a restart.
create table no_show_timers (
  school_id uuid primary key,
  next_look_at timestamptz not null
);
create index on no_show_timers (next_look_at);
grant select, insert, update, delete on no_show_timers to attendance_worker;

-- Schools apart, as in 0005_tenancy.sql: a worker's table alone.
alter table no_show_timers enable row level security;
alter table no_show_timers force row level security;
create policy worker_every_school on no_show_timers to attendance_worker using (true) with check (true);
