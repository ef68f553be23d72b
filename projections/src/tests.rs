//! The read models against a real Postgres.

mod apart;
mod arrival;
mod auditing;
pub(crate) mod board;
mod cases;
mod days;
mod epochs;
mod failpoints;
mod kept;
mod looks;
mod measure;
mod over_nats;
mod people;
mod plans;
mod presence;
mod projecting;
mod rebuilding;
mod reports;
mod round_trips;
mod simulations;
