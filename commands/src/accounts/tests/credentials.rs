//! Links, passwords and codes.

use super::*;
use chrono::TimeDelta;
use domain::Actor;

#[tokio::test]
async fn a41_of_fifty_who_open_one_link_at_once_one_succeeds() {
    let staff = Staff::new().await;
    let link = staff.invite(&staff.context(), "a@losaromos.cl", StaffRole::Admin).await.link.unwrap();
    let token = link.secret.reveal();
    let tries = (0..50).map(|n| {
        let (accounts, token) = (staff.accounts.clone(), token.clone());
        tokio::spawn(async move {
            let password = format!("{PASSWORD} {n}");
            let done = accounts.activate(&token, &password, monday_morning()).await;
            (password, done)
        })
    });
    let mut won = Vec::new();
    for done in futures::future::join_all(tries).await {
        match done.unwrap() {
            (password, Ok(_)) => won.push(password),
            (_, Err(error)) => assert!(matches!(error, AccountError::Link), "{error:?}"),
        }
    }
    assert_eq!(won.len(), 1);
    assert!(matches!(staff.sign_in("a@losaromos.cl", &won[0]).await, SignIn::Done(_)));
    let again = staff.accounts.activate(&token, PASSWORD, monday_morning()).await;
    assert!(matches!(again, Err(AccountError::Link)), "used");
    assert!(matches!(staff.accounts.open_link(&token).await, Err(AccountError::Link)));
}

#[tokio::test]
async fn a_link_that_is_expired_unknown_or_of_a_disabled_account_opens_nothing() {
    let staff = Staff::new().await;
    let context = staff.context();
    let invited = staff.invite(&context, "a@losaromos.cl", StaffRole::Auditor).await;
    let token = invited.link.unwrap().secret.reveal();
    let in_a_day = monday_morning() + TimeDelta::hours(24);
    let unknown = Secret256::random().unwrap().reveal();
    let staff = &staff;
    let activate = |token: &str, now| {
        let token = token.to_owned();
        async move { staff.accounts.activate(&token, PASSWORD, now).await }
    };
    assert!(matches!(activate(&token, in_a_day).await, Err(AccountError::Link)));
    assert!(matches!(activate(&unknown, monday_morning()).await, Err(AccountError::Link)));
    assert!(matches!(activate("", monday_morning()).await, Err(AccountError::Link)));
    staff.accounts.disable(&context, invited.account_id).await.unwrap();
    assert!(matches!(activate(&token, monday_morning()).await, Err(AccountError::Link)));
    staff.accounts.enable(&context, invited.account_id).await.unwrap();
    let guessable = staff.accounts.activate(&token, "Los Aromos Ñancupil 2026", monday_morning()).await;
    assert!(matches!(guessable, Err(AccountError::Unfit(Unfit::Guessable))));
    assert!(matches!(
        staff.accounts.activate(&token, "corta", monday_morning()).await,
        Err(AccountError::Unfit(Unfit::TooShort))
    ));
    activate(&token, in_a_day - TimeDelta::seconds(1)).await.unwrap();
}

#[tokio::test]
async fn a40_every_refusal_costs_one_argon2_run_whatever_the_address_is() {
    let staff = Staff::new().await;
    staff.member("a@losaromos.cl", StaffRole::Director).await;
    let pending = staff.invite(&staff.context(), "pending@losaromos.cl", StaffRole::Auditor).await;
    let disabled = staff.member("disabled@losaromos.cl", StaffRole::Auditor).await;
    staff.accounts.disable(&staff.context(), disabled).await.unwrap();
    assert!(pending.link.is_some());
    for email in ["a@losaromos.cl", "pending@losaromos.cl", "disabled@losaromos.cl", "nobody@losaromos.cl", "none", ""]
    {
        let before = staff.accounts.hashing.runs();
        assert_eq!(staff.sign_in(email, "another password").await, SignIn::Refused, "{email}");
        assert_eq!(staff.accounts.hashing.runs() - before, 1, "{email}");
    }
    let before = staff.accounts.hashing.runs();
    assert_eq!(staff.sign_in("a@losaromos.cl", &"x".repeat(5_000)).await, SignIn::Refused);
    assert_eq!(staff.sign_in("nobody@losaromos.cl", &"x".repeat(5_000)).await, SignIn::Refused);
    assert_eq!(staff.accounts.hashing.runs(), before);
}

#[tokio::test]
async fn a54_a_hash_of_other_parameters_is_renewed_by_signing_in() {
    let staff = Staff::new().await;
    let id = staff.member("a@losaromos.cl", StaffRole::Director).await;
    let stored = || async {
        let phc: String = sqlx::query_scalar("select phc from account_passwords where account_id = $1")
            .bind(id.0)
            .fetch_one(&staff.world.owner)
            .await
            .unwrap();
        phc
    };
    assert!(stored().await.starts_with("$argon2id$v=19$m=8,t=1,p=1$"));
    let usual = Accounts::with_hashing(staff.world.write.clone(), staff.accounts.auth.clone(), Hashing::default());
    assert_eq!(usual.sign_in(Turn::Known, "a@losaromos.cl", "wrong").await.unwrap(), SignIn::Refused);
    assert!(stored().await.contains("m=8,"), "only by whoever knows the password");
    assert_eq!(usual.sign_in(Turn::Known, "a@losaromos.cl", PASSWORD).await.unwrap(), staff.done(id).await);
    let renewed = stored().await;
    assert!(renewed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    assert_eq!(usual.sign_in(Turn::Known, "a@losaromos.cl", PASSWORD).await.unwrap(), staff.done(id).await);
    assert_eq!(stored().await, renewed);
}

#[tokio::test]
async fn a_password_is_changed_by_whoever_knows_the_current_one_and_ends_every_session() {
    let staff = Staff::new().await;
    let accounts = &staff.accounts;
    let id = staff.member("a@losaromos.cl", StaffRole::Director).await;
    let before = staff.epoch(id).await;
    let change = |current: &'static str, new: &'static str| accounts.change_password(id, current, new);
    assert!(matches!(change("wrong", "caballo lento gris").await, Err(AccountError::WrongPassword)));
    assert!(matches!(change(PASSWORD, "Los Aromos 2026 !").await, Err(AccountError::Unfit(Unfit::Guessable))));
    assert_eq!(staff.epoch(id).await, before);
    change(PASSWORD, "caballo lento gris").await.unwrap();
    assert_eq!(staff.epoch(id).await, before + 1);
    assert_eq!(staff.sign_in("a@losaromos.cl", PASSWORD).await, SignIn::Refused);
    assert_eq!(staff.sign_in("a@losaromos.cl", "caballo lento gris").await, staff.done(id).await);
    assert!(accounts.check_password(id, "caballo lento gris").await.unwrap());
    assert!(!accounts.check_password(AccountId(Uuid::nil()), "caballo lento gris").await.unwrap());
    assert_eq!(staff.names(id).await.last(), Some(&"credential_changed"));

    let link = accounts.reset(&staff.context(), id, Scope::School).await.unwrap();
    assert_eq!(link.purpose, LinkPurpose::Reset);
    change("caballo lento gris", "montaña nevada azul").await.unwrap();
    let void = accounts.activate(&link.secret.reveal(), PASSWORD, monday_morning()).await;
    assert!(matches!(void, Err(AccountError::Link)), "a changed password voids links");
    let link = accounts.reset(&staff.context(), id, Scope::School).await.unwrap();
    accounts.activate(&link.secret.reveal(), PASSWORD, monday_morning()).await.unwrap();
    assert_eq!(staff.sign_in("a@losaromos.cl", PASSWORD).await, staff.done(id).await);
    assert_eq!(staff.names(id).await.iter().filter(|name| **name == "activated").count(), 1);
}

/// The code of a secret at an instant, as an app would show it.
pub(super) fn code(setup: &TotpSetup, at: chrono::DateTime<chrono::Utc>) -> String {
    let secret = totp_rs::Secret::try_from_base32(&*setup.secret_base32).unwrap();
    let totp = totp_rs::Builder::new().with_secret(secret).build().unwrap();
    totp.generate(u64::try_from(at.timestamp()).unwrap()).to_string()
}

/// What whoever has an app has.
const CODE: Factors = Factors { code: true, passkey: false, strict: false };

#[tokio::test]
async fn a42_a_code_is_asked_for_once_it_was_confirmed_and_no_step_is_used_twice() {
    let staff = Staff::new().await;
    let (accounts, now) = (&staff.accounts, monday_morning());
    let id = staff.member("a@losaromos.cl", StaffRole::Director).await;
    assert!(matches!(accounts.confirm_totp(staff.proof(id).await, "123456", now).await, Err(AccountError::NoTotp)));
    let first = accounts.begin_totp(id).await.unwrap();
    assert!(first.otpauth_uri.starts_with("otpauth://totp/Attendance:a%40losaromos.cl?secret="));
    let setup = accounts.begin_totp(id).await.unwrap();
    assert!(matches!(
        accounts.confirm_totp(staff.proof(id).await, &code(&first, now), now).await,
        Err(AccountError::WrongCode)
    ));
    let late = now + TimeDelta::minutes(11);
    assert!(matches!(
        accounts.confirm_totp(staff.proof(id).await, &code(&setup, late), late).await,
        Err(AccountError::NoTotp)
    ));
    assert_eq!(staff.sign_in("a@losaromos.cl", PASSWORD).await, staff.done(id).await, "not confirmed yet");
    // Somebody changed the account since the request came in: what it brings is no credential of the new one.
    let before = staff.epoch(id).await;
    let early = Proof { epoch: before - 1, ..staff.proof(id).await };
    assert!(matches!(accounts.confirm_totp(early, &code(&setup, now), now).await, Err(AccountError::Changed)));
    accounts.confirm_totp(staff.proof(id).await, &code(&setup, now), now).await.unwrap();
    assert_eq!(staff.epoch(id).await, before + 1);
    assert_eq!(staff.sign_in("a@losaromos.cl", PASSWORD).await, SignIn::NeedsMore(staff.proof(id).await, CODE));
    assert!(matches!(accounts.begin_totp(id).await, Err(AccountError::TotpExists)));

    assert!(!accounts.check_totp(id, &code(&setup, now), now).await.unwrap(), "the confirming code was used");
    let next = now + TimeDelta::seconds(30);
    let shown = code(&setup, next);
    let grouped = format!("{} {}", &shown[..3], &shown[3..]);
    let tries = (0..20).map(|_| accounts.check_totp(id, &grouped, next));
    let right = futures::future::join_all(tries).await.into_iter().filter(|done| *done.as_ref().unwrap()).count();
    assert_eq!(right, 1, "of one code at once");
    assert!(!accounts.check_totp(id, &code(&setup, now), next).await.unwrap(), "an older step");
    for wrong in ["", "000000x", "12345", "ñandú", &code(&setup, next + TimeDelta::minutes(2))] {
        assert!(!accounts.check_totp(id, wrong, next).await.unwrap(), "{wrong}");
    }
    assert!(accounts.check_totp(id, &code(&setup, next + TimeDelta::seconds(30)), next).await.unwrap(), "a fast clock");

    // A new password does not take the second factor away.
    let link = accounts.reset(&staff.context(), id, Scope::School).await.unwrap();
    accounts.activate(&link.secret.reveal(), "caballo lento gris", now).await.unwrap();
    assert_eq!(
        staff.sign_in("a@losaromos.cl", "caballo lento gris").await,
        SignIn::NeedsMore(staff.proof(id).await, CODE)
    );
    accounts.remove_totp(id, &Actor::user(id)).await.unwrap();
    assert!(matches!(accounts.remove_totp(id, &Actor::user(id)).await, Err(AccountError::NoTotp)));
    assert_eq!(staff.sign_in("a@losaromos.cl", "caballo lento gris").await, staff.done(id).await);
    assert_eq!(staff.names(id).await.last(), Some(&"credential_removed"));
}

#[tokio::test]
async fn a42_a_code_is_its_own_persons_whoever_else_has_an_app() {
    let staff = Staff::new().await;
    let (accounts, now) = (&staff.accounts, monday_morning());
    let mut people = Vec::new();
    for email in ["a@losaromos.cl", "b@losaromos.cl"] {
        let id = staff.member(email, StaffRole::Director).await;
        let setup = accounts.begin_totp(id).await.unwrap();
        accounts.confirm_totp(staff.proof(id).await, &code(&setup, now), now).await.unwrap();
        people.push((id, setup));
    }
    let next = now + TimeDelta::seconds(30);
    for (whose, other) in [(0, 1), (1, 0)] {
        let shown = code(&people[whose].1, next);
        assert!(!accounts.check_totp(people[other].0, &shown, next).await.unwrap());
        assert!(accounts.check_totp(people[whose].0, &shown, next).await.unwrap());
    }
}
