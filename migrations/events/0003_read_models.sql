-- The read side. Each read model is a schema of its own, so that a rebuild can fill a fresh copy
-- beside it and swap. Tables are named without their schema in code: the projector's and the
-- readers' search_path says which copy is meant. Sealed columns hold ciphertext.
create schema roster;
create schema live;
create schema audit;

-- How far each read model is. The key counts the moves and moves with the row, so that one step into the
-- index finds it. An open snapshot (a dump) keeps every former version, thousands within minutes; found by
-- its name alone the row would lie behind all of them, for every page of every projector.
create table checkpoints (
  read_model text not null,
  version bigint not null,
  epoch uuid not null,
  position bigint not null,
  -- recorded_at of that position: how far behind the wall clock the model is.
  recorded_at timestamptz,
  primary key (read_model, version)
);

-- Three rows look like a table to be read whole, or by a bitmap and sorted: these two go along the index, whatever
-- the planner thinks. In plpgsql both, which keeps their plans.
create function checkpoint_of(read_model text) returns setof checkpoints
language plpgsql stable rows 1 set enable_seqscan = off set enable_bitmapscan = off as $$
begin
  return query select c.* from checkpoints c where c.read_model = $1 order by c.version desc limit 1;
end $$;
create function move_checkpoint(
  read_model text, version bigint, epoch uuid, "position" bigint,
  to_version bigint, to_epoch uuid, to_position bigint, to_recorded_at timestamptz
) returns boolean
language plpgsql set enable_seqscan = off as $$
begin
  update checkpoints c set version = $5, epoch = $6, position = $7, recorded_at = $8
   where c.read_model = $1 and c.version = $2 and c.epoch = $3 and c.position = $4;
  return found;
end $$;

-- Every row keeps the position of the last event that changed it: an event that is not newer changes
-- nothing, so that a page applied twice is harmless.

-- roster: who belongs to the school ---------------------------------------------------------------
create table roster.schools (
  school_id uuid primary key,
  name text not null,
  rbd text,
  zone text not null,
  late_after_minutes smallint not null,
  missing_after_minutes smallint not null,
  echo_seconds smallint not null,
  position bigint not null
);
create table roster.courses (
  school_id uuid not null,
  course_id uuid primary key,
  year integer not null,
  name text not null,
  level text not null,
  letter text not null,
  closed_from date,
  position bigint not null
);
create index on roster.courses (school_id, course_id);
create table roster.schedules (
  school_id uuid not null,
  course_id uuid not null,
  effective_from date not null,
  -- [{"slot_id","weekday","entry","exit"}]
  slots jsonb not null,
  position bigint not null,
  primary key (course_id, effective_from)
);
create index on roster.schedules (school_id, course_id, effective_from);
create table roster.students (
  school_id uuid not null,
  student_id uuid primary key,
  -- As the newest event says, whatever its date; where a pupil is on a date is in memberships.
  course_id uuid not null,
  enrolled_from date not null,
  withdrawn_from date,
  -- Sealed; null once erased.
  given_names text,
  family_names text,
  national_id text,
  erased boolean not null,
  position bigint not null
);
create index on roster.students (school_id, position);
create index on roster.students (school_id, student_id);
-- Where a pupil was on a date: "from this date on in this course", or in none (withdrawn). The newest
-- decision (position) among those that reach the date is valid, so a later decision with an earlier
-- date replaces what was planned after it.
create table roster.memberships (
  school_id uuid not null,
  student_id uuid not null,
  from_date date not null,
  course_id uuid,
  position bigint not null,
  primary key (student_id, from_date)
);
create index on roster.memberships (school_id, student_id);
create index on roster.memberships (course_id, student_id);
create table roster.credentials (
  school_id uuid not null,
  credential_id uuid primary key,
  student_id uuid not null,
  kind text not null,
  revoked text,
  -- Its pupil was erased. When the pupil is at the school is in memberships.
  erased boolean not null,
  position bigint not null
);
create index on roster.credentials (school_id, position);
create index on roster.credentials (student_id);
create table roster.guardians (
  school_id uuid not null,
  guardian_id uuid primary key,
  -- Sealed; null once erased.
  name text,
  national_id text,
  phone text,
  mail text,
  erased boolean not null,
  position bigint not null
);
create index on roster.guardians (school_id, guardian_id);
create table roster.guardian_links (
  student_id uuid not null,
  guardian_id uuid not null,
  school_id uuid not null,
  legal boolean not null,
  notify boolean not null,
  may_collect boolean not null,
  may_view boolean not null,
  restricted boolean not null,
  -- False once unlinked: the row stays, since its position is what makes a repeat harmless.
  active boolean not null,
  position bigint not null,
  primary key (student_id, guardian_id)
);
create index on roster.guardian_links (guardian_id);
create table roster.kiosks (
  school_id uuid not null,
  kiosk_id uuid primary key,
  gate text not null,
  mode text not null,
  revoked boolean not null,
  position bigint not null
);
create index on roster.kiosks (school_id);

-- live: the day at the gate -------------------------------------------------------------------------
-- Each row is the sum of the day's rows in live_scans by corrected time, in whatever order they came.
create table live.pupil_days (
  school_id uuid not null,
  local_date date not null,
  student_id uuid not null,
  -- Earliest entry whose time can be trusted, and earliest of all.
  first_entry_at timestamptz,
  first_entry_any_at timestamptz,
  last_direction text,
  last_at timestamptz,
  last_scan_id uuid,
  -- All scans, echoes included.
  scans integer not null,
  echoes integer not null,
  -- Of all scans that are not echoes, sorted.
  flags text[] not null,
  position bigint not null,
  primary key (school_id, local_date, student_id)
) with (fillfactor = 65);
create table live.live_scans (
  school_id uuid not null,
  local_date date not null,
  -- Of the event that recorded the scan.
  position bigint not null,
  scan_id uuid not null,
  student_id uuid not null,
  kiosk_id uuid not null,
  direction text not null,
  method text not null,
  occurred_at timestamptz not null,
  recorded_at timestamptz not null,
  time_confidence text not null,
  flags text[] not null,
  -- Of the last event that changed the row.
  last_position bigint not null,
  primary key (school_id, local_date, position)
);
-- Scans that were flagged after they came: few.
create index on live.live_scans (school_id, local_date, last_position) where last_position > position;
-- Without the school: of two indexes that begin with school and date, statistics of yesterday make the
-- planner take the other one, and read all of the school's day for each pupil.
create index on live.live_scans (local_date, student_id);
create table live.gates (
  school_id uuid not null,
  kiosk_id uuid primary key,
  drained_queue_id uuid,
  drained_seq bigint,
  drained_through timestamptz,
  silent_since timestamptz,
  -- Latest corrected time of a scan that could be placed.
  last_scan_at timestamptz,
  gaps integer not null,
  forks integer not null,
  position bigint not null
) with (fillfactor = 65);
create index on live.gates (school_id);
create table live.quarantined (
  school_id uuid not null,
  -- Id of the quarantine's stream.
  quarantine_id uuid primary key,
  local_date date not null,
  scan_id uuid not null,
  kiosk_id uuid not null,
  reasons text[] not null,
  state text not null check (state in ('waiting', 'assigned', 'dismissed')),
  -- Whom a person assigned it to.
  student_id uuid,
  occurred_at timestamptz not null,
  recorded_at timestamptz not null,
  position bigint not null
);
create index on live.quarantined (school_id, local_date);
create index on live.quarantined (school_id, quarantine_id) where state = 'waiting';

-- audit: every event, findable ----------------------------------------------------------------------
create table audit.entries (
  school_id uuid not null,
  position bigint not null,
  local_date date not null,
  aggregate_type text not null,
  stream text not null,
  sequence bigint not null,
  event_type text not null,
  event_version text not null,
  event_id uuid not null,
  actor text not null,
  kiosk_id uuid,
  -- Every person that the event is about.
  subjects uuid[] not null,
  occurred_at timestamptz not null,
  recorded_at timestamptz not null,
  correlation_id uuid not null,
  causation_id uuid,
  command_id uuid,
  primary key (school_id, position)
);
create index on audit.entries (school_id, local_date, position);
-- Nearly all rows are scans that kiosks send, and each index costs each of them. So the rare values only:
-- the usual ones are met at every step along the positions, a kiosk's events are found by kiosk_id, and
-- those of a pupil's day by local_date.
create index on audit.entries (school_id, aggregate_type, position) where aggregate_type <> 'attendance_day';
create index on audit.entries (school_id, event_type, position) where event_type <> 'scan_recorded';
create index on audit.entries (school_id, stream, position) where aggregate_type <> 'attendance_day';
create index on audit.entries (school_id, actor, position) where actor not like 'kiosk:%';
create index on audit.entries (school_id, kiosk_id, position) where kiosk_id is not null;
create index on audit.entries using gin (subjects);

grant usage on schema roster, live, audit to attendance_projector, attendance_request, attendance_worker;
grant select, insert, update, delete on all tables in schema roster, live, audit to attendance_projector;
grant select, insert, update on checkpoints to attendance_projector;
grant select on all tables in schema roster, live, audit to attendance_request, attendance_worker;
grant select on checkpoints to attendance_request, attendance_worker;

-- A server says whether the schema is the one that it knows. The table is sqlx's; it is missing where
-- these files were applied by hand.
do $$
begin
  if to_regclass('public._sqlx_migrations') is not null then
    grant select on public._sqlx_migrations to attendance_log_reader;
  end if;
end $$;
