//! What inspectors do to a day goes the scans' way: early leaves, justifications, corrections.

use super::by_hand::{inspector, site, today};
use super::*;
use crate::Context;
use crate::use_cases::{
    AuthoriseEarlyLeave, DecideJustification, JustifyDay, LinkGuardian, RecordEarlyLeave, RegisterGuardian,
    RequestCorrection, SettleCorrection, UseCaseError, authorise_early_leave, decide_justification, erase_guardian,
    justify_day, link_guardian, record_early_leave, register_guardian, request_correction, settle_correction,
};
use crate::vault::Opened;
use domain::attendance_day::{
    Added, Change, CorrectionError, CorrectionReason, Direction::Exit, Error, Event, JustificationError, LeaveError,
    LeaveReason, Verdict,
};
use domain::student::{Command, GuardianRights, Student};
use domain::values::national_id::NationalId;
use domain::{Actor, CorrectionId, GuardianId, JustificationId, LeaveId, no_show};

const MAY: GuardianRights =
    GuardianRights { legal: false, notify: false, may_collect: true, may_view: false, restricted: false };
const BARRED: GuardianRights = GuardianRights { legal: true, restricted: true, ..MAY };
const RUN: &str = "12.345.678-5";
const OTHER_RUN: &str = "7.654.321-6";

fn run(text: &str) -> Option<NationalId> {
    Some(NationalId::parse(text).unwrap())
}

impl Site {
    /// An adult linked to pupil 1.
    async fn adult(&self, name: &str, number: Option<&str>, rights: GuardianRights) -> GuardianId {
        let (write, context) = (&self.world.write, self.context(school(1)));
        let national_id = number.and_then(run);
        let input = RegisterGuardian { name: name.into(), national_id, phone: None, mail: None, within: None };
        let guardian_id = register_guardian(write, &context, input).await.unwrap().guardian_id;
        link_guardian(write, &context, LinkGuardian { student_id: pupil(1), guardian_id, rights }).await.unwrap();
        guardian_id
    }

    fn leave(&self, n: u128, guardian_id: GuardianId, number: Option<&str>) -> AuthoriseEarlyLeave {
        AuthoriseEarlyLeave {
            student_id: pupil(1),
            date: today(),
            leave_id: LeaveId(Uuid::from_u128(n)),
            guardian_id,
            document_number: number.and_then(run),
            document_seen: number.is_none(),
            reason: LeaveReason::Unwell,
            occurred_at: self.now(),
            note: None,
        }
    }

    async fn authorise(&self, input: AuthoriseEarlyLeave) -> Result<crate::Done, UseCaseError> {
        authorise_early_leave(&self.world.write, &self.batcher, &self.of_person(1), input).await
    }

    async fn hand_over(&self, n: u128) -> Result<crate::Done, UseCaseError> {
        let leave_id = LeaveId(Uuid::from_u128(n));
        let input = RecordEarlyLeave { student_id: pupil(1), date: today(), leave_id, occurred_at: self.now() };
        record_early_leave(&self.world.write, &self.batcher, &self.of_person(1), input).await
    }

    async fn last(&self) -> (Event, String) {
        let (name, payload, actor): (String, String, String) = sqlx::query_as(
            "select event_type, payload::text, actor from events where aggregate_type = 'attendance_day'
             order by position desc limit 1",
        )
        .fetch_one(&self.world.owner)
        .await
        .unwrap();
        (domain::decode_as(&name, "1", &payload).unwrap(), actor)
    }
}

fn why<T: std::fmt::Debug>(outcome: Result<T, UseCaseError>) -> Error {
    match outcome {
        Err(UseCaseError::Day(why)) => why,
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn d4_only_an_adult_of_the_pupils_own_who_may_collect_takes_the_pupil_and_the_document_says_who_it_is() {
    let site = site().await;
    let mother = site.adult("Ana Soto", Some(RUN), MAY).await;
    let aunt = site.adult("Eva Soto", None, GuardianRights { may_collect: false, may_view: true, ..MAY }).await;
    // Nobody of the register; one who may not; the mother without her document, and with another's.
    let stranger = GuardianId(Uuid::from_u128(0x999));
    let refused = site.authorise(site.leave(1, stranger, None)).await;
    assert_eq!(why(refused), LeaveError::MayNotCollect.into());
    assert_eq!(why(site.authorise(site.leave(1, aunt, None)).await), LeaveError::MayNotCollect.into());
    for number in [None, Some(OTHER_RUN)] {
        let refused = site.authorise(site.leave(1, mother, number)).await.unwrap_err();
        assert_eq!(refused.code(), "invalid_identity");
    }
    assert_eq!(why(site.hand_over(1).await), LeaveError::Unknown.into());
    assert!(site.kinds().await.is_empty(), "nothing is on record");

    let done = site.authorise(site.leave(1, mother, Some(RUN))).await.unwrap();
    let again = site.authorise(site.leave(1, mother, Some(RUN))).await.unwrap();
    assert_eq!((again.position, again.repeated), (done.position, true));
    let gone = site.hand_over(1).await.unwrap();
    let again = site.hand_over(1).await.unwrap();
    assert_eq!((again.position, again.repeated), (gone.position, true));
    assert_eq!(site.kinds().await, ["early_leave_authorised", "early_leave_recorded"]);
    assert_eq!(site.last().await.1, inspector(1).0);
    // The card that is held to the reader on the way out says the same.
    let answer = site.submit(vec![site.scan(1, 1, Exit, TimeDelta::zero())]).await;
    assert_eq!(answer.items[0].reasons, ["echo"]);
    site.world.dense_length().await;
}

#[tokio::test]
async fn a_barred_adult_is_refused_under_any_name_and_it_is_on_record_once() {
    let site = site().await;
    let mother = site.adult("Ana Soto", Some(RUN), MAY).await;
    let barred = site.adult("Luis Vera", Some(OTHER_RUN), BARRED).await;
    for _ in 0..2 {
        assert_eq!(why(site.authorise(site.leave(1, barred, Some(OTHER_RUN))).await), LeaveError::Barred.into());
    }
    // The mother is named, and the document is that of the barred adult.
    assert_eq!(why(site.authorise(site.leave(2, mother, Some(OTHER_RUN))).await), LeaveError::Barred.into());
    assert_eq!(site.kinds().await, ["early_leave_blocked", "early_leave_blocked"]);
    let (Event::EarlyLeaveBlocked { leave }, _) = site.last().await else { panic!("another event") };
    assert_eq!(leave.guardian_id, barred);
}

#[tokio::test]
async fn an_order_between_the_desk_and_the_door_counts_at_the_door() {
    let site = site().await;
    let father = site.adult("Luis Vera", Some(RUN), MAY).await;
    site.authorise(site.leave(1, father, Some(RUN))).await.unwrap();
    let stream = StreamId::of(school(1), pupil(1));
    let barred = Command::ChangeGuardianLink { guardian_id: father, rights: BARRED };
    site.world.write.execute::<Student>(&site.context(school(1)), &stream, barred).await.unwrap();
    assert_eq!(why(site.hand_over(1).await), LeaveError::Barred.into());
    assert_eq!(why(site.hand_over(1).await), LeaveError::Barred.into());
    assert_eq!(site.kinds().await, ["early_leave_authorised", "early_leave_blocked"]);
}

#[tokio::test]
async fn d33_an_adult_who_was_unlinked_or_erased_takes_nobody() {
    let site = site().await;
    let (write, context) = (&site.world.write, site.context(school(1)));
    let mother = site.adult("Ana Soto", Some(RUN), MAY).await;
    let aunt = site.adult("Eva Soto", Some(OTHER_RUN), MAY).await;
    erase_guardian(write, &context, aunt).await.unwrap();
    let refused = site.authorise(site.leave(1, aunt, None)).await;
    assert_eq!(why(refused), LeaveError::MayNotCollect.into());
    site.authorise(site.leave(2, mother, Some(RUN))).await.unwrap();
    let stream = StreamId::of(school(1), pupil(1));
    write.execute::<Student>(&context, &stream, Command::UnlinkGuardian { guardian_id: mother }).await.unwrap();
    assert_eq!(why(site.hand_over(2).await), LeaveError::MayNotCollect.into());
}

#[tokio::test]
async fn a_family_says_why_sealed_and_the_staff_accepts_it_once() {
    let site = site().await;
    let (write, batcher) = (&site.world.write, &site.batcher);
    let mother = site.adult("Ana Soto", None, MAY).await;
    let justification_id = JustificationId(Uuid::from_u128(5));
    let words = "Fiebre desde anoche";
    let input = JustifyDay {
        student_id: pupil(1),
        date: today().succ_opt().unwrap(),
        justification_id,
        reason: no_show::Justification::Illness,
        guardian_id: Some(mother),
        note: Some(words.into()),
        document: None,
        accepted: false,
    };
    let family = Context { actor: Actor::guardian(mother), ..site.of_person(1) };
    let said = justify_day(write, batcher, &family, input.clone()).await.unwrap();
    let (Event::JustificationSubmitted { justification }, actor) = site.last().await else { panic!("another event") };
    assert_eq!((Actor(actor).as_guardian(), said.events), (Some(mother), 1));
    let note = justification.note.unwrap();
    assert!(note.as_str().starts_with("v1:justification_submitted:note:reason:"));
    let keys = write.vault().keys_of(school(1), &[pupil(1).0]).await.unwrap();
    assert_eq!(keys.open(pupil(1).0, "note", &note).unwrap(), Opened::Plain(words.into()));
    let again = justify_day(write, batcher, &family, input.clone()).await.unwrap();
    assert_eq!((again.position, again.repeated), (said.position, true));

    let decide =
        DecideJustification { student_id: pupil(1), date: input.date, justification_id, verdict: Verdict::Accept };
    let accepted = decide_justification(write, batcher, &site.of_person(1), decide).await.unwrap();
    let again = decide_justification(write, batcher, &site.of_person(2), decide).await.unwrap();
    assert_eq!((again.position, again.repeated), (accepted.position, true));
    let dates: Vec<chrono::NaiveDate> =
        sqlx::query_scalar("select distinct local_date from events where aggregate_type = 'attendance_day'")
            .fetch_all(&site.world.owner)
            .await
            .unwrap();
    assert_eq!(dates, [input.date], "of the day that it is for");
    // As the word of somebody who is nobody of the pupil's.
    let stranger = JustifyDay {
        justification_id: JustificationId(Uuid::from_u128(6)),
        guardian_id: Some(GuardianId(Uuid::from_u128(0x999))),
        note: None,
        ..input.clone()
    };
    let refused = justify_day(write, batcher, &site.of_person(1), stranger).await;
    assert_eq!(why(refused), JustificationError::NotLinked.into());
    // Of a pupil who was never here.
    let nobody = JustifyDay { student_id: pupil(3), note: None, ..input };
    let refused = justify_day(write, batcher, &family, nobody).await.unwrap_err();
    assert!(matches!(refused, UseCaseError::UnknownStudent), "{refused}");
}

#[tokio::test]
async fn a_correction_takes_a_second_person_with_the_right_and_a_directors_own_says_that_there_was_none() {
    let site = site().await;
    let (write, batcher) = (&site.world.write, &site.batcher);
    let (inspector_, director) = (site.of_person(1), site.of_person(2));
    let added = |minutes| Added { direction: Entry, occurred_at: site.now() - TimeDelta::minutes(minutes) };
    let request = |n, minutes, corrects| RequestCorrection {
        student_id: pupil(1),
        date: today(),
        correction_id: CorrectionId(Uuid::from_u128(n)),
        change: Change { voids: None, adds: Some(added(minutes)) },
        reason: CorrectionReason::NotRecorded,
        note: None,
        corrects,
    };
    let settle = |n, corrects| SettleCorrection {
        student_id: pupil(1),
        date: today(),
        correction_id: CorrectionId(Uuid::from_u128(n)),
        approves: true,
        corrects,
    };
    request_correction(write, batcher, &inspector_, request(1, 20, false)).await.unwrap();
    assert_eq!(site.kinds().await, ["correction_requested"]);
    let own = settle_correction(write, batcher, &inspector_, settle(1, false)).await;
    assert_eq!(why(own), CorrectionError::MayNotApprove.into());
    settle_correction(write, batcher, &director, settle(1, true)).await.unwrap();
    let alone = |event: &Event| matches!(event, Event::CorrectionApproved { alone: true, .. });
    let (event, actor) = site.last().await;
    assert_eq!((alone(&event), actor), (false, inspector(2).0));
    request_correction(write, batcher, &director, request(2, 40, true)).await.unwrap();
    let (event, actor) = site.last().await;
    assert_eq!((alone(&event), actor), (true, inspector(2).0));
    let unknown = settle_correction(write, batcher, &director, settle(3, true)).await;
    assert_eq!(why(unknown), CorrectionError::Unknown.into());
    // What comes later is judged by what counts.
    assert_eq!(site.submit_one(1, 1).await.reasons, ["repeated_entry"]);
    site.world.dense_length().await;
}

#[tokio::test]
async fn a_request_is_taken_back_by_whoever_made_it_whatever_others_asked_for_on_that_day_and_of_another_pupil() {
    let site = site().await;
    let (write, batcher) = (&site.world.write, &site.batcher);
    let request = |of, n| RequestCorrection {
        student_id: pupil(of),
        date: today(),
        correction_id: CorrectionId(Uuid::from_u128(n)),
        change: Change { voids: None, adds: Some(Added { direction: Entry, occurred_at: site.now() }) },
        reason: CorrectionReason::NotRecorded,
        note: None,
        corrects: false,
    };
    let take_back = |n| SettleCorrection {
        student_id: pupil(1),
        date: today(),
        correction_id: CorrectionId(Uuid::from_u128(n)),
        approves: false,
        corrects: false,
    };
    site.enrol_pupil(2, today()).await;
    // Somebody else's of the same id is of another pupil, and one of the same day has another id.
    request_correction(write, batcher, &site.of_person(2), request(2, 1)).await.unwrap();
    request_correction(write, batcher, &site.of_person(2), request(1, 2)).await.unwrap();
    request_correction(write, batcher, &site.of_person(1), request(1, 1)).await.unwrap();
    let refused = settle_correction(write, batcher, &site.of_person(2), take_back(1)).await;
    assert_eq!(why(refused), CorrectionError::MayNotApprove.into());
    settle_correction(write, batcher, &site.of_person(1), take_back(1)).await.unwrap();
    let late = SettleCorrection { approves: true, corrects: true, ..take_back(1) };
    assert_eq!(why(settle_correction(write, batcher, &site.of_person(3), late).await), CorrectionError::Decided.into());
    assert_eq!(site.kinds().await.last().unwrap(), "correction_rejected");
}
