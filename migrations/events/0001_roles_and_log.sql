-- The log: the truth that everything else is computed from, and the roles that may touch it.
-- Roles belong to the cluster, so they may exist already.
do $$
declare
  r text;
begin
  foreach r in array array[
    'attendance_log_writer', 'attendance_log_reader', 'attendance_projector',
    'attendance_request', 'attendance_worker'
  ] loop
    if not exists (select from pg_roles where rolname = r) then
      begin
        execute format('create role %I nologin noinherit', r);
      exception when duplicate_object or unique_violation then null; -- another database was migrated at this moment
      end;
    end if;
    execute format('grant %I to current_user', r);
  end loop;
end $$;

revoke create on schema public from public;

-- One row: the log's life between two restores. Positions are used again after a restore, so every
-- checkpoint, message id and acknowledgement carries the epoch.
create table log_epoch (
  only_row boolean primary key default true check (only_row),
  epoch uuid not null,
  started_at timestamptz not null
);

-- The first seven columns are those of postgres-es, which writes to this table unchanged.
-- `json`, not `jsonb`: the bytes are kept as they were written, since a Merkle leaf covers them.
create table events (
  aggregate_type text not null,
  aggregate_id text not null,
  sequence bigint not null check (sequence > 0),
  event_type text not null,
  event_version text not null,
  payload json not null,
  metadata json not null,
  position bigint not null check (position > 0),
  event_id uuid not null,
  school_id uuid not null,
  occurred_at timestamptz not null,
  recorded_at timestamptz not null,
  local_date date not null,
  zone text not null,
  utc_offset integer not null,
  actor text not null,
  correlation_id uuid not null,
  causation_id uuid,
  command_id uuid,
  primary key (aggregate_type, aggregate_id, sequence),
  -- `<school>/<id>` or `<date>/<school>/<student>`: a stream of another school is refused.
  constraint stream_of_its_school check (strpos(aggregate_id, school_id::text) in (1, 12))
);
create unique index events_position on events (position);
create index events_command on events (command_id) where command_id is not null;
-- A kiosk's stream grows by a fact a minute: its last event of a kind, and of a queue where the kind
-- has one, is found without walking it.
create index events_kiosk_kinds on events (aggregate_id, event_type, coalesce(payload->>'queue_id', ''), sequence)
  where aggregate_type = 'kiosk';

-- The lock that orders commits. Taken by whoever appends, as late as possible.
create function lock_log() returns void
language sql as $$ select pg_advisory_xact_lock(4702111234474983745) $$;

-- Takes that lock and reads the head under it, in one round trip: each statement of a volatile
-- function sees what was committed before it began, which a single statement would not.
-- Position 0 and a null instant say that the log is empty.
create function take_log_head(out head bigint, out recorded timestamptz)
language plpgsql as $$
begin
  perform lock_log();
  select e.position, e.recorded_at into head, recorded from events e order by e.position desc limit 1;
  head := coalesce(head, 0);
end $$;

-- Stock postgres-es inserts no position: take one, and copy the columns out of the metadata.
-- Batches bring their own positions and columns and skip this trigger.
create function events_take_position() returns trigger
language plpgsql as $$
declare
  last_position bigint;
  last_recorded timestamptz;
  m json := new.metadata;
begin
  select h.head, h.recorded into last_position, last_recorded from take_log_head() h;
  new.position := last_position + 1;
  new.school_id := (m->>'school_id')::uuid;
  -- One command may append several events, and all of them bring the same metadata: each takes an
  -- id derived from the one that the command brought.
  new.event_id := md5((m->>'event_id') || '/' || new.aggregate_id || '/' || new.sequence)::uuid;
  new.occurred_at := (m->>'occurred_at')::timestamptz;
  new.recorded_at := greatest((m->>'recorded_at')::timestamptz, last_recorded);
  new.local_date := (m->>'local_date')::date;
  new.zone := m->>'zone';
  new.utc_offset := (m->>'utc_offset')::integer;
  new.actor := m->>'actor';
  new.correlation_id := (m->>'correlation_id')::uuid;
  new.causation_id := (m->>'causation_id')::uuid;
  new.command_id := (m->>'command_id')::uuid;
  -- The metadata says the same as the columns.
  new.metadata := (m::jsonb || jsonb_build_object(
    'event_id', new.event_id,
    'recorded_at', to_char(new.recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
  ))::json;
  return new;
end $$;
create trigger events_take_position before insert on events
  for each row when (new.position is null) execute function events_take_position();

-- Density is the database's own promise: after every insert statement the new positions continue
-- the log without a hole, in an order of time that never goes back. Nor can a hole be hidden by
-- starting at 1 again: positions are unique. One wake-up per statement.
create function events_stay_dense() returns trigger
language plpgsql as $$
declare
  lo bigint; hi bigint; n bigint;
  before_them timestamptz;
begin
  select min(position), max(position), count(*) into lo, hi, n from inserted;
  if n = 0 then return null; end if;
  if hi - lo + 1 <> n then
    raise exception 'positions % to % are not dense', lo, hi using errcode = 'AT001';
  end if;
  if lo > 1 then
    select recorded_at into before_them from events where position = lo - 1;
    if not found then
      raise exception 'position % does not continue the log', lo using errcode = 'AT001';
    end if;
    if exists (select from inserted where recorded_at < before_them) then
      raise exception 'recorded_at goes back at position %', lo using errcode = 'AT001';
    end if;
  end if;
  perform pg_notify('attendance_log', '');
  return null;
end $$;
create trigger events_stay_dense after insert on events
  referencing new table as inserted for each statement execute function events_stay_dense();

create function refuse_rewrite() returns trigger
language plpgsql as $$
begin
  raise exception 'the log is append-only' using errcode = '42501';
end $$;
create trigger events_append_only before update or delete on events
  for each statement execute function refuse_rewrite();
create trigger events_never_truncated before truncate on events
  for each statement execute function refuse_rewrite();

grant select, insert on events to attendance_log_writer;
grant select on events to attendance_log_reader;
grant select on log_epoch to attendance_log_writer, attendance_log_reader, attendance_projector, attendance_worker, attendance_request;
