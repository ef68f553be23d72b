-- A guardian is kept out by nobody: links stand side by side, and a browser in which a guardian came in is known.

-- A link belongs to the browser that asked. Whoever else asks for the same address voids nothing; how many there may
-- be at once follows from how often may be asked.
alter table family_links drop constraint family_links_pkey;
alter table family_links drop constraint family_links_token_sha256_key;
alter table family_links add primary key (token_sha256);
-- When its digits were first shown: until then nobody but a guesser can type them.
alter table family_links add column shown_at timestamptz;
create index family_links_of on family_links (email_hmac, expires_at);

-- Browsers in which whoever reads an address came in. Knowing one opens nothing: it has limits of its own.
create table family_browsers (
  -- Of the 256 random bits in its cookie. Several addresses may use one browser.
  secret_sha256 bytea not null check (octet_length(secret_sha256) = 32),
  email_hmac bytea not null check (octet_length(email_hmac) = 16),
  -- When the address last came in there.
  known_at timestamptz not null,
  primary key (secret_sha256, email_hmac)
);
create index family_browsers_by_age on family_browsers (known_at);

grant select, insert, update, delete on family_browsers to attendance_auth;
