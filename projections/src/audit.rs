//! Every event, findable: by stream, person, kiosk, actor, event, day and time. It holds who, what, when and about
//! whom, and of the events that a day is replayed from ([`replay`]) what the log says, in which all that is personal
//! is sealed.

mod apply;
pub mod queries;
pub mod replay;
pub mod rows;
pub(crate) mod store;
