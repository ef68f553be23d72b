//! Over a mail server of our own, which says what it is told to say.

use super::*;
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use std::sync::Mutex;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

/// What the server answers to a message's end; none: it never answers anything.
type Says = Option<&'static str>;

/// A mail server (RFC 5321) that keeps what it is sent.
async fn server(says: Says) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let kept = Arc::new(Mutex::new(Vec::new()));
    let all = Arc::clone(&kept);
    tokio::spawn(async move {
        while let Ok((line, _)) = listener.accept().await {
            let kept = Arc::clone(&all);
            tokio::spawn(async move {
                let (read, mut write) = line.into_split();
                let (mut lines, mut message, mut in_data) = (BufReader::new(read).lines(), String::new(), false);
                let Some(says) = says else { return std::future::pending().await };
                write.write_all(b"220 test\r\n").await?;
                while let Some(line) = lines.next_line().await? {
                    let answer = match line.as_str() {
                        "." if in_data => {
                            in_data = false;
                            kept.lock().unwrap().push(std::mem::take(&mut message));
                            says
                        }
                        _ if in_data => {
                            message.push_str(&line);
                            message.push('\n');
                            continue;
                        }
                        "DATA" => {
                            in_data = true;
                            "354 go on"
                        }
                        _ => {
                            message.push_str(&line);
                            message.push('\n');
                            "250 ok"
                        }
                    };
                    write.write_all(format!("{answer}\r\n").as_bytes()).await?;
                }
                Ok::<_, std::io::Error>(())
            });
        }
    });
    (url, kept)
}

fn letter(n: u128) -> Letter {
    Letter {
        id: Uuid::from_u128(n),
        kind: "test",
        to: Mail::parse("ursula@example.com").unwrap(),
        subject: "Su enlace para entrar: año nuevo".to_owned(),
        text: "Abra https://escuela.cl/familia/entrar/enlace#t=abc".to_owned(),
        html: None,
    }
}

fn office(url: &str) -> (Mailer, tokio::task::JoinHandle<()>, CancellationToken) {
    let (mailer, mut post) = post_office(Route::parse(url, Some("Escuela <no-reply@escuela.cl>")).unwrap());
    post.pause = Duration::from_millis(5);
    let stop = CancellationToken::new();
    (mailer, tokio::spawn(post.run(stop.clone())), stop)
}

async fn wait_for(kept: &Mutex<Vec<String>>, n: usize) -> Vec<String> {
    for _ in 0..1000 {
        if kept.lock().unwrap().len() >= n {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    kept.lock().unwrap().clone()
}

#[tokio::test]
async fn a06_a_letter_reaches_one_mailbox_with_its_sender_and_no_header_of_anybody_elses() {
    let (url, kept) = server(Some("250 taken")).await;
    let (mailer, post, stop) = office(&url);
    assert!(mailer.post(Letter { subject: "Hola\r\nBcc: x@evil.example".to_owned(), ..letter(7) }));
    let kept = wait_for(&kept, 1).await;
    assert_eq!(kept.len(), 1, "sent once");
    let mail = &kept[0];
    assert_eq!(mail.matches("RCPT TO:").count(), 1, "{mail}");
    assert!(
        mail.contains("RCPT TO:<ursula@example.com>") && mail.contains("MAIL FROM:<no-reply@escuela.cl>"),
        "{mail}"
    );
    assert!(!mail.lines().any(|line| line.starts_with("Bcc")), "{mail}");
    assert!(mail.contains("Auto-Submitted: auto-generated"), "{mail}");
    assert!(mail.contains(&format!("Message-ID: <{}@escuela.cl>", Uuid::from_u128(7))), "{mail}");
    stop.cancel();
    post.await.unwrap();
}

#[tokio::test]
async fn p12_a_letter_is_sent_twice_at_most_and_not_again_where_it_was_refused_for_good() {
    for (says, times) in [("451 later", 2), ("550 nobody here", 1), ("250 taken", 1)] {
        let (url, kept) = server(Some(says)).await;
        let (mailer, post, stop) = office(&url);
        mailer.post(letter(1));
        assert_eq!(wait_for(&kept, times).await.len(), times, "{says}");
        stop.cancel();
        post.await.unwrap();
    }
}

#[tokio::test]
async fn p51_a_server_that_never_answers_holds_up_nobody_who_posts_and_the_queue_is_bounded() {
    let (url, _) = server(None).await;
    let (mailer, post, stop) = office(&url);
    let begun = std::time::Instant::now();
    let mut taken = 0;
    for n in 0..2000 {
        taken += usize::from(mailer.post(letter(n)));
        if n % 100 == 0 {
            tokio::task::yield_now().await;
        }
    }
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    assert!((WAITING..=WAITING + AT_ONCE + 1).contains(&taken), "{taken}");
    stop.cancel();
    post.await.unwrap();
    assert!(begun.elapsed() < LAST_CALL + Duration::from_secs(3), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_person_can_copy_the_link_from_a_letter_in_the_folder() {
    let folder = std::env::temp_dir().join(format!("letters-{}", std::process::id()));
    let (mailer, post, stop) = office(&format!("file:{}", folder.display()));
    mailer.post(letter(3));
    let path = folder.join(format!("{}.txt", Uuid::from_u128(3)));
    for _ in 0..400 {
        if path.exists() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("Abra https://escuela.cl/familia/entrar/enlace#t=abc\n"), "{text}");
    assert!(text.starts_with("To: ursula@example.com\nSubject: Su enlace para entrar: año nuevo\n"), "{text}");
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    stop.cancel();
    post.await.unwrap();
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a56_a_mail_server_elsewhere_is_spoken_to_by_tls_or_not_at_all() {
    let route = |url: &str, from: Option<&str>| Route::parse(url, from).err();
    let from = Some("no-reply@escuela.cl");
    for good in ["smtps://u:p@mail.escuela.cl", "smtp://u:p@mail.escuela.cl:587", "smtp://localhost:25"] {
        assert_eq!(route(good, from), None, "{good}");
        assert_eq!(route(good, None), Some(BadRoute::From));
        assert_eq!(route(good, Some("nobody")), Some(BadRoute::From));
    }
    assert_eq!(route("smtp://mail.escuela.cl?tls=opportunistic", from), Some(BadRoute::Server));
    assert_eq!(route("smtp://mail.escuela.cl?tls=", from), Some(BadRoute::Server));
    assert_eq!(route("http://mail.escuela.cl", from), Some(BadRoute::Scheme));
    assert_eq!(route("file:/tmp/letters", None), None);
}

#[tokio::test]
async fn a56_a_server_that_offers_no_tls_is_not_given_the_letter() {
    let (url, kept) = server(Some("250 taken")).await;
    // As `Route::parse` asks for it of a server elsewhere.
    let required = AsyncSmtpTransport::<Tokio1Executor>::from_url(&format!("{url}?tls=required")).unwrap();
    let route = Route::Smtp(Box::new(required.build()), Box::new("no-reply@escuela.cl".parse().unwrap()));
    assert!(route.send(&letter(1)).await.is_err());
    assert!(kept.lock().unwrap().is_empty());
}
