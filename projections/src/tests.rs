//! The read models against a real Postgres.

mod board;
mod epochs;
mod projecting;
mod rebuilding;
