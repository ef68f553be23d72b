//! The REST API: one folder per resource, one file per verb.

mod audit;
mod calendar;
pub(crate) mod courses;
pub(crate) mod days;
pub(crate) mod health;
pub mod input;
pub mod kiosks;
pub(crate) mod live;
mod no_show;
mod openapi;
pub mod page;
pub(crate) mod reports;
pub(crate) mod roll_call;
mod settings;
pub(crate) mod simulations;
mod students;
mod tokens;
mod webhooks;
mod write;

pub use openapi::document;

use crate::AppState;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Every route of the API with its OpenAPI description.
pub fn router() -> OpenApiRouter<AppState> {
    openapi::base()
        .routes(routes!(live::board::get))
        .routes(routes!(live::stream::get))
        .routes(routes!(live::pupils::list))
        .routes(routes!(courses::list::list))
        .routes(routes!(courses::day::get))
        .routes(routes!(courses::schedule::put))
        .routes(routes!(courses::calendar::put, courses::calendar::delete))
        .routes(routes!(calendar::read::get, calendar::set::put, calendar::clear::delete))
        .routes(routes!(students::list::list))
        .routes(routes!(students::entries::post))
        .routes(routes!(students::entries::delete))
        .routes(routes!(audit::list::list))
        .routes(routes!(audit::days::read::get))
        .routes(routes!(audit::days::pupils::list))
        .routes(routes!(audit::days::events::list))
        .routes(routes!(tokens::create::post, tokens::list::get))
        .routes(routes!(tokens::refresh::post))
        .routes(routes!(tokens::revoke::post))
        .routes(routes!(kiosks::list::list))
        .routes(routes!(kiosks::mode::put))
        .routes(routes!(kiosks::revoke::post))
        .routes(routes!(kiosks::scans::post))
        .routes(routes!(kiosks::heartbeat::post))
        .routes(routes!(kiosks::roster::get))
        .routes(routes!(no_show::list::list))
        .routes(routes!(no_show::read::get))
        .routes(routes!(no_show::acknowledge::post))
        .routes(routes!(no_show::release::post))
        .routes(routes!(no_show::justify::post))
        .routes(routes!(roll_call::read::get))
        .routes(routes!(roll_call::start::post))
        .routes(routes!(roll_call::marks::put))
        .routes(routes!(roll_call::end::post))
        .routes(routes!(roll_call::result::get))
        .routes(routes!(reports::school::get))
        .routes(routes!(reports::course::get))
        .routes(routes!(reports::pupil::get))
        .routes(routes!(reports::absence::get))
        .routes(routes!(reports::gates::get))
        .routes(routes!(reports::class_list::post))
        .routes(routes!(days::acts::get))
        .routes(routes!(days::waiting::get))
        .routes(routes!(days::early_leaves::post))
        .routes(routes!(days::early_leaves::record))
        .routes(routes!(days::early_leaves::cancel))
        .routes(routes!(days::justifications::post))
        .routes(routes!(days::justifications::decide))
        .routes(routes!(days::justifications::document))
        .routes(routes!(days::corrections::post))
        .routes(routes!(days::corrections::approve))
        .routes(routes!(days::corrections::reject))
        .routes(routes!(webhooks::whatsapp::get, webhooks::whatsapp::post))
        .routes(routes!(settings::read::get, settings::set::put))
        .routes(routes!(simulations::create::post))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(health::metrics))
        .routes(routes!(openapi::get))
}
