//! What the commands that write have in common.

use crate::config::WriteSide;
use crate::pools::Pools;
use crate::serve::write_side;
use anyhow::{Context as _, bail};
use commands::clock::{Clock, SystemClock};
use commands::ids::{IdSource, SystemIds};
use commands::looks::{Look, Looker, Looks, SERVER, SERVER_RIGHT, What, Whose};
use commands::{Context, Write};
use domain::{Actor, SchoolId};
use projections::{Checkpoint, ReadModel};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// The write side at the command line.
pub struct Tools {
    /// The write side.
    pub write: Write,
    /// The pools below it, and the one that reads the read models.
    pub pools: Pools,
}

impl Tools {
    /// Connects.
    pub async fn open(sides: &WriteSide) -> anyhow::Result<Self> {
        let pools = Pools::connect(&sides.databases, &sides.pools).await?;
        let (clock, ids): (Arc<dyn Clock>, Arc<dyn IdSource>) = (Arc::new(SystemClock), Arc::new(SystemIds));
        Ok(Self { write: write_side(sides, &pools, &clock, &ids)?, pools })
    }

    /// On the databases of a test's server.
    #[cfg(test)]
    pub(super) async fn of(app: &crate::testing::TestApp) -> Self {
        let (events, vault) = (app.databases.events_url(), app.databases.vault_url());
        Self::open(&crate::config::Config::for_testing(&events, &vault).sides).await.unwrap()
    }

    /// The school that was named, or the only one that there is.
    pub async fn school(&self, named: Option<SchoolId>) -> anyhow::Result<SchoolId> {
        match named {
            Some(school) => Ok(school),
            None => only_school(&self.write).await,
        }
    }

    /// Waits a moment until the roster holds the whole log: a list of courses or pupils read before would
    /// silently lack what was just imported.
    pub async fn roster_is_current(&self) -> anyhow::Result<()> {
        let log = nats::log::head(&self.pools.log_reader).await?;
        for _ in 0..50 {
            let known = self.pools.request.checkpoints().await?;
            let holds =
                |c: &Checkpoint| (c.model, c.epoch) == (ReadModel::Roster, log.epoch) && c.position >= log.position;
            if known.iter().any(holds) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        bail!("the list of courses and pupils is behind the log: is `attendance serve` running?")
    }

    /// Records that pupils' data is shown here: before it is.
    pub async fn look(&self, school: SchoolId, what: What, whose: Whose) -> anyhow::Result<()> {
        let looks = Looks::new(self.write.pool().clone(), self.write.clock().clone());
        let (who, role, why) = (Looker::Server, SERVER.to_owned(), SERVER_RIGHT);
        let look = Look { school, who, role, what, whose, of_date: None, why, session_id: Uuid::nil() };
        looks.record(look).await.context("record who looks")?;
        Ok(())
    }

    /// The context of a command that a person gives here.
    pub async fn context(&self, school: SchoolId, command: &str) -> anyhow::Result<Context> {
        let settings = self.write.school_settings(school).await.context("find the school")?;
        Ok(Context {
            school,
            zone: settings.zone,
            actor: Actor::cli(command),
            command_id: None,
            correlation_id: self.write.ids().next(),
            causation_id: None,
        })
    }
}

/// The only school of this installation.
pub(crate) async fn only_school(write: &Write) -> anyhow::Result<SchoolId> {
    let schools = sqlx::query_scalar!("select distinct school_id from events where aggregate_type = 'school' limit 2")
        .fetch_all(write.pool())
        .await?;
    match schools[..] {
        [school] => Ok(SchoolId(school)),
        [] => bail!("no school is registered yet: attendance school add --name \"…\""),
        _ => bail!("there are several schools: name one with --school"),
    }
}

/// What a subcommand makes of these words after its name.
#[cfg(test)]
pub(super) fn parsed<A: clap::Args>(words: &[&str]) -> Result<A, clap::Error> {
    #[derive(clap::Parser)]
    struct Line<A: clap::Args> {
        #[command(flatten)]
        args: A,
    }
    <Line<A> as clap::Parser>::try_parse_from([&["attendance"], words].concat()).map(|line| line.args)
}
