//! What the commands that write have in common.

use crate::config::WriteSide;
use crate::pools::Pools;
use crate::serve::write_side;
use anyhow::Context as _;
use commands::clock::{Clock, SystemClock};
use commands::ids::{IdSource, SystemIds};
use commands::{Context, Write};
use domain::{Actor, SchoolId};
use std::sync::Arc;

/// The write side at the command line.
pub struct Tools {
    /// The write side.
    pub write: Write,
}

impl Tools {
    /// Connects.
    pub async fn open(sides: &WriteSide) -> anyhow::Result<Self> {
        let pools = Pools::connect(&sides.databases).await?;
        let (clock, ids): (Arc<dyn Clock>, Arc<dyn IdSource>) = (Arc::new(SystemClock), Arc::new(SystemIds));
        Ok(Self { write: write_side(sides, &pools, &clock, &ids)? })
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
