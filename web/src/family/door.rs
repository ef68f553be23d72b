//! The link: asked for, and redeemed.
//!
//! Asking is worked on beside the answer, which is the same for every address and does not wait: neither whether an
//! address is known nor what the mail server does shows in it. A link opens a session only in the browser that
//! asked for it, which has a cookie; whoever opens it elsewhere is shown six digits to type there.

use super::Families;
use crate::i18n::Lang;
use crate::letters;
use crate::session::fresh;
use chrono::TimeDelta;
use commands::accounts::Secret256;
use commands::guardians::address_key;
use domain::values::mail::Mail;
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::time::Duration;
use subtle::ConstantTimeEq as _;

/// How long a link may be redeemed.
const VALID: TimeDelta = TimeDelta::minutes(10);
/// Codes that may be typed.
const TRIES: i16 = 5;
/// How long asking may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between an answer and the work that it promised, by chance: worked on at once, a known address would take the time
/// of whatever this server answers next, measured at 0.05 ms of 2.2.
const LATER: std::ops::Range<u64> = 50..250;
/// How long the row of a session that ended is kept.
const KEPT: TimeDelta = TimeDelta::days(90);

/// Somebody asks for a link. Holds personal data in clear: no `Debug`.
pub struct Asked {
    /// To this address.
    pub mail: Mail,
    /// The secret of the cookie of the browser that asks: a new one each time.
    pub browser: Secret256,
    /// The one that it had: the link that it asked for before is void.
    pub replaces: Option<Secret256>,
    /// `203.0.113.0/24`
    pub network: String,
    /// The language of the letter.
    pub lang: Lang,
}

/// A browser that comes in.
#[derive(Clone, Debug)]
pub struct Redeemed {
    /// The secret of its cookie.
    pub browser: Secret256,
    /// `Firefox · Linux`
    pub device: String,
    /// `203.0.113.0/24`
    pub network: String,
    /// The session that it had.
    pub replaces: Option<Secret256>,
}

/// What a link is worth in a browser that did not ask for it.
#[derive(Clone, PartialEq, Eq)]
pub enum Opened {
    /// These digits, to be typed in the browser that asked.
    Code(String),
    /// Nothing: it is used, too old, or its browser asked for another one since.
    Void,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if matches!(self, Self::Code(_)) { "Code(…)" } else { "Void" })
    }
}

impl Families {
    /// Sends a link if a guardian has the address. Returns at once, whether or not.
    pub fn ask(&self, asked: Asked) {
        let Ok(place) = self.places.clone().try_acquire_owned() else {
            metrics::counter!("family_links_dropped_total").increment(1);
            tracing::warn!("a link was not sent: too many are asked for at once");
            return;
        };
        let this = self.clone();
        tokio::spawn(async move {
            let _place = place;
            tokio::time::sleep(Duration::from_millis(fastrand::u64(LATER))).await;
            match tokio::time::timeout(PATIENCE, this.issue(&asked)).await {
                Ok(Ok(Some(token))) => {
                    let link = format!("{}/familia/entrar/enlace#t={}", this.public_url, *token.reveal());
                    this.mailer.post(letters::with_link(this.ids.next(), asked.mail, &link, asked.lang));
                }
                Ok(Ok(None)) => {}
                Ok(Err(error)) => tracing::warn!(%error, "a link was not made"),
                Err(_) => tracing::warn!("a link was not made in time"),
            }
        });
    }

    /// A new link in place of the one that this browser had; none if no guardian has the address. Links of other
    /// browsers stay: who asks need not be who reads the address.
    pub(super) async fn issue(&self, asked: &Asked) -> Result<Option<Secret256>, sqlx::Error> {
        let token = fresh()?;
        let now = self.clock.of_people();
        let issued = sqlx::query!(
            "with void as (
               delete from family_links
               where browser_sha256 = $8 and redeemed_at is null
                 or email_hmac = $1 and expires_at <= $5 and (redeemed_at is null or redeemed_at <= $9)
             )
             insert into family_links
               (email_hmac, token_sha256, browser_sha256, code_sha256, asked_at, asked_from, expires_at)
             select $1, $2, $3, $4, $5, $6, $7
             where exists (select from guardian_mails where email_hmac = $1)",
            &address_key(&self.write, &asked.mail),
            &token.sha256(),
            &asked.browser.sha256(),
            &kept_code(&asked.browser, &code(&token)),
            now,
            asked.network,
            now + VALID,
            asked.replaces.as_ref().map(|old| old.sha256().to_vec()),
            now - KEPT,
        )
        .execute(&self.auth)
        .await?;
        Ok((issued.rows_affected() == 1).then_some(token))
    }

    /// What a link is worth elsewhere. From now on its digits open, in the browser that asked.
    pub async fn open_elsewhere(&self, token: &Secret256) -> Result<Opened, sqlx::Error> {
        let shown = sqlx::query!(
            "update family_links set shown_at = coalesce(shown_at, $2)
             where token_sha256 = $1 and redeemed_at is null and expires_at > $2 and tries < $3",
            &token.sha256(),
            self.clock.of_people(),
            TRIES,
        )
        .execute(&self.auth)
        .await?;
        Ok(if shown.rows_affected() == 1 { Opened::Code(code(token)) } else { Opened::Void })
    }

    /// The keyed hash of the address whose link this browser asked for, while its digits may be typed: until they were
    /// shown, a try can open nothing, and counts against nobody.
    pub(super) async fn asked_by(&self, browser: &Secret256) -> Result<Option<Vec<u8>>, sqlx::Error> {
        sqlx::query_scalar!(
            "select email_hmac from family_links
             where browser_sha256 = $1 and redeemed_at is null and expires_at > $2 and shown_at is not null",
            &browser.sha256(),
            self.clock.of_people(),
        )
        .fetch_optional(&self.auth)
        .await
    }

    /// A session for the browser that asked for this link; none in any other, nor a second time.
    pub async fn redeem(&self, token: &Secret256, by: &Redeemed) -> Result<Option<Secret256>, sqlx::Error> {
        self.begin(&token.sha256(), by).await
    }

    /// A session for the browser that asked, by the digits that its link showed elsewhere; how often is for
    /// [`super::tries`] to say.
    pub async fn redeem_code(&self, typed: &str, by: &Redeemed) -> Result<Option<Secret256>, sqlx::Error> {
        // The try is counted before it is looked at, so that many at once are no more than five.
        let link = sqlx::query!(
            "update family_links set tries = tries + 1
             where browser_sha256 = $1 and redeemed_at is null and expires_at > $2 and tries < $3
               and shown_at is not null
             returning token_sha256, code_sha256",
            &by.browser.sha256(),
            self.clock.of_people(),
            TRIES,
        )
        .fetch_optional(&self.auth)
        .await?;
        let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
        let right = |link: &[u8]| bool::from(kept_code(&by.browser, &digits).ct_eq(link));
        match link.filter(|link| right(&link.code_sha256)) {
            Some(link) => self.begin(&link.token_sha256, by).await,
            None => Ok(None),
        }
    }

    /// One statement: the link is used up, and the session begins under a new id, or neither.
    async fn begin(&self, token_sha256: &[u8], by: &Redeemed) -> Result<Option<Secret256>, sqlx::Error> {
        let (secret, now) = (fresh()?, self.clock.of_people());
        let old = by.replaces.as_ref().map(|secret| secret.sha256().to_vec());
        let begun = sqlx::query!(
            "with redeemed as (
               update family_links set redeemed_at = $3, redeemed_from = $7
               where token_sha256 = $1 and browser_sha256 = $2 and redeemed_at is null and expires_at > $3
               returning email_hmac
             ), forgotten as (
               delete from family_sessions s using redeemed r where s.email_hmac = r.email_hmac and s.ends_at < $9
             ), replaced as (
               update family_sessions s set ended_at = $3 from redeemed
               where s.secret_sha256 = $10 and s.ended_at is null and s.ends_at >= $9
             )
             insert into family_sessions
               (session_id, secret_sha256, email_hmac, created_at, last_seen_at, ends_at, device, network)
             select $4, $5, email_hmac, $3, $3, $8, $6, $7 from redeemed",
            token_sha256,
            &by.browser.sha256(),
            now,
            self.ids.next(),
            &secret.sha256(),
            by.device,
            by.network,
            now + super::sessions::ABSOLUTE,
            now - KEPT,
            old,
        )
        .execute(&self.auth)
        .await?;
        Ok((begun.rows_affected() == 1).then_some(secret))
    }
}

/// Six digits that only who has the link can know.
pub(super) fn code(token: &Secret256) -> String {
    let hash =
        Sha256::new().chain_update("code of a family's link\0").chain_update(token.reveal().as_bytes()).finalize();
    let number = hash.iter().take(8).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
    format!("{:06}", number % 1_000_000)
}

/// What is stored of a code: without the browser's secret it cannot be tried out.
fn kept_code(browser: &Secret256, code: &str) -> [u8; 32] {
    Sha256::new().chain_update(browser.reveal().as_bytes()).chain_update([0]).chain_update(code).finalize().into()
}
