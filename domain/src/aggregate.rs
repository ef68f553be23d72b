//! The shape that every aggregate shares.

use crate::event::DomainEvent;
use std::fmt::Debug;

/// A pure decider: `decide` turns a command into events, `evolve` folds events into state.
pub trait Aggregate: Send + Sync + 'static {
    /// Folded state; `Default` is the state before the first event.
    type State: Default + Clone + Debug + Send + Sync;
    /// What may be asked of it.
    type Command: Clone + Debug + Send;
    /// What can have happened to it.
    type Event: DomainEvent;
    /// Why a command may be refused; no free strings.
    type Error: std::error::Error + Clone + PartialEq + Send + Sync + 'static;

    /// The events that the command leads to. A repeated command gives none; a wrong state gives an
    /// error.
    fn decide(state: &Self::State, command: Self::Command) -> Result<Vec<Self::Event>, Self::Error>;
    /// The state after the event. Cannot fail.
    fn evolve(state: Self::State, event: &Self::Event) -> Self::State;
}

/// Folds a whole stream.
pub fn fold<'a, A: Aggregate>(events: impl IntoIterator<Item = &'a A::Event>) -> A::State {
    events.into_iter().fold(A::State::default(), A::evolve)
}

/// Given these events, when that command, then those events or that error.
#[cfg(test)]
pub(crate) mod spec {
    use super::{Aggregate, fold};

    /// A stream's history.
    pub(crate) struct Given<A: Aggregate>(A::State);
    /// What a command led to.
    pub(crate) struct Outcome<A: Aggregate>(Result<Vec<A::Event>, A::Error>);

    pub(crate) fn given<A: Aggregate>(history: &[A::Event]) -> Given<A> {
        Given(fold::<A>(history))
    }

    impl<A: Aggregate> Given<A> {
        pub(crate) fn when(self, command: A::Command) -> Outcome<A> {
            Outcome(A::decide(&self.0, command))
        }
    }

    impl<A: Aggregate> Outcome<A> {
        #[track_caller]
        pub(crate) fn then(self, events: &[A::Event]) {
            assert_eq!(self.0.as_deref(), Ok(events));
        }
        #[track_caller]
        pub(crate) fn then_nothing(self) {
            assert_eq!(self.0, Ok(vec![]));
        }
        #[track_caller]
        pub(crate) fn then_error(self, error: A::Error) {
            assert_eq!(self.0, Err(error));
        }
    }
}
