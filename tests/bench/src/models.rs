//! How fast events become read models.

use crate::Options;
use crate::check;
use crate::ingest::Measured;
use crate::report::{Figure, Target};
use anyhow::{Result, ensure};
use commands::pool::Role;
use nats::Feed;
use projections::rebuild::rebuild;
use projections::runner::Projector;
use projections::{ReadModel, checkpoint};
use sqlx::PgPool;
use std::time::Instant;
use tokio_util::sync::CancellationToken;

/// The rows of the live model, as one value.
const DIGEST: &str = "select md5(string_agg(d::text, '' order by school_id, local_date, student_id))
  || md5((select string_agg(s::text, '' order by position) from live.live_scans s)) from live.pupil_days d";

/// The projector from the beginning, then a rebuild, on the log that the ingest left.
pub async fn run(options: &Options, measured: &Measured, figures: &mut Vec<Figure>) -> Result<()> {
    let database = &measured.database;
    let path = "public,roster,live,audit,no_show";
    let (projector, reader) =
        (database.pool(Role::Projector, 4, path).await?, database.pool(Role::LogReader, 4, path).await?);
    let owner = &database.owner;
    let live = digest(owner).await?;
    let head = nats::log::head(owner).await?.position as f64;
    let (mut projected, mut rebuilt) = (Vec::new(), Vec::new());
    for _ in 0..options.rounds.min(3) {
        options.say("projector");
        sqlx::query("truncate live.pupil_days, live.live_scans, live.gates, live.quarantined").execute(owner).await?;
        sqlx::query("delete from checkpoints where read_model = 'live'").execute(owner).await?;
        let mut one = Projector::new(ReadModel::Live, projector.clone(), Feed::new(reader.clone(), None));
        let begun = Instant::now();
        while position(owner).await? < head as i64 {
            one.step(&CancellationToken::new()).await?;
        }
        projected.push(head / begun.elapsed().as_secs_f64());
        ensure!(digest(owner).await? == live, "the projector's rows are not those of before");
        options.say("rebuild");
        let done = rebuild(owner, &reader, ReadModel::Live).await?;
        rebuilt.push(done.events as f64 / done.took.as_secs_f64());
        ensure!(digest(owner).await? == live, "the rebuilt rows are not those of before");
    }
    check::settle(database).await?;
    figures.push(Figure::once("log", "events", Target::None, head));
    figures.push(Figure::new("projector", "events/s", Target::AtLeast(70_000.0), projected));
    figures.push(Figure::new("rebuild", "events/s", Target::AtLeast(100_000.0), rebuilt));
    Ok(())
}

async fn position(owner: &PgPool) -> Result<i64> {
    let all = checkpoint::all(owner).await?;
    Ok(all.iter().find(|c| c.model == ReadModel::Live).map_or(0, |c| c.position))
}

async fn digest(owner: &PgPool) -> Result<Option<String>> {
    Ok(sqlx::query_scalar(DIGEST).fetch_one(owner).await?)
}
