-- Roll calls in the live model: each of a school's day, and what was said last of each pupil.
create table live.roll_calls (
  school_id uuid not null,
  -- The school day, of the roll call's stream: marks that come late have a date of their own.
  local_date date not null,
  roll_call_id uuid not null,
  reason text not null check (reason in ('drill', 'evacuation')),
  started_at timestamptz not null,
  started_by text not null,
  ended_at timestamptz,
  ended_by text,
  position bigint not null,
  primary key (school_id, local_date, roll_call_id)
);

create table live.roll_call_marks (
  school_id uuid not null,
  local_date date not null,
  roll_call_id uuid not null,
  student_id uuid not null,
  -- False: it was said and taken back.
  safe boolean not null,
  -- When it was said, which may be long before the log learned it.
  said_at timestamptz not null,
  said_by text not null,
  position bigint not null,
  primary key (school_id, local_date, roll_call_id, student_id)
);

grant select, insert, update, delete on live.roll_calls, live.roll_call_marks to attendance_projector;
grant select on live.roll_calls, live.roll_call_marks to attendance_request, attendance_worker;

-- Schools apart, as in 0005_tenancy.sql.
do $$
declare
  t regclass;
begin
  foreach t in array array['live.roll_calls', 'live.roll_call_marks']::regclass[] loop
    execute format('alter table %s enable row level security', t);
    execute format('alter table %s force row level security', t);
    execute format(
      'create policy own_school on %s to attendance_request
         using (school_id = nullif(current_setting(''app.school'', true), '''')::uuid)
         with check (school_id = nullif(current_setting(''app.school'', true), '''')::uuid)', t);
    execute format('create policy projector_every_school on %s to attendance_projector using (true) with check (true)', t);
    execute format('create policy worker_every_school on %s to attendance_worker using (true) with check (true)', t);
  end loop;
end $$;
