//! A pupil's day as a family sees it.

use crate::AppState;
use crate::family::{Guardian, OwnPupil};
use crate::i18n::{Lang, key, times};
use crate::pages::course::fact;
use crate::pages::icon::icon;
use crate::pages::read_models::{name, pupil};
use crate::pages::source::SourceError;
use crate::pages::view::{PersonName, Pupil, School};
use crate::permissions::PARENT_READ;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use commands::looks::{Look, Looker, What, Whose};
use domain::attendance_day::Direction;
use maud::{Markup, html};
use projections::live::reports::{MAX_PUPIL_DAYS, pupil_day};
use uuid::Uuid;

/// A pupil's day.
pub(super) struct Child {
    /// In this school.
    pub school: School,
    /// The course's name, if there is one that day.
    pub course: Option<String>,
    /// The school day.
    pub date: NaiveDate,
    /// Whether it is today.
    pub is_today: bool,
    /// How the day stands, as on the board.
    pub pupil: Pupil,
    /// When the pupil came and went, in order; whether a person recorded it and not the card.
    pub taps: Vec<(DateTime<Utc>, Direction, bool)>,
    /// Until when the log is in here; none if there is nothing in it.
    pub as_of: Option<DateTime<Utc>>,
    /// Minted with the page: what one page sends is done once.
    pub form: Uuid,
    /// Whether documents are kept.
    pub documents: bool,
}

/// Today, or another day of the last year, as it is known now; none if the school does not know the pupil, or the day is
/// none of these. That the guardian looked is recorded first.
pub(super) async fn of(
    state: &AppState,
    guardian: &Guardian,
    own: &OwnPupil,
    of_date: Option<NaiveDate>,
) -> Result<Option<Child>, SourceError> {
    let look = Look {
        school: own.school,
        who: Looker::Guardian(own.guardian),
        role: "GUARDIAN".to_owned(),
        what: What::OwnPupil,
        whose: Whose::Pupil(own.student),
        of_date,
        why: PARENT_READ,
        session_id: guardian.session_id,
    };
    state.looks.record(look).await.map_err(|error| SourceError::Unavailable(error.into()))?;
    let request = &state.pools.request;
    let found = projections::roster::queries::school(&mut request.begin(own.school).await?).await?;
    let Some(found) = found else { return Ok(None) };
    let now = state.clock.now();
    let today = now.with_timezone(&found.settings.zone).date_naive();
    let date = of_date.unwrap_or(today);
    if date > today || today - date > TimeDelta::days(MAX_PUPIL_DAYS) {
        return Ok(None);
    }
    let names = state.names.of_school(own.school).await?;
    let mut tx = request.snapshot(own.school).await?;
    let page = pupil_day(&mut tx, own.student, date, now).await?;
    drop(tx);
    Ok(page.map(|page| {
        let mut line = pupil(&page.pupil, &names);
        if !page.pupil.erased {
            line.name = name(&names, own.student);
        }
        Child {
            school: School { id: own.school.0, name: page.school.name, zone: page.school.settings.zone },
            course: page.course.map(|course| course.name),
            date,
            is_today: date == today,
            pupil: line,
            taps: page
                .scans
                .iter()
                .filter(|scan| scan.is_told())
                .map(|scan| (scan.occurred_at, scan.direction, scan.by_hand.is_some()))
                .collect(),
            as_of: page.as_of.recorded_at,
            form: state.ids.next(),
            documents: state.documents.is_some(),
        }
    }))
}

impl Child {
    /// The name as a heading says it.
    pub(super) fn called(&self, lang: Lang) -> String {
        match &self.pupil.name {
            PersonName::Known { given, family } => format!("{given} {family}"),
            PersonName::Erased => lang.t("erased"),
            PersonName::Unknown => lang.t("name-unknown"),
        }
    }

    /// Course and school.
    pub(super) fn place(&self) -> Markup {
        html! { @if let Some(course) = &self.course { (course) " · " } (self.school.name) }
    }

    /// How the day stands.
    pub(super) fn stands(&self, lang: Lang) -> Markup {
        let status = self.pupil.status;
        // That there is no entry is said once, below.
        let came = self.pupil.first_entry.is_some() || self.pupil.left_at.is_some();
        html! {
            p class={ "family-status " (status.class()) } {
                (icon(status.class())) b { (status.word(lang)) }
                @if came { " " span { (fact(&self.pupil, self.school.zone, lang)) } }
            }
        }
    }

    /// Comings and goings.
    pub(super) fn taps(&self, lang: Lang) -> Markup {
        html! {
            @if self.taps.is_empty() { p class="hint" { (lang.t(if self.is_today { key("family-no-taps") } else { key("family-no-taps-then") })) } }
            @else {
                ol class="taps" {
                    @for (at, direction, by_hand) in &self.taps {
                        li {
                            time datetime=(times::machine(*at, self.school.zone)) { (times::clock(*at, self.school.zone)) }
                            @match direction {
                                Direction::Entry => { (icon("entry")) (lang.t("direction-entry")) }
                                Direction::Exit => { (icon("left")) (lang.t("direction-exit")) }
                            }
                            @if *by_hand { " · " em { (lang.t("by-hand")) } }
                        }
                    }
                }
            }
        }
    }

    /// How old it is.
    pub(super) fn age(&self, lang: Lang) -> Markup {
        html! {
            @if let Some(as_of) = self.as_of {
                p class="hint" { (lang.f("course-as-of", &[("time", (&times::clock_seconds(as_of, self.school.zone)).into())])) }
            }
        }
    }

    /// Made up, with names that look like markup.
    #[cfg(test)]
    pub(super) fn sample(n: usize) -> Self {
        use crate::pages::sample;
        let day = crate::pages::view::CourseDay::sample();
        let mut pupil = day.pupils[n % day.pupils.len()].clone();
        pupil.name = PersonName::Known { given: sample::HOSTILE.to_owned(), family: sample::HOSTILE.to_owned() };
        Self {
            school: School { name: sample::HOSTILE.to_owned(), ..day.school },
            course: Some(sample::HOSTILE.to_owned()),
            date: day.date,
            is_today: n.is_multiple_of(2),
            pupil,
            taps: vec![(sample::now(), Direction::Entry, true), (sample::now(), Direction::Exit, false)],
            as_of: Some(sample::now()),
            form: Uuid::from_u128(7),
            documents: true,
        }
    }
}
