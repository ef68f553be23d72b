//! Every refusal of the API: one stable code each, as `application/problem+json` (RFC 9457).
//!
//! A problem never quotes what was sent: no card, no name, no number of a person.

use crate::i18n::Lang;
use crate::live::LiveError;
use crate::names::NamesError;
use crate::throttle::TooMany;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use commands::StoreError;
use commands::accounts::AccountError;
use commands::use_cases::UseCaseError;
use commands::vault::VaultError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

macro_rules! codes {
    ($(#[doc = $about:literal] $name:ident $status:ident $code:literal;)+) => {
        /// What went wrong. The code is part of the API: it is added to, never renamed. Its sentence for
        /// people is the text `problem-<code>` of `web/locales`, with `-` for `_`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code { $(#[doc = concat!("`", $code, "`:", $about)] $name,)+ }

        impl Code {
            /// All codes, for the documents and the tests.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The stable name on the wire.
            pub fn as_str(self) -> &'static str { match self { $(Self::$name => $code,)+ } }

            /// What it means, in a sentence for whoever programs a client.
            pub fn about(self) -> &'static str { match self { $(Self::$name => $about,)+ }.trim_start() }

            /// The HTTP status that goes with it.
            pub fn status(self) -> StatusCode { match self { $(Self::$name => StatusCode::$status,)+ } }
        }
    };
}

codes! {
    /// The body is not JSON.
    MalformedJson BAD_REQUEST "malformed_json";
    /// The request cannot be read as one, such as a query or a form that is broken.
    MalformedRequest BAD_REQUEST "malformed_request";
    /// Address, password, code or token is not valid, or no longer: sign in again.
    InvalidGrant BAD_REQUEST "invalid_grant";
    /// The password is right, and a code of the second factor is needed beside it.
    SecondFactorRequired BAD_REQUEST "second_factor_required";
    /// Nobody is signed in, or no longer.
    Unauthenticated UNAUTHORIZED "unauthenticated";
    /// The password was given too long ago for what is asked: give it again.
    StepUp UNAUTHORIZED "step_up";
    /// The kiosk did not bring its secret, or it is not the right one.
    KioskUnauthenticated UNAUTHORIZED "kiosk_unauthenticated";
    /// Whoever asks has no right to it in this school.
    Forbidden FORBIDDEN "forbidden";
    /// The kiosk is not trusted any more; it keeps what it has.
    KioskRevoked FORBIDDEN "kiosk_revoked";
    /// Another web site's page sent the request.
    CrossSite FORBIDDEN "cross_site";
    /// There is nothing at the address, or nothing that whoever asks may know of.
    NotFound NOT_FOUND "not_found";
    /// The address does not take this method; `Allow` lists those that it takes.
    MethodNotAllowed METHOD_NOT_ALLOWED "method_not_allowed";
    /// The request did not arrive in time; it may be repeated.
    RequestTimeout REQUEST_TIMEOUT "request_timeout";
    /// The same thing was being changed at this moment; it may be repeated.
    Conflict CONFLICT "conflict";
    /// The kiosk's lane is another one by now than the request names; look at it again.
    LaneChanged CONFLICT "lane_changed";
    /// An entry with this key was recorded and taken back; record another one.
    EntryWithdrawn CONFLICT "entry_withdrawn";
    /// Somebody else recorded the entry; whoever did may take it back, or whoever may set right what others recorded.
    EntryOfAnother CONFLICT "entry_of_another";
    /// The entry was recorded over 15 minutes ago; whoever may set right what others recorded may take it back.
    EntryTooOld CONFLICT "entry_too_old";
    /// The adult is barred by a court or protection order; that the adult asked is on record.
    AdultBarred CONFLICT "adult_barred";
    /// An early leave of the pupil is open already.
    LeaveOpen CONFLICT "leave_open";
    /// The day is justified already.
    AlreadyJustified CONFLICT "already_justified";
    /// As many justifications of that day wait for an answer as may.
    TooManyWaiting CONFLICT "too_many_waiting";
    /// It came to another end before; look at it again.
    DecidedOtherwise CONFLICT "decided_otherwise";
    /// There is no such case of a pupil who did not come.
    NoShowNotFound NOT_FOUND "no_show_not_found";
    /// The case came to its end; look at it again.
    NoShowClosed CONFLICT "no_show_closed";
    /// Somebody looks after the case already, so nobody else is told of it.
    NoShowAcknowledged CONFLICT "no_show_acknowledged";
    /// There is no such roll call.
    RollCallNotFound NOT_FOUND "roll_call_not_found";
    /// The roll call is over, and does not begin again.
    RollCallEnded CONFLICT "roll_call_ended";
    /// The body is over the limit.
    BodyTooLarge PAYLOAD_TOO_LARGE "body_too_large";
    /// The address is over the limit.
    UriTooLong URI_TOO_LONG "uri_too_long";
    /// The body is not declared as `application/json`.
    UnsupportedMediaType UNSUPPORTED_MEDIA_TYPE "unsupported_media_type";
    /// This server does not answer under the host that the request names.
    MisdirectedRequest MISDIRECTED_REQUEST "misdirected_request";
    /// A field of the body is missing, unknown or not what it should be; `detail` says which.
    InvalidBody UNPROCESSABLE_ENTITY "invalid_body";
    /// A parameter of the address is not what it should be; `detail` says which.
    InvalidParameter UNPROCESSABLE_ENTITY "invalid_parameter";
    /// The cursor was not given by this list.
    InvalidCursor UNPROCESSABLE_ENTITY "invalid_cursor";
    /// The batch as a whole cannot be read; nothing of it was stored.
    InvalidBatch UNPROCESSABLE_ENTITY "invalid_batch";
    /// The batch holds no scan.
    EmptyBatch UNPROCESSABLE_ENTITY "empty_batch";
    /// The batch holds more than 500 scans; nothing of it was stored.
    TooManyScans UNPROCESSABLE_ENTITY "too_many_scans";
    /// Whoever asks belongs to several schools, and the request names none.
    SchoolRequired UNPROCESSABLE_ENTITY "school_required";
    /// The schedule contradicts itself, such as an exit before its entry.
    ScheduleInvalid UNPROCESSABLE_ENTITY "schedule_invalid";
    /// What a date is to be contradicts itself, or cannot be meant; `detail` says how.
    DayInvalid UNPROCESSABLE_ENTITY "day_invalid";
    /// A setting is beyond its limit; `detail` names it.
    SettingOutOfRange UNPROCESSABLE_ENTITY "setting_out_of_range";
    /// No day of the month is over yet.
    MonthInFuture UNPROCESSABLE_ENTITY "month_in_future";
    /// A date is not among the days of the month that are over.
    DayOfAnotherMonth UNPROCESSABLE_ENTITY "day_of_another_month";
    /// The course takes no changes any more.
    CourseClosed UNPROCESSABLE_ENTITY "course_closed";
    /// The pupil is not enrolled on that day.
    NotEnrolled UNPROCESSABLE_ENTITY "not_enrolled";
    /// The time has not come yet.
    TimeInFuture UNPROCESSABLE_ENTITY "time_in_future";
    /// The time is not of the school day that is named.
    TimeOfAnotherDay UNPROCESSABLE_ENTITY "time_of_another_day";
    /// The time is before the school's day: before five in the morning.
    TimeBeforeDay UNPROCESSABLE_ENTITY "time_before_day";
    /// No such adult is linked to the pupil, or one who may not collect.
    MayNotCollect UNPROCESSABLE_ENTITY "may_not_collect";
    /// The adult whose word it is said to be is none of the pupil's.
    NotLinked UNPROCESSABLE_ENTITY "not_linked";
    /// The document's number is not the adult's, or it was not said that a document was looked at.
    IdentityMismatch UNPROCESSABLE_ENTITY "identity_mismatch";
    /// No such passage counts on that day.
    UnknownPassage UNPROCESSABLE_ENTITY "unknown_passage";
    /// `Idempotency-Key` is missing, or is no UUID.
    IdempotencyKeyRequired UNPROCESSABLE_ENTITY "idempotency_key_required";
    /// The same `Idempotency-Key` came before with another body.
    IdempotencyKeyReused UNPROCESSABLE_ENTITY "idempotency_key_reused";
    /// Too many tries from here or for this account; `Retry-After` says when the next one counts.
    TooManyTries TOO_MANY_REQUESTS "too_many_tries";
    /// The system failed; its log knows why under the request's id.
    Internal INTERNAL_SERVER_ERROR "internal";
    /// This installation gives no tokens, because it has no keys for them.
    TokensOff NOT_IMPLEMENTED "tokens_off";
    /// The database cannot be reached; the request may be repeated.
    Unavailable SERVICE_UNAVAILABLE "unavailable";
    /// The audit index was filled by an earlier program, without what a day is replayed from: rebuild it once.
    ReplayNeedsRebuild SERVICE_UNAVAILABLE "replay_needs_rebuild";
    /// More is waiting than can be done; the request may be repeated.
    Overloaded SERVICE_UNAVAILABLE "overloaded";
}

impl Code {
    /// One sentence for a person.
    pub fn title(self, lang: Lang) -> String {
        lang.t(&self.text_key())
    }

    /// The key of that sentence in `web/locales`.
    pub(crate) fn text_key(self) -> String {
        format!("problem-{}", self.as_str().replace('_', "-"))
    }
}

/// A refusal as the client reads it (RFC 9457).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProblemBody {
    /// `urn:attendance:problem:<code>`
    #[serde(rename = "type")]
    pub kind: String,
    /// One sentence for a person, in Spanish or English by `Accept-Language`.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What went wrong, for a program; never renamed.
    pub code: String,
    /// Where, for a programmer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The id under which the log knows the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
}

/// Seconds after which a client may try again: each after others, so that those who were refused together do not
/// come back together.
pub(crate) fn soon() -> u64 {
    fastrand::u64(1..=4)
}

/// A refusal on its way to the client.
#[derive(Clone, Debug)]
pub struct Problem {
    /// What went wrong.
    pub code: Code,
    /// Where, for a programmer: a path inside the body, a parameter's name. Never a value.
    pub detail: Option<String>,
    /// Seconds after which to try again.
    pub retry_after_s: Option<u64>,
}

impl Problem {
    /// A problem without detail.
    pub fn new(code: Code) -> Self {
        Self { code, detail: None, retry_after_s: None }
    }

    /// Adds where it went wrong. Never quote what the client sent.
    pub fn at(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// The client may try again in a moment, see [`soon`].
    pub fn retry_soon(self) -> Self {
        self.retry_after(soon())
    }

    /// Adds `Retry-After`.
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// Whether the same request may be answered otherwise later: it is then no answer to remember.
    pub fn passes(&self) -> bool {
        self.code.status().is_server_error() || self.code == Code::Conflict
    }

    /// As it is kept for the repeats of a request: the code and where it went wrong.
    pub fn to_kept(&self) -> String {
        self.detail.as_ref().map_or_else(|| self.code.as_str().to_owned(), |at| format!("{} {at}", self.code.as_str()))
    }

    /// Reads what [`Problem::to_kept`] wrote.
    pub fn from_kept(kept: &str) -> Self {
        let (code, detail) = kept.split_once(' ').map_or((kept, None), |(code, at)| (code, Some(at.to_owned())));
        // Codes are never renamed, so one that is unknown here was written by a newer program.
        let code = Code::ALL.iter().copied().find(|c| c.as_str() == code).unwrap_or(Code::InvalidBody);
        Self { code, detail, retry_after_s: None }
    }

    /// A fault of the system: logged here, once, with its source; the client gets the code alone.
    pub fn internal(source: impl std::fmt::Display) -> Self {
        tracing::error!(error = %source, "request failed");
        Self::new(Code::Internal)
    }

    /// The body, in a language, with the id under which the log knows the request.
    pub fn body(&self, lang: Lang, request_id: Option<&str>) -> ProblemBody {
        ProblemBody {
            kind: format!("urn:attendance:problem:{}", self.code.as_str()),
            title: self.code.title(lang),
            status: self.code.status().as_u16(),
            code: self.code.as_str().to_owned(),
            detail: self.detail.clone(),
            instance: request_id.map(|id| format!("urn:uuid:{id}")),
        }
    }

    /// The whole answer. The problem itself stays in the response's extensions, so that
    /// [`crate::middleware`] can say it in the client's language, and pages as HTML.
    pub fn response(&self, lang: Lang, request_id: Option<&str>) -> Response {
        let mut response =
            (self.code.status(), serde_json::to_string(&self.body(lang, request_id)).unwrap_or_default())
                .into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(lang.tag()));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        // Every 401 says how it is mended (RFC 9110, 15.5.2).
        match self.code {
            Code::KioskUnauthenticated => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Code::Unauthenticated | Code::StepUp => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Cookie form-action=\"/entrar\""));
                headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            _ => {}
        }
        response.extensions_mut().insert(self.clone());
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.response(Lang::Es, None)
    }
}

impl From<sqlx::Error> for Problem {
    /// A database that cannot be reached is not a defect: the client may try again.
    fn from(error: sqlx::Error) -> Self {
        StoreError::from(error).into()
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        if error.is_temporary() {
            tracing::warn!(error = %Chain(&error), "the store is unavailable");
            Self::new(Code::Unavailable).retry_soon()
        } else {
            Self::internal(Chain(&error))
        }
    }
}

impl From<LiveError> for Problem {
    fn from(error: LiveError) -> Self {
        match error {
            LiveError::Database(error) | LiveError::Names(NamesError::Roster(error)) => error.into(),
            LiveError::Names(NamesError::Vault(VaultError::Store(error))) => error.into(),
            LiveError::Names(NamesError::Vault(error)) => Self::internal(Chain(&error)),
            LiveError::Overloaded => Self::new(Code::Overloaded).retry_soon(),
        }
    }
}

impl From<AccountError> for Problem {
    /// The person's mistakes have codes of their own at the handlers.
    fn from(error: AccountError) -> Self {
        if error.is_temporary() {
            tracing::warn!(error = %Chain(&error), "accounts are unavailable");
            Self::new(Code::Unavailable).retry_soon()
        } else {
            Self::internal(Chain(&error))
        }
    }
}

impl From<TooMany> for Problem {
    fn from(too_many: TooMany) -> Self {
        Self::new(Code::TooManyTries).retry_after(too_many.seconds())
    }
}

impl From<UseCaseError> for Problem {
    /// The user's mistakes have codes of their own at the handlers; what is left is the store's.
    fn from(error: UseCaseError) -> Self {
        match error {
            UseCaseError::Overloaded { retry_after_s } => Self::new(Code::Overloaded).retry_after(retry_after_s.into()),
            UseCaseError::Conflict => Self::new(Code::Conflict).retry_after(1),
            UseCaseError::Store(error) | UseCaseError::Vault(VaultError::Store(error)) => error.into(),
            other => Self::internal(Chain(&other)),
        }
    }
}

/// An error with its causes, for the log.
struct Chain<'a>(&'a dyn std::error::Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_with_its_status_and_meaning_is_in_the_document_for_programmers_and_no_other() {
        let document = include_str!("../../docs/api-design.md");
        let rows: Vec<&str> = document.lines().filter(|line| line.starts_with("| `")).collect();
        let codes = Code::ALL.iter().map(|c| format!("| `{}` | {} | {} |", c.as_str(), c.status().as_u16(), c.about()));
        assert_eq!(rows, codes.collect::<Vec<_>>(), "docs/api-design.md is old");
    }

    #[test]
    fn each_code_is_unique_and_named_in_both_languages() {
        let mut names: Vec<_> = Code::ALL.iter().map(|c| c.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Code::ALL.len());
        for code in Code::ALL {
            assert!(code.status().is_client_error() || code.status().is_server_error());
            assert_ne!(code.title(Lang::Es), code.title(Lang::En));
            assert_ne!(code.title(Lang::En), code.text_key(), "the text is not written");
        }
    }
}
