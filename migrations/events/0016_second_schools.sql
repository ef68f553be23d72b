-- A school that invites a person whom another school has: it counts once the person accepts. Apart from
-- account_members, so that whoever asks for an account's schools does not find these. The request role has no
-- right to it.
create table account_offers (
  school_id uuid not null,
  account_id uuid not null references accounts,
  roles text[] not null check (roles <@ array['ADMIN', 'DIRECTOR', 'INSPECTOR', 'AUDITOR', 'OWNER']),
  offered_at timestamptz not null,
  primary key (school_id, account_id)
);
create index account_offers_of_account on account_offers (account_id);

grant select, insert, update, delete on account_offers to attendance_log_writer;
grant select on account_offers to attendance_auth;

-- Whether somebody of a school was shown the link: a password that was chosen by such a one proves nothing to other
-- schools. Unknown of those of before, which live for a day.
alter table account_links add column shown boolean not null default true;

-- The authz_epoch since which the account proves itself by what it does now, or since it was last shut out: browsers
-- that it knew before are known no longer. Roles leave it as it is.
alter table accounts add column secrets_epoch bigint not null default 1;
-- The account's authz_epoch when it came in there.
alter table known_browsers add column authz_epoch bigint not null default 0;
update known_browsers k set authz_epoch = a.authz_epoch from accounts a where a.account_id = k.account_id;

-- Where an address came in is forgotten with the last guardian who had it.
grant select (email_hmac), delete on family_browsers to attendance_log_writer;
