//! Races, in the size that a minute allows; `make attack` runs them at full size.

use super::*;
use crate::testing::attack_size;

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
