//! Every refusal of the API: one stable code each, as `application/problem+json` (RFC 9457).
//!
//! A problem never quotes what was sent: no card, no name, no number of a person.

use crate::live::LiveError;
use crate::names::NamesError;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use commands::StoreError;
use commands::use_cases::UseCaseError;
use commands::vault::VaultError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Language of the texts that people read. Spanish unless the client prefers English.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lang {
    /// Spanish of Chile.
    Es,
    /// English.
    En,
}

impl Lang {
    /// The one of our two languages that `Accept-Language` (RFC 9110, 12.5.4) ranks first.
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let Some(wanted) = headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()) else {
            return Self::Es;
        };
        let (mut best, mut best_weight) = (Self::Es, 0.0_f32);
        for part in wanted.split(',') {
            let mut pieces = part.split(';');
            let tag = pieces.next().unwrap_or_default().trim().to_ascii_lowercase();
            let weight = pieces.find_map(|p| p.trim().strip_prefix("q=")?.parse().ok()).unwrap_or(1.0);
            let lang = match tag.split('-').next() {
                Some("es") => Self::Es,
                Some("en") => Self::En,
                _ => continue,
            };
            if weight > best_weight {
                (best, best_weight) = (lang, weight);
            }
        }
        best
    }

    /// The language tag.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Es => "es",
            Self::En => "en",
        }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident $status:ident $code:literal $es:literal $en:literal;)+) => {
        /// What went wrong. The code is part of the API: it is added to, never renamed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code { $($(#[$doc])* #[doc = concat!("`", $code, "`: ", $en)] $name,)+ }

        impl Code {
            /// All codes, for the documents and the tests.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The stable name on the wire.
            pub fn as_str(self) -> &'static str { match self { $(Self::$name => $code,)+ } }

            /// The HTTP status that goes with it.
            pub fn status(self) -> StatusCode { match self { $(Self::$name => StatusCode::$status,)+ } }

            /// One sentence for a person.
            pub fn title(self, lang: Lang) -> &'static str {
                match (self, lang) { $((Self::$name, Lang::Es) => $es, (Self::$name, Lang::En) => $en,)+ }
            }
        }
    };
}

codes! {
    MalformedJson BAD_REQUEST "malformed_json" "El cuerpo no es JSON válido." "The body is not valid JSON.";
    MalformedRequest BAD_REQUEST "malformed_request" "La solicitud no se puede leer." "The request cannot be read.";
    KioskUnauthenticated UNAUTHORIZED "kiosk_unauthenticated" "El tótem no se identificó con su clave." "The kiosk did not authenticate with its secret.";
    KioskRevoked FORBIDDEN "kiosk_revoked" "El tótem fue dado de baja." "The kiosk was revoked.";
    NotFound NOT_FOUND "not_found" "No existe lo que se pidió." "There is nothing at this address.";
    MethodNotAllowed METHOD_NOT_ALLOWED "method_not_allowed" "Esta dirección no admite esa operación." "This address does not take that method.";
    RequestTimeout REQUEST_TIMEOUT "request_timeout" "La solicitud tardó demasiado; se puede repetir." "The request took too long; it may be repeated.";
    Conflict CONFLICT "conflict" "Otra persona cambió lo mismo a la vez; se puede repetir." "Somebody changed the same thing at once; it may be repeated.";
    BodyTooLarge PAYLOAD_TOO_LARGE "body_too_large" "El cuerpo es demasiado grande." "The body is too large.";
    UriTooLong URI_TOO_LONG "uri_too_long" "La dirección es demasiado larga." "The address is too long.";
    UnsupportedMediaType UNSUPPORTED_MEDIA_TYPE "unsupported_media_type" "El cuerpo debe ser application/json." "The body must be application/json.";
    MisdirectedRequest MISDIRECTED_REQUEST "misdirected_request" "Este servidor no atiende a ese nombre." "This server does not answer for that host.";
    InvalidBody UNPROCESSABLE_ENTITY "invalid_body" "El cuerpo no tiene la forma esperada." "The body does not have the expected shape.";
    InvalidParameter UNPROCESSABLE_ENTITY "invalid_parameter" "Un parámetro de la dirección no es válido." "A parameter of the address is not valid.";
    InvalidCursor UNPROCESSABLE_ENTITY "invalid_cursor" "El cursor no es de esta lista." "The cursor is not one of this list.";
    InvalidBatch UNPROCESSABLE_ENTITY "invalid_batch" "El lote no tiene la forma esperada." "The batch does not have the expected shape.";
    EmptyBatch UNPROCESSABLE_ENTITY "empty_batch" "El lote no trae lecturas." "The batch holds no scan.";
    TooManyScans UNPROCESSABLE_ENTITY "too_many_scans" "El lote trae más de 500 lecturas." "The batch holds more than 500 scans.";
    SchoolRequired UNPROCESSABLE_ENTITY "school_required" "Falta indicar el colegio." "The school must be named.";
    ScheduleInvalid UNPROCESSABLE_ENTITY "schedule_invalid" "El horario no es válido." "The schedule is not valid.";
    CourseClosed UNPROCESSABLE_ENTITY "course_closed" "El curso está cerrado." "The course is closed.";
    IdempotencyKeyRequired UNPROCESSABLE_ENTITY "idempotency_key_required" "Falta Idempotency-Key, o no es un UUID." "Idempotency-Key is missing or not a UUID.";
    IdempotencyKeyReused UNPROCESSABLE_ENTITY "idempotency_key_reused" "La misma Idempotency-Key llegó con otro contenido." "The same Idempotency-Key came with another request.";
    Internal INTERNAL_SERVER_ERROR "internal" "Falló el sistema; no fue culpa de quien lo usa." "The system failed; it is not the user's fault.";
    Unavailable SERVICE_UNAVAILABLE "unavailable" "El sistema no alcanza su base de datos; se puede repetir." "The system cannot reach its database; try again.";
    Overloaded SERVICE_UNAVAILABLE "overloaded" "Hay demasiado trabajo en cola; se puede repetir." "Too much work is waiting; try again.";
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
            title: self.code.title(lang).to_owned(),
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
        if self.code == Code::KioskUnauthenticated {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
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
            Self::new(Code::Unavailable).retry_after(2)
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
            LiveError::Overloaded => Self::new(Code::Overloaded).retry_after(2),
        }
    }
}

impl From<UseCaseError> for Problem {
    /// The user's mistakes have codes of their own at the handlers; what is left is the store's.
    fn from(error: UseCaseError) -> Self {
        match error {
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
    fn each_code_is_unique_and_named_in_both_languages() {
        let mut names: Vec<_> = Code::ALL.iter().map(|c| c.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Code::ALL.len());
        for code in Code::ALL {
            assert!(code.status().is_client_error() || code.status().is_server_error());
            assert_ne!(code.title(Lang::Es), code.title(Lang::En));
        }
    }

    #[test]
    fn the_language_is_the_one_the_client_ranks_first() {
        let lang = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, value.parse().unwrap());
            Lang::from_headers(&headers)
        };
        assert_eq!(lang("en"), Lang::En);
        assert_eq!(lang("es-CL,es;q=0.9,en;q=0.8"), Lang::Es);
        assert_eq!(lang("fr, es;q=0.4, en-US;q=0.7"), Lang::En);
        assert_eq!(lang("de"), Lang::Es);
        assert_eq!(Lang::from_headers(&HeaderMap::new()), Lang::Es);
    }
}
