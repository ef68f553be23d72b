//! The pages' values from the read models: the one place that turns a board into a view.

use super::reasons;
use super::source::{Boards, Source, SourceError};
use super::staff::member_names;
use super::view::{
    Board, ByHand, Counts, Course, CourseDay, Freshness, Gate, Listed, NobodyWhy, PersonName, Phase, Pupil, Scan,
    School, Status, Version,
};
use crate::AppState;
use crate::live::{Frame, LiveError, Watcher};
use crate::names::{self, NamesError, SchoolNames};
use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use domain::attendance_day::Direction;
use domain::day_status::{self, Step};
use domain::expectation::Why;
use domain::values::zone::{local_date, resolve_local};
use domain::{AccountId, Actor, CourseId, SchoolId, StudentId};
use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, stream};
use projections::live::acts;
use projections::live::board::{Board as Facts, Counts as Counted, GateLine};
use projections::live::queries::{self, PupilLine};
use projections::live::rows::LiveScan;
use projections::roster::queries as roster;
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// Behind for longer than this, in real milliseconds, is said aloud.
const STALE_AFTER_MS: u64 = 5_000;

/// A gate that was not heard for this long of real time is called silent: kiosks call at least every
/// minute.
pub(super) const SILENT_AFTER: TimeDelta = TimeDelta::minutes(3);

/// Rows of a page of a query.
const PAGE: i64 = 200;

/// The server's [`Source`].
#[derive(Clone)]
pub struct ReadModels(pub AppState);

impl Source for ReadModels {
    fn name(&self, account: AccountId) -> BoxFuture<'_, Option<String>> {
        async move {
            match self.0.accounts.person(account).await {
                Ok(found) => found.name,
                Err(error) => {
                    // The page is still theirs.
                    tracing::warn!(%error, "no name for a page");
                    None
                }
            }
        }
        .boxed()
    }

    fn now(&self) -> DateTime<Utc> {
        self.0.clock.now()
    }

    fn schools(&self) -> BoxFuture<'_, Result<Vec<Listed>, SourceError>> {
        async move {
            let mut schools = Vec::new();
            let mut after = None;
            loop {
                let page = self.0.pools.request.schools(after, PAGE).await?;
                let full = i64::try_from(page.len()).is_ok_and(|n| n == PAGE);
                after = page.last().map(|school| school.school_id);
                schools.extend(page.into_iter().map(|school| Listed {
                    school: School { id: school.school_id.0, name: school.name, zone: school.settings.zone },
                    rbd: school.rbd,
                }));
                if !full {
                    let order = |listed: &Listed| (listed.school.name.clone(), listed.school.id);
                    schools.sort_by_cached_key(order);
                    return Ok(schools);
                }
            }
        }
        .boxed()
    }

    fn board(&self, school: Uuid) -> BoxFuture<'_, Result<Option<Arc<Board>>, SourceError>> {
        async move {
            let frame = self.0.live.board_now(SchoolId(school)).await?;
            Ok(frame.map(|frame| Arc::new(board(&frame, self.0.clock.rate()))))
        }
        .boxed()
    }

    fn barred(&self, school: Uuid) -> BoxFuture<'_, Result<u32, SourceError>> {
        async move {
            let mut tx = self.0.pools.request.begin(SchoolId(school)).await?;
            let Some(found) = roster::school(&mut tx).await? else { return Ok(0) };
            let zone = found.settings.zone;
            let today = local_date(self.0.clock.now(), zone);
            let asked = acts::queries::blocked(&mut tx, resolve_local(today, NaiveTime::MIN, zone)).await?;
            Ok(u32::try_from(asked.len()).unwrap_or(u32::MAX))
        }
        .boxed()
    }

    fn boards(&self, school: Uuid) -> BoxFuture<'_, Result<Option<Boards>, SourceError>> {
        async move {
            let Some(watcher) = self.0.live.watch(SchoolId(school)).await? else { return Ok(None) };
            Ok(Some(boards(watcher, self.0.clock.rate())))
        }
        .boxed()
    }

    fn course(&self, school: Uuid, course: Uuid) -> BoxFuture<'_, Result<Option<CourseDay>, SourceError>> {
        async move { course_day(&self.0, SchoolId(school), CourseId(course)).await }.boxed()
    }
}

/// Every board that the hub computes, the present one first.
fn boards(watcher: Watcher, rate: f64) -> Boards {
    stream::unfold((watcher, true), move |(mut watcher, first)| async move {
        let latest = watcher.latest();
        if !first {
            latest.changed().await.ok()?;
        }
        let frame = latest.borrow_and_update().clone();
        Some((Arc::new(board(&frame, rate)), (watcher, false)))
    })
    .boxed()
}

fn board(frame: &Frame, rate: f64) -> Board {
    let facts = &frame.board;
    let phase = phase(facts);
    let behind_ms = frame.freshness.behind_ms;
    Board {
        school: School { id: facts.school_id.0, name: facts.school_name.clone(), zone: facts.zone },
        date: facts.date,
        set: reasons::of_date(&facts.calendar, facts.date),
        phase,
        counts: counts(&facts.totals),
        courses: facts
            .courses
            .iter()
            .map(|line| Course {
                id: line.course_id.0,
                name: line.name.clone(),
                nobody: line.nobody,
                counts: counts(&line.counts),
            })
            .collect(),
        scans: facts
            .last_scans
            .iter()
            .map(|scan| Scan {
                at: scan.occurred_at,
                name: if scan.erased { PersonName::Erased } else { name(&frame.names, scan.student_id) },
                course: scan.course_name.clone(),
                direction: scan.direction,
                late_minutes: scan.late_minutes,
                flags: scan.flags.clone(),
                by_hand: scan.by_hand.is_some(),
            })
            .collect(),
        gates: facts.gates.iter().map(|line| gate(line, facts.now, phase, rate)).collect(),
        quarantined: u32::try_from(facts.quarantined).unwrap_or(0),
        freshness: Freshness {
            as_of: facts.now,
            behind_ms,
            recorded_until: facts.as_of.recorded_at,
            tap_to_screen_ms: frame.freshness.tap_to_screen.map(|spread| spread.p50_ms),
            stale: behind_ms > STALE_AFTER_MS,
            before_restore: facts.as_of.stale_epoch,
        },
        version: Version { epoch: frame.told.id.epoch.0, position: frame.told.id.position },
    }
}

fn phase(facts: &Facts) -> Phase {
    let totals = &facts.totals;
    match facts.first_entry {
        _ if totals.pupils == 0 => Phase::Empty,
        None => Phase::Nobody(match facts.nobody {
            Some(Why::NoSlotThatDay) => Some(NobodyWhy::NoSlotThatDay),
            Some(Why::NoScheduleYet) => Some(NobodyWhy::NoScheduleYet),
            Some(Why::CourseClosed) => Some(NobodyWhy::CoursesClosed),
            Some(
                why @ (Why::CourseOwnTimes { .. }
                | Why::CourseHalfDay { .. }
                | Why::CourseNobody { .. }
                | Why::NoClasses { .. }
                | Why::Recovery { .. }
                | Why::HalfDay { .. }
                | Why::Outing
                | Why::Holiday),
            ) => Some(NobodyWhy::Set(why)),
            Some(Why::WeeklySchedule { .. } | Why::NotEnrolledYet | Why::Withdrawn) | None => None,
        }),
        // Whoever comes early is there already.
        Some(first) if facts.now < first && totals.pending == totals.expected => {
            Phase::Before { first_entry: Some(first.with_timezone(&facts.zone).time()) }
        }
        Some(_) => Phase::During,
    }
}

pub(super) fn counts(counted: &Counted) -> Counts {
    Counts {
        expected: counted.expected,
        inside: counted.present + counted.late,
        unexpected: counted.not_expected_inside,
        on_time: counted.present,
        late: counted.late,
        missing: counted.missing,
        unknown: counted.unknown,
        pending: counted.pending,
        left: counted.left,
        justified: counted.justified,
    }
}

/// On a school day a gate is silent when the log says so, or when it has not called for too long: then
/// the log may not say so yet.
fn gate(line: &GateLine, now: DateTime<Utc>, phase: Phase, rate: f64) -> Gate {
    let limit = SILENT_AFTER * rate.clamp(1.0, 10_000.0).ceil() as i32;
    let quiet = phase == Phase::During && !line.revoked && line.last_seen.is_some_and(|seen| now - seen > limit);
    Gate {
        name: line.gate.clone(),
        mode: line.mode,
        last_seen: line.last_seen,
        queued: line.queue_depth.and_then(|depth| u32::try_from(depth).ok()),
        drained_through: line.drained_through,
        silent_since: if quiet { line.last_seen } else { line.silent_since },
        revoked: line.revoked,
    }
}

pub(super) fn name(names: &SchoolNames, student: StudentId) -> PersonName {
    match names.of(student) {
        names::PersonName::Known { given, family } => PersonName::Known { family, given },
        names::PersonName::Erased => PersonName::Erased,
        names::PersonName::Unknown => PersonName::Unknown,
    }
}

/// How old a school's figures are, and its gates, as the board tells them; none if there is no such school.
pub(super) async fn freshness_and_gates(
    state: &AppState,
    school: SchoolId,
) -> Result<Option<(Freshness, Vec<Gate>)>, SourceError> {
    let Some(mut watcher) = state.live.watch(school).await? else { return Ok(None) };
    let frame = watcher.latest().borrow().clone();
    let Board { freshness, gates, .. } = board(&frame, state.clock.rate());
    Ok(Some((freshness, gates)))
}

async fn course_day(state: &AppState, school: SchoolId, course: CourseId) -> Result<Option<CourseDay>, SourceError> {
    let request = &state.pools.request;
    let found = projections::roster::queries::school(&mut request.begin(school).await?).await?;
    let Some(found) = found else { return Ok(None) };
    let now = state.clock.now();
    let date = now.with_timezone(&found.settings.zone).date_naive();
    // The figures' age and the gates are the board's, which somebody mostly looks at already.
    let Some((freshness, gates)) = freshness_and_gates(state, school).await? else { return Ok(None) };
    let names = state.names.of_school(school).await?;
    let mut tx = request.snapshot(school).await?;
    let mut pupils = Vec::new();
    let mut after = None;
    let page = loop {
        let page = queries::course_page(&mut tx, course, date, now, after, PAGE).await?;
        let Some(page) = page else { return Ok(None) };
        let mut hands = by_hand(state, school, &page.pupils).await?;
        pupils.extend(page.pupils.iter().map(|line| Pupil {
            by_hand: hands.remove(&line.student_id.0).unwrap_or_default(),
            ..pupil(line, &names)
        }));
        after = page.next;
        if after.is_none() {
            break page;
        }
    };
    Ok(Some(CourseDay {
        school: School { id: school.0, name: page.school.name, zone: page.school.settings.zone },
        date,
        course: Course { id: course.0, name: page.course.name, nobody: None, counts: counted(&pupils) },
        pupils,
        gates,
        freshness: Freshness {
            as_of: now,
            recorded_until: page.as_of.recorded_at,
            before_restore: page.as_of.stale_epoch,
            ..freshness
        },
        form: state.ids.next(),
    }))
}

/// The one word for a judged day.
pub(super) fn status(judged: day_status::Status) -> Status {
    match judged {
        day_status::Status::NotExpected => Status::NotExpected,
        day_status::Status::Pending => Status::Pending,
        day_status::Status::Present => Status::Inside,
        day_status::Status::Late { .. } => Status::Late,
        day_status::Status::Missing => Status::Missing,
        day_status::Status::Absent => Status::Absent,
        day_status::Status::Unknown => Status::Unknown,
        day_status::Status::Justified => Status::Justified,
        day_status::Status::EarlyLeave => Status::EarlyLeave,
        day_status::Status::Left => Status::Left,
    }
}

pub(super) fn pupil(line: &PupilLine, names: &SchoolNames) -> Pupil {
    let status = status(line.status.status);
    let day = line.day.as_ref();
    Pupil {
        id: line.student_id.0,
        name: if line.erased { PersonName::Erased } else { name(names, line.student_id) },
        status,
        inside: line.status.inside,
        first_entry: day.and_then(|day| day.first_entry_at.or(day.first_entry_any_at)),
        left_at: day.filter(|day| day.last_direction == Some(Direction::Exit)).and_then(|day| day.last_at),
        late_minutes: line.status.derivation.iter().find_map(|step| match step {
            Step::LateBy { minutes } => Some(*minutes),
            _ => None,
        }),
        derivation: line.status.derivation.clone(),
        by_hand: Vec::new(),
    }
}

/// What was recorded by hand, with names and notes opened.
async fn by_hand(
    state: &AppState,
    school: SchoolId,
    lines: &[PupilLine],
) -> Result<HashMap<Uuid, Vec<ByHand>>, SourceError> {
    let lines: Vec<&PupilLine> = lines.iter().filter(|line| !line.by_hand.is_empty()).collect();
    if lines.is_empty() {
        return Ok(HashMap::new());
    }
    let names = member_names(state, school).await?;
    let noted = lines.iter().filter(|line| line.by_hand.iter().any(|row| row.note.is_some()));
    let noted: Vec<Uuid> = noted.map(|line| line.student_id.0).collect();
    let keys = if noted.is_empty() {
        None
    } else {
        Some(state.write.vault().keys_of(school, &noted).await.map_err(NamesError::Vault)?)
    };
    let one = |row: &LiveScan| {
        let author = row.actor.as_ref().and_then(Actor::as_user).map(|account| account.0);
        let note = row.note.as_ref().zip(keys.as_ref());
        // A note that does not open is not shown, and what was recorded is.
        let note = note.and_then(|(note, keys)| keys.open(row.student_id.0, "note", note).ok()?.plain());
        Some(ByHand {
            id: row.scan_id.0,
            direction: row.direction,
            at: row.occurred_at,
            reason: row.by_hand?,
            recorded_at: row.recorded_at,
            by: author.and_then(|author| names.get(&author).cloned()),
            author,
            note,
        })
    };
    Ok(lines.into_iter().map(|line| (line.student_id.0, line.by_hand.iter().filter_map(one).collect())).collect())
}

/// The same figures as the board's row, over the same statuses.
fn counted(pupils: &[Pupil]) -> Counts {
    let of = |status| u32::try_from(pupils.iter().filter(|pupil| pupil.status == status).count()).unwrap_or(u32::MAX);
    let unexpected = pupils.iter().filter(|pupil| pupil.inside && pupil.status == Status::NotExpected).count();
    let counts = Counts {
        expected: 0,
        inside: of(Status::Inside) + of(Status::Late),
        unexpected: u32::try_from(unexpected).unwrap_or(u32::MAX),
        on_time: of(Status::Inside),
        late: of(Status::Late),
        missing: of(Status::Missing) + of(Status::Absent),
        unknown: of(Status::Unknown),
        pending: of(Status::Pending),
        left: of(Status::Left) + of(Status::EarlyLeave),
        justified: of(Status::Justified),
    };
    let open = counts.missing + counts.unknown + counts.pending;
    let expected = counts.on_time + counts.late + open + counts.left + counts.justified;
    Counts { expected, ..counts }
}

impl From<sqlx::Error> for SourceError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Tls(_) => {
                Self::Unavailable(error.into())
            }
            // The server is starting, stopping or full (SQLSTATE classes 53, 57 and 08).
            sqlx::Error::Database(ref refused)
                if refused
                    .code()
                    .is_some_and(|code| ["53", "57", "08"].iter().any(|class| code.starts_with(class))) =>
            {
                Self::Unavailable(error.into())
            }
            other => Self::Internal(other.into()),
        }
    }
}

impl From<NamesError> for SourceError {
    fn from(error: NamesError) -> Self {
        match error {
            NamesError::Roster(error) => error.into(),
            other => Self::Unavailable(other.into()),
        }
    }
}

impl From<LiveError> for SourceError {
    fn from(error: LiveError) -> Self {
        match error {
            LiveError::Database(error) => error.into(),
            LiveError::Names(error) => error.into(),
            LiveError::Overloaded => Self::Unavailable(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::KioskId;
    use domain::kiosk::LaneMode;

    fn line(seconds_ago: i64, now: DateTime<Utc>) -> GateLine {
        GateLine {
            kiosk_id: KioskId(Uuid::from_u128(1)),
            gate: "Portón".to_owned(),
            mode: LaneMode::EntryLane,
            last_seen: Some(now - TimeDelta::seconds(seconds_ago)),
            queue_depth: Some(3),
            skew_ms: None,
            drained_through: None,
            last_scan_at: None,
            silent_since: None,
            revoked: false,
            gaps: 0,
            forks: 0,
        }
    }

    #[test]
    fn a_gate_is_silent_by_the_log_or_after_three_real_minutes_of_a_school_day() {
        let now = super::super::sample::now();
        let silent = |line: &GateLine, phase, rate| gate(line, now, phase, rate).silent_since;
        assert_eq!(silent(&line(170, now), Phase::During, 1.0), None);
        assert_eq!(silent(&line(190, now), Phase::During, 1.0), Some(now - TimeDelta::seconds(190)));
        assert_eq!(silent(&line(190, now), Phase::Empty, 1.0), None, "at night kiosks are off");
        assert_eq!(silent(&line(190, now), Phase::During, 60.0), None, "three seconds of a fast demo");
        assert_eq!(silent(&GateLine { revoked: true, ..line(190, now) }, Phase::During, 1.0), None);
        assert!(
            silent(&GateLine { silent_since: Some(now), last_seen: None, ..line(0, now) }, Phase::Empty, 1.0).is_some()
        );
    }

    #[test]
    fn whoever_is_inside_without_being_expected_is_counted_beside_the_expected() {
        let school = counts(&Counted {
            pupils: 50,
            expected: 40,
            inside: 45,
            present: 38,
            late: 2,
            not_expected: 10,
            not_expected_inside: 5,
            ..Counted::default()
        });
        assert_eq!((school.inside, school.expected, school.unexpected), (40, 40, 5), "never 45 of 40");
        let mut pupils = CourseDay::sample().pupils;
        let expected = counted(&pupils);
        for inside in [true, false] {
            pupils.push(Pupil { status: Status::NotExpected, inside, ..pupils[0].clone() });
        }
        assert_eq!(counted(&pupils), Counts { unexpected: 1, ..expected });
    }

    #[test]
    fn a_courses_figures_add_up() {
        let counts = counted(&CourseDay::sample().pupils);
        assert_eq!(counts, CourseDay::sample().course.counts);
    }
}
