//! What other rules would have made of a month that has passed, as API and pages ask for it.

use chrono::{DateTime, Months, NaiveDate, NaiveTime, Utc};
use domain::school::{Settings, SettingsChange, SettingsError};
use domain::simulation::Simulated;
use domain::{CourseId, SchoolId};
use projections::audit::replay::{ReplayError, Trial, load_span};
use projections::{Readers, roster};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Semaphore;

/// Simulations of this process at once: each keeps a core for about a second.
static AT_ONCE: Semaphore = Semaphore::const_new(2);

/// Numbers as somebody typed them, whatever they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// [`Settings::late_after_minutes`].
    pub late_after_minutes: Option<i64>,
    /// [`Settings::missing_after_minutes`].
    pub missing_after_minutes: Option<i64>,
    /// [`Settings::mass_alarm_percent`].
    pub mass_alarm_percent: Option<i64>,
    /// [`Settings::stale_after_minutes`].
    pub stale_after_minutes: Option<i64>,
}

impl Wanted {
    /// What of the settings would change, each within its limit.
    pub fn change(self, now: &Settings) -> Result<SettingsChange, SettingsError> {
        // What no setting can hold is beyond every limit.
        let minutes = |value: i64| u16::try_from(value).unwrap_or(u16::MAX);
        let change = SettingsChange {
            late_after_minutes: self.late_after_minutes.map(minutes),
            missing_after_minutes: self.missing_after_minutes.map(minutes),
            mass_alarm_percent: self.mass_alarm_percent.map(|value| u8::try_from(value).unwrap_or(u8::MAX)),
            stale_after_minutes: self.stale_after_minutes.map(minutes),
        };
        change.over(now).check().map(|()| change)
    }
}

/// The name of a setting, as API and forms of programs have it.
pub fn field(error: SettingsError) -> &'static str {
    match error {
        SettingsError::LateAfter => "late_after_minutes",
        SettingsError::MissingAfter => "missing_after_minutes",
        SettingsError::Echo => "echo_seconds",
        SettingsError::MassAlarm => "mass_alarm_percent",
        SettingsError::StaleAfter => "stale_after_minutes",
    }
}

/// What is asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asked {
    /// First day of the month; the month before this one if left out.
    pub month: Option<NaiveDate>,
    /// The settings.
    pub settings: Wanted,
    /// Each weekday's first stay begins at this hour: of one course, or of all.
    pub entry: Option<(Option<CourseId>, NaiveTime)>,
    /// Nobody is expected on these dates of the month.
    pub days_off: BTreeSet<NaiveDate>,
}

/// Why nothing was simulated.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// No day of the month is over.
    #[error("no day of the month is over")]
    InFuture,
    /// A setting is beyond its limit.
    #[error(transparent)]
    Setting(#[from] SettingsError),
    /// The school has no such course.
    #[error("the school has no such course")]
    UnknownCourse,
    /// A day off that is not among the month's days that are over.
    #[error("a day off is not among the days that are simulated")]
    AnotherMonth,
    /// The log has nothing of the school.
    #[error("the log has nothing of this school yet")]
    NoSchool,
    /// The index cannot be folded.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// Nobody waits for it any more.
    #[error("given up")]
    Cancelled,
}

impl From<sqlx::Error> for Refused {
    fn from(error: sqlx::Error) -> Self {
        Self::Replay(error.into())
    }
}

/// A simulation that was understood, and not begun.
#[derive(Debug)]
pub struct Plan {
    school: SchoolId,
    /// First and last day.
    pub dates: (NaiveDate, NaiveDate),
    /// The settings as they are.
    pub settings: Settings,
    /// What would be otherwise.
    pub trial: Trial,
    /// What the courses are called.
    pub courses: HashMap<CourseId, String>,
}

/// Reads what is asked, and says what is wrong with it.
pub async fn plan(readers: &Readers, school: SchoolId, asked: Asked, now: DateTime<Utc>) -> Result<Plan, Refused> {
    let mut tx = readers.begin(school).await?;
    let found = roster::queries::school(&mut tx).await?.ok_or(Refused::NoSchool)?;
    let named = roster::queries::all_courses(&mut tx).await?;
    drop(tx);
    let today = now.with_timezone(&found.settings.zone).date_naive();
    let month = asked.month.unwrap_or_else(|| last_month(today));
    let last = month.checked_add_months(Months::new(1)).and_then(|next| next.pred_opt()).unwrap_or(month);
    // Today lasts: who is not there yet may still come.
    let to = today.pred_opt().unwrap_or(today).min(last);
    if to < month {
        return Err(Refused::InFuture);
    }
    let settings = asked.settings.change(&found.settings)?;
    let courses: HashMap<CourseId, String> = named.into_iter().map(|course| (course.course_id, course.name)).collect();
    if asked.entry.and_then(|(course, _)| course).is_some_and(|course| !courses.contains_key(&course)) {
        return Err(Refused::UnknownCourse);
    }
    if asked.days_off.iter().any(|date| !(month..=to).contains(date)) {
        return Err(Refused::AnotherMonth);
    }
    let trial = Trial { settings, entry: asked.entry, days_off: asked.days_off };
    Ok(Plan { school, dates: (month, to), settings: found.settings, trial, courses })
}

/// The first day of the month before a date's.
pub fn last_month(today: NaiveDate) -> NaiveDate {
    let first = chrono::Datelike::with_day(&today, 1).unwrap_or(today);
    first.checked_sub_months(Months::new(1)).unwrap_or(first)
}

/// What became of it.
#[derive(Debug)]
pub struct Found {
    /// What would be otherwise, day by day.
    pub simulated: Simulated,
    /// The last event of the index.
    pub position: i64,
}

/// Says that nobody waits any more, once it is dropped.
struct Waiting(Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Plan {
    /// A made-up one, for samples of pages.
    #[cfg(test)]
    pub(crate) fn sample(
        school: SchoolId,
        dates: (NaiveDate, NaiveDate),
        settings: Settings,
        trial: Trial,
        courses: HashMap<CourseId, String>,
    ) -> Self {
        Self { school, dates, settings, trial, courses }
    }

    /// How many days it looks at.
    pub fn days(&self) -> usize {
        let (from, to) = self.dates;
        from.iter_days().take_while(|date| *date <= to).count()
    }

    /// Simulates. `step` is told how many days are done, and says whether to go on; whoever drops the future ends it
    /// at the next day.
    pub async fn run(
        self: Arc<Self>,
        readers: &Readers,
        mut step: impl FnMut(usize) -> bool + Send + 'static,
    ) -> Result<Found, Refused> {
        let _place = AT_ONCE.acquire().await.map_err(|_| Refused::Cancelled)?;
        let mut tx = readers.begin(self.school).await?;
        let span = load_span(&mut tx, self.dates, &self.trial).await?.ok_or(Refused::NoSchool)?;
        drop(tx);
        let given_up = Waiting(Arc::new(AtomicBool::new(false)));
        let stop = Arc::clone(&given_up.0);
        // Some hundred thousand events are folded and judged: not on the threads that serve.
        let folded = tokio::task::spawn_blocking(move || {
            let simulated = span.simulate(&self.trial, |done| !stop.load(Ordering::Relaxed) && step(done));
            simulated.map(|simulated| Found { simulated, position: span.position })
        });
        folded.await.map_err(|_| sqlx::Error::WorkerCrashed)?.ok_or(Refused::Cancelled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_setting_can_hold_is_refused_by_its_name_and_never_wrapped_around() {
        let now = Settings::of(chrono_tz::America::Santiago);
        let late = |minutes| Wanted { late_after_minutes: Some(minutes), ..Wanted::default() }.change(&now);
        for nonsense in [-1, 241, 500, 65_541, i64::MIN, i64::MAX] {
            assert_eq!(late(nonsense).map_err(field), Err("late_after_minutes"), "{nonsense}");
        }
        assert_eq!(late(0).unwrap().late_after_minutes, Some(0));
        let mass = |percent| Wanted { mass_alarm_percent: Some(percent), ..Wanted::default() }.change(&now);
        for nonsense in [-1, 0, 101, 257] {
            assert_eq!(mass(nonsense).map_err(field), Err("mass_alarm_percent"), "{nonsense}");
        }
        assert!(mass(100).is_ok());
    }

    #[test]
    fn last_month_of_january_is_december() {
        let date = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).unwrap();
        assert_eq!(last_month(date(2026, 1, 31)), date(2025, 12, 1));
        assert_eq!(last_month(date(2026, 3, 31)), date(2026, 2, 1));
    }
}
