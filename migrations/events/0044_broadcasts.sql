-- Messages of the school to the families of many pupils. The row says where a broadcast stands and is written in the
-- transaction of the event that says so; its words are in the event alone, sealed.
create table broadcasts (
  school_id uuid not null,
  broadcast_id uuid not null,
  state text not null check (state in ('drafted', 'approved', 'started', 'completed', 'cancelled')),
  drafted_at timestamptz not null,
  -- When it goes out, once it is approved.
  send_at timestamptz,
  -- The event that let it go out: what its notices follow from.
  approved_id uuid,
  changed_at timestamptz not null,
  -- It goes on in this epoch of the log alone: a restore sends nothing by itself.
  epoch uuid not null,
  primary key (school_id, broadcast_id)
);
create index broadcasts_due on broadcasts (send_at) where state in ('approved', 'started');
create index broadcasts_newest on broadcasts (school_id, drafted_at desc, broadcast_id);

-- Whom a broadcast went to, fixed when it started: by which channel, or why by none. The page of families shows it to
-- them all.
create table broadcast_recipients (
  school_id uuid not null,
  broadcast_id uuid not null,
  guardian_id uuid not null,
  -- The pupil for whom the guardian gets it.
  student_id uuid not null,
  channel text check (channel in ('whatsapp', 'email')),
  why_not text,
  -- Its notice is asked for.
  asked boolean not null default false,
  primary key (school_id, broadcast_id, guardian_id),
  check ((channel is null) = (why_not is not null))
);
create index broadcast_recipients_waiting on broadcast_recipients (school_id, broadcast_id, guardian_id)
  where channel is not null and not asked;
create index broadcast_recipients_of_guardian on broadcast_recipients (school_id, guardian_id);

alter table deliveries add column broadcast_id uuid;
create index deliveries_of_broadcast on deliveries (school_id, broadcast_id) where broadcast_id is not null;

-- What others may wait for goes first, however much of the rest is due.
alter table deliveries add column rank smallint not null generated always as (
  case kind when 'no_entry' then 0 when 'early_leave' then 1 when 'correction' then 2 when 'late' then 3
    when 'broadcast' then 5 else 4 end) stored;
drop index deliveries_due;
create index deliveries_due on deliveries (channel, rank, due_at, delivery_id) where due_at is not null;

grant select, insert, update on broadcasts, broadcast_recipients to attendance_log_writer;

-- Schools apart, as in 0005_tenancy.sql: no request reads them.
do $$
declare
  t regclass;
begin
  foreach t in array array['broadcasts', 'broadcast_recipients']::regclass[] loop
    execute format('alter table %s enable row level security', t);
    execute format('alter table %s force row level security', t);
    execute format(
      'create policy log_writer_every_school on %s to attendance_log_writer using (true) with check (true)', t);
  end loop;
end $$;
