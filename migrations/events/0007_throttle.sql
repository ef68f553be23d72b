-- How fast a key may go on (GCRA): the instant at which its next try would be exactly on time. Not
-- logged: after a crash everybody starts with an empty bucket, and the local limit stands meanwhile.
create unlogged table throttle (
  -- SHA-256 of the limit's name and its key: no address and no account in clear.
  key bytea primary key check (octet_length(key) = 32),
  due timestamptz not null
);
create index throttle_due on throttle (due);
grant select, insert, update, delete on throttle to attendance_auth;
