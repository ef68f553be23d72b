//! A school's settings as they are in the log now.

use crate::error::StoreError;
use crate::pool::in_time;
use domain::school::{Event, Settings};
use domain::{AnyEvent, Epoch, SchoolId, StreamId, decode};
use sqlx::PgPool;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// What was folded so far, one entry per school.
#[derive(Debug, Default)]
pub(crate) struct SettingsCache(Mutex<HashMap<SchoolId, Folded>>);

#[derive(Debug, Clone)]
struct Folded {
    epoch: Epoch,
    sequence: i64,
    settings: Option<Settings>,
}

impl SettingsCache {
    /// The settings now: what is kept, and whatever newer events the log holds. One round trip. A
    /// new epoch may have taken events back, so it folds from the beginning.
    pub(crate) async fn get(&self, pool: &PgPool, school: SchoolId) -> Result<Settings, StoreError> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&school).cloned();
        let stream = StreamId::of(school, school);
        let (epoch, after) = kept.as_ref().map_or((None, 0), |f| (Some(f.epoch.0), f.sequence));
        let asked = sqlx::query!(
            r#"select l.epoch, e.sequence as "sequence?", e.event_type as "event_type?",
                 e.event_version as "event_version?", e.payload::text as payload
               from log_epoch l
               left join events e on e.aggregate_type = 'school' and e.aggregate_id = $1
                 and e.sequence > case when l.epoch = $2 then $3::bigint else 0 end
               order by e.sequence"#,
            stream.as_str(),
            epoch,
            after,
        )
        .fetch_all(pool);
        let rows = in_time(asked).await?;
        let Some(now) = rows.first().map(|r| Epoch(r.epoch)) else {
            return Err(StoreError::Refused(sqlx::Error::RowNotFound)); // no epoch: not migrated
        };
        let mut folded = match kept {
            Some(folded) if folded.epoch == now => folded,
            _ => Folded { epoch: now, sequence: 0, settings: None },
        };
        for row in &rows {
            let (Some(sequence), Some(name), Some(version), Some(payload)) =
                (row.sequence, &row.event_type, &row.event_version, &row.payload)
            else {
                continue;
            };
            if let AnyEvent::School(event) = decode("school", name, version, payload)? {
                match event {
                    Event::Registered { settings, .. } | Event::SettingsChanged { settings } => {
                        folded.settings = Some(settings);
                    }
                    Event::CalendarDaySet { .. } | Event::CalendarDayCleared { .. } => {}
                }
            }
            folded.sequence = sequence;
        }
        let settings = folded.settings.clone();
        let mut cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let newer = cache.get(&school).is_none_or(|f| f.epoch != folded.epoch || f.sequence < folded.sequence);
        if newer && settings.is_some() {
            cache.insert(school, folded);
        }
        drop(cache);
        settings.ok_or(StoreError::UnknownSchool(school))
    }
}
