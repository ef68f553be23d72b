# Texts of the pages. Plain, warm, exact words; 24-hour times.

product = Attendance
skip-to-content = Skip to content
nav-label = Places
nav-today = Today
nav-wall = Wall
nav-schools = Schools
today = Today
back-to-today = Back to Today

# Dates and ages
date-full = { $date } { $year }
date-long = { $weekday } { $day } { $month }
weekday-mon = Monday
weekday-tue = Tuesday
weekday-wed = Wednesday
weekday-thu = Thursday
weekday-fri = Friday
weekday-sat = Saturday
weekday-sun = Sunday
month-1 = January
month-2 = February
month-3 = March
month-4 = April
month-5 = May
month-6 = June
month-7 = July
month-8 = August
month-9 = September
month-10 = October
month-11 = November
month-12 = December
ago-tenths = { $seconds } s ago
ago-seconds = { $n } s ago
ago-minutes = { $n } min ago
ago-just-now = just now
ago-hours = { $n } h ago
ago-days = { $n ->
    [one] { $n } day ago
   *[other] { $n } days ago
}

# Statuses
status-missing = no entry
status-absent = absent
status-unknown = no information
status-late = late
status-pending = not due yet
status-inside = inside
status-justified = justified
status-early-leave = left early
status-left = left
status-not-expected = not expected today
count-missing = { $n ->
   *[other] no entry
}
count-absent = { $n ->
   *[other] absent
}
count-unknown = { $n ->
   *[other] no information
}
count-late = { $n ->
   *[other] late
}
count-pending = { $n ->
   *[other] not due yet
}
count-on-time = { $n ->
   *[other] on time
}
count-inside = { $n ->
   *[other] inside
}
count-unexpected = { $n ->
   *[other] inside though not expected
}
count-justified = { $n ->
   *[other] justified
}
count-early-leave = { $n ->
   *[other] left early
}
count-left = { $n ->
   *[other] left
}
count-not-expected = { $n ->
   *[other] not expected today
}

# The answer
answer-label = The day in brief
answer-of = of { $expected } inside
answer-before-time = The school day has not begun. The first entry is at { $time }.
answer-before = The school day has not begun.
answer-spoken = { $inside } of { $expected } inside, { $late ->
   *[other] { $late } late
}, { $missing } without an entry.
bar-title = How today's arrivals are going
empty-title = There are no pupils yet
empty-what-to-do = To begin, load the school's list (a spreadsheet saved as CSV):
empty-file = list.csv
nobody-title = Nobody is expected today
nobody-no-slot = The weekly schedule has no classes on { $date }. Nobody is shown without an entry.
nobody-no-schedule = No course has a schedule that is valid on { $date }. Nobody is shown without an entry.
nobody-closed = All courses are closed on { $date }. Nobody is shown without an entry.
nobody-set = Nobody is expected on { $date }. Nobody is shown without an entry.
nobody-mixed = No course has classes on { $date }. Nobody is shown without an entry.

# Banners
stale-title = These figures are not up to date.
stale-detail = They show what was recorded until { $time }.
stale-nothing-yet = They do not show anything of what was recorded yet.
stale-kept = The gates go on storing every scan.
restored-title = A backup of the log was restored.
restored-detail = These figures are from before the restore and are being computed again.
restored-means = Do not decide by them until this notice is gone. The gates send again whatever is missing.
silent-title = Nothing heard from { $gate }.
silent-detail = Silent since { $time }.
silent-several = { $n ->
    [one] Nothing heard from { $n } gate.
   *[other] Nothing heard from { $n } gates.
}
silent-one-of = { $gate } (since { $time })
silent-means = Pupils who came in there may be shown here without an entry.
offline-title = The connection to the server was lost.
offline-detail = What you see may be old. It is being tried again; nothing needs to be done.

# Freshness
fresh-live = Updated { $ago }
fresh-now = Up to date
fresh-stale = Not updated for a while: last { $ago }
fresh-restored = From before a restore
fresh-as-of = at
fresh-tap = card to screen in { $time }

# Courses
courses = Courses
courses-whole = { $n ->
   *[other] { $n } complete
}
courses-none = The courses appear here once the list is loaded.
course-of = of { $expected }
course-whole = complete
course-empty = This course has no pupils.
course-as-of = As recorded at { $time }.
why = Why
course-shared = What holds for the course
fact-left = left at { $time }
fact-late = came in at { $time }, { $minutes ->
    [one] { $minutes } minute late
   *[other] { $minutes } minutes late
}
fact-entered = came in at { $time }
fact-no-entry = no entry on record
why-schedule = The weekly schedule valid since { $since } applies.
why-course-own-times = The course has other times on this day ({ $reason }).
why-course-half-day = The course has a half day, until { $time } ({ $reason }).
why-course-nobody = The course is not expected at the gate on this day ({ $reason }).
why-no-classes = The school suspended classes on this day ({ $reason }): not expected.
why-recovery = A recovery day with times of its own.
why-recovery-as = A recovery day with the schedule of { $weekday }.
why-half-day = A half day, until { $time } ({ $reason }).
why-outing = The whole school is out on this day: not expected at the gate.
why-holiday = A holiday: not expected.
why-no-slot = The course's schedule has no classes on this day: not expected.
why-no-schedule = The course has no valid schedule yet: not expected.
why-course-closed = The course is closed: not expected.
why-not-enrolled = Enrolled from a later day: not expected.
why-withdrawn = The enrolment has ended: not expected.
why-slot = Expected from { $entry } to { $exit }. Late from { $late }; without a record by { $missing }, shown without an entry.
why-entered = First entry on record at { $time }.
why-entered-doubtful = There is an entry around { $time }, but the gate's clock could not be trusted: lateness is not judged.
why-entered-before-doubtful = There is an earlier entry around { $time }, but the gate's clock could not be trusted: when the pupil first came is not known, and lateness is not judged.
by-hand = by hand
by-hand-forgot-card = left the card at home
by-hand-lost-card = lost the card
by-hand-card-not-read = the card could not be read
by-hand-gate-failed = the kiosk did not work
by-hand-other-door = came in by another door
by-hand-other = another reason
by-hand-early-leave = early leave
by-hand-correction = approved correction
leave-unwell = feels unwell
leave-appointment = medical or other appointment
leave-family = family matter
leave-other = another reason
by-hand-entry = Entry at { $time }, by hand.
by-hand-exit = Exit at { $time }, by hand.
by-hand-recorded = { $who } recorded it at { $time }: { $reason }.
by-hand-somebody = Somebody of the school
by-hand-record = Record entry
by-hand-record-exit = Record exit
by-hand-options = Reason and time of what is recorded by hand
by-hand-reason = Reason
by-hand-time = Time
by-hand-time-hint = Empty means now.
by-hand-note = Note (optional)
by-hand-note-hint = Seen by the school’s staff alone. Better without health data.
by-hand-done = The entry at { $time } was recorded by hand:
by-hand-done-exit = The exit at { $time } was recorded by hand:
by-hand-undo = Undo
by-hand-undone = Undone: that entry does not count any more. Both steps stay on record.
by-hand-bad-time = Nothing was recorded: the time is not understood. Write it as 08:05, or leave it empty to record now.
by-hand-bad-note = Nothing was recorded: the note has over 200 letters, or signs that cannot be kept.
by-hand-not-enrolled = Nothing was recorded: not enrolled on that day.
by-hand-in-the-future = Nothing was recorded: that time has not come yet.
by-hand-another-day = Nothing was recorded: that time belongs to another day.
by-hand-before-day = Nothing was recorded: the school is not open yet at that time (before 05:00). If it was in the afternoon, write for instance 15:15.
by-hand-unknown = Nothing was undone: there is no such entry.
by-hand-not-its-author = Nothing was undone: somebody else recorded it. Whoever did can undo it, or the school’s direction.
by-hand-too-late = Nothing was undone: over 15 minutes have passed. The school’s direction can undo it now.
by-hand-withdrawn = Nothing was recorded: that same entry was undone. Record it again from this page.
problem-entry-withdrawn = That entry was recorded and undone. Record another one.
problem-entry-of-another = Somebody else recorded that entry. Whoever did can undo it, or the school’s direction.
problem-entry-too-old = Over 15 minutes have passed since that entry was recorded. The school’s direction can undo it.
problem-adult-barred = That person is barred by a court order and may not take the pupil. The attempt is on record.
problem-leave-open = An early leave of that pupil is open already.
problem-already-justified = That day is justified already.
problem-too-many-waiting = Too many justifications of that day wait for an answer.
problem-decided-otherwise = It was decided otherwise before. Look at it again.
problem-may-not-collect = That person may not collect the pupil.
problem-not-linked = That person is not linked to the pupil.
problem-identity-mismatch = The document is not that person's, or it was not said that it was looked at.
problem-unknown-passage = There is no such record, or it counts no more.
problem-not-enrolled = Not enrolled in the school on that day.
problem-time-in-future = That time has not come yet.
problem-time-of-another-day = That time is not of the day that is named.
problem-time-before-day = That time is before 05:00, when the school is not open yet.
why-by-hand = Not by the card: a person recorded it by hand ({ $reason }).
why-no-entry = There is no entry on record.
why-in-time = On time.
why-late = { $minutes ->
    [one] { $minutes } minute late.
   *[other] { $minutes } minutes late.
}
why-not-due = The limit has not passed: nothing is concluded.
why-limit-passed = The limit has passed.
why-gates-awaited = The gates have not all said yet that no scan is waiting: nothing is concluded before.
why-day-closed = The day was closed at { $time } with every scan received: it counts as absent. A scan or an entry by hand that comes later corrects it.
why-gate-silent = A gate has not been heard: there may be scans still to come, so nothing is concluded.
why-justified = The absence or lateness is justified: { $reason }.
why-left-early = It was an early leave, authorised at { $time }: { $reason }.
why-went-out = Went out at { $time }.
why-exit-without-entry = There is an exit at { $time } without an entry before it: an entry was not read.
why-scanned-anyway = Not expected, but there is something on record today.

# Days that differ
reason-weather = storm or climate emergency
reason-services = no water, power or heating
reason-emergency = emergency
reason-health = health measure
reason-strike = strike or occupation
reason-bridge-day = bridge day
reason-polling-place = polling place
reason-staff-meeting = teachers' meeting
reason-ceremony = ceremony or anniversary
reason-assessment = national test or other assessment
reason-outing = outing
reason-vacation = vacations
reason-other = another reason
day-holiday = Holiday: { $name }
day-no-classes = No classes: { $reason }
day-no-classes-by = No classes: { $reason } (resolution { $number })
day-recovery-as = Recovery day with the schedule of { $weekday }
day-recovery-at = Recovery day, { $stays }
day-half = Half day, until { $time }: { $reason }
day-outing = Outing of the whole school

# Scans
stream = Last scans
stream-none = No scans yet today. They appear here as soon as somebody taps a card.
direction-entry = entry
direction-exit = exit
scan-late = { $minutes } min late
erased = erased
name-unknown = name not available yet
flag-echo = repeated
flag-repeated-entry = second entry without an exit
flag-exit-without-entry = exit without an entry
flag-low-confidence-time = doubtful time
flag-clock-ahead = clock ahead
flag-late-sync = reached the server late
flag-revoked-credential = revoked card
flag-withdrawn-pupil = withdrawn pupil
flag-lane-mismatch = against the lane's direction

# Gates
gates = Gates
gates-none = There is no kiosk at any gate yet. To add one:
lane-entry = entry
lane-exit = exit
lane-choice = both ways
gate-seen = seen { $ago }
gate-silent = silent since { $time }
gate-never = never heard from
gate-revoked = kiosk revoked
queue-empty = nothing waiting
queue-drained = all received { $ago }
queue-waiting = { $n } waiting
queue-waiting-since = { $n } waiting; all before received { $ago }
quarantined = { $n ->
    [0] No scans to review
    [one] { $n } scan to review
   *[other] { $n } scans to review
}

# Kiosks
nav-kiosks = Kiosks
gates-more = How each kiosk is
kiosks-answer-label = How many kiosks are calling
kiosks-answer-of = of { $n } are calling
kiosks-revoked-title = Revoked
kiosk-state-calling = calling
kiosk-state-silent = silent
kiosk-state-revoked = revoked
kiosk-last-seen = Last call
kiosk-queue = Waiting
kiosk-last-scan = Last scan
kiosk-no-scan = none yet
kiosk-clock = Clock
kiosk-clock-right = right
kiosk-clock-ahead = { $by } ahead
kiosk-clock-behind = { $by } behind
kiosk-version = Program
kiosk-untold = not told
kiosk-odd = To look into
kiosk-gaps = { $n ->
    [one] { $n } run of scans that did not come when it should
   *[other] { $n } runs of scans that did not come when they should
}
kiosk-forks = { $n ->
    [one] { $n } number used twice: it may be a copied or restored device
   *[other] { $n } numbers used twice: it may be a copied or restored device
}
kiosk-manage = Change the lane or revoke
kiosk-back = All kiosks
kiosk-health-title = How it is
kiosk-lane-now = Lane: { $lane }
kiosk-lane-title = Change the lane
lane-entry-what = Whoever scans here enters.
lane-exit-what = Whoever scans here leaves.
lane-choice-what = Entry or exit is chosen at the kiosk.
kiosk-lane-what = It counts for what is scanned from now on: a scan in the other direction is marked. The kiosk does not learn of it from here yet; change its own setting, too.
kiosk-lane-to = Change to { $lane }
kiosk-turned = The lane was changed.
kiosk-turned-meanwhile = Somebody else changed the lane meanwhile: it is { $lane } now. Your change was not made.
kiosk-is-revoked = This kiosk is revoked: its lane does not change any more, and it is not used again.
kiosk-kept-changing = The kiosk changed at every try. The change was not made; please try again.
kiosk-no-lane = Choose a lane.
kiosk-revoke-title = Revoke
kiosk-revoke-for = For a kiosk that is lost, stolen or no longer used.
kiosk-revoke-begin = Revoke…
kiosk-revoke-ask = Revoke { $gate }?
kiosk-revoke-not = No, go back
kiosk-revoke-trust = Within two seconds it is trusted no longer: it gets no more lists of cards, and does not count when it is judged whether scans are missing.
kiosk-revoke-scans = Nothing that it still sends is lost: it is kept, to be reviewed.
kiosk-revoke-waiting = { $n ->
    [one] The last time { $n } scan was waiting on it.
   *[other] The last time { $n } scans were waiting on it.
}
kiosk-revoke-for-good = This cannot be undone. To use the device again it has to be enrolled anew.
kiosk-revoke-last = No other kiosk is calling now: without this one there will be no scans.
kiosk-revoke-send = Revoke { $gate }
kiosk-revoked-done = The kiosk was revoked.

# Calendar
nav-calendar = Calendar
calendar-today = Today, { $date }
calendar-today-usual = Classes as the schedule says.
calendar-today-nobody = No classes by the schedule.
calendar-today-expected = { $pupils ->
    [one] { $pupils } pupil is expected
   *[other] { $pupils } pupils are expected
} from { $courses ->
    [one] { $courses } course.
   *[other] { $courses } courses.
}
calendar-none-today = No classes today
calendar-set-title = Set a day that differs
calendar-days-title = Days that differ in { $month }
calendar-days-none = None: every day is as the schedule says.
calendar-months = Other months
calendar-month = { $month } { $year }
calendar-covered = { $day } (the school set something else)
calendar-by = Set by { $name } on { $date } at { $time }
calendar-at = Set on { $date } at { $time }
calendar-clear = Take back
calendar-back = Back to the calendar
calendar-date = Date
calendar-date-wrong = Write a date, such as 2026-06-23.
calendar-name = Name of the holiday
calendar-name-wrong = Write the name of the holiday, at most 80 letters.
calendar-exit = End of the day
calendar-exit-hint = Whoever would come after it is not expected.
calendar-exit-wrong = Write when the day ends, from 06:00 on.
calendar-as = With the schedule of
calendar-as-none = none: at the times below
calendar-from = From
calendar-to = Until
calendar-times-missing = Choose the weekday to follow, or write from when to when.
calendar-times-wrong = Write both times; the end comes after the beginning.
calendar-reason = Reason
calendar-reason-choose = Choose a reason
calendar-reason-missing = Choose a reason.
calendar-resolution = Number of the resolution (REX)
calendar-resolution-hint = If there is none yet, leave it empty and set the day again once there is.
calendar-resolution-wrong = Write the number of the resolution alone, such as 1234.
calendar-only = For some courses only
calendar-only-hint = With none ticked it is for the whole school.
calendar-course-unknown = One of the courses is not open any more. Nothing was changed.
calendar-other-year = One of the courses is not of that year.
calendar-holiday-whole = A holiday is of the whole school: for some courses choose "No classes".
calendar-kept-changing = Somebody else was changing the same. Nothing was changed; try again.
calendar-review = Review
calendar-ask = { $day }, on { $date }?
calendar-touches-label = Whom it touches
calendar-touches = It touches { $pupils ->
    [one] { $pupils } pupil
   *[other] { $pupils } pupils
} of { $courses ->
    [one] { $courses } course
   *[other] { $courses } courses
}.
calendar-effect-nobody = Nobody is expected: nobody will be shown without an entry, and cards are still read.
calendar-effect-half = The day ends earlier; whoever would come after it is not expected.
calendar-effect-expected = Pupils are expected at those times: whoever does not come will be shown without an entry.
calendar-sure = Yes, set it
calendar-done-set = The day is set.
calendar-done-cleared = Taken back: the schedule applies again, or the holiday if there is one.
calendar-done-same = It was so already: nothing to change.
kind-no-classes = No classes
kind-half-day = Half day
kind-outing = Outing
kind-recovery = Recovery day
kind-holiday = Holiday
course-day-nobody = not expected at the gate: { $reason }
course-day-at = other times, { $stays }: { $reason }

# Choosing
choose-school = Choose a school
schools-all = { $n } schools
schools-some = In { $n } of { $of } schools; the others have no figures at the moment.
schools-no-figures = Its figures could not be computed in time; they are on its page Today.
no-school-title = Your account belongs to no school
no-school-what-to-do = Whoever administers the school can give access.

# Errors
error-not-found-title = This page does not exist
error-not-found = The address may be mistyped, or what it led to may no longer exist.
error-too-many-title = Too many tries
error-too-many = Somebody tried too often from here. Wait a while. If you asked for a link, look in your mail first.
error-forbidden-title = Your account has no access to this
error-forbidden = Nothing was changed. Whoever administers the school can give access.
error-request-title = The request was not understood
error-request = Nothing was changed. Go back and try again.
error-unavailable-title = The system is not answering right now
error-unavailable = Wait a few seconds and load the page again.
error-internal-title = Something failed on our side
error-internal = Load the page again. If it happens again, tell whoever runs the system and give them the code.
error-nothing-lost = Scans at the gates are not lost: each kiosk keeps them until the server has them.
error-code = Code: { $code }

# Refusals of the API
problem-malformed-json = The body is not valid JSON.
problem-malformed-request = The request cannot be read.
problem-invalid-grant = Address, password, code or token is not valid.
problem-second-factor-required = The code of the two-step verification is needed, too.
problem-unauthenticated = No session is open.
problem-step-up = The password must be given again.
problem-forbidden = This account may not do that here.
problem-kiosk-unauthenticated = The kiosk did not authenticate with its secret.
problem-kiosk-revoked = The kiosk was revoked.
problem-cross-site = Another web site made the request.
problem-not-found = There is nothing at this address.
problem-method-not-allowed = This address does not take that method.
problem-request-timeout = The request took too long; it may be repeated.
problem-conflict = Another request is changing the same thing; it may be repeated.
problem-lane-changed = Somebody else changed the kiosk's lane meanwhile.
problem-no-show-not-found = There is no such case.
problem-no-show-closed = The case was closed already.
problem-no-show-acknowledged = Somebody is looking after the case already.
problem-body-too-large = The body is too large.
problem-uri-too-long = The address is too long.
problem-unsupported-media-type = The body must be application/json.
problem-misdirected-request = This server does not answer for that host.
problem-invalid-body = The body does not have the expected shape.
problem-invalid-parameter = A parameter of the address is not valid.
problem-invalid-cursor = The cursor is not one of this list.
problem-invalid-batch = The batch does not have the expected shape.
problem-empty-batch = The batch holds no scan.
problem-too-many-scans = The batch holds more than 500 scans.
problem-school-required = The school must be named.
problem-schedule-invalid = The schedule is not valid.
problem-day-invalid = What was asked for the day is not valid.
problem-course-closed = The course is closed.
problem-idempotency-key-required = Idempotency-Key is missing or not a UUID.
problem-idempotency-key-reused = The same Idempotency-Key came with another request.
problem-internal = The system failed; it is not the user's fault.
problem-tokens-off = This installation gives no tokens to programs.
problem-replay-needs-rebuild = The index of the log is of an earlier version and must be built anew once.
problem-unavailable = The system cannot reach its database; try again.
problem-too-many-tries = Too many tries; wait a little before the next one.
problem-overloaded = Too much work is waiting; try again.

# Importing a list
import-file-empty = the file is empty
import-file-is-workbook = it is an Excel workbook; save it as "CSV UTF-8 (comma delimited)" and import that file
import-file-too-large = the file is too large (at most 16 MB)
import-file-without-header = no header row with at least "Name" and "Course" was found
import-file-with-open-quote = a quotation mark that opens in row { $row } is never closed
import-run-scientific = the spreadsheet rounded the RUN (such as 1.2E+07) and lost its digits; format the column as text and write it again
import-run-check-digit = the check digit does not belong to the RUN; look for a typing error
import-run-without-check-digit = the RUN lacks its check digit; write it whole, such as 12.345.678-5
import-run-two-check-digits = the check digit in its own column differs from the one in the RUN; leave the right one only
import-run-unreadable = not understood as a RUN; write it as 12.345.678-5, or leave the cell empty if there is none
import-name-missing = the name is missing; write it
import-name-incomplete = given or family names are missing: there is one word only; write both
import-name-unreadable = the name holds digits or signs that do not belong in a name; leave letters only
import-text-mangled = accents or ñ are damaged; export the list again as "CSV UTF-8"
import-text-too-long = the text is too long; shorten it
import-course-missing = the course is missing; write it as 1° Básico A
import-course-unreadable = the course is not understood; write it as 1° Básico A, 4° Medio C, NT1 or Kínder A
import-phone-unreadable = the phone is not understood; write it as 9 1234 5678 or +56 9 1234 5678
import-phone-eight-digits = the phone has eight digits: add the 9 of a mobile, or the area code of a landline
import-mail-unreadable = the mail address is not understood; it should look like name@domain.cl
import-guardian-name-missing = there is a guardian's RUN, phone or mail, but no name; write it
import-too-many-cells = the row has more cells than the header: a separator inside a cell has moved the columns; remove it, or put that cell in quotes
import-duplicate-run = this RUN stands in row { $row } already
import-ambiguous-pupil = cannot be told from the pupil of row { $row } (same name and course); add the RUN to both
import-ambiguous-registered = several pupils of this name and course are registered; add the RUN
import-ambiguous-move = a pupil of this name is registered in another course; add the RUN
import-guardian-contradiction = this guardian has other data in row { $row }; make them the same in both
import-pupil-withdrawn = this pupil is withdrawn from the school, and the import takes nobody back; remove the row
import-changed-meanwhile = somebody changed this while the list was applied; run it again
import-not-applied = could not be saved; run the import again
import-rows = Rows
import-new = new
import-changed = changed
import-unchanged = unchanged
import-rejected = with errors
import-guardians = Guardians new or changed
import-courses = Courses to open (then set their schedule)
import-unused-columns = Columns not used
import-row = Row
import-pupil = Pupil
import-course = Course
import-data = Data
import-creates = new
import-changes = changes
import-in-row = row { $row }
import-in-column = row { $row }, column { $column } «{ $header }»
import-errors = Errors (a row with an error is skipped whole)
import-end-nothing-saved = There was nothing to change.
import-end-saved = Saved. New rows: { $new }; changed: { $changed }.
import-end-nothing-planned = Nothing was saved, and there is nothing to change.
import-end-planned = Nothing was saved yet; with --apply what is above is saved.
import-end-rejected = Rows with errors, which are not saved: { $n }. Correct them and import the whole file again; what is saved already is neither lost nor repeated.
import-field-run = RUN
import-field-names = name
import-field-course = course
import-field-card = card
import-field-guardian = new guardian
import-field-guardian-run = guardian's RUN
import-field-guardian-name = guardian's name
import-field-guardian-phone = guardian's phone
import-field-guardian-mail = guardian's mail
import-field-guardian-link = guardian linked

# In and out, accounts, people.
nav-account = My account
nav-people = People
nav-log = Security
sign-out = Sign out
sign-in-title = Sign in
sign-in-send = Sign in
sign-in-refused = The address or the password is not right.
sign-in-activated = Your password is saved. You can sign in now.
sign-in-no-account = Whoever administers the school creates accounts. If you forgot your password, ask for a new link.
code-title = Two-step verification
code-what = Type the six digits that your authenticator app shows.
code-refused = The code is not right, or was used. Wait for the next one.
code-again = Begin again
activate-title = Choose a password
activate-what = The link that you received lets you choose a password once. It is valid for 24 hours.
activate-send = Save password
activate-link-not-valid = The link is not valid: it was used, has expired or is incomplete. Ask whoever administers the school for a new one.
field-email = E-mail address
field-password = Password
field-current-password = Current password
field-new-password = New password
field-repeat-password = Repeat the new password
field-code = Code
field-name = Name
field-role = Role
field-link = Link or activation code
field-link-hint = Filled in when you open the link; otherwise paste it here.
password-title = Change password
password-send = Change password
password-hint = 15 to 128 characters; several words do well. Without the school's name or yours.
password-ends-sessions = Changing it ends your other sessions.
password-differs = The two new passwords differ.
password-wrong = The password is not right.
password-too-short = The password is too short: it needs at least 15 characters.
password-too-long = The password is too long: it may have up to 128 characters.
password-guessable = That password is easy to guess. Choose words that have nothing to do with the school or with you.
account-password-changed = Your password was changed and your other sessions ended.
account-totp-set = From now on a code is asked for when you sign in. Your other sessions ended.
account-totp-removed = No code is asked for any more when you sign in. Your other sessions ended.
account-sessions-ended = Sessions ended.
account-programs-ended = Access was removed.
sessions-title = Open sessions
session-this = This session
session-device-unknown = Unknown browser
session-end = End
session-end-others = End all others
programs-title = Programs with access
programs-what = Programs that act for you over the API.
program-unknown = Unnamed program
program-reused = Its access was removed: somebody used a copy of its key. If it was not you, change your password.
program-end = Remove access
program-end-all = Remove access from all
totp-title = Two-step verification
totp-on = After the password, a code of your authenticator app is asked for when you sign in.
totp-off = With a code of an authenticator app, the password alone is not enough to come in.
totp-begin = Add two-step verification
totp-start = Begin
totp-begin-again = Begin with a new key
totp-remove = Remove two-step verification
totp-type-it = Type this key into your authenticator app. It is shown only now.
totp-open = Open in this device's app
totp-confirm = Confirm
confirm-title = Confirm that it is you
confirm-what = What follows matters, so you are asked again. It counts for five minutes.
confirm-send = Continue
people-invite = Invite a person
people-invite-send = Create invitation
people-disabled = Suspended: cannot enter this school
people-not-activated = Has not chosen a password yet
people-two-steps = With two-step verification
people-disable = Suspend
people-end-sessions = End their sessions
people-enable = Reinstate
people-new-link = Create a link to choose a password
people-invalid-name = Type a name of up to 100 letters.
people-of-another-school = The account belongs to another school, too: only whoever runs the installation does this.
people-not-a-member = That person is not of this school.
people-last-admin = This is the last person who administers the school: there must be another first.
people-is-disabled = That person is suspended.
people-cannot = That cannot be done with this account.
role-admin = Administrator
role-director = Director
role-inspector = Inspector
role-auditor = Auditor
role-owner = Network owner
link-title = One-time link
link-what = Hand it to the person by a safe way. It is shown only now and is valid for 24 hours.
link-mailed = We sent it to the person by e-mail. It is valid for 24 hours; nobody else sees it.
link-back = Back to People
log-what = What happened to the school's accounts, newest first.
log-empty = There is nothing yet.
log-older = Older
log-invited = Invited
log-link-issued = A link to choose a password was made
log-activated = Account activated
log-role-granted = A role was given
log-role-revoked = A role was taken back
log-disabled = Account suspended
log-enabled = Account reinstated
log-credential-changed = Password or two-step verification changed
log-credential-removed = A passkey or the code of the two-step verification was removed
log-signed-in = Signed in
log-session-ended = Session ended
log-throttled = Attempts to sign in slowed down
log-refresh-reuse-detected = A copy of a program’s key was used; its access was removed
log-erased = Account's data erased
session-last-seen = Last used: { $ago }
people-change = Roles and access of { $name }
people-grant = Give the role { $role }
people-revoke = Take back the role { $role }
log-actor-cli = the server's command line
log-actor-system = the system
log-by = by { $who }
letter-change-subject = A change to your { $product } account
letter-change-text = { $what }

    If it was you, there is nothing to do. If it was not, tell whoever administers the system at your school now, and change your password at { $url }/cuenta

    This message is automatic; there is no need to answer.
letter-password-changed = The password of your account was changed. All other sessions were ended.
letter-password-by-link = A password for your account was chosen by a one-time link.
letter-totp-set = Two-step verification by codes of an app was added to your account.
letter-totp-removed = Two-step verification by codes of an app was removed from your account.
letter-staff-link-subject = Your access to { $product }
letter-staff-link-text = With this link you choose your password for { $product }. It works once, for 24 hours:

    { $link }

    If you did not expect it, do nothing. Do not forward this message: whoever opens it chooses your password.
letter-link-subject = Your link to { $product }
letter-link-text = This link takes you to { $product }. It works once, for ten minutes:

    { $link }

    Open it on the phone or computer where you asked for it and press “Sign in”. On another device it shows a six-digit code.

    If you did not ask for it, do nothing: without the device that asked, this link opens nothing. Do not forward this message.
sign-in-family = I am a guardian: sign in with my e-mail
family-enter-title = Sign in as a family
family-enter-what = Type the e-mail address that you gave the school. We send you a link to sign in; you need no password.
field-email-wrong = That address is not complete: it should look like name@domain.com.
family-enter-send = Send me the link
family-enter-no-account = If your address changed, ask the school to correct it.
family-enter-staff = I work at the school: sign in with a password
family-sent-title = Check your e-mail
family-sent-what = If that address is a guardian's, the link arrives within a minute and works for ten minutes.
family-sent-how = Open it on this same device and press “Sign in”.
family-sent-nothing = Nothing there? Look in the spam folder, or ask the school which address of yours it has.
family-again = Ask for another link
family-code-title = Did you open it on another device?
family-code = Six-digit code
family-code-hint = The one that the link shows when it is opened on the other device.
family-code-refused = The code is not right or no longer valid. After five tries you need another link; if that does not help either, open it on this device.
family-link-title = One more tap
family-link-what = Press “Sign in” to see your pupils.
family-link = Link
family-elsewhere-title = Your code
family-elsewhere-what = This is not the device where you asked for the link. Type this code there:
family-elsewhere-warning = Tell it to nobody, not even by phone. If you did not ask to sign in, close this page.
family-void-title = The link no longer works
family-void-what = It was used, more than ten minutes have passed, or another one was asked for since. Nothing was lost: ask for a new one.
family-title = Your pupils today
family-empty = There is no pupil that you may see with this address. If you think that is a mistake, talk to the school.
family-more = See the details
family-more-of = See the details of { $name }
family-back = Back to your pupils
family-no-taps = No entries or exits are recorded today.
family-why = How this is known
looks-title = Who looked
looks-back = Back to Security
looks-what = Each time a person sees pupils' data, it is written down. The same seen again within five minutes counts once.
looks-empty = Nobody has looked yet.
looks-of-school = the whole school
looks-of-pupil = pupil { $id }
looks-why = by the right to { $why }
right-board = see the board of the day
right-pupils = see pupils' data
right-audit = see the log
right-audit-replay = replay a day
right-no-show = see who did not enter
right-no-show-act = look after who did not enter
right-manual = record by hand and review requests
right-own-pupil = see their own pupils
right-server = run the server
look-board = Board of the day
look-pupils = List of pupils
look-course = A course's day
look-audit = Index of the log, without names
look-replay = A replayed day, pupil by pupil
look-cases = Cases of no entry
look-case = A pupil's case, with the family's phones
look-own-pupil = The family's page
look-times = { $n ->
    [one] once
   *[other] { $n } times
}
role-guardian = Guardian
role-server = Whoever runs the server
family-looks-what = People who saw data of this pupil in the last 30 days, also as part of the course or of the whole school.
family-looks-you = You
family-looks-relative = Another member of the family

# Passkeys.
passkeys-title = Passkeys
passkeys-what = With a passkey you sign in by the fingerprint, face or PIN of your phone or computer, without a password. Where somebody imitates this page, the passkey does not work.
passkey-add = Add a passkey
passkey-what = Your phone or computer will ask for your fingerprint, face or PIN. A USB or NFC security key works, too.
passkey-name = Name of the passkey
passkey-name-hint = To recognise it later: “Phone of the inspector’s office”, for example.
passkey-name-wrong = Type a name of up to 60 letters for the passkey.
passkey-create = Create the passkey
account-back = Back to My account
passkey-remove = Remove
passkey-unused = Not used yet
passkey-used = { $days ->
    [0] Used today
    [one] Used yesterday
   *[other] Used { $days } days ago
}
passkey-use = Continue with the passkey
passkey-second = Confirm that it is you with your passkey.
passkey-refused = The passkey could not be checked. Try again.
passkey-late = The answer came too late, or was used. Try again.
passkey-elsewhere = There are no passkeys under this address. Open the site as { $origin }
passkey-unable = This browser does not know passkeys. Use a newer one, or another device.
passkey-waiting = Follow the instructions of your device.
passkey-cancelled = Your device did not answer, or it was cancelled. Try again.
passkey-already = This device has a passkey of your account already.
passkey-often = There were many tries in a row. Wait a minute.
passkey-failed = It did not work. Check the connection and try again.
passkey-without-scripts = Passkeys need JavaScript, and it is turned off in this browser. Turn it on for this site, or use another browser.
sign-in-or = or
sign-in-passkey = Sign in with a passkey
code-lost = Did you lose the device? Whoever administers the school can remove your two-step verification, so that you add it anew.
account-passkey-added = The passkey was added. Your other sessions were ended.
account-passkey-removed = The passkey is of no use any more. Your other sessions were ended.
log-passkey-copy-suspected = A passkey was refused: there may be a copy of it
letter-passkey-added = A passkey was added to your account.
letter-passkey-removed = A passkey was removed from your account.
letter-passkey-copied = One of your passkeys was refused, because there may be a copy of it. Remove it under “My account” and add another.
enrol-title = Protect your account
enrol-what = Before you go on, add two-step verification: a passkey or a code, beside the password. It is done once and takes a minute.
enrol-what-strict = You decide what others may see, so your account needs a passkey. It is done once and takes a minute.
enrol-passkey = Passkey
enrol-code = Code of an app
enrol-code-what = An authenticator app on your phone shows a code that changes every half minute.
enrol-code-begin = Use an app
factor-needed = It is all that protects your account beside the password. Add another passkey first.
people-reset-factors = Remove two-step verification
letter-factors-reset = Whoever administers your school removed the passkeys and the code of your account. The next time you sign in with your password, add two-step verification anew. If you did not ask for it, tell the school.
family-sessions-title = Who came in with this address
family-sessions-what = Each time somebody came in with this address. If you do not recognise one, close it and tell the school.
family-session-open = Open
family-session-over = Closed
people-pending = Pending: the person has not accepted yet
people-withdraw = Withdraw the invitation
people-has-not-answered = That person has not accepted the invitation yet.
people-has-answered = That person has accepted and belongs to this school now.
people-told-title = Invitation pending
people-told = We told the person by mail. The invitation counts once they accept it in “My account”; until then you can withdraw it.
invitations-title = Invitations
invitations-what = If you accept, that school will see your name and address. With more than one school, none of them alone can give you a link to change your password or take your two-step verification away. Accepting ends your other sessions.
invitation-accept = Accept { $school }
invitation-decline = Decline { $school }
invitation-accepted = You accepted the invitation. Your other sessions ended.
invitation-declined = You declined the invitation.
log-membership-offered = Invitation of somebody who has an account already
log-membership-accepted = Invitation accepted
log-membership-declined = Invitation declined
log-membership-withdrawn = Invitation withdrawn
letter-invitation-subject = An invitation in { $product }
letter-invitation-text = A school invited you to work with it in { $product }. Sign in with your account as always, and accept or decline the invitation in “My account”:

    { $url }

    Nothing changes until you accept. If you did not expect it, decline it.

# No entry: who did not come
nav-cases = Cases
cases-title = No entry
cases-answer-label = How many pupils have no entry still
cases-open = { $n ->
    [one] pupil without entry
   *[other] pupils without entry
}
cases-count-review = { $n ->
   *[other] to review
}
cases-count-told = { $n ->
    [one] with a notice asked for
   *[other] with a notice asked for
}
cases-count-seen = { $n ->
    [one] looked after
   *[other] looked after
}
cases-review-title = To review
cases-told-title = Notice to the family asked for
cases-seen-title = Looked after by somebody
cases-ended-title = Closed that day
cases-days = Other days
cases-none-nobody = Nobody is expected today
cases-none-looked = { $n ->
    [one] { $n } pupil without an entry on record, and no case yet
   *[other] { $n } pupils without an entry on record, and no case yet
}
cases-none-looked-why = It was due a moment ago, or the gates still have to say that nothing waits on them. The case opens by itself, within minutes.
cases-none-due = Nobody is due yet
cases-none-due-why = { $n ->
    [one] { $n } pupil is expected.
   *[other] { $n } pupils are expected.
}
cases-none-open = Nobody without entry
cases-none-to-come = { $n ->
    [one] { $n } is still to come, and not due yet.
   *[other] { $n } are still to come, and not due yet.
}
cases-none-all = { $n ->
    [one] The only pupil who was expected came.
   *[other] All { $n } who were expected came.
}
cases-none-that-day = No case was opened on that day
cases-mass = { $n ->
    [one] { $n } pupil without entry
   *[other] { $n } pupils without entry
}
cases-mass-release = { $n ->
    [one] Tell { $n } family…
   *[other] Tell the { $n } families…
}
cases-mass-who = Who they are
cases-release-title = Tell the families of { $course }?
cases-release-not = No, go back
cases-release-none = No case of this course is held any more: they came, the notice was asked for, or somebody looks after them.
cases-release-whom = { $n ->
    [one] It will be asked that the family of this pupil be told:
   *[other] It will be asked that the families of these pupils be told:
}
cases-release-send = { $n ->
    [one] Yes, tell { $n } family
   *[other] Yes, tell the { $n } families
}
cases-measured-title = The last 30 days
cases-measured-opened = Cases
cases-measured-n = { $n ->
    [one] { $n } case
   *[other] { $n } cases
}
cases-measured-found = Known after it was due (median)
cases-measured-seen = Looked at after it was opened (median)
cases-measured-false = Notices that should not have been
cases-measured-of = { $n } of { $all }
case-back = All cases
case-due = due { $time }, { $ago }
case-held-new = Just opened.
case-held-gate = A gate is silent: the pupil may have entered without anybody knowing. It was not asked that the family be told.
case-held-mass = Too many are missing at once: it may be a bus, a gate, or a day without classes that nobody entered. It was not asked that the families be told.
case-held-stale = It was known long after it was due. It was not asked that the family be told.
case-told = Notice to the family asked for at { $time }.
case-seen = { $who } has been looking after it since { $time }.
case-seen-you = You have been looking after it since { $time }.
case-arrived = Entered at { $time }.
case-justified = Justified: { $reason }.
case-entered-before = Had entered in time, at { $time }; the record came later.
case-not-expected = Was not expected. { $why }
case-left-early = Left early at { $time } with an authorised adult.
case-not-due = The schedule was changed, and it is not due yet.
case-said-opened = An entry was due by { $time }, and none is on record.
case-said-held = To be reviewed. { $why }
case-said-told = It was asked that the family be told.
case-said-seen = Somebody looks after it; nobody else is told.
case-by-you = you
case-by-program = the program, by its rules
case-by-somebody = somebody else
case-see = I am looking after it
case-call = Call
case-release = Tell the family
case-justify = Justify
case-reason-illness = illness
case-reason-appointment = medical appointment
case-reason-family = family matter
case-reason-other = another reason
case-done-seen = It is noted that you are looking after it.
case-done-released = The notice to the family was asked for.
case-done-released-all = The notice was asked for, to the families that were still without.
case-done-justified = It was justified.
case-refused-closed = The case was closed already. Nothing was done.
case-refused-seen = Somebody is looking after it already: no notice to the family was asked for.
case-refused-changing = The case changed at every try. Nothing was done; please try again.
case-refused-reason = Choose a reason. Nothing was done.
case-stands-title = How it stands
case-family-title = Whom to call
case-family-none = There are no guardians on record for this pupil.
case-story-title = What happened
guardian-legal = legal representative
guardian-notify = receives notices
guardian-collect = may collect
guardian-restricted = Do not call: a court order bars it.
guardian-no-phone = no phone on record

# A day, as it was known
replay-title = Replay a day
replay-what = The day as it was known at a moment and as it is known now, from the log, which nobody can change.
replay-date = Day
replay-time = At what time
replay-known = By what was known on
replay-known-hint = Left empty, by what was known at that same time.
replay-filters = Look for somebody
replay-pupil = Pupil's name
replay-course = Course
replay-actor = Recorded by
replay-kiosk = Gate
replay-shown = Show
replay-anybody = All
replay-only-changed = Only those who stand otherwise now
replay-all = All pupils
replay-show = Show
replay-moves = Some minutes before or after
replay-answer-label = Summary
replay-about = As of
replay-as-known = By what was known on
replay-changed = { $n ->
    [one] pupil stands otherwise now
   *[other] pupils stand otherwise now
}
replay-reasons = { $n ->
    [one] One more stands the same, for other reasons.
   *[other] { $n } more stand the same, for other reasons.
}
replay-table = Pupils by what was known and by what is known now
replay-status = Status
replay-then = Was known
replay-now = Is known now
replay-until = The log is here up to
replay-gates = What was known of the gates
replay-gate-silent = not heard since { $time }; what it read after that had not arrived.
replay-gate-drained = everything read until { $time } had arrived.
replay-gate-never = nothing was known of this gate.
replay-none = Nobody. By what is known now, the day looks as it looked.
replay-next = Show more
replay-csv = Download as a spreadsheet (CSV)
replay-not-on-board = was not listed
replay-same-otherwise = Stands the same, but is known for other reasons now.
replay-events = What is behind it
replay-no-events = There are no scans or entries by hand of that day.
replay-entered = Came in at { $time }
replay-left = Went out at { $time }
replay-doubts = Scan with doubts:
replay-taken-back = What was recorded by hand was taken back
replay-recorded = recorded on
replay-not-then = not known yet
replay-later = after that time
replay-by-family = the family
replay-by-gate = a gate
replay-wrong-date = That date cannot be understood.
replay-wrong-time = That time cannot be understood. It should be like 08:20.
replay-wrong-known = That moment cannot be understood. It should be a date with its time.
replay-in-future = That moment has not come yet.
replay-after-known = It cannot be before the time that is asked about: nobody knew yet what would happen.
replay-no-school = The log has nothing of this school yet.
replay-needs-rebuild = The index of the log is of an earlier version and must be built anew once. Whoever runs the server does it (attendance rebuild audit). Nothing is lost.
replay-nothing-then = At that moment the log had nothing of this school yet.
### Reports
nav-reports = Reports
look-report = Report
right-reports = see reports
reports-title = Reports
reports-tabs = Reports
reports-tab-month = Month
reports-tab-day = Day
reports-tab-absence = Absence and lateness
reports-tab-gates = Gates
reports-tab-list = Class list
reports-months = Other months
reports-other-days = Other days
reports-month = { $month } { $year }
reports-year = Year { $year }
reports-csv = Download as a sheet (CSV)
reports-legal = These figures are of entries and exits by the gates. They are not the attendance of the class book and do not replace it.
reports-rate = Entry rate
reports-rate-long = entry rate
reports-rate-none = The rate counts closed days: there is none yet.
reports-rate-of = { $entered ->
    [one] { $entered } day with an entry, of { $known } that are known.
   *[other] { $entered } days with an entry, of { $known } that are known.
}
reports-share = { $entered } of { $known }
reports-n-late = { $n ->
    [one] late entry
   *[other] late entries
}
reports-n-absent = { $n ->
    [one] absence
   *[other] absences
}
reports-n-justified = { $n ->
   *[other] justified
}
reports-n-unknown = no information
reports-n-open = not closed yet
reports-unknown-why = A day is left without information if a gate was not heard or if nobody of the whole school was read. It is no absence and not in the rate.
reports-expected = Expected
reports-in-time = In time
reports-late = Late
reports-absent = Absent
reports-justified = Justified
reports-missing = No entry, not closed
reports-pending = Still to come
reports-open = Not closed
reports-unknown = No information
reports-entered = Days with an entry
reports-known = Days known
reports-date = Date
reports-id = Identifier
reports-course = Course
reports-family-names = Family names
reports-given-names = Given names
reports-band = Band
reports-status = Status
reports-minutes = Minutes late
reports-first-entry = First entry
reports-left-at = Left
reports-late-synced = Scans that arrived late
reports-nobody-read = Nobody of the whole school was read on this day: nothing is concluded.
reports-nobody-read-head = Nobody was read
reports-gate = Gate
reports-scans = Scans
reports-longest-seconds = Longest wait, in seconds
reports-nothing = There are no days on which anybody was expected.
reports-days = By day
reports-day = Day
reports-courses = By course
reports-pupils = By pupil
reports-pupil = Pupil
reports-chart-title = How each day was
reports-chart-desc = { $n ->
    [one] { $n } day, { $from }. A bar with those in time, the late ones, the absences and those without information; the figures are in the table.
   *[other] { $n } days, from { $from } to { $to }. A bar for each day with those in time, the late ones, the absences and those without information; the figures are in the table.
}
reports-day-title = Report of the day
reports-nobody = Nobody was expected.
reports-not-yet = That day has not begun.
reports-today = The day is not over: absence is final an hour after its end.
reports-synced-late = { $n ->
    [one] Scans of { $n } pupil arrived late.
   *[other] Scans of { $n } pupils arrived late.
}
reports-pupil-title = A pupil's days
reports-one-in-time = in time
reports-one-late = late
reports-entered-at = Entered at { $time }.
reports-left-at-time = Left at { $time }.
reports-one-synced-late = The scan arrived late.
reports-minutes-late = ({ $n } min)
reports-band-severe = Severe absence (85 % or less)
reports-band-repeated = Repeated absence (more than 85 %, up to 90 %)
reports-band-normal = Normal (more than 90 %, less than 97 %)
reports-band-outstanding = Outstanding (97 % or more)
reports-scale = Bands of { $source }, applied to the entry rate. A justified absence is an absence too.
reports-promotion-reached = At or above 85 %. Promotion (Decreto 67) is decided by the attendance of the class book, not by this figure.
reports-promotion-below = Below 85 %. Promotion (Decreto 67) is decided by the attendance of the class book, not by this figure.
reports-absence-title = Repeated absence and lateness
reports-away = { $n ->
    [one] pupil with repeated or severe absence
   *[other] pupils with repeated or severe absence
}
reports-late-again = { $n ->
    [one] { $n } pupil with { $times } late entries or more in the month.
   *[other] { $n } pupils with { $times } late entries or more in the month.
}
reports-away-title = Repeated or severe absence
reports-late-title = Repeated lateness
reports-gates-title = Late scans and days without information
reports-unknown-days = { $n ->
    [one] day of which not all is known
   *[other] days of which not all is known
}
reports-unknown-title = Days without complete information
reports-synced-title = Scans that arrived late
reports-synced-none = All scans of the month arrived in time.
reports-synced-scans = { $n ->
    [one] { $n } scan, after { $span }
   *[other] { $n } scans, after up to { $span }
}
reports-list-title = Gates and class list
reports-list-what = Compares what was marked in the room with what the gates recorded.
reports-list-form = Compare a list
reports-list-file = CSV file
reports-list-label = Or the list pasted here, with its headings
reports-list-hint = Columns: date, course, pupil or RUN, and status (P present, T late, A absent). A file may hold a course’s whole year; some 800 rows, a course for a month, can be pasted from a spreadsheet.
reports-list-send = Compare
reports-list-kept = The list is not kept. Neither record corrects the other: each difference is a question for a person.
reports-list-found = Result
reports-list-differences = { $n ->
    [one] difference
   *[other] differences
}
reports-list-compared = { $n ->
    [one] { $n } row was compared.
   *[other] { $n } rows were compared.
}
reports-list-not-in-class = Entered and was not in the room
reports-list-not-entered = Was in the room without an entry on record
reports-list-gate-unknown = Was in the room, and the gate has no information
reports-list-unlisted = Not in the list
reports-list-problems = Rows that were not compared
reports-list-row = row { $row }
reports-list-marked = List: { $mark }
reports-marked-present = present
reports-marked-late = late
reports-marked-absent = absent
reports-list-size = No row was received, or too many. Nothing was compared.
reports-list-no-header = The row of headings was not found: date, course, pupil or RUN, and status are needed. Nothing was compared.
reports-list-open-quote = There is a quotation mark that never ends. Nothing was compared.
reports-row-date = the date cannot be read
reports-row-mark = the status is not present, late or absent
reports-row-pupil = the pupil is missing, or the RUN is not valid
reports-row-unknown = not found in that course on that day
reports-row-several = more than one person has that name in the course
reports-row-dates = of another month than the others, or not yet
reports-row-repeated = stood in a row before

# New school year
year-title = New school year
year-link = Open a school year
year-what = The same courses with their schedules, and every pupil in the next grade. Nothing changes before the first day of classes.
year-year = School year
year-year-hint = The one that begins.
year-wrong = It has to be this year or the next one.
year-from = First day of classes
year-from-hint = Until the day before everybody stays in the present course.
year-from-wrong = It has to be a day of that year.
year-repeat = Who repeats the grade
year-repeat-hint = RUN or IPE, one on each line. Empty if nobody does.
year-repeat-wrong = A line is not the RUN or IPE of a pupil of this school.
year-review = See what would happen
year-nothing = There are no courses of the year before: it is done already, or import the list.
year-plan = What would happen
year-pupils = pupils go on
year-begins = From { $date } { $year } on.
year-leaving = { $n ->
    [one] 1 leaves: there is no next grade.
   *[other] { $n } leave: there is no next grade.
}
year-unknown = The grade of { $course } is not known: its pupils stay where they are.
year-courses = Courses of { $year }
year-promoted = { $n ->
    [one] 1 comes
   *[other] { $n } come
}
year-repeating = { $n ->
    [one] 1 repeats
   *[other] { $n } repeat
}
year-there = { $n ->
    [one] 1 is there
   *[other] { $n } are there
}
year-nobody = Nobody yet
year-week-copied = With the schedule of the year before
year-week-own = With its own schedule
year-week-none = No schedule yet
year-open = Open { $year }
year-left = pupils still to go
year-going = What is done is saved. If it does not go on by itself, press the button.
year-failed = { $n ->
    [one] 1 could not be moved now.
   *[other] { $n } could not be moved now.
}
year-go-on = Go on with { $year }
year-done = { $year } is ready.
year-old-open = The courses of the year before stay open until the first day of classes; come back then to close them.
year-next = Import the list of the year afterwards: it moves whoever went another way.
# A pupil: early leave, justification, correction
nav-requests = Requests
look-pupil = Day of a pupil
leave-title = Early leave
leave-who = Who takes the pupil
leave-barred = { $who } is barred by a court order and may not take the pupil. If they come, tell the direction.
leave-nobody = Nobody may collect this pupil. Somebody has to be entered in the register first.
leave-no-number = (no number on record: look at a document with a photo)
leave-number = Number of the identity document
leave-number-hint = As on the document that the person shows.
leave-seen = I looked at a document with name and photo
leave-reason = Why the pupil leaves
leave-authorise = Authorise
leave-hand-over = When the pupil goes with that person, record it here.
leave-gone = Has gone
leave-stays = Stays after all
justify-title = Justification
justify-open = Justify this day
justify-reason = Cause
justify-accept = Justify
correct-title = Correction
correct-open = Correct a record of this day
correct-alone = It counts at once, and says that nobody else reviewed it.
correct-second = The direction has to approve it before it counts.
correct-do = Correct
correct-ask = Ask for the correction
correction-voids = Record that does not count
correction-no-passage = None
correction-adds = What is missing
correction-nothing = Nothing
correction-entry = An entry
correction-exit = An exit
correction-time = Time
correction-reason = Reason
correction-other-pupil = another pupil used the card
correction-wrong-time = the time is wrong
correction-wrong-direction = it was an entry and not an exit, or the other way round
correction-did-not-happen = it was recorded and did not happen
correction-not-recorded = it happened and was not recorded
correction-other = another reason
rejection-illegible = The document cannot be read.
rejection-no-document = A document is missing.
rejection-not-of-this-day = It is not of this day or of this pupil.
rejection-other = For another reason.
acts-title = What was done
act-kind-leave = Early leave
act-kind-justification = Justification
act-kind-correction = Correction
act-authorised = authorised, about to go
act-recorded = has gone
act-cancelled = stayed
act-blocked = blocked, barred person
act-submitted = handed in, to be reviewed
act-requested = asked for, to be reviewed
act-waiting = to be reviewed
act-accepted = accepted
act-approved = approved
act-approved-alone = made by the direction, without a second person
act-rejected = rejected
act-leave = { $who }, at { $time }: { $reason }.
act-justification = Cause: { $reason }.
act-because = Reason: { $reason }.
act-voids = A record counts no more.
act-adds-entry = An entry at { $time } is added.
act-adds-exit = An exit at { $time } is added.
act-told-authorised = Early leave authorised.
act-told-gone = It is recorded that the pupil has gone.
act-told-stays = The pupil stays: the early leave is void.
act-told-justified = It is justified.
act-told-rejected = It is rejected.
act-told-requested = Correction asked for. The direction has to approve it.
act-told-corrected = It is corrected.
act-told-left = It stays as it was.
act-told-barred = That person is barred by a court order and may not take the pupil. The attempt is on record, and the direction will see it.
act-told-may-not = That person may not.
act-told-identity = The document is not that person's, or it was not said that it was looked at. Nothing was authorised.
act-told-one-is-open = An early leave of this pupil is open already.
act-told-ended = It was decided before. Look at it again.
act-told-already = That day is justified already.
act-told-too-many = No more justifications of that day can be taken.
act-told-no-passage = Choose which record does not count, or what is missing.
act-told-time = That time is not valid for that day.
act-told-note = The note cannot be kept: it is too long or has strange characters.
act-told-not-enrolled = The pupil is not enrolled on that day.
act-told-no-adult = Choose who takes the pupil.
requests-title = Requests
requests-blocked = Blocked attempts to take a pupil
requests-waiting = To be reviewed
barred-title = { $n ->
    [one] A person barred by a court order asked for a pupil today.
   *[other] Persons barred by a court order asked for a pupil { $n } times today.
}
barred-see = See in Requests
requests-leaving = Authorised, about to leave
requests-none = There are no requests to review.
requests-accept = Accept
requests-reject = Reject
requests-approve = Approve
requests-take-back = Take the request back
family-justify = Justify today's absence or lateness
family-justify-hint = The school reviews it. Until then nothing changes.
family-justify-send = Send to the school
family-justify-sent = We have it. The school will review it.
family-justify-refused = It could not be taken: check the note, or the day is justified already.
pupil-open = Leave and more
# Settings and simulation
nav-settings = Settings
look-simulation = Simulation of a month
look-document = Document of a justification
document-label = Document (optional)
document-hint = A photo or a PDF of up to 8 MB. It is kept encrypted, and only the school’s staff sees it.
document-open = See the document ({ $kind }, { $kb } kB)
document-unfit = Nothing was kept: the file is neither a PDF nor a JPG or PNG photo that can be read.
document-too-large = Nothing was kept: the file is too large (up to 8 MB and 32 million pixels).
document-not-kept = Nothing was kept: documents cannot be kept right now. Try again in a few minutes.
right-settings = change the settings
problem-setting-out-of-range = A setting is beyond its limit.
problem-month-in-future = No day of that month is over yet.
problem-day-of-another-month = The date is not among the days of the month that are over.
settings-title = Settings of the school day
settings-done = The settings are saved and hold from today on.
settings-done-same = The settings were those already. Nothing new was saved.
settings-now = Today
settings-now-late = { $n ->
    [0] An entry is late from the first minute on.
    [one] An entry is late after { $n } minute.
   *[other] An entry is late after { $n } minutes.
}
settings-now-missing = { $n ->
    [0] Without an entry at the hour of entry the family is told.
    [one] Without an entry { $n } minute after the hour of entry the family is told.
   *[other] Without an entry { $n } minutes after the hour of entry the family is told.
}
settings-now-mass = If more than { $n } % of a course or of the school are missing at once, no family is told until a person has looked.
settings-now-mass-never = Notices are not held, however many are missing at once.
settings-now-stale = { $n ->
    [one] { $n } minute after that limit the notice no longer goes by itself.
   *[other] { $n } minutes after that limit the notice no longer goes by itself.
}
settings-change = Try other settings
settings-from-today = What is saved holds from today on. Earlier days are still judged by what was valid on them.
settings-late = Minutes of grace before an entry is late
settings-late-hint = From 0 to 240.
settings-missing = Minutes until a missing entry is told
settings-missing-hint = From 0 to 240, counted from the hour of entry.
settings-mass = Percentage that holds the notices
settings-mass-hint = From 1 to 100. With 100 they are never held.
settings-stale = Minutes in which the notice is still news
settings-stale-hint = From 1 to 600, counted from when it was due.
settings-minutes-wrong = Enter a number of minutes between 0 and 240.
settings-percent-wrong = Enter a percentage between 1 and 100.
settings-stale-wrong = Enter a number of minutes between 1 and 600.
settings-try = Try with the chosen month
settings-save = Save the settings
simulation-month = Month to try with
simulation-month-hint = Year and month, such as 2026-10. The days that are over are used.
simulation-month-wrong = Enter a year and a month, such as 2026-10.
simulation-in-future = No day of that month is over yet.
simulation-more = Also try another hour of entry or a day without classes
simulation-more-hint = They are only tried here. They are saved in the course's schedule and in the calendar.
simulation-entry = Hour of entry
simulation-entry-hint = Of the first slot of each weekday.
simulation-entry-wrong = Enter a time, such as 08:15.
simulation-course = Course
simulation-all-courses = All courses
simulation-course-unknown = There is no such course.
simulation-day-off = Day without classes
simulation-day-off-hint = A date of the same month.
simulation-another-month = Enter a date of the chosen month that is over.
simulation-title = Trial with { $month } { $year }
simulation-back = Back to the settings
simulation-cancel = Cancel
simulation-reading = Reading what was recorded…
simulation-progress = { $done } of { $all } days looked at
simulation-failed = The trial did not finish. Nothing was changed. Try again.
simulation-tried-nothing = No changes: this is how the month was.
simulation-tried-late = Grace before an entry is late: from { $before } to { $after } minutes
simulation-tried-missing = Limit for the notice: from { $before } to { $after } minutes
simulation-tried-mass = Percentage that holds the notices: from { $before } to { $after } %
simulation-tried-stale = Notice still news: from { $before } to { $after } minutes
simulation-tried-entry = Entry at { $time } in all courses
simulation-tried-entry-of = Entry at { $time } in { $course }
simulation-tried-off = No classes on { $date }
simulation-result = Result
simulation-no-days = Nobody was expected on those days: there is nothing to compare.
simulation-pupils = { $n ->
    [one] pupil with a day that differs
   *[other] pupils with a day that differs
}
simulation-flips = { $n ->
    [0] No pupil's day would count otherwise, in { $days } school days.
    [one] { $n } pupil's day would count otherwise, in { $days } school days.
   *[other] { $n } pupils' days would count otherwise, in { $days } school days.
}
simulation-notices = Notices to families
simulation-what = What would have happened
simulation-before = By what was valid
simulation-after = By what is tried
simulation-told = Notices sent by themselves
simulation-held-mass = Held: many missing at once
simulation-held-gate = Held: a silent gate
simulation-held-stale = Held: no news any more
simulation-notices-hint = As if nobody of the staff had touched them, by what was known at each moment. A held case is first seen by a person.
simulation-by-day = Day by day
simulation-same = No day would have been different.
simulation-day-flips = { $n ->
    [one] { $n } pupil differs
   *[other] { $n } pupils differ
}
simulation-day-notices = Notices: { $before } → { $after }
simulation-more-pupils = { $n ->
    [one] and { $n } more pupil
   *[other] and { $n } more pupils
}
simulation-then = Having looked
simulation-set-day = Set the day without classes in the calendar
simulation-set-schedule = The hour of entry is changed in each course's schedule, with the date from which it holds.
simulation-from-to = { $before } → { $after }
simulation-o-not-expected = not expected
simulation-o-in-time = in time
simulation-o-late = late
simulation-o-absent = absent
simulation-o-missing = no entry
simulation-o-pending = still to come
simulation-o-justified = justified
simulation-o-unknown = no information
### Who is inside, and roll calls
look-presence = Who is inside, by name
right-roll-call = call the roll
problem-roll-call-not-found = There is no such roll call.
problem-roll-call-ended = The roll call is over.
presence-link = Who is inside, and roll call
presence-title = Who is inside
presence-label = How many are inside
presence-inside = inside
presence-unknown = { $n ->
   *[other] of whom it is not known: expected, and without a record.
}
presence-silent = Silent gates: { $gates }.
presence-unknown-one = not known
presence-went-out = went out by the gate
presence-nobody = By the gates nobody is inside.
presence-no-course = Without a course today
presence-filter = One course
presence-all = All
roll-call = Roll call
roll-call-begin-means = A roll call shows each pupil who is inside, to mark who is safe. Several people can mark at once.
roll-call-begin-evacuation = Begin evacuation
roll-call-begin-drill = Begin drill
roll-call-drill-since = Drill since { $time }
roll-call-evacuation-since = Evacuation since { $time }
roll-call-of = of
roll-call-safe = safe
roll-call-progress = How many are safe
roll-call-to-find = To be found
roll-call-all-found = Nobody is missing of those known to have been inside.
roll-call-found = Safe
roll-call-mark = Safe
roll-call-marked = Marked
roll-call-undo = Undo
roll-call-end = End
roll-call-end-means = Marks that a phone without a connection sends later are taken all the same.
roll-call-end-now = End the roll call
roll-call-turn = It is an evacuation
roll-call-turn-means = If it is no drill any more, it goes on with the same marks.
roll-call-drill-ended = { $n ->
    [one] The drill of { $from } ended at { $to }: one pupil safe.
   *[other] The drill of { $from } ended at { $to }: { $n } pupils safe.
}
roll-call-evacuation-ended = { $n ->
    [one] The evacuation of { $from } ended at { $to }: one pupil safe.
   *[other] The evacuation of { $from } ended at { $to }: { $n } pupils safe.
}
roll-call-over = Today’s roll calls
roll-call-over-drill = Drill, { $from } to { $to }
roll-call-over-evacuation = Evacuation, { $from } to { $to }
roll-call-left = Who was not found
roll-call-left-title = Who was not found
roll-call-left-behind = Who was inside is still being gathered. Load the page again in a few seconds.
roll-call-left-nobody = Everybody known to have been inside was found.
roll-call-left-inside = inside at the end and not marked
roll-call-left-safe = { $n ->
    [one] One pupil was marked safe.
   *[other] { $n } pupils were marked safe.
}
roll-call-left-later = { $n ->
    [one] One of them was found later.
   *[other] { $n } of them were found later.
}
roll-call-left-means = By what the gates had told at its end. Marks that a phone sent later count at the time at which they were made. In print the list has a box beside each name.
roll-call-left-found = safe at { $time }
roll-call-away = No connection since {"{"}hora{"}"}: this is the last that was known, and marks are kept on this phone. Do not close this page.
roll-call-signed-out = The session ended. Marks are kept on this phone: sign in again and they are sent by themselves.
roll-call-set-aside = {"{"}n{"}"} of this phone's marks could not be recorded. Tell whoever leads the roll call.
roll-call-one-waits = 1 mark to be sent
roll-call-some-wait = {"{"}n{"}"} marks to be sent
roll-call-unknown-student = Not marked: that pupil is not of this school.
roll-call-none = Not done: there is no such roll call, or it is over.
roll-call-kept-changing = Not done: several people were marking at once. Try again.

# The courses' schedules.
schedule-all = Schedules of the courses
schedule-all-have = Every course with pupils has a schedule.
schedule-without = { $n ->
    [one] { $n } course has no schedule: its pupils are not expected.
   *[other] { $n } courses have no schedule: their pupils are not expected.
}
schedule-open = See the schedule
schedule-back = Back to the schedules
schedule-of = Schedule of { $course }
schedule-now = Today’s schedule
schedule-since = In force since { $date }.
schedule-none = No schedule yet: nobody is expected.
schedule-nobody = Nobody is expected on any day.
schedule-day-nobody = nobody is expected
schedule-closed = The course is closed since { $date }: its schedule changes no more.
schedule-slot = late from { $late }, without an entry at { $missing }
schedule-days = { $from } to { $to }
schedule-next = Another schedule from { $date }.
schedule-coming = Schedules already set for later
schedule-from-date = From { $date }
schedule-edit = Change
schedule-change = Change the schedule
schedule-from = First day on which it holds
schedule-from-hint = Everything before that day stays as it was.
schedule-from-wrong = Write a date, for example 23-06-2026.
schedule-from-past = It has to be today or later: days that have passed do not change.
schedule-from-far = It has to be within a year from today.
schedule-copy = Copy the schedule of another course
schedule-copy-of = Course
schedule-copy-choose = Choose a course
schedule-copy-do = Copy into the form
schedule-copied = Below is the schedule of { $course }. Review it and save it.
schedule-row = Stay { $n }
schedule-row-more = Another stay (if there is one)
schedule-row-days = Days of this stay
schedule-row-remove = Remove this stay
schedule-entry = Entry
schedule-exit = Exit
schedule-time-wrong = Write the time, for example 08:00.
schedule-no-day = Tick at least one day for this stay.
schedule-turned = The exit comes after the entry.
schedule-overlap = It overlaps another stay of the same day.
schedule-too-many = Too many stays: a week holds 35.
schedule-course-unknown = One of the courses is no longer open. Nothing was changed.
schedule-also = Also for other courses
schedule-also-hint = Those that are ticked will have this same schedule from the same day.
schedule-ask = Change the schedule from { $date }?
schedule-ask-today = It holds from today: today’s late arrivals and missing entries are judged again by the new schedule.
schedule-ask-nobody = The week is left empty: nobody will be expected, and nobody shown without an entry.
schedule-ask-replaced = It replaces the schedule that was already set from that same day.
schedule-ask-next = It holds until { $date }, when another schedule already set begins.
schedule-same = On that day this schedule already holds: there is nothing to change.
schedule-same-of = These already have it:
schedule-pupils = { $n ->
    [one] { $n } pupil
   *[other] { $n } pupils
}
schedule-before = before
schedule-after = new
schedule-sure = Yes, change it
schedule-edit-again = Edit again
schedule-done = The schedule is set.

# The school's pupils.
find-title = Find a pupil
find-label = Given or family name
find-hint = The beginning of each word is enough, with or without accents.
find-send = Find
find-found = Pupils found
find-nobody = Nobody in this school is called that.
find-in-no-course = No longer at the school
find-more = There are more: type another word.
admit-title = Enrol a pupil
admit-what = For whoever is not on the list.
admit-given = Given names
admit-family = Family names
admit-run = RUN or IPE (optional)
admit-run-hint = With its check digit. Whoever was at the school before comes back to the same file.
admit-from = From
admit-send = Enrol
admit-same = There is a pupil of that name in that course already. If this is another, give the RUN.
admit-taken = That RUN is another enrolled pupil’s.
file-title = Pupil’s file
file-open = File
file-day = See the day
file-course = Course
file-choose = Choose a course
file-since = since { $date }
file-from = From
file-gone-from = Withdrawn from { $date } on.
file-again = If the pupil comes back to the school:
file-move = Move to another course
file-withdraw = Withdraw from the school
file-withdraw-what = From that date on the pupil is not expected and the card is not valid. What was recorded is kept.
file-adults = Guardians
file-no-adults = Nobody is linked to this pupil.
file-another = Add a person
file-another-what = Whoever is in the register already (by RUN, or by name and contact) is taken from there, and nothing of it is changed.
file-name = Full name
file-phone = Phone (optional)
file-link = Add
file-enrolled = The pupil is enrolled. The card is given separately.
file-moved = The move is on record.
file-withdrawn = The withdrawal is on record.
file-linked = The person is linked.
file-linked-known = The person was in the register already and is linked now. Nothing of it was changed.
file-changed = The rights are changed.
file-unlinked = The person is linked to this pupil no more.
file-same = Nothing changed.
file-wrong-date = That date will not do: it is missing, or before the enrolment.
file-wrong-course = Choose an open course in which the pupil is not already.
file-gone = This pupil is withdrawn already.
file-wrong-name = That name will not do: it is empty, too long or has strange characters.
file-wrong-run = That RUN or IPE is not valid.
file-wrong-contact = The phone or the mail address cannot be read.
file-already-linked = That person is linked already: change the rights in the list.
right-legend = This person
right-legal = is the legal guardian
right-notify = receives notices
right-collect = may collect the pupil
right-view = may see the record
right-restricted = is barred by a court: no contact, no view, no notices
right-restricted-what = A court’s order wins over everything else, at once.
right-change = Change rights
right-save = Save
right-unlink = Unlink

progress-label = Progress
progress-of = { $done } of { $total }
list-title = Import the school's list
list-what = The sheet that the school has already, saved as CSV. What would change is shown first; nobody is withdrawn or deleted.
list-file = CSV file
list-file-hint = With at least a column of names and one of courses.
list-no-file = Choose a file.
list-no-list = The file will not do: { $why }.
list-year-hint = This year or the next.
list-from-hint = First day of new enrolments and moves.
list-review = See what would change
list-plan = What would change
list-new = new pupils
list-changes = Changes by row
list-some = { $listed } of { $n } are shown.
list-write = { $n ->
    [one] Save { $n } row
   *[other] Save { $n } rows
}
list-left = rows still to be saved
list-going = What is done is saved. If it does not go on by itself, press the button.
list-failed = { $n ->
    [one] { $n } row could not be saved now: go on to try again.
   *[other] { $n } rows could not be saved now: go on to try again.
}
list-go-on = Go on saving
list-done = { $n ->
    [one] The list is saved: { $n } row.
   *[other] The list is saved: { $n } rows.
}
list-next = If courses were opened, set their schedules
list-another = Import another file
shift = Shift
shift-unsaid = Not said
shift-morning = Morning
shift-afternoon = Afternoon
shift-full-day = Full day
shift-evening = Evening
open-title = Open a course
open-what = One more course of this year or the next. Set its schedule afterwards.
open-course-hint = Grade and letter, such as 1° Básico C, 3° Medio A or Kínder B.
open-send = Open the course
open-taken = That course exists under another name, or is closed.
open-done = The course is open. Set its schedule: without one nobody is expected.
open-there = That course was open already.
open-changed = The course was changed.
open-details = Name and shift
open-name = What it is called
open-save = Save
open-wrong-name = That name will not do: it is empty, too long or has odd characters.
schedule-undo = Keep the schedule before
file-correct = Correct name or RUN
file-save = Save
file-contact = Correct name or contact
file-contact-what = Holds for all their pupils. The mail address opens the families' portal.
file-corrected = The details were corrected.
file-contact-changed = The contact was changed.
file-card-new = The new card is valid from now on. Its text is below, for whoever prints it.
file-card-ended = The card is not valid any more.
file-run-taken = That RUN is another pupil's.
file-person-taken = Those details are another person's of the register.
file-card-taken = That number will not do: it cannot be read, is another pupil's, or is of a card that ended.
cards-title = Cards
cards-none = There is no valid card.
card-another = Give a card
card-another-what = A card with a QR, or a chip whose number is known.
card-chip = Number of the chip (optional)
card-chip-hint = Letters and digits, as the device shows them: 04 C4 9A E1. Empty: a card with a QR.
card-issue = Give it
card-qr = QR card { $n }
card-nfc = Chip { $n }
card-text = Text of the QR
card-text-what = This is what is printed on the card. Whoever has it enters as this pupil: do not share it.
card-end = End
card-why = Why
card-lost = Lost
card-damaged = Damaged
card-replaced = Another takes its place
card-replace = End it and give another
open-wrong-course = There is no such grade. Write it like 1° Básico A, 4° Medio C, NT1 or Kínder A.

family-today = See today
family-no-taps-then = No entries or exits were recorded that day.
family-before = Days before
family-before-none = Nobody expected your child in the three weeks before.
family-justify-then = Say why your child was away or late that day
family-data = Download my data
family-data-what = What the school keeps of you and of your children, as a file.

progress-stop = Stop
progress-stop-what = What is done stays saved.
list-too-long = The list is longer than a school's: check that it is the right one.
list-course-taken = A course of the list is there under another name, or closed. Look at it under the courses' schedules and try again.
list-changed-meanwhile = Something changed in the register since you reviewed it. Look again: nothing is saved yet.
list-of-year = School year { $year }, from { $from }.
list-not-all = { $n ->
    [one] { $n } row was not saved: see below why.
   *[other] { $n } rows were not saved: see below why.
}
import-later-year = this pupil is in a course of a later year already; check the year of the list
import-before-enrolment = the date is before this pupil's enrolment or last move; choose a later one
open-others-name = That name is another course's: grade, letter and specialty do not change. If it was opened wrongly, open the right one.
file-changed-meanwhile = Somebody changed these details while you looked at them. Review them and save again.

family-notices-title = Notices that I get
family-notices-of = Notices about { $name }
family-notices-off = The school does not send notices by this system yet. What you choose counts from when it does.
family-notices-not-told = The school has not noted that you are to be told about { $name }. Ask it to; what you choose here counts from then on.
family-notices-why = Unless you change it, we tell you only of what is out of the ordinary. So each notice is worth reading.
family-notices-corrections = If a notice turns out to be wrong, its correction comes by the same way.
family-notices-whatsapp-accept = { $school } may write to me by WhatsApp
family-notices-whatsapp-what = It counts for all your pupils of this school. You can take it back here, or by answering BAJA.
family-notices-whatsapp-then-mail = What is important then comes by e-mail.
family-notices-no-phone = The school does not have your telephone number. Ask it to note it, to get notices by WhatsApp.
family-notices-no-mail = The school does not have your e-mail address.
family-notices-kinds = Which notices you want
family-notices-no-entry = Did not enter in time
family-notices-no-entry-none = If you take all away, nobody will tell you when there is no entry.
family-notices-early-leave = Left before the end, or was collected
family-notices-late = Entered late
family-notices-entry = Entered
family-notices-exit = Left
family-notices-language = Language of notices
family-notices-language-es = Spanish
family-notices-language-en = English
family-notices-save = Save
family-notices-saved = Saved. It counts from now on.
family-notices-saved-silent = Saved. You will not be told when there is no entry of { $name }.
family-notices-to-pupil = Back to { $name }

cases-notices = What became of this day's notices
notices-title = Notices to families
notices-off = This system sends no notices: neither e-mail nor WhatsApp is switched on. Whoever keeps the server switches them on.
notices-channels = Channels
notices-sends = Sends
notices-sandbox = Writes notices down and does not send them (trial)
notices-paused = Paused since { $time }: { $why }
notices-paused-what = What waits and is news still is sent when it goes on; alarms go by the other channel meanwhile.
notices-quiet = Quiet: the database was restored. Whoever restored it lets it go on, having seen what waits.
notices-template-paused = Not sent: “{ $what }”, since Meta does not take its template
notices-resume = Let { $channel } go on
notices-resume-by = The channel belongs to all schools of this system: whoever may in all of them lets it go on, or whoever keeps the server.
notices-resumed = It goes on. If its cause is still there, it will pause again.
notices-resumed-nothing = It was not paused.
notices-due = Waiting for { $ago }
notices-due-none = Nothing waits
notices-to-call = { $n ->
    [one] One alarm of which nobody is known to have been told: somebody has to call. It is under Cases.
   *[other] { $n } alarms of which nobody is known to have been told: somebody has to call. They are under Cases.
  }
notices-day = What became of notices
notices-none = There were no notices on that day.
notices-kind = Notice
notices-waiting = Waiting
notices-accepted = Taken by the channel
notices-delivered = On the telephone
notices-unknown = Not known
notices-failed = Did not arrive
notices-suppressed = Not sent
notices-words = “Taken by the channel” is the last that is known of an e-mail. “Not known”: the answer was lost on its way.
notices-failures = Why not
notices-reason = Reason
notices-count = Notices
notices-code = code { $code }
notices-kind-entry = Entered
notices-kind-exit = Left
notices-kind-no-entry = Did not enter
notices-kind-late = Entered late
notices-kind-early-leave = Left early, or was collected
notices-kind-correction = Correction
notices-kind-broadcast = Broadcast
notices-channel-whatsapp = WhatsApp
notices-channel-email = E-mail
notices-why-token = WhatsApp's token has expired
notices-why-permission = Meta does not permit it
notices-why-account = the WhatsApp account is locked
notices-why-payment = Meta has not been paid
notices-why-password = the mail server does not take the password
notices-why-template = Meta does not take the template
notices-why-recipient = that address or telephone cannot be reached by this channel
notices-why-program = the channel did not understand the message: a defect of this system
notices-why-put-off = the channel asked to wait too often
notices-why-unreachable = the channel could not be reached
notices-why-came-back = it came back
notices-why-not-true = it was not true any more
notices-why-acknowledged = a person looked after it already
notices-why-no-right = that person is not told of this pupil
notices-why-no-pupil = the pupil has left the school
notices-why-no-guardian = the person's data was erased
notices-why-not-wanted = the person does not want it
notices-why-no-address = there is no address or telephone number
notices-why-expired = it was news no more
notices-why-told = somebody was told by another way
notices-why-other = another reason ({ $code })

# Broadcasts
nav-broadcasts = Messages
right-broadcasts = write to many families
broadcasts-title = Messages to families
broadcasts-what = Messages of the school to many families. Before one goes out it is shown how many people it reaches, by which way, and whom it does not.
broadcasts-new = New message
broadcasts-none = There are no messages yet.
broadcasts-older = Older
broadcast-to = To
broadcast-to-school = The whole school
broadcast-to-levels = The levels that are ticked
broadcast-to-courses = The courses that are ticked
broadcast-to-pupils = The family of { $names }
broadcast-to-this-family = Write to the family
broadcast-courses = Courses
broadcast-levels = Levels
broadcast-role = Who
broadcast-role-told = Guardians who are notified
broadcast-role-legal = Legal representatives only
broadcast-role-collect = Only those who may collect the pupil
broadcast-subject = Subject
broadcast-longest = Up to { $n } characters.
broadcast-text = Message
broadcast-text-hint = Up to { $n } characters. Write no health data and no pupils' names: many families read it.
broadcast-when = When it goes out
broadcast-when-hint = Empty: as soon as it is approved. The time is the school's.
broadcast-at-once = As soon as it is approved
broadcast-whatsapp = WhatsApp
broadcast-whatsapp-too = By WhatsApp too, to those who chose it for messages of the school
broadcast-whatsapp-what = Meta charges it as advertising. The subject goes by WhatsApp; the text is read on the page for families.
broadcast-look = See whom it reaches
broadcast-look-what = Nothing is sent yet.
broadcast-text-wrong = Write a subject and a message, within the length that is allowed.
broadcast-audience-wrong = Choose to whom it goes: tick at least one course or level.
broadcast-time-wrong = That time has passed, or is more than a year away.
broadcast-saved = Saved. It is not sent yet.
broadcast-approved = Approved. It goes out at its time.
broadcast-cancelled = Cancelled. What had not gone out never will.
broadcast-goes-on = It goes on.
broadcast-needs-another = Not sent: to so many people somebody else than who wrote it must approve it.
broadcast-changed = Not sent: somebody changed it after you saw it. Please read it again.
broadcast-nobody = It would reach nobody.
broadcast-goes-out = It cannot be changed any more: it is approved, or went out.
broadcast-was-cancelled = It had been cancelled.
broadcast-drafted = Not approved
broadcast-waits = Approved, waits for its time
broadcast-started = { $n ->
    [one] Going out, to { $n } person
   *[other] Going out, to { $n } people
}
broadcast-completed = { $n ->
    [one] Done, to { $n } person
   *[other] Done, to { $n } people
}
broadcast-is-cancelled = Cancelled
broadcast-stands-still = Stopped: the database was restored
broadcast-quiet = It may have gone out before the restore: whoever got it would get it again.
broadcast-go-on = Let it go on
broadcast-written = The message
broadcast-erased = (erased)
broadcast-people = { $n ->
    [one] { $n } person
   *[other] { $n } people
}
broadcast-by = { $n } by { $channel }
broadcast-not = { $n } without a message: { $why }
broadcast-not-sent = No message: { $why }
broadcast-why-not-wanted = wants no messages by that channel
broadcast-why-no-address = the school has no address
broadcast-why-no-channel = the school does not send by their channel
broadcast-why-no-guardian = is in the register no more
broadcast-cost = WhatsApp would cost about USD { $usd }, by Meta's rate for Chile of October 2026.
broadcast-portal = All of them read it on the page for families as well, if they may see the pupil.
broadcast-approve = { $n ->
    [one] Approve and send to { $n } person
   *[other] Approve and send to { $n } people
}
broadcast-waits-for-another = To more than { $n } people it is approved by somebody else than who wrote it: ask another person of the direction.
broadcast-edit = Change
broadcast-cancel = Cancel it
broadcast-cancel-what = What went out already cannot be taken back.
broadcast-none-went = It went to nobody.
broadcast-results = Download the results
broadcast-column-guardian = Guardian
broadcast-column-pupil = Pupil
broadcast-column-channel = Channel
broadcast-column-outcome = What became of it
broadcast-column-since = Since
broadcast-column-people = People
family-broadcasts = Messages of the school
family-broadcasts-none = The school has not written to you.
family-broadcast-taken-back = The school took this message back
family-notices-broadcast = Messages of the school
# A page of the demo alone: what the made-up telephones and mailboxes show.
demo-phones-title = The demo's telephones and mailboxes
demo-phones-what = What families see, all of whom are made up: none of this leaves this computer. The page loads itself again every five seconds.
demo-phones-counts = { $n ->
    [one] One message
   *[other] { $n } messages
  }: { $once } arrived once, { $doubled } arrived again
demo-phones-none = Nothing has arrived yet. Notices of no entry leave a quarter of an hour after the time of entry.
demo-phones-phones = Telephones with WhatsApp
demo-phones-mailboxes = Mailboxes
demo-phones-sent = Sent
demo-phones-delivered = Delivered
demo-phones-read = Read
