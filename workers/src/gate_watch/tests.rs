use super::*;
use crate::testing::write_side;
use commands::clock::{Clock, ManualClock};
use domain::kiosk::LaneMode;
use domain::school::{School, Settings};
use domain::{StreamId, kiosk::Kiosk};
use local_services::testing::TestDatabases;
use sqlx::PgPool;
use std::sync::Arc;
use uuid::Uuid;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_773_052_200 + seconds, 0).unwrap()
}

#[test]
fn a_kiosk_is_silent_only_after_the_limit() {
    assert_eq!(judge(at(0), at(180)), Command::ReportSeen);
    assert_eq!(judge(at(0), at(181)), Command::ReportSilent { last_seen: at(0) });
    // A server clock that went back is no silence.
    assert_eq!(judge(at(100), at(0)), Command::ReportSeen);
}

struct Site {
    owner: PgPool,
    write: Write,
    clock: Arc<ManualClock>,
    leader: PgConnection,
}

fn school(n: u128) -> SchoolId {
    SchoolId(Uuid::from_u128(0x5c00_0000 + n))
}
fn kiosk(n: u128) -> KioskId {
    KioskId(Uuid::from_u128(0x6000_0000 + n))
}

impl Site {
    /// Kiosks 1 to 4 of school 1, all heard at 0.
    async fn new() -> Self {
        let databases = TestDatabases::create().await.unwrap();
        let (write, clock) = write_side(&databases, at(0)).await;
        let owner = PgPool::connect_with(databases.owner_options()).await.unwrap();
        let worker = databases.owner_options().options([("role", "attendance_worker")]);
        let leader = PgConnection::connect_with(&worker).await.unwrap();
        let site = Self { owner, write, clock, leader };
        let settings = Settings {
            late_after_minutes: 10,
            missing_after_minutes: 30,
            echo_seconds: 60,
            ..Settings::of(chrono_tz::America::Santiago)
        };
        let command = domain::school::Command::Register { name: "Escuela".into(), rbd: None, settings };
        site.write.execute::<School>(&site.context(), &StreamId::of(school(1), school(1)), command).await.unwrap();
        for n in 1..=4 {
            let command = Command::Enrol { gate: "Portón Norte".into(), mode: LaneMode::Choice };
            site.write.execute::<Kiosk>(&site.context(), &StreamId::of(school(1), kiosk(n)), command).await.unwrap();
            site.heard(school(1), kiosk(n)).await;
        }
        site
    }

    fn context(&self) -> Context {
        Context {
            school: school(1),
            zone: chrono_tz::America::Santiago,
            actor: Actor::cli("test"),
            command_id: None,
            correlation_id: Uuid::from_u128(0xc0),
            causation_id: None,
        }
    }

    async fn heard(&self, school: SchoolId, kiosk: KioskId) {
        sqlx::query(
            "with secret as (
               insert into kiosk_secrets (kiosk_id, school_id, secret_sha256, created_at)
               values ($1, $2, '', $3) on conflict do nothing)
             insert into kiosk_seen (kiosk_id, school_id, last_seen, queue_depth, clock_skew_ms, boot_id)
             values ($1, $2, $3, 0, 0, $1) on conflict (kiosk_id) do update set last_seen = excluded.last_seen",
        )
        .bind(kiosk.0)
        .bind(school.0)
        .bind(self.clock.now())
        .execute(&self.owner)
        .await
        .unwrap();
    }

    async fn facts(&self) -> Vec<String> {
        sqlx::query_scalar(
            "select right(aggregate_id, 1) || ' ' || event_type from events
             where event_type in ('silent', 'returned') order by position",
        )
        .fetch_all(&self.owner)
        .await
        .unwrap()
    }
}

#[tokio::test]
async fn silence_and_return_are_written_once_each() {
    let mut site = Site::new().await;
    let mut known = HashMap::new();
    let mut written = Vec::new();
    for seconds in [0, 170, 20, 5, 300] {
        site.clock.advance(TimeDelta::seconds(seconds));
        written.push(look(&mut site.leader, &site.write, &mut known).await.unwrap());
    }
    site.heard(school(1), kiosk(2)).await;
    written.push(look(&mut site.leader, &site.write, &mut known).await.unwrap());
    // Another process leads: it knows nothing, and the streams do.
    written.push(look(&mut site.leader, &site.write, &mut HashMap::new()).await.unwrap());
    assert_eq!(written, [0, 0, 4, 0, 0, 1, 0]);
    assert_eq!(site.facts().await, ["1 silent", "2 silent", "3 silent", "4 silent", "2 returned"]);
}

#[tokio::test]
async fn a_kiosk_whose_fact_cannot_be_written_hides_no_other_and_is_told_later() {
    let mut site = Site::new().await;
    // Kiosk 0 comes first and belongs to a school that is not in the log; kiosk 2's stream cannot be read.
    site.heard(school(9), kiosk(0)).await;
    let unreadable =
        |name: &'static str| sqlx::query(name).bind(format!("{}/{}", school(1).0, kiosk(2).0)).execute(&site.owner);
    let teleported =
        "insert into events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
        select aggregate_type, aggregate_id, sequence + 1, 'silent', '99', payload, metadata from events
        where aggregate_type = 'kiosk' and aggregate_id = $1";
    unreadable(teleported).await.unwrap();
    site.clock.advance(TimeDelta::seconds(181));
    let mut known = HashMap::new();
    assert_eq!(look(&mut site.leader, &site.write, &mut known).await.unwrap(), 3);
    let told = ["1 silent", "2 silent", "3 silent", "4 silent"];
    let mut facts = site.facts().await;
    facts.sort();
    assert_eq!(facts, told);
    // The look after finds the same two in its way, and knows the others still.
    assert_eq!(look(&mut site.leader, &site.write, &mut known).await.unwrap(), 0);
    assert_eq!(known.len(), 3);
}

#[tokio::test]
async fn a_leader_that_lost_its_connection_is_told_so() {
    let mut site = Site::new().await;
    sqlx::query("select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()")
        .execute(&site.owner)
        .await
        .unwrap();
    assert!(look(&mut site.leader, &site.write, &mut HashMap::new()).await.is_err());
}
