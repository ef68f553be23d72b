//! A school's year from the audit index: one day at any moment, and all of its days at once.

use crate::Options;
use crate::report::{Figure, Target};
use crate::stage::{Database, Stage};
use anyhow::{Context as _, Result, ensure};
use chrono::Datelike as _;
use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc, Weekday};
use commands::pool::Role;
use domain::attendance_day::{self, Direction, Method, Scan, Shown, TimeConfidence};
use domain::course::{self, Slot};
use domain::day_status::Status;
use domain::kiosk::{self, LaneMode};
use domain::school::{self, Settings};
use domain::{Actor, AnyEvent, EventId, KioskId, QueueId, Recorded, SchoolId, Sealed, StreamId, StudentId, student};
use projections::audit::replay::{self, DayOf};
use projections::{Fact, ReadModel, Readers};
use std::time::Instant;
use uuid::Uuid;

const PUPILS: u128 = 1_200;
const COURSES: u128 = 30;
const KIOSKS: u128 = 4;
const SCHOOL_DAYS: usize = 190;
/// Entries of a page of the projector.
const PAGE: usize = 2_000;

fn id(space: u128, n: u128) -> Uuid {
    Uuid::from_u128(0x018f_0000_0000_7000_8000_0000_0000_0000 | (space << 40) | n)
}

/// A school's year, in the order of the log.
pub struct Year {
    pub school: SchoolId,
    pub facts: Vec<Fact>,
    /// Where each day's passages are.
    pub days: Vec<(NaiveDate, std::ops::Range<usize>)>,
    /// What is said of all days.
    said: Vec<Fact>,
    pub position: i64,
}

impl Year {
    /// 1,200 pupils of thirty courses who come at eight and go at half past three, three in ten out at noon besides; every
    /// twentieth is not there, another one late. Four kiosks, which say each minute that nothing waits on them.
    pub fn new() -> Result<Self> {
        Self::of(SCHOOL_DAYS)
    }

    /// The first days of it.
    pub fn of(days: usize) -> Result<Self> {
        let mut year =
            Self { school: SchoolId(id(1, 0)), facts: Vec::new(), days: Vec::new(), said: Vec::new(), position: 0 };
        let first = NaiveDate::from_ymd_opt(2026, 3, 2).context("a date")?;
        let founded = at(first, 5, 0);
        year.found(first, founded)?;
        let mut date = first;
        while year.days.len() < days {
            if !matches!(date.weekday(), Weekday::Sat | Weekday::Sun) {
                year.day(date)?;
            }
            date = date.checked_add_days(Days::new(1)).context("a day more")?;
        }
        Ok(year)
    }

    fn found(&mut self, first: NaiveDate, now: DateTime<Utc>) -> Result<()> {
        let sealed = || Sealed("v1:0000000000000000:00000000000000000000000000000000".into());
        let settings = Settings::of(chrono_tz::America::Santiago);
        let registered = school::Event::Registered { name: "Liceo".into(), rbd: None, settings };
        self.say(self.school.0, first, now, AnyEvent::School(registered))?;
        for c in 0..COURSES {
            let (name, level) = (format!("{c}° A"), format!("basica-{c}"));
            let opened = course::Event::Opened { year: 2026, name, level, letter: "A".into() };
            self.say(id(2, c), first, now, AnyEvent::Course(opened))?;
            let weekdays = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];
            let slots = weekdays.into_iter().zip(0..).map(|(weekday, n)| Slot {
                slot_id: id(7, n).into(),
                weekday,
                entry: NaiveTime::from_hms_opt(8, 0, 0).unwrap_or_default(),
                exit: NaiveTime::from_hms_opt(15, 30, 0).unwrap_or_default(),
            });
            let set = course::Event::WeeklyScheduleSet { effective_from: first, slots: slots.collect() };
            self.say(id(2, c), first, now, AnyEvent::Course(set))?;
        }
        for p in 0..PUPILS {
            let enrolled = student::Event::Enrolled {
                course_id: id(2, p % COURSES).into(),
                from: first,
                given_names: sealed(),
                family_names: sealed(),
                national_id: None,
            };
            self.say(id(3, p), first, now, AnyEvent::Student(enrolled))?;
        }
        for k in 0..KIOSKS {
            let enrolled = kiosk::Event::Enrolled { gate: format!("Portón {k}"), mode: LaneMode::Choice };
            self.say(id(4, k), first, now, AnyEvent::Kiosk(enrolled))?;
        }
        Ok(())
    }

    fn day(&mut self, date: NaiveDate) -> Result<()> {
        let begin = self.facts.len();
        for minute in 0..540_i64 {
            for k in 0..KIOSKS {
                let now = at(date, 10, 30) + TimeDelta::minutes(minute);
                let drained = kiosk::Event::DrainedThrough { queue_id: QueueId(id(9, k)), seq: minute, through: now };
                self.say(id(4, k), date, now, AnyEvent::Kiosk(drained))?;
            }
        }
        let words = self.facts.len();
        for p in (0..PUPILS).filter(|p| p % 20 != 0) {
            let late = i64::from(p % 20 == 1) * 20;
            let entered = at(date, 10, 40) + TimeDelta::seconds((p % 1_200) as i64) + TimeDelta::minutes(late);
            self.scan(p, date, Direction::Entry, entered)?;
            if matches!(p % 10, 3 | 5 | 7) {
                self.scan(p, date, Direction::Exit, at(date, 15, 30))?;
                self.scan(p, date, Direction::Entry, at(date, 16, 15))?;
            }
            self.scan(p, date, Direction::Exit, at(date, 18, 31))?;
        }
        self.days.push((date, words..self.facts.len()));
        ensure!(begin < words, "a day has words of its gates");
        Ok(())
    }

    fn scan(&mut self, p: u128, date: NaiveDate, direction: Direction, occurred_at: DateTime<Utc>) -> Result<()> {
        let kiosk_id = KioskId(id(4, p % KIOSKS));
        let scan = Scan {
            scan_id: id(8, self.position.unsigned_abs().into()).into(),
            kiosk_id,
            queue_id: QueueId(id(9, p % KIOSKS)),
            seq: self.position,
            credential_id: id(5, p).into(),
            direction,
            method: Method::Qr,
            occurred_at,
            time_confidence: TimeConfidence::Monotonic,
            shown: Shown::Welcome,
            device_time: occurred_at,
            prev_hash: None,
        };
        let stream = StreamId::of_day(date, self.school, StudentId(id(3, p)));
        let event = AnyEvent::AttendanceDay(attendance_day::Event::ScanRecorded { scan });
        self.append(stream, date, occurred_at, Actor::kiosk(kiosk_id), event)
    }

    fn say(&mut self, own: Uuid, date: NaiveDate, now: DateTime<Utc>, event: AnyEvent) -> Result<()> {
        self.append(StreamId::of(self.school, own), date, now, Actor::cli("bench"), event)
    }

    fn append(
        &mut self,
        stream: StreamId,
        date: NaiveDate,
        now: DateTime<Utc>,
        actor: Actor,
        payload: AnyEvent,
    ) -> Result<()> {
        self.position += 1;
        let fact = Fact::new(Recorded {
            position: self.position,
            event_id: EventId(id(6, self.position.unsigned_abs().into())),
            school_id: self.school,
            aggregate_type: payload.aggregate().to_owned(),
            stream,
            sequence: self.position,
            event_type: payload.name().to_owned(),
            event_version: payload.version().to_owned(),
            occurred_at: now,
            recorded_at: now,
            local_date: date,
            zone: "America/Santiago".to_owned(),
            utc_offset: -10_800,
            actor,
            correlation_id: id(10, self.position.unsigned_abs().into()),
            causation_id: None,
            command_id: None,
            payload,
        })?;
        if !matches!(fact.event.payload, AnyEvent::AttendanceDay(_)) {
            self.said.push(fact.clone());
        }
        self.facts.push(fact);
        Ok(())
    }
}

/// An instant of a date, UTC.
pub fn at(date: NaiveDate, hour: u32, minute: u32) -> DateTime<Utc> {
    date.and_time(NaiveTime::from_hms_opt(hour, minute, 0).unwrap_or_default()).and_utc()
}

/// Not there, whether or not the school's own evening has made it final: in winter it comes an hour later by this clock.
fn is_away(status: Status) -> bool {
    matches!(status, Status::Missing | Status::Absent)
}

/// All the days at once in memory, then single days from the index.
pub async fn run(options: &Options, stage: &Stage, figures: &mut Vec<Figure>) -> Result<()> {
    options.say("replay: a school's year");
    let year = Year::new()?;
    let scans: usize = year.days.iter().map(|(_, day)| day.len()).sum();
    let mut took = Vec::new();
    for _ in 0..options.rounds {
        let days = year.days.iter().map(|(date, of)| -> DayOf<'_> { (*date, &year.facts[of.clone()]) });
        let begun = Instant::now();
        let judged = replay::statuses(year.school, &year.said, days, |date| at(date, 20, 0)).context("a school")?;
        took.push(begun.elapsed().as_secs_f64());
        let missing = judged.iter().flat_map(|(_, pupils)| pupils).filter(|(_, s)| is_away(s.status)).count();
        ensure!(missing == SCHOOL_DAYS * 60, "every twentieth is missing on every day: {missing}");
    }
    figures.push(Figure::once("replay_year_scans", "scans", Target::None, scans as f64));
    figures.push(Figure::new("replay_year", "s", Target::AtMost(2.0), took));
    let database = stage.database("replay").await?;
    fill(options, &database, &year).await?;
    one_day(options, &database, &year, figures).await
}

/// The index as the projector writes it.
pub async fn fill(options: &Options, database: &Database, year: &Year) -> Result<()> {
    options.say("its index");
    let pool = database.pool(Role::Projector, 2, "public,roster,live,audit,no_show").await?;
    for page in year.facts.chunks(PAGE) {
        let mut tx = pool.begin().await?;
        ReadModel::Audit.apply_page_in_tx(&mut tx, page).await?;
        tx.commit().await?;
    }
    let checkpoint =
        "insert into checkpoints (read_model, version, epoch, position) select 'audit', 1, epoch, $1 from log_epoch";
    sqlx::query(checkpoint).bind(year.position).execute(&database.owner).await?;
    sqlx::query("analyze audit.entries").execute(&database.owner).await?;
    Ok(())
}

/// From the question to both boards: a day of autumn and one of spring, at some moments of each, as the pages ask.
async fn one_day(options: &Options, database: &Database, year: &Year, figures: &mut Vec<Figure>) -> Result<()> {
    let readers = Readers::new(database.pool(Role::Request, 2, "public,roster,live,audit,no_show").await?);
    let now = at(year.days[SCHOOL_DAYS - 1].0, 23, 0);
    let mut took = Vec::new();
    for round in 0..options.rounds.max(3) {
        for (day, hour, minute) in [(20, 11, 20), (20, 14, 0), (170, 11, 20), (170, 18, 0)] {
            let date = year.days[day].0;
            let asked = web::replay::Asked { date, as_of: Some(at(date, hour, minute)), at: None };
            let begun = Instant::now();
            let found = web::replay::day(&readers, year.school, asked, now).await?;
            let spent = begun.elapsed().as_secs_f64() * 1e3;
            ensure!(found.replayed.pupils.len() == 1_200, "everybody is on the board");
            ensure!(found.replayed.now.totals.holds(), "the figures add up");
            // The first round finds nothing in memory.
            if round > 0 {
                took.push(spent);
            }
        }
    }
    figures.push(Figure::new("replay_one_day", "ms", Target::AtMost(200.0), took));
    Ok(())
}
