//! `GET /api/v1/no-show`: a day's cases.

use super::CaseView;
use crate::AppState;
use crate::api::input::{Params, SchoolDate};
use crate::api::page::{self, Page};
use crate::live::LiveError;
use crate::middleware::ShownDay;
use crate::problem::{Code, Problem};
use crate::session::InSchool;
use axum::extract::State;
use axum::{Extension, Json};
use projections::no_show::queries;
use projections::no_show::rows::Case;
use serde::Deserialize;
use std::fmt;
use std::str::FromStr;
use utoipa::IntoParams;
use uuid::Uuid;

const LIST: &str = "no-show";

/// Which day, which page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// The school; may be left out by whoever belongs to one only.
    #[expect(dead_code, reason = "read before the handler, which gets `InSchool`; here for its description")]
    school: Option<Uuid>,
    /// The school day; today in the school's zone if left out.
    #[param(value_type = Option<NaiveDate>)]
    date: Option<SchoolDate>,
    /// The `next` of the page before.
    cursor: Option<String>,
    /// 1 to 200, 100 if left out.
    limit: Option<i64>,
}

/// A place in the list: course, pupil, slot.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place(Uuid, Uuid, Uuid);

impl Place {
    fn of(case: &Case) -> Self {
        Self(case.course_id.0, case.student_id.0, case.slot_id.0)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.0, self.1, self.2)
    }
}

impl FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let ids: Vec<Uuid> = text.split('/').filter_map(|id| id.parse().ok()).collect();
        match ids.as_slice() {
            [course, pupil, slot] => Ok(Self(*course, *pupil, *slot)),
            _ => Err(()),
        }
    }
}

/// The cases of a day by course and pupil, those that came to their end among them.
#[utoipa::path(get, path = "/api/v1/no-show", tag = "live", params(Asked),
    responses((status = 200, description = "A page", body = Page<CaseView>)))]
pub async fn list(
    State(state): State<AppState>,
    Params(asked): Params<Asked>,
    InSchool(school): InSchool,
) -> Result<(Extension<ShownDay>, Json<Page<CaseView>>), Problem> {
    let limit = page::limit(asked.limit)?;
    let after = page::read_cursor::<Place>(LIST, asked.cursor.as_deref())?;
    let date = match asked.date {
        Some(SchoolDate(date)) => date,
        None => state.today(school).await?.ok_or_else(|| Problem::new(Code::NotFound).at("school"))?,
    };
    let mut cases = queries::cases(&mut state.pools.request.begin(school).await?, date).await?;
    cases.retain(|case| after.is_none_or(|after| Place::of(case) > after));
    cases.truncate(usize::try_from(limit).unwrap_or_default());
    let names = state.names.of_school(school).await.map_err(LiveError::Names)?;
    let page = Page::of(LIST, limit, cases, Place::of, |case| CaseView::of(case, &names));
    Ok((Extension(ShownDay(date)), Json(page)))
}
