use super::*;
use crate::testing::TestApp;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

fn request(key: u128) -> Request {
    let key = CommandId(Uuid::from_u128(key));
    Request { key, actor: Actor::cli("test"), correlation: Uuid::from_u128(0xc0), what: "PUT /somewhere\n".into() }
}

/// What a made-up write did: how often it ran, and whether ever twice at once.
#[derive(Default)]
struct Ran {
    times: AtomicUsize,
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Ran {
    async fn once(&self) -> usize {
        let n = self.times.fetch_add(1, SeqCst);
        self.most.fetch_max(self.now.fetch_add(1, SeqCst) + 1, SeqCst);
        tokio::time::sleep(Duration::from_millis(150)).await;
        self.now.fetch_sub(1, SeqCst);
        n
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_equal_requests_at_once_are_run_once_whatever_comes_of_it() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(0).await.unwrap();
    let outcomes: [Result<Done, Code>; 3] =
        [Ok(Done { position: Some(7), events: 1, repeated: false }), Ok(Done::NOTHING), Err(Code::CourseClosed)];
    for (key, outcome) in (1..).zip(outcomes) {
        let ran = Arc::new(Ran::default());
        let calls = (0..16).map(|_| {
            let ran = ran.clone();
            request(key).run(app.state(), school.id, b"{}", move |_, _| async move {
                ran.once().await;
                outcome.map_err(Problem::new)
            })
        });
        let answers = futures::future::join_all(calls).await;
        assert_eq!(ran.times.load(SeqCst), 1, "{outcome:?}");
        for answer in answers {
            assert_eq!(answer.map_err(|problem| problem.code), outcome.map(|done| done.position));
        }
    }
    app.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_that_may_pass_lets_the_next_equal_request_run_never_two_at_once() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(0).await.unwrap();
    let ran = Arc::new(Ran::default());
    let calls = (0..6).map(|_| {
        let ran = ran.clone();
        request(1).run(app.state(), school.id, b"{}", move |_, _| async move {
            match ran.once().await {
                0 => Err(Problem::new(Code::Unavailable)),
                1 => Err(Problem::new(Code::Conflict)),
                _ => Ok(Done::NOTHING),
            }
        })
    });
    let answers: Vec<_> = futures::future::join_all(calls).await;
    let failed: Vec<_> = answers.iter().filter_map(|a| a.as_ref().err().map(|problem| problem.code)).collect();
    assert_eq!((failed.len(), ran.times.load(SeqCst), ran.most.load(SeqCst)), (2, 3, 1), "{failed:?}");
    assert!(answers.iter().flatten().all(Option::is_none));
    app.shutdown().await;
}
