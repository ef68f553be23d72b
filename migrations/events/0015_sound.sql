-- Who handed a one-time link out: it is void once that person may not any more. None where somebody at the server did.
alter table account_links add column issued_by uuid references accounts;
create index account_links_issued_by on account_links (issued_by) where used_at is null;

-- The school day that a look showed, where it was asked for: a course's day of last week shows who was in it then.
alter table looks add column of_date date;
-- What a family asks, of its pupil and of everybody, each without the rest.
create index looks_of_pupil on looks (school_id, student_id, looked_at) where student_id is not null;
create index looks_of_all on looks (school_id, looked_at) where student_id is null;
drop index looks_of_day;

-- The oldest programs of an account end where there are too many.
alter table token_families drop constraint token_families_end_reason_check;
alter table token_families add constraint token_families_end_reason_check
  check (end_reason in ('signed_out', 'ended_by_person', 'reuse', 'too_many'));

-- What an address came in by goes with the last guardian who had it.
grant select (email_hmac), delete on family_links, family_sessions to attendance_log_writer;
