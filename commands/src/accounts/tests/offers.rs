//! A second school, which waits for the person's answer.

use super::*;
use domain::{Actor, account};

const MAIL: &str = "rosa@losaromos.cl";

fn pending(result: Result<impl Sized, AccountError>) -> bool {
    matches!(result, Err(AccountError::Refused(account::Error::Pending)))
}

fn not_member(result: Result<(), AccountError>) -> bool {
    matches!(result, Err(AccountError::Refused(account::Error::NotMember)))
}

impl Staff {
    fn invite_of(role: StaffRole) -> Invite {
        Invite { email: MAIL.into(), name: "Otra Persona".into(), role }
    }

    /// The names of the events of an account in a school.
    async fn names_in(&self, school: SchoolId, account: AccountId) -> Vec<&'static str> {
        use domain::DomainEvent as _;
        self.events(school, account).await.iter().map(|event| event.name()).collect()
    }
}

#[tokio::test]
async fn a_second_school_gives_nothing_and_takes_nothing_until_its_person_accepts() {
    let staff = Staff::new().await;
    let (context, twin, accounts) = (staff.context(), staff.twin().await, &staff.accounts);
    let id = staff.member(MAIL, StaffRole::Director).await;
    accounts.begin_totp(id).await.unwrap();
    let (epoch, told) = (staff.epoch(id).await, staff.names(id).await);
    let invited = accounts.invite(&twin, Staff::invite_of(StaffRole::Admin)).await.unwrap();
    assert_eq!((invited.account_id, invited.pending, invited.link.is_some()), (id, true, false));

    // Nothing is given: not a role, not a place among the people, nothing of the account but what was typed.
    assert_eq!(accounts.roles(id).await.unwrap(), [(context.school, StaffRole::Director)]);
    assert!(accounts.members(twin.school).await.unwrap().is_empty());
    let [offered] = &accounts.offered(twin.school).await.unwrap()[..] else { panic!() };
    assert_eq!((offered.account_id, offered.email.as_deref()), (id, Some(MAIL)));
    assert_eq!(offered.roles, [StaffRole::Admin]);
    assert!(accounts.offered(context.school).await.unwrap().is_empty());
    assert!(pending(accounts.grant(&twin, id, StaffRole::Owner).await));
    assert!(pending(accounts.revoke(&twin, id, StaffRole::Admin).await));
    assert!(pending(accounts.disable(&twin, id).await));
    assert!(pending(accounts.reset(&twin, id, Scope::School).await));
    assert!(pending(accounts.reset(&twin, id, Scope::Mailbox).await));
    assert!(not_member(accounts.reset_factors(&twin, id, Scope::School).await.map(drop)));
    // Nothing is taken: sessions go on, and the school that has the person does with the account what it did.
    assert_eq!((staff.epoch(id).await, staff.names(id).await), (epoch, told));
    accounts.reset_factors(&context, id, Scope::School).await.unwrap();
    accounts.reset(&context, id, Scope::School).await.unwrap();
    accounts.grant(&context, id, StaffRole::Inspector).await.unwrap();
    assert_eq!(staff.epoch(id).await, epoch + 1, "its sessions are this school's to end");
    accounts.note(id, AccountFact::Throttled).await.unwrap();
    assert_eq!(staff.names_in(twin.school, id).await, ["membership_offered"], "what the person does is not told");

    // Nobody answers for the person, and nobody answers what was not asked.
    let stranger = staff.member("luis@losaromos.cl", StaffRole::Admin).await;
    for (account, school) in [(stranger, twin.school), (id, context.school), (id, SchoolId(Uuid::from_u128(0xbad)))] {
        assert!(not_member(accounts.accept(account, school).await));
        assert!(not_member(accounts.decline(account, school).await));
    }
    assert_eq!(accounts.offers(stranger).await.unwrap(), []);
    let more = accounts.invite(&twin, Staff::invite_of(StaffRole::Auditor)).await.unwrap();
    assert!(more.pending);
    let roles = vec![StaffRole::Admin, StaffRole::Auditor];
    assert_eq!(accounts.offers(id).await.unwrap(), [Offer { school: twin.school, roles: roles.clone() }]);
    let before = staff.epoch(id).await;
    accounts.accept(id, twin.school).await.unwrap();
    assert_eq!(staff.epoch(id).await, before + 1, "other rights are another session");
    assert_eq!(accounts.offers(id).await.unwrap(), []);
    let [member] = &accounts.members(twin.school).await.unwrap()[..] else { panic!() };
    assert_eq!((member.account_id, &member.roles), (id, &roles));
    assert_eq!(member.name.as_deref(), Some("Úrsula Ñancupil"), "as the person is called");
    let answered = accounts.reset_factors(&context, id, Scope::School).await;
    assert!(matches!(answered, Err(AccountError::OfAnotherSchool)));
    assert!(matches!(accounts.reset(&context, id, Scope::School).await, Err(AccountError::OfAnotherSchool)));
    let events = staff.names_in(twin.school, id).await;
    assert_eq!(events, ["membership_offered", "membership_offered", "membership_accepted"]);
    let payload: String = sqlx::query_scalar(
        "select string_agg(payload::text, '') from events where event_type in ('membership_offered', 'membership_accepted')",
    )
    .fetch_one(&staff.world.owner)
    .await
    .unwrap();
    assert!(!payload.contains("v1:"), "no personal data, not even sealed: {payload}");
    let actors: Vec<String> = sqlx::query_scalar("select actor from events where event_type = 'membership_accepted'")
        .fetch_all(&staff.world.owner)
        .await
        .unwrap();
    assert_eq!(actors, [format!("user:{id}")]);
    staff.world.dense_length().await;
}

#[tokio::test]
async fn what_is_declined_or_taken_back_was_never_there_and_may_be_offered_again() {
    let staff = Staff::new().await;
    let (twin, accounts) = (staff.twin().await, &staff.accounts);
    let id = staff.member(MAIL, StaffRole::Director).await;
    let before = (staff.epoch(id).await, staff.names(id).await);
    for ended in ["membership_declined", "membership_withdrawn"] {
        accounts.invite(&twin, Staff::invite_of(StaffRole::Inspector)).await.unwrap();
        match ended {
            "membership_declined" => accounts.decline(id, twin.school).await.unwrap(),
            _ => accounts.withdraw(&twin, id).await.unwrap(),
        }
        assert_eq!(staff.names_in(twin.school, id).await.last(), Some(&ended));
        assert!(
            accounts.offered(twin.school).await.unwrap().is_empty() && accounts.offers(id).await.unwrap().is_empty()
        );
        assert!(not_member(accounts.accept(id, twin.school).await));
        assert!(not_member(accounts.withdraw(&twin, id).await));
        assert!(accounts.members(twin.school).await.unwrap().is_empty());
    }
    assert_eq!((staff.epoch(id).await, staff.names(id).await), before);
    // Twice at once is once.
    accounts.invite(&twin, Staff::invite_of(StaffRole::Inspector)).await.unwrap();
    let (one, two) = tokio::join!(accounts.accept(id, twin.school), accounts.accept(id, twin.school));
    assert!(one.is_ok() || two.is_ok(), "{one:?} {two:?}");
    let accepted = staff.names_in(twin.school, id).await;
    assert_eq!(accepted.iter().filter(|name| **name == "membership_accepted").count(), 1);
    let refused = accounts.withdraw(&twin, id).await;
    assert!(matches!(refused, Err(AccountError::Refused(account::Error::AlreadyMember))));
}

#[tokio::test]
async fn whoever_runs_the_installation_or_owns_all_schools_of_a_person_adds_them_to_another_without_asking() {
    let staff = Staff::new().await;
    let (context, twin, accounts) = (staff.context(), staff.twin().await, &staff.accounts);
    let id = staff.member(MAIL, StaffRole::Director).await;
    let owner = staff.member("duena@losaromos.cl", StaffRole::Owner).await;
    let by_owner = Context { actor: Actor::user(owner), ..twin.clone() };
    // Of the school that has the person, and not of the one that asks.
    assert!(accounts.invite(&by_owner, Staff::invite_of(StaffRole::Inspector)).await.unwrap().pending);
    staff.add(&twin, "duena@losaromos.cl", StaffRole::Admin).await;
    assert!(
        accounts.invite(&by_owner, Staff::invite_of(StaffRole::Inspector)).await.unwrap().pending,
        "administers one"
    );
    accounts.grant(&twin, owner, StaffRole::Owner).await.unwrap();
    // Whoever owns one of the two gains nothing by somebody else who owns both.
    let of_one = staff.add(&twin, "otra@losaromos.cl", StaffRole::Owner).await.account_id;
    let by_another = Context { actor: Actor::user(of_one), ..twin.clone() };
    assert!(accounts.invite(&by_another, Staff::invite_of(StaffRole::Inspector)).await.unwrap().pending);
    assert!(!accounts.invite(&by_owner, Staff::invite_of(StaffRole::Auditor)).await.unwrap().pending);
    let both = [(context.school, StaffRole::Director), (twin.school, StaffRole::Auditor)];
    assert_eq!(accounts.roles(id).await.unwrap(), both, "what was offered before counts no more");
    assert!(accounts.offers(id).await.unwrap().is_empty());

    let third = Context { school: SchoolId(Uuid::from_u128(0x5c00_0003)), ..staff.context() };
    staff.enter(&third).await;
    let by_owner = Context { actor: Actor::user(owner), ..third.clone() };
    staff.add(&third, "duena@losaromos.cl", StaffRole::Owner).await;
    accounts.revoke(&context, owner, StaffRole::Owner).await.unwrap();
    assert!(accounts.invite(&by_owner, Staff::invite_of(StaffRole::Auditor)).await.unwrap().pending, "two of three");
    let at_once = accounts.invite_for(&third, Staff::invite_of(StaffRole::Auditor), Scope::Installation).await.unwrap();
    assert!(!at_once.pending);
}

#[tokio::test]
async fn a_password_by_a_link_that_a_school_was_shown_takes_back_what_others_offer_and_one_by_mail_does_not() {
    let staff = Staff::new().await;
    let (context, twin, accounts) = (staff.context(), staff.twin().await, &staff.accounts);
    let id = staff.member(MAIL, StaffRole::Director).await;
    let offers = async || accounts.offers(id).await.unwrap().len();
    // Whoever was shown it before the offer or after it might answer in the person's name.
    for shown_first in [true, false] {
        let mut link = None;
        if shown_first {
            link = Some(accounts.reset(&context, id, Scope::School).await.unwrap());
        }
        accounts.invite(&twin, Staff::invite_of(StaffRole::Admin)).await.unwrap();
        let link = match link {
            Some(link) => link,
            None => accounts.reset(&context, id, Scope::School).await.unwrap(),
        };
        assert_eq!(offers().await, 1);
        accounts.activate(&link.secret.reveal(), PASSWORD, monday_morning()).await.unwrap();
        assert_eq!(offers().await, 0, "{shown_first}");
        assert_eq!(staff.names_in(twin.school, id).await.last(), Some(&"membership_withdrawn"));
    }
    accounts.invite(&twin, Staff::invite_of(StaffRole::Admin)).await.unwrap();
    for scope in [Scope::Mailbox, Scope::Installation] {
        let link = accounts.reset(&context, id, scope).await.unwrap();
        accounts.activate(&link.secret.reveal(), PASSWORD, monday_morning()).await.unwrap();
        assert_eq!(offers().await, 1, "{scope:?}");
    }
}

#[tokio::test]
async fn whoever_never_chose_a_password_is_offered_a_second_school_with_a_link_for_the_mailbox_alone() {
    let staff = Staff::new().await;
    let (context, twin, accounts) = (staff.context(), staff.twin().await, &staff.accounts);
    let first = staff.invite(&context, MAIL, StaffRole::Director).await;
    let shown = accounts.invite(&twin, Staff::invite_of(StaffRole::Admin)).await.unwrap();
    assert!(shown.pending && shown.link.is_none(), "no school is shown a link of another's person");
    let mailed = accounts.invite_for(&twin, Staff::invite_of(StaffRole::Admin), Scope::Mailbox).await.unwrap();
    let (own, mailed) = (first.link.unwrap().secret.reveal(), mailed.link.unwrap().secret.reveal());
    assert!(accounts.open_link(&own).await.is_ok(), "what its school handed out stays good");
    let proof = accounts.activate(&mailed, PASSWORD, monday_morning()).await.unwrap();
    assert_eq!(proof, staff.proof(first.account_id).await);
    assert!(accounts.open_link(&own).await.is_err());
    assert_eq!(accounts.roles(first.account_id).await.unwrap(), [(context.school, StaffRole::Director)]);
    accounts.accept(first.account_id, twin.school).await.unwrap();
    assert_eq!(accounts.roles(first.account_id).await.unwrap().len(), 2);
}

#[tokio::test]
async fn whom_every_school_keeps_out_comes_in_to_answer_another_and_to_nothing_else() {
    let staff = Staff::new().await;
    let (context, twin, accounts) = (staff.context(), staff.twin().await, &staff.accounts);
    let id = staff.member(MAIL, StaffRole::Director).await;
    accounts.disable(&context, id).await.unwrap();
    assert_eq!(staff.sign_in(MAIL, PASSWORD).await, SignIn::Refused);
    accounts.invite(&twin, Staff::invite_of(StaffRole::Inspector)).await.unwrap();
    assert_eq!(staff.sign_in(MAIL, PASSWORD).await, staff.done(id).await);
    assert!(accounts.roles(id).await.unwrap().is_empty());
    let before = staff.epoch(id).await;
    accounts.decline(id, twin.school).await.unwrap();
    assert_eq!(staff.sign_in(MAIL, PASSWORD).await, SignIn::Refused);
    assert_eq!(staff.epoch(id).await, before + 1, "and the session that it came in by is over");
    accounts.invite(&twin, Staff::invite_of(StaffRole::Inspector)).await.unwrap();
    accounts.accept(id, twin.school).await.unwrap();
    assert_eq!(accounts.roles(id).await.unwrap(), [(twin.school, StaffRole::Inspector)]);
    let [member] = &accounts.members(context.school).await.unwrap()[..] else { panic!() };
    assert!(member.disabled_at.is_some(), "what the first school decided stands");
}

#[tokio::test]
async fn an_erased_person_is_offered_nothing_and_no_offer_keeps_anybody_from_being_erased() {
    let staff = Staff::new().await;
    let (context, twin, accounts) = (staff.context(), staff.twin().await, &staff.accounts);
    let id = staff.member(MAIL, StaffRole::Director).await;
    accounts.invite(&twin, Staff::invite_of(StaffRole::Inspector)).await.unwrap();
    accounts.disable(&context, id).await.unwrap();
    accounts.erase(id, &Actor::cli("test")).await.unwrap();
    accounts.erase(id, &Actor::cli("test")).await.unwrap();
    assert!(accounts.offered(twin.school).await.unwrap().is_empty());
    assert!(accounts.person(id).await.unwrap().disabled);
    assert_eq!(staff.names_in(twin.school, id).await, ["membership_offered", "membership_withdrawn"]);
    let again = staff.invite(&twin, MAIL, StaffRole::Inspector).await;
    assert!(again.account_id != id && again.link.is_some() && !again.pending, "the address is somebody new's");
}

#[tokio::test]
async fn browsers_are_known_by_the_secrets_of_now_and_roles_change_nothing_about_it() {
    let staff = Staff::new().await;
    let (context, twin, accounts) = (staff.context(), staff.twin().await, &staff.accounts);
    let id = staff.member(MAIL, StaffRole::Director).await;
    let known_since = async || -> i64 {
        let since = sqlx::query_scalar("select secrets_epoch from accounts where account_id = $1").bind(id.0);
        since.fetch_one(&staff.world.owner).await.unwrap()
    };
    let mut since = known_since().await;
    for what in ["grant", "revoke", "offer", "accept", "disabled in one of two", "enabled in one of two"] {
        match what {
            "grant" => accounts.grant(&context, id, StaffRole::Auditor).await.unwrap(),
            "revoke" => accounts.revoke(&context, id, StaffRole::Auditor).await.unwrap(),
            "offer" => drop(accounts.invite(&twin, Staff::invite_of(StaffRole::Inspector)).await.unwrap()),
            "accept" => accounts.accept(id, twin.school).await.unwrap(),
            "disabled in one of two" => accounts.disable(&twin, id).await.unwrap(),
            _ => accounts.enable(&twin, id).await.unwrap(),
        }
        assert_eq!(known_since().await, since, "{what}");
    }
    accounts.begin_totp(id).await.unwrap();
    sqlx::query("update account_totp set confirmed_at = now()").execute(&staff.world.owner).await.unwrap();
    for what in ["password", "factors", "link", "disabled"] {
        match what {
            "password" => accounts.change_password(id, PASSWORD, "caballo lento gris").await.unwrap(),
            "factors" => assert!(accounts.reset_factors(&context, id, Scope::Installation).await.unwrap()),
            "link" => {
                let link = accounts.reset(&context, id, Scope::Mailbox).await.unwrap();
                assert_eq!(known_since().await, since, "nobody used it yet");
                accounts.activate(&link.secret.reveal(), PASSWORD, monday_morning()).await.unwrap();
            }
            _ => {
                accounts.disable(&twin, id).await.unwrap();
                assert_eq!(known_since().await, since, "the other school lets the person in");
                accounts.disable(&context, id).await.unwrap();
            }
        }
        assert_eq!(known_since().await, staff.epoch(id).await, "{what}");
        assert!(known_since().await > since, "{what}");
        since = known_since().await;
    }
    // Of one school, also while another waits for an answer.
    let one = staff.member("luis@losaromos.cl", StaffRole::Director).await;
    let invite = Invite { email: "luis@losaromos.cl".into(), ..Staff::invite_of(StaffRole::Auditor) };
    accounts.invite(&twin, invite).await.unwrap();
    accounts.disable(&context, one).await.unwrap();
    let since: i64 = sqlx::query_scalar("select secrets_epoch from accounts where account_id = $1")
        .bind(one.0)
        .fetch_one(&staff.world.owner)
        .await
        .unwrap();
    assert_eq!(since, staff.epoch(one).await);
}
