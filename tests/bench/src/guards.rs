//! What stands between a batch of scans and its handler: host, site, load, time, size, the right to the route, and
//! the kiosk's secret with its school, which the database is asked for at every request here (in a server that keeps
//! what it knows of a kiosk for a second, so this is the most that it costs). Row by row policies are paid for where
//! rows are written, with and without this.
//!
//! The same batch goes in turn through all of that and past it, to the same handler, which does nothing but take
//! the body. The figure is the difference of the two, request by request.

use crate::Options;
use crate::gun::Gun;
use crate::ingest::Measured;
use crate::report::{Figure, Target, quantile_ms};
use crate::server::{Server, Threads};
use anyhow::{Result, ensure};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::Request;
use axum::routing::post;
use std::time::{Duration, Instant};
use tower::ServiceExt as _;
use web::AppState;
use web::kiosk_auth::{Kiosk, KioskSecrets};

const PATH: &str = "/api/v1/kiosks/{kiosk_id}/scans";
/// Scans of a batch.
const BATCH: usize = 100;
/// Requests of a round, each in both ways.
const REQUESTS: usize = 2_000;

/// Measures it on an installation whose schools are there.
pub async fn run(options: &Options, measured: &Measured, figures: &mut Vec<Figure>) -> Result<()> {
    options.say("the guards of a batch");
    let threads = Threads::new()?;
    let server = Server::start(&threads, &measured.database).await?;
    let state = server.state()?.clone();
    let (mut halves, mut p99) = (Vec::new(), Vec::new());
    for _ in 0..options.rounds {
        let mut waits = round(measured, &state, options).await?;
        halves.push(quantile_ms(&mut waits, 0.5));
        p99.push(quantile_ms(&mut waits, 0.99));
    }
    server.stop().await?;
    figures.push(Figure::new("guards_p50", "ms", Target::None, halves));
    figures.push(Figure::new("guards_p99", "ms", Target::AtMost(3.0), p99));
    Ok(())
}

async fn round(measured: &Measured, state: &AppState, options: &Options) -> Result<Vec<Duration>> {
    let mut waits = Vec::with_capacity(REQUESTS);
    let mut order = [true, false];
    for n in 0..REQUESTS {
        let school = &measured.schools[n % measured.schools.len()];
        let kiosk = &school.kiosks[n / measured.schools.len() % school.kiosks.len()];
        let cards = school.cards.iter().map(|card| card.1.clone()).collect();
        let body: Bytes = Gun::new(kiosk, cards, &measured.database.clock).json(BATCH).into();
        let path = PATH.replace("{kiosk_id}", &kiosk.id.to_string());
        let mut took = [Duration::ZERO; 2];
        options.shuffle(&mut order);
        for guarded in order {
            // Nothing is known of the kiosk.
            let state = AppState { secrets: KioskSecrets::default(), ..state.clone() };
            let router = if guarded {
                web::router::surrounded(Router::new().route(PATH, post(taken)), state)
            } else {
                Router::new().route(PATH, post(async |_: Bytes| "ok")).with_state(state)
            };
            let request = Request::post(&path).header("host", "127.0.0.1").header("content-type", "application/json");
            let request = request.header("authorization", format!("Bearer {}", kiosk.secret));
            let request = request.body(Body::from(body.clone()))?;
            let begun = Instant::now();
            let answer = router.oneshot(request).await?;
            took[usize::from(guarded)] = begun.elapsed();
            ensure!(answer.status() == 200, "{}", answer.status());
        }
        waits.push(took[1].saturating_sub(took[0]));
    }
    Ok(waits)
}

async fn taken(_: Kiosk, _: Bytes) -> &'static str {
    "ok"
}
