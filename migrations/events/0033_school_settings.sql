-- What a school's day is judged by, from which date on: a change of today says nothing of yesterday.
create table roster.school_settings (
  school_id uuid not null,
  -- The local date on which it was said.
  effective_from date not null,
  -- {"zone","late_after_minutes",…}
  settings jsonb not null,
  position bigint not null,
  primary key (school_id, effective_from)
);

-- As the projector would have written it, up to where it is.
insert into roster.school_settings
select distinct on (e.school_id, e.local_date) e.school_id, e.local_date, (e.payload -> 'settings')::jsonb, e.position
from events e
where e.aggregate_type = 'school' and e.event_type in ('registered', 'settings_changed')
  and e.position <= coalesce((select max(c.position) from checkpoints c where c.read_model = 'roster'), 0)
order by e.school_id, e.local_date, e.position desc;

grant select, insert, update, delete on roster.school_settings to attendance_projector;
grant select on roster.school_settings to attendance_request, attendance_worker;

-- Schools apart, as in 0005_tenancy.sql.
alter table roster.school_settings enable row level security;
alter table roster.school_settings force row level security;
create policy own_school on roster.school_settings to attendance_request
  using (school_id = nullif(current_setting('app.school', true), '')::uuid)
  with check (school_id = nullif(current_setting('app.school', true), '')::uuid);
create policy projector_every_school on roster.school_settings to attendance_projector using (true) with check (true);
create policy worker_every_school on roster.school_settings to attendance_worker using (true) with check (true);
