//! The kiosks of a school: how each is, and what can be done about it. Turning a lane and revoking are plain forms
//! that need no scripts; the list fetches itself again every ten seconds.

mod list;
mod one;
#[cfg(test)]
mod tests;

pub(super) use list::KiosksPage;
pub(super) use one::{KioskPage, Refused};

use super::asked::Asked;
use super::read_models::SILENT_AFTER;
use super::source::SourceError;
use super::staff::who;
use super::view::{Kiosk, School};
use crate::AppState;
use crate::i18n::key;
use crate::permissions::Permission;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use chrono::{DateTime, Utc};
use commands::Done;
use commands::use_cases::{ChangeKioskMode, UseCaseError, change_kiosk_mode, revoke_kiosk};
use domain::KioskId;
use domain::kiosk::{Error, LaneMode};
use projections::live::health::{self, KioskHealth};
use projections::{ReadModel, roster};
use serde::Deserialize;

/// Rows of a page of the query.
const ROWS: i64 = 200;

/// The pages of the kiosks.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/kioscos", get(list))
        .route("/kioscos/{kiosk_id}", get(show))
        .route("/kioscos/{kiosk_id}/sentido", post(turn))
        .route("/kioscos/{kiosk_id}/anular", get(ask).post(revoke))
}

impl Asked {
    /// The school with all its kiosks; none if the roster does not know it.
    async fn kiosks(&self) -> Result<Option<(School, Vec<Kiosk>)>, SourceError> {
        let mut tx = self.state.pools.request.begin(self.school).await?;
        let Some(school) = roster::queries::school(&mut tx).await? else { return Ok(None) };
        let (mut kiosks, mut after) = (Vec::new(), None);
        loop {
            let page = health::kiosks(&mut tx, after, ROWS).await?;
            after = page.last().map(|kiosk| kiosk.kiosk_id);
            let full = i64::try_from(page.len()).is_ok_and(|n| n == ROWS);
            let now = self.state.clock.now();
            kiosks.extend(page.into_iter().map(|found| kiosk(found, now, self.state.clock.rate())));
            if !full {
                break;
            }
        }
        kiosks.sort_by(|a: &Kiosk, b| a.name.cmp(&b.name).then(a.id.cmp(&b.id)));
        Ok(Some((School { id: self.school.0, name: school.name, zone: school.settings.zone }, kiosks)))
    }

    /// A kiosk's page, with what was refused about it.
    async fn page(&self, id: &str, status: StatusCode, asks: bool, refused: Option<Refused>) -> Response {
        let found = match self.kiosks().await {
            Ok(Some(found)) => found,
            Ok(None) => return self.visit.failed(StatusCode::NOT_FOUND),
            Err(error) => return self.visit.source_error(&error),
        };
        let (school, kiosks) = found;
        let calling = |other: &&Kiosk| other.is_calling();
        let others = kiosks.iter().filter(calling).filter(|other| other.id.to_string() != id).count();
        let Some(kiosk) = kiosks.into_iter().find(|kiosk| kiosk.id.to_string() == id) else {
            return self.visit.failed(StatusCode::NOT_FOUND);
        };
        let who = who(&self.state, &self.person).await;
        let view = KioskPage { who, school, kiosk, now: self.state.clock.now(), others, refused };
        self.visit.page(
            status,
            |nonce| {
                if asks { view.ask(self.visit.lang, nonce) } else { view.page(self.visit.lang, nonce) }
            },
        )
    }

    /// To the list with a notice, or to the kiosk with what was wrong.
    async fn answer(&self, id: &str, done: Result<Done, UseCaseError>, notice: &str) -> Response {
        let (status, refused) = match done {
            Ok(done) => {
                self.wait_for(ReadModel::Roster, done).await;
                let to = format!("/kioscos?colegio={}&aviso={notice}", self.school);
                return Redirect::to(&to).into_response();
            }
            Err(UseCaseError::UnknownKiosk) => return self.visit.failed(StatusCode::NOT_FOUND),
            Err(UseCaseError::Kiosk(Error::AnotherMode)) => (StatusCode::CONFLICT, Refused::TurnedMeanwhile),
            Err(UseCaseError::Kiosk(Error::Revoked)) => (StatusCode::CONFLICT, Refused::IsRevoked),
            Err(UseCaseError::Conflict) => (StatusCode::CONFLICT, Refused::KeptChanging),
            Err(error) => return self.visit.source_error(&unwritten(error)),
        };
        self.page(id, status, false, Some(refused)).await
    }
}

fn unwritten(error: UseCaseError) -> SourceError {
    if error.is_temporary() { SourceError::Unavailable(error.into()) } else { SourceError::Internal(error.into()) }
}

/// A kiosk is silent when the log says so, or when it has not called for too long: then the log may not say so yet.
fn kiosk(found: KioskHealth, now: DateTime<Utc>, rate: f64) -> Kiosk {
    let limit = SILENT_AFTER * rate.clamp(1.0, 10_000.0).ceil() as i32;
    let last_seen = found.said.as_ref().map(|said| said.at);
    let quiet = found.silent_since.is_some() || last_seen.is_some_and(|seen| now - seen > limit);
    Kiosk {
        id: found.kiosk_id.0,
        name: found.gate,
        mode: found.mode,
        revoked: found.revoked,
        last_seen,
        silent: quiet && !found.revoked,
        queued: found.said.as_ref().map(|said| u32::try_from(said.queue_depth).unwrap_or(0)),
        drained_through: found.drained_through,
        last_scan_at: found.last_scan_at,
        skew_ms: found.said.as_ref().map(|said| said.skew_ms),
        version: found.said.and_then(|said| said.app_version),
        gaps: u32::try_from(found.gaps).unwrap_or(0),
        forks: u32::try_from(found.forks).unwrap_or(0),
    }
}

/// `GET /kioscos`.
async fn list(asked: Asked) -> Response {
    match asked.kiosks().await {
        Ok(Some((school, kiosks))) => {
            let view = KiosksPage {
                who: who(&asked.state, &asked.person).await,
                manages: asked.person.may(Permission::KiosksManage, asked.school),
                now: asked.state.clock.now(),
                school,
                kiosks,
                done: match asked.visit.notice.as_deref() {
                    Some("sentido") => Some(key("kiosk-turned")),
                    Some("anulado") => Some(key("kiosk-revoked-done")),
                    _ => None,
                },
            };
            asked.visit.page(StatusCode::OK, |nonce| view.page(asked.visit.lang, nonce))
        }
        Ok(None) => asked.visit.failed(StatusCode::NOT_FOUND),
        Err(error) => asked.visit.source_error(&error),
    }
}

/// `GET /kioscos/{kiosk_id}`.
async fn show(asked: Asked, Path(id): Path<String>) -> Response {
    asked.page(&id, StatusCode::OK, false, None).await
}

/// `GET /kioscos/{kiosk_id}/anular`.
async fn ask(asked: Asked, Path(id): Path<String>) -> Response {
    asked.page(&id, StatusCode::OK, true, None).await
}

/// What the form sends.
#[derive(Deserialize)]
struct Turn {
    /// The lane that the page showed.
    #[serde(default)]
    desde: String,
    /// The new one.
    #[serde(default)]
    sentido: String,
}

/// `POST /kioscos/{kiosk_id}/sentido`.
async fn turn(asked: Asked, Path(id): Path<String>, Form(sent): Form<Turn>) -> Response {
    let Ok(kiosk_id) = id.parse().map(KioskId) else { return asked.visit.failed(StatusCode::NOT_FOUND) };
    let lane = |word: String| serde_json::from_value::<LaneMode>(word.into()).ok();
    let (Some(from), Some(mode)) = (lane(sent.desde), lane(sent.sentido)) else {
        return asked.page(&id, StatusCode::UNPROCESSABLE_ENTITY, false, Some(Refused::NoLane)).await;
    };
    let change = async {
        let input = ChangeKioskMode { kiosk_id, from, mode };
        change_kiosk_mode(&asked.state.write, &asked.context().await?, input).await
    };
    asked.answer(&id, change.await, "sentido").await
}

/// `POST /kioscos/{kiosk_id}/anular`.
async fn revoke(asked: Asked, Path(id): Path<String>) -> Response {
    let Ok(kiosk_id) = id.parse().map(KioskId) else { return asked.visit.failed(StatusCode::NOT_FOUND) };
    let revoked = async { revoke_kiosk(&asked.state.write, &asked.context().await?, kiosk_id).await };
    asked.answer(&id, revoked.await, "anulado").await
}

/// Every page of these with made-up values, names that look like markup among them: (what it is, its markup).
#[cfg(test)]
pub(super) fn sample_pages(lang: crate::i18n::Lang, nonce: &super::Nonce) -> Vec<(String, maud::Markup)> {
    use super::sample;
    use super::view::Who;
    use chrono::TimeDelta;
    use uuid::Uuid;

    let who = Who { name: None, several_schools: true, may: Permission::ALL.to_vec() };
    let (school, now) = (sample::school(), sample::now());
    let calling = Kiosk {
        id: Uuid::from_u128(1),
        name: sample::HOSTILE.to_owned(),
        mode: LaneMode::EntryLane,
        revoked: false,
        last_seen: Some(now - TimeDelta::seconds(12)),
        silent: false,
        queued: Some(3),
        drained_through: Some(now - TimeDelta::minutes(2)),
        last_scan_at: Some(now - TimeDelta::seconds(40)),
        skew_ms: Some(-2_100),
        version: Some(sample::HOSTILE.to_owned()),
        gaps: 1,
        forks: 2,
    };
    let id = |n| Uuid::from_u128(n);
    let silent = Kiosk { id: id(2), silent: true, last_seen: Some(now - TimeDelta::days(3)), ..calling.clone() };
    let never = Kiosk {
        id: id(3),
        last_seen: None,
        queued: None,
        drained_through: None,
        last_scan_at: None,
        skew_ms: None,
        version: None,
        ..calling.clone()
    };
    let revoked = Kiosk { id: id(4), revoked: true, ..calling.clone() };
    let list = |kiosks: Vec<Kiosk>, manages| {
        let done = Some(key("kiosk-turned"));
        KiosksPage { who: who.clone(), school: school.clone(), kiosks, manages, now, done }.page(lang, nonce)
    };
    let one = |kiosk: &Kiosk, refused, others| KioskPage {
        who: who.clone(),
        school: school.clone(),
        kiosk: kiosk.clone(),
        now,
        others,
        refused,
    };
    let all = vec![calling.clone(), silent, never.clone(), revoked.clone()];
    [
        ("kiosks hostile", list(all.clone(), true)),
        ("kiosks hostile to look at", list(all, false)),
        ("kiosks none", list(Vec::new(), true)),
        ("kiosk hostile", one(&calling, Some(Refused::TurnedMeanwhile), 2).page(lang, nonce)),
        ("kiosk never heard", one(&never, Some(Refused::NoLane), 2).page(lang, nonce)),
        ("kiosk revoked", one(&revoked, Some(Refused::IsRevoked), 2).page(lang, nonce)),
        ("kiosk kept changing", one(&calling, Some(Refused::KeptChanging), 0).page(lang, nonce)),
        ("kiosk to revoke hostile", one(&calling, None, 0).ask(lang, nonce)),
        ("kiosk to revoke again", one(&revoked, None, 1).ask(lang, nonce)),
    ]
    .map(|(name, markup)| (name.to_owned(), markup))
    .into()
}
