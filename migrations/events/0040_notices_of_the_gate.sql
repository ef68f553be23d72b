-- What passes at the gate is told too: such a notice is of a day, and of no case.
alter table deliveries alter column slot_id drop not null;

-- Who let a channel go on, and when: a person of the staff by their account, or none by the command line.
alter table delivery_channels add column resumed_at timestamptz, add column resumed_by uuid;
