//! What readers ask of the roster: deltas for kiosks and caches, and a pupil's guardians.

use crate::ReadModel;
use crate::roster::queries::{cards_since, guardians_of, pupils_of, students, students_changed_since};
use crate::testing::history::{self, Random, course_id, day, pupil_id, sealed};
use crate::testing::{Draft, World, id};
use domain::student::{self, CredentialKind, GuardianRights, RevocationReason};
use domain::{AnyEvent, GuardianId, SchoolId, StudentId, guardian};

fn school() -> SchoolId {
    id(1 << 24)
}

fn pupil(n: u64) -> StudentId {
    pupil_id(school(), n).into()
}

fn of_pupil(n: u64, event: student::Event) -> Draft {
    Draft::of(school(), pupil(n), AnyEvent::Student(event))
}

async fn founded(pupils: u64) -> World {
    let world = World::create().await;
    world.append(&history::founding(school(), pupils, 2, &mut Random(1))).await;
    world.append(&history::founding(id(2 << 24), 3, 1, &mut Random(2))).await;
    world.catch_up(ReadModel::Roster).await;
    world
}

#[tokio::test]
async fn a_kiosk_s_delta_holds_each_card_once_then_only_what_changed_with_its_revocation() {
    let world = founded(12).await;
    let (mut all, mut since) = (Vec::new(), 0);
    loop {
        let page = cards_since(&mut world.tx(school()).await, since, 5).await.unwrap().cards;
        assert!(page.len() <= 5);
        let Some(last) = page.last() else { break };
        since = last.credential.position;
        all.extend(page.into_iter().map(|c| c.credential));
    }
    assert_eq!(all.len(), 12, "this school's cards and no other's");
    assert!(all.is_sorted_by(|a, b| a.position < b.position), "each once, in the order of the changes");
    assert!(all.iter().all(|c| c.revoked.is_none() && c.kind == CredentialKind::Qr));
    let last = all.last().unwrap().position;
    assert_eq!(cards_since(&mut world.tx(school()).await, last, 5).await.unwrap().cards, [], "nothing new");

    // What was told before comes again with its new state, and a new card with it.
    let lost = &all[2];
    let owner = (0..12).find(|n| pupil(*n) == lost.student_id).unwrap();
    let (credential_id, reason) = (lost.credential_id, RevocationReason::Lost);
    world
        .append(&[
            of_pupil(owner, student::Event::CredentialRevoked { credential_id, reason }),
            of_pupil(owner, student::Event::CredentialIssued { credential_id: id(0xff), kind: CredentialKind::Nfc }),
        ])
        .await;
    world.catch_up(ReadModel::Roster).await;
    let delta = cards_since(&mut world.tx(school()).await, last, 2_000).await.unwrap().cards;
    let told: Vec<_> = delta.iter().map(|c| &c.credential).map(|c| (c.credential_id, c.kind, c.revoked)).collect();
    assert_eq!(told, [(credential_id, CredentialKind::Qr, Some(reason)), (id(0xff), CredentialKind::Nfc, None)]);
    assert_eq!(delta[0].credential.position, world.head().await - 1);
    // From the beginning: still one row a card.
    let from_the_start = cards_since(&mut world.tx(school()).await, 0, 2_000).await.unwrap().cards;
    assert_eq!(from_the_start.len(), 13);

    // Whoever leaves takes all cards along: they come on one page, whole.
    let (last, from) = (world.head().await, history::day(-1));
    let other = (owner + 1) % 12;
    world
        .append(&[
            of_pupil(other, student::Event::CredentialIssued { credential_id: id(0xfe), kind: CredentialKind::Nfc }),
            of_pupil(owner, student::Event::Withdrawn { from }),
        ])
        .await;
    world.catch_up(ReadModel::Roster).await;
    let first = cards_since(&mut world.tx(school()).await, last, 2).await.unwrap();
    assert_eq!((first.cards.len(), first.more), (1, true));
    let second = cards_since(&mut world.tx(school()).await, last + 1, 2).await.unwrap();
    assert!(!second.more);
    assert_eq!(second.cards.len(), 2);
    assert!(second.cards.iter().all(|card| card.stays.is_here(day(-2)) && !card.stays.is_here(from)));

    // Back again from a day ahead: the cards come once more, with that day.
    let last = world.head().await;
    let back = student::Event::Enrolled {
        course_id: course_id(school(), 0).into(),
        from: day(9),
        given_names: sealed(&mut Random(5)),
        family_names: sealed(&mut Random(6)),
        national_id: None,
    };
    world.append(&[of_pupil(owner, back)]).await;
    world.catch_up(ReadModel::Roster).await;
    let cards = cards_since(&mut world.tx(school()).await, last, 2_000).await.unwrap().cards;
    assert_eq!(cards.len(), 2);
    assert_eq!(cards.iter().filter(|card| card.changes_after(day(0)) == [(day(9), true)]).count(), 1, "one was lost");
}

#[tokio::test]
async fn a_cache_of_names_learns_of_every_change_of_a_pupil_exactly_once() {
    let world = founded(9).await;
    let (mut all, mut since) = (Vec::new(), 0);
    loop {
        let page = students_changed_since(&mut world.tx(school()).await, since, 4).await.unwrap();
        assert!(page.len() <= 4);
        let Some(last) = page.last() else { break };
        since = last.position;
        all.extend(page);
    }
    let mut ids: Vec<StudentId> = all.iter().map(|s| s.student_id).collect();
    ids.sort_unstable();
    let mut expected: Vec<StudentId> = (0..9).map(pupil).collect();
    expected.sort_unstable();
    assert_eq!(ids, expected);

    let mut random = Random(4);
    let details = student::Event::DetailsChanged {
        given_names: sealed(&mut random),
        family_names: sealed(&mut random),
        national_id: None,
    };
    let moved = student::Event::Moved { course_id: course_id(school(), 1).into(), from: day(-1) };
    world.append(&[of_pupil(3, details.clone()), of_pupil(5, student::Event::Erased), of_pupil(4, moved)]).await;
    world.catch_up(ReadModel::Roster).await;
    let changed = students_changed_since(&mut world.tx(school()).await, since, 200).await.unwrap();
    assert_eq!(changed.iter().map(|s| s.student_id).collect::<Vec<_>>(), [pupil(3), pupil(5), pupil(4)]);
    let student::Event::DetailsChanged { given_names, .. } = details else { panic!() };
    assert_eq!((changed[0].given_names.as_ref(), changed[0].national_id.as_ref()), (Some(&given_names), None));
    assert!(changed[1].erased && changed[1].given_names.is_none() && changed[1].family_names.is_none());
    let last = changed[2].position;
    assert_eq!(students_changed_since(&mut world.tx(school()).await, last, 200).await.unwrap(), []);
}

#[tokio::test]
async fn a_pupil_s_guardians_are_those_linked_now_with_what_each_may_do() {
    let world = founded(3).await;
    let rights = |legal| GuardianRights { legal, notify: true, may_collect: !legal, may_view: true, restricted: false };
    let link = |pupil, guardian: GuardianId, legal| {
        of_pupil(pupil, student::Event::GuardianLinked { guardian_id: guardian, rights: rights(legal) })
    };
    let name = sealed(&mut Random(7));
    let registered =
        guardian::Event::Registered { name: name.clone(), national_id: None, phone: Some(name.clone()), mail: None };
    let of_guardian = |g: GuardianId, event| Draft::of(school(), g, AnyEvent::Guardian(event));
    let (known, unknown, gone, erased): (GuardianId, GuardianId, GuardianId, GuardianId) = (id(1), id(2), id(3), id(4));
    world
        .append(&[
            of_guardian(known, registered.clone()),
            of_guardian(erased, registered.clone()),
            of_guardian(erased, guardian::Event::Erased),
            of_guardian(gone, registered),
            link(0, erased, false),
            link(0, unknown, false),
            link(0, gone, true),
            link(0, known, false),
            link(1, gone, true),
            of_pupil(0, student::Event::GuardianLinkChanged { guardian_id: known, rights: rights(true) }),
            of_pupil(0, student::Event::GuardianUnlinked { guardian_id: gone }),
        ])
        .await;
    world.catch_up(ReadModel::Roster).await;
    let linked = guardians_of(&mut world.tx(school()).await, pupil(0)).await.unwrap();
    let told: Vec<_> = linked.iter().map(|l| (l.link.guardian_id, l.link.rights)).collect();
    assert_eq!(told, [(known, rights(true)), (unknown, rights(false)), (erased, rights(false))]);
    let first = linked[0].guardian.as_ref().unwrap();
    assert_eq!((first.name.as_ref(), first.phone.as_ref(), first.mail.as_ref()), (Some(&name), Some(&name), None));
    assert_eq!(linked[1].guardian, None, "the roster does not know this one yet");
    let last = linked[2].guardian.as_ref().unwrap();
    assert!(last.erased && last.name.is_none() && last.phone.is_none());
    let other = guardians_of(&mut world.tx(school()).await, pupil(1)).await.unwrap();
    assert_eq!(other.iter().map(|l| l.link.guardian_id).collect::<Vec<_>>(), [gone], "another pupil's link stands");
    assert_eq!(guardians_of(&mut world.tx(id(2 << 24)).await, pupil(0)).await.unwrap(), [], "not for another school");
}

#[tokio::test]
async fn p13_a_guardian_is_told_the_own_pupils_and_a_course_s_list_holds_its_own_whoever_else_is_in_the_school() {
    let world = founded(6).await;
    let link = |n, guardian: u128| {
        let rights = GuardianRights { may_view: true, ..GuardianRights::default() };
        of_pupil(n, student::Event::GuardianLinked { guardian_id: id(guardian), rights })
    };
    let moved = of_pupil(2, student::Event::Moved { course_id: course_id(school(), 1).into(), from: day(-1) });
    world.append(&[link(0, 0x91), link(1, 0x92), link(2, 0x91), moved]).await;
    world.catch_up(ReadModel::Roster).await;
    let mut tx = world.tx(school()).await;
    let sorted = |numbers: &[u64]| {
        let mut pupils: Vec<StudentId> = numbers.iter().map(|n| pupil(*n)).collect();
        pupils.sort_unstable();
        pupils
    };
    for (guardian, own) in [(0x91, &[0, 2][..]), (0x92, &[1]), (0x93, &[])] {
        assert_eq!(pupils_of(&mut tx, &[id(guardian)]).await.unwrap(), sorted(own));
    }
    // Every second pupil is in the second course; one moved there yesterday.
    for (course, on, own) in
        [(0, day(-2), &[0, 2, 4][..]), (1, day(-2), &[1, 3, 5]), (0, day(0), &[0, 4]), (1, day(0), &[1, 2, 3, 5])]
    {
        let listed = students(&mut tx, Some((course_id(school(), course).into(), on)), None, 200).await.unwrap();
        assert_eq!(listed.into_iter().map(|s| s.student_id).collect::<Vec<_>>(), sorted(own), "{course} {on}");
    }
}
