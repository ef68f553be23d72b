//! All routes with what surrounds them.

use crate::pages::{self, ReadModels};
use crate::{AppState, api, csp, middleware as mw};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use std::sync::Arc;

/// Largest body of a request, in bytes, where a route does not say otherwise.
pub const BODY_LIMIT: usize = 256 * 1024;

/// The same of a form of the pages.
pub const FORM_LIMIT: usize = 64 * 1024;

/// The whole server. The order of the layers, outermost first: request id and log line, headers,
/// problems in the client's language, panics, host, site, address limit, load, time limit, the person's right,
/// body limit.
pub fn router(state: AppState) -> Router {
    let (api, _) = api::router().split_for_parts();
    let pages =
        pages::router(Arc::new(ReadModels(state.clone())), state.streams.clone(), state.live.stopping().clone());
    let forms = pages::staff_router()
        .merge(pages::kiosks_router())
        .merge(pages::broadcasts_router())
        .merge(pages::notices_router())
        .merge(pages::calendar_router())
        .merge(pages::year_router());
    let forms = forms.merge(pages::by_hand_router()).merge(pages::family_router()).merge(pages::cases_router());
    let forms = forms.merge(pages::replay_router());
    let forms = forms.merge(pages::reports_router()).merge(pages::pupil_router()).merge(pages::settings_router());
    let forms = forms.merge(pages::presence_router()).merge(pages::schedule_router());
    let forms = forms.merge(pages::pupils_router());
    let forms = forms.layer(DefaultBodyLimit::max(FORM_LIMIT));
    surrounded(Router::new().merge(api).merge(pages).merge(forms).merge(csp::router()), state)
}

/// Any routes with what surrounds the server's own: for a benchmark that compares handlers alone.
pub fn surrounded(routes: Router<AppState>, state: AppState) -> Router {
    routes
        .fallback(mw::not_found)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn_with_state(state.clone(), mw::authorize))
        .layer(from_fn(mw::limit_time))
        .layer(from_fn_with_state(state.clone(), mw::bound_load))
        .layer(from_fn(mw::limit_uri))
        .layer(from_fn(mw::check_site))
        .layer(from_fn_with_state(state.clone(), mw::check_host))
        .layer(from_fn(mw::catch_panics))
        .layer(from_fn(mw::speak_problems))
        .layer(from_fn(mw::secure))
        .layer(from_fn_with_state(state.clone(), mw::observe))
        .with_state(state)
}

#[cfg(test)]
mod answers;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod late;
#[cfg(test)]
mod reads;
#[cfg(test)]
mod sweep;
#[cfg(test)]
mod tests;
