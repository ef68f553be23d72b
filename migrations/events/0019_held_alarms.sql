-- What a school's alarms are held back by (domain::school::Settings): of a hundred missing at once, and minutes after
-- the deadline. A school registered before has the defaults, as its events read.
alter table roster.schools
  add column mass_alarm_percent smallint not null default 25,
  add column stale_after_minutes smallint not null default 90;
alter table roster.schools
  alter column mass_alarm_percent drop default,
  alter column stale_after_minutes drop default;
