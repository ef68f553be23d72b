//! The audit index, and days replayed from it.

pub mod days;
pub mod list;

#[cfg(test)]
mod tests;
