use super::super::{AttendanceDay, Command, samples};
use super::*;
use crate::aggregate::spec;
use crate::sample_values::{date, id};
use no_show::Justification::{Appointment, Illness};

fn given(history: &[Event]) -> spec::Given<AttendanceDay> {
    spec::given(history)
}
fn said(n: u64, reason: no_show::Justification) -> Justification {
    let justification_id = id(0x8000 + n);
    Justification { justification_id, reason, guardian_id: Some(id(0x31)), note: None, document: None }
}
fn submitted(n: u64) -> Event {
    Event::JustificationSubmitted { justification: said(n, Illness) }
}
fn accepted(n: u64) -> Event {
    Event::JustificationAccepted { justification_id: id(0x8000 + n), reason: Illness }
}
fn rejected(n: u64) -> Event {
    Event::JustificationRejected { justification_id: id(0x8000 + n), why: Rejection::Illegible }
}
fn asked() -> Asked {
    Asked { date: date(), today: date(), enrolled: true, linked: true }
}
fn submit(n: u64, accepted: bool) -> Command {
    Command::SubmitJustification { justification: said(n, Illness), accepted, asked: asked() }
}
fn decide(n: u64, verdict: Verdict) -> Command {
    Command::DecideJustification { justification_id: id(0x8000 + n), verdict }
}

#[test]
fn a_family_says_it_once_and_the_staff_accepts_it_once() {
    given(&[]).when(submit(1, false)).then(&[submitted(1)]);
    given(&[submitted(1)]).when(submit(1, false)).then_nothing();
    given(&[submitted(1)]).when(decide(1, Verdict::Accept)).then(&[accepted(1)]);
    given(&[submitted(1), accepted(1)]).when(decide(1, Verdict::Accept)).then_nothing();
    given(&[]).when(decide(1, Verdict::Accept)).then_error(JustificationError::Unknown.into());
}

#[test]
fn who_may_accept_it_writes_it_down_and_accepts_it_in_one() {
    given(&[]).when(submit(1, true)).then(&[submitted(1), accepted(1)]);
    // Also beside one that waits.
    given(&[submitted(1)]).when(submit(2, true)).then(&[submitted(2), accepted(2)]);
}

#[test]
fn what_was_decided_is_not_decided_otherwise() {
    let reject = || Verdict::Reject(Rejection::Illegible);
    given(&[submitted(1)]).when(decide(1, reject())).then(&[rejected(1)]);
    let after = [submitted(1), rejected(1)];
    given(&after).when(decide(1, reject())).then_nothing();
    given(&after).when(decide(1, Verdict::Accept)).then_error(JustificationError::Decided.into());
    given(&[submitted(1), accepted(1)]).when(decide(1, reject())).then_error(JustificationError::Decided.into());
    // The family says it again, with a better picture.
    given(&after).when(submit(2, false)).then(&[submitted(2)]);
}

#[test]
fn a_day_that_is_justified_is_not_justified_again_and_few_may_wait() {
    let again = submit(2, false);
    given(&[submitted(1), accepted(1)]).when(again).then_error(JustificationError::AlreadyJustified.into());
    let waiting: Vec<Event> = (1..=5).map(submitted).collect();
    given(&waiting).when(submit(6, false)).then_error(JustificationError::TooManyWaiting.into());
    given(&waiting[..4]).when(submit(6, false)).then(&[submitted(6)]);
}

#[test]
fn d33_of_a_pupil_who_is_not_enrolled_on_its_day_or_far_ahead_nothing_is_taken() {
    let of = |asked| Command::SubmitJustification { justification: said(1, Appointment), accepted: false, asked };
    given(&[]).when(of(Asked { enrolled: false, ..asked() })).then_error(Error::NotEnrolled);
    let today = |days| date() - TimeDelta::days(days);
    let taken = Event::JustificationSubmitted { justification: said(1, Appointment) };
    given(&[]).when(of(Asked { today: today(60), ..asked() })).then(&[taken]);
    given(&[]).when(of(Asked { today: today(61), ..asked() })).then_error(JustificationError::TooFarAhead.into());
}

#[test]
fn as_an_adults_word_it_is_taken_of_an_adult_of_the_pupils_own_and_the_staff_may_name_nobody() {
    let stranger = || Asked { linked: false, ..asked() };
    let named = Command::SubmitJustification { justification: said(1, Illness), accepted: true, asked: stranger() };
    given(&[]).when(named).then_error(JustificationError::NotLinked.into());
    let justification = Justification { guardian_id: None, ..said(1, Illness) };
    let nobodys =
        Command::SubmitJustification { justification: justification.clone(), accepted: false, asked: stranger() };
    given(&[]).when(nobodys).then(&[Event::JustificationSubmitted { justification }]);
}

#[test]
fn every_event_of_a_justification_has_this_json() {
    insta::assert_json_snapshot!(samples()[10..14], @r#"
    [
      {
        "type": "justification_submitted",
        "justification_id": "018f0000-0000-7000-8000-000000008001",
        "reason": "illness",
        "guardian_id": "018f0000-0000-7000-8000-000000000051",
        "note": "v1:justification_submitted:note:reason:018f0000-0000-7000-8000-0000000000ee:c2FtcGxlLW5vLXJlYWwtY2lwaGVydGV4dA",
        "document": {
          "document_id": "018f0000-0000-7000-8000-000000009001",
          "kind": "pdf",
          "bytes": 184320
        }
      },
      {
        "type": "justification_submitted",
        "justification_id": "018f0000-0000-7000-8000-000000008002",
        "reason": "illness",
        "guardian_id": null,
        "note": null,
        "document": null
      },
      {
        "type": "justification_accepted",
        "justification_id": "018f0000-0000-7000-8000-000000008001",
        "reason": "illness"
      },
      {
        "type": "justification_rejected",
        "justification_id": "018f0000-0000-7000-8000-000000008002",
        "why": "no_document"
      }
    ]
    "#);
}
