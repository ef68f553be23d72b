-- Guardians come in by a link that is sent to their address. The person is whoever reads that address: in each
-- school where a guardian has it, that guardian. The request role has no right to any of this.

-- Which guardian has which address. Keyed HMAC of the address in lower case, the same for all schools, so that one
-- link opens them all; a father and a mother may share one. Written in the transaction of the guardian's events.
create table guardian_mails (
  school_id uuid not null,
  guardian_id uuid not null,
  email_hmac bytea not null check (octet_length(email_hmac) = 16),
  primary key (school_id, guardian_id)
);
create index guardian_mails_of on guardian_mails (email_hmac);

-- The one link of an address: another one overwrites it, so an earlier one is nobody's.
create table family_links (
  email_hmac bytea primary key check (octet_length(email_hmac) = 16),
  -- Of the 256 random bits in the link, and of those in the cookie of the browser that asked.
  token_sha256 bytea not null unique check (octet_length(token_sha256) = 32),
  browser_sha256 bytea not null unique check (octet_length(browser_sha256) = 32),
  -- Of the cookie's bits with the six digits: without the browser nobody can try a million of them.
  code_sha256 bytea not null check (octet_length(code_sha256) = 32),
  -- Codes typed.
  tries smallint not null default 0,
  asked_at timestamptz not null,
  -- `203.0.113.0/24`
  asked_from text not null,
  expires_at timestamptz not null check (expires_at <= asked_at + interval '10 minutes'),
  redeemed_at timestamptz,
  redeemed_from text
);

-- Sessions of guardians: apart from the staff's, since they rest on an address and not on an account.
create table family_sessions (
  session_id uuid primary key,
  secret_sha256 bytea not null unique check (octet_length(secret_sha256) = 32),
  email_hmac bytea not null check (octet_length(email_hmac) = 16),
  created_at timestamptz not null,
  last_seen_at timestamptz not null,
  ends_at timestamptz not null,
  device text not null,
  network text not null,
  ended_at timestamptz
);
create index family_sessions_of on family_sessions (email_hmac, created_at);

grant select, insert, update, delete on guardian_mails to attendance_log_writer;
grant select on guardian_mails to attendance_auth;
grant select, insert, update, delete on family_links, family_sessions to attendance_auth;

-- A guardian's pupils.
create index guardian_links_of on roster.guardian_links (school_id, guardian_id);

-- Who looked at pupils' data, when, at what and by which right: beside the log, since a look is no fact of the school's
-- day and there are many. Never changed or deleted by anybody. No names, no addresses.
create table looks (
  school_id uuid not null,
  look_id bigint generated always as identity,
  looked_at timestamptz not null,
  who_kind text not null check (who_kind in ('account', 'guardian')),
  who_id uuid not null,
  -- What the person was in that school then: `ADMIN`, `DIRECTOR,INSPECTOR`, `GUARDIAN`.
  role text not null,
  what text not null check (what in ('board', 'pupils', 'course', 'audit', 'own_pupil')),
  -- The right by which: `pupils.read`.
  why text not null,
  -- Of one course, of one pupil, or, without either, of the whole school.
  course_id uuid,
  student_id uuid,
  session_id uuid not null,
  primary key (school_id, look_id),
  check (course_id is null or student_id is null)
);
create index looks_of_person on looks (school_id, who_id, looked_at);
create index looks_of_day on looks (school_id, looked_at);

create trigger looks_append_only before update or delete on looks
  for each statement execute function refuse_rewrite();
create trigger looks_never_truncated before truncate on looks
  for each statement execute function refuse_rewrite();

alter table looks enable row level security;
alter table looks force row level security;
create policy own_school on looks to attendance_request
  using (school_id = nullif(current_setting('app.school', true), '')::uuid)
  with check (school_id = nullif(current_setting('app.school', true), '')::uuid);
create policy log_writer_every_school on looks to attendance_log_writer using (true) with check (true);
grant select on looks to attendance_request;
grant select, insert on looks to attendance_log_writer;
