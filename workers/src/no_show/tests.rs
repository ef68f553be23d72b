use super::*;
use crate::testing::write_side;
use chrono::{NaiveTime, Weekday};
use commands::append::{NewEvent, append_in_tx};
use commands::clock::{Clock, ManualClock};
use commands::kiosk_reports::report;
use commands::pool::{PoolSettings, Role, connect};
use commands::use_cases::{
    ChangeSchoolDay, CourseLabel, EnrolStudent, OpenCourse, SchoolDayChange, SetWeeklySchedule, WithdrawStudent,
    change_school_day, enrol_student, open_course, set_weekly_schedule, withdraw_student,
};
use domain::attendance_day::{self, Direction, Method, Scan, Shown, TimeConfidence};
use domain::calendar::{Reason, SchoolDay};
use domain::kiosk::{self, Kiosk, LaneMode};
use domain::school::{self, School, Settings};
use domain::{CourseId, EventId, KioskId, QueueId, ScanId, StreamId, StudentId};
use local_services::testing::TestDatabases;
use sqlx::{Connection, PgPool};
use std::sync::Arc;
use uuid::Uuid;

const SCHOOL: SchoolId = SchoolId(Uuid::from_u128(0x5c00_0001));
const ZONE: Tz = chrono_tz::America::Santiago;

fn monday() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, 9).unwrap()
}
fn kiosk(n: u128) -> KioskId {
    KioskId(Uuid::from_u128(0x6000_0000 + n))
}
/// A wall time of the Monday.
fn at(hour: u32, minute: u32) -> DateTime<Utc> {
    domain::values::zone::resolve_local(monday(), NaiveTime::from_hms_opt(hour, minute, 0).unwrap(), ZONE)
}

/// A school of two gates, whose pupils are expected from eight to one and missing from a quarter past eight on.
struct Site {
    owner: PgPool,
    options: PgConnectOptions,
    write: Write,
    clock: Arc<ManualClock>,
    leader: PgConnection,
    woken: Woken,
    course: CourseId,
    pupils: Vec<StudentId>,
    projectors: CancellationToken,
}

impl Drop for Site {
    fn drop(&mut self) {
        self.projectors.cancel();
    }
}

impl Site {
    async fn new(pupils: usize) -> Self {
        let databases = TestDatabases::create().await.unwrap();
        let (write, clock) = write_side(&databases, at(7, 0)).await;
        let settings = PoolSettings::for_testing(4);
        let owner = PgPool::connect_with(databases.owner_options()).await.unwrap();
        let options = databases
            .owner_options()
            .options([("role", Role::Worker.as_str()), ("search_path", settings.search_path.as_str())]);
        let leader = PgConnection::connect_with(&options).await.unwrap();
        let projector = connect(databases.owner_options(), Role::Projector, &settings).await.unwrap();
        let reader = connect(databases.owner_options(), Role::LogReader, &settings).await.unwrap();
        let projectors = CancellationToken::new();
        tokio::spawn(projections::runner::run_all(projector, reader, None, projectors.clone()));
        let (course, pupils) = enter(&write, pupils).await;
        let woken = Woken::default();
        let site = Self { owner, options, write, clock, leader, woken, course, pupils, projectors };
        for n in 1..=2 {
            let enrol = kiosk::Command::Enrol { gate: "Portón Norte".into(), mode: LaneMode::Choice };
            site.write.execute::<Kiosk>(&here(), &StreamId::of(SCHOOL, kiosk(n)), enrol).await.unwrap();
            site.drained(n, at(7, 0)).await;
        }
        site
    }

    async fn tell(&self, n: u128, command: kiosk::Command) {
        report(&self.write, &here(), kiosk(n), command).await.unwrap();
    }

    /// A gate says that nothing from before an instant is waiting.
    async fn drained(&self, n: u128, through: DateTime<Utc>) {
        let queue_id = QueueId(Uuid::from_u128(0x7000_0000 + n));
        self.tell(n, kiosk::Command::ReportDrained { queue_id, seq: 0, through }).await;
    }

    /// The time is now, and both gates say that nothing waits.
    async fn quiet(&self, now: DateTime<Utc>) {
        self.clock.advance(now - self.clock.now());
        self.drained(1, now).await;
        self.drained(2, now).await;
    }

    async fn pass(&self, pupil: usize, direction: Direction, occurred_at: DateTime<Utc>) {
        let student = self.pupils[pupil];
        let stream = StreamId::of_day(local_date(occurred_at, ZONE), SCHOOL, student);
        let before = "select count(*) from events where aggregate_type = 'attendance_day' and aggregate_id = $1";
        let before: i64 = sqlx::query_scalar(before).bind(stream.as_str()).fetch_one(&self.owner).await.unwrap();
        let scan = Scan {
            scan_id: ScanId(self.write.ids().next()),
            kiosk_id: kiosk(1),
            queue_id: QueueId(Uuid::from_u128(0x7000_0001)),
            seq: 1,
            credential_id: Uuid::from_u128(0xca).into(),
            direction,
            method: Method::Qr,
            occurred_at,
            time_confidence: TimeConfidence::Monotonic,
            shown: Shown::Welcome,
            device_time: occurred_at,
            prev_hash: None,
        };
        let event = attendance_day::Event::ScanRecorded { scan };
        let id = EventId(self.write.ids().next());
        let event = NewEvent::new(&here(), id, stream, before + 1, occurred_at, &event).unwrap();
        let mut tx = self.write.pool().begin().await.unwrap();
        append_in_tx(&mut tx, &**self.write.clock(), &[event]).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// A round, as the leader makes it once a second, and the next ones while a busy machine's models are behind.
    async fn round(&mut self) -> Round {
        for _ in 0..10 {
            let done = self.one_round().await;
            if !done.behind {
                return done;
            }
        }
        panic!("the read models stay behind");
    }

    async fn one_round(&mut self) -> Round {
        round(&mut self.leader, &self.write, &self.woken).await.unwrap()
    }

    /// A round for something that was heard.
    async fn round_for(&mut self, model: projections::ReadModel) -> Round {
        self.woken.hear(model, &SCHOOL.to_string());
        self.round().await
    }

    /// How many events of each kind the cases have, by kind.
    async fn told(&self) -> Vec<(String, i64)> {
        sqlx::query_as(
            "select event_type || coalesce(' ' || (payload->>'reason'), ' ' || (payload->>'how'),
                      ' ' || (payload->>'cause'), ''), count(*)
             from events where aggregate_type = 'no_show_case' group by 1 order by 1",
        )
        .fetch_all(&self.owner)
        .await
        .unwrap()
    }
}

fn here() -> Context {
    Context {
        school: SCHOOL,
        zone: ZONE,
        actor: Actor::cli("test"),
        command_id: None,
        correlation_id: Uuid::from_u128(0xc0),
        causation_id: None,
    }
}

/// Registers the school with one course and its pupils.
async fn enter(write: &Write, pupils: usize) -> (CourseId, Vec<StudentId>) {
    let register = school::Command::Register { name: "Escuela".into(), rbd: None, settings: Settings::of(ZONE) };
    write.execute::<School>(&here(), &StreamId::of(SCHOOL, SCHOOL), register).await.unwrap();
    let label = CourseLabel::parse("1° Básico A").unwrap();
    let course = open_course(write, &here(), OpenCourse { year: 2026, label }).await.unwrap().course_id;
    let time = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap();
    let week = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];
    let stays = week.map(|day| (day, time(8), time(13))).to_vec();
    let week =
        SetWeeklySchedule { course_id: course, effective_from: NaiveDate::from_ymd_opt(2026, 3, 2).unwrap(), stays };
    set_weekly_schedule(write, &here(), week).await.unwrap();
    let mut enrolled = Vec::new();
    for n in 0..pupils {
        let pupil = EnrolStudent {
            given_names: format!("Ana {}", letters(n)),
            family_names: "Soto".into(),
            national_id: None,
            course_id: course,
            from: NaiveDate::from_ymd_opt(2026, 3, 2).unwrap(),
        };
        enrolled.push(enrol_student(write, &here(), pupil).await.unwrap().student_id);
    }
    (course, enrolled)
}

fn letters(n: usize) -> String {
    let letter = |n: usize| char::from(b'a' + u8::try_from(n % 26).unwrap());
    [letter(n / 26), letter(n)].iter().collect()
}

fn kinds(told: &[(&str, i64)]) -> Vec<(String, i64)> {
    told.iter().map(|(kind, n)| ((*kind).to_owned(), *n)).collect()
}

#[tokio::test]
async fn of_whoever_did_not_come_the_families_are_to_be_told_once_and_of_nobody_else() {
    let mut site = Site::new(10).await;
    for pupil in 1..10 {
        site.pass(pupil, Direction::Entry, at(7, 50)).await;
    }
    site.quiet(at(8, 14)).await;
    assert_eq!(site.round().await.events, 0);
    // It is due, and what the gates said is of a minute ago.
    site.clock.advance(TimeDelta::minutes(1));
    assert_eq!(site.round().await.events, 0);
    site.quiet(at(8, 16)).await;
    assert_eq!(site.round().await, Round { schools: 1, events: 2, ..Round::default() });
    assert_eq!(site.told().await, kinds(&[("notice_requested", 1), ("opened", 1)]));
    // Nothing is due for a while; whoever leads next finds the same.
    assert_eq!(site.round().await.schools, 0);
    site.woken = Woken::default();
    site.woken.all();
    site.leader = PgConnection::connect_with(&site.options).await.unwrap();
    assert_eq!(site.round().await, Round { schools: 1, events: 0, ..Round::default() });
}

#[tokio::test]
async fn who_arrives_late_ends_the_case_and_what_a_gate_held_back_shows_that_there_should_have_been_none() {
    let mut site = Site::new(10).await;
    for pupil in 2..10 {
        site.pass(pupil, Direction::Entry, at(7, 50)).await;
    }
    site.quiet(at(8, 16)).await;
    assert_eq!(site.round().await.events, 4);
    site.clock.advance(TimeDelta::minutes(10));
    site.pass(0, Direction::Entry, at(8, 26)).await;
    // Of another clock than the gate's: it says that nothing waited, and something did.
    site.pass(1, Direction::Entry, at(8, 1)).await;
    assert_eq!(site.round_for(projections::ReadModel::Live).await.events, 2);
    assert_eq!(
        site.told().await,
        kinds(&[("notice_requested", 2), ("opened", 2), ("resolved arrived", 1), ("retracted entered_before", 1)])
    );
}

#[tokio::test]
async fn while_a_gate_is_silent_no_family_is_alarmed_and_what_it_held_back_retracts_the_cases() {
    let mut site = Site::new(10).await;
    site.quiet(at(7, 30)).await;
    // The southern gate is cut off, and three pupils enter by it.
    site.tell(2, kiosk::Command::ReportSilent { last_seen: at(7, 31) }).await;
    for pupil in 4..10 {
        site.pass(pupil, Direction::Entry, at(7, 50)).await;
    }
    site.clock.advance(at(8, 16) - site.clock.now());
    site.drained(1, at(8, 16)).await;
    assert_eq!(site.round().await.events, 8);
    assert_eq!(site.told().await, kinds(&[("held gate_silent", 4), ("opened", 4)]));
    // It returns at nine, with three of the four.
    site.clock.advance(at(9, 0) - site.clock.now());
    site.tell(2, kiosk::Command::ReportSeen).await;
    for pupil in 1..4 {
        site.pass(pupil, Direction::Entry, at(7, 55)).await;
    }
    site.quiet(at(9, 1)).await;
    assert_eq!(site.round_for(projections::ReadModel::Live).await.events, 4);
    let story = [("held gate_silent", 4), ("notice_requested", 1), ("opened", 4), ("retracted entered_before", 3)];
    assert_eq!(site.told().await, kinds(&story));
}

#[tokio::test]
async fn a_server_that_starts_at_two_in_the_afternoon_tells_the_inspector_and_no_family() {
    let mut site = Site::new(10).await;
    for pupil in 1..10 {
        site.pass(pupil, Direction::Entry, at(7, 50)).await;
    }
    site.quiet(at(14, 0)).await;
    assert_eq!(site.round().await.events, 2);
    assert_eq!(site.told().await, kinds(&[("held stale", 1), ("opened", 1)]));
}

#[tokio::test]
async fn a_suspension_that_is_entered_after_the_alarm_takes_it_back_at_once() {
    let mut site = Site::new(10).await;
    for pupil in 1..10 {
        site.pass(pupil, Direction::Entry, at(7, 50)).await;
    }
    site.quiet(at(8, 16)).await;
    site.round().await;
    let day = SchoolDay::NoClasses { reason: Reason::Weather, resolution: None };
    let change = ChangeSchoolDay { date: monday(), change: SchoolDayChange::Set(day) };
    change_school_day(&site.write, &here(), change).await.unwrap();
    assert_eq!(site.round_for(projections::ReadModel::Roster).await.events, 1);
    let story = [("notice_requested", 1), ("opened", 1), ("retracted not_expected", 1)];
    assert_eq!(site.told().await, kinds(&story));
}

#[tokio::test]
async fn d1_at_a_quarter_past_five_nobody_is_missing_and_on_a_holiday_not_at_any_hour() {
    let mut site = Site::new(10).await;
    site.clock.advance(TimeDelta::minutes(-110));
    for minute in [10, 15, 20] {
        site.quiet(at(5, minute)).await;
        assert_eq!(site.round().await.events, 0);
    }
    let change = SchoolDayChange::Set(SchoolDay::Holiday { name: "Feriado".into() });
    change_school_day(&site.write, &here(), ChangeSchoolDay { date: monday(), change }).await.unwrap();
    for hour in [8, 9, 12, 15, 20] {
        site.quiet(at(hour, 20)).await;
        assert_eq!(site.round_for(projections::ReadModel::Roster).await.events, 0, "{hour}");
    }
    assert_eq!(site.told().await, []);
}

#[tokio::test]
async fn d33_of_a_pupil_who_left_no_case_is_opened_and_an_open_one_is_retracted() {
    let mut site = Site::new(10).await;
    let leaves = async |site: &Site, pupil: usize| {
        let gone = WithdrawStudent { student_id: site.pupils[pupil], from: monday() };
        withdraw_student(&site.write, &here(), gone).await.unwrap();
    };
    for pupil in 2..10 {
        site.pass(pupil, Direction::Entry, at(7, 50)).await;
    }
    leaves(&site, 0).await;
    site.quiet(at(8, 16)).await;
    site.round().await;
    assert_eq!(site.told().await, kinds(&[("notice_requested", 1), ("opened", 1)]), "of the other one");
    leaves(&site, 1).await;
    assert_eq!(site.round_for(projections::ReadModel::Roster).await.events, 1);
    let story = [("notice_requested", 1), ("opened", 1), ("retracted not_expected", 1)];
    assert_eq!(site.told().await, kinds(&story));
}

#[tokio::test]
async fn a_bus_that_is_late_holds_the_alarm_until_it_is_there() {
    let mut site = Site::new(10).await;
    for pupil in 4..10 {
        site.pass(pupil, Direction::Entry, at(7, 50)).await;
    }
    site.quiet(at(8, 16)).await;
    site.round().await;
    assert_eq!(site.told().await, kinds(&[("held mass_alarm", 4), ("opened", 4)]));
    for pupil in 1..4 {
        site.pass(pupil, Direction::Entry, at(8, 20)).await;
    }
    site.quiet(at(8, 21)).await;
    assert_eq!(site.round_for(projections::ReadModel::Live).await.events, 4);
    let story = [("held mass_alarm", 4), ("notice_requested", 1), ("opened", 4), ("resolved arrived", 3)];
    assert_eq!(site.told().await, kinds(&story));
}

#[tokio::test]
async fn a_scan_that_comes_the_day_after_ends_the_case_of_its_own_day() {
    let mut site = Site::new(10).await;
    for pupil in 1..10 {
        site.pass(pupil, Direction::Entry, at(7, 50)).await;
    }
    site.quiet(at(8, 16)).await;
    site.round().await;
    // What follows may be there before the read model has the case that was just opened: it is not missed.
    site.clock.advance(TimeDelta::hours(20));
    site.pass(0, Direction::Entry, at(7, 45)).await;
    assert_eq!(site.round_for(projections::ReadModel::Live).await.events, 1);
    let date = "select local_date from events where aggregate_type = 'no_show_case' order by position desc limit 1";
    assert_eq!(sqlx::query_scalar::<_, NaiveDate>(date).fetch_one(&site.owner).await.unwrap(), monday());
}

#[tokio::test]
async fn a_school_that_cannot_be_read_stops_no_other_and_one_that_is_behind_is_not_judged() {
    let mut site = Site::new(10).await;
    for pupil in 1..10 {
        site.pass(pupil, Direction::Entry, at(7, 50)).await;
    }
    site.quiet(at(8, 16)).await;
    let broken = "insert into roster.schools select gen_random_uuid(), name, rbd, 'Mars/Olympus', late_after_minutes, \
                  missing_after_minutes, echo_seconds, position, mass_alarm_percent, stale_after_minutes \
                  from roster.schools";
    site.round().await;
    sqlx::query(broken).execute(&site.owner).await.unwrap();
    site.woken.all();
    assert_eq!(site.round().await.schools, 1);
    assert_eq!(site.told().await, kinds(&[("notice_requested", 1), ("opened", 1)]));
    // The projectors stand still: what the models do not have yet may be the pupil's entry.
    site.projectors.cancel();
    tokio::time::sleep(Duration::from_millis(300)).await;
    site.pass(0, Direction::Entry, at(8, 10)).await;
    site.woken.all();
    assert_eq!(site.one_round().await, Round { behind: true, ..Round::default() });
}

#[tokio::test]
async fn the_leader_works_by_itself_and_hears_of_a_scan() {
    let site = Site::new(10).await;
    for pupil in 1..10 {
        site.pass(pupil, Direction::Entry, at(7, 50)).await;
    }
    site.quiet(at(8, 16)).await;
    let stop = CancellationToken::new();
    let running = tokio::spawn(run(site.options.clone(), site.write.clone(), stop.clone()));
    let wait = async |what: &str| {
        for _ in 0..200 {
            if site.told().await.iter().any(|(kind, _)| kind == what) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{what} was not told: {:?}", site.told().await);
    };
    wait("notice_requested").await;
    site.clock.advance(TimeDelta::minutes(5));
    site.pass(0, Direction::Entry, at(8, 20)).await;
    wait("resolved arrived").await;
    stop.cancel();
    running.await.unwrap();
    let _ = site.course;
}
