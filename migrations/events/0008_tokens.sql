-- Programs that act for a person over the API. A family begins with a sign-in and lives on by rotating
-- refresh tokens; each is a row, so that one which comes a second time is known. Only who signs people in
-- reaches them.
create table token_families (
  -- What lists and access tokens call it (`sid`); opens nothing.
  family_id uuid primary key,
  account_id uuid not null references accounts,
  -- The one school that its access tokens open.
  school_id uuid not null,
  -- The account's when the family began: another one since then ends it.
  authz_epoch bigint not null,
  created_at timestamptz not null,
  -- When it last got a pair of tokens.
  last_used_at timestamptz not null,
  ends_at timestamptz not null,
  -- For the person's own list: what the program calls itself, and `203.0.113.0/24`.
  client text not null,
  network text not null,
  ended_at timestamptz,
  end_reason text check (end_reason in ('signed_out', 'ended_by_person', 'reuse')),
  check ((ended_at is null) = (end_reason is null))
);
create index token_families_of_account on token_families (account_id, created_at);

-- A pair: a refresh token and the access token that was given with it.
create table refresh_tokens (
  -- The access token's `jti`.
  token_id uuid primary key,
  -- Of 256 random bits, which are kept nowhere.
  token_sha256 bytea not null unique check (octet_length(token_sha256) = 32),
  family_id uuid not null references token_families on delete cascade,
  -- The one that it was given for; none of the first.
  parent_id uuid references refresh_tokens on delete cascade,
  issued_at timestamptz not null,
  -- A week unused, or the family's end.
  expires_at timestamptz not null,
  -- When it was given for its successor.
  consumed_at timestamptz,
  -- When the access token first opened something.
  access_used_at timestamptz,
  -- When another pair took its place before either of it was used: both open nothing any more.
  revoked_at timestamptz
);
create index refresh_tokens_of_family on refresh_tokens (family_id);
create index refresh_tokens_of_parent on refresh_tokens (parent_id);

-- Whether it gives or opens anything at that instant.
create function family_is_open(f token_families, a accounts, at timestamptz) returns boolean
language sql stable as $$
  select f.ended_at is null and f.ends_at > at
    and a.activated_at is not null and a.disabled_at is null and a.authz_epoch = f.authz_epoch
$$;

grant select, insert, update, delete on token_families, refresh_tokens to attendance_auth;
