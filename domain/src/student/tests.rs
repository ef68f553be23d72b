use super::*;
use crate::aggregate::{fold, spec};
use crate::sample_values::id;

fn given(history: &[Event]) -> spec::Given<Student> {
    spec::given(history)
}
fn date(month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, month, day).unwrap()
}
fn s(text: &str) -> Sealed {
    Sealed(text.into())
}
fn enrol(names: &str, from: NaiveDate) -> Command {
    Command::Enrol { course_id: id(1), from, given_names: s(names), family_names: s("f"), national_id: Some(s("i")) }
}
fn enrolled_from(from: NaiveDate) -> Event {
    Event::Enrolled { course_id: id(1), from, given_names: s("g"), family_names: s("f"), national_id: Some(s("i")) }
}
fn enrolled() -> Event {
    enrolled_from(date(3, 4))
}
fn withdrawn() -> Event {
    Event::Withdrawn { from: date(9, 14) }
}
fn issue(kind: CredentialKind) -> Command {
    Command::IssueCredential { credential_id: id(0x43), kind }
}
fn issued() -> Event {
    Event::CredentialIssued { credential_id: id(0x43), kind: CredentialKind::Qr }
}
fn revoke(reason: RevocationReason) -> Command {
    Command::RevokeCredential { credential_id: id(0x43), reason }
}
fn revoked() -> Event {
    Event::CredentialRevoked { credential_id: id(0x43), reason: RevocationReason::Lost }
}
const ALL: GuardianRights =
    GuardianRights { legal: true, notify: true, may_collect: true, may_view: true, restricted: false };
const BARRED: GuardianRights =
    GuardianRights { legal: false, notify: false, may_collect: false, may_view: false, restricted: true };
fn link(rights: GuardianRights) -> Command {
    Command::LinkGuardian { guardian_id: id(5), rights }
}
fn linked() -> Event {
    Event::GuardianLinked { guardian_id: id(5), rights: ALL }
}
fn unlinked() -> Event {
    Event::GuardianUnlinked { guardian_id: id(5) }
}

#[test]
fn a_date_that_no_school_can_mean_is_refused() {
    let error = Error::Date(crate::values::school_date::NotASchoolDate);
    let far = NaiveDate::MAX;
    given(&[]).when(enrol("g", NaiveDate::MIN)).then_error(error);
    given(&[]).when(enrol("g", far)).then_error(error);
    given(&[enrolled()]).when(Command::Move { course_id: id(2), from: far }).then_error(error);
    given(&[enrolled()]).when(Command::Withdraw { from: far }).then_error(error);
}

#[test]
fn a_pupil_is_enrolled_once() {
    given(&[]).when(enrol("g", date(3, 4))).then(&[enrolled()]);
    given(&[enrolled()]).when(enrol("g", date(3, 4))).then_nothing();
    given(&[enrolled()]).when(enrol("h", date(3, 4))).then_error(Error::AlreadyEnrolled);
    given(&[enrolled()]).when(enrol("g", date(3, 5))).then_error(Error::AlreadyEnrolled);
}

#[test]
fn a_pupil_who_left_can_come_back_but_not_before_leaving() {
    let history = [enrolled(), issued(), linked(), withdrawn()];
    given(&history).when(enrol("g", date(9, 13))).then_error(Error::BeforeWithdrawal);
    given(&history).when(enrol("g", date(9, 14))).then(&[enrolled_from(date(9, 14))]);
    let back = fold::<Student>(&[enrolled(), issued(), linked(), withdrawn(), enrolled_from(date(10, 1))]);
    let State::Enrolled(pupil) = back else { panic!("enrolled again") };
    assert_eq!((pupil.enrolled_from, pupil.credentials.len(), pupil.guardians.len()), (date(10, 1), 1, 1));
}

#[test]
fn a_pupil_moves_once_to_another_course() {
    let moving = |course: u64, from| Command::Move { course_id: id(course), from };
    let moved = Event::Moved { course_id: id(2), from: date(6, 1) };
    given(&[enrolled()]).when(moving(2, date(6, 1))).then(std::slice::from_ref(&moved));
    given(&[enrolled(), moved.clone()]).when(moving(2, date(6, 1))).then_nothing();
    given(&[enrolled()]).when(moving(1, date(3, 4))).then_nothing();
    given(&[enrolled(), moved]).when(moving(2, date(6, 2))).then_error(Error::AlreadyInCourse);
    given(&[enrolled()]).when(moving(2, date(3, 3))).then_error(Error::BeforeEnrolment);
    given(&[]).when(moving(2, date(6, 1))).then_error(Error::NotEnrolled);
    given(&[enrolled(), withdrawn()]).when(moving(2, date(9, 13))).then_error(Error::Withdrawn);
    given(&[enrolled(), withdrawn()]).when(moving(2, date(9, 14))).then_error(Error::Withdrawn);
}

#[test]
fn details_change_only_to_others() {
    let change =
        |id: Option<&str>| Command::ChangeDetails { given_names: s("g"), family_names: s("f"), national_id: id.map(s) };
    let changed = Event::DetailsChanged { given_names: s("g"), family_names: s("f"), national_id: None };
    given(&[enrolled()]).when(change(None)).then(std::slice::from_ref(&changed));
    given(&[enrolled()]).when(change(Some("i"))).then_nothing();
    given(&[enrolled(), changed.clone()]).when(change(None)).then_nothing();
    given(&[enrolled(), withdrawn()]).when(change(None)).then(&[changed]);
    given(&[]).when(change(None)).then_error(Error::NotEnrolled);
}

#[test]
fn a_pupil_is_withdrawn_once() {
    let withdraw = |month, day| Command::Withdraw { from: date(month, day) };
    given(&[enrolled()]).when(withdraw(9, 14)).then(&[withdrawn()]);
    given(&[enrolled(), withdrawn()]).when(withdraw(9, 14)).then_nothing();
    given(&[enrolled(), withdrawn()]).when(withdraw(9, 15)).then_error(Error::AlreadyWithdrawn);
    given(&[enrolled()]).when(withdraw(3, 3)).then_error(Error::BeforeEnrolment);
    given(&[]).when(withdraw(9, 14)).then_error(Error::NotEnrolled);
}

#[test]
fn a_credential_is_issued_once_and_never_again_after_its_revocation() {
    given(&[enrolled()]).when(issue(CredentialKind::Qr)).then(&[issued()]);
    given(&[enrolled(), issued()]).when(issue(CredentialKind::Qr)).then_nothing();
    given(&[enrolled(), issued()]).when(issue(CredentialKind::Nfc)).then_error(Error::CredentialOfAnotherKind);
    given(&[enrolled(), issued(), revoked()]).when(issue(CredentialKind::Qr)).then_error(Error::CredentialRevoked);
    given(&[]).when(issue(CredentialKind::Qr)).then_error(Error::NotEnrolled);
}

#[test]
fn a_credential_is_revoked_once() {
    given(&[enrolled(), issued()]).when(revoke(RevocationReason::Lost)).then(&[revoked()]);
    given(&[enrolled(), issued(), revoked()]).when(revoke(RevocationReason::Lost)).then_nothing();
    given(&[enrolled(), issued(), revoked()])
        .when(revoke(RevocationReason::Damaged))
        .then_error(Error::CredentialRevoked);
    given(&[enrolled()]).when(revoke(RevocationReason::Lost)).then_error(Error::UnknownCredential);
    given(&[enrolled(), issued(), withdrawn()]).when(revoke(RevocationReason::Lost)).then(&[revoked()]);
    given(&[]).when(revoke(RevocationReason::Lost)).then_error(Error::NotEnrolled);
}

#[test]
fn a_guardian_is_linked_once_and_can_be_linked_again() {
    given(&[enrolled()]).when(link(ALL)).then(&[linked()]);
    given(&[enrolled(), linked()]).when(link(ALL)).then_nothing();
    given(&[enrolled(), linked()]).when(link(BARRED)).then_error(Error::GuardianAlreadyLinked);
    given(&[enrolled(), linked(), unlinked()]).when(link(ALL)).then(&[linked()]);
    given(&[]).when(link(ALL)).then_error(Error::NotEnrolled);
}

#[test]
fn a_links_rights_change_only_to_others() {
    let change = |rights| Command::ChangeGuardianLink { guardian_id: id(5), rights };
    let changed = Event::GuardianLinkChanged { guardian_id: id(5), rights: BARRED };
    given(&[enrolled(), linked()]).when(change(BARRED)).then(std::slice::from_ref(&changed));
    given(&[enrolled(), linked()]).when(change(ALL)).then_nothing();
    given(&[enrolled(), linked(), changed]).when(change(BARRED)).then_nothing();
    given(&[enrolled()]).when(change(ALL)).then_error(Error::GuardianNotLinked);
    given(&[enrolled(), linked(), unlinked()]).when(change(ALL)).then_error(Error::GuardianNotLinked);
    given(&[]).when(change(ALL)).then_error(Error::NotEnrolled);
}

#[test]
fn a_link_ends_once() {
    let unlink = || Command::UnlinkGuardian { guardian_id: id(5) };
    given(&[enrolled(), linked()]).when(unlink()).then(&[unlinked()]);
    given(&[enrolled(), linked(), unlinked()]).when(unlink()).then_nothing();
    given(&[enrolled()]).when(unlink()).then_error(Error::GuardianNotLinked);
    given(&[]).when(unlink()).then_error(Error::NotEnrolled);
}

#[test]
fn nothing_follows_an_erasure() {
    given(&[enrolled()]).when(Command::Erase).then(&[Event::Erased]);
    given(&[enrolled(), withdrawn()]).when(Command::Erase).then(&[Event::Erased]);
    given(&[]).when(Command::Erase).then_error(Error::NotEnrolled);
    let erased = [enrolled(), issued(), linked(), Event::Erased];
    given(&erased).when(Command::Erase).then_nothing();
    let others = [
        enrol("g", date(3, 4)),
        Command::Move { course_id: id(2), from: date(6, 1) },
        Command::ChangeDetails { given_names: s("g"), family_names: s("f"), national_id: None },
        Command::Withdraw { from: date(9, 14) },
        issue(CredentialKind::Qr),
        revoke(RevocationReason::Lost),
        link(ALL),
        Command::ChangeGuardianLink { guardian_id: id(5), rights: BARRED },
        Command::UnlinkGuardian { guardian_id: id(5) },
    ];
    for command in others {
        given(&erased).when(command).then_error(Error::Erased);
    }
}

#[test]
fn a_stream_that_misses_its_beginning_still_folds() {
    for event in samples() {
        let known = fold::<Student>(std::slice::from_ref(&event)).pupil().is_some();
        assert_eq!(known, matches!(event, Event::Enrolled { .. }));
    }
}

#[test]
fn every_event_has_this_json() {
    let samples = samples();
    assert_eq!(samples.len(), 10);
    insta::assert_json_snapshot!(samples[0], @r#"
    {
      "type": "enrolled",
      "course_id": "018f0000-0000-7000-8000-000000000021",
      "from": "2026-03-04",
      "given_names": "v1:enrolled:given_names:identity:018f0000-0000-7000-8000-0000000000ee:c2FtcGxlLW5vLXJlYWwtY2lwaGVydGV4dA",
      "family_names": "v1:enrolled:family_names:identity:018f0000-0000-7000-8000-0000000000ee:c2FtcGxlLW5vLXJlYWwtY2lwaGVydGV4dA",
      "national_id": "v1:enrolled:national_id:identity:018f0000-0000-7000-8000-0000000000ee:c2FtcGxlLW5vLXJlYWwtY2lwaGVydGV4dA"
    }
    "#);
    insta::assert_json_snapshot!(samples[1], @r#"
    {
      "type": "moved",
      "course_id": "018f0000-0000-7000-8000-000000000022",
      "from": "2026-06-01"
    }
    "#);
    insta::assert_json_snapshot!(samples[2], @r#"
    {
      "type": "details_changed",
      "given_names": "v1:details_changed:given_names:identity:018f0000-0000-7000-8000-0000000000ee:c2FtcGxlLW5vLXJlYWwtY2lwaGVydGV4dA",
      "family_names": "v1:details_changed:family_names:identity:018f0000-0000-7000-8000-0000000000ee:c2FtcGxlLW5vLXJlYWwtY2lwaGVydGV4dA",
      "national_id": null
    }
    "#);
    insta::assert_json_snapshot!(samples[3], @r#"
    {
      "type": "credential_issued",
      "credential_id": "018f0000-0000-7000-8000-000000000043",
      "kind": "qr"
    }
    "#);
    insta::assert_json_snapshot!(samples[4], @r#"
    {
      "type": "credential_revoked",
      "credential_id": "018f0000-0000-7000-8000-000000000043",
      "reason": "lost"
    }
    "#);
    insta::assert_json_snapshot!(samples[5], @r#"
    {
      "type": "guardian_linked",
      "guardian_id": "018f0000-0000-7000-8000-000000000051",
      "rights": {
        "legal": true,
        "notify": true,
        "may_collect": true,
        "may_view": true,
        "restricted": false
      }
    }
    "#);
    insta::assert_json_snapshot!(samples[6], @r#"
    {
      "type": "guardian_link_changed",
      "guardian_id": "018f0000-0000-7000-8000-000000000051",
      "rights": {
        "legal": true,
        "notify": false,
        "may_collect": true,
        "may_view": true,
        "restricted": true
      }
    }
    "#);
    insta::assert_json_snapshot!(samples[7], @r#"
    {
      "type": "guardian_unlinked",
      "guardian_id": "018f0000-0000-7000-8000-000000000051"
    }
    "#);
    insta::assert_json_snapshot!(samples[8], @r#"
    {
      "type": "withdrawn",
      "from": "2026-09-14"
    }
    "#);
    insta::assert_json_snapshot!(samples[9], @r#"
    {
      "type": "erased"
    }
    "#);
}

#[test]
fn a_pupil_is_seen_by_who_may_view_and_a_restriction_of_any_of_one_person_wins() {
    let viewer = GuardianRights { may_view: true, ..GuardianRights::default() };
    let both = GuardianRights { may_view: true, restricted: true, ..GuardianRights::default() };
    let change = |guardian, rights| Event::GuardianLinkChanged { guardian_id: id(guardian), rights };
    let link = |guardian, rights| Event::GuardianLinked { guardian_id: id(guardian), rights };
    let seen = |history: &[Event], guardians: &[u64]| {
        let guardians: Vec<GuardianId> = guardians.iter().map(|n| id(*n)).collect();
        fold::<Student>(history).may_be_seen_by(&guardians).is_some()
    };
    let family = [enrolled(), link(5, viewer), link(6, GuardianRights::default()), link(7, BARRED)];
    assert!(seen(&family, &[5]) && seen(&family, &[6, 5]));
    let guardians = [6, 8, 5].map(id);
    assert_eq!(fold::<Student>(&family).may_be_seen_by(&guardians), Some(id(5)), "as who may, not as the first");
    assert!(!seen(&family, &[6]) && !seen(&family, &[7]) && !seen(&family, &[]) && !seen(&family, &[8]));
    assert!(!seen(&family, &[5, 7]), "one address of two guardians, one of whom is barred");
    for rights in [both, BARRED, GuardianRights::default()] {
        assert!(!seen(&[&family[..], &[change(5, rights)]].concat(), &[5]), "{rights:?}");
    }
    assert!(!seen(&[&family[..], &[Event::GuardianUnlinked { guardian_id: id(5) }]].concat(), &[5]));
    assert!(!seen(&[&family[..], &[Event::Erased]].concat(), &[5]));
}
