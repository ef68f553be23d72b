-- A day is replayed from the audit index alone, so the index keeps what the log says, as the log writes it, of the
-- events that a replay folds: of schools, courses, enrolments, gates and pupils' days. What is personal in them is
-- sealed. Rows from before this file have none until the model is rebuilt (`attendance rebuild audit`), and a replay
-- that meets one says so instead of leaving it out.
alter table audit.entries add column payload text;

-- Looks at a replayed day. What is there keeps the narrower rule, so nothing is checked again.
alter table looks drop constraint looks_what_check;
alter table looks add constraint looks_what_check
  check (what in ('board', 'pupils', 'course', 'audit', 'own_pupil', 'cases', 'case', 'replay')) not valid;
