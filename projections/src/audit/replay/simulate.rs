//! Days that have passed, judged once more by other rules: by the fold of replays, the board's judge and the pass that
//! finds who did not come. Pure, but for [`load_span`].
//!
//! How a day counts is judged by all that is known of it now, as in the reports. Whether a family would have been told is
//! judged at each moment by what was known then: who was not on record yet, which gate had not said its word. Both are
//! judged twice, by the rules that there are and by the trial's, so that they differ by nothing but the trial.

use super::fold::Known;
use super::load::{as_of, passages, rules, words, words_within};
use super::{ReplayError, no_log};
use crate::Fact;
use crate::audit::queries::first_recorded;
use crate::live::absence::Scene;
use crate::live::apply::{DayKey, Live};
use crate::live::board::{GateLine, Judge};
use crate::live::facts::{BoardFacts, Course, Pupil, School};
use crate::readers::SchoolTx;
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use domain::calendar::{Reason, SchoolDay};
use domain::completeness::AWAITED_FOR;
use domain::course::Slot;
use domain::entry_rate::Outcome;
use domain::school::SettingsChange;
use domain::simulation::{Ended, Judged, Simulated, compare};
use domain::values::zone::day_range;
use domain::{AnyEvent, CourseId, SchoolId, StudentId};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// While the gates' word is awaited, and right after a deadline.
const AWAITED: TimeDelta = TimeDelta::minutes(1);
/// While a case is held: a gate may return, and who is late may come.
const HELD: TimeDelta = TimeDelta::minutes(5);
/// A gate that works says something once a minute: what it said so long before a deadline tells that it did.
const BEFORE: TimeDelta = TimeDelta::minutes(5);

/// What would be otherwise; nothing said stays as it was.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trial {
    /// The settings of every date.
    pub settings: SettingsChange,
    /// Each weekday's first stay begins at this hour: of one course, or of all.
    pub entry: Option<(Option<CourseId>, NaiveTime)>,
    /// Nobody of the school is expected on these dates.
    pub days_off: BTreeSet<NaiveDate>,
}

impl Trial {
    fn apply(&self, facts: &mut BoardFacts) {
        self.apply_to(facts.date, &mut facts.school, &mut facts.courses);
    }

    fn apply_to(&self, date: NaiveDate, school: &mut School, courses: &mut [Course]) {
        school.settings = self.settings.over(&school.settings);
        if self.days_off.contains(&date) {
            school.calendar.set(date, SchoolDay::NoClasses { reason: Reason::Other, resolution: None });
        }
        let Some((of, entry)) = self.entry else { return };
        let courses = courses.iter_mut().filter(|course| of.is_none_or(|of| course.course_id == of));
        for (_, slots) in courses.flat_map(|course| &mut course.calendar.schedules) {
            let is_first = |slot: &Slot| {
                let mut of_weekday = slots.iter().filter(|other| other.weekday == slot.weekday);
                of_weekday.all(|other| slot.entry <= other.entry)
            };
            let first: Vec<bool> = slots.iter().map(is_first).collect();
            // One that would end before it begins stays as it was.
            let moved = slots.iter_mut().zip(first).filter(|(slot, first)| *first && entry < slot.exit);
            moved.for_each(|(slot, _)| slot.entry = entry);
        }
    }
}

/// The events of a school's days, each kind in the order of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct SpanEvents {
    /// The tenant.
    pub school: SchoolId,
    /// First and last date.
    pub dates: (NaiveDate, NaiveDate),
    /// How far the log is in the index.
    pub position: i64,
    /// What was said of all days: the rules, and the gates' words that count.
    pub said: Vec<Fact>,
    /// The passages.
    pub passed: BTreeMap<NaiveDate, Vec<Fact>>,
}

/// Reads what [`SpanEvents::simulate`] folds: as many statements for a month as for a day, whatever the school's pupils.
/// None: the index has nothing of the school.
pub async fn load_span(
    tx: &mut SchoolTx,
    dates: (NaiveDate, NaiveDate),
    trial: &Trial,
) -> Result<Option<SpanEvents>, ReplayError> {
    let (school, position) = (tx.school(), as_of(tx).await?.position);
    let rules = rules(tx, position).await?;
    if rules.is_empty() {
        return Ok(None);
    }
    let mut span = SpanEvents { school, dates, position, said: rules, passed: BTreeMap::new() };
    let begin = dates.0.and_time(NaiveTime::MIN).and_utc();
    // A day more on both sides for the zones.
    let edge = |at: DateTime<Utc>, days| at.checked_add_signed(TimeDelta::days(days)).unwrap_or(at);
    let end = edge(dates.1.and_time(NaiveTime::MIN).and_utc(), 2);
    let before = first_recorded(tx, edge(begin, -1)).await?.map_or(position, |first| first.saturating_sub(1));
    let beyond = first_recorded(tx, end).await?.map_or(position, |first| first.saturating_sub(1)).min(position);
    let windows = span.windows(trial);
    let mut words = words(tx, &span.said, dates.0, [before, position]).await?;
    words.extend(words_within(tx, (before, beyond), &windows).await?);
    span.said.extend(words);
    span.said.sort_by_key(Fact::position);
    span.said.dedup_by_key(|fact| fact.position());
    for fact in passages(tx, dates, position).await? {
        span.passed.entry(fact.event.local_date).or_default().push(fact);
    }
    Ok(Some(span))
}

impl SpanEvents {
    /// Its dates, in order.
    pub fn dates(&self) -> impl Iterator<Item = NaiveDate> + use<> {
        let (from, to) = self.dates;
        from.iter_days().take_while(move |date| *date <= to)
    }

    /// When the gates' words are asked for: around each deadline, until it is no news any more.
    fn windows(&self, trial: &Trial) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
        let (now, mut then) = (self.known(), Then::new(&self.said));
        let mut windows = Vec::new();
        for date in self.dates() {
            let Some(facts) = now.with(self.school, date, no_log(), &Live::default()) else { continue };
            _ = then.learn(day_range(date, facts.school.settings.zone).start);
            let known = then.known.with(self.school, date, no_log(), &Live::default());
            for facts in [Some(facts), known].into_iter().flatten() {
                let due = Due::of(facts, trial);
                windows.extend(due.first().zip(due.last()));
            }
        }
        windows
    }

    fn known(&self) -> Known {
        let mut known = Known::default();
        self.said.iter().for_each(|fact| known.apply(fact));
        known
    }

    /// What the trial would have made of the days. `step` is told how many days are done, and says whether to go on;
    /// none if it said no.
    pub fn simulate(&self, trial: &Trial, mut step: impl FnMut(usize) -> bool) -> Option<Simulated> {
        let (now, mut then) = (self.known(), Then::new(&self.said));
        let mut simulated = Simulated::default();
        for (done, date) in self.dates().enumerate() {
            if !step(done) {
                return None;
            }
            let passed = self.passed.get(&date).map_or(&[][..], Vec::as_slice);
            let Some(mut facts) = now.on(self.school, date, no_log(), passed.iter().map(Cow::Borrowed)) else {
                continue;
            };
            // Of a day on which nobody was read nothing is known, whatever the gates say: as in the reports.
            if facts.pupils.iter().all(|pupil| pupil.day.is_none()) {
                facts.gates.clear();
            }
            let day = day_range(date, facts.school.settings.zone);
            let mut judged = [Judged::default(), Judged::default()];
            let [before, after] = &mut judged;
            before.ended = ended(&facts, day.end);
            let due = Due::of(facts.clone(), trial);
            trial.apply(&mut facts);
            after.ended = ended(&facts, day.end);
            _ = then.learn(day.start);
            self.notices((date, passed), trial, due, &mut then, &mut judged);
            let [before, after] = &judged;
            simulated.days.push(compare(date, before, after));
        }
        Some(simulated)
    }

    /// Follows the day's cases on both sides, moment by moment.
    fn notices(
        &self,
        (date, passages): (NaiveDate, &[Fact]),
        trial: &Trial,
        mut due: Due,
        then: &mut Then<'_>,
        judged: &mut [Judged; 2],
    ) {
        let known = then.known.with(self.school, date, no_log(), &Live::default());
        known.into_iter().for_each(|facts| due.add(facts, trial));
        let (mut passed, mut unread) = (Live::default(), passages.iter().peekable());
        let mut kept: Option<Kept> = None;
        for (moment, only_for_held) in due.moments() {
            if only_for_held && !judged.iter().any(|judged| judged.cases.wait()) {
                continue;
            }
            let mut came = Vec::new();
            while let Some(fact) = unread.next_if(|fact| fact.event.recorded_at <= moment) {
                passed.apply(fact);
                came.extend(Live::day_of(fact));
            }
            let rules_changed = then.learn(moment);
            let followed = kept.take().filter(|_| !rules_changed);
            let followed =
                followed.and_then(|kept| kept.follow(&came, &passed, then.known.gates(self.school, &passed)));
            let read = || then.known.with(self.school, date, no_log(), &passed).map(|facts| Kept::new(facts, trial));
            let Some(facts) = followed.or_else(read) else { continue };
            for (scene, judged) in facts.scenes().into_iter().zip(judged.iter_mut()) {
                let open = judged.cases.open();
                judged.cases.observe(scene.look(moment, &open).findings);
            }
            kept = Some(facts);
        }
    }
}

/// A day's facts at a moment, with the school and the courses of the trial beside them.
struct Kept {
    facts: BoardFacts,
    tried: (School, Vec<Course>),
}

impl Kept {
    fn new(facts: BoardFacts, trial: &Trial) -> Self {
        let (mut school, mut courses) = (facts.school.clone(), facts.courses.clone());
        trial.apply_to(facts.date, &mut school, &mut courses);
        Self { facts, tried: (school, courses) }
    }

    /// The facts of a later moment, if nothing but these passages and the gates' words came since. None: somebody came who
    /// was not on the board.
    fn follow(mut self, came: &[DayKey], passed: &Live, gates: Vec<GateLine>) -> Option<Self> {
        for key in came {
            let at = self.facts.pupils.binary_search_by_key(&key.2, |pupil| pupil.student_id).ok()?;
            self.facts.pupils.get_mut(at)?.day = passed.days.get(key).cloned();
        }
        self.facts.gates = gates;
        Some(self)
    }

    /// By the rules that there are, and by the trial's.
    fn scenes(&self) -> [Scene<'_>; 2] {
        let before = scene(&self.facts);
        [before, Scene { school: &self.tried.0, courses: &self.tried.1, ..before }]
    }
}

fn scene(facts: &BoardFacts) -> Scene<'_> {
    let BoardFacts { school, date, courses, pupils, gates, .. } = facts;
    Scene { school, date: *date, courses, pupils, gates }
}

/// How the day counts for everybody, at its end.
fn ended(facts: &BoardFacts, end: DateTime<Utc>) -> BTreeMap<StudentId, Ended> {
    let mut judge = Judge::new(facts, end);
    let mut of = |pupil: &Pupil| Ended { course_id: pupil.course_id, outcome: Outcome::of(&judge.judge(pupil).1) };
    facts.pupils.iter().map(|pupil| (pupil.student_id, of(pupil))).collect()
}

/// What is said, up to a moment that only moves on.
struct Then<'a> {
    unread: std::iter::Peekable<std::slice::Iter<'a, Fact>>,
    known: Known,
}

impl<'a> Then<'a> {
    fn new(said: &'a [Fact]) -> Self {
        Self { unread: said.iter().peekable(), known: Known::default() }
    }

    /// Whether it was more than gates' words.
    fn learn(&mut self, moment: DateTime<Utc>) -> bool {
        let mut rules = false;
        while let Some(fact) = self.unread.next_if(|fact| fact.event.recorded_at <= moment) {
            self.known.apply(fact);
            rules |= !matches!(fact.event.payload, AnyEvent::Kiosk(_));
        }
        rules
    }
}

/// A day's deadlines on both sides, and how long each stays news.
#[derive(Default)]
struct Due {
    at: BTreeSet<DateTime<Utc>>,
    news: TimeDelta,
}

impl Due {
    fn of(facts: BoardFacts, trial: &Trial) -> Self {
        let mut due = Self::default();
        due.add(facts, trial);
        due
    }

    fn add(&mut self, mut facts: BoardFacts, trial: &Trial) {
        for side in 0..2 {
            if side == 1 {
                trial.apply(&mut facts);
            }
            self.news = self.news.max(TimeDelta::minutes(facts.school.settings.stale_after_minutes.into()));
            self.at.append(&mut scene(&facts).deadlines());
        }
    }

    fn first(&self) -> Option<DateTime<Utc>> {
        self.at.first().map(|due| due.checked_sub_signed(BEFORE).unwrap_or(*due))
    }

    fn last(&self) -> Option<DateTime<Utc>> {
        self.at.last().map(|due| due.checked_add_signed(self.news).unwrap_or(*due))
    }

    /// When the day is looked at, in order, and whether only if something is held.
    fn moments(&self) -> BTreeMap<DateTime<Utc>, bool> {
        let mut moments = BTreeMap::new();
        let each = |due: DateTime<Utc>, step: TimeDelta, to: TimeDelta| {
            (0..)
                .map_while(move |n| step.checked_mul(n))
                .take_while(move |after| *after <= to)
                .map(move |after| due + after)
        };
        for due in &self.at {
            each(*due, HELD, self.news).for_each(|moment| _ = moments.entry(moment).or_insert(true));
        }
        for due in &self.at {
            each(*due, AWAITED, AWAITED_FOR).for_each(|moment| _ = moments.insert(moment, false));
        }
        moments
    }
}
