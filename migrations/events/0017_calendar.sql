-- Days that are not as the week says: for the whole school, and for one course.

-- A date has at most one row of each layer: the holiday, and over it what the school set.
create table roster.school_days (
  school_id uuid not null,
  local_date date not null,
  layer text not null check (layer in ('holiday', 'day')),
  -- {"kind",…}. Null once cleared: the row stays, since its position is what makes a repeat harmless.
  day jsonb,
  -- Who set or cleared it last, and when the log learned it.
  changed_by text not null,
  changed_at timestamptz not null,
  position bigint not null,
  primary key (school_id, local_date, layer)
);
create table roster.course_days (
  school_id uuid not null,
  course_id uuid not null,
  local_date date not null,
  -- {"times":{"expects",…},"reason"}. Null once cleared.
  day jsonb,
  changed_by text not null,
  changed_at timestamptz not null,
  position bigint not null,
  primary key (school_id, course_id, local_date)
);
create index on roster.course_days (school_id, local_date);

grant select, insert, update, delete on roster.school_days, roster.course_days to attendance_projector;
grant select on roster.school_days, roster.course_days to attendance_request, attendance_worker;

-- Schools apart, as in 0005_tenancy.sql.
do $$
declare
  t regclass;
begin
  foreach t in array array['roster.school_days', 'roster.course_days']::regclass[] loop
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
