//! What other rules would have made of a month that has passed.

pub mod create;

#[cfg(test)]
mod tests;
