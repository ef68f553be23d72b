//! The pages' values from the read models, with names and notes opened.

use super::acts::{Act, Handed};
use super::requests::{Request, RequestsPage};
use super::{Adult, Passage, PupilPage, Told};
use crate::api::days::waiting::BLOCKED_SHOWN;
use crate::documents;
use crate::pages::asked::Asked;
use crate::pages::read_models::{name, pupil};
use crate::pages::source::SourceError;
use crate::pages::staff::{member_names, who};
use crate::pages::view::{PersonName, School};
use crate::permissions::Permission;
use chrono::NaiveDate;
use commands::vault::Keyring;
use domain::attendance_day::Event;
use domain::values::zone::local_date;
use domain::{Actor, SchoolId, Sealed, StudentId};
use projections::live::acts::queries;
use projections::live::reports::pupil_day;
use projections::live::rows;
use projections::roster::queries as roster;
use std::collections::HashMap;
use uuid::Uuid;

/// What the values of acts are made with.
struct Words {
    school: SchoolId,
    staff: HashMap<Uuid, String>,
    keys: Keyring,
    adults: HashMap<Uuid, String>,
}

impl Words {
    fn by(&self, actor: &Actor) -> Option<String> {
        let staff = actor.as_user().and_then(|account| self.staff.get(&account.0));
        let family = actor.as_guardian().and_then(|guardian| self.adults.get(&guardian.0));
        staff.or(family).cloned()
    }

    fn act(&self, act: &rows::Act) -> Act {
        let (adult, note) = match &act.said {
            Event::EarlyLeaveAuthorised { leave } | Event::EarlyLeaveBlocked { leave } => {
                (Some(leave.guardian_id), leave.note.as_ref())
            }
            Event::JustificationSubmitted { justification } => (justification.guardian_id, justification.note.as_ref()),
            Event::CorrectionRequested { correction } => (None, correction.note.as_ref()),
            _ => (None, None),
        };
        // A note that does not open is not shown, and what was done is.
        let note = note.and_then(|note| self.keys.open(act.student_id.0, "note", note).ok()?.plain());
        Act {
            id: act.act_id,
            kind: act.kind,
            state: act.state,
            said: act.said.clone(),
            ending: act.ending.clone(),
            by: self.by(&act.actor),
            ended_by: act.ended_by.as_ref().and_then(|by| self.by(by)),
            at: act.recorded_at,
            adult: adult.and_then(|adult| self.adults.get(&adult.0).cloned()),
            note,
            document: documents::of(&act.said).map(|document| Handed {
                kind: document.kind,
                bytes: document.bytes,
                href: format!(
                    "/alumnos/{}/documento/{}/{}?colegio={}",
                    act.student_id, act.local_date, act.act_id, self.school
                ),
            }),
        }
    }
}

fn open(keys: &Keyring, guardian: Uuid, field: &str, sealed: Option<&Sealed>) -> Option<String> {
    keys.open(guardian, field, sealed?).ok()?.plain()
}

impl Asked {
    async fn keys_of(&self, subjects: &[Uuid]) -> Result<Keyring, SourceError> {
        let keys = self.state.write.vault().keys_of(self.school, subjects).await;
        keys.map_err(|error| SourceError::Unavailable(error.into()))
    }

    /// A pupil's day, today's if no other is asked for; none if the school has no such pupil.
    pub(super) async fn pupil(
        &self,
        student: StudentId,
        date: Option<NaiveDate>,
    ) -> Result<Option<PupilPage>, SourceError> {
        let mut tx = self.state.pools.request.snapshot(self.school).await?;
        let Some(school) = roster::school(&mut tx).await? else { return Ok(None) };
        let now = self.state.clock.now();
        let today = now.with_timezone(&school.settings.zone).date_naive();
        let date = date.unwrap_or(today);
        let Some(day) = pupil_day(&mut tx, student, date, now).await? else { return Ok(None) };
        let acts = queries::of_day(&mut tx, student, date).await?;
        let linked = roster::guardians_of(&mut tx, student).await?;
        drop(tx);
        let subjects: Vec<Uuid> = linked.iter().map(|found| found.link.guardian_id.0).chain([student.0]).collect();
        let keys = self.keys_of(&subjects).await?;
        let mut adults: Vec<Adult> = linked
            .iter()
            .map(|found| {
                let (id, rights) = (found.link.guardian_id.0, found.link.rights);
                let known = found.guardian.as_ref();
                Adult {
                    id,
                    name: known.and_then(|known| open(&keys, id, "name", known.name.as_ref())),
                    may_collect: rights.may_collect,
                    barred: rights.restricted,
                    has_number: known.is_some_and(|known| known.national_id.is_some()),
                }
            })
            .collect();
        adults.sort_by(|a, b| (!a.may_collect, &a.name, a.id).cmp(&(!b.may_collect, &b.name, b.id)));
        let named = adults.iter().filter_map(|adult| Some((adult.id, adult.name.clone()?))).collect();
        let words =
            Words { school: self.school, staff: member_names(&self.state, self.school).await?, keys, adults: named };
        let names = self.state.names.of_school(self.school).await?;
        let mut line = pupil(&day.pupil, &names);
        line.name = if day.pupil.erased { PersonName::Erased } else { name(&names, student) };
        Ok(Some(PupilPage {
            who: who(&self.state, &self.person).await,
            school: School { id: self.school.0, name: school.name, zone: school.settings.zone },
            date,
            today: date == today,
            pupil: line,
            course: day.course.map(|course| (course.course_id.0, course.name)),
            passages: day
                .scans
                .iter()
                .map(|scan| Passage {
                    id: scan.scan_id.0,
                    direction: scan.direction,
                    at: scan.occurred_at,
                    withdrawn: scan.withdrawn,
                })
                .collect(),
            adults,
            acts: acts.iter().map(|act| words.act(act)).collect(),
            may: self.person.may(Permission::ManualEntry, self.school),
            corrects: self.person.may(Permission::EntriesCorrect, self.school),
            documents: self.state.documents.is_some(),
            sheet: self.state.ids.next(),
            told: self.visit.notice.as_deref().and_then(Told::of),
        }))
    }

    /// What waits for an answer, and barred adults who asked for a pupil; none if the roster does not know the school.
    pub(super) async fn requests(&self) -> Result<Option<RequestsPage>, SourceError> {
        let mut tx = self.state.pools.request.snapshot(self.school).await?;
        let Some(school) = roster::school(&mut tx).await? else { return Ok(None) };
        let (now, zone) = (self.state.clock.now(), school.settings.zone);
        let waiting = queries::waiting(&mut tx).await?;
        let blocked = queries::blocked(&mut tx, now - BLOCKED_SHOWN).await?;
        let leaving = queries::authorised(&mut tx, local_date(now, zone)).await?;
        let mut guardians: Vec<(Uuid, Option<Sealed>)> = Vec::new();
        let pupils: std::collections::BTreeSet<StudentId> =
            waiting.iter().chain(&blocked).chain(&leaving).map(|act| act.student_id).collect();
        for student in &pupils {
            let linked = roster::guardians_of(&mut tx, *student).await?;
            guardians.extend(
                linked.into_iter().map(|found| (found.link.guardian_id.0, found.guardian.and_then(|known| known.name))),
            );
        }
        drop(tx);
        let subjects: Vec<Uuid> = guardians.iter().map(|(id, _)| *id).chain(pupils.iter().map(|id| id.0)).collect();
        let keys = self.keys_of(&subjects).await?;
        let adults =
            guardians.iter().filter_map(|(id, name)| Some((*id, open(&keys, *id, "name", name.as_ref())?))).collect();
        let words = Words { school: self.school, staff: member_names(&self.state, self.school).await?, keys, adults };
        let names = self.state.names.of_school(self.school).await?;
        let own = Actor::user(self.person.account_id);
        let request = |act: &rows::Act| Request {
            student: act.student_id.0,
            name: name(&names, act.student_id),
            date: act.local_date,
            own: act.actor == own,
            act: words.act(act),
        };
        Ok(Some(RequestsPage {
            who: who(&self.state, &self.person).await,
            school: School { id: self.school.0, name: school.name, zone },
            leaving: leaving.iter().map(request).collect(),
            waiting: waiting.iter().map(request).collect(),
            blocked: blocked.iter().map(request).collect(),
            corrects: self.person.may(Permission::EntriesCorrect, self.school),
            told: self.visit.notice.as_deref().and_then(Told::of),
        }))
    }
}
