//! A projector whose database stops answering, in time that is only counted.

use super::*;
use domain::EventId;
use nats::RawEvent;
use nats::log::Head;
use nats::wake::Wake;
use std::future::pending;
use uuid::Uuid;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    Begin,
    Advance,
    Clear,
    Apply,
    Announce,
    Commit,
    Nowhere,
}

/// Read models whose connection loses its other end at a place.
#[derive(Debug, Clone, Copy)]
struct Deaf(Place);

impl Deaf {
    async fn answer(self, place: Place) -> Result<(), sqlx::Error> {
        if self.0 == place { pending().await } else { Ok(()) }
    }
}

impl Models for Deaf {
    type Tx = Self;
    async fn checkpoint(&self, model: ReadModel) -> Result<Checkpoint, sqlx::Error> {
        Ok(Checkpoint { model, version: 1, epoch: Epoch(Uuid::from_u128(1)), position: 7, recorded_at: None })
    }
    async fn begin(&self, _: ReadModel) -> Result<Self, sqlx::Error> {
        self.answer(Place::Begin).await.map(|()| *self)
    }
}

impl ModelTx for Deaf {
    async fn advance(&mut self, _: &Checkpoint, _: &Checkpoint) -> Result<bool, sqlx::Error> {
        self.answer(Place::Advance).await.map(|()| true)
    }
    async fn apply(&mut self, _: ReadModel, _: &[Fact]) -> Result<(), sqlx::Error> {
        self.answer(Place::Apply).await
    }
    async fn clear(&mut self, _: ReadModel) -> Result<(), sqlx::Error> {
        self.answer(Place::Clear).await
    }
    async fn announce(&mut self, _: ReadModel, _: &str) -> Result<(), sqlx::Error> {
        self.answer(Place::Announce).await
    }
    async fn commit(self) -> Result<(), sqlx::Error> {
        self.answer(Place::Commit).await
    }
}

/// An empty log of another epoch than the checkpoint's.
struct OtherEpoch;

const OTHER: Epoch = Epoch(Uuid::from_u128(2));

impl Log for OtherEpoch {
    async fn head(&mut self) -> Result<Head, sqlx::Error> {
        Ok(Head { epoch: OTHER, position: 0, recorded_at: None })
    }
    async fn event_at(&mut self, _: i64) -> Result<(Epoch, Option<EventId>), sqlx::Error> {
        Ok((OTHER, None))
    }
    async fn read_after_in_epoch(&mut self, _: Epoch, _: i64, _: i64) -> Result<Vec<RawEvent>, sqlx::Error> {
        Ok(Vec::new())
    }
}

#[test]
fn a_projector_gathers_longer_while_its_pages_take_long_and_never_for_so_long_that_it_shows() {
    let gathers = |model, took| gathering(model, Duration::from_millis(took)).as_millis();
    assert_eq!([1, 4, 20, 25, 900].map(|took| gathers(ReadModel::Live, took)), [5, 8, 40, 50, 50]);
    assert_eq!([1, 900].map(|took| gathers(ReadModel::Audit, took)), [200, 200]);
}

#[tokio::test(start_paused = true)]
async fn starting_anew_gives_up_a_connection_that_hangs_wherever_it_does() {
    use Place::*;
    for place in [Begin, Advance, Clear, Apply, Announce, Commit, Nowhere] {
        let (_grown, seen) = tokio::sync::watch::channel(0);
        let feed = Feed::over(OtherEpoch, Wake::counted(seen), None::<Hub<Transport, Decoded>>);
        let mut projector = Projector::new(ReadModel::Live, Deaf(place), feed);
        let (token, an_hour) = (CancellationToken::new(), Duration::from_secs(3_600));
        let outcome = tokio::time::timeout(an_hour, projector.step(&token)).await;
        let outcome = outcome.unwrap_or_else(|_| panic!("hangs at {place:?}"));
        assert_eq!(outcome.is_ok(), place == Nowhere, "{place:?}: {outcome:?}");
        assert_eq!(projector.checkpoint.map(|c| c.epoch), (place == Nowhere).then_some(OTHER));
    }
}
