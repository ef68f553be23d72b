//! A school's days from one date to another, with all that they are judged by: what reports are computed from, in a
//! constant number of statements whatever the school's pupils and the dates (defect D36).

use super::expected::Expected;
use super::facts::{self, Course, Pupil, School};
use super::queries::DayRecord;
use super::reports::Scope;
use super::rows::PupilDay;
use crate::live::board::AsOf;
use crate::readers::SchoolSnapshot;
use crate::roster;
use chrono::{DateTime, NaiveDate, Utc};
use domain::calendar::SchoolCalendar;
use domain::completeness::{self, GateFacts};
use domain::day_status::{Completeness, DayFacts, DayStatus, Policy, closed_at, day_status};
use domain::expectation::{CourseCalendar, Expectation};
use domain::school::SettingsHistory;
use domain::{CourseId, SchoolId, StudentId};
use sqlx::PgConnection;
use sqlx::types::Json;
use std::collections::{BTreeMap, HashMap, HashSet};
use uuid::Uuid;

/// The facts.
#[derive(Debug)]
pub(super) struct Span {
    /// With the settings of now.
    pub(super) school: School,
    settings: SettingsHistory,
    pub(super) courses: Vec<Course>,
    pub(super) as_of: AsOf,
    scope: Scope,
    from: NaiveDate,
    /// The last date that has begun.
    to: NaiveDate,
    /// Where each pupil was, in the order in which it was decided.
    places: BTreeMap<StudentId, Vec<Place>>,
    days: HashMap<(NaiveDate, StudentId), PupilDay>,
    gates: Vec<GateFacts>,
    /// The dates on which anybody of the school was read or recorded.
    seen: HashSet<NaiveDate>,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    from: NaiveDate,
    course_id: Option<CourseId>,
}

/// A pupil's day as it was judged.
pub(super) struct Judged<'a> {
    pub(super) date: NaiveDate,
    pub(super) student_id: StudentId,
    pub(super) course_id: Option<CourseId>,
    pub(super) expected: &'a Expectation,
    pub(super) status: DayStatus,
    pub(super) day: Option<&'a PupilDay>,
}

impl Span {
    /// Loads the facts from `from` to `to`, both included, but no date that has not begun; none if the roster does not
    /// know the school.
    pub(super) async fn load(
        tx: &mut SchoolSnapshot,
        scope: Scope,
        (from, to): (NaiveDate, NaiveDate),
        now: DateTime<Utc>,
    ) -> Result<Option<Self>, sqlx::Error> {
        let Some(found) = roster::queries::school(tx).await? else { return Ok(None) };
        let to = to.min(now.with_timezone(&found.settings.zone).date_naive());
        let mut calendar = SchoolCalendar::default();
        for set in roster::queries::school_days(tx, from, to).await? {
            if let Some(day) = set.day {
                calendar.set(set.local_date, day);
            }
        }
        let settings = roster::queries::settings_history(tx, to).await?;
        let exceptions = roster::queries::course_days(tx, from, to).await?;
        let mut courses = courses_in_tx(tx.conn(), found.school_id, to).await?;
        for set in exceptions {
            let course = courses.iter_mut().find(|course| course.course_id == set.course_id);
            if let (Some(course), Some(day)) = (course, set.day) {
                course.calendar.exceptions.insert(set.local_date, day);
            }
        }
        let id = found.school_id;
        let places = places_in_tx(tx.conn(), id, scope, to).await?;
        let days = days_in_tx(tx.conn(), id, scope, &places, (from, to)).await?;
        Ok(Some(Self {
            school: School { school_id: id, name: found.name, settings: found.settings, calendar },
            settings,
            courses,
            as_of: facts::as_of_in_tx(tx.conn()).await?,
            scope,
            from,
            to,
            days: days.into_iter().map(|day| ((day.local_date, day.student_id), day)).collect(),
            gates: facts::load_gates_in_tx(tx.conn(), id).await?.iter().map(GateFacts::from).collect(),
            seen: seen_in_tx(tx.conn(), id, (from, to)).await?,
            places,
        }))
    }

    /// The dates, in order.
    pub(super) fn dates(&self) -> impl Iterator<Item = NaiveDate> + use<> {
        let to = self.to;
        self.from.iter_days().take_while(move |date| *date <= to)
    }

    /// Whether anybody of the school was read or recorded on the date.
    pub(super) fn was_seen(&self, date: NaiveDate) -> bool {
        self.seen.contains(&date)
    }

    /// Whether anything was ever decided about the pupil.
    pub(super) fn knows(&self, student: StudentId) -> bool {
        self.places.contains_key(&student)
    }

    /// Judges every day of every pupil in a course of the scope on that date, date by date, at `now`.
    pub(super) fn judge(&self, now: DateTime<Utc>, mut each: impl FnMut(Judged<'_>)) {
        for date in self.dates() {
            let school = self.school_on(date);
            let policy = Policy::from(&school.settings);
            let mut by_course = Expected::new(&school, &self.courses, date);
            for (student_id, places) in &self.places {
                let Some(pupil) = on(*student_id, places, date) else { continue };
                let here = match self.scope {
                    Scope::School => pupil.course_id.is_some(),
                    Scope::Course(course) => pupil.course_id == Some(course),
                    Scope::Pupil(_) => true,
                };
                if !here {
                    continue;
                }
                let expected = by_course.of(&pupil);
                let word = self.word(date, &expected, &policy, now);
                let day = self.days.get(&(date, *student_id));
                let facts = day.map_or(DayFacts::none(word), |day| day.facts(word));
                let status = day_status(&facts, &expected, &policy, now);
                let course_id = pupil.course_id;
                each(Judged { date, student_id: *student_id, course_id, expected: &expected, status, day });
            }
        }
    }

    /// The school with the settings of a date: no later ones judge it.
    fn school_on(&self, date: NaiveDate) -> School {
        let settings = self.settings.on(date).unwrap_or(&self.school.settings).clone();
        School { settings, ..self.school.clone() }
    }

    /// Whether all that could change a day of that expectation has arrived. A closed day on which nobody of the whole
    /// school was read is not known: gates that were not there yet, and a school that was closed without saying so, look
    /// the same, and neither is an absence.
    fn word(&self, date: NaiveDate, expected: &Expectation, policy: &Policy, now: DateTime<Utc>) -> Completeness {
        if !self.was_seen(date) && closed_at(expected, now).is_some() {
            return Completeness::GateSilent;
        }
        completeness::of_day(&self.gates, expected, policy, now, now)
    }
}

/// A pupil on a date; none before anything was decided about the pupil.
fn on(student_id: StudentId, places: &[Place], date: NaiveDate) -> Option<Pupil> {
    let reach = || places.iter().filter(|place| place.from <= date);
    let (newest, enrolled_from) = (reach().next_back()?, reach().map(|place| place.from).min()?);
    Some(Pupil {
        student_id,
        course_id: newest.course_id,
        enrolled_from,
        withdrawn_from: newest.course_id.is_none().then_some(newest.from),
        day: None,
    })
}

/// All courses, with every version of their schedules that begins by the date.
async fn courses_in_tx(conn: &mut PgConnection, school: SchoolId, to: NaiveDate) -> Result<Vec<Course>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select c.course_id, c.name, c.level, c.letter, c.closed_from,
                  coalesce(s.versions, '[]') as "versions!: Json<Vec<(NaiveDate, Vec<domain::course::Slot>)>>"
           from courses c
           left join (
             select course_id, json_agg(json_build_array(effective_from, slots)) as versions from schedules
             where school_id = $1 and effective_from <= $2 group by course_id
           ) s on s.course_id = c.course_id
           where c.school_id = $1"#,
        school.0,
        to
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| Course {
            course_id: CourseId(r.course_id),
            name: r.name,
            level: r.level,
            letter: r.letter,
            calendar: CourseCalendar {
                schedules: r.versions.0,
                exceptions: BTreeMap::new(),
                closed_from: r.closed_from,
            },
        })
        .collect())
}

struct PlaceRecord {
    student_id: Uuid,
    from_date: NaiveDate,
    course_id: Option<Uuid>,
}

/// Where those of the scope were up to the date. Statements of their own for a few and for all: one with "or null" would
/// be planned for the whole school as soon as Postgres keeps its plan.
async fn places_in_tx(
    conn: &mut PgConnection,
    school: SchoolId,
    scope: Scope,
    to: NaiveDate,
) -> Result<BTreeMap<StudentId, Vec<Place>>, sqlx::Error> {
    let rows = match scope {
        Scope::School => {
            sqlx::query_as!(
                PlaceRecord,
                "select student_id, from_date, course_id from memberships \
                 where school_id = $1 and from_date <= $2 order by student_id, position",
                school.0,
                to
            )
            .fetch_all(conn)
            .await?
        }
        Scope::Course(course) => {
            sqlx::query_as!(
                PlaceRecord,
                "select m.student_id, m.from_date, m.course_id \
                 from (select distinct student_id from memberships \
                       where school_id = $1 and course_id = $3 and from_date <= $2) sent \
                 join memberships m on m.student_id = sent.student_id \
                 where m.school_id = $1 and m.from_date <= $2 order by m.student_id, m.position",
                school.0,
                to,
                course.0
            )
            .fetch_all(conn)
            .await?
        }
        Scope::Pupil(student) => {
            sqlx::query_as!(
                PlaceRecord,
                "select student_id, from_date, course_id from memberships \
                 where school_id = $1 and student_id = $3 and from_date <= $2 order by position",
                school.0,
                to,
                student.0
            )
            .fetch_all(conn)
            .await?
        }
    };
    let mut places: BTreeMap<StudentId, Vec<Place>> = BTreeMap::new();
    for row in rows {
        let place = Place { from: row.from_date, course_id: row.course_id.map(CourseId) };
        places.entry(StudentId(row.student_id)).or_default().push(place);
    }
    Ok(places)
}

/// The days on which they were read or recorded: of all, the range of the index; of a few, one look into it for each of
/// their days.
async fn days_in_tx(
    conn: &mut PgConnection,
    school: SchoolId,
    scope: Scope,
    places: &BTreeMap<StudentId, Vec<Place>>,
    (from, to): (NaiveDate, NaiveDate),
) -> Result<Vec<PupilDay>, sqlx::Error> {
    let rows = match scope {
        Scope::School => sqlx::query_as!(
            DayRecord,
            "select school_id, local_date, student_id, first_entry_at, first_entry_any_at, last_direction, last_at, \
                 last_scan_id, scans, echoes, by_hand, first_by_hand, last_by_hand, flags, justified, leave_from, \
                 leave_reason, position from pupil_days \
                 where school_id = $1 and local_date between $2 and $3",
            school.0,
            from,
            to
        )
        .fetch_all(conn)
        .await?,
        Scope::Course(_) | Scope::Pupil(_) => {
            let ids: Vec<Uuid> = places.keys().map(|student| student.0).collect();
            sqlx::query_as!(
                DayRecord,
                "select p.school_id, p.local_date, p.student_id, p.first_entry_at, p.first_entry_any_at, \
                 p.last_direction, p.last_at, p.last_scan_id, p.scans, p.echoes, p.by_hand, p.first_by_hand, \
                 p.last_by_hand, p.flags, p.justified, p.leave_from, p.leave_reason, p.position \
                 from generate_series($2::date, $3::date, interval '1 day') d cross join unnest($4::uuid[]) s \
                 cross join lateral ( \
                   select * from pupil_days \
                   where school_id = $1 and local_date = d::date and student_id = s offset 0) p",
                school.0,
                from,
                to,
                &ids
            )
            .fetch_all(conn)
            .await?
        }
    };
    rows.into_iter().map(PupilDay::try_from).collect()
}

/// The dates on which anybody of the school was read or recorded, by one look into the index each.
async fn seen_in_tx(
    conn: &mut PgConnection,
    school: SchoolId,
    (from, to): (NaiveDate, NaiveDate),
) -> Result<HashSet<NaiveDate>, sqlx::Error> {
    let dates = sqlx::query_scalar!(
        r#"select d::date as "date!" from generate_series($2::date, $3::date, interval '1 day') d
           where (select true from pupil_days where school_id = $1 and local_date = d::date
                  and last_at is not null limit 1)"#,
        school.0,
        from,
        to
    )
    .fetch_all(conn)
    .await?;
    Ok(dates.into_iter().collect())
}
