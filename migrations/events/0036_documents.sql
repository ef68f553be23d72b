-- Documents that families hand in are kept sealed by an S3 service. Of each a row, written before the document is handed
-- over: what no event speaks of a day later is thrown away, and so is whatever was an erased pupil's.
create table documents (
  school_id uuid not null,
  document_id uuid not null,
  student_id uuid not null,
  -- The day whose events are to speak of it.
  local_date date not null,
  noted_at timestamptz not null,
  -- Since when an event is known to speak of it.
  kept_at timestamptz,
  -- Its pupil was erased: nobody can open it any more, and it is thrown away.
  erased boolean not null default false,
  -- Since when it is being thrown away: it is handed over no more.
  claimed_at timestamptz,
  primary key (school_id, document_id)
);
create index documents_to_judge on documents (noted_at) where kept_at is null or erased or claimed_at is not null;
create index documents_of_pupil on documents (school_id, student_id);

grant select, insert, update, delete on documents to attendance_log_writer;

-- Schools apart, as in 0005_tenancy.sql: no request reads it.
alter table documents enable row level security;
alter table documents force row level security;
create policy log_writer_every_school on documents to attendance_log_writer using (true) with check (true);
