-- Run once by the Postgres image on an empty data folder. The vault is a database of its own, so that
-- its backups can be its own.
create database attendance_vault;
