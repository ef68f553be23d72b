//! A board's facts, kept by whoever shows them and brought up to now: in the rush each board differs from
//! the one before by a few pupils' days, and only those are read.

use super::board::{AsOf, GateLine, SealedName};
use super::facts::{self, BoardFacts, LAST_SCANS, ScanFact};
use super::queries;
use super::rows::{LiveScan, PupilDay};
use crate::ReadModel;
use crate::readers::SchoolSnapshot;
use chrono::NaiveDate;
use domain::Epoch;
use serde::Deserialize;
use sqlx::PgConnection;
use sqlx::types::Json;

/// Facts and what must still hold for them to be brought up to now.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// The facts.
    pub facts: BoardFacts,
    /// The roster's position when the school, its courses and its pupils were read: nothing of them has
    /// changed since.
    pub roster_read_at: i64,
    /// Where they were read.
    pub copies: Copies,
}

/// Which copies of the tables: a rebuild swaps in others, whose rows may differ at the same positions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Copies {
    /// Object id of a table of the live model.
    pub live: i64,
    /// Object id of a table of the roster.
    pub roster: i64,
}

/// What differs from facts at a position, of one moment of the read models.
#[derive(Debug, Clone, PartialEq)]
pub struct Changes {
    /// How far the log is in here.
    pub as_of: AsOf,
    /// Which copies were read.
    pub copies: Copies,
    /// Whether the school, its courses, their schedules or its pupils changed.
    pub roster_changed: bool,
    /// The days that changed.
    pub days: Vec<PupilDay>,
    /// The day's scans that came or changed.
    pub scans: Vec<ChangedScan>,
    /// All kiosks: what they say of themselves is no event.
    pub gates: Vec<GateLine>,
    /// All scans that wait for a person.
    pub quarantined: i64,
}

/// A scan that came or changed.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ChangedScan {
    /// The scan as it is now.
    pub scan: LiveScan,
    /// Its pupil's name.
    pub name: Option<SealedName>,
    /// Its pupil was erased.
    pub erased: bool,
}

impl Kept {
    /// The facts as they are now, and the scans that are new, in the order of the log. None: the changes
    /// do not tell ([`load`] does): the roster changed, the log began another epoch, a model lost its
    /// last commits, a rebuild swapped tables, or somebody was scanned who was not on the board.
    pub fn follow(mut self, changes: Changes) -> Option<(Self, Vec<LiveScan>)> {
        let (then, now) = (self.facts.as_of, changes.as_of);
        let follows = now.epoch == then.epoch
            && !(now.stale_epoch || then.stale_epoch)
            && now.position >= then.position
            && now.roster_position >= then.roster_position
            && changes.copies == self.copies
            && !changes.roster_changed;
        if !follows {
            return None;
        }
        for day in changes.days {
            // Whether as one who left or as one whom the roster does not know yet: the roster says.
            let at = self.facts.pupils.binary_search_by_key(&day.student_id, |pupil| pupil.student_id).ok()?;
            self.facts.pupils[at].day = Some(day);
        }
        let mut new: Vec<LiveScan> = changes
            .scans
            .iter()
            .map(|c| &c.scan)
            .filter(|s| s.position > then.position && !s.withdrawn)
            .cloned()
            .collect();
        new.sort_unstable_by_key(|scan| scan.position);
        if !show(&mut self.facts.last_scans, changes.scans) {
            return None;
        }
        self.facts.gates = changes.gates;
        self.facts.quarantined = changes.quarantined;
        self.facts.as_of = now;
        Some((self, new))
    }
}

/// Puts changed scans among the last ones. False: one of them is an echo now, or was taken back, and the one that moves up
/// for it is not known.
fn show(shown: &mut Vec<ScanFact>, changed: Vec<ChangedScan>) -> bool {
    let most = usize::try_from(LAST_SCANS).unwrap_or(usize::MAX);
    let oldest = shown.last().filter(|_| shown.len() == most).map(|scan| scan.position);
    for ChangedScan { scan, name, erased } in changed {
        shown.retain(|s| s.position != scan.position);
        if !scan.is_told() || oldest.is_some_and(|oldest| scan.position < oldest) {
            continue;
        }
        shown.push(ScanFact {
            position: scan.position,
            scan_id: scan.scan_id,
            student_id: scan.student_id,
            name,
            erased,
            direction: scan.direction,
            occurred_at: scan.occurred_at,
            recorded_at: scan.recorded_at,
            kiosk_id: scan.kiosk_id,
            by_hand: scan.by_hand,
            flags: scan.flags,
        });
    }
    shown.sort_unstable_by_key(|scan| std::cmp::Reverse(scan.position));
    shown.truncate(most);
    oldest.is_none() || shown.len() == most
}

/// Loads the facts of a school's board on a day, and the day's scans that they have and a board at `since`
/// had not, at most `most`, in the order of the log: of one moment, so that a restart or a restore between
/// two readings cannot part them. No scans if `since` is of another epoch, or beyond the facts. None: the
/// roster does not know the school.
pub async fn load(
    tx: &mut SchoolSnapshot,
    date: NaiveDate,
    since: Option<(Epoch, i64)>,
    most: i64,
) -> Result<Option<(Kept, Vec<LiveScan>)>, sqlx::Error> {
    let school = tx.school();
    let Some(facts) = facts::load_in_tx(tx.conn(), school, date).await? else { return Ok(None) };
    let copies = copies_in_tx(tx.conn()).await?;
    let as_of = facts.as_of;
    let mut scans = match since.filter(|(epoch, position)| *epoch == as_of.epoch && *position < as_of.position) {
        Some((_, after)) => queries::scans_after_in_tx(tx.conn(), school, date, after, most).await?,
        None => Vec::new(),
    };
    scans.retain(|scan| !scan.withdrawn);
    Ok(Some((Kept { facts, roster_read_at: as_of.roster_position, copies }, scans)))
}

async fn copies_in_tx(conn: &mut PgConnection) -> Result<Copies, sqlx::Error> {
    sqlx::query_as!(
        Copies,
        r#"select to_regclass('pupil_days')::oid::bigint as "live!", to_regclass('students')::oid::bigint as "roster!""#
    )
    .fetch_one(conn)
    .await
}

/// Settings of a connection that asks for [`changes`] often. Planning the statement takes longer than running
/// it, and one plan does for all schools; made while the tables are empty it must not read them whole, and a
/// table of one row that has to be must not look so dear that the plan is compiled, which takes half a second.
pub const SETTINGS: [(&str, &str); 3] =
    [("plan_cache_mode", "force_generic_plan"), ("enable_seqscan", "off"), ("jit", "off")];

/// What [`changes`] finds of the day's scans.
#[derive(Debug, Deserialize)]
struct Changed {
    days: Vec<PupilDay>,
    scans: Vec<ChangedScan>,
}

/// What differs from the kept facts. None: more than `most` scans, or no such model.
///
/// One statement, hence one snapshot, and a safe one beside a rebuild's swap ([`crate::rebuild`]):
/// Postgres locks the tables of a prepared statement before it takes the snapshot to run it with
/// (`GetCachedPlan`, then `PortalStart`), and looks their names up again if whoever held a lock renamed
/// them. So it never sees a new table through an old snapshot, which is why a [`SchoolSnapshot`] locks by hand.
///
/// It is a transaction of the kept facts' school by itself, in one round trip: `tx` sets the school, for this
/// statement only. Tables are read in subqueries that take the school from `tx`, so none of them runs before it
/// is set; one that did would find nothing.
///
/// It reads what changed and not the whole day: scans that came stand at the end of the day's index by
/// position, those that were flagged later in an index of their own, and a day changes with its scans.
/// `offset 0` keeps a lookup by key from becoming a reading of the whole table.
pub(crate) async fn changes(conn: &mut PgConnection, kept: &Kept, most: i64) -> Result<Option<Changes>, sqlx::Error> {
    let as_of = kept.facts.as_of;
    let row = sqlx::query!(
        r#"select live.epoch as "epoch!", live.position as "position!", live.recorded_at as "recorded_at?",
                  roster.position as "roster_position!",
                  not exists (select from log_epoch l where l.epoch = live.epoch)
                  or not exists (select from log_epoch l where l.epoch = roster.epoch) as "stale!",
                  to_regclass('pupil_days')::oid::bigint as "live_copy!",
                  to_regclass('students')::oid::bigint as "roster_copy!",
                  -- Every change of a membership changes its pupil, too.
                  exists (select from schools where school_id = tx.school and position > $4)
                  or exists (select from courses where school_id = tx.school and position > $4)
                  or exists (select from schedules where school_id = tx.school and position > $4)
                  or exists (select from students where school_id = tx.school and position > $4) as "roster_changed!",
                  (with changed as materialized (
                     (select school_id, local_date, position, scan_id, student_id, kiosk_id, direction, method,
                             by_hand, actor, note, withdrawn, occurred_at, recorded_at, time_confidence, flags, last_position
                      from live_scans where school_id = tx.school and local_date = $2 and position > $3
                      order by position limit $6)
                     union all
                     (select school_id, local_date, position, scan_id, student_id, kiosk_id, direction, method,
                             by_hand, actor, note, withdrawn, occurred_at, recorded_at, time_confidence, flags, last_position
                      from live_scans
                      where school_id = tx.school and local_date = $2 and last_position > $3
                        and last_position > position and position <= $3
                      order by last_position limit $6)
                   )
                   select json_build_object(
                     'days', (
                       select coalesce(json_agg(d), '[]')
                       from (select student_id from changed
                             union
                             (select student_id from acts
                              where school_id = tx.school and local_date = $2 and position > $3
                              order by position limit $6)) c
                       cross join lateral (
                         select school_id, local_date, student_id, first_entry_at, first_entry_any_at, last_direction,
                                last_at, last_scan_id, scans, echoes, by_hand, first_by_hand, last_by_hand, flags,
                                justified, leave_from, leave_reason, position
                         from pupil_days
                         where school_id = tx.school and local_date = $2 and student_id = c.student_id offset 0
                       ) d),
                     'scans', (
                       select coalesce(json_agg(s), '[]')
                       from (select c as scan, p.name, coalesce(p.erased, false) as erased
                             from changed c
                             left join lateral (
                               select case when given_names is not null and family_names is not null
                                        then json_build_object('given', given_names, 'family', family_names)
                                      end as name, erased
                               from students where student_id = c.student_id and school_id = tx.school offset 0
                             ) p on true
                            ) s)
                   )) as "changed!: Json<Changed>",
                  (select coalesce(json_agg(l), '[]')
                   from (select k.kiosk_id, k.gate, k.mode, k.revoked, g.drained_through, g.last_scan_at,
                                g.silent_since, coalesce(g.gaps, 0) as gaps,
                                coalesce(g.forks, 0) as forks, s.last_seen, s.queue_depth, s.clock_skew_ms as skew_ms
                         from kiosks k
                         left join lateral (
                           select drained_through, last_scan_at, silent_since, gaps, forks
                           from gates where kiosk_id = k.kiosk_id and school_id = tx.school offset 0
                         ) g on true
                         left join lateral (
                           select last_seen, queue_depth, clock_skew_ms
                           from kiosk_seen where kiosk_id = k.kiosk_id and school_id = tx.school offset 0
                         ) s on true
                         where k.school_id = tx.school
                         order by k.gate, k.kiosk_id
                        ) l) as "gates!: Json<Vec<GateLine>>",
                  (select count(*) from quarantined
                   where school_id = tx.school and state = 'waiting') as "quarantined!"
           from (select set_config('app.school', $1::uuid::text, true)::uuid as school offset 0) tx
           cross join checkpoint_of($5) live cross join checkpoint_of($7) roster"#,
        kept.facts.school.school_id.0,
        kept.facts.date,
        as_of.position,
        kept.roster_read_at,
        ReadModel::Live.name(),
        most.saturating_add(1),
        ReadModel::Roster.name()
    )
    .fetch_optional(conn)
    .await?;
    let told = row.filter(|row| i64::try_from(row.changed.0.scans.len()).is_ok_and(|n| n <= most));
    Ok(told.map(|row| Changes {
        as_of: AsOf {
            epoch: Epoch(row.epoch),
            position: row.position,
            recorded_at: row.recorded_at,
            roster_position: row.roster_position,
            stale_epoch: row.stale,
        },
        copies: Copies { live: row.live_copy, roster: row.roster_copy },
        roster_changed: row.roster_changed,
        days: row.changed.0.days,
        scans: row.changed.0.scans,
        gates: row.gates.0,
        quarantined: row.quarantined,
    }))
}
