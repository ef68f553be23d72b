//! Figures, by hand: `cargo test -p commands --release --lib measure -- --ignored --nocapture`.

use super::tests::first_event;
use super::*;
use crate::testing::{World, monday_morning};
use domain::KioskId;
use domain::kiosk::{Command, Kiosk, LaneMode};
use domain::sealed::SealingClass;
use std::time::Instant;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures; the test cluster runs without fsync"]
async fn measure_batches_against_single_events() {
    let world = World::new().await;
    for round in 1..=3 {
        let begun = Instant::now();
        const SINGLE: u32 = 300;
        for _ in 0..SINGLE {
            let stream = StreamId::of(world.school, KioskId(world.write.ids().next()));
            let command = Command::Enrol { gate: "Portón".into(), mode: LaneMode::EntryLane };
            world.write.execute::<Kiosk>(&world.context(), &stream, command).await.unwrap();
        }
        let single = f64::from(SINGLE) / begun.elapsed().as_secs_f64();
        let batches: Vec<Vec<NewEvent>> =
            (0..20).map(|_| (0..500).map(|_| first_event(&world, monday_morning())).collect()).collect();
        let begun = Instant::now();
        for batch in &batches {
            let mut tx = world.write.pool().begin().await.unwrap();
            append_in_tx(&mut tx, world.clock.as_ref(), batch).await.unwrap();
            tx.commit().await.unwrap();
        }
        let batched = 10_000.0 / begun.elapsed().as_secs_f64();
        eprintln!("round {round}: stock postgres-es, one writer {single:.0}/s; batches of 500 {batched:.0}/s");
    }
    let begun = Instant::now();
    let wanted: Vec<_> = (1..=3_000).map(|n| (Uuid::from_u128(n), SealingClass::Identity)).collect();
    let ring = world.write.vault().ensure_keys(world.school, &wanted).await.unwrap();
    eprintln!("3,000 data keys made in {:?}", begun.elapsed());
    let begun = Instant::now();
    let values: Vec<_> = wanted
        .iter()
        .map(|(s, class)| ring.seal(*s, *class, "student.enrolled", "given_names", "María José").unwrap())
        .collect();
    eprintln!("3,000 values sealed in {:?}", begun.elapsed());
    let begun = Instant::now();
    let ring = world.write.vault().school_keys(world.school).await.unwrap();
    eprintln!("3,000 data keys read and unwrapped in {:?}", begun.elapsed());
    let begun = Instant::now();
    for ((subject, _), value) in wanted.iter().zip(&values) {
        ring.open(*subject, "given_names", value).unwrap();
    }
    eprintln!("3,000 values opened in {:?}", begun.elapsed());
}
