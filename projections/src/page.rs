//! Limits of pages: nothing that grows is answered whole.

/// The longest page of anything.
pub const MAX: i64 = 200;
/// The longest page of a kiosk's roster delta, whose rows are small.
pub const MAX_DELTA: i64 = 2_000;

/// A page's length within `1..=MAX`.
pub(crate) fn limit(asked: i64) -> i64 {
    asked.clamp(1, MAX)
}
