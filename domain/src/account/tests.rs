use super::*;
use crate::aggregate::{fold, spec};
use StaffRole::{Admin, Auditor, Inspector};

fn given(history: &[Event]) -> spec::Given<Account> {
    spec::given(history)
}
fn s(text: &str) -> Sealed {
    Sealed(text.into())
}
fn invite(role: StaffRole, activated: bool) -> Command {
    Command::Invite { name: s("n"), email: s("e"), role, activated }
}
fn invited() -> Event {
    Event::Invited { name: s("n"), email: s("e") }
}
fn granted(role: StaffRole) -> Event {
    Event::RoleGranted { role }
}
fn admin() -> Vec<Event> {
    vec![invited(), granted(Admin), Event::Activated]
}
fn revoke(role: StaffRole, other_admin: bool) -> Command {
    Command::Revoke { role, other_admin }
}

#[test]
fn an_invitation_makes_a_member_with_a_role_and_a_second_one_adds_a_role() {
    given(&[]).when(invite(Admin, false)).then(&[invited(), granted(Admin)]);
    given(&[]).when(invite(Admin, true)).then(&[invited(), Event::Activated, granted(Admin)]);
    given(&admin()).when(invite(Admin, true)).then_nothing();
    given(&admin()).when(invite(Auditor, true)).then(&[granted(Auditor)]);
}

#[test]
fn only_a_member_is_given_or_loses_anything() {
    for command in [
        Command::Grant { role: Admin },
        revoke(Admin, true),
        Command::Disable { other_admin: true },
        Command::Enable,
        Command::EndSessions,
        Command::Activate,
        Command::IssueLink { purpose: LinkPurpose::Reset },
        Command::ChangeCredential { credential: Credential::Password },
        Command::Note(AccountFact::SignedIn(SignInMethod::Password)),
    ] {
        given(&[]).when(command).then_error(Error::NotMember);
    }
}

#[test]
fn an_offer_gives_nothing_until_the_person_accepts_and_then_what_was_offered() {
    let offered = |role| Event::MembershipOffered { role };
    given(&[]).when(Command::Offer { role: Inspector }).then(&[offered(Inspector)]);
    let pending = [offered(Inspector)];
    given(&pending).when(Command::Offer { role: Inspector }).then_nothing();
    given(&pending).when(Command::Offer { role: Auditor }).then(&[offered(Auditor)]);
    given(&pending).when(Command::Accept).then(&[Event::MembershipAccepted]);
    given(&pending).when(Command::Decline).then(&[Event::MembershipDeclined]);
    given(&pending).when(Command::Withdraw).then(&[Event::MembershipWithdrawn]);
    for command in [
        Command::Grant { role: Admin },
        revoke(Inspector, true),
        Command::Disable { other_admin: true },
        Command::Enable,
        Command::Activate,
        Command::IssueLink { purpose: LinkPurpose::Reset },
        Command::ChangeCredential { credential: Credential::Password },
        Command::RemoveCredential { credential: Credential::Totp },
        Command::Note(AccountFact::SignedIn(SignInMethod::Password)),
        Command::Erase,
    ] {
        given(&pending).when(command).then_error(Error::Pending);
    }
    let both = [offered(Inspector), offered(Auditor), Event::MembershipAccepted];
    let roles = [Inspector, Auditor].into();
    assert_eq!(fold::<Account>(&both), State::Member(Member { activated: true, roles, disabled: false }));
    given(&both).when(Command::Accept).then_nothing();
    given(&both).when(Command::Offer { role: Admin }).then(&[granted(Admin)]);
    for command in [Command::Decline, Command::Withdraw] {
        given(&both).when(command).then_error(Error::AlreadyMember);
    }
    for ended in [Event::MembershipDeclined, Event::MembershipWithdrawn] {
        let none = [offered(Inspector), ended];
        assert_eq!(fold::<Account>(&none), State::NotMember);
        for command in [Command::Accept, Command::Decline, Command::Withdraw] {
            given(&none).when(command).then_error(Error::NotMember);
        }
        given(&none).when(Command::Offer { role: Auditor }).then(&[offered(Auditor)]);
    }
    // Whoever may add the person without asking does so: what was offered before counts no more.
    given(&pending).when(invite(Auditor, true)).then(&[invited(), Event::Activated, granted(Auditor)]);
    let added = [offered(Inspector), invited(), Event::Activated, granted(Auditor)];
    let roles = [Auditor].into();
    assert_eq!(fold::<Account>(&added), State::Member(Member { activated: true, roles, disabled: false }));
}

#[test]
fn a_role_is_granted_and_revoked_once() {
    given(&admin()).when(Command::Grant { role: Inspector }).then(&[granted(Inspector)]);
    given(&admin()).when(Command::Grant { role: Admin }).then_nothing();
    let both = [admin(), vec![granted(Inspector)]].concat();
    given(&both).when(revoke(Inspector, false)).then(&[Event::RoleRevoked { role: Inspector }]);
    given(&admin()).when(revoke(Inspector, false)).then_nothing();
}

#[test]
fn the_last_administrator_is_neither_revoked_nor_disabled() {
    given(&admin()).when(revoke(Admin, false)).then_error(Error::LastAdmin);
    given(&admin()).when(Command::Disable { other_admin: false }).then_error(Error::LastAdmin);
    given(&admin()).when(revoke(Admin, true)).then(&[Event::RoleRevoked { role: Admin }]);
    given(&admin()).when(Command::Disable { other_admin: true }).then(&[Event::Disabled]);
    // Whoever never came in administers nothing.
    let never_came = [invited(), granted(Admin)];
    given(&never_came).when(revoke(Admin, false)).then(&[Event::RoleRevoked { role: Admin }]);
}

#[test]
fn a_disabled_member_keeps_the_roles_and_gets_no_others_until_enabled() {
    let disabled = [admin(), vec![Event::Disabled]].concat();
    given(&disabled).when(Command::Disable { other_admin: false }).then_nothing();
    given(&disabled).when(Command::Grant { role: Inspector }).then_error(Error::Disabled);
    given(&disabled).when(invite(Inspector, true)).then_error(Error::Disabled);
    given(&disabled).when(Command::IssueLink { purpose: LinkPurpose::Reset }).then_error(Error::Disabled);
    given(&disabled).when(Command::Enable).then(&[Event::Enabled]);
    given(&admin()).when(Command::Enable).then_nothing();
    let back = fold::<Account>(&[disabled, vec![Event::Enabled]].concat());
    assert_eq!(back, fold::<Account>(&admin()));
}

#[test]
fn a_link_is_for_the_state_that_the_account_is_in() {
    let link = |purpose| Command::IssueLink { purpose };
    let issued = |purpose| [Event::LinkIssued { purpose }];
    let pending = [invited(), granted(Admin)];
    given(&pending).when(link(LinkPurpose::Activate)).then(&issued(LinkPurpose::Activate));
    given(&pending).when(link(LinkPurpose::Reset)).then_error(Error::WrongPurpose);
    given(&admin()).when(link(LinkPurpose::Reset)).then(&issued(LinkPurpose::Reset));
    given(&admin()).when(link(LinkPurpose::Activate)).then_error(Error::WrongPurpose);
    given(&pending).when(Command::Activate).then(&[Event::Activated]);
    given(&admin()).when(Command::Activate).then_nothing();
}

#[test]
fn what_is_noted_changes_nothing() {
    let before = fold::<Account>(&admin());
    for note in [
        AccountFact::SignedIn(SignInMethod::Password),
        AccountFact::SessionEnded(SessionEnd::Idle),
        AccountFact::Throttled,
        AccountFact::RefreshReused,
        AccountFact::PasskeyCopied,
    ] {
        let events = Account::decide(&before, Command::Note(note)).unwrap();
        assert!(matches!(&events[..], [e] if Event::NOTES.contains(&crate::DomainEvent::name(e))));
        assert_eq!(Account::evolve(before.clone(), &events[0]), before);
    }
}

#[test]
fn the_school_ends_what_is_open_and_the_member_stays_what_it_was() {
    let before = fold::<Account>(&admin());
    let events = Account::decide(&before, Command::EndSessions).unwrap();
    assert_eq!(events, [Event::SessionEnded { reason: SessionEnd::EndedBySchool }]);
    assert_eq!(Account::evolve(before.clone(), &events[0]), before);
}

#[test]
fn nothing_follows_an_erasure() {
    let disabled = [admin(), vec![Event::Disabled]].concat();
    let erased = [disabled.clone(), vec![Event::Erased]].concat();
    given(&admin()).when(Command::Erase).then_error(Error::NotDisabled);
    given(&disabled).when(Command::Erase).then(&[Event::Erased]);
    given(&erased).when(Command::Erase).then_nothing();
    given(&erased).when(invite(Admin, false)).then_error(Error::Erased);
    given(&erased).when(Command::Grant { role: Admin }).then_error(Error::Erased);
}

#[test]
fn a_roles_name_reads_back() {
    for role in StaffRole::ALL {
        assert_eq!(role.as_str().parse(), Ok(role));
        assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
    }
    assert_eq!("admin".parse::<StaffRole>(), Err(UnknownRole));
}

#[test]
fn every_event_has_this_json() {
    let lines: Vec<_> = samples().iter().map(|e| serde_json::to_string(e).unwrap()).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    {"type":"invited","name":"v1:account.invited:name:identity:018f0000-0000-7000-8000-0000000000ee:c2FtcGxlLW5vLXJlYWwtY2lwaGVydGV4dA","email":"v1:account.invited:email:contact:018f0000-0000-7000-8000-0000000000ee:c2FtcGxlLW5vLXJlYWwtY2lwaGVydGV4dA"}
    {"type":"membership_offered","role":"INSPECTOR"}
    {"type":"membership_accepted"}
    {"type":"membership_declined"}
    {"type":"membership_withdrawn"}
    {"type":"role_granted","role":"INSPECTOR"}
    {"type":"link_issued","purpose":"activate"}
    {"type":"activated"}
    {"type":"credential_changed","credential":"totp"}
    {"type":"signed_in","method":"password_and_totp"}
    {"type":"session_ended","reason":"signed_out"}
    {"type":"throttled"}
    {"type":"refresh_reuse_detected"}
    {"type":"passkey_copy_suspected"}
    {"type":"credential_removed","credential":"totp"}
    {"type":"role_revoked","role":"INSPECTOR"}
    {"type":"disabled"}
    {"type":"enabled"}
    {"type":"erased"}
    "#);
}
