//! The door without its pages.

mod attack;

use super::*;
use crate::i18n::Lang;
use crate::sign_in::Caller;
use crate::testing::{TestApp, minutes};
use commands::accounts::Secret256;
use commands::use_cases::{ChangeGuardianContact, Contact, change_guardian_contact, erase_guardian};
use domain::values::mail::Mail;

fn mail(address: &str) -> Mail {
    Mail::parse(address).unwrap()
}

fn by(browser: &Secret256) -> Redeemed {
    Redeemed {
        browser: browser.clone(),
        device: "Chrome · Android".into(),
        network: "203.0.113.0/24".into(),
        replaces: None,
    }
}

/// Asks as a browser does, and reads the letter.
async fn asked(app: &TestApp, address: &str, letters: usize) -> (Secret256, Secret256) {
    asked_again(app, address, letters, None).await
}

/// The same in a browser that has asked before.
async fn asked_again(
    app: &TestApp,
    address: &str,
    letters: usize,
    replaces: Option<Secret256>,
) -> (Secret256, Secret256) {
    let browser = Secret256::random().unwrap();
    let before = app.letters_to(address, letters - 1).await.unwrap();
    let (network, lang) = ("203.0.113.0/24".to_owned(), Lang::Es);
    app.state().families.ask(Asked { mail: mail(address), browser: browser.clone(), replaces, network, lang });
    let letters = app.letters_to(address, letters).await.unwrap();
    let new = letters.iter().find(|letter| !before.contains(letter)).unwrap();
    let token = new.split(&format!("{}/familia/entrar/enlace#t=", app.base)).nth(1).unwrap();
    (browser, Secret256::parse(&token[..43]).unwrap())
}

#[tokio::test]
async fn p09_a_link_lives_ten_minutes_and_dies_with_its_browsers_next_and_only_its_hash_is_stored() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    app.guardian(&school, "ana@example.com", &[]).await.unwrap();
    let families = &app.state().families;
    let (first_browser, first) = asked(&app, "ana@example.com", 1).await;
    let (browser, token) = asked_again(&app, "ana@example.com", 2, Some(first_browser.clone())).await;
    assert!(families.redeem(&first, &by(&first_browser)).await.unwrap().is_none(), "another one was sent since");
    assert_eq!(families.open_elsewhere(&first).await.unwrap(), Opened::Void);

    let stored: String = sqlx::query_scalar("select string_agg(l::text, ' ') from family_links l")
        .fetch_one(&app.state().pools.auth)
        .await
        .unwrap();
    let digits = match families.open_elsewhere(&token).await.unwrap() {
        Opened::Code(digits) => digits,
        Opened::Void => panic!("it is valid"),
    };
    for secret in [token.reveal().as_str(), browser.reveal().as_str(), digits.as_str(), "ana@"] {
        assert!(!stored.contains(secret), "{stored}");
    }
    assert_eq!(
        sqlx::query_scalar::<_, i64>("select count(*) from family_links")
            .fetch_one(&app.state().pools.auth)
            .await
            .unwrap(),
        1
    );

    app.clock.advance(minutes(10));
    assert!(families.redeem(&token, &by(&browser)).await.unwrap().is_none(), "ten minutes are over");
    assert!(families.redeem_code(&digits, &by(&browser)).await.unwrap().is_none());
    let (browser, token) = asked(&app, "ana@example.com", 3).await;
    app.clock.advance(minutes(10) - chrono::TimeDelta::seconds(1));
    assert!(families.redeem(&token, &by(&browser)).await.unwrap().is_some());
    assert!(families.redeem(&token, &by(&browser)).await.unwrap().is_none(), "once");
    app.shutdown().await;
}

#[tokio::test]
async fn p10_another_browser_gets_six_digits_which_open_in_the_browser_that_asked_within_five_tries() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    app.guardian(&school, "ana@example.com", &[]).await.unwrap();
    let families = &app.state().families;
    let (browser, token) = asked(&app, "ana@example.com", 1).await;
    let other = Secret256::random().unwrap();
    assert!(families.redeem(&token, &by(&other)).await.unwrap().is_none(), "not the browser that asked");
    let Opened::Code(digits) = families.open_elsewhere(&token).await.unwrap() else { panic!("digits") };
    assert!(digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit()), "{digits}");
    assert!(families.redeem_code(&digits, &by(&other)).await.unwrap().is_none(), "the digits alone are nothing");
    let wrong = if digits == "000000" { "000001" } else { "000000" };
    for _ in 0..4 {
        assert!(families.redeem_code(wrong, &by(&browser)).await.unwrap().is_none());
    }
    let spaced = format!("{} {}", &digits[..3], &digits[3..]);
    assert!(families.redeem_code(&spaced, &by(&browser)).await.unwrap().is_some(), "the fifth");

    let (browser, token) = asked(&app, "ana@example.com", 2).await;
    let Opened::Code(digits) = families.open_elsewhere(&token).await.unwrap() else { panic!("digits") };
    let wrong = if digits == "000000" { "000001" } else { "000000" };
    for _ in 0..5 {
        assert!(families.redeem_code(wrong, &by(&browser)).await.unwrap().is_none());
    }
    assert!(families.redeem_code(&digits, &by(&browser)).await.unwrap().is_none(), "the sixth");
    assert_eq!(families.open_elsewhere(&token).await.unwrap(), Opened::Void);
    app.shutdown().await;
}

#[tokio::test]
async fn p10_the_digits_of_a_link_that_nobody_opened_open_nothing() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    app.guardian(&school, "ana@example.com", &[]).await.unwrap();
    let families = &app.state().families;
    let (browser, token) = asked(&app, "ana@example.com", 1).await;
    // As if a stranger had guessed them.
    let guessed = super::door::code(&token);
    assert!(families.redeem_code(&guessed, &by(&browser)).await.unwrap().is_none());
    assert_eq!(families.open_elsewhere(&token).await.unwrap(), Opened::Code(guessed.clone()));
    assert!(families.redeem_code(&guessed, &by(&browser)).await.unwrap().is_some());
    app.shutdown().await;
}

#[tokio::test]
async fn p12_a_stranger_who_types_digits_of_a_link_that_nobody_opened_uses_up_none_of_the_addresss_tries() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    app.guardian(&school, "ana@example.com", &[]).await.unwrap();
    let (stranger, _) = asked(&app, "ana@example.com", 1).await;
    let caller = Caller { network: "203.0.113.0/24", browser: None };
    for _ in 0..20 {
        assert!(tries::code(app.state(), &caller, "000000", &by(&stranger)).await.unwrap().is_none());
    }
    let (browser, token) = asked(&app, "ana@example.com", 2).await;
    let Opened::Code(digits) = app.state().families.open_elsewhere(&token).await.unwrap() else { panic!("digits") };
    assert!(tries::code(app.state(), &caller, &digits, &by(&browser)).await.unwrap().is_some());
    app.shutdown().await;
}

#[tokio::test]
async fn p12_a_stranger_who_asks_for_an_address_voids_no_link_of_it() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    app.guardian(&school, "ana@example.com", &[]).await.unwrap();
    let families = &app.state().families;
    let (browser, token) = asked(&app, "ana@example.com", 1).await;
    let (stranger, theirs) = asked(&app, "ana@example.com", 2).await;
    asked_again(&app, "ana@example.com", 3, Some(stranger.clone())).await;
    assert!(families.redeem(&theirs, &by(&stranger)).await.unwrap().is_none(), "only its own it replaces");
    assert!(families.redeem(&token, &by(&browser)).await.unwrap().is_some());
    // What nobody redeemed in time is forgotten with the next one, what was redeemed after 90 days.
    let rows = async || -> i64 {
        sqlx::query_scalar("select count(*) from family_links").fetch_one(&app.state().pools.auth).await.unwrap()
    };
    assert_eq!(rows().await, 2);
    app.clock.advance(minutes(11));
    asked(&app, "ana@example.com", 4).await;
    assert_eq!(rows().await, 2, "the redeemed one and the new one");
    app.clock.advance(chrono::TimeDelta::days(91));
    asked(&app, "ana@example.com", 5).await;
    assert_eq!(rows().await, 1);
    app.shutdown().await;
}

#[tokio::test]
async fn p12_nobody_gets_a_letter_by_an_address_that_no_guardian_has() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    app.guardian(&school, "ana@example.com", &[]).await.unwrap();
    let unknown = Asked {
        mail: mail("eva@example.com"),
        browser: Secret256::random().unwrap(),
        replaces: None,
        network: String::new(),
        lang: Lang::Es,
    };
    app.state().families.ask(unknown);
    asked(&app, "ana@example.com", 1).await;
    // Whatever was asked first may be answered last.
    for _ in 0..20 {
        let links: i64 = sqlx::query_scalar("select count(*) from family_links")
            .fetch_one(&app.running().pools().auth)
            .await
            .unwrap();
        assert_eq!(links, 1, "hers alone");
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    assert_eq!(app.letters_to("eva@example.com", 0).await.unwrap(), Vec::<String>::new());
    app.shutdown().await;
}

#[tokio::test]
async fn a45_a_session_ends_unused_after_a_day_and_in_any_case_after_thirty() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    app.guardian(&school, "ana@example.com", &[]).await.unwrap();
    let families = &app.state().families;
    let (browser, token) = asked(&app, "ana@example.com", 1).await;
    let secret = families.redeem(&token, &by(&browser)).await.unwrap().unwrap();
    for _ in 0..31 {
        assert!(families.guardian(&secret).await.unwrap().is_some());
        app.clock.advance(minutes(23 * 60));
    }
    app.clock.advance(minutes(7 * 60));
    assert!(families.guardian(&secret).await.unwrap().is_none(), "thirty days");
    let (browser, token) = asked(&app, "ana@example.com", 2).await;
    let secret = families.redeem(&token, &by(&browser)).await.unwrap().unwrap();
    app.clock.advance(minutes(24 * 60));
    assert!(families.guardian(&secret).await.unwrap().is_none(), "a day");
    app.shutdown().await;
}

#[tokio::test]
async fn a_session_ends_with_the_address_and_with_the_guardian() {
    let app = TestApp::start().await.unwrap();
    let (one, two) = (app.school(1).await.unwrap(), app.school(1).await.unwrap());
    let ana = app.guardian(&one, "ana@example.com", &[]).await.unwrap();
    let same = app.guardian(&two, "ANA@example.com", &[]).await.unwrap();
    let families = &app.state().families;
    let secret = app.family("ana@example.com").await.unwrap();
    let secret = Secret256::parse(secret.trim_start_matches("fam=")).unwrap();
    let of = async || families.guardian(&secret).await.unwrap().map(|guardian| guardian.of.to_vec());
    let mut both = vec![(one.id, ana), (two.id, same)];
    both.sort_unstable();
    assert_eq!(of().await.unwrap(), both, "of both schools");
    let contact =
        |address: &str| Contact { name: "Ana".into(), national_id: None, phone: None, mail: Some(mail(address)) };
    let change = ChangeGuardianContact {
        guardian_id: ana,
        contact: contact("another@example.com"),
        before: contact("ana@example.com"),
    };
    change_guardian_contact(app.write(), &app.context(one.id), change).await.unwrap();
    assert_eq!(of().await.unwrap(), [(two.id, same)]);
    erase_guardian(app.write(), &app.context(two.id), same).await.unwrap();
    assert_eq!(of().await, None);
    app.shutdown().await;
}

/// Every row of what these addresses asked for and have open, as text.
async fn open_of(app: &TestApp, addresses: &[&str]) -> Vec<String> {
    let keys: Vec<Vec<u8>> = addresses.iter().map(|address| key(app, address)).collect();
    let mut all = Vec::new();
    for table in ["family_links", "family_sessions", "family_browsers"] {
        let rows = format!("select '{table} ' || t::text from {table} t where email_hmac = any($1) order by 1");
        let rows: Vec<String> = sqlx::query_scalar(&rows).bind(&keys).fetch_all(&app.state().pools.auth).await.unwrap();
        assert!(!rows.is_empty(), "{table}");
        all.extend(rows);
    }
    all
}

fn key(app: &TestApp, address: &str) -> Vec<u8> {
    commands::guardians::address_key(app.write(), &mail(address)).to_vec()
}

#[tokio::test]
async fn p09_p13_whatever_is_done_for_one_address_leaves_every_other_as_it_was_whichever_came_first() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    let (address, others) = ("ana@example.com", ["antes@example.com", "despues@example.com"]);
    let families = &app.state().families;
    let open = async |address: &str| {
        let cookie = app.family(address).await.unwrap();
        Secret256::parse(cookie.trim_start_matches("fam=")).unwrap()
    };
    // Each of the others has a session, a browser, and a link that waits: one whose digits were shown, and one.
    let ana = app.guardian(&school, address, &[]).await.unwrap();
    let (mut browsers, mut own) = (Vec::new(), None);
    for other in [others[0], address, others[1]] {
        if other == address {
            own = Some(asked(&app, address, 1).await);
            continue;
        }
        app.guardian(&school, other, &[]).await.unwrap();
        let session = open(other).await;
        browsers.push(families.make_known(None, &session).await.unwrap());
        let (_, token) = asked(&app, other, 1).await;
        if other == others[0] {
            families.open_elsewhere(&token).await.unwrap();
        }
    }
    app.clock.advance(minutes(5));
    let as_it_was = open_of(&app, &others).await;
    let unchanged = async |what: &str| assert_eq!(open_of(&app, &others).await, as_it_was, "{what}");

    // Links.
    let (browser, _) = own.unwrap();
    let (browser, token) = asked_again(&app, address, 2, Some(browser)).await;
    unchanged("asked, and asked again").await;
    let nobodys = Secret256::random().unwrap();
    assert_eq!(families.open_elsewhere(&nobodys).await.unwrap(), Opened::Void);
    assert_eq!(families.asked_by(&browser).await.unwrap(), None, "its digits were not shown");
    let Opened::Code(digits) = families.open_elsewhere(&token).await.unwrap() else { panic!("digits") };
    unchanged("digits shown").await;
    assert_eq!(families.asked_by(&browser).await.unwrap(), Some(key(&app, address)));
    assert_eq!(families.asked_by(&nobodys).await.unwrap(), None);
    assert!(families.redeem(&nobodys, &by(&browser)).await.unwrap().is_none(), "not a link of this browser's");
    assert!(families.redeem_code(&digits, &by(&nobodys)).await.unwrap().is_none());
    let wrong = if digits == "000000" { "000001" } else { "000000" };
    assert!(families.redeem_code(wrong, &by(&browser)).await.unwrap().is_none());
    unchanged("wrong ones").await;
    let first = open(address).await;
    let replaces = Redeemed { replaces: Some(first.clone()), ..by(&browser) };
    let kept = open(address).await;
    let session = families.redeem(&token, &replaces).await.unwrap().unwrap();
    unchanged("redeemed").await;
    assert!(families.guardian(&first).await.unwrap().is_none(), "the browser's own before");
    assert!(families.guardian(&kept).await.unwrap().is_some(), "and no other");

    // Sessions.
    app.clock.advance(minutes(2));
    let guardian = families.guardian(&session).await.unwrap().unwrap();
    assert_eq!(guardian.of[..], [(school.id, ana)]);
    assert!(families.guardian(&nobodys).await.unwrap().is_none());
    unchanged("used").await;
    let third = open(address).await;
    let third_id = families.guardian(&third).await.unwrap().unwrap().session_id;
    assert_eq!(families.list(&guardian).await.unwrap().len(), 4);
    assert_eq!(families.end_others(&guardian, Some(third_id)).await.unwrap(), 1, "the one that was named");
    assert!(families.guardian(&kept).await.unwrap().is_some());
    assert_eq!(families.end_others(&guardian, None).await.unwrap(), 1);
    unchanged("ended others").await;
    let kept = open(address).await;
    let browser = families.make_known(None, &session).await.unwrap();
    let browser = families.make_known(Some(&browser), &session).await.unwrap();
    unchanged("a browser").await;
    let knows = async |browser: &Secret256, address: Option<&str>| {
        families.knows(browser, address.map(|address| key(&app, address)).as_deref()).await.unwrap()
    };
    assert!(knows(&browser, None).await && knows(&browser, Some(address)).await);
    assert!(!knows(&browser, Some(others[0])).await && !knows(&nobodys, None).await);
    assert!(!knows(&nobodys, Some(address)).await);
    families.end(&session).await.unwrap();
    unchanged("signed out").await;
    assert!(families.guardian(&kept).await.unwrap().is_some(), "of one session");

    // Whoever comes in at a browser of somebody else is known there too, and takes nothing from them.
    let both = families.make_known(Some(&browsers[0]), &kept).await.unwrap();
    assert!(knows(&both, Some(others[0])).await && knows(&both, Some(address)).await);
    assert!(knows(&browser, Some(address)).await, "at the own one still");
    assert!(knows(&browsers[1], Some(others[1])).await);
    app.shutdown().await;
}
