//! The pages as the router serves them, over samples.

use super::*;
use crate::middleware::as_person;
use crate::pages::source::Boards;
use crate::pages::{Source, SourceError, router};
use crate::session::Person;
use axum::body::Body;
use axum::http::{HeaderMap, Request, header};
use axum::middleware::from_fn_with_state;
use domain::{AccountId, SchoolId};
use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, stream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use uuid::Uuid;

struct Samples {
    schools: Vec<School>,
    broken: bool,
}

impl Samples {
    fn answer<'a, T: Send + 'a>(&self, value: T) -> BoxFuture<'a, Result<T, SourceError>> {
        let broken = self.broken;
        async move { if broken { Err(SourceError::Unavailable("pool".into())) } else { Ok(value) } }.boxed()
    }
    fn has(&self, id: Uuid) -> bool {
        self.schools.iter().any(|school| school.id == id)
    }
}

impl Source for Samples {
    fn name(&self, _: AccountId) -> BoxFuture<'_, Option<String>> {
        futures::future::ready(Some("Marta Rojas".to_owned())).boxed()
    }
    fn now(&self) -> chrono::DateTime<chrono::Utc> {
        sample::now()
    }
    fn schools(&self) -> BoxFuture<'_, Result<Vec<Listed>, SourceError>> {
        let listed = |school: &School| Listed { school: school.clone(), rbd: Some("10123-4".to_owned()) };
        self.answer(self.schools.iter().map(listed).collect())
    }
    fn board(&self, id: Uuid) -> BoxFuture<'_, Result<Option<Arc<Board>>, SourceError>> {
        self.answer(self.has(id).then(|| Arc::new(Board::sample())))
    }
    fn barred(&self, _: Uuid) -> BoxFuture<'_, Result<u32, SourceError>> {
        self.answer(0)
    }
    fn boards(&self, id: Uuid) -> BoxFuture<'_, Result<Option<Boards>, SourceError>> {
        let one = stream::once(async { Arc::new(Board::sample()) }).chain(stream::pending());
        self.answer(self.has(id).then(|| one.boxed()))
    }
    fn course(&self, _: Uuid, id: Uuid) -> BoxFuture<'_, Result<Option<CourseDay>, SourceError>> {
        let day = CourseDay::sample();
        self.answer((day.course.id == id).then_some(day))
    }
}

async fn get(source: Samples, path: &str, headers: &[(&str, &str)]) -> (StatusCode, HeaderMap, Body) {
    let person = Person::sample(source.schools.iter().map(|school| SchoolId(school.id)));
    let app = router::<()>(Arc::new(source), Arc::new(Semaphore::new(8)), CancellationToken::new())
        .layer(from_fn_with_state(person, as_person))
        .with_state(());
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    (parts.status, parts.headers, body)
}

async fn text(body: Body) -> String {
    String::from_utf8(axum::body::to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap()
}

fn one() -> Samples {
    Samples { schools: vec![sample::school()], broken: false }
}

#[tokio::test]
async fn a_page_is_never_stored_and_its_policy_has_a_nonce_of_its_own() {
    let mut seen = BTreeSet::new();
    for _ in 0..3 {
        let (status, headers, body) = get(one(), "/hoy", &[]).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        assert!(policy.starts_with("default-src 'none'; script-src 'nonce-"));
        assert!(!policy.contains("unsafe"));
        let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap().to_owned();
        assert!(text(body).await.contains(&format!("hx-nonce=\"{nonce}\"")));
        assert!(seen.insert(nonce), "a nonce was used twice");
    }
}

#[tokio::test]
async fn the_root_leads_to_today_and_a_wrong_course_to_a_404_page() {
    assert_eq!(get(one(), "/", &[]).await.1[header::LOCATION], "/hoy");
    for path in ["/hoy/cursos/nonsense", "/hoy/cursos/00000000-0000-0000-0000-000000000000"] {
        let (status, _, body) = get(one(), path, &[]).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert!(text(body).await.contains("Esta página no existe"));
    }
}

#[tokio::test]
async fn a_choice_of_language_and_school_is_kept() {
    let id = sample::school().id;
    let (_, headers, body) = get(one(), &format!("/hoy?lang=en&colegio={id}"), &[]).await;
    let cookies: Vec<_> = headers.get_all(header::SET_COOKIE).iter().map(|c| c.to_str().unwrap()).collect();
    assert_eq!(cookies.len(), 2);
    let (_, loopback, _) = get(one(), "/hoy?lang=en", &[("host", "127.0.0.1:8080")]).await;
    assert!(!loopback[header::SET_COOKIE].to_str().unwrap().contains("Secure"), "plain HTTP");
    let school = format!("__Host-colegio={id};");
    assert!(cookies[0].starts_with("__Host-lang=en; Path=/;") && cookies[1].starts_with(&school), "{cookies:?}");
    assert!(text(body).await.contains("of 990 inside"));
    let (.., body) = get(one(), "/hoy", &[("cookie", "__Host-lang=en")]).await;
    assert!(text(body).await.contains("of 990 inside"));
    let (.., body) = get(one(), "/hoy", &[("accept-language", "en")]).await;
    assert!(text(body).await.contains("de 990 adentro"), "English is chosen, never guessed");
    let (_, headers, _) = get(one(), "/hoy?lang=en", &[("hx-request", "true")]).await;
    assert!(!headers.contains_key(header::SET_COOKIE), "a page that fetches itself chooses nothing");
}

#[tokio::test]
async fn several_schools_are_a_choice_and_another_schools_id_leads_nowhere() {
    let other = School { id: Uuid::from_u128(5), name: "Escuela Dos".to_owned(), ..sample::school() };
    let two = || Samples { schools: vec![sample::school(), other.clone()], broken: false };
    let (.., body) = get(two(), "/hoy", &[]).await;
    assert!(text(body).await.contains("Elija un colegio"));
    const FOREIGN: &str = "00000000-0000-0000-0000-00000000000f";
    assert_eq!(get(two(), &format!("/hoy?colegio={FOREIGN}"), &[]).await.0, StatusCode::NOT_FOUND);
    let (.., body) = get(two(), "/hoy", &[("cookie", &format!("__Host-colegio={FOREIGN}"))]).await;
    assert!(text(body).await.contains("Elija un colegio"));
}

#[tokio::test]
async fn the_stream_begins_with_every_panel_and_fails_without_a_redirect() {
    let id = sample::school().id;
    let path = format!("/hoy/live?colegio={id}");
    let (status, headers, body) = get(one(), &path, &[]).await;
    assert_eq!(
        (status, &headers[header::CONTENT_TYPE]),
        (StatusCode::OK, &"text/event-stream; charset=utf-8".parse().unwrap())
    );
    let first = body.into_data_stream().next().await.unwrap().unwrap();
    let first = String::from_utf8(first.to_vec()).unwrap();
    for panel in board::Panel::ALL {
        assert!(first.contains(&format!("hx-target=\"#{}\"", panel.id())), "{panel:?}");
    }
    assert!(!first.contains("hx-nonce") && !first.contains("hx-get"));

    let (status, ..) = get(one(), "/hoy/live?colegio=00000000-0000-0000-0000-00000000000f", &[]).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(get(one(), "/hoy/live", &[]).await.0, StatusCode::OK, "the only one");
    let two =
        Samples { schools: vec![sample::school(), School { id: Uuid::from_u128(5), ..sample::school() }], ..one() };
    assert_eq!(get(two, "/hoy/live", &[]).await.0, StatusCode::FORBIDDEN);
    let broken = Samples { broken: true, ..one() };
    assert_eq!(get(broken, &path, &[]).await.0, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_page_without_a_database_says_what_was_not_lost() {
    let (status, _, body) = get(Samples { broken: true, ..one() }, "/hoy", &[]).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(text(body).await.contains("no se pierden"));
}

#[tokio::test]
async fn assets_are_kept_for_ever_and_only_under_their_hash() {
    let href = crate::assets::STYLE.href();
    let (status, headers, _) = get(one(), &href, &[]).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
    assert_eq!(get(one(), "/assets/board.css", &[]).await.0, StatusCode::NOT_FOUND);
}
