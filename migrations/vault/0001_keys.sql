-- The vault: a database of its own, with short backups of its own. Deleting a row here erases one
-- class of one person's data everywhere at once.
do $$
begin
  if not exists (select from pg_roles where rolname = 'attendance_vault') then
    begin
      create role attendance_vault nologin noinherit;
    exception when duplicate_object or unique_violation then null;
    end;
  end if;
  execute 'grant attendance_vault to current_user';
end $$;

create table data_keys (
  subject_id uuid not null,
  class text not null check (class in ('identity', 'contact', 'evidence', 'reason')),
  key_id uuid not null unique,
  school_id uuid not null,
  -- nonce ‖ ciphertext under the key-encryption key, which is in no database.
  wrapped bytea not null,
  created_at timestamptz not null,
  primary key (subject_id, class)
);
create index on data_keys (school_id);

-- Which keys were destroyed. Applied again after a restore; caches of opened values follow `change`.
create table shredded (
  change bigint generated always as identity primary key,
  school_id uuid not null,
  subject_id uuid not null,
  class text not null,
  key_id uuid not null,
  shredded_at timestamptz not null
);
create index on shredded (school_id, subject_id);

grant select, insert, delete on data_keys to attendance_vault;
grant select, insert on shredded to attendance_vault;
