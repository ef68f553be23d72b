-- When each school's day is looked at next for pupils who did not come: what survives a restart.
create table no_show_timers (
  school_id uuid primary key,
  next_look_at timestamptz not null
);
create index on no_show_timers (next_look_at);
grant select, insert, update, delete on no_show_timers to attendance_worker;
