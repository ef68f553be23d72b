-- Passkeys of the staff (WebAuthn). The device keeps the private key; here is the public one, apart from
-- identity and in no event.
create table account_passkeys (
  -- What lists and forms call it.
  passkey_id uuid primary key,
  account_id uuid not null references accounts,
  -- The device's own name for it.
  credential_id bytea not null unique check (octet_length(credential_id) between 1 and 1023),
  -- The host that it belongs to: of no use under another one.
  rp_id text not null,
  -- What its person calls it. Sealed.
  name text not null,
  -- Public key and what the device said of itself, as the library keeps it.
  credential json not null,
  -- How often it signed, by its own count; 0 of a key that is kept on several devices and counts nothing.
  sign_count bigint not null check (sign_count >= 0),
  created_at timestamptz not null,
  last_used_at timestamptz
);
create index account_passkeys_of_account on account_passkeys (account_id);

-- What a device was asked to sign: used once, by whatever process the answer comes to.
create table passkey_challenges (
  -- Of 256 random bits, which only the asking page has.
  secret_sha256 bytea primary key check (octet_length(secret_sha256) = 32),
  purpose text not null check (purpose in ('register', 'sign_in', 'second_factor')),
  -- Whose; nobody's yet where a passkey alone shall say who it is.
  account_id uuid references accounts,
  -- What the answer is compared with, the challenge itself among it.
  state json not null,
  expires_at timestamptz not null,
  check ((account_id is null) = (purpose = 'sign_in'))
);
create index passkey_challenges_by_age on passkey_challenges (expires_at);

-- As with other credentials: the log's writer adds and removes, and reads none; sign-in reads, and writes what
-- is no fact.
grant select (passkey_id, account_id), insert, delete on account_passkeys to attendance_log_writer;
grant select, update (credential, sign_count, last_used_at) on account_passkeys to attendance_auth;
grant select, insert, delete on passkey_challenges to attendance_auth;

-- `enrolment`: the password was right, and the account has no second factor yet. It opens nothing but the pages
-- that add one.
alter table sessions drop constraint sessions_stage_check;
alter table sessions add constraint sessions_stage_check check (stage in ('second_factor', 'enrolment', 'open'));
