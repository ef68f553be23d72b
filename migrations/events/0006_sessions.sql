-- Web sessions. Only who signs people in reaches them: the role that answers requests has no grant here.
create table sessions (
  -- What lists and logs call it; opens nothing.
  session_id uuid primary key,
  -- Of the 256 random bits in the cookie, which are kept nowhere.
  secret_sha256 bytea not null unique check (octet_length(secret_sha256) = 32),
  account_id uuid not null references accounts,
  -- `second_factor`: the password was right and the code is still asked for. It opens nothing.
  stage text not null check (stage in ('second_factor', 'open')),
  -- Codes tried at the second factor.
  attempts smallint not null default 0,
  -- The account's when the session began: another one since then ends it.
  authz_epoch bigint not null,
  created_at timestamptz not null,
  last_seen_at timestamptz not null,
  rotated_at timestamptz not null,
  stepped_up_at timestamptz not null,
  idle_seconds integer not null check (idle_seconds > 0),
  ends_at timestamptz not null,
  -- For the person's own list: `Firefox · Linux` and `203.0.113.0/24`.
  device text not null,
  network text not null,
  ended_at timestamptz,
  end_reason text check (end_reason in ('signed_out', 'ended_by_person', 'credential_changed', 'replaced')),
  check ((ended_at is null) = (end_reason is null))
);
create index sessions_of_account on sessions (account_id, created_at);

-- Whether it opens anything at that instant.
create function session_is_open(s sessions, a accounts, at timestamptz) returns boolean
language sql stable as $$
  select s.stage = 'open' and s.ended_at is null
    and s.ends_at > at and s.last_seen_at + make_interval(secs => s.idle_seconds) > at
    and a.activated_at is not null and a.disabled_at is null and a.authz_epoch = s.authz_epoch
$$;

grant select, insert, update, delete on sessions to attendance_auth;

-- Browsers in which somebody signed in: whoever guesses at the account elsewhere does not slow them down.
create table known_browsers (
  -- Of the 256 random bits in its cookie. Several accounts may use one browser.
  secret_sha256 bytea not null check (octet_length(secret_sha256) = 32),
  account_id uuid not null references accounts,
  -- When the account last signed in there.
  known_at timestamptz not null,
  primary key (secret_sha256, account_id)
);
create index known_browsers_of_account on known_browsers (account_id);

grant select, insert, update, delete on known_browsers to attendance_auth;
