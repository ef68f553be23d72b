//! How much is worked on at once: past that a client hears at once when to come back, instead of
//! waiting in a growing queue. Kiosks have places of their own, shared fairly between schools, and
//! whoever probes the process needs none. A school's places are for requests with the secret of one of its
//! kiosks: whoever knows nothing but a kiosk's id is a stranger and counts among strangers.

use crate::AppState;
use crate::config::Tuning;
use crate::permissions::{self, Access, Found};
use crate::problem::{Code, Problem};
use crate::router::{BODY_LIMIT, FORM_LIMIT};
use axum::body::{Body, HttpBody as _};
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::BytesMut;
use domain::{KioskId, SchoolId};
use futures::{StreamExt as _, stream};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use uuid::Uuid;

/// Where every request of a kiosk goes.
const KIOSKS: &str = "/api/v1/kiosks/";

/// How long the body of a request may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(8);

/// The places.
#[derive(Debug)]
pub struct Places {
    kiosks: Arc<Lane>,
    streams: Arc<Lane>,
    rest: Semaphore,
}

impl Places {
    /// As many as configured.
    pub fn new(tuning: &Tuning) -> Self {
        Self {
            kiosks: Arc::new(Lane::of(tuning.kiosks_at_once)),
            streams: Arc::new(Lane::of(tuning.streams)),
            rest: Semaphore::new(tuning.requests_at_once),
        }
    }

    /// A school's place for a stream, until it is dropped.
    pub fn stream(&self, school: Option<SchoolId>) -> Option<Place> {
        self.streams.take(school)
    }
}

/// Places that parties share: a school each, and all who have not proved to be of one together.
///
/// A party gets another place only while more are free than it holds. So one that floods takes half of
/// them, two that flood a third each, and however many they are, a quiet one finds a place (the dynamic
/// thresholds of Choudhury and Hahne, IEEE/ACM Transactions on Networking 6(2), 1998).
#[derive(Debug)]
struct Lane {
    most: usize,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    all: usize,
    of: HashMap<Option<SchoolId>, usize>,
}

impl Lane {
    fn of(most: usize) -> Self {
        Self { most, held: Mutex::default() }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(self: &Arc<Self>, party: Option<SchoolId>) -> Option<Place> {
        let mut held = self.held();
        let free = self.most.saturating_sub(held.all);
        if held.of.get(&party).copied().unwrap_or(0) >= free {
            return None;
        }
        held.all += 1;
        *held.of.entry(party).or_default() += 1;
        Some(Place { lane: Arc::clone(self), party })
    }
}

/// A party's place; free again when it is dropped.
#[derive(Debug)]
pub struct Place {
    lane: Arc<Lane>,
    party: Option<SchoolId>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.lane.held();
        held.all -= 1;
        if let Some(n) = held.of.get_mut(&self.party) {
            *n -= 1;
            if *n == 0 {
                held.of.remove(&self.party);
            }
        }
    }
}

/// Takes a place for as long as a request is worked on (a stream: until it begins), or refuses.
pub async fn bound_load(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let (places, path) = (&state.places, request.uri().path());
    if matches!(path, "/healthz" | "/readyz" | "/metrics") {
        return next.run(request).await;
    }
    if is_of_kiosks(&request) {
        let kiosk = path.strip_prefix(KIOSKS).and_then(|path| Uuid::parse_str(path.split('/').next()?).ok());
        let party = kiosk.and_then(|kiosk| state.secrets.school_of(KioskId(kiosk), request.headers()));
        return match places.kiosks.take(party) {
            Some(_place) => next.run(request).await,
            None => refused("kiosks"),
        };
    }
    let request = match arrived(request).await {
        Ok(request) => request,
        Err(problem) => return problem.into_response(),
    };
    match places.rest.try_acquire() {
        Ok(_place) => next.run(request).await,
        Err(_) => refused("rest"),
    }
}

/// Whether this is what kiosks do; what people do with kiosks is not.
fn is_of_kiosks(request: &Request) -> bool {
    let route = request.extensions().get::<MatchedPath>();
    let found = route.map(|route| permissions::find(request.method(), route.as_str()));
    matches!(found, Some(Found::Route(route)) if route.access == Access::Kiosk)
}

/// The request with its body, waited for before a place is taken: as many as there are places who send a head and no
/// body would keep everybody else out. One that is too large goes on as it comes, to be refused as its route says.
async fn arrived(request: Request) -> Result<Request, Problem> {
    if request.body().is_end_stream() {
        return Ok(request);
    }
    // What a stranger may have waiting here counts for each connection.
    let limit = if request.uri().path().starts_with("/api/") { BODY_LIMIT } else { FORM_LIMIT };
    let (parts, body) = request.into_parts();
    let mut chunks = body.into_data_stream();
    let mut there = BytesMut::new();
    let all = async {
        while there.len() <= limit
            && let Some(chunk) = chunks.next().await
        {
            there.extend_from_slice(&chunk.map_err(|_| Problem::new(Code::MalformedRequest))?);
        }
        Ok::<_, Problem>(())
    };
    timeout(BODY_TIME, all).await.map_err(|_| Problem::new(Code::RequestTimeout))??;
    Ok(Request::from_parts(parts, Body::from_stream(stream::iter([Ok(there.freeze())]).chain(chunks))))
}

fn refused(lane: &'static str) -> Response {
    metrics::counter!("http_overloaded_total", "lane" => lane).increment(1);
    Problem::new(Code::Overloaded).retry_soon().into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn school(n: u128) -> Option<SchoolId> {
        Some(SchoolId(Uuid::from_u128(n)))
    }

    #[test]
    fn whoever_floods_leaves_places_for_a_school_that_is_quiet() {
        for floods in 1..=6 {
            let lane = Arc::new(Lane::of(120));
            let mut places = Vec::new();
            // In turn, until nobody gets another.
            loop {
                let before = places.len();
                places.extend((0..floods).filter_map(|n| lane.take(school(n))));
                if places.len() == before {
                    break;
                }
            }
            let share = 120 / (usize::try_from(floods).unwrap() + 1);
            let held: Vec<usize> = lane.held().of.values().copied().collect();
            assert!(held.iter().all(|held| held.abs_diff(share) <= 1), "{held:?}");
            let quiet: Vec<_> = (0..share / 2).map_while(|_| lane.take(school(99))).collect();
            assert_eq!(quiet.len(), share / 2, "{floods} flood");
            // Kiosks that nobody knows are one party: as many as they like crowd out only each other.
            assert!(lane.take(None).is_some());
            drop((places, quiet));
            let held = lane.held();
            assert_eq!((held.all, held.of.len()), (0, 0), "every place is given back");
        }
    }

    #[test]
    fn no_place_at_all_is_a_refusal() {
        let lane = Arc::new(Lane::of(0));
        assert!(lane.take(school(1)).is_none());
        let lane = Arc::new(Lane::of(1));
        let only = lane.take(school(1)).unwrap();
        assert!(lane.take(school(2)).is_none());
        drop(only);
        assert!(lane.take(school(2)).is_some());
    }
}
