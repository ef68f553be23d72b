//! Persons apart: whatever is done to one account leaves every other as it was, whichever was there first.

use super::credentials::code;
use super::*;
use domain::{Actor, account};

/// Every row that somebody of these has, as text.
async fn rows(staff: &Staff, of: &[AccountId]) -> Vec<String> {
    let ids: Vec<Uuid> = of.iter().map(|account| account.0).collect();
    let mut all = Vec::new();
    for table in [
        "accounts",
        "account_members",
        "account_roles",
        "account_passwords",
        "account_totp",
        "account_passkeys",
        "account_links",
        "account_offers",
    ] {
        let rows = format!("select '{table} ' || t::text from {table} t where account_id = any($1) order by 1");
        let rows: Vec<String> = sqlx::query_scalar(&rows).bind(&ids).fetch_all(&staff.world.owner).await.unwrap();
        assert!(!rows.is_empty(), "{table}");
        all.extend(rows);
    }
    all
}

/// A passkey without a device.
async fn passkey(staff: &Staff, of: AccountId, n: u128) -> Uuid {
    let id = Uuid::from_u128(n);
    sqlx::query(
        "insert into account_passkeys (passkey_id, account_id, credential_id, rp_id, name, credential, sign_count, created_at)
         values ($1, $2, uuid_send($1), '', '', '{}', 0, now())",
    )
    .bind(id)
    .bind(of.0)
    .execute(&staff.world.owner)
    .await
    .unwrap();
    id
}

#[tokio::test]
async fn a50_whatever_is_done_to_one_account_leaves_every_other_as_it_was() {
    const OTHER: &str = "luna tren sur verde";
    let staff = Staff::new().await;
    let (context, twin, accounts) = (staff.context(), staff.twin().await, &staff.accounts);
    let (school, mut now) = (context.school, monday_morning());
    let mail = "rosa@losaromos.cl";
    // Somebody before and somebody after, who have all that an account can have, and one who has only been invited.
    let before = staff.member("antes@losaromos.cl", StaffRole::Admin).await;
    let rosa = staff.member(mail, StaffRole::Inspector).await;
    let after = staff.member("despues@losaromos.cl", StaffRole::Inspector).await;
    let elsewhere = staff.add(&twin, "otro@losolmos.cl", StaffRole::Admin).await.link.unwrap().secret.reveal();
    let elsewhere = accounts.activate(&elsewhere, PASSWORD, now).await.unwrap().account;
    let kept_out = staff.member("fuera@losaromos.cl", StaffRole::Inspector).await;
    accounts.disable(&context, kept_out).await.unwrap();
    // Last: whoever is activated after her might be instead of her.
    let invited = staff.invite(&context, "eva@losaromos.cl", StaffRole::Inspector).await.account_id;
    let others = [before, after, invited, elsewhere, kept_out];
    let setup = accounts.begin_totp(before).await.unwrap();
    accounts.confirm_totp(staff.proof(before).await, &code(&setup, now), now).await.unwrap();
    accounts.begin_totp(after).await.unwrap();
    for (n, other) in [(100, before), (101, after)] {
        passkey(&staff, other, n).await;
        let email = accounts.person(other).await.unwrap().email.unwrap();
        assert!(staff.invite(&twin, &email, StaffRole::Auditor).await.pending);
        accounts.reset(&context, other, Scope::School).await.unwrap();
    }
    let as_it_was = rows(&staff, &others).await;
    let unchanged = async |what: &str| assert_eq!(rows(&staff, &others).await, as_it_was, "{what}");

    // What is told of her is hers, and the other way round.
    let told = async |of: AccountId| {
        let (person, factors) = (accounts.person(of).await.unwrap(), accounts.factors(of).await.unwrap());
        (person.email.unwrap(), person.has_totp, factors.code, factors.passkey, factors.strict)
    };
    assert_eq!(told(rosa).await, (mail.to_owned(), false, false, false, false));
    assert_eq!(told(before).await, ("antes@losaromos.cl".to_owned(), true, true, true, true));
    assert_eq!(told(after).await, ("despues@losaromos.cl".to_owned(), false, false, true, false));
    for (of, role, offers) in
        [(rosa, StaffRole::Inspector, 0), (before, StaffRole::Admin, 1), (after, StaffRole::Inspector, 1)]
    {
        assert_eq!(accounts.roles(of).await.unwrap(), [(school, role)]);
        assert_eq!(accounts.offers(of).await.unwrap().len(), offers);
        assert_eq!(accounts.by_email(&accounts.person(of).await.unwrap().email.unwrap()).await.unwrap(), Some(of));
    }
    let members = accounts.members(school).await.unwrap();
    let with_more: Vec<_> = members.iter().filter(|m| m.has_second_factor).map(|m| m.account_id).collect();
    assert!(members.len() == 5 && with_more.len() == 2 && !with_more.contains(&rosa), "{with_more:?}");
    assert_eq!(accounts.offered(school).await.unwrap().len(), 0, "what the other school offers");
    assert_eq!(accounts.offered(twin.school).await.unwrap().len(), 2);

    // What she proves herself by.
    let link = accounts.reset(&context, rosa, Scope::School).await.unwrap().secret.reveal();
    unchanged("a link").await;
    assert_eq!(accounts.open_link(&link).await.unwrap().account_id, rosa);
    assert!(matches!(accounts.open_link(&Secret256::random().unwrap().reveal()).await, Err(AccountError::Link)));
    assert_eq!(accounts.activate(&link, OTHER, now).await.unwrap().account, rosa);
    unchanged("another password by it").await;
    assert_eq!(staff.sign_in(mail, OTHER).await, staff.done(rosa).await);
    assert_eq!(staff.sign_in(mail, PASSWORD).await, SignIn::Refused);
    accounts.change_password(rosa, OTHER, PASSWORD).await.unwrap();
    unchanged("another password").await;
    let setup = accounts.begin_totp(rosa).await.unwrap();
    accounts.confirm_totp(staff.proof(rosa).await, &code(&setup, now), now).await.unwrap();
    now += chrono::TimeDelta::seconds(30);
    assert!(accounts.check_totp(rosa, &code(&setup, now), now).await.unwrap());
    unchanged("codes").await;
    let keys = [passkey(&staff, rosa, 1).await, passkey(&staff, rosa, 2).await];
    accounts.remove_passkey(rosa, keys[0], &Actor::user(rosa)).await.unwrap();
    assert!(told(rosa).await.3, "the other one is there");
    assert!(accounts.remove_passkey(rosa, Uuid::from_u128(100), &Actor::user(rosa)).await.is_err());
    accounts.remove_totp(rosa, &Actor::user(rosa)).await.unwrap();
    unchanged("codes and a passkey taken away").await;
    accounts.begin_totp(rosa).await.unwrap();
    assert!(accounts.reset_factors(&context, rosa, Scope::School).await.unwrap());
    unchanged("everything beside the password taken away").await;
    assert_eq!(staff.events(twin.school, rosa).await, [], "the other school has nothing to do with her");

    // What she may do.
    let epoch = staff.epoch(rosa).await;
    accounts.grant(&context, rosa, StaffRole::Director).await.unwrap();
    accounts.revoke(&context, rosa, StaffRole::Inspector).await.unwrap();
    assert_eq!(staff.epoch(rosa).await, epoch + 2);
    assert_eq!(accounts.roles(rosa).await.unwrap(), [(school, StaffRole::Director)]);
    unchanged("roles").await;
    let last = accounts.revoke(&context, before, StaffRole::Admin).await;
    assert!(matches!(last, Err(AccountError::Refused(account::Error::LastAdmin))), "another school's does not count");
    let third = Context { school: SchoolId(Uuid::from_u128(0x5c00_0003)), ..staff.context() };
    staff.enter(&third).await;
    assert!(staff.invite(&third, mail, StaffRole::Director).await.pending);
    for answer in ["decline", "withdraw", "accept"] {
        assert!(staff.invite(&twin, mail, StaffRole::Auditor).await.pending);
        match answer {
            "decline" => accounts.decline(rosa, twin.school).await.unwrap(),
            "withdraw" => accounts.withdraw(&twin, rosa).await.unwrap(),
            _ => accounts.accept(rosa, twin.school).await.unwrap(),
        }
        unchanged(answer).await;
    }
    let waits = accounts.offers(rosa).await.unwrap();
    assert_eq!(waits.iter().map(|offer| offer.school).collect::<Vec<_>>(), [third.school], "nobody answered the third");
    accounts.withdraw(&third, rosa).await.unwrap();
    let both = [(school, StaffRole::Director), (twin.school, StaffRole::Auditor)];
    assert_eq!(accounts.roles(rosa).await.unwrap(), both);
    assert_eq!(accounts.roles(before).await.unwrap(), [(school, StaffRole::Admin)], "her answer is hers");

    // Until she is nobody.
    for by in [&context, &twin] {
        assert!(!accounts.person(rosa).await.unwrap().disabled);
        accounts.disable(by, rosa).await.unwrap();
        unchanged("kept out").await;
    }
    assert!(accounts.person(rosa).await.unwrap().disabled, "whoever else is let in");
    accounts.enable(&context, rosa).await.unwrap();
    accounts.disable(&context, rosa).await.unwrap();
    unchanged("let in again").await;
    accounts.begin_totp(rosa).await.unwrap();
    passkey(&staff, rosa, 3).await;
    accounts.erase(rosa, &Actor::cli("test")).await.unwrap();
    unchanged("erased").await;
    assert_eq!(told(before).await.0, "antes@losaromos.cl", "nobody else's name");
}
