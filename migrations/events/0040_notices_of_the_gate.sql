-- What passes at the gate is told too: such a notice is of a day, and of no case.
alter table deliveries alter column slot_id drop not null;
