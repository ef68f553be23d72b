//! How many round trips a reading costs: each is a wait, whatever the database does in it.

use crate::Readers;
use crate::live::kept;
use crate::live::lines::Lines;
use crate::roster::queries;
use crate::testing::history::{self, Random};
use crate::testing::{World, id, monday};
use domain::SchoolId;
use sqlx::postgres::PgConnectOptions;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Before a server: counts the messages after which a client waits for an answer (`Query` and `Sync`).
/// <https://www.postgresql.org/docs/current/protocol-message-formats.html>
async fn counting(server: u16) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let (port, waits) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
    let counter = waits.clone();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
            let ((mut says, mut hears), (mut answers, mut asks)) = (client.into_split(), server.into_split());
            tokio::spawn(async move { tokio::io::copy(&mut answers, &mut hears).await });
            let counter = counter.clone();
            tokio::spawn(async move {
                // The first message has no type.
                let mut first = true;
                loop {
                    let kind = if first { Ok(0) } else { says.read_u8().await };
                    let (Ok(kind), Ok(length)) = (kind, says.read_u32().await) else { return };
                    let mut body = vec![0; length as usize - 4];
                    says.read_exact(&mut body).await.unwrap();
                    counter.fetch_add(usize::from(matches!(kind, b'Q' | b'S')), Ordering::SeqCst);
                    let kind = if first { Vec::new() } else { vec![kind] };
                    let message = [kind, length.to_be_bytes().to_vec(), body].concat();
                    if asks.write_all(&message).await.is_err() {
                        return;
                    }
                    first = false;
                }
            });
        }
    });
    (port, waits)
}

#[tokio::test]
async fn a_transaction_costs_one_round_trip_beside_its_statements_and_a_board_s_changes_none() {
    let world = World::create().await;
    let school: SchoolId = id(1 << 24);
    world.append(&history::founding(school, 20, 2, &mut Random(1))).await;
    world.catch_up_all().await;
    let options = PgConnectOptions::clone(&world.request.connect_options());
    let (port, waits) = counting(options.get_port()).await;
    let pool = local_services::testing::rolling_back()
        .max_connections(1)
        .test_before_acquire(false)
        .connect_with(options.host("127.0.0.1").port(port).ssl_mode(sqlx::postgres::PgSslMode::Disable))
        .await
        .unwrap();
    let readers = Readers::new(pool.clone());
    // What is waited for by whoever asks, and what is waited for in all: the pool rolls back and tries a
    // connection as it comes back. The second time, when statements are prepared.
    macro_rules! cost {
        ($ask:block) => {{
            let mut cost = (0, 0);
            for _ in 0..2 {
                let before = waits.load(Ordering::SeqCst);
                $ask
                let asked = waits.load(Ordering::SeqCst) - before;
                tokio::time::sleep(Duration::from_millis(100)).await;
                cost = (asked, waits.load(Ordering::SeqCst) - before);
            }
            cost
        }};
    }
    let plain = cost!({
        sqlx::query("select 1").execute(&pool).await.unwrap();
    });
    assert_eq!(plain, (1, 3), "a statement without a transaction, as it was before");
    let one = cost!({
        queries::courses(&mut readers.begin(school).await.unwrap(), None, 100).await.unwrap();
    });
    assert_eq!(one, (2, 4));
    let three = cost!({
        let mut tx = readers.begin(school).await.unwrap();
        queries::school(&mut tx).await.unwrap();
        queries::courses(&mut tx, None, 100).await.unwrap();
        queries::kiosks(&mut tx, None, 100).await.unwrap();
        drop(tx);
    });
    assert_eq!(three, (4, 6), "three alone were 3 and 9");
    let load = cost!({
        kept::load(&mut readers.snapshot(school).await.unwrap(), monday(), None, 0).await.unwrap().unwrap();
    });
    assert_eq!(load, (10, 12), "with a commit it was one more");
    let (facts, _) = kept::load(&mut world.snapshot(school).await, monday(), None, 0).await.unwrap().unwrap();
    let lines = Lines::new(&readers, 1);
    let changes = cost!({
        lines.changes(&facts, 100).await.unwrap().unwrap();
    });
    assert_eq!(changes, (1, 1), "as without schools apart");
}
