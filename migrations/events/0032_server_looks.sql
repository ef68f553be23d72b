-- Whoever runs the server reads names at its command line, too: a look like any other. No id: the program does not know who it is.
alter table looks drop constraint looks_who_kind_check;
alter table looks add constraint looks_who_kind_check check (who_kind in ('account', 'guardian', 'server')) not valid;
