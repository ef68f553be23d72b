-- A report is one more thing that is looked at. As a list of words this had to be written anew with each: what a word is
-- is the program's to say, that it is one is the table's.
alter table looks drop constraint looks_what_check;
alter table looks add constraint looks_what_check check (what ~ '^[a-z_]{1,32}$') not valid;
