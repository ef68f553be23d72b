//! What Postgres spent its time on, by role and statement: where to look when a figure is not what it should be.

use crate::Options;
use crate::stage::Database;
use anyhow::Result;
use sqlx::PgConnection;

/// Statements told of a turn.
const TOLD: i64 = 25;

/// Before the server is started again.
pub async fn preload(c: &mut PgConnection) -> Result<()> {
    sqlx::query("alter system set shared_preload_libraries = 'pg_stat_statements'").execute(c).await?;
    Ok(())
}

/// Forgets what was counted.
pub async fn reset(options: &Options, database: &Database) -> Result<()> {
    if options.statements {
        sqlx::query("create extension if not exists pg_stat_statements schema public").execute(&database.owner).await?;
        sqlx::query("select public.pg_stat_statements_reset()").execute(&database.owner).await?;
    }
    Ok(())
}

/// Says what was counted since.
pub async fn tell(options: &Options, database: &Database) -> Result<()> {
    if !options.statements {
        return Ok(());
    }
    let rows: Vec<(String, i64, f64, i64, String)> = sqlx::query_as(
        "select coalesce(r.rolname::text, '?'), s.calls, s.total_exec_time, s.rows,
           regexp_replace(left(s.query, 400), '[[:space:]]+', ' ', 'g')
         from public.pg_stat_statements s left join pg_roles r on r.oid = s.userid
         order by s.total_exec_time desc limit $1",
    )
    .bind(TOLD)
    .fetch_all(&database.owner)
    .await?;
    for (role, calls, exec, rows, query) in rows {
        let role = role.trim_start_matches("attendance_");
        let query: String = query.chars().take(130).collect();
        options.say(&format!("    {role:10} {exec:7.0} ms {calls:6} calls {rows:8} rows  {query}"));
    }
    Ok(())
}
