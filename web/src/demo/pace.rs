//! How fast the demo's time goes. A message to a telephone takes its part of a real second whatever the demo's clock does:
//! at hundreds of times the speed, an alarm would be an hour old before it left.

use commands::clock::{Clock as _, ScaledClock};
use sqlx::PgPool;
use std::sync::Arc;
use std::time::Duration;

/// How many seconds pass in a real one at most while notices are on their way.
const WITH_NOTICES: f64 = 120.0;

/// Lets time go on at `speed`, and no faster than [`WITH_NOTICES`] while notices are due or being sent; until it is
/// aborted.
pub async fn keep(clock: Arc<ScaledClock>, speed: f64, pool: PgPool) {
    clock.set_rate(speed);
    if speed <= WITH_NOTICES {
        return;
    }
    loop {
        tokio::time::sleep(Duration::from_millis(40)).await;
        let under_way: Result<bool, _> =
            sqlx::query_scalar("select exists (select from deliveries where state = 'sending' or due_at <= $1)")
                .bind(clock.now())
                .fetch_one(&pool)
                .await;
        let rate = if under_way.unwrap_or(true) { speed.min(WITH_NOTICES) } else { speed };
        if clock.rate() != rate {
            clock.set_rate(rate);
        }
    }
}
