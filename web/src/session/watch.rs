//! Open streams end with the right to them. One look a second, one statement for all of a process, whatever
//! ended it and wherever: sign-out, a disabled account, a role that was taken away.

use super::store::roles;
use super::{Person, Sessions};
use crate::permissions::Permission;
use domain::{AccountId, SchoolId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Pause between two looks.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a look may take.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long streams stay open while the database says nothing. They show nothing new meanwhile, since that comes
/// from there too; past it nobody knows whether they may.
const UNKNOWN: Duration = Duration::from_secs(10);

/// The streams that are open in this process.
#[derive(Clone, Default)]
pub(super) struct Streams(Arc<Mutex<HashMap<u64, Stream>>>);

#[derive(Clone)]
struct Stream {
    session_id: Uuid,
    account_id: AccountId,
    needs: Option<(Permission, SchoolId)>,
    end: CancellationToken,
}

impl Streams {
    fn all(&self) -> MutexGuard<'_, HashMap<u64, Stream>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream's place among those that are looked after; dropped when it ends.
pub struct Watched {
    key: u64,
    streams: Streams,
    end: CancellationToken,
}

impl Watched {
    /// Resolves when the person may not have the stream any more.
    pub fn revoked(&self) -> impl Future<Output = ()> + Send + 'static {
        self.end.clone().cancelled_owned()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.streams.all().remove(&self.key);
    }
}

impl Sessions {
    /// Looks after a stream of this person's, which needs that right, for as long as the answer is kept; none where
    /// the person has `most` in this process, in however many sessions.
    pub fn watch(&self, person: &Person, needs: Option<(Permission, SchoolId)>, most: usize) -> Option<Watched> {
        let (end, account_id) = (CancellationToken::new(), person.account_id);
        let stream = Stream { session_id: person.session_id, account_id, needs, end: end.clone() };
        let mut all = self.streams.all();
        if all.values().filter(|stream| stream.account_id == account_id).count() >= most {
            return None;
        }
        let key = loop {
            let key = fastrand::u64(..);
            if !all.contains_key(&key) {
                break key;
            }
        };
        all.insert(key, stream);
        drop(all);
        Some(Watched { key, streams: self.streams.clone(), end })
    }

    /// How many streams are looked after.
    #[cfg(test)]
    pub fn open_streams(&self) -> usize {
        self.streams.all().len()
    }

    /// Looks once a second until it is stopped.
    pub async fn keep_watch(self, stop: CancellationToken) {
        let mut known = Instant::now();
        while stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await.is_some() {
            let began = Instant::now();
            match tokio::time::timeout(PATIENCE, self.look()).await {
                Ok(Ok(())) => known = began,
                failed => {
                    if let Ok(Err(error)) = failed {
                        tracing::warn!(%error, "open streams were not looked after");
                    }
                    if known.elapsed() > UNKNOWN {
                        self.streams.all().values().for_each(|stream| stream.end.cancel());
                    }
                }
            }
        }
    }

    /// Ends every stream whose session is over or whose right is gone. A stream counts as use of its session.
    async fn look(&self) -> Result<(), sqlx::Error> {
        // Only those that were there before the database was asked: a later one may belong to a later session.
        let streams: Vec<Stream> = self.streams.all().values().cloned().collect();
        if streams.is_empty() {
            return Ok(());
        }
        let mut sessions: Vec<Uuid> = streams.iter().map(|stream| stream.session_id).collect();
        sessions.sort_unstable();
        sessions.dedup();
        let rows = sqlx::query!(
            r#"with open as (
                select s.session_id, s.account_id, null::uuid as school_id, s.last_seen_at
                from sessions s join accounts a using (account_id)
                where s.session_id = any($1) and session_is_open(s, a, $2)
                union all
                select f.family_id, f.account_id, f.school_id, $2
                from token_families f join accounts a using (account_id)
                where f.family_id = any($1) and family_is_open(f, a, $2)
            ), used as (
                update sessions s set last_seen_at = $2 from open o
                where s.session_id = o.session_id and o.last_seen_at < $2 - interval '1 minute'
            )
            select o.session_id as "session_id!",
                coalesce(array_agg(r.school_id order by r.school_id, r.role) filter (where r.role is not null), '{}')
                    as "schools!",
                coalesce(array_agg(r.role order by r.school_id, r.role) filter (where r.role is not null), '{}')
                    as "roles!"
            from open o left join account_roles r
                on r.account_id = o.account_id and (o.school_id is null or r.school_id = o.school_id)
            group by o.session_id"#,
            &sessions,
            self.clock.of_people(),
        )
        .fetch_all(&self.pool)
        .await?;
        let open: HashMap<_, _> =
            rows.into_iter().map(|row| (row.session_id, roles(row.schools, &row.roles))).collect();
        for stream in streams {
            let may = open.get(&stream.session_id).is_some_and(|roles| {
                stream.needs.is_none_or(|(permission, school)| {
                    roles.iter().any(|(of, role)| *of == school && permission.is_of(*role))
                })
            });
            if !may {
                stream.end.cancel();
            }
        }
        Ok(())
    }
}
