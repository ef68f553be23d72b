-- Notices on their way to guardians. The rows are the state machine; what becomes of each is an event, appended in the
-- transaction that writes its row. Ids, codes and instants only: addresses and names are opened just before sending.
create table deliveries (
  school_id uuid not null,
  -- Derived from the four columns that are unique together.
  delivery_id uuid not null,
  -- The event that it follows from.
  cause_id uuid not null,
  kind text not null check (kind in ('entry', 'exit', 'no_entry', 'late', 'early_leave', 'correction', 'broadcast')),
  channel text not null check (channel in ('whatsapp', 'email')),
  guardian_id uuid not null,
  student_id uuid not null,
  says text not null,
  -- The case of which it speaks, and the instant: what says the same to one guardian of one instant is one message.
  local_date date not null,
  slot_id uuid not null,
  about_at timestamptz not null,
  state text not null check (
    state in ('requested', 'sending', 'accepted', 'delivered', 'read', 'failed', 'unknown', 'suppressed')),
  requested_at timestamptz not null,
  -- Since when it is in that state.
  changed_at timestamptz not null,
  -- When it is to be sent, again perhaps; none: not by itself.
  due_at timestamptz,
  expires_at timestamptz not null,
  -- Tries that counted.
  attempts smallint not null default 0,
  -- How often nobody knew whether it had arrived.
  doubts smallint not null default 0,
  -- The message of its newest try.
  message_id uuid,
  -- Of its stream's last event.
  sequence bigint not null,
  primary key (school_id, delivery_id),
  unique (school_id, cause_id, guardian_id, kind, channel)
);
create index deliveries_due on deliveries (channel, due_at) where due_at is not null;
create index deliveries_sending on deliveries (changed_at) where state = 'sending';
create index deliveries_of_case on deliveries (school_id, local_date, slot_id, student_id);

-- Every try. Several deliveries may be one message.
create table delivery_attempts (
  school_id uuid not null,
  delivery_id uuid not null,
  -- What the channel is told to say with its answers; it says nothing to anybody else.
  message_id uuid not null,
  guardian_id uuid not null,
  channel text not null,
  started_at timestamptz not null,
  ended_at timestamptz,
  outcome text,
  -- The channel's own code.
  code integer,
  -- Keyed HMAC of the address written to, and of the channel's id of the message, which holds the address.
  address_hmac bytea check (octet_length(address_hmac) = 16),
  provider_hmac bytea check (octet_length(provider_hmac) = 16),
  primary key (school_id, delivery_id, message_id)
);
create index delivery_attempts_of_message on delivery_attempts (message_id);
create index delivery_attempts_of_provider on delivery_attempts (provider_hmac) where provider_hmac is not null;
create index delivery_attempts_of_address on delivery_attempts (address_hmac) where address_hmac is not null;
create index delivery_attempts_of_guardian on delivery_attempts (school_id, guardian_id, channel, started_at);

-- Whom an alarm goes to next, and when that is looked at.
create table delivery_ladders (
  school_id uuid not null,
  -- The event that asked for it.
  cause_id uuid not null,
  position bigint not null,
  local_date date not null,
  slot_id uuid not null,
  student_id uuid not null,
  asked_at timestamptz not null,
  state text not null check (state in ('open', 'told', 'call', 'over')),
  next_look_at timestamptz not null,
  primary key (school_id, cause_id)
);
create index delivery_ladders_due on delivery_ladders (next_look_at) where state = 'open';
create index delivery_ladders_of_case on delivery_ladders (school_id, local_date, slot_id, student_id);

-- Whether each channel of this installation sends (`says` is empty), and each template of it. A channel is quiet while
-- the log's epoch is another than its own: after a restore, until a person lets it go on.
create table delivery_channels (
  channel text not null,
  says text not null,
  epoch uuid not null,
  paused_at timestamptz,
  paused_reason text,
  paused_code integer,
  primary key (channel, says)
);

-- How far the log was read for what notices follow from. It starts at the log's end, in each epoch.
create table delivery_position (
  only_row boolean primary key default true check (only_row),
  epoch uuid not null,
  position bigint not null
);

grant select, insert, update on deliveries, delivery_attempts, delivery_ladders, delivery_channels, delivery_position
  to attendance_log_writer;

-- Schools apart, as in 0005_tenancy.sql: no request reads them.
do $$
declare
  t regclass;
begin
  foreach t in array array['deliveries', 'delivery_attempts', 'delivery_ladders']::regclass[] loop
    execute format('alter table %s enable row level security', t);
    execute format('alter table %s force row level security', t);
    execute format(
      'create policy log_writer_every_school on %s to attendance_log_writer using (true) with check (true)', t);
  end loop;
end $$;
