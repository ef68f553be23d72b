//! Who may do what.

use super::*;
use domain::{Actor, account};

#[tokio::test]
async fn a37_a_fresh_database_has_no_account_and_nobody_signs_in() {
    let staff = Staff::new().await;
    for table in ["accounts", "account_members", "account_roles", "account_passwords", "account_totp", "account_links"]
    {
        let n: i64 =
            sqlx::query_scalar(&format!("select count(*) from {table}")).fetch_one(&staff.world.owner).await.unwrap();
        assert_eq!(n, 0, "{table}");
    }
    assert_eq!(staff.sign_in("admin@example.com", "admin").await, SignIn::Refused);
    assert!(staff.accounts.members(staff.world.school).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_invited_person_chooses_a_password_by_the_link_and_signs_in() {
    let staff = Staff::new().await;
    let invited = staff.invite(&staff.context(), " Ursula@LosAromos.cl ", StaffRole::Director).await;
    let link = invited.link.unwrap();
    assert_eq!(link.expires_at - monday_morning(), chrono::TimeDelta::hours(24));
    let of = staff.accounts.open_link(&link.secret.reveal()).await.unwrap();
    assert_eq!((of.account_id, of.purpose), (invited.account_id, LinkPurpose::Activate));
    assert_eq!((of.email.as_str(), of.name.as_str()), ("ursula@losaromos.cl", "Úrsula Ñancupil"));
    assert_eq!(staff.sign_in("ursula@losaromos.cl", PASSWORD).await, SignIn::Refused, "not yet");

    let id = staff.accounts.activate(&link.secret.reveal(), PASSWORD, monday_morning()).await.unwrap().account;
    assert_eq!(id, invited.account_id);
    assert_eq!(staff.sign_in("URSULA@losaromos.cl", PASSWORD).await, staff.done(id).await);
    assert_eq!(staff.sign_in("ursula@losaromos.cl", "tren verde luna norte").await, SignIn::Refused);
    assert_eq!(staff.accounts.roles(id).await.unwrap(), [(staff.world.school, StaffRole::Director)]);
    let [member] = &staff.accounts.members(staff.world.school).await.unwrap()[..] else { panic!() };
    assert_eq!(member.roles, [StaffRole::Director]);
    assert_eq!(member.name.as_deref(), Some("Úrsula Ñancupil"));
    assert_eq!(member.activated_at, Some(monday_morning()));
    assert_eq!(staff.names(id).await, ["invited", "role_granted", "link_issued", "activated", "credential_changed"]);
    staff.world.dense_length().await;
}

#[tokio::test]
async fn a_known_address_gets_the_role_and_a_link_only_until_it_is_activated() {
    let staff = Staff::new().await;
    let (context, mail) = (staff.context(), "ursula@losaromos.cl");
    let first = staff.invite(&context, mail, StaffRole::Inspector).await;
    let second = staff.invite(&context, mail, StaffRole::Inspector).await;
    assert_eq!(first.account_id, second.account_id);
    let (first, second) = (first.link.unwrap().secret.reveal(), second.link.unwrap().secret.reveal());
    let replaced = staff.accounts.activate(&first, PASSWORD, monday_morning()).await;
    assert!(matches!(replaced, Err(AccountError::Link)), "the newer link voids the older");
    let id = staff.accounts.activate(&second, PASSWORD, monday_morning()).await.unwrap().account;
    let third = staff.invite(&context, mail, StaffRole::Auditor).await;
    assert_eq!((third.account_id, third.link.is_some()), (id, false));
    let school = staff.world.school;
    let roles = [(school, StaffRole::Auditor), (school, StaffRole::Inspector)];
    assert_eq!(staff.accounts.roles(id).await.unwrap(), roles);
    for (email, name) in [("no address", "A"), ("a@b.cl", " ")] {
        let invite = Invite { email: email.into(), name: name.into(), role: StaffRole::Admin };
        assert!(matches!(staff.accounts.invite(&context, invite).await, Err(AccountError::Invalid(_))));
    }
}

#[tokio::test]
async fn a_link_is_not_given_to_a_school_whose_account_is_another_schools_too() {
    let staff = Staff::new().await;
    let twin = staff.twin().await;
    let mail = "ursula@losaromos.cl";
    let own = staff.invite(&staff.context(), mail, StaffRole::Director).await;
    let other = staff.add(&twin, mail, StaffRole::Owner).await;
    assert_eq!((own.account_id, other.pending), (other.account_id, false));
    let again = staff.invite(&twin, mail, StaffRole::Owner).await;
    assert!(again.link.is_none() && !again.pending, "it would open what the first school granted");
    let id = own.account_id;
    for scope_refused in [&staff.context(), &twin] {
        let reset = staff.accounts.reset(scope_refused, id, Scope::School).await;
        assert!(matches!(reset, Err(AccountError::OfAnotherSchool)));
    }
    let link = staff.accounts.reset(&twin, id, Scope::Installation).await.unwrap();
    staff.accounts.activate(&link.secret.reveal(), PASSWORD, monday_morning()).await.unwrap();
    assert_eq!(staff.events(twin.school, id).await.last(), staff.events(staff.world.school, id).await.last());
    let both = [(staff.world.school, StaffRole::Director), (twin.school, StaffRole::Owner)];
    assert_eq!(staff.accounts.roles(id).await.unwrap(), both);
    for (school, role) in both {
        let members = staff.accounts.members(school).await.unwrap();
        let found: Vec<_> = members.iter().map(|member| (member.account_id, &member.roles[..])).collect();
        assert_eq!(found, [(id, &[role][..])], "what a school grants is no other's to see");
    }

    // One school keeps it out, the other does not; then neither lets it in.
    staff.accounts.disable(&staff.context(), id).await.unwrap();
    assert_eq!(staff.accounts.roles(id).await.unwrap(), both[1..]);
    assert_eq!(staff.sign_in(mail, PASSWORD).await, staff.done(id).await);
    staff.accounts.disable(&twin, id).await.unwrap();
    assert_eq!(staff.sign_in(mail, PASSWORD).await, SignIn::Refused);
    assert!(staff.accounts.person(id).await.unwrap().disabled);
    staff.accounts.enable(&twin, id).await.unwrap();
    assert_eq!(staff.accounts.roles(id).await.unwrap(), both[1..]);
    assert_eq!(staff.sign_in(mail, PASSWORD).await, staff.done(id).await);
}

#[tokio::test]
async fn roles_and_epoch_change_with_the_event_or_not_at_all() {
    let staff = Staff::new().await;
    let (context, accounts) = (staff.context(), &staff.accounts);
    staff.member("admin@losaromos.cl", StaffRole::Admin).await;
    let id = staff.member("ursula@losaromos.cl", StaffRole::Inspector).await;
    let before = staff.epoch(id).await;
    accounts.grant(&context, id, StaffRole::Director).await.unwrap();
    assert_eq!(staff.epoch(id).await, before + 1);
    accounts.grant(&context, id, StaffRole::Director).await.unwrap();
    assert_eq!(staff.epoch(id).await, before + 1, "what was so before changes nothing");
    accounts.revoke(&context, id, StaffRole::Inspector).await.unwrap();
    accounts.disable(&context, id).await.unwrap();
    assert_eq!(accounts.roles(id).await.unwrap(), []);
    assert_eq!(staff.sign_in("ursula@losaromos.cl", PASSWORD).await, SignIn::Refused);
    accounts.enable(&context, id).await.unwrap();
    assert_eq!(accounts.roles(id).await.unwrap(), [(context.school, StaffRole::Director)]);
    assert_eq!(staff.epoch(id).await, before + 4);
    let after = ["role_granted", "role_revoked", "disabled", "enabled"];
    assert_eq!(staff.names(id).await[5..], after);

    // No event can be appended: no row changes either.
    sqlx::query("revoke insert on events from attendance_log_writer").execute(&staff.world.owner).await.unwrap();
    accounts.grant(&context, id, StaffRole::Auditor).await.unwrap_err();
    accounts.revoke(&context, id, StaffRole::Director).await.unwrap_err();
    accounts.disable(&context, id).await.unwrap_err();
    sqlx::query("grant insert on events to attendance_log_writer").execute(&staff.world.owner).await.unwrap();
    assert_eq!(accounts.roles(id).await.unwrap(), [(context.school, StaffRole::Director)]);
    assert_eq!((staff.epoch(id).await, staff.names(id).await.len()), (before + 4, 9));

    let nobody = AccountId(Uuid::from_u128(1));
    assert!(matches!(accounts.grant(&context, nobody, StaffRole::Admin).await, Err(AccountError::Unknown)));
    let twin = staff.twin().await;
    let refused = accounts.grant(&twin, id, StaffRole::Admin).await;
    assert!(matches!(refused, Err(AccountError::Refused(account::Error::NotMember))));
}

#[tokio::test]
async fn a_schools_last_administrator_stays_also_when_two_revoke_each_other_at_once() {
    let staff = Staff::new().await;
    let (context, accounts) = (staff.context(), &staff.accounts);
    let last =
        |result: Result<(), AccountError>| matches!(result, Err(AccountError::Refused(account::Error::LastAdmin)));
    let a = staff.member("a@losaromos.cl", StaffRole::Admin).await;
    // Somebody who never came in is no administrator to be left with.
    let absent = staff.invite(&context, "absent@losaromos.cl", StaffRole::Admin).await.account_id;
    assert!(last(accounts.revoke(&context, a, StaffRole::Admin).await));
    assert!(last(accounts.disable(&context, a).await));
    accounts.revoke(&context, absent, StaffRole::Admin).await.unwrap();
    for round in 0..5 {
        let b = staff.member(&format!("b{round}@losaromos.cl"), StaffRole::Admin).await;
        accounts.grant(&context, a, StaffRole::Admin).await.unwrap();
        accounts.enable(&context, a).await.unwrap();
        let (one, two) = tokio::join!(accounts.revoke(&context, a, StaffRole::Admin), accounts.disable(&context, b));
        assert_eq!(u8::from(one.is_ok()) + u8::from(two.is_ok()), 1, "round {round}: {one:?} {two:?}");
        assert!(last(one) || last(two));
        let members = accounts.members(context.school).await.unwrap();
        assert_eq!(members.iter().filter(|m| m.roles.contains(&StaffRole::Admin)).count(), 1);
        if members.iter().any(|m| m.account_id == b && m.disabled_at.is_none()) {
            accounts.grant(&context, a, StaffRole::Admin).await.unwrap();
            accounts.disable(&context, b).await.unwrap();
        }
    }
}

#[tokio::test]
async fn two_grants_at_once_are_one_event_and_two_roles_at_once_are_both_there() {
    let staff = Staff::new().await;
    let (context, accounts) = (staff.context(), &staff.accounts);
    let id = staff.member("a@losaromos.cl", StaffRole::Inspector).await;
    let (before, epoch) = (staff.names(id).await.len(), staff.epoch(id).await);
    let grant = |role| accounts.grant(&context, id, role);
    let all = futures::future::join_all((0..10).map(|n| grant([StaffRole::Director, StaffRole::Auditor][n % 2]))).await;
    all.into_iter().for_each(Result::unwrap);
    assert_eq!(staff.names(id).await.len(), before + 2);
    assert_eq!(staff.epoch(id).await, epoch + 2);
    assert_eq!(accounts.roles(id).await.unwrap().len(), 3);

    // One address invited many times at once is one account.
    let invites = (0..10).map(|_| staff.invite(&context, "b@losaromos.cl", StaffRole::Auditor));
    let ids: std::collections::BTreeSet<_> =
        futures::future::join_all(invites).await.into_iter().map(|invited| invited.account_id).collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(accounts.members(context.school).await.unwrap().len(), 2);
    staff.world.dense_length().await;
}

#[tokio::test]
async fn what_is_noted_is_told_to_each_school_that_lets_the_account_do_something() {
    let staff = Staff::new().await;
    let twin = staff.twin().await;
    let id = staff.member("a@losaromos.cl", StaffRole::Director).await;
    staff.add(&twin, "a@losaromos.cl", StaffRole::Auditor).await;
    let facts = [
        (AccountFact::SignedIn(SignInMethod::Password), "signed_in"),
        (AccountFact::SessionEnded(SessionEnd::Idle), "session_ended"),
    ];
    for (fact, name) in facts {
        staff.accounts.note(id, fact).await.unwrap();
        assert_eq!(staff.names(id).await.last(), Some(&name));
    }
    assert_eq!(staff.events(twin.school, id).await[3..], staff.events(staff.world.school, id).await[5..]);
    let before = staff.epoch(id).await;
    staff.accounts.disable(&twin, id).await.unwrap();
    let told = staff.events(twin.school, id).await.len();
    staff.accounts.note(id, AccountFact::Throttled).await.unwrap();
    assert_eq!(staff.events(twin.school, id).await.len(), told, "a school that keeps it out is not told");
    assert_eq!((staff.names(id).await.last(), staff.epoch(id).await), (Some(&"throttled"), before));
    let actor: String = sqlx::query_scalar("select actor from events order by position desc limit 1")
        .fetch_one(&staff.world.owner)
        .await
        .unwrap();
    assert_eq!(actor, format!("user:{id}"));
}

#[tokio::test]
async fn an_erased_account_is_nobody_and_its_address_may_be_invited_again() {
    let staff = Staff::new().await;
    let (context, accounts, mail) = (staff.context(), &staff.accounts, "a@losaromos.cl");
    let by = domain::Actor::cli("test");
    let id = staff.member(mail, StaffRole::Director).await;
    accounts.begin_totp(id).await.unwrap();
    let refused = accounts.erase(id, &by).await;
    assert!(matches!(refused, Err(AccountError::Refused(account::Error::NotDisabled))));
    assert_eq!(accounts.person(id).await.unwrap().email.as_deref(), Some(mail));
    accounts.disable(&context, id).await.unwrap();
    accounts.erase(id, &by).await.unwrap();
    accounts.erase(id, &by).await.unwrap();
    let person = accounts.person(id).await.unwrap();
    assert!(person.name.is_none() && person.email.is_none() && person.disabled && !person.has_totp);
    assert_eq!(staff.names(id).await.iter().filter(|name| **name == "erased").count(), 1);
    let enabled = accounts.enable(&context, id).await;
    assert!(matches!(enabled, Err(AccountError::Refused(account::Error::Erased))));
    assert_eq!(staff.sign_in(mail, PASSWORD).await, SignIn::Refused);

    let again = staff.member(mail, StaffRole::Inspector).await;
    assert_ne!(again, id);
    assert_eq!(staff.sign_in(mail, PASSWORD).await, staff.done(again).await);
    let members = accounts.members(context.school).await.unwrap();
    assert_eq!(members.iter().map(|m| m.email.as_deref()).collect::<Vec<_>>(), [None, Some(mail)]);
}

#[tokio::test]
async fn a_link_is_void_once_another_school_has_its_person_or_whoever_handed_it_out_may_less() {
    let staff = Staff::new().await;
    let (context, twin, accounts) = (staff.context(), staff.twin().await, &staff.accounts);
    let opens = async |link: &Link| accounts.open_link(&link.secret.reveal()).await.is_ok();
    let minute = chrono::TimeDelta::minutes(1);
    // Somebody who can sign in already, and is choosing another password at this very moment.
    let teacher = staff.member("t@losaromos.cl", StaffRole::Inspector).await;
    let link = accounts.reset(&context, teacher, Scope::School).await.unwrap();
    assert!(opens(&link).await);
    staff.world.clock.advance(minute * 2);
    staff.invite(&twin, "t@losaromos.cl", StaffRole::Admin).await;
    assert!(opens(&link).await, "what is only offered takes nothing");
    accounts.accept(teacher, twin.school).await.unwrap();
    assert!(!opens(&link).await);
    let other = "luna tren sur verde";
    let late = accounts.activate(&link.secret.reveal(), other, monday_morning() + minute).await;
    assert!(matches!(late, Err(AccountError::Link)), "{late:?}");
    assert_eq!(staff.sign_in("t@losaromos.cl", PASSWORD).await, staff.done(teacher).await);
    // Somebody whom nobody knew.
    let first = staff.invite(&context, "n@losaromos.cl", StaffRole::Inspector).await.link.unwrap();
    assert!(opens(&first).await);
    let second = staff.add(&twin, "n@losaromos.cl", StaffRole::Admin).await;
    assert!(!opens(&first).await);
    // Where only the mailbox sees it, the person has one all the same.
    let invite = Invite { email: "n@losaromos.cl".into(), name: "N".into(), role: StaffRole::Director };
    let mailed = accounts.invite_for(&context, invite, Scope::Mailbox).await.unwrap().link.unwrap();
    let again = accounts.reset(&context, second.account_id, Scope::Mailbox).await.unwrap();
    assert!(!opens(&mailed).await && opens(&again).await);

    // Whoever handed one out.
    let school = context.school;
    for takes_away in ["disabled", "revoked"] {
        let admin = staff.member(&format!("{takes_away}@losaromos.cl"), StaffRole::Admin).await;
        staff.member(&format!("stays-{takes_away}@losaromos.cl"), StaffRole::Admin).await;
        let by_admin = Context { actor: Actor::user(admin), ..staff.context() };
        let pupil = staff.member(&format!("x-{takes_away}@losaromos.cl"), StaffRole::Inspector).await;
        let of_another = staff.member(&format!("y-{takes_away}@losaromos.cl"), StaffRole::Inspector).await;
        let link = accounts.reset(&by_admin, pupil, Scope::School).await.unwrap();
        let by_somebody_else = accounts.reset(&context, of_another, Scope::School).await.unwrap();
        let elsewhere = staff.add(&twin, &format!("z-{takes_away}@losolmos.cl"), StaffRole::Inspector).await.account_id;
        let by_admin = Context { actor: Actor::user(admin), ..twin.clone() };
        let of_another_school = accounts.reset(&by_admin, elsewhere, Scope::School).await.unwrap();
        accounts.grant(&context, admin, StaffRole::Auditor).await.unwrap();
        assert!(opens(&link).await, "more rights void nothing");
        match takes_away {
            "disabled" => accounts.disable(&context, admin).await.unwrap(),
            _ => accounts.revoke(&context, admin, StaffRole::Admin).await.unwrap(),
        }
        assert!(!opens(&link).await && opens(&by_somebody_else).await, "{takes_away} in {school}");
        assert!(opens(&of_another_school).await, "what it may in another school is for that one to say");
    }
}

#[tokio::test]
async fn a_school_ends_no_session_of_a_person_whom_another_school_has_too() {
    let staff = Staff::new().await;
    let (context, twin, accounts) = (staff.context(), staff.twin().await, &staff.accounts);
    let id = staff.member("a@losaromos.cl", StaffRole::Director).await;
    let before = staff.epoch(id).await;
    staff.add(&twin, "a@losaromos.cl", StaffRole::Auditor).await;
    accounts.grant(&twin, id, StaffRole::Director).await.unwrap();
    accounts.revoke(&twin, id, StaffRole::Director).await.unwrap();
    accounts.disable(&twin, id).await.unwrap();
    assert_eq!(accounts.roles(id).await.unwrap(), [(context.school, StaffRole::Director)], "what it gave is gone");
    accounts.enable(&twin, id).await.unwrap();
    assert_eq!(staff.epoch(id).await, before);
    // Whom no school lets in any more comes back under a new session.
    accounts.disable(&twin, id).await.unwrap();
    accounts.disable(&context, id).await.unwrap();
    assert_eq!(staff.epoch(id).await, before + 1);
}

#[tokio::test]
async fn an_erased_account_leaves_no_trace_of_where_it_came_in() {
    let staff = Staff::new().await;
    let (gone, stays) = (
        staff.member("a@losaromos.cl", StaffRole::Director).await,
        staff.member("b@losaromos.cl", StaffRole::Director).await,
    );
    for account in [gone, stays] {
        for row in [
            "insert into sessions (session_id, secret_sha256, account_id, stage, authz_epoch, created_at, last_seen_at,
               rotated_at, stepped_up_at, idle_seconds, ends_at, device, network)
             values ($1, sha256(uuid_send($1)), $1, 'open', 1, now(), now(), now(), now(), 1, now(), 'x', 'x')",
            "insert into known_browsers (secret_sha256, account_id, known_at) values (sha256(uuid_send($1)), $1, now())",
            "insert into token_families (family_id, account_id, school_id, authz_epoch, created_at, last_used_at, ends_at,
               client, network) values ($1, $1, $1, 1, now(), now(), now(), 'x', 'x')",
            "insert into refresh_tokens (token_id, token_sha256, family_id, issued_at, expires_at)
             values ($1, sha256(uuid_send($1)), $1, now(), now())",
            "insert into account_passkeys (passkey_id, account_id, credential_id, rp_id, name, credential, sign_count,
               created_at) values ($1, $1, uuid_send($1), '', '', '{}', 0, now())",
        ] {
            sqlx::query(row).bind(account.0).execute(&staff.world.owner).await.unwrap();
        }
    }
    staff.accounts.disable(&staff.context(), gone).await.unwrap();
    staff.accounts.erase(gone, &Actor::cli("test")).await.unwrap();
    for (table, column) in [
        ("sessions", "account_id"),
        ("known_browsers", "account_id"),
        ("token_families", "account_id"),
        ("refresh_tokens", "family_id"),
        ("account_passkeys", "account_id"),
    ] {
        let left: Vec<Uuid> =
            sqlx::query_scalar(&format!("select {column} from {table}")).fetch_all(&staff.world.owner).await.unwrap();
        assert_eq!(left, [stays.0], "{table}");
    }
}
