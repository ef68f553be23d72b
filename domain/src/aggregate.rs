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
