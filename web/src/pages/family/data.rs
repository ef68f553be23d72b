//! `/familia/datos`: what a school keeps of a guardian and of the pupils that the guardian may see, as a file that
//! programs read too (Ley 19.628 reformada, art. 9).

use super::super::staff::Visit;
use super::day;
use super::home::unavailable;
use super::pupil::{Who, looked};
use crate::AppState;
use crate::family::{Guardian, OwnPupil};
use crate::pages::source::SourceError;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use chrono_tz::Tz;
use domain::day_status::Status;
use domain::student::GuardianRights;
use projections::live::reports;
use projections::roster::queries;
use serde::Serialize;

/// The whole file. Times are of the school's own zone.
#[derive(Serialize)]
struct Data {
    made_at: String,
    schools: Vec<OfSchool>,
}

#[derive(Serialize)]
struct OfSchool {
    school: String,
    pupils: Vec<OfPupil>,
}

#[derive(Serialize)]
struct OfPupil {
    name: String,
    course: Option<String>,
    enrolled_from: Option<NaiveDate>,
    withdrawn_from: Option<NaiveDate>,
    /// What is kept of the guardian who asks: once for each pupil, since the rights are.
    guardian: Option<Own>,
    /// Of the last year, those on which the pupil was expected or came.
    days: Vec<Day>,
    /// Of the last month.
    looked: Vec<Look>,
}

#[derive(Serialize)]
struct Own {
    name: Option<String>,
    national_id: Option<String>,
    phone: Option<String>,
    mail: Option<String>,
    rights: GuardianRights,
}

#[derive(Serialize)]
struct Day {
    date: NaiveDate,
    #[serde(flatten)]
    status: Status,
    minutes_late: Option<u32>,
    first_entry: Option<String>,
    left_at: Option<String>,
}

#[derive(Serialize)]
struct Look {
    last: String,
    times: i64,
    who: String,
    role: String,
    what: String,
}

/// `GET /familia/datos`.
pub(super) async fn get(State(state): State<AppState>, guardian: Guardian, visit: Visit) -> Response {
    match data(&state, &guardian).await {
        Ok(data) => {
            let mut response = ([(header::CACHE_CONTROL, "no-store")], Json(data)).into_response();
            let name = HeaderValue::from_static("attachment; filename=\"mis-datos.json\"");
            response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
            response
        }
        Err(error) => visit.source_error(&error),
    }
}

async fn data(state: &AppState, guardian: &Guardian) -> Result<Data, SourceError> {
    let mut schools = Vec::new();
    for (school, guardians) in guardian.schools() {
        let mut tx = state.pools.request.begin(school).await?;
        let name = queries::school(&mut tx).await?.map(|school| school.name);
        let linked = queries::pupils_of(&mut tx, &guardians).await?;
        drop(tx);
        let mut pupils = Vec::new();
        for student in linked {
            let own = state.families.own_pupil(guardian, student).await.map_err(unavailable)?;
            if let Some(own) = own.filter(|own| own.school == school)
                && let Some(pupil) = of_pupil(state, guardian, &own).await?
            {
                pupils.push(pupil);
            }
        }
        schools.push(OfSchool { school: name.unwrap_or_default(), pupils });
    }
    Ok(Data { made_at: state.clock.now().to_rfc3339_opts(SecondsFormat::Secs, true), schools })
}

async fn of_pupil(state: &AppState, guardian: &Guardian, own: &OwnPupil) -> Result<Option<OfPupil>, SourceError> {
    let Some(child) = day::of(state, guardian, own, None).await? else { return Ok(None) };
    let mut tx = state.pools.request.snapshot(own.school).await?;
    let known = queries::student(&mut tx, own.student).await?;
    let dates = (child.date - TimeDelta::days(reports::MAX_PUPIL_DAYS - 1), child.date);
    let days = reports::pupil(&mut tx, own.student, dates, state.clock.now()).await?;
    let zone = child.school.zone;
    let days = days.map(|(_, days)| days).unwrap_or_default().into_iter();
    let days = days.filter(|day| day.status.status != Status::NotExpected || day.first_entry.is_some());
    let looked = looked(state, guardian, own, &child).await?.into_iter().map(|look| Look {
        last: local(look.last, zone),
        times: look.times,
        who: match look.who {
            Who::Staff(name) => name.unwrap_or_default(),
            Who::You => "you".to_owned(),
            Who::Relative => "relative".to_owned(),
        },
        role: look.role,
        what: look.what,
    });
    Ok(Some(OfPupil {
        name: child.called(crate::i18n::Lang::Es),
        course: child.course.clone(),
        enrolled_from: known.as_ref().map(|known| known.enrolled_from),
        withdrawn_from: known.and_then(|known| known.withdrawn_from),
        guardian: who_asks(state, own).await?,
        days: days
            .map(|day| Day {
                date: day.date,
                status: day.status.status,
                minutes_late: day.status.minutes_late(),
                first_entry: day.first_entry.map(|at| local(at, zone)),
                left_at: day.left_at.map(|at| local(at, zone)),
            })
            .collect(),
        looked: looked.collect(),
    }))
}

fn local(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The guardian as the register has them, with what the link to the pupil allows.
async fn who_asks(state: &AppState, own: &OwnPupil) -> Result<Option<Own>, SourceError> {
    let (school, guardian) = (own.school, own.guardian);
    let mut tx = state.pools.request.begin(school).await?;
    let linked = queries::guardians_of(&mut tx, own.student).await?;
    drop(tx);
    let Some(found) = linked.into_iter().find(|found| found.link.guardian_id == guardian) else { return Ok(None) };
    let keys = state.write.vault().keys_of(school, &[guardian.0]).await;
    let keys = keys.map_err(|error| SourceError::Unavailable(error.into()))?;
    let row = found.guardian.as_ref();
    let open = |field, sealed: Option<&domain::Sealed>| keys.open(guardian.0, field, sealed?).ok()?.plain();
    Ok(Some(Own {
        name: row.and_then(|row| open("name", row.name.as_ref())),
        national_id: row.and_then(|row| open("national_id", row.national_id.as_ref())),
        phone: row.and_then(|row| open("phone", row.phone.as_ref())),
        mail: row.and_then(|row| open("mail", row.mail.as_ref())),
        rights: found.link.rights,
    }))
}
