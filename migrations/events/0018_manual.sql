-- What people record by hand stands among the day's scans: read without a kiosk, with the reason's code and
-- who recorded it, until its author takes it back.
alter table live.live_scans alter column kiosk_id drop not null;
alter table live.live_scans alter column method drop not null;
alter table live.live_scans add column by_hand text;
alter table live.live_scans add column actor text;
-- Sealed under the pupil's key of the class `reason`.
alter table live.live_scans add column note text;
alter table live.live_scans add column withdrawn boolean not null default false;
alter table live.live_scans add constraint live_scans_read_or_by_hand
  check ((by_hand is null) = (kiosk_id is not null) and (by_hand is null) = (method is not null));

-- Of the same sum: how many stand by hand, and why the first entry and the last passage do, where they do.
alter table live.pupil_days add column by_hand integer not null default 0;
alter table live.pupil_days add column first_by_hand text;
alter table live.pupil_days add column last_by_hand text;

-- The coded reason of what people do to a pupil's day, where an event has one.
alter table audit.entries add column reason text;
