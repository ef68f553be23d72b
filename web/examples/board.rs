//! The pages with made-up values, to look at them while working on them:
//! `cargo run -p web --example board`, then <http://127.0.0.1:8090/hoy>.
#![expect(clippy::print_stdout, reason = "a command line program")]

use axum::middleware::from_fn_with_state;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{AccountId, SchoolId};
use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, stream};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use web::middleware::as_person;
use web::pages::source::Boards;
use web::pages::view::{Board, CourseDay, Listed, School};
use web::pages::{Source, SourceError, sample};
use web::session::Person;

/// A school whose state is in its id: the pages know nothing of it.
struct Samples;

/// (state, school id): `/hoy?colegio=<id>`.
fn states() -> Vec<(&'static str, Uuid, Board)> {
    [
        ("una mañana", Board::sample()),
        ("antes de la jornada", Board::sample_before()),
        ("sábado", Board::sample_nobody()),
        ("feriado", Board::sample_holiday()),
        ("media jornada", Board::sample_half_day()),
        ("vacío", Board::sample_empty()),
        ("problemas", Board::sample_trouble()),
        ("restaurado", Board::sample_restored()),
        ("hostil", Board::sample_hostile()),
    ]
    .into_iter()
    .enumerate()
    .map(|(n, (name, mut board))| {
        let id = Uuid::from_u128(board.school.id.as_u128() + n as u128);
        board.school.id = id;
        (name, id, board)
    })
    .collect()
}

fn find(school: Uuid) -> Option<Board> {
    states().into_iter().find(|(_, id, _)| *id == school).map(|(.., board)| board)
}

/// The board some seconds later: time passes, and somebody comes in each second.
fn later(board: &Board, tick: u32) -> Board {
    let mut board = board.clone();
    let passed = TimeDelta::milliseconds(i64::from(tick) * 500);
    board.freshness.as_of += passed;
    board.freshness.behind_ms += u64::from(tick % 7) * 40;
    if board.scans.is_empty() {
        return board;
    }
    let taps = tick / 2 % 30;
    board.version.position += i64::from(tick / 2);
    board.counts.missing -= taps.min(board.counts.missing);
    board.counts.late += taps;
    board.counts.inside += taps;
    for (n, scan) in board.scans.iter_mut().enumerate() {
        scan.at += passed;
        scan.name = sample::name((tick / 2) as usize + 40 - n);
    }
    board
}

impl Source for Samples {
    fn name(&self, _: AccountId) -> BoxFuture<'_, Option<String>> {
        futures::future::ready(Some("Marta Rojas".to_owned())).boxed()
    }

    fn now(&self) -> DateTime<Utc> {
        sample::now()
    }

    fn schools(&self) -> BoxFuture<'_, Result<Vec<Listed>, SourceError>> {
        let schools = states().into_iter().map(|(name, id, board)| Listed {
            school: School { id, name: format!("{} ({name})", sample::school().name), zone: board.school.zone },
            rbd: Some("10123-4".to_owned()),
        });
        futures::future::ready(Ok(schools.collect())).boxed()
    }

    fn board(&self, school: Uuid) -> BoxFuture<'_, Result<Option<Arc<Board>>, SourceError>> {
        futures::future::ready(Ok(find(school).map(Arc::new))).boxed()
    }

    fn barred(&self, _: Uuid) -> BoxFuture<'_, Result<u32, SourceError>> {
        futures::future::ready(Ok(0)).boxed()
    }

    fn boards(&self, school: Uuid) -> BoxFuture<'_, Result<Option<Boards>, SourceError>> {
        let boards = find(school).map(|board| {
            stream::unfold(0, move |tick| {
                let next = Arc::new(later(&board, tick));
                async move {
                    tokio::time::sleep(Duration::from_millis(if tick == 0 { 0 } else { 500 })).await;
                    Some((next, tick + 1))
                }
            })
            .boxed()
        });
        futures::future::ready(Ok(boards)).boxed()
    }

    fn course(&self, _: Uuid, _: Uuid) -> BoxFuture<'_, Result<Option<CourseDay>, SourceError>> {
        futures::future::ready(Ok(Some(CourseDay::sample()))).boxed()
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let address = "127.0.0.1:8090";
    let person = Person::sample(states().into_iter().map(|(_, id, _)| SchoolId(id)));
    let router = web::pages::router::<()>(Arc::new(Samples), Arc::new(Semaphore::new(100)), CancellationToken::new())
        .layer(from_fn_with_state(person, as_person))
        .route("/healthz", axum::routing::get(|| async { "ok" }));
    println!("http://{address}/hoy");
    axum::serve(tokio::net::TcpListener::bind(address).await?, router).await
}
