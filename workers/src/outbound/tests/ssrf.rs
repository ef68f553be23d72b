//! Addresses that would lead to where nobody outside may come (P36, T19). `{p}` is the port of a trap on every
//! loopback address of this machine.

use super::*;
use std::net::Ipv6Addr;

/// Lead to this machine, whoever follows them: without the guard each arrives at the trap.
const HERE: &[&str] = &[
    // Written as a number, in all notations that browsers know.
    "http://127.0.0.1:{p}/",
    "http://127.0.0.2:{p}/",
    "http://127.255.255.254:{p}/",
    "http://127.1:{p}/",
    "http://127.0.1:{p}/",
    "http://0x7f.1:{p}/",
    "http://0x7F.0x0.0x0.0x1:{p}/",
    "http://0x7f000001:{p}/",
    "http://2130706433:{p}/",
    "http://017700000001:{p}/",
    "http://0177.0.0.1:{p}/",
    "http://0177.0x0.0.1:{p}/",
    "http://127.000.000.001:{p}/",
    "http://127.0.0.1.:{p}/",
    "http://0.0.0.0:{p}/",
    "http://0:{p}/",
    "http://0x0:{p}/",
    "http://%31%32%37.0.0.1:{p}/",
    "http://\u{ff11}\u{ff12}\u{ff17}.\u{ff10}.\u{ff10}.\u{ff11}:{p}/",
    "http://\u{2460}\u{2461}\u{2466}.\u{24ea}.\u{24ea}.\u{2460}:{p}/",
    "http://\u{1d7f7}\u{1d7f8}\u{1d7fd}.\u{1d7f6}.\u{1d7f6}.\u{1d7f7}:{p}/",
    "http://127\u{3002}0\u{3002}0\u{3002}1:{p}/",
    "http://127\u{ff0e}0\u{ff0e}0\u{ff61}1:{p}/",
    "http://12\u{ad}7.0.0.1:{p}/",
    "http://127.0.\t0.1:{p}/",
    "http://127.0.0\n.1:{p}/",
    "\u{20}\u{9}http://127.0.0.1:{p}/\u{20}",
    "http:127.0.0.1:{p}/",
    "http:/127.0.0.1:{p}/",
    "http:////127.0.0.1:{p}/",
    "http:\\\\127.0.0.1:{p}\\",
    "HTTP://127.0.0.1:{p}/",
    // What looks like the host is none.
    "http://graph.facebook.com@127.0.0.1:{p}/",
    "http://graph.facebook.com:443@127.0.0.1:{p}/",
    "http://graph.facebook.com%40@127.0.0.1:{p}/",
    "http://a@b@127.0.0.1:{p}/",
    "http://:@127.0.0.1:{p}/",
    "http://@127.0.0.1:{p}/",
    "http://127.0.0.1:{p}#@graph.facebook.com/",
    "http://127.0.0.1:{p}?@graph.facebook.com/",
    "http://127.0.0.1:{p}\\@graph.facebook.com/",
    "http://127.0.0.1:{p}/graph.facebook.com",
    // Names, which the name server of this test all knows to be this machine.
    "http://localhost:{p}/",
    "http://LOCALHOST:{p}/",
    "http://localhost.:{p}/",
    "http://a.localhost:{p}/",
    "http://localhost.localdomain:{p}/",
    "http://ip6-localhost:{p}/",
    "http://l\u{24de}calhost:{p}/",
    "http://loc\u{ad}alhost:{p}/",
    "http://loc%61lhost:{p}/",
    "http://\u{ff4c}\u{ff4f}\u{ff43}\u{ff41}\u{ff4c}host:{p}/",
    "http://localtest.me:{p}/",
    "http://127.0.0.1.nip.io:{p}/",
    "http://7f000001.rebind.example:{p}/",
    "http://xn--lcalhost-v3a.example:{p}/",
    "http://graph.facebook.com:{p}/",
    "http://graph.facebook.com.:{p}/",
    "http://graph.facebook.com.evil.example:{p}/",
    "http://gr\u{430}ph.facebook.com:{p}/",
    "http://sns.us-east-1.amazonaws.com.evil.example:{p}/",
    "http://-:{p}/",
    "http://_:{p}/",
];

/// The same by IPv6.
const HERE_V6: &[&str] = &[
    "http://[::1]:{p}/",
    "http://[0:0:0:0:0:0:0:1]:{p}/",
    "http://[0000:0000:0000:0000:0000:0000:0000:0001]:{p}/",
    "http://[::0.0.0.1]:{p}/",
    "http://[::]:{p}/",
    "http://[::ffff:127.0.0.1]:{p}/",
    "http://[::ffff:7f00:1]:{p}/",
    "http://[0:0:0:0:0:ffff:127.0.0.1]:{p}/",
    "http://[::FFFF:127.0.0.2]:{p}/",
];

/// Lead somewhere else that is not the public internet, or nowhere.
const ELSEWHERE: &[&str] = &[
    "http://169.254.169.254/latest/meta-data/",
    "http://0xa9fea9fe/",
    "http://2852039166/",
    "http://0251.0376.0251.0376/",
    "http://[::ffff:169.254.169.254]/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://100.100.100.200/latest/meta-data/",
    "http://168.63.129.16/machine?comp=goalstate",
    "http://192.0.0.192/",
    "http://10.0.0.1:{p}/",
    "http://172.16.0.1:{p}/",
    "http://192.168.1.1:{p}/",
    "http://100.64.0.1:{p}/",
    "http://198.18.0.1:{p}/",
    "http://224.0.0.1:{p}/",
    "http://240.0.0.1:{p}/",
    "http://255.255.255.255:{p}/",
    "http://[::127.0.0.1]:{p}/",
    "http://[::ffff:0:127.0.0.1]:{p}/",
    "http://[64:ff9b::127.0.0.1]:{p}/",
    "http://[64:ff9b:1::127.0.0.1]:{p}/",
    "http://[2002:7f00:1::1]:{p}/",
    "http://[2001:0:7f00:1::]:{p}/",
    "http://[fe80::1]:{p}/",
    "http://[fe80::1%25lo]:{p}/",
    "http://[::1%25lo]:{p}/",
    "http://[::1%lo]:{p}/",
    "http://[fc00::1]:{p}/",
    "http://[fec0::1]:{p}/",
    "http://[ff02::1]:{p}/",
    "http://[2001:db8::1]:{p}/",
    "http://[::1]@graph.facebook.com:{p}/",
    "http://256.256.256.256:{p}/",
    "http://127.0.0.0x:{p}/",
    "http://graph.facebook.com%00.127.0.0.1:{p}/",
    "http://graph.facebook.com%23@127.0.0.1%5b:{p}/",
    "http://[127.0.0.1]:{p}/",
    "http://127.0.0.1:99999/",
    "//127.0.0.1:{p}/",
    "127.0.0.1:{p}/",
    "https:",
    "ftp://127.0.0.1:{p}/",
    "ws://127.0.0.1:{p}/",
    "gopher://127.0.0.1:{p}/_GET%20/",
    "dict://127.0.0.1:{p}/stats",
    "ldap://127.0.0.1:{p}/",
    "file:///etc/passwd",
    "file://127.0.0.1/etc/passwd",
    "unix:/var/run/docker.sock",
    "blob:http://127.0.0.1:{p}/",
    "view-source:http://127.0.0.1:{p}/",
    "data:text/plain,x",
    "javascript:alert(1)",
];

/// A trap on every loopback address, of IPv6 too where this machine has it.
async fn everywhere() -> (u16, Arc<AtomicUsize>, bool) {
    let v4 = listen(Ipv4Addr::UNSPECIFIED, 0).await;
    let port = v4.local_addr().unwrap().port();
    let came = trap(v4);
    let v6 = TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await;
    let has_v6 = v6.is_ok();
    if let Ok(v6) = v6 {
        catch(v6, &came);
    }
    (port, came, has_v6)
}

fn filled<'a>(urls: impl IntoIterator<Item = &'a &'a str>, port: u16) -> Vec<String> {
    urls.into_iter().map(|url| url.replace("{p}", &port.to_string())).collect()
}

#[test]
fn p36_the_set_has_more_than_60_addresses_each_once() {
    let all: std::collections::BTreeSet<_> = HERE.iter().chain(HERE_V6).chain(ELSEWHERE).collect();
    assert_eq!(all.len(), HERE.len() + HERE_V6.len() + ELSEWHERE.len());
    assert!(all.len() >= 120, "{}", all.len());
}

#[tokio::test]
async fn p36_none_of_the_set_reaches_anything_with_the_list_of_hosts_and_with_the_rules_about_addresses_alone() {
    let (port, came, _) = everywhere().await;
    // As it is built, with a host on the list that the name server knows to be the trap.
    let guard = Guard { asks: Arc::new(Tells(always(Ipv4Addr::LOCALHOST))), passes: public::is_public };
    let listed = Hosts::of(["https://graph.facebook.com".to_owned(), format!("https://graph.facebook.com:{port}")]);
    let built = Outbound::build(listed.unwrap(), RootCertStore::empty(), guard).unwrap();
    // And as if every host were listed, and plain HTTP were as good.
    let alone = only_guarded(always(Ipv4Addr::LOCALHOST), public::is_public);
    for url in filled(HERE.iter().chain(HERE_V6).chain(ELSEWHERE), port) {
        let tls = url.replacen("http:", "https:", 1).replacen("HTTP:", "HTTPS:", 1);
        for (what, answered) in [
            ("as built", get(&built, &url).await),
            ("as built, TLS", get(&built, &tls).await),
            ("the addresses' rules alone", get(&alone, &url).await),
        ] {
            // Refused for what it is; not tried and failed.
            assert!(matches!(answered.err(), Some(Failed::Refused(_))), "{what}: {url}");
        }
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(came.load(Ordering::SeqCst), 0, "connections at the trap");
}

/// Without it the test above would prove nothing.
#[tokio::test]
async fn p36_a_client_without_these_rules_is_led_into_the_trap_by_each() {
    let (port, came, has_v6) = everywhere().await;
    let unguarded = loopback().dns_resolver(Arc::new(Tells(always(Ipv4Addr::LOCALHOST)))).build().unwrap();
    let v6 = if has_v6 { HERE_V6 } else { &[] };
    for url in filled(HERE.iter().chain(v6), port) {
        let before = came.load(Ordering::SeqCst);
        assert!(unguarded.get(&url).send().await.is_err(), "the trap says nothing");
        assert!(came.load(Ordering::SeqCst) > before, "{url}");
    }
}

#[tokio::test]
async fn p36_of_a_names_addresses_only_the_public_ones_are_tried() {
    let (port, came, _) = everywhere().await;
    for answers in [
        vec!["127.0.0.1"],
        vec!["::1"],
        vec!["0.0.0.0", "::"],
        vec!["::ffff:127.0.0.1"],
        vec!["64:ff9b::7f00:1", "127.0.0.1"],
        vec!["169.254.169.254", "10.0.0.1", "127.0.0.1", "fe80::1", "fc00::1"],
        vec![],
    ] {
        let ips: Vec<IpAddr> = answers.iter().map(|ip| ip.parse().unwrap()).collect();
        let outbound = only_guarded(Arc::new(move |_| ips.clone()), public::is_public);
        let answered = get(&outbound, &format!("http://listed.example:{port}/")).await;
        assert_eq!(answered.err(), Some(Failed::Refused(Refused::NotPublic)), "{answers:?}");
    }
    // A public one among them: that one is taken, and it alone.
    let honest = says(listen(HONEST, 0).await, "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n".into());
    let trap_there = trap(listen(Ipv4Addr::LOCALHOST, honest).await);
    let mixed: Names = Arc::new(|_| vec![Ipv4Addr::LOCALHOST.into(), HONEST.into(), Ipv4Addr::LOCALHOST.into()]);
    let outbound = only_guarded(mixed, |ip| ip == IpAddr::V4(HONEST));
    let answer = get(&outbound, &format!("http://listed.example:{honest}/")).await.unwrap();
    assert_eq!(answer.status.as_u16(), 204);
    assert_eq!((came.load(Ordering::SeqCst), trap_there.load(Ordering::SeqCst)), (0, 0));
}

#[tokio::test]
async fn t19_a_name_that_means_a_public_address_first_and_this_machine_after_is_refused_the_second_time() {
    // The public address and the trap share a port, as they would.
    let honest = listen(HONEST, 0).await;
    let port = honest.local_addr().unwrap().port();
    let came = trap(listen(Ipv4Addr::LOCALHOST, port).await);
    says(honest, "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n".into());
    let rebinding = || -> Names {
        let asked = Mutex::new(0);
        Arc::new(move |_| {
            let mut asked = asked.lock().unwrap();
            *asked += 1;
            vec![if *asked == 1 { HONEST } else { Ipv4Addr::LOCALHOST }.into()]
        })
    };
    let url = format!("http://rebind.example:{port}/");
    let outbound = only_guarded(rebinding(), |ip| ip == IpAddr::V4(HONEST));
    assert_eq!(get(&outbound, &url).await.unwrap().status.as_u16(), 204);
    for _ in 0..20 {
        assert_eq!(get(&outbound, &url).await.err(), Some(Failed::Refused(Refused::NotPublic)));
    }
    assert_eq!(came.load(Ordering::SeqCst), 0);

    // Whoever only looks once, before the connection, is led there.
    let unguarded = loopback().dns_resolver(Arc::new(Tells(rebinding()))).build().unwrap();
    assert_eq!(unguarded.get(&url).send().await.unwrap().status().as_u16(), 204);
    assert!(unguarded.get(&url).send().await.is_err());
    assert_eq!(came.load(Ordering::SeqCst), 1);
}
