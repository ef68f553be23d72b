//! The live board: once, as a stream, and pupil by pupil.

pub mod board;
pub mod pupils;
pub mod stream;

use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

/// Which school.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OfSchool {
    /// The school; may be left out by whoever belongs to one only.
    #[expect(dead_code, reason = "read before the handler, which gets `InSchool`; here for its description")]
    pub school: Option<Uuid>,
}
