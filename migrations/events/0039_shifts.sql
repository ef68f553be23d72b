-- A course's shift (jornada), where the school said it.
alter table roster.courses add column shift text;
