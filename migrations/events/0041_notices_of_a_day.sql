-- What else was said of a pupil that day is asked before every notice: of any kind, and of no one case.
drop index deliveries_of_case;
create index deliveries_of_day on deliveries (school_id, local_date, student_id);

-- What somebody's safety hangs on goes another way where one came to nothing, while it is news.
create index deliveries_detour on deliveries (expires_at)
  where kind in ('early_leave', 'correction') and state in ('requested', 'failed', 'suppressed');
