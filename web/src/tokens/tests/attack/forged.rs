//! What is not exactly an access token of ours opens nothing: each is asked over HTTP.

use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

/// The key of `Config::for_testing`.
fn key() -> SigningKey {
    SigningKey::from_bytes(&[0x33; 32])
}

fn part(text: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// Signs any two texts as our server signs.
fn signed(header: &str, claims: &str) -> String {
    let message = format!("{}.{}", part(header), part(claims));
    format!("{message}.{}", part(key().sign(message.as_bytes()).to_bytes()))
}

fn header() -> Value {
    json!({"typ": "at+jwt", "alg": "EdDSA", "kid": "test"})
}

/// The same with something else in it; null takes it away.
fn with(value: &Value, name: &str, other: Value) -> String {
    let mut value = value.clone();
    match other {
        Value::Null => drop(value.as_object_mut().unwrap().remove(name)),
        other => value[name] = other,
    }
    value.to_string()
}

#[tokio::test]
async fn a51_t11_no_token_but_our_own_opens_anything() {
    let (app, school, person) = stage().await;
    let twin = app.school(1).await.unwrap();
    let pair = begin(&app, &person, &school).await;
    assert_eq!(with_token(&app, &pair.access).await, 200);
    let parts: Vec<&str> = pair.access.split('.').collect();
    let (h, c, s) = (parts[0], parts[1], parts[2]);
    let read = |part: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    let (head, claims) = (header(), read(c));
    assert_eq!(read(h), head);
    // The forger's tools work: what they make of the true parts is good.
    assert_eq!(with_token(&app, &signed(&head.to_string(), &claims.to_string())).await, 200);

    let now = app.now().timestamp();
    let public = key().verifying_key().to_bytes();
    let hs256 = |secret: &[u8], head: &Value| {
        let message = format!("{}.{}", part(with(head, "alg", json!("HS256"))), part(claims.to_string()));
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
        mac.update(message.as_bytes());
        format!("{message}.{}", part(mac.finalize().into_bytes()))
    };
    let stranger = SigningKey::from_bytes(&[0x44; 32]);
    let by_stranger = |head: &str| {
        let message = format!("{}.{}", part(head), part(claims.to_string()));
        format!("{message}.{}", part(stranger.sign(message.as_bytes()).to_bytes()))
    };
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": part(stranger.verifying_key().as_bytes())});
    let mut set: Vec<(String, String)> = Vec::new();
    let mut add = |name: &str, token: String| set.push((name.to_owned(), token));
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let head = with(&head, "alg", json!(alg));
        add("alg none", format!("{}.{c}.", part(&head)));
        add("alg none with our signature", format!("{}.{c}.{s}", part(&head)));
        add("alg none, signed", signed(&head, &claims.to_string()));
    }
    add("HS256 with the public key", hs256(&public, &head));
    add("HS256 with the public key as text", hs256(hex::encode(public).as_bytes(), &head));
    add("HS256 with nothing", hs256(b"", &head));
    for alg in ["HS384", "RS256", "PS256", "ES256", "ES384", "Ed25519"] {
        add(alg, signed(&with(&head, "alg", json!(alg)), &claims.to_string()));
    }
    for kid in [
        json!("other"),
        json!(""),
        json!("Test"),
        json!("test "),
        json!("../../../../dev/null"),
        json!("/dev/null"),
        json!("test' or '1'='1"),
        json!("https://evil.example/key"),
        json!("test\u{0}"),
        json!(["test"]),
        json!(1),
        Value::Null,
    ] {
        add("kid", signed(&with(&head, "kid", kid.clone()), &claims.to_string()));
    }
    for (name, value) in [
        ("jwk", jwk.clone()),
        ("jku", json!("http://127.0.0.1:1/jwks")),
        ("x5u", json!("http://127.0.0.1:1/cert")),
        ("x5c", json!(["MAA="])),
        ("crit", json!(["exp"])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("cty", json!("JWT")),
        ("nonce", json!("x")),
        ("typ", json!("JWT")),
        ("typ", json!("id+jwt")),
        ("typ", json!("AT+JWT")),
        ("typ", Value::Null),
    ] {
        add(name, signed(&with(&head, name, value.clone()), &claims.to_string()));
        add(name, by_stranger(&with(&head, name, value)));
    }
    add("a stranger's key under our kid", by_stranger(&head.to_string()));
    for (name, value) in [
        ("exp", json!(now)),
        ("exp", json!(now - 1)),
        ("exp", json!((now + 60).to_string())),
        ("exp", json!(now as f64 + 60.5)),
        ("exp", json!(9_223_372_036_854_775_808_u64)),
        ("exp", json!(-1)),
        ("exp", json!(now + 301)),
        ("exp", json!(i64::MAX)),
        ("exp", Value::Null),
        ("exp", json!([now + 60])),
        ("nbf", json!(now + 6)),
        ("nbf", json!(now.to_string())),
        ("nbf", Value::Null),
        ("nbf", json!(u64::MAX)),
        ("iat", json!(now + 6)),
        ("iat", Value::Null),
        ("iat", json!(i64::MIN)),
        ("iat", json!(now - 600)),
        ("aud", json!("urn:attendance")),
        ("aud", json!("urn:other:api")),
        ("aud", json!("")),
        ("aud", Value::Null),
        ("aud", json!(["urn:attendance:api", "urn:other:api"])),
        ("aud", json!(["urn:attendance:api"])),
        ("iss", json!("https://evil.example")),
        ("iss", json!("urn:Attendance")),
        ("iss", Value::Null),
        ("iss", json!(["urn:attendance"])),
        ("sub", json!(app.owner().account_id.0)),
        ("sub", Value::Null),
        ("sub", json!("")),
        ("school", json!(twin.id.0)),
        ("school", Value::Null),
        ("school", json!("*")),
        ("sid", json!(uuid::Uuid::nil())),
        ("sid", Value::Null),
        ("jti", json!(uuid::Uuid::nil())),
        ("jti", Value::Null),
        ("role", json!("OWNER")),
        ("admin", json!(true)),
    ] {
        add(&format!("{name} {value}"), signed(&head.to_string(), &with(&claims, name, value)));
    }
    // What is there twice.
    let twice = |text: &str, more: &str| text.replacen('{', &format!("{{{more},"), 1);
    add("exp twice", signed(&head.to_string(), &twice(&claims.to_string(), "\"exp\":1")));
    add("school twice", signed(&head.to_string(), &twice(&claims.to_string(), &format!("\"school\":\"{}\"", twin.id))));
    add("alg twice", signed(&twice(&head.to_string(), "\"alg\":\"none\""), &claims.to_string()));
    add("kid twice", signed(&twice(&head.to_string(), "\"kid\":\"other\""), &claims.to_string()));
    // Truncated, put together, prolonged.
    for end in [1, 8, s.len(), s.len() + 1, pair.access.len() / 2, pair.access.len() - 1] {
        add("truncated", pair.access[..pair.access.len() - end].to_owned());
    }
    add("two parts", format!("{h}.{c}"));
    add("four parts", format!("{}.{s}", pair.access));
    add("no header", format!(".{c}.{s}"));
    add("no claims", format!("{h}..{s}"));
    add("dots", "...".to_owned());
    add("padded", format!("{}==", pair.access));
    add("swapped", format!("{c}.{h}.{s}"));
    add("a list", signed("[]", "[]"));
    add("not an object", signed("\"EdDSA\"", "1"));
    add("oversize", format!("{h}.{}.{s}", part(vec![b'a'; 8000])));
    add("an oversize claim", signed(&head.to_string(), &with(&claims, "x", json!("x".repeat(2000)))));
    add("unicode in it", signed(&head.to_string(), &with(&claims, "aud", json!("urn:attendance:аpi"))));
    add("another alphabet of base64", pair.access.replace(['-', '_'], "+") + "/");
    // Secrets of other kinds.
    add("d25 a refresh token", pair.refresh.reveal().to_string());
    add("a kiosk's secret", school.secret.clone());
    add("a session's", app.owner().cookie.trim_start_matches("sid=").to_owned());
    // One bit off, everywhere in the signature.
    let bytes = URL_SAFE_NO_PAD.decode(s).unwrap();
    for n in 0..bytes.len() {
        let mut bytes = bytes.clone();
        bytes[n] ^= 1;
        add("a flipped bit", format!("{h}.{c}.{}", part(bytes)));
    }
    assert!(set.len() > 150, "{}", set.len());
    for (name, token) in &set {
        assert_eq!(with_token(&app, token).await, 401, "{name}: {token}");
    }
    // The header itself: twice, with another scheme, with a session beside it, of bytes beyond ASCII.
    let bearer = format!("Bearer {}", pair.access);
    let url = format!("{}/api/v1/tokens", app.base);
    let get = || app.anonymous.get(&url);
    for (name, request) in [
        ("twice", get().header(AUTHORIZATION, &bearer).header(AUTHORIZATION, &bearer)),
        ("another scheme", get().header(AUTHORIZATION, bearer.replace("Bearer", "DPoP"))),
        ("no scheme", get().header(AUTHORIZATION, &pair.access)),
        ("two tokens", get().header(AUTHORIZATION, format!("{bearer}, {bearer}"))),
        ("in the address", app.anonymous.get(format!("{url}?access_token={}", pair.access))),
        ("as a session", get().header("cookie", format!("sid={}", pair.access))),
        ("beside a session", get().header(AUTHORIZATION, &bearer).header("cookie", &app.owner().cookie)),
        ("a bad one beside a session", get().header(AUTHORIZATION, "Bearer x").header("cookie", &app.owner().cookie)),
        ("bytes", get().header(AUTHORIZATION, reqwest::header::HeaderValue::from_bytes(b"Bearer \xc3\xb1").unwrap())),
    ] {
        let refused = request.send().await.unwrap();
        assert_eq!(refused.headers().get_all("www-authenticate").iter().count(), 2, "{name}");
        assert_eq!(refusal(refused).await.unwrap(), (401, "unauthenticated".into()), "{name}");
    }
    assert_eq!(with_token(&app, &pair.access).await, 200, "the true one all the while");
    app.clock.advance(ACCESS);
    assert_eq!(with_token(&app, &pair.access).await, 401, "and no longer than it says");
    app.shutdown().await;
}

#[tokio::test]
async fn d25_no_secret_of_another_kind_is_an_access_token_and_an_access_token_refreshes_nothing() {
    let (app, school, person) = stage().await;
    let pair = begin(&app, &person, &school).await;
    let invite = commands::accounts::Invite {
        email: "nueva@escuela.cl".into(),
        name: "Nueva Soto".into(),
        role: StaffRole::Inspector,
    };
    let invited = app.state().accounts.invite(&app.context(school.id), invite).await.unwrap();
    let link = invited.link.unwrap().secret.reveal().to_string();
    for secret in [pair.refresh.reveal().as_str(), &link, &school.secret] {
        assert_eq!(with_token(&app, secret).await, 401);
    }
    for token in [pair.access.as_str(), &link, &school.secret] {
        let request = app.anonymous.post(format!("{}/api/v1/tokens/refresh", app.base));
        let refused = request.json(&json!({"refresh_token": token})).send().await.unwrap();
        assert_eq!(refusal(refused).await.unwrap(), (400, "invalid_grant".into()));
    }
    // Nor does it open a kiosk's door, or a page.
    let kiosk = format!("{}/api/v1/kiosks/{}/roster", app.base, school.kiosk);
    let refused = app.anonymous.get(kiosk).bearer_auth(&pair.access).send().await.unwrap();
    assert_eq!(refusal(refused).await.unwrap(), (401, "kiosk_unauthenticated".into()));
    let page = app.anonymous.get(format!("{}/hoy", app.base)).bearer_auth(&pair.access).send().await.unwrap();
    assert_eq!((page.status().as_u16(), page.headers()["location"].to_str().unwrap()), (303, "/entrar?volver=%2Fhoy"));
    app.shutdown().await;
}

#[tokio::test]
async fn d3_a_token_of_one_school_opens_no_other_not_even_its_persons() {
    let (app, school, person) = stage().await;
    let (own_too, foreign) = (app.school(1).await.unwrap(), app.school(1).await.unwrap());
    app.grant(person.account_id, own_too.id, StaffRole::Owner).await.unwrap();
    let pair = begin(&app, &person, &school).await;
    let status = async |path: String, token: &str| {
        app.anonymous.get(format!("{}{path}", app.base)).bearer_auth(token).send().await.unwrap().status().as_u16()
    };
    for path in ["/api/v1/live", "/api/v1/students", "/api/v1/courses", "/api/v1/audit", "/api/v1/live/pupils"] {
        assert_eq!(status(format!("{path}?school={}", school.id), &pair.access).await, 200, "{path}");
        assert_eq!(status(path.to_owned(), &pair.access).await, 200, "{path}: of one school there is one");
        assert_eq!(status(format!("{path}?school={}", own_too.id), &pair.access).await, 404, "{path}");
        assert_eq!(status(format!("{path}?school={}", foreign.id), &pair.access).await, 404, "{path}");
        // What it is refreshed to is of the same school.
    }
    let other = begin(&app, &person, &own_too).await;
    assert_eq!(status(format!("/api/v1/students?school={}", own_too.id), &other.access).await, 200);
    let next = next(&app, &pair.refresh).await;
    assert_eq!(next.school, school.id);
    assert_eq!(status(format!("/api/v1/students?school={}", own_too.id), &next.access).await, 404);
    let proof = person.proof(app.state()).await.unwrap();
    let begin = Begin { proof, school: foreign.id, client: String::new(), network: String::new() };
    assert!(app.state().tokens.begin(&begin).await.unwrap().is_none(), "no role, no token");
    app.shutdown().await;
}
