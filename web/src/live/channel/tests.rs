use super::*;
use crate::live::LiveHub;
use crate::testing::{TestApp, TestSchool};

/// A frame after another, or a first one.
async fn frame(hub: &LiveHub, school: &TestSchool, before: Option<&Frame>) -> Frame {
    let place = hub.0.place().await.unwrap();
    hub.0.compute(&place, school.id, before, &mut None).await.unwrap().unwrap()
}

async fn tap(app: &TestApp, school: &TestSchool, seqs: std::ops::RangeInclusive<i64>) {
    let card = |seq: i64| &school.pupils[usize::try_from(seq).unwrap() % school.pupils.len()].1;
    let scans: Vec<_> = seqs.map(|seq| school.scan(seq, card(seq), app.now())).collect();
    for batch in scans.chunks(500) {
        app.scan(school, batch).await.unwrap();
    }
    app.settle().await.unwrap();
}

fn scans(frame: &Told) -> usize {
    let json: serde_json::Value = serde_json::from_slice(&frame.json).unwrap();
    json["scans"].as_array().unwrap().len()
}

/// How many scans each waiting frame gives; none for a snapshot.
fn given(watcher: &mut Watcher) -> Vec<Option<usize>> {
    std::iter::from_fn(|| watcher.take())
        .map(|given| match given {
            Given::Next(frame) => Some(scans(&frame)),
            Given::Snapshot(_) => None,
        })
        .collect()
}

fn watcher(channel: &Arc<Channel>) -> Watcher {
    Watcher::new(channel.clone(), CancellationToken::new())
}

#[tokio::test]
async fn whoever_saw_the_newest_frame_gets_its_scans_once_and_what_the_clock_said_since() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(3).await.unwrap();
    let hub = &app.state().live;
    let channel = Arc::new(Channel::new(school.id, frame(hub, &school, None).await, 8));
    let first = channel.latest.borrow().clone();
    tap(&app, &school, 1..=2).await;
    channel.publish(frame(hub, &school, Some(&first)).await);
    let newest = channel.latest.borrow().clone();
    assert_eq!(scans(&newest.told), 2);
    let mut back = watcher(&channel);
    assert!(back.resume(&first.told.id));
    assert_eq!(given(&mut back), [Some(2)]);
    let mut same = watcher(&channel);
    assert!(same.resume(&newest.told.id));
    assert!(given(&mut same).is_empty(), "its scans were given with that id");
    // The clock makes a frame of the same place: it is news for whoever saw the one before.
    // Past the limit, and past what the gate has for saying that nothing waits.
    app.clock.advance(crate::testing::minutes(65));
    channel.publish(frame(hub, &school, Some(&newest)).await);
    let mut same = watcher(&channel);
    assert!(same.resume(&newest.told.id));
    assert_eq!(given(&mut same), [Some(0)]);
    // A place in the middle of a frame, as another server may have shown it.
    let between = FrameId { position: newest.told.id.position - 1, ..newest.told.id };
    assert!(between.position > first.told.id.position);
    assert!(!watcher(&channel).resume(&between), "the frame would give a scan twice");
    app.shutdown().await;
}

#[tokio::test]
async fn a_name_whose_key_is_destroyed_leaves_a_watched_board_though_no_event_says_so() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(2).await.unwrap();
    tap(&app, &school, 1..=1).await;
    let mut watcher = app.state().live.watch(school.id).await.unwrap().unwrap();
    let shown = |frame: &Told| {
        let json: serde_json::Value = serde_json::from_slice(&frame.json).unwrap();
        json["last_scans"][0]["name"]["state"].as_str().map(str::to_owned)
    };
    assert_eq!(shown(&watcher.snapshot()).as_deref(), Some("known"));
    app.write().vault().shred(school.id, school.pupils[1].0.0, None).await.unwrap();
    let erased = async {
        while shown(&watcher.latest().borrow().told.clone()).as_deref() != Some("erased") {
            watcher.latest().changed().await.unwrap();
        }
    };
    timeout(TICK * 2, erased).await.expect("it is gone with the next look");
    drop(watcher);
    app.shutdown().await;
}

#[tokio::test]
async fn more_scans_than_a_frame_holds_come_as_a_snapshot_and_never_as_a_part_of_them() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(9).await.unwrap();
    let hub = &app.state().live;
    let channel = Arc::new(Channel::new(school.id, frame(hub, &school, None).await, 8));
    let first = channel.latest.borrow().clone();
    tap(&app, &school, 1..=1000).await;
    let whole = frame(hub, &school, Some(&first)).await;
    assert_eq!((scans(&whole.told), whole.told.after), (1000, Some(first.told.id.position)));
    tap(&app, &school, 1001..=1001).await;
    let mut watching = watcher(&channel);
    watching.snapshot();
    let cut = frame(hub, &school, Some(&first)).await;
    assert_eq!((scans(&cut.told), cut.told.after), (0, None));
    channel.publish(cut);
    assert_eq!(given(&mut watching), [None]);
    let mut back = watcher(&channel);
    assert!(!back.resume(&first.told.id) || given(&mut back) == [None]);
    app.shutdown().await;
}

#[test]
fn frames_of_a_school_are_twenty_a_second_five_on_a_full_machine_and_never_more_than_a_third_of_the_time() {
    let paused = |took| pause(Duration::from_micros(took)).as_millis();
    assert_eq!([100, 1_000, 2_000, 4_000, 6_000].map(paused), [50, 50, 80, 160, 200]);
    assert_eq!(paused(500_000), 1_500);
}
