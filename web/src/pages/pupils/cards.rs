//! The cards of a pupil's file: which are valid, one that is lost, one that takes its place.

use super::super::asked::Asked;
use super::super::staff::form;
use super::file::FilePage;
use crate::i18n::{Lang, key};
use axum::Form;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use commands::Context;
use commands::use_cases::{NewCard, ReplaceCredential, replace_credential};
use domain::student::{CredentialKind, RevocationReason};
use domain::values::card;
use domain::{CommandId, CredentialId};
use maud::{Markup, html};
use projections::roster::rows::Credential;
use serde::Deserialize;
use uuid::Uuid;

/// A valid card.
#[derive(Clone)]
pub(super) struct Card {
    pub id: CredentialId,
    pub kind: CredentialKind,
}

impl Card {
    pub(super) fn of(row: &Credential) -> Option<Self> {
        let valid = row.revoked.is_none() && !row.erased;
        valid.then_some(Self { id: row.credential_id, kind: row.kind })
    }
}

/// Why a card ends, as the form says it.
const REASONS: [(&str, RevocationReason, &str); 3] = [
    ("perdida", RevocationReason::Lost, key("card-lost")),
    ("danada", RevocationReason::Damaged, key("card-damaged")),
    ("cambio", RevocationReason::Replaced, key("card-replaced")),
];

/// The form as it was typed.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Sent {
    que: String,
    tarjeta: String,
    motivo: String,
    chip: String,
    hoja: String,
}

impl FilePage {
    pub(super) fn cards(&self, lang: Lang) -> Markup {
        html! {
            section class="card" aria-labelledby="cards-title" {
                h2 id="cards-title" { (lang.t("cards-title")) }
                @if self.cards.is_empty() { p class="hint" { (lang.t("cards-none")) } }
                ul class="rows" { @for (n, card) in (1..).zip(&self.cards) { li class="row" { (self.card(n, card, lang)) } } }
                details {
                    summary { (lang.t("card-another")) }
                    p class="hint" { (lang.t("card-another-what")) }
                    form class="form" method="post" action=(self.action("tarjeta")) {
                        (form::hidden("hoja", &self.sheet.to_string()))
                        div class="field" {
                            label for="chip" { (lang.t("card-chip")) }
                            p class="hint" id="chip-hint" { (lang.t("card-chip-hint")) }
                            input id="chip" name="chip" type="text" autocomplete="off" spellcheck="false"
                                autocapitalize="none" aria-describedby="chip-hint";
                        }
                        button class="button" name="que" value="nueva" { (lang.t("card-issue")) }
                    }
                }
            }
        }
    }

    fn card(&self, n: u32, card: &Card, lang: Lang) -> Markup {
        let name = match card.kind {
            CredentialKind::Qr => lang.f("card-qr", &[("n", n.into())]),
            CredentialKind::Nfc => lang.f("card-nfc", &[("n", n.into())]),
        };
        let id = format!("motivo-{}", card.id);
        html! {
            div {
                b { (name) }
                @if card.kind == CredentialKind::Qr {
                    details {
                        summary { (lang.t("card-text")) span class="unseen" { ": " (name) } }
                        p class="hint" { (lang.t("card-text-what")) }
                        p { code { (card::encode(card.id)) } }
                    }
                }
                details {
                    summary { (lang.t("card-end")) span class="unseen" { ": " (name) } }
                    form class="form" method="post" action=(self.action("tarjeta")) {
                        (form::hidden("tarjeta", &card.id.to_string()))
                        (form::hidden("hoja", &self.sheet.to_string()))
                        div class="field" {
                            label for=(id) { (lang.t("card-why")) }
                            select id=(id) name="motivo" {
                                @for (value, _, words) in REASONS { option value=(value) { (lang.t(words)) } }
                            }
                        }
                        div class="changes" {
                            button class="button" name="que" value="reemplazar" { (lang.t("card-replace")) }
                            button class="quiet" name="que" value="anular" { (lang.t("card-end")) }
                        }
                    }
                }
            }
        }
    }
}

/// The chip's number as a reader types it: hexadecimal, with or without separators.
fn uid(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .chars()
        .filter(|c| !matches!(c, ' ' | ':' | '-'))
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

/// `POST /alumnos/{student_id}/ficha/tarjeta`.
pub(super) async fn post(asked: Asked, path: Path<String>, Form(sent): Form<Sent>) -> Response {
    let student_id = match asked.pupil_of(&path).await {
        Ok(student) => student,
        Err(refused) => return refused,
    };
    // Minted with the page: what one page sends twice is done once.
    let Ok(sheet) = sent.hoja.parse::<Uuid>() else { return asked.visit.failed(StatusCode::UNPROCESSABLE_ENTITY) };
    let issues = matches!(sent.que.as_str(), "nueva" | "reemplazar");
    let chip = sent.chip.trim();
    let Some(new) = (if chip.is_empty() { Some(NewCard::Qr) } else { uid(chip).map(|uid| NewCard::Nfc { uid }) })
    else {
        return asked.to_file(student_id, "tarjeta-ajena");
    };
    let ends = match sent.que.as_str() {
        "anular" | "reemplazar" => {
            let reason = REASONS.into_iter().find(|(value, ..)| *value == sent.motivo).map(|(_, reason, _)| reason);
            let Some(end) = sent.tarjeta.parse().ok().map(CredentialId).zip(reason) else {
                return asked.visit.failed(StatusCode::UNPROCESSABLE_ENTITY);
            };
            Some(end)
        }
        "nueva" => None,
        _ => return asked.visit.failed(StatusCode::UNPROCESSABLE_ENTITY),
    };
    let done = async {
        let context = Context { command_id: Some(CommandId(sheet)), ..asked.context().await? };
        let input = ReplaceCredential { student_id, ends, new: issues.then_some(new) };
        replace_credential(&asked.state.write, &context, input).await
    };
    asked.filed(student_id, done.await, if issues { "tarjeta-nueva" } else { "tarjeta-anulada" }).await
}
