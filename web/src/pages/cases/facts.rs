//! The pages' values from the read models, with the names opened.

use super::list::Nothing;
use super::one::Line;
use super::{By, Case, CasePage, CasesPage, CoursePage, Guardian, Notice, Stage, Told};
use crate::names::SchoolNames;
use crate::pages::asked::Asked;
use crate::pages::read_models::name;
use crate::pages::reasons;
use crate::pages::source::SourceError;
use crate::pages::staff::{member_names, who};
use crate::pages::view::School;
use crate::permissions::Permission;
use chrono::{Days, NaiveDate};
use commands::vault::Keyring;
use domain::no_show::CaseId;
use domain::{Actor, CourseId, Sealed, StudentId};
use projections::live::board::Board;
use projections::live::queries::load_board;
use projections::no_show::queries;
use projections::no_show::rows::{self, CaseState};
use projections::readers::SchoolTx;
use projections::roster;
use projections::roster::queries::LinkedGuardian;
use std::collections::HashMap;
use uuid::Uuid;

/// Over how many days it is told how it went.
const MEASURED: Days = Days::new(29);

/// What the values of a page are made with.
struct Words {
    courses: HashMap<CourseId, String>,
    names: std::sync::Arc<SchoolNames>,
    staff: HashMap<Uuid, String>,
    own: Uuid,
}

impl Words {
    async fn of(asked: &Asked, courses: Vec<roster::rows::Course>) -> Result<Self, SourceError> {
        Ok(Self {
            courses: courses.into_iter().map(|course| (course.course_id, course.name)).collect(),
            names: asked.state.names.of_school(asked.school).await?,
            // Whoever looks after a child's case is known to all who may do so.
            staff: member_names(&asked.state, asked.school).await?,
            own: asked.person.account_id.0,
        })
    }

    fn by(&self, actor: &Actor) -> By {
        match actor.as_user() {
            Some(account) if account.0 == self.own => By::You,
            Some(account) => self.staff.get(&account.0).cloned().map_or(By::Somebody, By::Name),
            None if actor.0.starts_with("system:") => By::Program,
            None => By::Somebody,
        }
    }

    fn case(&self, case: &rows::Case) -> Case {
        let seen = || case.acknowledged_by.as_ref().map_or(By::Somebody, |by| self.by(by));
        let stage = match (case.state, case.ending) {
            (CaseState::Resolved | CaseState::Retracted, Some(ending)) => {
                Stage::Ended { ending, at: case.closed_at.unwrap_or(case.opened_at) }
            }
            (CaseState::Told, _) => Stage::Told(case.told_at.unwrap_or(case.opened_at)),
            (CaseState::Acknowledged, _) => {
                Stage::Seen { by: seen(), at: case.acknowledged_at.unwrap_or(case.opened_at) }
            }
            (CaseState::Open | CaseState::Held | CaseState::Resolved | CaseState::Retracted, _) => {
                Stage::Review(case.held_reason)
            }
        };
        Case {
            id: case.id(),
            name: name(&self.names, case.student_id),
            course_id: case.course_id.0,
            course: self.courses.get(&case.course_id).cloned().unwrap_or_default(),
            due_at: case.due_at,
            stage,
        }
    }

    /// By course and name.
    fn cases(&self, cases: &[rows::Case]) -> Vec<Case> {
        let mut cases: Vec<Case> = cases.iter().map(|case| self.case(case)).collect();
        cases.sort_by(|a, b| (&a.course, &a.name, a.id).cmp(&(&b.course, &b.name, b.id)));
        cases
    }
}

impl Asked {
    async fn of_school(&self, tx: &mut SchoolTx) -> Result<Option<School>, SourceError> {
        let found = roster::queries::school(tx).await?;
        Ok(found.map(|found| School { id: self.school.0, name: found.name, zone: found.settings.zone }))
    }

    fn notice(&self) -> Option<Told> {
        self.visit.notice.as_deref().and_then(Told::of)
    }

    /// A day's cases, today's if no other is asked for; none if the roster does not know the school.
    pub(super) async fn cases(
        &self,
        date: Option<NaiveDate>,
        about: Option<StudentId>,
    ) -> Result<Option<CasesPage>, SourceError> {
        let mut tx = self.state.pools.request.snapshot(self.school).await?;
        let Some(school) = self.of_school(&mut tx).await? else { return Ok(None) };
        let now = self.state.clock.now();
        let today = now.with_timezone(&school.zone).date_naive();
        let date = date.unwrap_or(today);
        let found = queries::cases(&mut tx, date).await?;
        let courses = roster::queries::all_courses(&mut tx).await?;
        let nothing = match found.is_empty() {
            true if date == today => load_board(&mut tx, date, now).await?.as_ref().map(nothing),
            true => Some(Nothing::OnThatDay),
            false => None,
        };
        // What fetches itself again takes the list alone.
        let metrics = match self.visit.headers.get("hx-request").is_some() {
            true => None,
            false => {
                let from = today.checked_sub_days(MEASURED).unwrap_or(today);
                Some(queries::metrics(&mut tx, from, today).await?).filter(|metrics| metrics.opened > 0)
            }
        };
        drop(tx);
        let words = Words::of(self, courses).await?;
        let cases = words.cases(&found);
        let of = |student| cases.iter().find(|case| case.id.student_id == student).map(|case| case.name.clone());
        let notice: Option<Notice> = self.notice().map(|told| (told, about.and_then(of)));
        Ok(Some(CasesPage {
            who: who(&self.state, &self.person).await,
            school,
            date,
            today,
            now,
            acts: self.person.may(Permission::NoShowAct, self.school),
            cases,
            nothing,
            metrics,
            notice,
        }))
    }

    /// A case with its story and the ways to reach the family; none if there is no such case.
    pub(super) async fn case(&self, id: CaseId) -> Result<Option<CasePage>, SourceError> {
        let mut tx = self.state.pools.request.snapshot(self.school).await?;
        let Some(school) = self.of_school(&mut tx).await? else { return Ok(None) };
        let Some(found) = queries::case(&mut tx, id).await? else { return Ok(None) };
        let log = queries::log(&mut tx, id).await?;
        let linked = roster::queries::guardians_of(&mut tx, id.student_id).await?;
        let courses = roster::queries::all_courses(&mut tx).await?;
        drop(tx);
        let words = Words::of(self, courses).await?;
        let log = log
            .into_iter()
            .map(|line| Line { by: words.by(&line.actor), at: line.recorded_at, said: line.said })
            .collect();
        Ok(Some(CasePage {
            who: who(&self.state, &self.person).await,
            school,
            now: self.state.clock.now(),
            acts: self.person.may(Permission::NoShowAct, self.school),
            case: words.case(&found),
            guardians: self.guardians(linked).await?,
            log,
            told: self.notice(),
        }))
    }

    /// In the order in which they are called: the legal ones, those who receive notices, the others; whoever must not
    /// be called last, and without a number.
    async fn guardians(&self, mut linked: Vec<LinkedGuardian>) -> Result<Vec<Guardian>, SourceError> {
        linked.sort_by_key(|found| {
            let rights = found.link.rights;
            (rights.restricted, !rights.legal, !rights.notify, found.link.guardian_id)
        });
        let ids: Vec<Uuid> = linked.iter().map(|found| found.link.guardian_id.0).collect();
        let keys = self.state.write.vault().keys_of(self.school, &ids).await;
        let keys = keys.map_err(|error| SourceError::Unavailable(error.into()))?;
        let guardian = |found: LinkedGuardian| {
            let (id, rights) = (found.link.guardian_id.0, found.link.rights);
            let known = found.guardian.as_ref();
            Guardian {
                name: known.and_then(|known| open(&keys, id, "name", known.name.as_ref())),
                phone: known
                    .filter(|_| !rights.restricted)
                    .and_then(|known| open(&keys, id, "phone", known.phone.as_ref())),
                rights,
            }
        };
        Ok(linked.into_iter().map(guardian).collect())
    }

    /// The cases of a course that were held since so many are missing; none if the school has no such course.
    pub(super) async fn course(
        &self,
        course: CourseId,
        date: Option<NaiveDate>,
    ) -> Result<Option<CoursePage>, SourceError> {
        let mut tx = self.state.pools.request.snapshot(self.school).await?;
        let Some(school) = self.of_school(&mut tx).await? else { return Ok(None) };
        let courses = roster::queries::all_courses(&mut tx).await?;
        let Some(course) = courses.iter().find(|found| found.course_id == course).cloned() else { return Ok(None) };
        let now = self.state.clock.now();
        let date = date.unwrap_or_else(|| now.with_timezone(&school.zone).date_naive());
        let mut found = queries::cases(&mut tx, date).await?;
        drop(tx);
        found.retain(|case| case.course_id == course.course_id);
        let mut cases = Words::of(self, courses).await?.cases(&found);
        cases.retain(Case::is_held_as_mass);
        let who = who(&self.state, &self.person).await;
        Ok(Some(CoursePage { who, school, course_id: course.course_id.0, course: course.name, date, cases }))
    }
}

/// Why there is no case today, by the day's figures.
fn nothing(board: &Board) -> Nothing {
    let counts = &board.totals;
    let unopened = counts.missing + counts.unknown;
    match () {
        () if counts.expected == 0 => Nothing::NobodyExpected(reasons::of_date(&board.calendar, board.date)),
        () if unopened > 0 => Nothing::NotYetLookedAt(unopened),
        () if counts.pending == counts.expected => Nothing::NotDue(counts.expected),
        () if counts.pending > 0 => Nothing::SomeToCome(counts.pending),
        () => Nothing::AllCame(counts.expected),
    }
}

fn open(keys: &Keyring, guardian: Uuid, field: &str, sealed: Option<&Sealed>) -> Option<String> {
    match keys.open(guardian, field, sealed?) {
        Ok(opened) => opened.plain(),
        Err(error) => {
            tracing::error!(%guardian, field, %error, "a guardian's data cannot be opened");
            None
        }
    }
}
