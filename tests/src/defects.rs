//! What the seed implementation got wrong, and what must be impossible here: each over HTTP on a whole
//! server. The numbers are those of its list of defects.

mod apart;

use crate::support::{Kiosk, Line, SANTIAGO, School, eventually, id, monday};
use anyhow::{Result, ensure};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use commands::use_cases::{SetWeeklySchedule, set_weekly_schedule};
use domain::kiosk::LaneMode;
use domain::values::zone;
use futures::stream::{self, StreamExt as _};
use serde_json::Value;
use std::collections::HashSet;
use std::time::{Duration, Instant};
use uuid::Uuid;

async fn scene(courses: u8, pupils: usize) -> Result<(Line, School, Kiosk)> {
    let line = Line::start().await?;
    let school = line.school(SANTIAGO, courses, pupils).await?;
    let kiosk = line.kiosk(&school, "Norte", LaneMode::Choice).await?;
    line.settle().await?;
    Ok((line, school, kiosk))
}

/// A scan as the log holds it: its id, direction, school day.
type Stored = (Uuid, String, NaiveDate);

async fn stored(line: &Line) -> Result<Vec<Stored>> {
    let rows = "select (payload ->> 'scan_id')::uuid, payload ->> 'direction', local_date from events
                where event_type = 'scan_recorded' order by position";
    Ok(sqlx::query_as(rows).fetch_all(&line.owner).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn d2_a_retry_or_a_second_tap_never_turns_an_entry_into_an_exit() {
    let (line, school, mut kiosk) = scene(1, 1).await.unwrap();
    let card = &school.pupils[0].card;
    let first = kiosk.scan(card, "entry", line.now());
    let (items, _) = kiosk.deliver(&line, std::slice::from_ref(&first)).await.unwrap();
    // The same body again, and again later: the same answer, and nothing new.
    for minutes in [0, 0, 10] {
        line.clock.advance(TimeDelta::minutes(minutes));
        let (again, _) = kiosk.deliver(&line, std::slice::from_ref(&first)).await.unwrap();
        assert_eq!((&again[0]["verdict"], &again[0]["position"]), (&"duplicate".into(), &items[0]["position"]));
    }
    // Taps again at the entry, seconds and minutes later: entries, whatever came before.
    for seconds in [2, 30, 600] {
        line.clock.advance(TimeDelta::seconds(seconds));
        let scan = kiosk.scan(card, "entry", line.now());
        let (items, _) = kiosk.deliver(&line, &[scan]).await.unwrap();
        assert_eq!(items[0]["verdict"], "flagged", "{items:?}");
    }
    // The old number under another scan id: kept for a person, not taken for a movement.
    let mut fork = first.clone();
    fork["scan_id"] = id().to_string().into();
    let (items, _) = kiosk.deliver(&line, &[fork]).await.unwrap();
    assert_eq!(items[0]["verdict"], "quarantined");
    let directions: Vec<String> = stored(&line).await.unwrap().into_iter().map(|s| s.1).collect();
    assert_eq!(directions, ["entry"; 4]);
    line.settle().await.unwrap();
    let totals = &line.json(&format!("/api/v1/live?school={}", school.id)).await.unwrap()["totals"];
    assert_eq!((&totals["inside"], &totals["left"]), (&1.into(), &0.into()), "{totals}");
}

#[tokio::test(flavor = "multi_thread")]
async fn d19_the_same_pupil_within_milliseconds_and_connections_cut_at_the_commit_give_no_500_and_no_double() {
    let (line, school, kiosk) = scene(1, 4).await.unwrap();
    let stop = std::sync::atomic::AtomicBool::new(false);
    let cut = async {
        let mut cuts = 0;
        while !stop.load(std::sync::atomic::Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(150)).await;
            // Whoever is in the middle of a write, the commit included.
            let end = "select count(pg_terminate_backend(pid)) from pg_stat_activity
                       where datname = current_database() and pid <> pg_backend_pid()
                         and (state <> 'idle' or query ilike 'commit%')";
            cuts += sqlx::query_scalar::<_, i64>(end).fetch_one(&line.owner).await.unwrap_or(0);
        }
        cuts
    };
    // Pairs of the same card at once; each client repeats its own batch until it is acknowledged,
    // and takes a 500 for a failure of the test.
    let work = async {
        let clients = (0..160).map(|n| {
            let (mut kiosk, line, school) = (kiosk.clone(), &line, &school);
            async move {
                kiosk.queue = id();
                let scan = kiosk.scan(&school.pupils[n / 2 % 4].card, "entry", line.now());
                kiosk.deliver(line, &[scan]).await.map(|(_, failed)| (kiosk.acks, failed))
            }
        });
        let answers: Vec<_> = stream::iter(clients).buffer_unordered(16).collect().await;
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        answers
    };
    let (answers, cuts) = tokio::join!(work, cut);
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    assert!(cuts > 0, "no connection was cut");
    let acks: Vec<_> = answers.into_iter().flat_map(|(acks, _)| acks).collect();
    assert_eq!(line.must_hold(&acks).await.unwrap(), 160);
    assert_eq!(stored(&line).await.unwrap().len(), 160, "each scan is in the log once");
    line.must_equal_a_rebuild().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn d22_half_past_nine_in_the_evening_belongs_to_that_local_day_in_all_four_chilean_zones() {
    use chrono_tz::{America, Pacific};
    let line = Line::start().await.unwrap();
    for tz in [America::Santiago, America::Punta_Arenas, America::Coyhaique, Pacific::Easter] {
        let school = line.school(tz, 1, 1).await.unwrap();
        let mut kiosk = line.kiosk(&school, "Norte", LaneMode::Choice).await.unwrap();
        let local = |h, m| zone::resolve_local(monday(), NaiveTime::from_hms_opt(h, m, 0).unwrap(), tz);
        let evening: DateTime<Utc> = local(21, 30);
        assert_ne!(evening.date_naive(), monday(), "{tz}: in UTC it is the next day already");
        let mut sent = Vec::new();
        for (direction, at) in [("entry", local(8, 0)), ("exit", evening)] {
            line.clock.set(line.now().max(at));
            let scan = kiosk.scan(&school.pupils[0].card, direction, at);
            let (items, _) = kiosk.deliver(&line, std::slice::from_ref(&scan)).await.unwrap();
            sent.push((items[0]["scan_id"].as_str().unwrap().parse::<Uuid>().unwrap(), direction.to_owned(), monday()));
        }
        let all = stored(&line).await.unwrap();
        assert_eq!(&all[all.len() - 2..], sent, "{tz}");
        line.settle().await.unwrap();
        let today = line.json(&format!("/api/v1/live?school={}&", school.id)).await.unwrap();
        assert_eq!(today["totals"]["left"], 1, "{tz}: {}", today["totals"]);
        let page = line.json(&format!("/api/v1/live/pupils?school={}&date={}", school.id, monday())).await.unwrap();
        assert_eq!(page["items"][0]["scans"], 2, "{tz}: {page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d23_six_hundred_scans_in_a_minute_from_one_address_are_all_taken() {
    let (line, school, kiosk) = scene(1, 30).await.unwrap();
    let begun = Instant::now();
    let requests = (0..600).map(|n| {
        let (mut kiosk, line, school) = (kiosk.clone(), &line, &school);
        async move {
            kiosk.queue = id();
            let scan = kiosk.scan(&school.pupils[n % 30].card, "entry", line.now());
            anyhow::Ok(kiosk.post(line, &[scan]).await?.status().as_u16())
        }
    });
    let statuses: Vec<_> = stream::iter(requests).buffer_unordered(8).collect().await;
    let took = begun.elapsed();
    for status in statuses {
        assert_eq!(status.unwrap(), 200);
    }
    assert!(took < Duration::from_secs(60), "{took:?}");
    assert_eq!(stored(&line).await.unwrap().len(), 600);
}

#[tokio::test(flavor = "multi_thread")]
async fn d30_hundreds_of_concurrent_requests_complete_on_pools_of_a_dozen_connections() {
    let (line, school, kiosk) = scene(2, 32).await.unwrap();
    let begun = Instant::now();
    let scans = (0..64).map(|n| {
        let (mut kiosk, line, school) = (kiosk.clone(), &line, &school);
        async move {
            kiosk.queue = id();
            let scan = kiosk.scan(&school.pupils[n].card, "entry", line.now());
            anyhow::Ok(kiosk.post(line, &[scan]).await?.status().as_u16())
        }
    });
    let reads = (0..192).map(|n| {
        let (line, school) = (&line, &school);
        async move {
            let path = match n % 3 {
                0 => format!("/hoy/cursos/{}?colegio={}", school.courses[0], school.id),
                1 => format!("/api/v1/students?school={}", school.id),
                _ => format!("/api/v1/courses/{}/day?school={}", school.courses[1], school.id),
            };
            anyhow::Ok(line.http.get(format!("{}{path}", line.base)).send().await?.status().as_u16())
        }
    });
    let (scans, reads) = tokio::join!(futures::future::join_all(scans), futures::future::join_all(reads));
    for status in scans.into_iter().chain(reads) {
        assert_eq!(status.unwrap(), 200);
    }
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(15), "{took:?}");
    assert_eq!(stored(&line).await.unwrap().len(), 64);
}

#[tokio::test(flavor = "multi_thread")]
async fn d31_five_hundred_requests_open_no_connections_of_their_own() {
    let (line, school, mut kiosk) = scene(1, 5).await.unwrap();
    let sessions = async || {
        // Both databases; a session is told apart by its start.
        let mut all: HashSet<String> = HashSet::new();
        for pool in [&line.owner, &line.vault] {
            let rows = "select concat_ws(' ', datname, pid, backend_start) from pg_stat_activity
                        where datname = current_database() and backend_type = 'client backend'";
            all.extend(sqlx::query_scalar::<_, String>(rows).fetch_all(pool).await?);
        }
        anyhow::Ok(all)
    };
    let mut seen = HashSet::new();
    for n in 0..500 {
        let scan = kiosk.scan(&school.pupils[n % 5].card, "entry", line.now());
        match n % 5 {
            0 => drop(kiosk.deliver(&line, &[scan]).await.unwrap()),
            1 => drop(kiosk.heartbeat(&line).await.unwrap()),
            2 => drop(line.text(&format!("/hoy?colegio={}", school.id)).await.unwrap()),
            3 => drop(line.text(&format!("/api/v1/students?school={}", school.id)).await.unwrap()),
            _ => drop(line.text(&format!("/api/v1/live?school={}", school.id)).await.unwrap()),
        }
        if n % 10 == 0 {
            seen.extend(sessions().await.unwrap());
        }
    }
    // Six pools of at most 12 + 8 + 6 + 12 + 6 connections, some listeners, and this test's own six.
    assert!(seen.len() <= 60, "{} sessions in 500 requests", seen.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn d32_thirty_two_concurrent_first_scans_of_one_pupil_are_all_stored_in_one_stream() {
    let (line, school, kiosk) = scene(1, 1).await.unwrap();
    let firsts = (0..32).map(|_| {
        let (mut kiosk, line, school) = (kiosk.clone(), &line, &school);
        async move {
            kiosk.queue = id();
            let scan = kiosk.scan(&school.pupils[0].card, "entry", line.now());
            let answer = kiosk.post(line, &[scan]).await?;
            ensure!(answer.status() == 200, "{}", answer.status());
            Ok(crate::support::ack(&answer.json::<Value>().await?["items"][0]))
        }
    });
    let acks: Result<Vec<_>> = futures::future::join_all(firsts).await.into_iter().collect();
    let acks = acks.unwrap();
    assert_eq!(line.must_hold(&acks).await.unwrap(), 32);
    // One of them is the first; all others know that they are not.
    assert_eq!(acks.iter().filter(|a| a.verdict == "accepted").count(), 1);
    let streams: Vec<(String, i64, i64)> = sqlx::query_as(
        "select aggregate_id, count(*), max(sequence) from events where aggregate_type = 'attendance_day' group by 1",
    )
    .fetch_all(&line.owner)
    .await
    .unwrap();
    assert_eq!(streams.len(), 1);
    assert_eq!(streams[0].1, streams[0].2, "numbered without a hole");
    line.must_equal_a_rebuild().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn d35_every_answer_stays_bounded_in_a_school_of_three_thousand_pupils() {
    const LARGEST: usize = 256 * 1024;
    let (line, school, mut kiosk) = scene(75, 40).await.unwrap();
    assert_eq!(school.pupils.len(), 3_000);
    for some in school.pupils.chunks(500) {
        let now = line.now();
        let scans: Vec<Value> = some.iter().map(|p| kiosk.scan(&p.card, "entry", now)).collect();
        kiosk.deliver(&line, &scans).await.unwrap();
    }
    line.settle().await.unwrap();
    let (id, course) = (school.id, school.courses[0]);
    for (list, all) in [
        (format!("/api/v1/students?school={id}"), 3_000),
        (format!("/api/v1/courses?school={id}"), 75),
        (format!("/api/v1/live/pupils?school={id}"), 3_000),
        (format!("/api/v1/audit?school={id}&event=scan_recorded"), 3_000),
    ] {
        let text = line.text(&format!("{list}&limit=200")).await.unwrap();
        assert!(text.len() < LARGEST, "{list}: {} bytes", text.len());
        let page: Value = serde_json::from_str(&text).unwrap();
        assert!(page["items"].as_array().unwrap().len() <= 200, "{list}");
        // Asking for more is refused, not answered with more.
        let more = line.http.get(format!("{}{list}&limit=3000", line.base)).send().await.unwrap();
        assert!(more.status().is_client_error(), "{list}: {}", more.status());
        let plain = line.json(&list).await.unwrap();
        assert!(plain["items"].as_array().unwrap().len() <= 200, "{list} without a limit");
        // And the pages together are everything, once.
        let items = line.all_items(&list).await.unwrap();
        let distinct: HashSet<String> = items.iter().map(Value::to_string).collect();
        assert_eq!((items.len(), distinct.len()), (all, all), "{list}");
    }
    for path in [
        format!("/api/v1/live?school={id}"),
        format!("/api/v1/courses/{course}/day?school={id}"),
        format!("/hoy?colegio={id}"),
        format!("/hoy/muro?colegio={id}"),
        format!("/hoy/cursos/{course}?colegio={id}"),
        "/escuelas".to_owned(),
    ] {
        let text = line.text(&path).await.unwrap();
        assert!(text.len() < LARGEST, "{path}: {} bytes", text.len());
    }
    // The figures count everybody, not the newest five hundred.
    let totals = &line.json(&format!("/api/v1/live?school={id}")).await.unwrap()["totals"];
    assert_eq!((&totals["pupils"], &totals["present"]), (&3_000.into(), &3_000.into()), "{totals}");
    // A kiosk reads its cards in pages, too.
    let url = format!("{}/api/v1/kiosks/{}/roster", line.base, kiosk.id);
    let page = line.http.get(&url).bearer_auth(&kiosk.secret).send().await.unwrap().text().await.unwrap();
    let body: Value = serde_json::from_str(&page).unwrap();
    assert_eq!((body["credentials"].as_array().unwrap().len(), &body["more"]), (2_000, &true.into()));
    assert!(page.len() < LARGEST, "{} bytes", page.len());
}

/// A reader that keeps what it once read would still expect them.
#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_set_over_the_day_reaches_the_board_without_a_restart() {
    let (line, school, _) = scene(1, 3).await.unwrap();
    let board = format!("/api/v1/live?school={}", school.id);
    assert_eq!(line.json(&board).await.unwrap()["totals"]["expected"], 3);
    let context = line.context(school.id, SANTIAGO);
    let input = SetWeeklySchedule { course_id: school.courses[0], effective_from: monday(), stays: Vec::new() };
    set_weekly_schedule(line.write(), &context, input).await.unwrap();
    eventually("nobody is expected", async || Ok(line.json(&board).await?["totals"]["expected"] == 0)).await.unwrap();
}
