//! Histories of several schools, as random as a seed makes them: every event type, in orders that the
//! write side would allow and in some that it would not, since a read model must not care.

mod acts;

use super::{Draft, at, id, monday};
pub(crate) use acts::{authorised, barred};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc, Weekday};
use domain::attendance_day::{self, Direction, Flag, ManualEntry, ManualReason, Method, Scan, Shown, TimeConfidence};
use domain::calendar::{CourseDay, CourseTimes, DaySlot, Layer, Reason as DayReason, RecoveryTimes, SchoolDay};
use domain::course::{self, Shift, Slot};
use domain::expectation::Why;
use domain::kiosk::{self, LaneMode};
use domain::no_show::{self, CaseId, Hold, Justification, Resolution, Retraction};
use domain::quarantine::{self, QuarantinedScan, Reason};
use domain::roll_call::{self, Key};
use domain::school::{self, Settings};
use domain::student::{self, CredentialKind, GuardianRights, RevocationReason};
use domain::{Actor, AnyEvent, KioskId, ScanId, SchoolId, Sealed, StreamId, StudentId, guardian};
use uuid::Uuid;

/// SplitMix64: small, and the same everywhere.
pub(crate) struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    /// Below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
    pub fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()].clone()
    }
    pub fn shuffle<T>(&mut self, of: &mut [T]) {
        for i in (1..of.len()).rev() {
            of.swap(i, usize::try_from(self.below(i as u64 + 1)).unwrap());
        }
    }
}

/// Every sample event of the domain, each in the stream of its aggregate.
pub(crate) fn samples(school: SchoolId) -> Vec<Draft> {
    domain::event::all_samples()
        .into_iter()
        .map(|event| {
            let own: Uuid = match &event {
                AnyEvent::School(_) => school.0,
                other => id(0x9000 + other.aggregate().len() as u128),
            };
            let mut draft = Draft::of(school, own, event);
            match draft.event {
                AnyEvent::AttendanceDay(_) => {
                    draft.stream = StreamId::of_day(monday(), school, StudentId(own));
                    draft.actor = Actor::kiosk(id(0x41));
                }
                AnyEvent::NoShowCase(_) => {
                    let case = CaseId { date: monday(), slot_id: id(0x7000), student_id: StudentId(own) };
                    draft.stream = case.stream(school);
                }
                AnyEvent::RollCall(_) => draft.stream = Key { date: monday(), id: own.into() }.stream(school),
                AnyEvent::School(_)
                | AnyEvent::Course(_)
                | AnyEvent::Student(_)
                | AnyEvent::Guardian(_)
                | AnyEvent::Kiosk(_)
                | AnyEvent::Quarantine(_)
                | AnyEvent::Delivery(_)
                | AnyEvent::Broadcast(_)
                | AnyEvent::Account(_) => {}
            }
            draft
        })
        .collect()
}

/// A school with its settings, courses with a schedule, pupils, guardians, cards and kiosks.
pub(crate) fn founding(school: SchoolId, pupils: u64, courses: u64, random: &mut Random) -> Vec<Draft> {
    let mut drafts = vec![Draft::of(school, school.0, AnyEvent::School(registered("Liceo de Prueba")))];
    for c in 0..courses {
        let name = format!("{}° Básico A", c + 1);
        let (level, letter) = (format!("basica-{}", c + 1), "A".to_owned());
        let opened = course::Event::Opened { year: 2026, name, level, letter };
        drafts.push(Draft::of(school, course_id(school, c), AnyEvent::Course(opened)));
        drafts.push(Draft::of(school, course_id(school, c), AnyEvent::Course(schedule(day(-20), 8))));
    }
    for p in 0..pupils {
        let enrolled = student::Event::Enrolled {
            course_id: course_id(school, p % courses).into(),
            from: day(-30),
            given_names: sealed(random),
            family_names: sealed(random),
            national_id: random.chance(80).then(|| sealed(random)),
        };
        drafts.push(Draft::of(school, pupil_id(school, p), AnyEvent::Student(enrolled)));
        let issued =
            student::Event::CredentialIssued { credential_id: card_id(school, p).into(), kind: CredentialKind::Qr };
        drafts.push(Draft::of(school, pupil_id(school, p), AnyEvent::Student(issued)));
    }
    for k in 0..4 {
        let enrolled = kiosk::Event::Enrolled { gate: format!("Portón {k}"), mode: LaneMode::Choice };
        drafts.push(Draft::of(school, kiosk_id(school, k), AnyEvent::Kiosk(enrolled)));
        // Nothing waits on it, whatever the hour of the Monday.
        let drained = kiosk::Event::DrainedThrough { queue_id: id(9), seq: 0, through: at(23, 59, 0) };
        drafts.push(Draft::of(school, kiosk_id(school, k), AnyEvent::Kiosk(drained)));
    }
    drafts
}

/// `n` random events over a founded school.
pub(crate) fn random(school: SchoolId, pupils: u64, courses: u64, n: usize, random: &mut Random) -> Vec<Draft> {
    let mut drafts = Vec::with_capacity(n);
    while drafts.len() < n {
        let r = &mut *random;
        match r.below(22) {
            0 => drafts.push(school_event(school, r)),
            1 => drafts.push(course_event(school, courses, r)),
            2..=5 => drafts.push(student_event(school, pupils, courses, r)),
            6 => drafts.push(guardian_event(school, r)),
            7..=8 => drafts.push(kiosk_event(school, r)),
            9..=10 => drafts.push(quarantine_event(school, pupils, r)),
            11 if r.chance(50) => drafts.extend(by_hand_events(school, pupils, r)),
            11 => drafts.extend(acts::act_events(school, pupils, r)),
            12..=13 => drafts.extend(no_show_events(school, pupils, courses, r)),
            14 => drafts.extend(roll_call_events(school, pupils, r)),
            _ => drafts.extend(scan_events(school, pupils, r)),
        }
    }
    drafts
}

pub(crate) fn day(offset: i64) -> NaiveDate {
    monday() + TimeDelta::days(offset)
}
fn within(school: SchoolId, space: u128, n: u64) -> Uuid {
    Uuid::from_u128(school.0.as_u128() ^ (space << 32) ^ u128::from(n) ^ (7 << 60))
}
pub(crate) fn course_id(school: SchoolId, n: u64) -> Uuid {
    within(school, 0xc, n)
}
pub(crate) fn pupil_id(school: SchoolId, n: u64) -> Uuid {
    within(school, 0x5, n)
}
fn card_id(school: SchoolId, n: u64) -> Uuid {
    within(school, 0xd, n)
}
fn guardian_id(school: SchoolId, n: u64) -> Uuid {
    within(school, 0x6, n)
}
pub(crate) fn kiosk_id(school: SchoolId, n: u64) -> Uuid {
    within(school, 0xb, n)
}

pub(crate) fn sealed(random: &mut Random) -> Sealed {
    Sealed(format!("v1:enrolled:name:identity:{:x}", random.next()))
}

pub(crate) fn settings(late: u16) -> Settings {
    Settings {
        late_after_minutes: late,
        missing_after_minutes: 15,
        echo_seconds: 60,
        mass_alarm_percent: 20 + u8::try_from(late).unwrap(),
        stale_after_minutes: 60 + late,
        ..Settings::of(chrono_tz::America::Santiago)
    }
}

pub(crate) fn registered(name: &str) -> school::Event {
    school::Event::Registered { name: name.to_owned(), rbd: Some("12345-6".to_owned()), settings: settings(5) }
}

/// Monday to Friday from `hour` to 15:30.
pub(crate) fn schedule(effective_from: NaiveDate, hour: u32) -> course::Event {
    let slots = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri]
        .into_iter()
        .zip(0..)
        .map(|(weekday, n)| Slot {
            slot_id: id(0x7000 + n),
            weekday,
            entry: NaiveTime::from_hms_opt(hour, 0, 0).unwrap(),
            exit: NaiveTime::from_hms_opt(15, 30, 0).unwrap(),
        })
        .collect();
    course::Event::WeeklyScheduleSet { effective_from, slots }
}

fn some_day(r: &mut Random) -> NaiveDate {
    day(i64::try_from(r.below(20)).unwrap() - 15)
}

fn school_event(school: SchoolId, r: &mut Random) -> Draft {
    let event = match r.below(10) {
        0..=1 => school::Event::Registered {
            name: format!("Liceo {}", r.below(9)),
            rbd: Some("12345-6".to_owned()),
            settings: settings(u16::try_from(r.below(20)).unwrap()),
        },
        2..=4 => school::Event::SettingsChanged { settings: settings(u16::try_from(r.below(20)).unwrap()) },
        5 => school::Event::CalendarDayCleared { date: some_day(r), layer: r.pick(&[Layer::Holiday, Layer::Day]) },
        _ => school::Event::CalendarDaySet { date: some_day(r), day: school_day(r) },
    };
    // Settings are said on the day before, on the day and on the one after.
    let date = match &event {
        school::Event::SettingsChanged { settings } => day(i64::from(settings.late_after_minutes % 3) - 1),
        school::Event::Registered { .. }
        | school::Event::CalendarDaySet { .. }
        | school::Event::CalendarDayCleared { .. } => monday(),
    };
    by_somebody(Draft { date, ..Draft::of(school, school.0, AnyEvent::School(event)) }, r)
}

fn by_somebody(draft: Draft, r: &mut Random) -> Draft {
    Draft { actor: Actor::user(id(0xacc0 + u128::from(r.below(3)))), ..draft }
}

fn day_slots(r: &mut Random) -> Vec<DaySlot> {
    let time = |h| NaiveTime::from_hms_opt(h, 0, 0).unwrap();
    let from = 8 + u32::try_from(r.below(3)).unwrap();
    vec![DaySlot { slot_id: id(0x7100), entry: time(from), exit: time(from + 4) }]
}

fn school_day(r: &mut Random) -> SchoolDay {
    let reason = r.pick(&DayReason::ALL);
    match r.below(6) {
        0..=1 => SchoolDay::Holiday { name: format!("Feriado {}", r.below(9)) },
        2 => SchoolDay::NoClasses { reason, resolution: None },
        3 => SchoolDay::Recovery { times: RecoveryTimes::Own { slots: day_slots(r) } },
        4 => SchoolDay::HalfDay { exit: NaiveTime::from_hms_opt(12, 0, 0).unwrap(), reason },
        _ => SchoolDay::Outing,
    }
}

fn course_day(r: &mut Random) -> CourseDay {
    let times = match r.below(4) {
        0 => CourseTimes::Nobody,
        1 => CourseTimes::Weekday { weekday: Weekday::Tue },
        2 => CourseTimes::Until { exit: NaiveTime::from_hms_opt(12, 0, 0).unwrap() },
        _ => CourseTimes::Own { slots: day_slots(r) },
    };
    CourseDay { times, reason: r.pick(&DayReason::ALL) }
}

fn course_event(school: SchoolId, courses: u64, r: &mut Random) -> Draft {
    let own = course_id(school, r.below(courses + 1));
    let event = match r.below(8) {
        0 => course::Event::Opened {
            year: 2026,
            name: format!("Curso {}", r.below(99)),
            level: "media-1".to_owned(),
            letter: r.pick(&["", "B"]).to_owned(),
        },
        7 => course::Event::ShiftSet {
            shift: r.pick(&[Shift::Morning, Shift::Afternoon, Shift::FullDay, Shift::Evening]),
        },
        1 => course::Event::Renamed { name: format!("Curso {}", r.below(99)) },
        2 => course::Event::Closed { from: some_day(r) },
        3..=4 => course::Event::ScheduleExceptionSet { date: some_day(r), day: course_day(r) },
        5 => course::Event::ScheduleExceptionCleared { date: some_day(r) },
        _ => schedule(some_day(r), 7 + u32::try_from(r.below(3)).unwrap()),
    };
    by_somebody(Draft::of(school, own, AnyEvent::Course(event)), r)
}

fn student_event(school: SchoolId, pupils: u64, courses: u64, r: &mut Random) -> Draft {
    let n = r.below(pupils + 1);
    let guardian_id = guardian_id(school, r.below(6)).into();
    let credential_id = card_id(school, r.below(pupils + 4)).into();
    let course_id = course_id(school, r.below(courses)).into();
    let rights = GuardianRights {
        legal: r.chance(50),
        notify: r.chance(50),
        may_collect: r.chance(50),
        may_view: r.chance(50),
        restricted: r.chance(20),
    };
    let event = match r.below(20) {
        0 => student::Event::Erased,
        1..=2 => student::Event::Withdrawn { from: some_day(r) },
        3..=4 => student::Event::Enrolled {
            course_id,
            from: some_day(r),
            given_names: sealed(r),
            family_names: sealed(r),
            national_id: r.chance(50).then(|| sealed(r)),
        },
        5..=7 => student::Event::Moved { course_id, from: some_day(r) },
        8..=9 => student::Event::DetailsChanged {
            given_names: sealed(r),
            family_names: sealed(r),
            national_id: r.chance(50).then(|| sealed(r)),
        },
        10..=11 => {
            student::Event::CredentialIssued { credential_id, kind: r.pick(&[CredentialKind::Qr, CredentialKind::Nfc]) }
        }
        12..=13 => student::Event::CredentialRevoked {
            credential_id,
            reason: r.pick(&[RevocationReason::Lost, RevocationReason::Damaged, RevocationReason::Replaced]),
        },
        14..=16 => student::Event::GuardianLinked { guardian_id, rights },
        17 => student::Event::GuardianLinkChanged { guardian_id, rights },
        _ => student::Event::GuardianUnlinked { guardian_id },
    };
    Draft::of(school, pupil_id(school, n), AnyEvent::Student(event))
}

fn guardian_event(school: SchoolId, r: &mut Random) -> Draft {
    let contact = |r: &mut Random| (r.chance(70).then(|| sealed(r)), r.chance(70).then(|| sealed(r)));
    let event = match r.below(8) {
        0 => guardian::Event::Erased,
        1..=4 => {
            let (phone, mail) = contact(r);
            guardian::Event::Registered { name: sealed(r), national_id: r.chance(50).then(|| sealed(r)), phone, mail }
        }
        _ => {
            let (phone, mail) = contact(r);
            let national_id = r.chance(50).then(|| sealed(r));
            guardian::Event::ContactChanged { name: sealed(r), national_id, phone, mail }
        }
    };
    Draft::of(school, guardian_id(school, r.below(6)), AnyEvent::Guardian(event))
}

fn kiosk_event(school: SchoolId, r: &mut Random) -> Draft {
    let queue_id = id(u128::from(r.below(3)));
    let seq = i64::try_from(r.below(500)).unwrap();
    let through = some_time(r);
    let event = match r.below(8) {
        0 => kiosk::Event::Enrolled { gate: format!("Puerta {}", r.below(9)), mode: LaneMode::EntryLane },
        1 => kiosk::Event::ModeChanged { mode: r.pick(&[LaneMode::ExitLane, LaneMode::Choice]) },
        2 => kiosk::Event::Revoked,
        3 => kiosk::Event::DrainedThrough { queue_id, seq, through },
        4 => kiosk::Event::Silent { last_seen: through },
        5 => kiosk::Event::Returned,
        6 => kiosk::Event::GapDetected { queue_id, from: seq, to: seq + 2 },
        _ => kiosk::Event::ForkDetected { queue_id, seq, scan_id: id(0x77) },
    };
    Draft::of(school, kiosk_id(school, r.below(5)), AnyEvent::Kiosk(event))
}

fn quarantine_event(school: SchoolId, pupils: u64, r: &mut Random) -> Draft {
    let own = within(school, 0xe, r.below(30));
    let event = match r.below(4) {
        0 => quarantine::Event::Assigned {
            student_id: pupil_id(school, r.below(pupils)).into(),
            local_date: some_day(r),
        },
        1 => quarantine::Event::Dismissed,
        _ => quarantine::Event::Received {
            scan: QuarantinedScan {
                scan_id: ScanId(own),
                kiosk_id: KioskId(kiosk_id(school, r.below(5))),
                queue_id: id(2),
                seq: 4,
                read: sealed(r),
                direction: Some(Direction::Entry),
                method: Some(Method::Nfc),
                occurred_at: some_time(r),
                device_time: r.chance(90).then(|| some_time(r)),
                shown: Some(Shown::Unknown),
            },
            reasons: vec![r.pick(&[Reason::UnknownCredential, Reason::TooOld, Reason::Malformed])],
        },
    };
    Draft::of(school, own, AnyEvent::Quarantine(event))
}

/// An event of a case.
pub(crate) fn of_case(school: SchoolId, case: CaseId, event: no_show::Event) -> Draft {
    Draft {
        stream: case.stream(school),
        date: case.date,
        actor: Actor::system("no_show"),
        ..Draft::of(school, case.student_id, AnyEvent::NoShowCase(event))
    }
}

/// One of a few cases is opened, goes on or ends; an ended one goes on as one that was opened again.
fn no_show_events(school: SchoolId, pupils: u64, courses: u64, r: &mut Random) -> Vec<Draft> {
    let case = CaseId {
        date: if r.chance(70) { monday() } else { day(-1) },
        slot_id: id(0x7000 + u128::from(r.below(2))),
        student_id: pupil_id(school, r.below(pupils.min(6))).into(),
    };
    let due_at = some_time(r);
    let opened = no_show::Event::Opened { course_id: course_id(school, r.below(courses)).into(), due_at };
    let mut events = Vec::from_iter(r.chance(50).then_some(opened));
    for _ in 0..1 + r.below(2) {
        events.push(match r.below(8) {
            0..=2 => no_show::Event::Held { reason: r.pick(&[Hold::GateSilent, Hold::MassAlarm, Hold::Stale]) },
            3..=4 => no_show::Event::NoticeRequested { step: 1 },
            5 => no_show::Event::Acknowledged,
            6 => {
                let justified =
                    Resolution::Justified { reason: r.pick(&[Justification::Illness, Justification::Family]) };
                let resolution = r.pick(&[Resolution::Arrived { at: due_at }, justified]);
                no_show::Event::Resolved { resolution }
            }
            _ => {
                let why = Why::NoClasses { reason: r.pick(&DayReason::ALL) };
                let entered = Retraction::EnteredBefore { at: due_at - TimeDelta::minutes(1) };
                let retraction = r.pick(&[entered, Retraction::NotExpected { why }, Retraction::NotDue]);
                no_show::Event::Retracted { retraction }
            }
        });
    }
    // What is said may be said on another day than the case's.
    let date = case.date + TimeDelta::days(i64::from(r.chance(20)));
    let draft = |event| Draft { date, ..of_case(school, case, event) };
    events.into_iter().map(|event| by_somebody(draft(event), r)).collect()
}

/// An event of a roll call.
pub(crate) fn of_roll_call(school: SchoolId, key: Key, event: roll_call::Event) -> Draft {
    Draft { stream: key.stream(school), date: key.date, ..Draft::of(school, key.id, AnyEvent::RollCall(event)) }
}

/// The n-th roll call of a day.
pub(crate) fn roll_call_key(school: SchoolId, date: NaiveDate, n: u64) -> Key {
    Key { date, id: within(school, 0xa, n).into() }
}

/// One of a few roll calls begins, goes on or ends; marks come before, meanwhile and after.
fn roll_call_events(school: SchoolId, pupils: u64, r: &mut Random) -> Vec<Draft> {
    let key = roll_call_key(school, if r.chance(80) { monday() } else { day(-1) }, r.below(3));
    let mut events = Vec::new();
    if r.chance(30) {
        let reason = r.pick(&[roll_call::Reason::Drill, roll_call::Reason::Evacuation]);
        events.push(roll_call::Event::Started { reason, at: some_time(r) });
    }
    for _ in 0..r.below(5) {
        let student_id = pupil_id(school, r.below(pupils)).into();
        let at = some_time(r);
        events.push(match r.chance(75) {
            true => roll_call::Event::MarkedSafe { student_id, at },
            false => roll_call::Event::MarkWithdrawn { student_id, at },
        });
    }
    events.extend(r.chance(20).then_some(roll_call::Event::TurnedIntoEvacuation));
    events.extend(r.chance(30).then_some(roll_call::Event::Ended));
    let draft = |event| Draft { occurred_at: some_time(r), ..of_roll_call(school, key, event) };
    let drafts: Vec<Draft> = events.into_iter().map(draft).collect();
    drafts.into_iter().map(|draft| by_somebody(draft, r)).collect()
}

/// A time of the morning, down to the nanosecond as a careless caller might bring it.
fn some_time(r: &mut Random) -> DateTime<Utc> {
    at(10, 30, 0) + TimeDelta::nanoseconds(i64::try_from(r.below(4 * 3_600_000_000_000)).unwrap())
}

/// A scan of a pupil, then perhaps a flag of it or of another.
fn scan_events(school: SchoolId, pupils: u64, r: &mut Random) -> Vec<Draft> {
    let n = r.below(pupils);
    let date = if r.chance(85) { monday() } else { day(-1) };
    // As the log has it: no scan twice.
    let scan_id: ScanId = id(0x5_0000 + u128::from(r.next() % (1 << 40)));
    let mut drafts = vec![scan(school, n, date, some_scan(school, scan_id, r))];
    if r.chance(30) {
        let flagged = if r.chance(90) { scan_id } else { id(0x5_0000 + u128::from(r.below(100_000))) };
        let mut flags = vec![r.pick(&[Flag::Echo, Flag::LateSync, Flag::LowConfidenceTime, Flag::RepeatedEntry])];
        flags.extend(r.chance(30).then_some(Flag::LaneMismatch));
        let event = attendance_day::Event::ScanFlagged { scan_id: flagged, flags };
        drafts.push(Draft { event: AnyEvent::AttendanceDay(event), ..drafts[0].clone() });
    }
    drafts
}

fn some_scan(school: SchoolId, scan_id: ScanId, r: &mut Random) -> Scan {
    let occurred_at = some_time(r);
    Scan {
        scan_id,
        kiosk_id: kiosk_id(school, r.below(4)).into(),
        queue_id: id(1),
        seq: 1,
        credential_id: id(3),
        direction: r.pick(&[Direction::Entry, Direction::Entry, Direction::Exit]),
        method: r.pick(&[Method::Qr, Method::Nfc, Method::Typed]),
        occurred_at,
        time_confidence: r.pick(&[TimeConfidence::Monotonic, TimeConfidence::WallCorrected, TimeConfidence::Low]),
        shown: Shown::Welcome,
        device_time: occurred_at,
        prev_hash: None,
    }
}

/// What somebody recorded by hand of a pupil, then perhaps took back, or took back something else.
fn by_hand_events(school: SchoolId, pupils: u64, r: &mut Random) -> Vec<Draft> {
    let (n, date) = (r.below(pupils), if r.chance(85) { monday() } else { day(-1) });
    let entry = ManualEntry {
        entry_id: id(0x6_0000 + u128::from(r.next() % (1 << 40))),
        direction: r.pick(&[Direction::Entry, Direction::Entry, Direction::Exit]),
        occurred_at: some_time(r),
        reason: r.pick(&ManualReason::ALL),
        note: r.chance(30).then(|| sealed(r)),
    };
    let entry_id = if r.chance(90) { entry.entry_id } else { id(0x6_0000) };
    let mut drafts = vec![by_hand(school, n, date, entry, r.chance(20))];
    if r.chance(40) {
        let event = attendance_day::Event::ManualEntryWithdrawn { entry_id };
        drafts.push(Draft { event: AnyEvent::AttendanceDay(event), ..drafts[0].clone() });
    }
    drafts
}

/// An entry or exit of a pupil recorded by hand.
pub(crate) fn by_hand(school: SchoolId, pupil: u64, date: NaiveDate, entry: ManualEntry, repeats: bool) -> Draft {
    Draft {
        school,
        stream: StreamId::of_day(date, school, StudentId(pupil_id(school, pupil))),
        date,
        occurred_at: entry.occurred_at,
        actor: Actor::user(id(0x71)),
        event: AnyEvent::AttendanceDay(attendance_day::Event::ManualEntryRecorded { entry, repeats }),
    }
}

/// A recorded scan of a pupil.
pub(crate) fn scan(school: SchoolId, pupil: u64, date: NaiveDate, scan: Scan) -> Draft {
    let student = StudentId(pupil_id(school, pupil));
    Draft {
        school,
        stream: StreamId::of_day(date, school, student),
        date,
        occurred_at: scan.occurred_at,
        actor: Actor::kiosk(scan.kiosk_id),
        event: AnyEvent::AttendanceDay(attendance_day::Event::ScanRecorded { scan }),
    }
}

/// A plain scan at a trusted time.
pub(crate) fn plain_scan(school: SchoolId, n: u128, direction: Direction, occurred_at: DateTime<Utc>) -> Scan {
    Scan {
        scan_id: id(0x1_0000 + n),
        kiosk_id: kiosk_id(school, 0).into(),
        queue_id: id(1),
        seq: 1,
        credential_id: id(3),
        direction,
        method: Method::Qr,
        occurred_at,
        time_confidence: TimeConfidence::Monotonic,
        shown: Shown::Welcome,
        device_time: occurred_at,
        prev_hash: None,
    }
}
