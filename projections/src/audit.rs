//! Every event, findable: by stream, person, kiosk, actor, event, day and time. It holds no payload
//! and no personal data, only who, what, when and about whom.

mod apply;
pub mod queries;
pub mod rows;
pub(crate) mod store;
