//! Fills a fresh copy of a read model from the log, beside the live one, and swaps.
//!
//! ```text
//! create schema <model>_next, its tables like the live ones
//! page by page: the same fold as live, with `<model>_next` in the search path
//! one transaction: checkpoint row locked (projectors wait), old tables locked (readers finish),
//!                  the last events caught up, schemas renamed, checkpoint set
//! drop the old schema
//! ```
//! Readers and projectors name tables without a schema, so they meet the new copy with their next
//! statement; their prepared statements are planned again by Postgres. Whoever holds a lock on one of
//! the old tables keeps all of them until the transaction ends, so nobody sees half of each.
//!
//! Needs the owner's role: it creates and renames schemas; rows are written as the projector. Twice the model's space while it runs.

use crate::fact::{Poison, decode_page};
use crate::runner::{announce_in_tx, continues};
use crate::{Checkpoint, Fact, ReadModel, checkpoint};
use nats::log;
use sqlx::{Connection, Executor, PgConnection, PgPool};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Events of one transaction.
const PAGE: usize = 5_000;
/// How long the swap lets readers wait behind it before it gives way.
const GIVE_WAY: &str = "set local lock_timeout = '300ms'";
/// How long the swap is tried again: a dump of the database holds every table for its duration.
const PATIENCE: Duration = Duration::from_secs(600);

/// What a rebuild did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rebuilt {
    /// Events folded.
    pub events: u64,
    /// From first to last step.
    pub took: Duration,
    /// The position that the new copy was swapped in at.
    pub position: i64,
}

/// Why a rebuild came to nothing; the live copy is as it was.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// The same model is being rebuilt by somebody else.
    #[error("this read model is being rebuilt already")]
    Running,
    /// An event cannot be applied.
    #[error(transparent)]
    Poison(#[from] Poison),
    /// The log's pages have a hole.
    #[error("the log has a hole after position {0}")]
    Hole(i64),
    /// The log was restored meanwhile.
    #[error("the log has begun another epoch, start again")]
    EpochChanged,
    /// The old tables were in use all the time.
    #[error("the read model's tables were in use for {} s, nothing was swapped", PATIENCE.as_secs())]
    Busy,
    /// The database failed.
    #[error("the database failed")]
    Db(#[from] sqlx::Error),
}

/// Rebuilds a read model from the whole log and swaps it in. `owner` owns the schemas, `reader` may
/// read the log.
pub async fn rebuild(owner: &PgPool, reader: &PgPool, model: ReadModel) -> Result<Rebuilt, RebuildError> {
    // A connection of its own: the lock lives as long as it.
    let mut conn = owner.acquire().await?.detach();
    let outcome = Rebuild { conn: &mut conn, reader, model }.run().await;
    conn.close().await?;
    outcome
}

struct Rebuild<'a> {
    conn: &'a mut PgConnection,
    reader: &'a PgPool,
    model: ReadModel,
}

/// How far the new copy is.
#[derive(Clone, Copy)]
struct Filled {
    events: u64,
    to: Checkpoint,
}

impl Rebuild<'_> {
    async fn run(&mut self) -> Result<Rebuilt, RebuildError> {
        let started = Instant::now();
        let locked = sqlx::query_scalar!(
            r#"select pg_try_advisory_lock(hashtextextended('attendance rebuild ' || $1, 0)) as "locked!""#,
            self.model.name()
        )
        .fetch_one(&mut *self.conn)
        .await?;
        if !locked {
            return Err(RebuildError::Running);
        }
        self.drop_schema("next").await?;
        self.drop_schema("old").await?;
        let filled = self.fill_and_swap().await;
        if filled.is_err() {
            self.drop_schema("next").await?;
        }
        let filled = filled?;
        self.drop_schema("old").await?;
        Ok(Rebuilt { events: filled.events, took: started.elapsed(), position: filled.to.position })
    }

    async fn fill_and_swap(&mut self) -> Result<Filled, RebuildError> {
        self.create_copy().await?;
        let epoch = log::head(self.reader).await?.epoch;
        let begun = checkpoint::begin_on(self.conn, self.model).await?;
        let to = Checkpoint { epoch, position: 0, recorded_at: None, ..begun };
        let mut filled = Filled { events: 0, to };
        self.fill(&mut filled).await?;
        self.analyze().await?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            // What came meanwhile, so that little is left for the time under the locks.
            self.fill(&mut filled).await?;
            match self.swap(filled).await {
                Ok(swapped) => return Ok(swapped),
                Err(RebuildError::Db(error)) if gave_way(&error) && Instant::now() < deadline => {
                    sleep(Duration::from_millis(200)).await;
                }
                Err(RebuildError::Db(error)) if gave_way(&error) => return Err(RebuildError::Busy),
                Err(error) => return Err(error),
            }
        }
    }

    /// Applies what the log has to the new copy, each page in a transaction of its own, while the next one
    /// is read.
    async fn fill(&mut self, filled: &mut Filled) -> Result<(), RebuildError> {
        let Self { conn, reader, model } = self;
        let mut facts = read_after(reader, filled.to.position).await?;
        while let Some(last) = facts.last().map(Fact::position) {
            let full = facts.len() == PAGE;
            let next = async { if full { read_after(reader, last).await } else { Ok(Vec::new()) } };
            let (applied, next) = tokio::join!(apply_alone(conn, *model, &facts, filled), next);
            applied?;
            facts = next?;
        }
        Ok(())
    }

    async fn swap(&mut self, mut filled: Filled) -> Result<Filled, RebuildError> {
        let model = self.model;
        let mut tx = self.conn.begin().await?;
        sqlx::query(GIVE_WAY).execute(&mut *tx).await?;
        set_path_in_tx(&mut tx, model).await?;
        // Projectors move this row first: whoever is in a page finishes, the next one waits.
        sqlx::query!("select position from checkpoints where read_model = $1 for update", model.name())
            .fetch_optional(&mut *tx)
            .await?;
        let tables: Vec<String> = sqlx::query_scalar!(
            r#"select format('%I.%I', schemaname, tablename) as "name!" from pg_tables where schemaname = $1 order by 1"#,
            model.name()
        )
        .fetch_all(&mut *tx)
        .await?;
        // Names of the catalogue, quoted by it.
        tx.execute(format!("lock table {} in access exclusive mode", tables.join(", ")).as_str()).await?;
        loop {
            let facts = read_after(self.reader, filled.to.position).await?;
            if facts.is_empty() {
                break;
            }
            apply_in_tx(&mut tx, model, &facts, &mut filled).await?;
        }
        if log::head(self.reader).await?.epoch != filled.to.epoch {
            return Err(RebuildError::EpochChanged);
        }
        tx.execute(
            format!("alter schema {model} rename to {model}_old; alter schema {model}_next rename to {model}").as_str(),
        )
        .await?;
        checkpoint::set_in_tx(&mut tx, &filled.to).await?;
        announce_in_tx(&mut tx, model, "*").await?;
        tx.commit().await?;
        Ok(filled)
    }

    /// A schema beside the live one: tables, indexes, storage parameters, grants and policies.
    async fn create_copy(&mut self) -> Result<(), RebuildError> {
        let live = self.model.name();
        let next = format!("{live}_next");
        let mut tx = self.conn.begin().await?;
        // The catalogue writes the statements, and quotes.
        let statements = sqlx::query_scalar!(
            r#"with t as (
                 select c.* from pg_class c join pg_namespace n on n.oid = c.relnamespace
                 where n.nspname = $1 and c.relkind = 'r'
               )
               select statement as "statement!" from (
                 select 1 as step, format('create schema %I', $2::text) as statement
                 union all
                 select 2, format('grant %s on schema %I to %s', a.privilege_type, $2,
                                  case a.grantee when 0 then 'public' else a.grantee::regrole::text end)
                   from pg_namespace n, aclexplode(n.nspacl) a where n.nspname = $1
                 union all
                 select 3, format('create table %I.%I (like %I.%I including all)', $2, relname, $1::text, relname) from t
                 union all
                 select 4, format('alter table %I.%I set (%s)', $2, relname, array_to_string(reloptions, ', '))
                   from t where reloptions is not null
                 union all
                 select 5, format('grant %s on %I.%I to %s', a.privilege_type, $2, relname,
                                  case a.grantee when 0 then 'public' else a.grantee::regrole::text end)
                   from t, aclexplode(relacl) a
                 union all
                 select 6, format('create policy %I on %I.%I as %s for %s to %s', policyname, $2, tablename, permissive, cmd,
                                  array_to_string(array(select quote_ident(r) from unnest(roles) r), ', '))
                           || coalesce(' using (' || qual || ')', '')
                           || coalesce(' with check (' || with_check || ')', '')
                   from pg_policies where schemaname = $1
                 union all
                 select 7, format('alter table %I.%I enable row level security', $2, relname) from t where relrowsecurity
                 union all
                 select 8, format('alter table %I.%I force row level security', $2, relname) from t where relforcerowsecurity
               ) s order by step"#,
            live,
            next
        )
        .fetch_all(&mut *tx)
        .await?;
        for statement in statements {
            tx.execute(statement.as_str()).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    async fn analyze(&mut self) -> Result<(), RebuildError> {
        let tables: Vec<String> = sqlx::query_scalar!(
            r#"select format('%I.%I', schemaname, tablename) as "name!" from pg_tables where schemaname = $1 || '_next'"#,
            self.model.name()
        )
        .fetch_all(&mut *self.conn)
        .await?;
        self.conn.execute(format!("analyze {}", tables.join(", ")).as_str()).await?;
        Ok(())
    }

    /// Waits for readers that still hold a table of it, giving way to whoever would wait behind.
    async fn drop_schema(&mut self, suffix: &str) -> Result<(), RebuildError> {
        let statement = format!("drop schema if exists {}_{suffix} cascade", self.model.name());
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut tx = self.conn.begin().await?;
            sqlx::query(GIVE_WAY).execute(&mut *tx).await?;
            match tx.execute(statement.as_str()).await {
                Ok(_) => return Ok(tx.commit().await?),
                Err(error) if gave_way(&error) && Instant::now() < deadline => {
                    tx.rollback().await?;
                    sleep(Duration::from_millis(200)).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Leads the tables of one model to its new copy, all others to the live ones.
async fn set_path_in_tx(conn: &mut PgConnection, model: ReadModel) -> Result<(), sqlx::Error> {
    let mut path = vec!["public".to_owned()];
    path.extend(ReadModel::ALL.iter().map(|m| if *m == model { format!("{m}_next") } else { m.name().to_owned() }));
    sqlx::query!("select set_config('search_path', $1, true)", path.join(", ")).fetch_one(conn).await?;
    Ok(())
}

/// The events that follow a position, decoded.
async fn read_after(reader: &PgPool, position: i64) -> Result<Vec<Fact>, RebuildError> {
    let (facts, poison) = decode_page(log::read_after(reader, position, PAGE as i64).await?);
    poison.map_or(Ok(facts), |poison| Err(poison.into()))
}

/// Applies a page to the new copy in a transaction of its own.
async fn apply_alone(
    conn: &mut PgConnection,
    model: ReadModel,
    facts: &[Fact],
    filled: &mut Filled,
) -> Result<(), RebuildError> {
    let mut tx = conn.begin().await?;
    set_path_in_tx(&mut tx, model).await?;
    sqlx::query!("set local synchronous_commit = off").execute(&mut *tx).await?;
    apply_in_tx(&mut tx, model, facts, filled).await?;
    Ok(tx.commit().await?)
}

async fn apply_in_tx(
    conn: &mut PgConnection,
    model: ReadModel,
    facts: &[Fact],
    filled: &mut Filled,
) -> Result<(), RebuildError> {
    continues(filled.to.position, facts).map_err(|_| RebuildError::Hole(filled.to.position))?;
    // Row-level security is forced: the owner of the tables meets no rows, the projector does.
    conn.execute("set local role attendance_projector").await?;
    model.apply_page_in_tx(conn, facts).await?;
    conn.execute("reset role").await?;
    if let Some(last) = facts.last() {
        filled.to = crate::runner::after(&filled.to, last);
        filled.events += facts.len() as u64;
    }
    Ok(())
}

/// Whether somebody else held a lock for too long (`lock_not_available`, `deadlock_detected`).
fn gave_way(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|e| e.code()).is_some_and(|code| code == "55P03" || code == "40P01")
}
