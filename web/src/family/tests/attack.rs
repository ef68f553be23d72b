//! Races, in the size that a minute allows; `make attack` runs them at full size.

use super::*;
use crate::config::{Config, MailConfig};
use crate::testing::statistics::{WARM_UP, assert_alike, order};
use crate::testing::{attack_size, with_form};
use local_services::testing::TestDatabases;
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn p11_of_fifty_that_redeem_one_link_at_once_one_gets_a_session() {
    const AT_ONCE: usize = 50;
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    app.guardian(&school, "ana@example.com", &[]).await.unwrap();
    let rounds = attack_size(20, 1000);
    for round in 0..rounds {
        let families = app.state().families.clone();
        let (browser, network) = (Secret256::random().unwrap(), "203.0.113.0/24".to_owned());
        let (mail, asking) = (mail("ana@example.com"), browser.clone());
        let ask = Asked { mail, browser: asking, replaces: None, network, lang: Lang::Es };
        let token = families.issue(&ask).await.unwrap().unwrap();
        let Opened::Code(digits) = families.open_elsewhere(&token).await.unwrap() else { panic!("digits") };
        let all = (0..AT_ONCE).map(|n| {
            let (families, token, digits, by) = (families.clone(), token.clone(), digits.clone(), by(&browser));
            tokio::spawn(async move {
                // By the link, and by its digits.
                if n % 10 == 0 { families.redeem_code(&digits, &by).await } else { families.redeem(&token, &by).await }
            })
        });
        let mut begun = 0;
        for one in all.collect::<Vec<_>>() {
            begun += usize::from(one.await.unwrap().unwrap().is_some());
        }
        assert_eq!(begun, 1, "round {round}");
    }
    let sessions: i64 =
        sqlx::query_scalar("select count(*) from family_sessions").fetch_one(&app.state().pools.auth).await.unwrap();
    assert_eq!(usize::try_from(sessions).unwrap(), rounds);
    let (by, from): (Vec<u8>, String) =
        sqlx::query_as("select email_hmac, redeemed_from from family_links where redeemed_at is not null")
            .fetch_one(&app.state().pools.auth)
            .await
            .unwrap();
    let who = commands::guardians::address_key(app.write(), &mail("ana@example.com"));
    assert_eq!((by.as_slice(), from.as_str()), (&who[..], "203.0.113.0/24"), "who, when and from where is kept");
    app.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures time: `make attack`"]
async fn p12_how_long_asking_takes_does_not_tell_whether_an_address_is_known() {
    let databases = TestDatabases::create().await.unwrap();
    let mut config = Config::for_testing(&databases.events_url(), &databases.vault_url());
    config.http.proxy_hops = 1;
    let letters = std::env::temp_dir().join(format!("letters-{}", std::process::id()));
    config.mail = MailConfig::in_folder(&letters);
    let app = TestApp::start_config(databases, &config).await.unwrap();
    let school = app.school(1).await.unwrap();
    app.guardian(&school, "ana@example.com", &[]).await.unwrap();
    let samples = attack_size(200, 2000);
    let mut took = [Vec::new(), Vec::new()];
    for (n, which) in order(samples).into_iter().enumerate() {
        app.clock.advance(chrono::TimeDelta::hours(2));
        app.state().throttle.forget_floods();
        let from = format!("10.{}.{}.9", n / 256, n % 256);
        let request = app.anonymous.post(format!("{}/familia/entrar", app.base)).header("origin", &app.base);
        let address = ["ana@example.com", "eva@example.com"][which];
        let request = with_form(request.header("x-forwarded-for", from), [("correo", address)]);
        let begun = Instant::now();
        let answer = request.send().await.unwrap();
        let status = answer.status();
        answer.text().await.unwrap();
        let elapsed = begun.elapsed();
        assert_eq!(status, 303, "{n}");
        if n >= WARM_UP {
            took[which].push(elapsed.as_secs_f64() * 1000.0);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_alike("asking for a link", took);
    app.shutdown().await;
    std::fs::remove_dir_all(letters).unwrap();
}
