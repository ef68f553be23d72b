//! `/familia/alumnos/{student_id}/avisos`: which notices of a pupil a guardian wants, and by which ways.

use super::super::staff::Visit;
use super::super::staff::form;
use super::day::Child;
use super::{day, inside};
use crate::AppState;
use crate::family::{Guardian as Visitor, OwnPupil};
use crate::i18n::{Lang, key};
use crate::pages::asked::field;
use crate::pages::icon::icon;
use crate::pages::notices::channel_words;
use crate::pages::respond::Nonce;
use crate::pages::source::SourceError;
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use commands::use_cases::{ChooseNotices, Chosen, UseCaseError, choose_notices, chosen_notices};
use domain::delivery::{Channel, Kind};
use domain::guardian::notices::{Language, Method, Want};
use maud::{Markup, html};

/// The kinds that may be chosen, the gravest first. A correction follows what it corrects.
const KINDS: [(Kind, &str); 6] = [
    (Kind::NoEntry, key("family-notices-no-entry")),
    (Kind::EarlyLeave, key("family-notices-early-leave")),
    (Kind::Late, key("family-notices-late")),
    (Kind::Entry, key("family-notices-entry")),
    (Kind::Exit, key("family-notices-exit")),
    (Kind::Broadcast, key("family-notices-broadcast")),
];

/// The page.
pub(super) struct NoticesPage {
    child: Child,
    chosen: Chosen,
    /// The channels that the school sends by, each with whether it has the guardian's address.
    on: Vec<(Channel, bool)>,
    saved: bool,
}

/// `GET /familia/alumnos/{student_id}/avisos`.
pub(super) async fn get(State(state): State<AppState>, visitor: Visitor, own: OwnPupil, visit: Visit) -> Response {
    let found = async {
        let Some(child) = day::of(&state, &visitor, &own, None).await? else { return Ok(None) };
        let known = chosen_notices(&state.write, own.school, (own.guardian, own.student)).await;
        let Some(chosen) = known.map_err(|error| SourceError::Unavailable(error.into()))? else { return Ok(None) };
        let modes = state.config.notices.modes().into_iter();
        let on = modes.map(|(channel, _)| (channel, chosen.has.contains(&channel))).collect();
        let saved = visit.notice.as_deref() == Some("guardado");
        Ok::<_, SourceError>(Some(NoticesPage { child, chosen, on, saved }))
    };
    match found.await {
        Ok(Some(page)) => visit.page(StatusCode::OK, |nonce| page.page(visit.lang, nonce)),
        Ok(None) => visit.failed(StatusCode::NOT_FOUND),
        Err(error) => visit.source_error(&error),
    }
}

/// `POST /familia/alumnos/{student_id}/avisos`, in the guardian's own name.
pub(super) async fn post(
    State(state): State<AppState>,
    own: OwnPupil,
    visit: Visit,
    Form(sent): Form<Vec<(String, String)>>,
) -> Response {
    let Some(language) = field(&sent, "idioma").and_then(language) else {
        return visit.failed(StatusCode::UNPROCESSABLE_ENTITY);
    };
    let ticked = |name: &str, value: &str| sent.iter().any(|(n, v)| n == name && v == value);
    let want = |(kind, _): &(Kind, &str)| Want {
        kind: *kind,
        channels: Channel::ALL.iter().copied().filter(|by| ticked(kind.as_str(), by.as_str())).collect(),
    };
    // Where the page does not ask, nothing is said.
    let asked = ticked("pregunta", "whatsapp").then(|| ticked("whatsapp", "si"));
    let chosen = async {
        let context = own.context(&state).await?;
        let input = ChooseNotices {
            guardian_id: own.guardian,
            student_id: own.student,
            language,
            wanted: KINDS.iter().map(want).collect(),
            whatsapp: asked,
            method: Method::Portal,
            said_at: state.clock.now(),
        };
        choose_notices(&state.write, &context, input).await
    };
    match chosen.await {
        Ok(_) => Redirect::to(&format!("/familia/alumnos/{}/avisos?aviso=guardado", own.student)).into_response(),
        // Erased while the form was open.
        Err(UseCaseError::Guardian(_)) => visit.failed(StatusCode::NOT_FOUND),
        Err(error) if error.is_temporary() => visit.source_error(&SourceError::Unavailable(error.into())),
        Err(error) => visit.source_error(&SourceError::Internal(error.into())),
    }
}

fn language(code: &str) -> Option<Language> {
    match code {
        "es" => Some(Language::Es),
        "en" => Some(Language::En),
        _ => None,
    }
}

impl NoticesPage {
    /// Its words.
    pub(super) fn page(&self, lang: Lang, nonce: &Nonce) -> Markup {
        let path = format!("/familia/alumnos/{}", self.child.pupil.id);
        let name = self.child.called(lang);
        let saved = match self.is_silent() {
            true => lang.f("family-notices-saved-silent", &[("name", (&name).into())]),
            false => lang.t("family-notices-saved"),
        };
        let main = html! {
            main class="family" {
                a class="back" href=(path) { (icon("back")) (lang.f("family-notices-to-pupil", &[("name", (&name).into())])) }
                header class="page-head" {
                    h1 { (lang.f("family-notices-of", &[("name", (&name).into())])) }
                    p { (self.child.place()) }
                }
                (form::done(self.saved.then_some(saved)))
                @if self.on.is_empty() { p { (lang.t("family-notices-off")) } }
                @else if !self.chosen.is_told { p { (lang.f("family-notices-not-told", &[("name", (&name).into())])) } }
                form class="card form" method="post" action={ (path) "/avisos" } {
                    p class="hint" { (lang.t("family-notices-why")) " " (lang.t("family-notices-corrections")) }
                    (self.whatsapp(lang))
                    h2 id="kinds" { (lang.t("family-notices-kinds")) }
                    @for (kind, words) in KINDS { (self.kind(kind, &lang.t(words), lang)) }
                    (self.language(lang))
                    (form::send(&lang.t("family-notices-save")))
                }
            }
        };
        inside(lang, nonce, lang.f("family-notices-of", &[("name", (&name).into())]), format!("{path}/avisos"), &main)
    }

    /// Whether no alarm of the pupil would reach this guardian, though the school sends.
    fn is_silent(&self) -> bool {
        !self.on.is_empty() && !self.chosen.alarms.iter().any(|by| self.on().contains(by))
    }

    /// What Meta asks for: nobody is written to who did not say so.
    fn whatsapp(&self, lang: Lang) -> Markup {
        let has = self.on.iter().find(|(channel, _)| *channel == Channel::Whatsapp).map(|(_, has)| *has);
        html! {
            @if let Some(has) = has {
                fieldset class="ticks" {
                    legend { (lang.t(channel_words(Channel::Whatsapp))) }
                    @if has {
                        (form::hidden("pregunta", "whatsapp"))
                        label {
                            input type="checkbox" name="whatsapp" value="si" aria-describedby="whatsapp-what"
                                checked[self.chosen.notices.takes(Channel::Whatsapp)];
                            span { (lang.f("family-notices-whatsapp-accept", &[("school", (&self.child.school.name).into())])) }
                        }
                        p class="hint" id="whatsapp-what" {
                            (lang.t("family-notices-whatsapp-what")) " "
                            @if self.on.contains(&(Channel::Email, true)) { (lang.t("family-notices-whatsapp-then-mail")) }
                        }
                    } @else {
                        p class="hint" { (lang.t("family-notices-no-phone")) }
                    }
                }
            }
        }
    }

    fn kind(&self, kind: Kind, words: &str, lang: Lang) -> Markup {
        let wants = self.chosen.notices.wants(domain::StudentId(self.child.pupil.id), kind);
        let all: Vec<Channel> = if self.on.is_empty() { Channel::ALL.to_vec() } else { self.on() };
        // A channel that the school has not switched on keeps what was chosen for it.
        let kept = wants.iter().filter(|channel| !all.contains(channel));
        html! {
            fieldset class="ticks" {
                legend { (words) }
                @for channel in kept { (form::hidden(kind.as_str(), channel.as_str())) }
                div class="channels" {
                    @for channel in &all {
                        label {
                            input type="checkbox" name=(kind.as_str()) value=(channel.as_str()) checked[wants.contains(channel)];
                            span { (lang.t(channel_words(*channel))) }
                        }
                    }
                }
                @if kind == Kind::NoEntry { p class="hint" { (lang.t("family-notices-no-entry-none")) } }
                @if kind == Kind::NoEntry && self.on.contains(&(Channel::Email, false)) {
                    p class="hint" { (lang.t("family-notices-no-mail")) }
                }
            }
        }
    }

    fn on(&self) -> Vec<Channel> {
        self.on.iter().map(|(channel, _)| *channel).collect()
    }

    fn language(&self, lang: Lang) -> Markup {
        let options = [("es", key("family-notices-language-es")), ("en", key("family-notices-language-en"))];
        let options = options.map(|(code, words)| (code.to_owned(), lang.t(words)));
        let chosen = match self.chosen.notices.language() {
            Some(Language::En) => "en",
            Some(Language::Es) | None => "es",
        };
        form::choice("idioma", &lang.t("family-notices-language"), &options, chosen, true, None, lang)
    }
}

/// Made up.
#[cfg(test)]
pub(super) fn sample(saved: bool, on: &[&str]) -> NoticesPage {
    let on = on.iter().filter_map(|code| Some((Channel::of_code(code)?, true))).collect();
    let (notices, has) = (domain::guardian::notices::Notices::default(), Channel::ALL.to_vec());
    let chosen = Chosen { notices, has, is_told: true, alarms: vec![Channel::Email] };
    NoticesPage { child: Child::sample(1), chosen, on, saved }
}
