//! What surrounds every request: id, log line, panics, limits, headers, problems in the client's words, and
//! whether whoever asks may.

mod authorize;
mod client;
mod guard;
mod headers;
mod load;
mod problems;
mod request;
mod site;

#[cfg(any(test, feature = "testing"))]
pub use authorize::as_person;
pub use authorize::{RETURN_TO, ShownDay, authorize, is_stream};
pub(crate) use authorize::{return_target, with_return};
pub use client::{Peer, address};
pub use guard::{UPLOAD_TIME, catch_panics, check_host, limit_time, limit_uri, named_loopback};
pub use headers::secure;
pub use load::{Place, Places, bound_load};
pub use problems::{not_found, speak_problems};
pub use request::{RequestId, observe};
#[cfg(test)]
pub(crate) use site::STREAMS;
pub use site::check_site;
