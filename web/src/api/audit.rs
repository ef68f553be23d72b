//! The audit index.

pub mod list;

#[cfg(test)]
mod tests;
