-- Accounts of the staff: who they are, what they may do in which school, and what they prove themselves
-- by. Identity and credential are tables apart, so that another credential is another table. Whatever
-- changes here is also an event in the streams of the account's schools, in the same transaction; the
-- events hold no secret. The request role has no right to any of this.
do $$
begin
  if not exists (select from pg_roles where rolname = 'attendance_auth') then
    begin
      create role attendance_auth nologin noinherit;
    exception when duplicate_object or unique_violation then null; -- another database was migrated at this moment
    end;
  end if;
  execute 'grant attendance_auth to current_user';
end $$;

-- A person, once on the installation.
create table accounts (
  account_id uuid primary key,
  -- Keyed HMAC of the address in lower case; null once erased.
  email_hmac bytea unique,
  -- Sealed under the account's own keys, which belong to no school.
  name text not null,
  email text not null,
  created_at timestamptz not null,
  -- When a password was chosen first.
  activated_at timestamptz,
  -- Since when every school that it is a member of keeps it out.
  disabled_at timestamptz,
  -- Grows whenever roles, credentials or state change: a session that began under another one is over.
  authz_epoch bigint not null default 1
);

-- In which schools, and since when a school keeps the person out.
create table account_members (
  school_id uuid not null,
  account_id uuid not null references accounts,
  invited_at timestamptz not null,
  disabled_at timestamptz,
  primary key (school_id, account_id)
);
create index on account_members (account_id);

-- What a person may do now. The roles of a member who is disabled are in the log alone until the member
-- is enabled, so whoever reads this table needs no second condition.
create table account_roles (
  account_id uuid not null,
  school_id uuid not null,
  role text not null check (role in ('ADMIN', 'DIRECTOR', 'INSPECTOR', 'AUDITOR', 'OWNER')),
  granted_at timestamptz not null,
  primary key (account_id, school_id, role),
  foreign key (school_id, account_id) references account_members
);
create index on account_roles (school_id, role);

create table account_passwords (
  account_id uuid primary key references accounts,
  -- Argon2id, as a PHC string.
  phc text not null,
  changed_at timestamptz not null
);

create table account_totp (
  account_id uuid primary key references accounts,
  -- Sealed.
  secret text not null,
  begun_at timestamptz not null,
  -- When a first code was shown: until then it is no second factor.
  confirmed_at timestamptz,
  -- Number of the last 30 seconds that a code was used of: none is used twice (RFC 6238 section 5.2).
  last_step bigint not null default 0
);

-- One-time links, by the SHA-256 of a secret that is shown once.
create table account_links (
  token_sha256 bytea primary key,
  account_id uuid not null references accounts,
  purpose text not null check (purpose in ('activate', 'reset')),
  issued_at timestamptz not null,
  expires_at timestamptz not null check (expires_at <= issued_at + interval '24 hours'),
  used_at timestamptz
);
create index on account_links (account_id);

-- Whoever holds a session is told at once that the account changed.
create function accounts_tell() returns trigger
language plpgsql as $$
begin
  perform pg_notify('attendance_accounts', new.account_id::text);
  return null;
end $$;
create trigger accounts_tell after update of authz_epoch on accounts
  for each row when (old.authz_epoch <> new.authz_epoch) execute function accounts_tell();

-- The log's writer changes accounts together with their events. It writes credentials and reads none.
grant select, insert, update on accounts, account_members, account_links to attendance_log_writer;
grant select, insert, delete on account_roles to attendance_log_writer;
grant select (account_id), insert, update, delete on account_passwords to attendance_log_writer;
grant select (account_id, begun_at, confirmed_at, last_step), update (confirmed_at, last_step), delete
  on account_totp to attendance_log_writer;

-- Sign-in reads all of it, and writes what is no fact: a hash made anew with other parameters, a code's
-- step, a second factor that is not confirmed yet.
grant select on accounts, account_members, account_roles, account_passwords, account_totp, account_links
  to attendance_auth;
grant update (phc) on account_passwords to attendance_auth;
grant insert (account_id, secret, begun_at), update (secret, begun_at, last_step) on account_totp to attendance_auth;
grant select on log_epoch to attendance_auth;
