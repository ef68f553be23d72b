-- no_show: expected pupils of whom no entry is on record, and what became of each case.
create schema no_show;

create table no_show.cases (
  school_id uuid not null,
  -- The school day, of the case's stream: what is said of it later has a date of its own.
  local_date date not null,
  slot_id uuid not null,
  student_id uuid not null,
  -- As the newest opening says.
  course_id uuid not null,
  due_at timestamptz not null,
  state text not null check (state in ('open', 'held', 'told', 'acknowledged', 'resolved', 'retracted')),
  -- Why the families are not told by themselves, for as long as they are not.
  held_reason text,
  -- When the log learned it, of the newest opening.
  opened_at timestamptz not null,
  -- Of the first notice asked for.
  told_at timestamptz,
  acknowledged_at timestamptz,
  acknowledged_by text,
  closed_at timestamptz,
  -- {"how",…} of a case that was true, {"cause",…} of one that should not have been.
  ending jsonb,
  -- How often it was opened.
  openings integer not null,
  -- Of the stream's last event.
  sequence bigint not null,
  position bigint not null,
  primary key (school_id, local_date, slot_id, student_id)
);
-- The open ones, which are few and of today.
create index on no_show.cases (local_date, school_id) where state not in ('resolved', 'retracted');

-- One row an event.
create table no_show.log (
  school_id uuid not null,
  position bigint not null,
  local_date date not null,
  slot_id uuid not null,
  student_id uuid not null,
  event_type text not null,
  -- The event's payload.
  said jsonb not null,
  actor text not null,
  recorded_at timestamptz not null,
  primary key (school_id, position)
);
create index on no_show.log (school_id, local_date, slot_id, student_id, position);

grant usage on schema no_show to attendance_projector, attendance_request, attendance_worker;
grant select, insert, update, delete on all tables in schema no_show to attendance_projector;
grant select on all tables in schema no_show to attendance_request, attendance_worker;

-- Schools apart, as in 0005_tenancy.sql.
do $$
declare
  t regclass;
begin
  foreach t in array array['no_show.cases', 'no_show.log']::regclass[] loop
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
