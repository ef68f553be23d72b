//! Browsers in which whoever reads an address came in before. Knowing one opens nothing; it has buckets of its own, so
//! that a stranger who asks for the address, or guesses, keeps nobody out who came in there once (P12, P27).

use super::Families;
use crate::session::{KNOWN, fresh};
use commands::accounts::Secret256;

impl Families {
    /// Whether whoever reads the address came in here; of no address in particular, whether anybody did.
    pub async fn knows(&self, browser: &Secret256, address: Option<&[u8]>) -> Result<bool, sqlx::Error> {
        sqlx::query_scalar!(
            r#"select exists(select from family_browsers
               where secret_sha256 = $1 and ($2::bytea is null or email_hmac = $2) and known_at > $3) as "known!""#,
            &browser.sha256(),
            address,
            self.clock.of_people() - KNOWN,
        )
        .fetch_one(&self.auth)
        .await
    }

    /// Makes the browser of a session that has just begun known to its address, under a new secret: one that was put
    /// there by somebody else never becomes good. Other addresses of the browser move along.
    pub async fn make_known(&self, old: Option<&Secret256>, session: &Secret256) -> Result<Secret256, sqlx::Error> {
        let (secret, now) = (fresh()?, self.clock.of_people());
        sqlx::query!(
            "with address as (
                select email_hmac from family_sessions where secret_sha256 = $2
            ), moved as (
                update family_browsers b set secret_sha256 = $1 from address a
                where b.secret_sha256 = $3 and b.email_hmac <> a.email_hmac and b.known_at > $5
            ), forgotten as (
                delete from family_browsers b
                where b.known_at <= $5
                    or b.secret_sha256 = $3 and b.email_hmac in (select email_hmac from address)
            )
            insert into family_browsers (secret_sha256, email_hmac, known_at) select $1, email_hmac, $4 from address",
            &secret.sha256(),
            &session.sha256(),
            old.map(|old| old.sha256().to_vec()),
            now,
            now - KNOWN,
        )
        .execute(&self.auth)
        .await?;
        Ok(secret)
    }
}
