//! Whether a request may be answered: the one place that compares a request with [`crate::permissions`].
//!
//! A handler behind it finds the [`Person`] and, where its route asks for a right, the school
//! ([`InSchool`]). A school that the person has nothing to do with and one that is nowhere get the same answer.

use crate::AppState;
use crate::kiosk_auth::bearer;
use crate::middleware::{Peer, address};
use crate::permissions::{self, Access, Found, Permission, Route, Tries};
use crate::problem::{Code, Problem};
use crate::serve::Standing;
use crate::session::{self, Enrolling, InSchool, Person};
use crate::throttle::limits::{self, Limit};
use axum::RequestExt as _;
use axum::body::Body;
use axum::extract::{MatchedPath, RawPathParams, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::NaiveDate;
use commands::looks::{Look, Looker, What, Whose};
use domain::{CourseId, SchoolId, StudentId};
use futures::StreamExt as _;
use uuid::Uuid;

/// Parameter of the sign-in page: where the person wanted to go.
pub const RETURN_TO: &str = "volver";

/// What an answer says of itself where it may show another school day than today's: who was in a course then is who
/// was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShownDay(pub NaiveDate);

/// Lets a request through to its handler only if the table says so.
pub async fn authorize(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    // Nothing is served there.
    let Some(path) = request.extensions().get::<MatchedPath>().cloned() else { return next.run(request).await };
    let route = match permissions::find(request.method(), path.as_str()) {
        Found::Route(route) => route,
        Found::Methods(methods) => return method_not_allowed(methods),
        Found::Nothing => {
            tracing::error!(route = path.as_str(), "a route that nobody declared");
            return Problem::new(Code::NotFound).into_response();
        }
    };
    if let Some(Tries::OfNetwork(limit)) = route.tries
        && let Err(refused) = may_try(&state, limit, &network(&state, &request)).await
    {
        return refused.into_response();
    }
    let needs = match route.access {
        Access::Public | Access::Kiosk => return next.run(request).await,
        Access::Local if is_local(&request) => return next.run(request).await,
        Access::Local => return Problem::new(Code::Forbidden).into_response(),
        Access::Enrolling => return for_enrolling(&state, request, next).await,
        Access::Guardian | Access::OwnPupil => return for_family(&state, route, request, next).await,
        Access::Person => None,
        Access::May(permission) => Some(permission),
    };
    let person = match person(&state, route, request.headers()).await {
        Ok(Some(person)) => person,
        Ok(None) => return anonymous(route, &request),
        // Nobody can say who asks: nothing is served.
        Err(problem) => return problem.into_response(),
    };
    proven(&request, person.account_id.0);
    if let Err(refused) = admit(&mut request, route, &person) {
        return refused.into_response();
    }
    if let Some(within) = route.step_up
        && !person.stepped_up(state.clock.of_people(), within)
    {
        return step_up(route, &request);
    }
    if let Some(Tries::OfPerson(limit)) = route.tries
        && let Err(refused) = may_try(&state, limit, &person.account_id.to_string()).await
    {
        return refused.into_response();
    }
    let school = request.extensions().get::<InSchool>().copied();
    let look = match (route.shows, needs, school) {
        (Some(what), Some(by), Some(InSchool(school))) => look(&mut request, &person, school, what, by).await,
        _ => None,
    };
    let response = next.run(request).await;
    let shows = response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED;
    if let Some(mut look) = look.filter(|_| shows) {
        look.of_date = response.extensions().get::<ShownDay>().map(|day| day.0);
        if let Err(error) = state.looks.record(look).await {
            // A look that could not be recorded is not answered.
            return Problem::from(error).into_response();
        }
    }
    if is_stream(&response) { watched(&state, &person, needs, school, response) } else { response }
}

/// Lets somebody through to what adds a second factor. Whoever has an open session adds one on the account's page.
async fn for_enrolling(state: &AppState, mut request: Request, next: Next) -> Response {
    let found = match session::given(request.headers()) {
        Some(secret) => state.sessions.enrolling(&secret).await,
        None => Ok(None),
    };
    match found {
        Ok(Some(proof)) => {
            proven(&request, proof.account.0);
            request.extensions_mut().insert(Enrolling(proof));
            next.run(request).await
        }
        // From the beginning; the way in knows by itself what comes next.
        Ok(None) => Redirect::to("/entrar").into_response(),
        Err(error) => Problem::from(error).into_response(),
    }
}

/// Lets a guardian through to what is the guardian's own. A session of the staff counts for nothing here, and the
/// other way round.
async fn for_family(state: &AppState, route: &Route, mut request: Request, next: Next) -> Response {
    let found = match session::FAMILY.given(request.headers()) {
        Some(secret) => state.families.guardian(&secret).await,
        None => Ok(None),
    };
    let guardian = match found {
        Ok(Some(guardian)) => guardian,
        Ok(None) => return anonymous(route, &request),
        Err(error) => return Problem::from(error).into_response(),
    };
    proven(&request, guardian.key());
    if route.access == Access::OwnPupil {
        let own = match named_id(&mut request, "student_id").await {
            Some(student) => state.families.own_pupil(&guardian, StudentId(student)).await,
            None => Ok(None),
        };
        match own {
            Ok(Some(own)) => drop(request.extensions_mut().insert(own)),
            // Somebody else's, nobody's and one who may not be seen are the same.
            Ok(None) => return Problem::new(Code::NotFound).into_response(),
            Err(error) => return Problem::from(error).into_response(),
        }
    }
    if let Some(Tries::OfPerson(limit)) = route.tries
        && let Err(refused) = may_try(state, limit, &guardian.key().to_string()).await
    {
        return refused.into_response();
    }
    request.extensions_mut().insert(guardian);
    next.run(request).await
}

/// The connection of somebody who is known does not have to make room for others.
fn proven(request: &Request, who: Uuid) {
    if let Some(standing) = request.extensions().get::<Standing>() {
        standing.proven(who);
    }
}

/// An id that the address names.
async fn named_id(request: &mut Request, parameter: &str) -> Option<Uuid> {
    let parameters = request.extract_parts::<RawPathParams>().await.ok()?;
    let named = parameters.iter().find(|(name, _)| *name == parameter)?;
    named.1.parse().ok()
}

/// What the answer to this request shows to whom; none where its address names nothing.
async fn look(request: &mut Request, person: &Person, school: SchoolId, what: What, by: Permission) -> Option<Look> {
    let whose = match what {
        What::Course => Whose::Course(CourseId(named_id(request, "id").await?)),
        What::Case | What::Pupil | What::Document => Whose::Pupil(StudentId(named_id(request, "student_id").await?)),
        What::Cases => named_id(request, "id").await.map_or(Whose::School, |id| Whose::Course(CourseId(id))),
        What::Report => match named_id(request, "student_id").await {
            Some(id) => Whose::Pupil(StudentId(id)),
            None => named_id(request, "id").await.map_or(Whose::School, |id| Whose::Course(CourseId(id))),
        },
        What::Board
        | What::Pupils
        | What::Presence
        | What::Audit
        | What::Replay
        | What::Simulation
        | What::OwnPupil => Whose::School,
    };
    let roles = person.roles.iter().filter(|(of, _)| *of == school).map(|(_, role)| role.as_str());
    Some(Look {
        school,
        who: Looker::Account(person.account_id),
        role: roles.collect::<Vec<_>>().join(","),
        what,
        whose,
        of_date: None,
        why: by.as_str(),
        session_id: person.session_id,
    })
}

/// Counts a try against a limit, or says how to refuse it.
async fn may_try(state: &AppState, limit: &Limit, key: &str) -> Result<(), Problem> {
    Ok(state.throttle.take(state.clock.of_people(), limit, key).await?)
}

/// The network that a request's tries count by.
fn network(state: &AppState, request: &Request) -> String {
    let peer = request.extensions().get::<Peer>().copied();
    peer.map_or_else(String::new, |peer| {
        limits::network(address(request.headers(), peer, state.config.http.proxy_hops))
    })
}

/// The person whose open session a request belongs to, or for whom a program asks. Of a program's request the
/// token alone counts: brought along with a session, there are two answers to who asks, and so none. Pages are for
/// browsers, and no token opens one.
async fn person(state: &AppState, route: &Route, headers: &HeaderMap) -> Result<Option<Person>, Problem> {
    if route.is_api() && headers.contains_key(header::AUTHORIZATION) {
        return match bearer(headers).filter(|_| !session::is_sent(headers)) {
            Some(token) => Ok(state.tokens.person(token).await?),
            None => Ok(None),
        };
    }
    match session::given(headers) {
        Some(secret) => Ok(state.sessions.person(&secret).await?),
        None => Ok(None),
    }
}

/// Finds the request's school and whether the person may there what the route asks for; leaves both for the
/// handler. Without a school that is named or the only one, it is the handler's to ask for one.
pub(crate) fn admit(request: &mut Request, route: &Route, person: &Person) -> Result<(), Problem> {
    request.extensions_mut().insert(person.clone());
    let Access::May(permission) = route.access else { return Ok(()) };
    let school = match named(request.uri(), route.school_parameter()) {
        Named::School(school) if !person.belongs_to(school) => return Err(Problem::new(Code::NotFound).at("school")),
        Named::School(school) => Some(school),
        // Whatever that is, the handler says what is wrong with it.
        Named::Unreadable => None,
        Named::Nothing => {
            let kept = session::SCHOOL.text(request.headers()).filter(|_| !route.is_api());
            let kept = kept.and_then(|id| id.parse().ok()).map(SchoolId).filter(|id| person.belongs_to(*id));
            match (kept, person.schools().as_slice()) {
                (Some(kept), _) => Some(kept),
                (None, [only]) => Some(*only),
                (None, []) if route.is_api() => return Err(Problem::new(Code::NotFound).at("school")),
                (None, _) => None,
            }
        }
    };
    let may = match school {
        Some(school) => person.may(permission, school),
        None => person.may_somewhere(permission),
    };
    if !may {
        return Err(Problem::new(Code::Forbidden));
    }
    if let Some(school) = school {
        request.extensions_mut().insert(InSchool(school));
    }
    Ok(())
}

#[derive(Debug, PartialEq, Eq)]
enum Named {
    School(SchoolId),
    Unreadable,
    Nothing,
}

fn named(uri: &Uri, parameter: &str) -> Named {
    let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let mut all = pairs.filter(|(key, _)| key == parameter).map(|(_, value)| value);
    match (all.next(), all.next()) {
        (None, _) => Named::Nothing,
        (Some(only), None) => only.parse::<Uuid>().map_or(Named::Unreadable, |id| Named::School(SchoolId(id))),
        (Some(_), Some(_)) => Named::Unreadable,
    }
}

fn method_not_allowed(methods: Vec<&'static str>) -> Response {
    let head = methods.contains(&"GET").then_some("HEAD");
    let allow = methods.into_iter().chain(head).collect::<Vec<_>>().join(",");
    let mut response = Problem::new(Code::MethodNotAllowed).into_response();
    if let Ok(allow) = HeaderValue::try_from(allow) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}

fn is_local(request: &Request) -> bool {
    let peer = request.extensions().get::<Peer>().is_some_and(|peer| peer.0.ip().to_canonical().is_loopback());
    // A proxy on this machine that passes any host on says for whom it asks.
    let passed_on = ["x-forwarded-for", "forwarded"].iter().any(|name| request.headers().contains_key(*name));
    peer && !passed_on && super::named_loopback(request.headers())
}

/// Whether an answer is a stream of events, which lasts as long as somebody watches.
pub fn is_stream(response: &Response) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"))
}

/// A stream that ends as soon as the person may not have it any more; none where the person or the school has its
/// share already.
fn watched(
    state: &AppState,
    person: &Person,
    needs: Option<Permission>,
    school: Option<InSchool>,
    response: Response,
) -> Response {
    let place = state.places.stream(school.map(|of| of.0));
    let watched = state.sessions.watch(person, needs.zip(school.map(|of| of.0)), state.config.http.tuning.streams_each);
    let (Some(place), Some(watched)) = (place, watched) else {
        return Problem::new(Code::Overloaded).retry_soon().into_response();
    };
    response.map(|body| {
        let ended = watched.revoked();
        Body::from_stream(body.into_data_stream().take_until(ended).map(move |piece| {
            // Looked after for as long as it lasts.
            let _ = (&watched, &place);
            piece
        }))
    })
}

/// Takes every request for this person's: for pages over made-up values, which have no sessions.
#[cfg(any(test, feature = "testing"))]
pub async fn as_person(State(person): State<Person>, mut request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().cloned();
    let found = path.map(|path| permissions::find(request.method(), path.as_str()));
    let admitted = match found {
        Some(Found::Route(route)) => admit(&mut request, route, &person),
        _ => Ok(()),
    };
    match admitted {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    }
}

/// A person is shown the way in, and later where they wanted to go; a program is told. So is whatever a page
/// fetches by itself: it must not take the sign-in page for an answer.
fn anonymous(route: &Route, request: &Request) -> Response {
    if route.is_api() || fetches_itself(request) {
        let mut response = Problem::new(Code::Unauthenticated).into_response();
        if !route.is_api() {
            // The page loads itself anew, and so comes to the sign-in page.
            response.headers_mut().insert("hx-refresh", HeaderValue::from_static("true"));
        }
        return response;
    }
    if route.is_of_families() {
        return Redirect::to("/familia/entrar").into_response();
    }
    let wanted = request.uri().path_and_query().map_or("/", |path| path.as_str());
    if *request.method() == Method::GET && wanted != "/" {
        Redirect::to(&with_return("/entrar", wanted)).into_response()
    } else {
        Redirect::to("/entrar").into_response()
    }
}

/// The password again, then back: to the page itself, or to the one that holds the form.
fn step_up(route: &Route, request: &Request) -> Response {
    if route.is_api() || fetches_itself(request) {
        return Problem::new(Code::StepUp).into_response();
    }
    let wanted = match (*request.method() == Method::GET, request.uri().path_and_query()) {
        (true, Some(path)) => path.as_str().to_owned(),
        _ => form_of(route, request.uri()),
    };
    Redirect::to(&with_return("/cuenta/confirmar", &wanted)).into_response()
}

/// The page that holds a form: the nearest one above where it is sent.
fn form_of(route: &Route, sent_to: &Uri) -> String {
    let (template, path) = (route.path.split('/'), sent_to.path().split('/'));
    let (template, path): (Vec<_>, Vec<_>) = (template.collect(), path.collect());
    let above = |parts: &[&str], n: usize| parts.iter().take(n).copied().collect::<Vec<_>>().join("/");
    let is_page = |n: &usize| matches!(permissions::find(&Method::GET, &above(&template, *n)), Found::Route(_));
    let page = (2..=template.len()).rev().find(is_page).map_or_else(|| "/".to_owned(), |n| above(&path, n));
    sent_to.query().map_or(page.clone(), |query| format!("{page}?{query}"))
}

/// A page with where to go after it.
pub(crate) fn with_return(page: &str, wanted: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair(RETURN_TO, wanted).finish();
    format!("{page}?{query}")
}

/// htmx asks, or the live stream's client.
fn fetches_itself(request: &Request) -> bool {
    let headers = request.headers();
    let streams = |value: &HeaderValue| value.to_str().is_ok_and(|v| v.contains("text/event-stream"));
    request.uri().path() == "/hoy/live"
        || headers.contains_key("hx-request")
        || headers.get(header::ACCEPT).is_some_and(streams)
}

/// Where a person may be sent after signing in: a path of this server and nothing else (OWASP ASVS 5.0, 3.7.2).
pub(crate) fn return_target(wanted: &str) -> Option<&str> {
    let ours = wanted.starts_with('/') && !wanted.starts_with("//") && wanted.len() <= 1024;
    // A browser reads `\` as `/`, and leaves control characters out.
    let plain = wanted.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    (ours && plain && !wanted.starts_with("/entrar") && !wanted.starts_with("/salir")).then_some(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a23_whoever_signs_in_stays_on_this_server() {
        for ours in ["/hoy", "/hoy/cursos/x?lang=en", "/personas", "/?a=//b"] {
            assert_eq!(return_target(ours), Some(ours));
        }
        for wrong in [
            "",
            "hoy",
            "//evil.example",
            "/\\evil.example",
            "https:evil.example",
            "https://evil.example",
            "/\t/evil",
            "\\\\evil",
            "/hoy\r\nset-cookie: x",
            "/entrar",
            "/salir",
            "javascript:alert(1)",
            " /hoy",
            "/é",
        ] {
            assert_eq!(return_target(wrong), None, "{wrong:?}");
        }
        assert_eq!(return_target(&format!("/{}", "x".repeat(2000))), None);
    }

    #[test]
    fn a_school_is_named_once_and_as_an_id_or_not_at_all() {
        let of = |text: &str| named(&text.parse().unwrap(), "school");
        let id = Uuid::from_u128(7);
        assert_eq!(of(&format!("/x?school={id}&date=y")), Named::School(SchoolId(id)));
        assert_eq!(of("/x?colegio=1"), Named::Nothing);
        assert_eq!(of("/x"), Named::Nothing);
        assert_eq!(of("/x?school="), Named::Unreadable);
        assert_eq!(of(&format!("/x?school={id}&school={id}")), Named::Unreadable);
        assert_eq!(of(&format!("/x?%73chool={id}")), Named::School(SchoolId(id)), "as the handler reads it");
    }
}
