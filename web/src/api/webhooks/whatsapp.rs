//! `GET` and `POST /api/v1/webhooks/whatsapp`: for Meta alone. Nobody is signed in here: a body is believed by its signature.

use crate::AppState;
use crate::api::input::{Params, whole_body};
use crate::problem::{Code, Problem};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use utoipa::IntoParams;
use workers::whatsapp::webhook::{is_signed, read, take};

/// Largest body, in bytes: of a thousand messages' states.
const LARGEST: usize = 1024 * 1024;
/// Longest challenge.
const CHALLENGE: usize = 200;

/// What Meta asks to see whether the address is ours.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// `subscribe`
    #[serde(rename = "hub.mode")]
    mode: String,
    /// The word that was agreed on.
    #[serde(rename = "hub.verify_token")]
    verify_token: String,
    /// What to answer.
    #[serde(rename = "hub.challenge")]
    challenge: String,
}

/// Whether the address is ours: says back what Meta says, if Meta knows the word that was agreed on.
#[utoipa::path(get, path = "/api/v1/webhooks/whatsapp", tag = "operation", params(Asked),
    responses((status = 200, description = "The challenge", body = str, content_type = "text/plain")))]
pub async fn get(State(state): State<AppState>, Params(asked): Params<Asked>) -> Result<String, Problem> {
    let hooks = state.hooks.as_deref().ok_or(Problem::new(Code::NotFound))?;
    let [ours, theirs] = [hooks.verify_token.reveal(), &asked.verify_token].map(|word| Sha256::digest(word.as_bytes()));
    let plain = |text: &str| text.len() <= CHALLENGE && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let right = bool::from(ours.ct_eq(&theirs)) && asked.mode == "subscribe" && plain(&asked.challenge);
    if right { Ok(asked.challenge) } else { Err(Problem::new(Code::Forbidden)) }
}

/// How messages fare, and words of whoever got one. Whatever is told twice, late or in no order changes nothing; what
/// cannot be written down now is refused, and Meta tells it again.
#[utoipa::path(post, path = "/api/v1/webhooks/whatsapp", tag = "operation",
    request_body(content = String, content_type = "application/json", description = "As Meta signs it"),
    responses((status = 200, description = "Taken: Meta takes any other for a failure, and tells it again")))]
pub async fn post(State(state): State<AppState>, request: Request) -> Result<StatusCode, Problem> {
    let hooks = state.hooks.clone().ok_or(Problem::new(Code::NotFound))?;
    let signed =
        request.headers().get("x-hub-signature-256").and_then(|header| header.to_str().ok()).map(str::to_owned);
    let body = whole_body(request.into_body(), LARGEST).await?;
    if !signed.is_some_and(|signed| is_signed(hooks.app_secret.reveal(), &body, &signed)) {
        metrics::counter!("webhooks_total", "outcome" => "forged").increment(1);
        return Err(Problem::new(Code::Unauthenticated));
    }
    let news = read(&body).ok_or(Problem::new(Code::InvalidBody))?;
    metrics::counter!("webhooks_other_total").increment(news.other as u64);
    let taken = take(&state.write, news).await?;
    metrics::counter!("webhooks_total", "outcome" => "taken").increment(1);
    tracing::debug!(?taken, "a webhook was taken");
    Ok(StatusCode::OK)
}

#[cfg(test)]
mod tests {
    use crate::config::NoticesConfig;
    use crate::testing::{TestApp, refusal};
    use local_services::testing::TestDatabases;
    use local_services::whatsapp::{message, signature};
    use reqwest::{Response, StatusCode};

    const SECRET: &str = "0123456789abcdef0123";
    const WORD: &str = "a-word-of-our-own-long";
    const PATH: &str = "/api/v1/webhooks/whatsapp";

    async fn app() -> TestApp {
        let notices = NoticesConfig::for_testing(SECRET, WORD);
        let databases = TestDatabases::create().await.unwrap();
        TestApp::start_changed(databases, |config| config.notices = notices).await.unwrap()
    }

    async fn told(app: &TestApp, body: &[u8], signature: Option<&str>) -> Response {
        let request = app.anonymous.post(format!("{}{PATH}", app.base)).header("content-type", "application/json");
        let request = signature.into_iter().fold(request, |request, one| request.header("x-hub-signature-256", one));
        request.body(body.to_vec()).send().await.unwrap()
    }

    async fn asked(app: &TestApp, query: &[(&str, &str)]) -> Response {
        let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        app.anonymous.get(format!("{}{PATH}?{}", app.base, query.join("&"))).send().await.unwrap()
    }

    #[tokio::test]
    async fn a_webhook_is_taken_by_its_signature_and_refused_without_whatever_it_says() {
        let app = app().await;
        let body = message(Some("+56912345678"), "BAJA", 1_773_054_000);
        let right = signature(SECRET, &body);
        assert_eq!(told(&app, &body, Some(&right)).await.status(), StatusCode::OK);
        assert_eq!(told(&app, &body, Some(&right)).await.status(), StatusCode::OK, "told twice");
        let forged = signature("another secret, just as long", &body);
        for wrong in [None, Some(""), Some(forged.as_str()), Some("sha256=00"), Some(&right[7..])] {
            let refused = refusal(told(&app, &body, wrong).await).await.unwrap();
            assert_eq!(refused, (401, "unauthenticated".into()), "{wrong:?}");
        }
        let other = message(Some("+56912345678"), "ALTA", 1_773_054_000);
        assert_eq!(told(&app, &other, Some(&right)).await.status(), StatusCode::UNAUTHORIZED, "of another body");
        for malformed in ["", "[]", "{\"entry\":7}", "\u{0}"] {
            let answer = told(&app, malformed.as_bytes(), Some(&signature(SECRET, malformed.as_bytes()))).await;
            assert_eq!(refusal(answer).await.unwrap(), (422, "invalid_body".into()), "{malformed}");
        }
        // What means nothing stops nothing beside it.
        let odd = "{\"entry\":[{\"changes\":[{\"value\":7},{\"value\":{\"statuses\":null}}]}]}";
        let answer = told(&app, odd.as_bytes(), Some(&signature(SECRET, odd.as_bytes()))).await;
        assert_eq!(answer.status(), StatusCode::OK);
        app.shutdown().await;
    }

    #[tokio::test]
    async fn the_challenge_is_said_back_to_whoever_knows_the_word() {
        let app = app().await;
        let of = |mode, word, challenge| [("hub.mode", mode), ("hub.verify_token", word), ("hub.challenge", challenge)];
        let answer = asked(&app, &of("subscribe", WORD, "1158201444")).await;
        assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/plain"));
        assert_eq!(answer.text().await.unwrap(), "1158201444");
        for wrong in [
            of("subscribe", "another", "1158201444"),
            of("unsubscribe", WORD, "1158201444"),
            of("subscribe", WORD, "%3Cscript%3E"),
        ] {
            assert_eq!(asked(&app, &wrong).await.status(), StatusCode::FORBIDDEN, "{wrong:?}");
        }
        assert_eq!(asked(&app, &[("hub.mode", "subscribe")]).await.status(), 422);
        app.shutdown().await;
    }

    #[tokio::test]
    async fn a_server_without_an_account_has_no_webhooks() {
        let app = TestApp::start().await.unwrap();
        let body = message(Some("+56912345678"), "BAJA", 1_773_054_000);
        assert_eq!(told(&app, &body, Some(&signature("", &body))).await.status(), StatusCode::NOT_FOUND);
        let query = [("hub.mode", "subscribe"), ("hub.verify_token", ""), ("hub.challenge", "1")];
        assert_eq!(asked(&app, &query).await.status(), StatusCode::NOT_FOUND);
        app.shutdown().await;
    }
}
