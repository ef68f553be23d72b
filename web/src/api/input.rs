//! How requests are read: every refusal gets its own code, nothing that was sent is quoted.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

use crate::AppState;
use crate::problem::{Code, Problem};
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use chrono::{DateTime, NaiveDate, Utc};
use domain::no_show::CaseId;
use domain::roll_call;
use domain::values::school_date::{self, NotASchoolDate};
use domain::{CourseId, ManualEntryId, RollCallId, SchoolId, SlotId, StudentId};
use futures::StreamExt;
use projections::roster::queries;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::time::Duration;
use uuid::Uuid;

/// How long a body may take to arrive; the whole request has 10 s.
const BODY_TIME: Duration = Duration::from_secs(8);
/// What is read of a body over its limit, so that the client can finish sending and read the refusal.
const DRAIN: usize = 8 * 1024 * 1024;
/// Deepest nesting of a JSON body.
const MAX_DEPTH: usize = 32;

/// A whole body of at most `LIMIT` bytes that says it is JSON.
pub struct JsonBytes<const LIMIT: usize>(pub Bytes);

impl<const LIMIT: usize> FromRequest<AppState> for JsonBytes<LIMIT> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &AppState) -> Result<Self, Problem> {
        if !says_json(request.headers()) {
            return Err(Problem::new(Code::UnsupportedMediaType));
        }
        Ok(Self(whole_body(request.into_body(), LIMIT).await?))
    }
}

fn says_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()) else { return false };
    let essence = value.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

/// A whole body of at most so many bytes, if it arrives in time.
pub(crate) async fn whole_body(body: Body, limit: usize) -> Result<Bytes, Problem> {
    whole_body_in(body, limit, BODY_TIME).await
}

/// The same, in so much time.
pub(crate) async fn whole_body_in(body: Body, limit: usize, time: Duration) -> Result<Bytes, Problem> {
    let read = tokio::time::timeout(time, read_body(body, limit));
    read.await.map_err(|_| Problem::new(Code::RequestTimeout))?
}

async fn read_body(body: Body, limit: usize) -> Result<Bytes, Problem> {
    let mut chunks = body.into_data_stream();
    let (mut whole, mut seen) = (Vec::new(), 0_usize);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Problem::new(Code::MalformedRequest))?;
        seen = seen.saturating_add(chunk.len());
        if seen <= limit {
            whole.extend_from_slice(&chunk);
        } else if seen > limit.saturating_add(DRAIN) {
            break;
        }
    }
    if seen > limit { Err(Problem::new(Code::BodyTooLarge)) } else { Ok(whole.into()) }
}

/// Reads a JSON text. Not JSON, or too deep: `malformed_json`; another shape, or a NUL character in
/// it: `wrong_shape`, with the place in it.
pub fn parse_json<T: DeserializeOwned>(body: &[u8], wrong_shape: Code) -> Result<T, Problem> {
    if depth(body) > MAX_DEPTH {
        return Err(Problem::new(Code::MalformedJson).at("nested too deeply"));
    }
    let parsed = serde_json::from_slice(body).map_err(|error| {
        let code = if error.is_data() { wrong_shape } else { Code::MalformedJson };
        // serde_json's own words quote what was sent.
        let position = format!("line {} column {}", error.line(), error.column());
        // Read once more, now with the way to what is wrong: only a refused text pays for it.
        let again = serde_path_to_error::deserialize::<_, T>(&mut serde_json::Deserializer::from_slice(body));
        let field = again.err().and_then(|error| our_name(&error));
        Problem::new(code).at(field.map_or(position.clone(), |field| format!("{field}, {position}")))
    })?;
    Ok(parsed)
}

/// The way to what is wrong, as our types spell it. A key that does not exist is the client's text, and
/// may be anything.
fn our_name<E: std::fmt::Display>(error: &serde_path_to_error::Error<E>) -> Option<String> {
    let path = error.path().to_string();
    let known = !error.inner().to_string().starts_with("unknown field");
    let named = path.bytes().any(|b| b.is_ascii_lowercase());
    let ours = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_.[]".contains(&b);
    (known && named && path.len() < 80 && path.bytes().all(ours)).then_some(path)
}

/// The same of what a person says beside a note, which is the one text in it.
pub fn parse_with_note<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let parsed = parse_json(body, Code::InvalidBody)?;
    if has_nul(body) { Err(Problem::new(Code::InvalidBody).at("note")) } else { Ok(parsed) }
}

/// Whether a JSON text says U+0000 anywhere: no text of ours may hold it, and Postgres refuses it.
pub fn has_nul(body: &[u8]) -> bool {
    let mut rest = body;
    while let Some((byte, after)) = rest.split_first() {
        // What follows a backslash belongs to it.
        rest = match after.split_first() {
            Some((_, behind)) if *byte == b'\\' => {
                if after.starts_with(b"u0000") {
                    return true;
                }
                behind
            }
            _ => after,
        };
    }
    false
}

fn depth(body: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_text, mut escaped) = (0_usize, 0_usize, false, false);
    for byte in body {
        match (in_text, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_text = !in_text,
            (false, b'{' | b'[') => {
                depth = depth.saturating_add(1);
                deepest = deepest.max(depth);
            }
            (false, b'}' | b']') => depth = depth.saturating_sub(1),
            (_, _) => {}
        }
    }
    deepest
}

/// A query string as a struct; unknown keys and wrong values are `invalid_parameter`, at the parameter.
pub struct Params<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<AppState> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        query(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

fn query<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(text.as_bytes()));
    serde_path_to_error::deserialize(pairs).map_err(|error| {
        let problem = Problem::new(Code::InvalidParameter);
        match our_name(&error) {
            Some(name) => problem.at(name),
            None => problem,
        }
    })
}

/// A date that a client sent, of a year that a school can mean; Postgres refuses what chrono can hold
/// beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "NaiveDate")]
pub struct SchoolDate(pub NaiveDate);

impl TryFrom<NaiveDate> for SchoolDate {
    type Error = NotASchoolDate;

    fn try_from(date: NaiveDate) -> Result<Self, NotASchoolDate> {
        school_date::date(date).map(Self)
    }
}

/// An instant that a client sent, of such a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "DateTime<Utc>")]
pub struct SchoolInstant(pub DateTime<Utc>);

impl TryFrom<DateTime<Utc>> for SchoolInstant {
    type Error = NotASchoolDate;

    fn try_from(at: DateTime<Utc>) -> Result<Self, NotASchoolDate> {
        school_date::instant(at).map(Self)
    }
}

/// The id in the last `{id}` of the path; what is not a UUID exists nowhere.
pub struct PathId(pub Uuid);

impl FromRequestParts<AppState> for PathId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        match axum::extract::Path::<Uuid>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(id)) => Ok(Self(id)),
            Err(_) => Err(Problem::new(Code::NotFound)),
        }
    }
}

/// The local date in the `{date}` of the path; what no school can mean exists nowhere.
pub struct PathDate(pub NaiveDate);

impl FromRequestParts<AppState> for PathDate {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        match axum::extract::Path::<SchoolDate>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(SchoolDate(date))) => Ok(Self(date)),
            Err(_) => Err(Problem::new(Code::NotFound)),
        }
    }
}

/// The course and the local date in the path.
pub struct PathCourseDate(pub CourseId, pub NaiveDate);

impl FromRequestParts<AppState> for PathCourseDate {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        match axum::extract::Path::<(Uuid, SchoolDate)>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path((course, SchoolDate(date)))) => Ok(Self(CourseId(course), date)),
            Err(_) => Err(Problem::new(Code::NotFound)),
        }
    }
}

/// The pupil, the local date and the entry by hand in the path.
pub struct PathEntry(pub StudentId, pub NaiveDate, pub ManualEntryId);

impl FromRequestParts<AppState> for PathEntry {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        match axum::extract::Path::<(Uuid, SchoolDate, Uuid)>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path((pupil, SchoolDate(date), entry))) => {
                Ok(Self(StudentId(pupil), date, ManualEntryId(entry)))
            }
            Err(_) => Err(Problem::new(Code::NotFound)),
        }
    }
}

/// The case of a pupil in the path; what no school can mean is none.
pub struct PathCase(pub CaseId);

impl FromRequestParts<AppState> for PathCase {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        match axum::extract::Path::<(SchoolDate, Uuid, Uuid)>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path((SchoolDate(date), slot, student))) => {
                Ok(Self(CaseId { date, slot_id: SlotId(slot), student_id: StudentId(student) }))
            }
            Err(_) => Err(Problem::new(Code::NoShowNotFound)),
        }
    }
}

/// The roll call in the path; what no school can mean is none.
pub struct PathRollCall(pub roll_call::Key);

impl FromRequestParts<AppState> for PathRollCall {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        match axum::extract::Path::<(SchoolDate, Uuid)>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path((SchoolDate(date), id))) => Ok(Self(roll_call::Key { date, id: RollCallId(id) })),
            Err(_) => Err(Problem::new(Code::RollCallNotFound)),
        }
    }
}

impl AppState {
    /// Today on the school's wall (not in UTC: defect D22); none if the roster does not know it.
    pub async fn today(&self, school: SchoolId) -> Result<Option<NaiveDate>, Problem> {
        let found = queries::school(&mut self.pools.request.begin(school).await?).await?;
        Ok(found.map(|s| self.clock.now().with_timezone(&s.settings.zone).date_naive()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Asked {
        school: Option<Uuid>,
        date: Option<SchoolDate>,
    }

    #[test]
    fn a_wrong_parameter_is_named_and_what_came_is_not_quoted() {
        let refused = |text: &str| {
            let problem = query::<Asked>(text).unwrap_err();
            (problem.code, problem.detail)
        };
        let at = |name: &str| (Code::InvalidParameter, Some(name.to_owned()));
        assert_eq!(refused("school=12.345.678-5"), at("school"));
        assert_eq!(refused("school=&date=2026-03-09"), at("school"));
        assert_eq!(refused("date=1492-10-12"), at("date"));
        for unknown in ["12.345.678-5=x", "12.345.678k=x", "Juan%20P%C3%A9rez", "juan.perez=1"] {
            assert_eq!(refused(unknown), (Code::InvalidParameter, None), "{unknown}");
        }
        assert!(query::<Asked>("date=2026-03-09").is_ok());
    }

    #[test]
    fn a_nul_is_found_however_it_is_escaped_and_only_then() {
        assert!(has_nul(br#"{"a":"x\u0000y"}"#));
        assert!(has_nul(br#"["\\\u0000"]"#));
        assert!(!has_nul(br#"["\\u0000"]"#));
        assert!(!has_nul(br#"["\u0001"]"#));
        assert!(!has_nul(br#"["\"#));
    }

    #[test]
    fn a_date_or_instant_that_the_database_cannot_hold_is_not_read() {
        let date = |text: &str| serde_json::from_value::<SchoolDate>(text.into()).map(|d| d.0.to_string());
        assert_eq!(date("2026-11-23").unwrap(), "2026-11-23");
        for bad in ["-9999-01-01", "+200000-01-01", "1899-12-31", "2201-01-01"] {
            assert!(date(bad).is_err(), "{bad}");
            let instant = format!("{bad}T00:00:00Z");
            assert!(serde_json::from_value::<SchoolInstant>(instant.into()).is_err(), "{bad}");
        }
    }

    #[test]
    fn nesting_is_counted_outside_of_texts() {
        assert_eq!(depth(br#"{"a":[1,{"b":"[[[["}]}"#), 3);
        assert_eq!(depth(br#"["\"[[["]"#), 1);
        let deep = "[".repeat(33) + &"]".repeat(33);
        assert_eq!(
            parse_json::<serde_json::Value>(deep.as_bytes(), Code::InvalidBody).unwrap_err().code,
            Code::MalformedJson
        );
    }

    #[test]
    fn what_is_not_json_and_what_has_another_shape_have_different_codes_and_no_quotes() {
        let not_json = parse_json::<Vec<u8>>(b"[1,", Code::InvalidBody).unwrap_err();
        assert_eq!(not_json.code, Code::MalformedJson);
        let other = parse_json::<Vec<u8>>(br#"["secret"]"#, Code::InvalidBody).unwrap_err();
        assert_eq!(other.code, Code::InvalidBody);
        assert_eq!(other.detail.unwrap(), "line 1 column 9");
    }

    #[test]
    fn what_has_another_shape_is_named() {
        let refused = |text: &str| parse_json::<Asked>(text.as_bytes(), Code::InvalidBody).unwrap_err().detail.unwrap();
        assert_eq!(refused(r#"{"school": 7}"#), "school, line 1 column 12");
        assert_eq!(refused(r#"{"Ana Pérez": 7}"#), "line 1 column 13");
        assert_eq!(refused(r#"{"ana.perez": 7}"#), "line 1 column 12");
    }
}
