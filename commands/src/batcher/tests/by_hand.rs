//! What people record by hand goes the scans' way: once, on the same day, judged with them.

use super::*;
use crate::Context;
use crate::batcher::by_hand::{ByHand, ByHandError, What};
use crate::use_cases::{
    RecordManualEntry, UseCaseError, WithdrawManualEntry, record_manual_entry, withdraw_manual_entry,
};
use crate::vault::Opened;
use chrono::NaiveDate;
use domain::attendance_day::{Direction::Exit, Error, ManualEntry, ManualReason};
use domain::sealed::SealingClass;
use domain::student::{self, Student};
use domain::{AccountId, Actor, CourseId, ManualEntryId, Sealed};
use local_services::failpoint::FailPoint;

pub(super) fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, 9).unwrap()
}

pub(super) fn inspector(n: u128) -> Actor {
    Actor::user(AccountId(Uuid::from_u128(0xac00 + n)))
}

impl Site {
    pub(super) fn of_person(&self, n: u128) -> Context {
        Context { actor: inspector(n), ..self.world.context() }
    }

    /// Pupil `n`, enrolled from a date on.
    pub(super) async fn enrol_pupil(&self, n: u128, from: NaiveDate) {
        let write = &self.world.write;
        write.vault().ensure_keys(school(1), &[(pupil(n).0, SealingClass::Identity)]).await.unwrap();
        let name = || Sealed(format!("v1:enrolled:given_names:identity:{}:AA", Uuid::nil()));
        let command = student::Command::Enrol {
            course_id: CourseId(Uuid::from_u128(0xc1)),
            from,
            given_names: name(),
            family_names: name(),
            national_id: None,
        };
        let stream = StreamId::of(school(1), pupil(n));
        write.execute::<Student>(&self.context(school(1)), &stream, command).await.unwrap();
    }

    /// An entry of pupil `n`, `ago` before now, by inspector 1.
    fn by_hand(&self, entry: u128, n: u128, ago: TimeDelta) -> ByHand {
        let entry = ManualEntry {
            entry_id: ManualEntryId(Uuid::from_u128(entry)),
            direction: Entry,
            occurred_at: self.now() - ago,
            reason: ManualReason::ForgotCard,
            note: None,
        };
        ByHand { context: self.of_person(1), student_id: pupil(n), date: today(), what: What::Record(entry) }
    }

    pub(super) async fn kinds(&self) -> Vec<String> {
        sqlx::query_scalar("select event_type from events where aggregate_type = 'attendance_day' order by position")
            .fetch_all(&self.world.owner)
            .await
            .unwrap()
    }
}

/// Monday 07:30, with pupil 1 enrolled and with a card.
pub(super) async fn site() -> Site {
    let site = Site::new().await;
    site.cards(school(1), 1..3).await;
    site.enrol_pupil(1, today()).await;
    site
}

fn refused<T: std::fmt::Debug>(outcome: Result<T, ByHandError>) -> Error {
    match outcome {
        Err(ByHandError::Rejected(why)) => why,
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn an_entry_by_hand_is_stored_once_with_who_and_when_and_repeats_say_where() {
    let site = site().await;
    let asked = site.by_hand(7, 1, TimeDelta::minutes(20));
    let first = site.batcher.by_hand(asked.clone()).await.unwrap();
    assert_eq!((first.events, first.repeated), (1, false));
    site.world.clock.advance(TimeDelta::hours(2));
    let other = site.another(BatcherConfig::default());
    let (a, b) = tokio::join!(site.batcher.by_hand(asked.clone()), other.by_hand(asked));
    for again in [a.unwrap(), b.unwrap()] {
        assert_eq!((again.position, again.events, again.repeated), (first.position, 0, true));
    }
    assert_eq!(site.kinds().await, ["manual_entry_recorded"]);
    let (stream, actor, date, late): (String, String, NaiveDate, bool) = sqlx::query_as(
        "select aggregate_id, actor, local_date, recorded_at - occurred_at = interval '20 minutes' from events
         where event_type = 'manual_entry_recorded'",
    )
    .fetch_one(&site.world.owner)
    .await
    .unwrap();
    assert_eq!(stream, StreamId::of_day(today(), school(1), pupil(1)).to_string());
    assert_eq!((actor, date, late), (inspector(1).0, today(), true));
    assert_eq!(site.count("select count(*) from scan_receipts").await, 0, "receipts are the kiosks'");
    site.world.dense_length().await;
}

#[tokio::test]
async fn a_pupil_who_is_not_enrolled_that_day_is_refused_and_nothing_is_stored() {
    let site = site().await;
    site.enrol_pupil(2, today().succ_opt().unwrap()).await;
    for n in [2, 3] {
        let asked = site.by_hand(7, n, TimeDelta::zero());
        assert_eq!(refused(site.batcher.by_hand(asked).await), Error::NotEnrolled, "{n}");
    }
    let ahead = site.by_hand(7, 1, TimeDelta::minutes(-3));
    assert_eq!(refused(site.batcher.by_hand(ahead).await), Error::InTheFuture);
    let yesterday = ByHand { date: today().pred_opt().unwrap(), ..site.by_hand(7, 1, TimeDelta::zero()) };
    // The day before the enrolment, and not the day of its time either.
    assert_eq!(refused(site.batcher.by_hand(yesterday).await), Error::NotEnrolled);
    assert_eq!(site.kinds().await.len(), 0);
}

#[tokio::test]
async fn of_another_school_s_pupil_nothing_is_recorded() {
    let site = site().await;
    site.register(school(2), chrono_tz::America::Santiago).await;
    let asked = site.by_hand(7, 1, TimeDelta::zero());
    let context = Context { school: school(2), ..asked.context.clone() };
    assert_eq!(refused(site.batcher.by_hand(ByHand { context, ..asked }).await), Error::NotEnrolled);
}

#[tokio::test]
async fn a_card_and_a_person_in_one_transaction_are_judged_one_after_the_other() {
    let site = site().await;
    let (card, person) =
        tokio::join!(site.submit_one(1, 1), site.batcher.by_hand(site.by_hand(7, 1, TimeDelta::minutes(2))));
    let done = person.unwrap();
    let repeats: bool = sqlx::query_scalar("select (payload->>'repeats')::bool from events where position = $1")
        .bind(done.position)
        .fetch_one(&site.world.owner)
        .await
        .unwrap();
    let echo = card.reasons == ["echo"];
    assert!(echo != repeats, "one of them tells nobody: {echo} {repeats}");
    // A card of ten minutes later is another coming, and goes on from what was stored.
    site.world.clock.advance(TimeDelta::minutes(20));
    assert_eq!(site.submit_one(2, 1).await.reasons, ["repeated_entry"]);
    site.world.dense_length().await;
}

#[tokio::test]
async fn what_another_process_recorded_is_what_the_next_scan_is_judged_by() {
    let site = site().await;
    site.submit_one(1, 2).await;
    let other = site.another(BatcherConfig::default());
    other.by_hand(site.by_hand(7, 1, TimeDelta::minutes(5))).await.unwrap();
    assert_eq!(site.submit_one(2, 1).await.reasons, ["echo"]);
}

#[tokio::test]
async fn an_item_that_can_never_be_stored_does_not_cost_its_neighbour_by_hand() {
    let site = site().await;
    // A NUL in an actor's name is what Postgres takes in no text.
    let asked = site.by_hand(7, 1, TimeDelta::zero());
    let poison = ByHand { context: Context { actor: Actor("user:\0".into()), ..asked.context.clone() }, ..asked };
    let good = site.by_hand(8, 1, TimeDelta::zero());
    let (poison, good, card) =
        tokio::join!(site.batcher.by_hand(poison), site.batcher.by_hand(good), site.submit_one(1, 2));
    assert!(matches!(poison, Err(ByHandError::Submit(SubmitError::Unavailable(_)))), "{poison:?}");
    assert!(good.is_ok(), "{good:?}");
    assert_eq!(card.verdict, Verdict::Accepted);
    site.world.dense_length().await;
}

#[tokio::test]
async fn a_connection_that_breaks_at_any_step_leaves_one_entry_and_one_answer() {
    for place in ["batcher: before insert", "batcher: after insert", "batcher: after commit"] {
        let point = FailPoint::breaking(place, 2);
        let site = point.scope(Site::with(4, BatcherConfig::default())).await;
        site.enrol_pupil(1, today()).await;
        let asked = site.by_hand(7, 1, TimeDelta::zero());
        let first = site.batcher.by_hand(asked.clone()).await.unwrap();
        assert_eq!(point.hits(), 2, "{place}");
        let again = site.batcher.by_hand(asked).await.unwrap();
        assert_eq!((again.position, again.repeated), (first.position, true), "{place}");
        assert_eq!(site.kinds().await, ["manual_entry_recorded"], "{place}");
        site.world.dense_length().await;
    }
}

fn input(entry: u128, n: u128, site: &Site) -> RecordManualEntry {
    RecordManualEntry {
        student_id: pupil(n),
        date: today(),
        entry_id: ManualEntryId(Uuid::from_u128(entry)),
        direction: Exit,
        occurred_at: site.now(),
        reason: ManualReason::Other,
        note: None,
    }
}

#[tokio::test]
async fn a_note_is_sealed_under_the_pupil_s_key_of_the_class_reason() {
    let (site, words) = (site().await, "Se sintió mal; la retira su abuela");
    let (write, context) = (&site.world.write, site.of_person(1));
    let noted = RecordManualEntry { note: Some(format!("  {words} ")), ..input(7, 1, &site) };
    record_manual_entry(write, &site.batcher, &context, noted).await.unwrap();
    let payload: String =
        sqlx::query_scalar("select payload::text from events where event_type = 'manual_entry_recorded'")
            .fetch_one(&site.world.owner)
            .await
            .unwrap();
    assert!(!payload.contains("abuela"));
    let domain::attendance_day::Event::ManualEntryRecorded { entry, .. } =
        domain::decode_as("manual_entry_recorded", "1", &payload).unwrap()
    else {
        panic!("another event")
    };
    let note = entry.note.unwrap();
    assert!(note.as_str().starts_with("v1:manual_entry_recorded:note:reason:"));
    let open = |keys: crate::vault::Keyring| keys.open(pupil(1).0, "note", &note).unwrap();
    assert_eq!(open(write.vault().keys_of(school(1), &[pupil(1).0]).await.unwrap()), Opened::Plain(words.into()));

    let long = RecordManualEntry { note: Some("a".repeat(201)), ..input(8, 1, &site) };
    let refused = record_manual_entry(write, &site.batcher, &context, long).await.unwrap_err();
    assert_eq!(refused.code(), "invalid_note");
    // A note of somebody who was never here makes no keys.
    let nobody = RecordManualEntry { note: Some("x".into()), ..input(9, 3, &site) };
    let refused = record_manual_entry(write, &site.batcher, &context, nobody).await.unwrap_err();
    assert!(matches!(refused, UseCaseError::UnknownStudent), "{refused}");
    let refused = record_manual_entry(write, &site.batcher, &context, input(9, 3, &site)).await.unwrap_err();
    assert!(matches!(refused, UseCaseError::UnknownStudent), "{refused}");
    let keys = write.vault().keys_of(school(1), &[pupil(3).0]).await.unwrap();
    assert!(!keys.holds(pupil(3).0, SealingClass::Reason));
}

#[tokio::test]
async fn its_author_takes_an_entry_back_soon_after_and_whoever_sets_right_at_any_time_and_a_repeat_says_so_too() {
    let site = site().await;
    let (write, batcher) = (&site.world.write, &site.batcher);
    let (author, other) = (site.of_person(1), site.of_person(2));
    record_manual_entry(write, batcher, &author, input(7, 1, &site)).await.unwrap();
    let entry = |n| WithdrawManualEntry {
        student_id: pupil(1),
        date: today(),
        entry_id: ManualEntryId(Uuid::from_u128(n)),
        corrects: false,
    };
    let why = |outcome: Result<crate::Done, UseCaseError>| match outcome {
        Err(UseCaseError::Day(why)) => why,
        other => panic!("not refused: {other:?}"),
    };
    site.world.clock.advance(TimeDelta::minutes(14));
    assert_eq!(why(withdraw_manual_entry(write, batcher, &other, entry(7)).await), Error::NotItsAuthor);
    assert_eq!(why(withdraw_manual_entry(write, batcher, &author, entry(8)).await), Error::UnknownEntry);
    let done = withdraw_manual_entry(write, batcher, &author, entry(7)).await.unwrap();
    assert_eq!((done.events, done.repeated), (1, false));
    site.world.clock.advance(TimeDelta::hours(1));
    let again = withdraw_manual_entry(write, batcher, &author, entry(7)).await.unwrap();
    assert_eq!((again.position, again.repeated), (done.position, true));
    assert_eq!(why(record_manual_entry(write, batcher, &author, input(7, 1, &site)).await), Error::Withdrawn);
    record_manual_entry(write, batcher, &author, input(9, 1, &site)).await.unwrap();
    site.world.clock.advance(TimeDelta::minutes(16));
    assert_eq!(why(withdraw_manual_entry(write, batcher, &author, entry(9)).await), Error::TooLateToUndo);
    assert_eq!(site.kinds().await, ["manual_entry_recorded", "manual_entry_withdrawn", "manual_entry_recorded"]);
    let set_right = WithdrawManualEntry { corrects: true, ..entry(9) };
    let done = withdraw_manual_entry(write, batcher, &other, set_right).await.unwrap();
    let who: String = sqlx::query_scalar("select actor from events where position = $1")
        .bind(done.position)
        .fetch_one(&site.world.owner)
        .await
        .unwrap();
    assert_eq!((done.events, who), (1, inspector(2).0));
}

#[tokio::test]
async fn an_erased_pupil_is_recorded_no_more() {
    let site = site().await;
    let stream = StreamId::of(school(1), pupil(1));
    site.world.write.execute::<Student>(&site.context(school(1)), &stream, student::Command::Erase).await.unwrap();
    let asked = site.by_hand(7, 1, TimeDelta::zero());
    assert_eq!(refused(site.batcher.by_hand(asked).await), Error::NotEnrolled);
}
