//! `POST /api/v1/tokens`.

use super::{LIMIT, TokenPair, given, no_nul, on};
use crate::AppState;
use crate::api::input::{JsonBytes, parse_json};
use crate::config::SecondFactor;
use crate::middleware::{Peer, address};
use crate::problem::{Code, Problem};
use crate::sign_in::{self, Caller};
use crate::throttle::limits;
use crate::tokens::Begin;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::{Extension, Json};
use commands::accounts::{AccountFact, Proof, SignIn, SignInMethod};
use domain::{AccountId, SchoolId};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Longest name of a program, in characters.
const LONGEST_NAME: usize = 60;

/// Who signs a program in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// The account's address.
    email: String,
    /// Its password.
    password: String,
    /// The code of the second factor, where there is one.
    #[serde(default)]
    code: Option<String>,
    /// The school that the tokens open; may be left out by whoever belongs to one only.
    #[serde(default)]
    school: Option<Uuid>,
    /// What the program calls itself in its person's list, at most 60 characters.
    #[serde(default)]
    client: String,
}

/// Signs a program in for a person. Address, password and code that are not right get one answer.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "tokens", request_body = Credentials,
    responses((status = 200, description = "A pair of tokens", body = TokenPair)))]
pub async fn post(
    State(state): State<AppState>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    JsonBytes(body): JsonBytes<LIMIT>,
) -> Result<Json<TokenPair>, Problem> {
    on(&state)?;
    no_nul(&body)?;
    let sent: Credentials = parse_json(&body, Code::InvalidBody)?;
    if sent.client.chars().count() > LONGEST_NAME || sent.client.chars().any(char::is_control) {
        return Err(Problem::new(Code::InvalidBody).at("client"));
    }
    let from = peer.map(|Extension(peer)| address(&headers, peer, state.config.http.proxy_hops));
    let network = from.map_or_else(String::new, limits::network);
    let (proof, method) = prove(&state, &network, &sent).await?;
    let school = school(&state, proof.account, sent.school).await?;
    let network = from.map(limits::shown).unwrap_or_default();
    let begin = Begin { proof, school, client: sent.client.trim().to_owned(), network };
    // Disabled, changed or without the role, at this very moment.
    let pair = state.tokens.begin(&begin).await?.ok_or_else(|| Problem::new(Code::InvalidGrant))?;
    sign_in::note(&state, proof.account, AccountFact::SignedIn(method));
    Ok(given(pair))
}

async fn prove(state: &AppState, network: &str, sent: &Credentials) -> Result<(Proof, SignInMethod), Problem> {
    // A program has no browser that its person signed in in, and counts as one that nobody knows
    // ([`crate::throttle::limits::ACCOUNT`]).
    let caller = Caller { network, browser: None };
    let required = state.config.people.second_factor == SecondFactor::Required;
    match sign_in::password(state, &caller, &sent.email, &sent.password).await? {
        SignIn::Done(_) if required => Err(Problem::new(Code::SecondFactorRequired)),
        SignIn::Done(proof) => Ok((proof, SignInMethod::Password)),
        // A program adds no factor, and answers for no device.
        SignIn::NeedsMore(_, factors) if required && !factors.suffice() => {
            Err(Problem::new(Code::SecondFactorRequired))
        }
        SignIn::NeedsMore(proof, factors) => {
            let code = sent.code.as_deref().filter(|_| factors.takes_code());
            let code = code.ok_or_else(|| Problem::new(Code::SecondFactorRequired))?;
            match sign_in::code(state, &caller, proof.account, code).await? {
                true => Ok((proof, SignInMethod::PasswordAndTotp)),
                false => Err(Problem::new(Code::InvalidGrant)),
            }
        }
        SignIn::Refused => Err(Problem::new(Code::InvalidGrant)),
    }
}

/// The named school, or the only one. One of others and one that is nowhere are the same.
async fn school(state: &AppState, account: AccountId, named: Option<Uuid>) -> Result<SchoolId, Problem> {
    let mut schools: Vec<_> = state.accounts.roles(account).await?.into_iter().map(|(school, _)| school).collect();
    schools.dedup();
    match (named.map(SchoolId), schools.as_slice()) {
        (Some(named), of) if of.contains(&named) => Ok(named),
        (None, [only]) => Ok(*only),
        (None, [_, _, ..]) => Err(Problem::new(Code::SchoolRequired)),
        (Some(_) | None, _) => Err(Problem::new(Code::NotFound).at("school")),
    }
}
