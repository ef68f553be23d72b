//! What people see: server-made pages (maud), live with htmx, plain without scripts.
//!
//! A component is a pure function from its values to [`maud::Markup`]; a page is a view struct of
//! [`view`] with a `sample()`; whatever text it shows is in `web/locales`. Only [`ReadModels`] knows the
//! read models: it is the one place that turns them into views.
//!
//! How to add one more page:
//! 1. its values in `view.rs`, its `sample()` in `sample.rs`, its texts in both `web/locales/*.ftl`;
//! 2. its file with one function from values to markup, in a [`shell`];
//! 3. its route in `routes.rs`, its line in `tests.rs`: the tests render it in both languages and
//!    check policy, ids, nonces and escaping.

mod alerts;
mod answer;
mod asked;
mod bar;
mod board;
mod broadcasts;
mod by_hand;
mod calendar;
mod cases;
mod chooser;
mod course;
mod courses;
pub mod error;
mod family;
mod fresh;
mod gates;
mod icon;
mod kiosks;
mod live;
mod notices;
mod presence;
mod progress;
mod pupil;
mod pupils;
mod read_models;
mod reasons;
mod replay;
mod reports;
mod respond;
mod routes;
pub mod sample;
mod schedule;
mod settings;
mod shell;
pub mod source;
mod staff;
mod status;
mod stream;
pub mod telephones;
mod upload;
pub mod view;
mod wall;
mod year;

pub use broadcasts::router as broadcasts_router;
pub use by_hand::router as by_hand_router;
pub use calendar::router as calendar_router;
pub use cases::router as cases_router;
pub use family::router as family_router;
pub use kiosks::router as kiosks_router;
pub use notices::router as notices_router;
pub use presence::router as presence_router;
pub use pupil::router as pupil_router;
pub use pupils::router as pupils_router;
pub use read_models::ReadModels;
pub use replay::router as replay_router;
pub use reports::router as reports_router;
pub use respond::Nonce;
pub use routes::router;
pub use schedule::router as schedule_router;
pub use settings::router as settings_router;
pub use source::{Source, SourceError};
pub use staff::router as staff_router;
pub use upload::Uploads;
pub use year::router as year_router;

#[cfg(test)]
mod tests;
