-- What the write side keeps beside the log, in the same transactions.

-- One row per scan ever answered: a repeat is answered from here.
create table scan_receipts (
  kiosk_id uuid not null,
  queue_id uuid not null,
  -- From 1; 0 for an item whose number could not be read.
  seq bigint not null check (seq >= 0),
  scan_id uuid not null,
  school_id uuid not null,
  verdict text not null check (verdict in ('accepted', 'flagged', 'quarantined')),
  reasons text[] not null,
  -- The event that holds the scan.
  position bigint not null,
  received_at timestamptz not null,
  primary key (kiosk_id, queue_id, seq, scan_id)
);

-- One row per queue of a kiosk: how far it is known without a hole, and what the device said last.
-- Operational data beside the log, not facts.
create table kiosk_queues (
  kiosk_id uuid not null,
  queue_id uuid not null,
  school_id uuid not null,
  ack_through bigint not null default 0,
  primary key (kiosk_id, queue_id)
) with (fillfactor = 60);

create table kiosk_seen (
  kiosk_id uuid primary key,
  school_id uuid not null,
  last_seen timestamptz not null,
  -- Scans still waiting on the device, as it said.
  queue_depth integer not null,
  -- Device wall clock minus server clock, milliseconds.
  clock_skew_ms bigint not null,
  boot_id uuid not null,
  app_version text
) with (fillfactor = 60);

-- A kiosk's bearer secret, hashed. Replaced by signed requests later; only `web`'s one kiosk
-- authentication module and `attendance kiosk` touch it.
create table kiosk_secrets (
  kiosk_id uuid primary key,
  school_id uuid not null,
  secret_sha256 bytea not null,
  created_at timestamptz not null,
  revoked_at timestamptz
);

-- The write-side directory: keyed HMAC of a RUN, phone, mail, card or natural key → the id that it
-- was reserved for. Reserve first, then append.
create table directory (
  school_id uuid not null,
  kind text not null,
  hmac bytea not null,
  subject_id uuid not null,
  -- A card's pupil, where `subject_id` is the credential. A card of an erased pupil stays, with the
  -- zero id and no owner: it is never given again.
  owner_id uuid,
  primary key (school_id, kind, hmac)
);
create index directory_subject on directory (subject_id);
create index directory_owner on directory (owner_id) where owner_id is not null;

-- A command id that a client chose (`Idempotency-Key`), with what it asked: the same key with
-- another request is refused. `done_at` is set once its answer is known, so that every repeat gets
-- that answer, also where the log holds no event of it: it changed nothing (no position), or it was
-- refused (`done_refusal` says how, in the API's own codes). Until then `claim` says which call of it
-- runs, since `claimed_at` by this database's clock: of equal requests at once the others wait.
create table command_reservations (
  school_id uuid not null,
  command_id uuid not null,
  request_sha256 bytea not null,
  reserved_at timestamptz not null,
  claim uuid,
  claimed_at timestamptz,
  done_at timestamptz,
  done_position bigint,
  done_refusal text,
  primary key (school_id, command_id),
  check (done_at is not null or (done_position is null and done_refusal is null))
);

grant select, insert, update, delete on
  scan_receipts, kiosk_queues, kiosk_seen, kiosk_secrets, directory, command_reservations
  to attendance_log_writer;
revoke update, delete on scan_receipts, command_reservations from attendance_log_writer;
grant update (claim, claimed_at, done_at, done_position, done_refusal) on command_reservations to attendance_log_writer;
grant select on kiosk_seen to attendance_request, attendance_worker;
-- Of a secret's row a worker may know whether it was revoked, never its hash.
grant select (kiosk_id, school_id, revoked_at) on kiosk_secrets to attendance_worker;
