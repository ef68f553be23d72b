//! Against an API that answers as the documented one does.

use super::*;
use crate::words::{Facts, filled, parameters, templates};
use domain::delivery::Says;
use domain::guardian::notices::Language;
use local_services::FakeWhatsApp;
use local_services::whatsapp::{Does, Registered, message, signature, status};

pub(crate) const TOKEN: &str = "EAAG-not-a-token";
pub(crate) const NUMBER: &str = "106540352242922";

/// An API on which every template of this program is registered.
pub(crate) async fn api() -> FakeWhatsApp {
    let registered = |(name, language, sentence): (&'static str, &'static str, &'static str)| Registered {
        name: name.to_owned(),
        language: language.to_owned(),
        parameters: parameters(sentence).into_iter().map(str::to_owned).collect(),
    };
    FakeWhatsApp::start(TOKEN, NUMBER, templates().into_iter().map(registered).collect()).await.unwrap()
}

pub(crate) fn whatsapp(api: &FakeWhatsApp) -> WhatsApp {
    with_token(api, TOKEN)
}

fn with_token(api: &FakeWhatsApp, token: &str) -> WhatsApp {
    let account = Account { version: "v26.0".into(), phone_number_id: NUMBER.into(), token: token.into() };
    WhatsApp::on_this_machine(account, api.port()).unwrap()
}

fn template(name: &str) -> Filled {
    let names = [name.to_owned()];
    let at = "2026-03-09T11:15:00Z".parse().unwrap();
    let facts = Facts { names: &names, at, zone: chrono_tz::America::Santiago, school: "Liceo", message: None };
    filled(Says::NoEntry, Language::Es, &facts)
}

async fn send(whatsapp: &WhatsApp, name: &str) -> Sent {
    whatsapp.send("+56912345678", &template(name), Uuid::from_u128(7)).await
}

#[tokio::test]
async fn a_message_is_taken_as_documented_whatever_the_name_looks_like() {
    let api = api().await;
    let whatsapp = whatsapp(&api);
    for name in ["Sofía", "Ana\nMaría", "Ana      María", "", "🌸", "O'Higgins \"Ñ\" \\"] {
        assert!(matches!(send(&whatsapp, name).await, Sent::Accepted { id: Some(_) }), "{name}");
    }
    let shown = api.shown();
    assert_eq!(
        (shown.len(), shown[0].to.as_str(), shown[0].template.as_str()),
        (6, "+56912345678", "aviso_no_ingreso")
    );
    let all = ["colegio", "hora", "alumno"]
        .map(str::to_owned)
        .into_iter()
        .zip(["Liceo", "08:15", "Sofía"].map(str::to_owned));
    assert_eq!(shown[0].parameters, all.collect::<Vec<_>>());
    assert_eq!(shown[0].callback, Uuid::from_u128(7).to_string());
}

#[tokio::test]
async fn every_error_means_by_its_code_what_is_to_be_done() {
    let api = api().await;
    let whatsapp = whatsapp(&api);
    let not_sent = |code| Sent::NotSent { reason: Failure::PutOff, code: Some(code) };
    let failed = |reason, code| Sent::Failed { reason, code: Some(code) };
    for (status, code, means) in [
        (429, 130_429, not_sent(130_429)),
        (400, 131_056, not_sent(131_056)),
        (500, 80_007, not_sent(80_007)),
        (400, 131_000, not_sent(131_000)),
        (500, 131_000, Sent::Unknown(Doubt::ServerError)),
        (503, 131_016, Sent::Unknown(Doubt::ServerError)),
        (401, 190, Sent::Pause { reason: "token", code: Some(190) }),
        (401, 0, Sent::Pause { reason: "token", code: Some(0) }),
        (403, 200, Sent::Pause { reason: "permission", code: Some(200) }),
        (403, 299, Sent::Pause { reason: "permission", code: Some(299) }),
        (400, 131_042, Sent::Pause { reason: "payment", code: Some(131_042) }),
        (400, 368, Sent::Pause { reason: "account", code: Some(368) }),
        (404, 132_001, Sent::Template { code: Some(132_001) }),
        (400, 132_015, Sent::Template { code: Some(132_015) }),
        (400, 131_026, failed(Failure::Recipient, 131_026)),
        (400, 131_047, failed(Failure::Recipient, 131_047)),
        (400, 100, failed(Failure::Program, 100)),
        (400, 999_999, failed(Failure::Program, 999_999)),
        (502, 999_999, Sent::Unknown(Doubt::ServerError)),
    ] {
        api.then(&[Does::Refuse(status, code)]);
        assert_eq!(send(&whatsapp, "Ana").await, means, "{status} {code}");
    }
    assert_eq!(api.shown().len(), 0);
}

#[tokio::test]
async fn an_expired_token_and_a_template_nobody_registered_are_told_from_each_other() {
    let api = api().await;
    let expired = send(&with_token(&api, "yesterday's"), "Ana").await;
    assert_eq!(expired, Sent::Pause { reason: "token", code: Some(190) });
    let other = Filled { language: "es_MX", ..template("Ana") };
    let sent = whatsapp(&api).send("+56912345678", &other, Uuid::from_u128(7)).await;
    assert_eq!(sent, Sent::Template { code: Some(132_001) });
    let fewer = Filled { parameters: vec![], ..template("Ana") };
    let sent = whatsapp(&api).send("+56912345678", &fewer, Uuid::from_u128(7)).await;
    assert_eq!(sent, Sent::Template { code: Some(132_000) });
}

#[tokio::test]
async fn d18_what_was_not_sent_and_what_nobody_knows_of_are_two_things() {
    let api = api().await;
    let whatsapp = whatsapp(&api);
    for (does, means, shown) in [
        (Does::DropBefore, Sent::Unknown(Doubt::NoAnswer), 0),
        (Does::DropAfter, Sent::Unknown(Doubt::NoAnswer), 1),
        (Does::ShowAndBreak, Sent::Unknown(Doubt::ServerError), 2),
    ] {
        api.then(&[does]);
        assert_eq!(send(&whatsapp, "Ana").await, means, "{does:?}");
        assert_eq!(api.shown().len(), shown, "{does:?}");
    }
    drop(api);
    tokio::task::yield_now().await;
    let gone = send(&whatsapp, "Ana").await;
    assert_eq!(gone, Sent::NotSent { reason: Failure::Unreachable, code: None }, "nobody listens");
}

#[tokio::test]
async fn sandbox_sends_nothing_and_off_takes_nothing() {
    assert_eq!(send(&WhatsApp::Sandbox, "Ana").await, Sent::Sandbox);
    assert!(matches!(send(&WhatsApp::Off, "Ana").await, Sent::Pause { .. }));
    assert!(WhatsApp::Sandbox.is_on() && !WhatsApp::Off.is_on());
}

#[test]
fn a_webhook_is_believed_by_the_signature_of_its_raw_bytes_alone() {
    let body = br#"{"entry":[],"\u00f1":"\u00f1"}"#;
    let header = signature("secret", body);
    assert!(webhook::is_signed("secret", body, &header));
    assert!(webhook::is_signed("secret", body, &header.replace(|c: char| c.is_ascii_uppercase(), "")));
    let rewritten = "{\"entry\":[],\"ñ\":\"ñ\"}".as_bytes();
    for (secret, body, header) in [
        ("other", &body[..], header.as_str()),
        ("secret", rewritten, &header),
        ("secret", body, ""),
        ("secret", body, header.trim_start_matches("sha256=")),
        ("secret", body, &header.replace("sha256=", "sha1=")),
        ("secret", body, &header[..header.len() - 2]),
        ("secret", body, "sha256=zz"),
        ("secret", b"", &header),
    ] {
        assert!(!webhook::is_signed(secret, body, header), "{header}");
    }
}

#[test]
fn opt_out_words_are_whole_messages_in_any_writing() {
    for out in ["BAJA", " baja. ", "¡Baja!", "Stop", "no más", "NO MAS", "No  más…", "desuscribir", "ALTO", "Cancelar"]
    {
        assert_eq!(webhook::wish(out), Some(false), "{out}");
    }
    assert_eq!(webhook::wish("alta"), Some(true));
    for other in [
        "",
        "dar de baja la alerta del jueves",
        "baja por favor",
        "no",
        "mas",
        "bajar",
        "Mi hijo está en cama, por eso falta",
        &"baja ".repeat(100),
    ] {
        assert_eq!(webhook::wish(other), None, "{other}");
    }
}

#[test]
fn what_cannot_be_read_of_a_webhook_stops_nothing_beside_it() {
    assert!(webhook::read(b"").is_none() && webhook::read(b"[]").is_none() && webhook::read(b"{}").is_none());
    let of = |body: &[u8]| webhook::read(body).map(|news| news.other);
    assert_eq!(of(br#"{"entry":[]}"#), Some(0));
    assert_eq!(
        of(br#"{"entry":[{"id":"1"},{"changes":[{"field":"account_update","value":{"event":"X"}}]}]}"#),
        Some(0)
    );
    let statuses = br#"{"entry":[{"changes":[{"value":{"statuses":[7,{"status":"deleted","id":"x"},{"status":"read"},
        {"status":"read","id":"w","biz_opaque_callback_data":"not an id"}]}}]}]}"#;
    assert_eq!(of(statuses), Some(3));
    // Of somebody with a username, whom nobody here knows.
    assert_eq!(of(&message(None, "BAJA", 1_773_054_000)), Some(1));
    assert_eq!(of(&message(Some("+56912345678"), "BAJA", 1_773_054_000)), Some(0));
    assert_eq!(of(&message(Some("+56912345678"), "hola", 1_773_054_000)), Some(1));
    let shown = local_services::whatsapp::Shown {
        to: String::new(),
        template: String::new(),
        language: String::new(),
        parameters: vec![],
        callback: Uuid::from_u128(7).to_string(),
        wamid: "wamid.x".into(),
    };
    assert_eq!(of(&status(&shown, "delivered", None)), Some(0));
}
