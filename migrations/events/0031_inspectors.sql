-- What inspectors do to a pupil's day beside entries by hand: early leaves, justifications, corrections.

-- Of the day's sum: why the pupil is justified, and since when and why the pupil may leave early, where so.
alter table live.pupil_days add column justified text;
alter table live.pupil_days add column leave_from timestamptz;
alter table live.pupil_days add column leave_reason text;

-- One row each, with what was said at its beginning and at its end, as the events say it.
create table live.acts (
  school_id uuid not null,
  local_date date not null,
  student_id uuid not null,
  act_id uuid not null,
  kind text not null check (kind in ('early_leave', 'justification', 'correction')),
  state text not null check (state in
    ('authorised', 'recorded', 'cancelled', 'blocked', 'submitted', 'requested', 'accepted', 'approved', 'rejected')),
  -- The event's payload: personal data in it is sealed.
  said jsonb not null,
  actor text not null,
  recorded_at timestamptz not null,
  -- Of the event that ended it.
  ending jsonb,
  ended_by text,
  ended_at timestamptz,
  position bigint not null,
  primary key (school_id, local_date, student_id, act_id)
);
-- What changed of a day since a board was drawn.
create index on live.acts (school_id, local_date, position);
-- What waits for a person, of whatever day.
create index on live.acts (school_id, recorded_at) where state in ('submitted', 'requested');
-- Barred adults who asked for a pupil.
create index on live.acts (school_id, recorded_at) where state = 'blocked';

grant select, insert, update, delete on live.acts to attendance_projector;
grant select on live.acts to attendance_request, attendance_worker;

-- Schools apart, as in 0005_tenancy.sql.
alter table live.acts enable row level security;
alter table live.acts force row level security;
create policy own_school on live.acts to attendance_request
  using (school_id = nullif(current_setting('app.school', true), '')::uuid)
  with check (school_id = nullif(current_setting('app.school', true), '')::uuid);
create policy projector_every_school on live.acts to attendance_projector using (true) with check (true);
create policy worker_every_school on live.acts to attendance_worker using (true) with check (true);
