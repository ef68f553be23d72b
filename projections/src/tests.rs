//! The read models against a real Postgres.

mod board;
mod epochs;
mod over_nats;
mod projecting;
mod rebuilding;
