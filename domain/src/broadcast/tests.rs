use super::*;
use crate::aggregate::spec;
use crate::envelope::Actor;
use crate::ids::AccountId;
use crate::sample_values::id;

fn given(history: &[Event]) -> spec::Given<Broadcast> {
    spec::given(history)
}
fn draft(whom: Whom) -> Draft {
    let Some(Event::Drafted { draft }) = samples().into_iter().next() else { panic!("the first sample is a draft") };
    Draft { audience: Audience { whom, role: Role::Told }, ..draft }
}
fn drafted() -> Event {
    Event::Drafted { draft: draft(Whom::School) }
}
fn person(n: u64) -> Actor {
    Actor::user(id::<AccountId>(n))
}
fn approve(version: u32, people: u32, by: u64) -> Command {
    Command::Approve { version, people, author: person(1), by: person(by) }
}

#[test]
fn a12_to_many_people_goes_only_what_somebody_else_approved() {
    given(&[drafted()]).when(approve(1, ALONE_UP_TO, 1)).then(&[Event::Approved { people: ALONE_UP_TO }]);
    given(&[drafted()]).when(approve(1, ALONE_UP_TO + 1, 1)).then_error(Error::NeedsAnother);
    given(&[drafted()]).when(approve(1, 900, 2)).then(&[Event::Approved { people: 900 }]);
    given(&[drafted()]).when(approve(1, 0, 2)).then_error(Error::Nobody);
    given(&[]).when(approve(1, 5, 2)).then_error(Error::NotDrafted);
}

#[test]
fn what_is_approved_is_what_was_seen_and_is_not_written_anew() {
    given(&[drafted(), drafted()]).when(approve(1, 5, 2)).then_error(Error::Changed);
    given(&[drafted(), drafted()]).when(approve(2, 5, 2)).then(&[Event::Approved { people: 5 }]);
    let approved = [drafted(), Event::Approved { people: 5 }];
    given(&approved).when(Command::Draft(draft(Whom::School))).then_error(Error::GoesOut);
    given(&approved).when(approve(1, 7, 2)).then_nothing();
}

#[test]
fn what_names_nobody_is_no_draft() {
    for whom in [Whom::Levels { levels: vec![] }, Whom::Courses { courses: vec![] }, Whom::Pupils { students: vec![] }]
    {
        given(&[]).when(Command::Draft(draft(whom))).then_error(Error::EmptyAudience);
    }
}

#[test]
fn it_starts_once_ends_once_and_what_was_cancelled_never_goes_on() {
    let approved = [drafted(), Event::Approved { people: 5 }];
    let started = [approved.as_slice(), &[Event::Started { people: 6 }]].concat();
    given(&[drafted()]).when(Command::Start { people: 6 }).then_error(Error::NotApproved);
    given(&approved).when(Command::Start { people: 6 }).then(&[Event::Started { people: 6 }]);
    given(&approved).when(Command::Complete).then_error(Error::NotApproved);
    given(&started).when(Command::Start { people: 9 }).then_nothing();
    given(&started).when(Command::Complete).then(&[Event::Completed]);
    let completed = [started.as_slice(), &[Event::Completed]].concat();
    given(&completed).when(Command::Complete).then_nothing();
    given(&completed).when(Command::Cancel).then_error(Error::GoesOut);
    for history in [&[drafted()][..], &approved, &started] {
        given(history).when(Command::Cancel).then(&[Event::Cancelled]);
        let cancelled = [history, &[Event::Cancelled]].concat();
        given(&cancelled).when(Command::Cancel).then_nothing();
        for command in
            [Command::Start { people: 6 }, Command::Complete, Command::Draft(draft(Whom::School)), approve(1, 5, 2)]
        {
            given(&cancelled).when(command).then_error(Error::Cancelled);
        }
    }
}

#[test]
fn a_role_never_takes_in_who_is_barred_or_is_not_told() {
    let all = GuardianRights { legal: true, notify: true, may_collect: true, may_view: true, restricted: false };
    for role in Role::ALL {
        assert!(role.is_of(all));
        assert!(!role.is_of(GuardianRights { restricted: true, ..all }));
        assert!(!role.is_of(GuardianRights { notify: false, ..all }));
    }
    assert!(!Role::Legal.is_of(GuardianRights { legal: false, ..all }));
    assert!(!Role::Collect.is_of(GuardianRights { may_collect: false, ..all }));
}
