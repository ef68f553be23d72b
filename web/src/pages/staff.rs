//! The pages by which the staff come in and go out: signing in, one's own account, the people of a school, and what
//! happened to accounts. Plain forms that need no scripts; each ends with a redirect, or with what is shown once.
//!
//! A form is refused on behalf of another site by [`crate::middleware::check_site`], and whether the person may
//! by [`crate::middleware::authorize`]: no handler here asks either.

mod account;
mod activate;
mod confirm;
mod credentials;
mod enrol;
pub(super) mod form;
mod invitations;
pub(super) mod log;
pub(super) mod looks;
mod passkey_form;
mod passkeys;
mod people;
mod people_changes;
mod programs;
mod second_step;
pub(super) mod sign_in;
#[cfg(test)]
mod tests;

use super::error;
use super::respond::{self, Nonce};
use super::view::Who;
use super::{ReadModels, Source, SourceError};
use crate::AppState;
use crate::config::SecondFactor;
use crate::i18n::{Lang, negotiate};
use crate::middleware::{self, Peer, RETURN_TO, RequestId, return_target, with_return};
use crate::session::{self, Begin, Person, Stage};
use crate::sign_in::note;
use crate::throttle::limits;
use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use commands::accounts::{AccountError, AccountFact, Proof, Secret256, SignInMethod};
use domain::{AccountId, SchoolId};
use maud::Markup;
use std::convert::Infallible;
use std::net::IpAddr;

/// The pages of the staff.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/entrar", get(sign_in::get).post(sign_in::post))
        .route("/entrar/codigo", get(second_step::get).post(second_step::post_code))
        .route("/entrar/codigo/reto", post(second_step::begin_passkey))
        .route("/entrar/codigo/llave", post(second_step::post_passkey))
        .route("/entrar/llave", post(second_step::post_alone))
        .route("/entrar/llave/reto", post(second_step::begin_alone))
        .route("/entrar/activar", get(activate::get).post(activate::post))
        .route("/entrar/factor", get(enrol::get))
        .route("/entrar/factor/reto", post(enrol::begin_passkey))
        .route("/entrar/factor/llave", post(enrol::add_passkey))
        .route("/entrar/factor/codigo", get(enrol::back_to_choice).post(enrol::confirm_totp))
        .route("/entrar/factor/codigo/comenzar", post(enrol::begin_totp))
        .route("/salir", post(sign_in::sign_out))
        .route("/cuenta", get(account::get))
        .route("/cuenta/sesiones", post(account::end_sessions))
        .route("/cuenta/programas", post(programs::end))
        .route("/cuenta/confirmar", get(confirm::get).post(confirm::post))
        .route("/cuenta/confirmar/reto", post(confirm::begin_passkey))
        .route("/cuenta/confirmar/llave", post(confirm::post_passkey))
        .route("/cuenta/clave", post(credentials::change_password))
        .route("/cuenta/invitaciones", post(invitations::answer))
        .route("/cuenta/codigo", get(credentials::offer_totp).post(credentials::confirm_totp))
        .route("/cuenta/codigo/comenzar", post(credentials::begin_totp))
        .route("/cuenta/codigo/quitar", post(credentials::remove_totp))
        .route("/cuenta/llaves", get(passkeys::get).post(passkeys::add))
        .route("/cuenta/llaves/reto", post(passkeys::begin))
        .route("/cuenta/llaves/quitar", post(passkeys::remove))
        .route("/personas", get(people::get))
        .route("/personas/invitar", post(people_changes::invite))
        .route("/personas/rol", post(people_changes::change_role))
        .route("/personas/estado", post(people_changes::change_state))
        .route("/personas/enlace", post(people_changes::new_link))
        .route("/personas/factor", post(people_changes::reset_factors))
        .route("/registro", get(log::get))
        .route("/registro/miradas", get(looks::get))
}

/// A request for one of these pages.
pub(super) struct Visit {
    pub(super) lang: Lang,
    pub(super) headers: HeaderMap,
    peer: Option<Peer>,
    id: Option<String>,
    /// What was asked for.
    asked: error::Asked,
    /// The language that this address chose, to be kept.
    chosen: Option<Lang>,
    /// What the page before says was done: `?aviso=…`, one of its own words.
    pub(super) notice: Option<String>,
    /// Where the person wanted to go.
    wanted: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let query = parts.uri.query().unwrap_or_default();
        let asked = |name: &str| {
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        };
        Ok(Self {
            lang: negotiate(asked("lang").as_deref(), &parts.headers),
            notice: asked("aviso"),
            wanted: asked(RETURN_TO).filter(|wanted| return_target(wanted).is_some()),
            peer: parts.extensions.get().copied(),
            id: parts.extensions.get::<RequestId>().map(|id| id.0.to_string()),
            asked: error::Asked::of(&parts.method, &parts.uri),
            chosen: asked("lang").as_deref().and_then(Lang::from_code),
            headers: parts.headers.clone(),
        })
    }
}

impl Visit {
    pub(super) fn page(&self, status: StatusCode, draw: impl FnOnce(&Nonce) -> Markup) -> Response {
        let nonce = Nonce::fresh();
        let mut response = respond::page(status, &nonce, draw(&nonce));
        // What is sent from this page has an answer in its language.
        if let Some(lang) = self.chosen {
            response.headers_mut().append(header::SET_COOKIE, session::LANGUAGE.keep(&self.headers, lang.code()));
        }
        response
    }

    pub(super) fn failed(&self, status: StatusCode) -> Response {
        error::response(status, self.id.as_deref(), &self.asked, self.lang)
    }

    /// An error that is nobody's mistake, as a page.
    fn account_error(&self, error: &AccountError) -> Response {
        if matches!(error, AccountError::Changed) {
            return Redirect::to("/entrar").into_response();
        }
        if error.is_temporary() {
            tracing::warn!(%error, "accounts are unavailable");
            self.failed(StatusCode::SERVICE_UNAVAILABLE)
        } else {
            tracing::error!(%error, "accounts failed");
            self.failed(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }

    pub(super) fn store_error(&self, error: sqlx::Error) -> Response {
        self.account_error(&AccountError::Store(error.into()))
    }

    /// Values that cannot be had, as a page.
    pub(super) fn source_error(&self, error: &SourceError) -> Response {
        match error {
            SourceError::Unavailable(_) => {
                tracing::warn!(%error, "page not made");
                self.failed(StatusCode::SERVICE_UNAVAILABLE)
            }
            SourceError::Internal(_) => {
                tracing::error!(%error, "page not made");
                self.failed(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }

    /// The client's address.
    pub(super) fn address(&self, state: &AppState) -> Option<IpAddr> {
        self.peer.map(|peer| middleware::address(&self.headers, peer, state.config.http.proxy_hops))
    }

    /// The network that this browser's tries count by.
    pub(super) fn network(&self, state: &AppState) -> String {
        self.address(state).map_or_else(String::new, limits::network)
    }

    /// Begins a session of this browser in place of the one that it has, and sends it on.
    async fn begin(&self, state: &AppState, proof: Proof, stage: Stage, to: &str) -> Response {
        match self.begun(state, proof, stage).await {
            Ok(Some(secret)) => self.with_session(&secret, to),
            // Disabled or changed at this very moment.
            Ok(None) => Redirect::to("/entrar").into_response(),
            Err(error) => self.store_error(error),
        }
    }

    /// The secret of a session that began; none where the account is disabled, or changed since the proof.
    async fn begun(&self, state: &AppState, proof: Proof, stage: Stage) -> Result<Option<Secret256>, sqlx::Error> {
        let begin = Begin {
            proof,
            stage,
            device: session::family(&self.headers),
            network: self.address(state).map(limits::shown).unwrap_or_default(),
        };
        let old = session::given(&self.headers);
        state.sessions.begin(&begin, old.as_ref()).await
    }

    /// The same for whoever has just proved who they are: from now on the account knows the browser. Whoever must
    /// have a second factor and has none is led to add one, and nowhere else (A38).
    async fn enter(&self, state: &AppState, proof: Proof, method: SignInMethod) -> Response {
        match self.must_enrol(state, proof.account).await {
            Ok(false) => {}
            Ok(true) => {
                let to = with_return("/entrar/factor", self.onward());
                return self.begin(state, proof, Stage::Enrolment, &to).await;
            }
            Err(error) => return self.account_error(&error),
        }
        let mut response = match self.begun(state, proof, Stage::Open).await {
            Ok(Some(secret)) => self.with_session(&secret, self.onward()),
            // By a proof of before a change: neither the log nor the browser's limits know of it.
            Ok(None) => return Redirect::to("/entrar").into_response(),
            Err(error) => return self.store_error(error),
        };
        note(state, proof.account, AccountFact::SignedIn(method));
        self.keep_known(state, proof, &mut response).await;
        response
    }

    /// The account knows this browser from now on. Whoever came in has come in all the same where it does not.
    pub(super) async fn keep_known(&self, state: &AppState, proof: Proof, response: &mut Response) {
        let old = session::BROWSER.given(&self.headers);
        match state.sessions.make_known(old.as_ref(), proof).await {
            Ok(secret) => {
                response.headers_mut().append(header::SET_COOKIE, session::BROWSER.set(&self.headers, &secret));
            }
            Err(error) => tracing::warn!(%error, "a browser is not known"),
        }
    }

    /// Whether the account must add a second factor before anything opens.
    async fn must_enrol(&self, state: &AppState, account_id: AccountId) -> Result<bool, AccountError> {
        let required = state.config.people.second_factor == SecondFactor::Required;
        Ok(required && !state.accounts.factors(account_id).await?.suffice())
    }

    fn with_session(&self, secret: &Secret256, to: &str) -> Response {
        ([(header::SET_COOKIE, session::set(&self.headers, secret))], Redirect::to(to)).into_response()
    }

    /// Where to go after signing in.
    fn onward(&self) -> &str {
        self.wanted.as_deref().unwrap_or("/")
    }
}

/// Whose page it is.
pub(super) async fn who(state: &AppState, person: &Person) -> Who {
    Who::of(person, ReadModels(state.clone()).name(person.account_id).await)
}

/// The names of a school's staff by account; without those that are erased.
pub(super) async fn member_names(
    state: &AppState,
    school: SchoolId,
) -> Result<std::collections::HashMap<uuid::Uuid, String>, SourceError> {
    let members = state.accounts.members(school).await.map_err(|error| SourceError::Unavailable(error.into()))?;
    Ok(members.into_iter().filter_map(|member| Some((member.account_id.0, member.name?))).collect())
}

/// What the school is called; the page does without, if nobody can say.
async fn school_name(state: &AppState, school: SchoolId) -> Option<String> {
    let found = async { projections::roster::queries::school(&mut state.pools.request.begin(school).await?).await };
    match found.await {
        Ok(found) => found.map(|school| school.name),
        Err(error) => {
            tracing::warn!(%error, "no school's name for the page");
            None
        }
    }
}

/// Every page of these with made-up values, names that look like markup among them: (what it is, its markup).
#[cfg(test)]
pub(super) fn sample_pages(lang: Lang, nonce: &Nonce) -> Vec<(String, Markup)> {
    use super::sample::{self, HOSTILE};
    use super::view::{Awaited, Colleague, LogLine, LookLine, OwnSession};
    use crate::i18n::key;
    use crate::permissions::Permission;
    use commands::accounts::{Factors, StaffRole};
    use uuid::Uuid;

    let who = Who { name: Some(HOSTILE.to_owned()), several_schools: true, may: Permission::ALL.to_vec() };
    let (hostile, school) = (|| Some(HOSTILE.to_owned()), Uuid::from_u128(3));
    let session = |n: u128| OwnSession {
        id: Uuid::from_u128(n),
        device: if n == 2 { String::new() } else { HOSTILE.to_owned() },
        network: "203.0.113.0/24".to_owned(),
        begun: sample::now(),
        minutes_ago: i64::try_from(n).unwrap_or(0),
        this: n == 0,
    };
    let colleague = |n: u128| Colleague {
        id: Uuid::from_u128(n),
        name: (n < 3).then(|| HOSTILE.to_owned()),
        email: hostile(),
        roles: StaffRole::ALL.into_iter().take(usize::try_from(n).unwrap_or(0)).collect(),
        activated: n > 0,
        disabled: n == 2,
        has_second_factor: n == 1,
        this: n == 1,
    };
    let awaited =
        |n: u128| Awaited { id: Uuid::from_u128(n), email: hostile().filter(|_| n == 7), roles: StaffRole::ALL.into() };
    let people = |manages| people::PeoplePage {
        who: who.clone(),
        school,
        school_name: hostile(),
        people: (0..4).map(colleague).collect(),
        awaited: (7..9).map(awaited).collect(),
        manages,
        typed: people::Typed { name: HOSTILE.to_owned(), email: HOSTILE.to_owned(), role: Some(StaffRole::Auditor) },
        refused: Some(form::Refusal::whole(key("people-last-admin"))),
    };
    let line = |event: &str| LogLine {
        at: sample::now(),
        event: event.to_owned(),
        about: HOSTILE.to_owned(),
        by: "cli:user".to_owned(),
    };
    let log = |lines: Vec<LogLine>| log::LogPage {
        who: who.clone(),
        school,
        school_name: HOSTILE.to_owned(),
        zone: sample::school().zone,
        lines,
        before: Some(9),
        next: Some(7),
    };
    let sign_in = || sign_in::SignInPage {
        email: HOSTILE.to_owned(),
        wanted: hostile(),
        refused: Some(form::Refusal::of(&["email", "clave"], key("sign-in-refused"))),
        activated: true,
        origin: hostile(),
    };
    let second_step = |code, passkey| second_step::SecondStep {
        wanted: hostile(),
        refused: Some(form::Refusal::of(&["codigo"], key("code-refused"))),
        factors: Factors { code, passkey, strict: false },
        origin: HOSTILE.to_owned(),
    };
    let enrol = |passkey_only| enrol::EnrolPage {
        origin: hostile(),
        name: HOSTILE.to_owned(),
        passkey_only,
        wanted: hostile(),
        refused: Some(form::Refusal::whole(key("passkey-refused"))),
    };
    let enrolling = credentials::Totp::enrolling(hostile());
    let own = credentials::Totp::own();
    let framed = |main| account::page(&who, lang, nonce, key("totp-title"), "/cuenta", &main);
    let account =
        |totp| account::AccountPage::sample(who.clone(), HOSTILE.to_owned(), (0..3).map(session).collect(), totp);
    let look = |what: &str, course: Option<String>, pupil| LookLine {
        at: sample::now(),
        who: Some(HOSTILE.to_owned()),
        role: "DIRECTOR,GUARDIAN,SERVER".to_owned(),
        what: what.to_owned(),
        why: HOSTILE.to_owned(),
        course,
        pupil,
    };
    let looked = looks::LooksPage {
        who: who.clone(),
        school,
        school_name: HOSTILE.to_owned(),
        zone: sample::school().zone,
        lines: vec![look("board", None, None), look("course", hostile(), None), look(HOSTILE, None, Some(school))],
        before: None,
        next: Some(7),
    };
    let known = domain::account::samples().into_iter().map(|event| line(domain::DomainEvent::name(&event)));
    [
        ("sign in hostile", sign_in().page(lang, nonce)),
        ("sign in", sign_in::SignInPage::default().page(lang, nonce)),
        ("second step hostile", second_step(true, true).page(lang, nonce)),
        ("second step hostile by code", second_step(true, false).page(lang, nonce)),
        ("second step hostile by passkey", second_step(false, true).page(lang, nonce)),
        (
            "passkey hostile",
            framed(passkeys::main(
                HOSTILE,
                HOSTILE,
                Some(form::Refusal::of(&["nombre"], key("passkey-name-wrong"))),
                lang,
                nonce,
            )),
        ),
        ("activate", activate::ActivatePage::default().page(lang, nonce)),
        (
            "activate hostile",
            activate::ActivatePage {
                token: HOSTILE.to_owned(),
                refused: Some(form::Refusal::of(&["nueva"], key("password-guessable"))),
            }
            .page(lang, nonce),
        ),
        ("account hostile", account(true).page(lang, nonce)),
        ("account hostile without a second factor", account(false).page(lang, nonce)),
        (
            "confirm hostile",
            framed(confirm::main(
                HOSTILE,
                Some(HOSTILE),
                Some(form::Refusal::of(&["clave"], key("password-wrong"))),
                lang,
                nonce,
            )),
        ),
        ("confirm hostile by password", framed(confirm::main(HOSTILE, None, None, lang, nonce))),
        ("second factor hostile to begin", framed(credentials::offer(lang))),
        ("second factor hostile", framed(credentials::secret(&own, "ABCD", HOSTILE, lang))),
        ("second factor again hostile", framed(credentials::again(&own, lang))),
        ("enrol hostile", enrol(false).page(lang, nonce)),
        ("enrol hostile by passkey", enrol(true).page(lang, nonce)),
        (
            "enrol a code hostile",
            enrol::framed(&credentials::secret(&enrolling, "ABCD", HOSTILE, lang), Some(HOSTILE), lang, nonce),
        ),
        ("enrol a code again hostile", enrol::framed(&credentials::again(&enrolling, lang), None, lang, nonce)),
        ("people hostile", people(true).page(lang, nonce)),
        ("people hostile to look at", people(false).page(lang, nonce)),
        (
            "link hostile",
            people::page(&who, school, hostile().as_deref(), lang, nonce, &people::shown_once(HOSTILE, school, lang)),
        ),
        (
            "invitation pending",
            people::page(&who, school, hostile().as_deref(), lang, nonce, &people::told(school, lang)),
        ),
        ("link mailed", people::page(&who, school, hostile().as_deref(), lang, nonce, &people::mailed(school, lang))),
        ("log hostile", log(known.chain([line(HOSTILE)]).collect()).page(lang, nonce)),
        ("log hostile, empty", log(Vec::new()).page(lang, nonce)),
        ("looks hostile", looked.page(lang, nonce)),
        ("looks hostile, empty", looks::LooksPage { lines: Vec::new(), next: None, ..looked }.page(lang, nonce)),
    ]
    .map(|(name, markup)| (name.to_owned(), markup))
    .into()
}
