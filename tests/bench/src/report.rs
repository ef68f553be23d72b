//! What was measured: a figure with its rounds and its target, as a line of a table and as JSON.

use serde_json::json;
use std::time::Duration;

/// What a figure should be.
#[derive(Debug, Clone, Copy)]
pub enum Target {
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
    /// It is printed for what stands beside it.
    None,
}

/// One figure.
#[derive(Debug, Clone)]
pub struct Figure {
    name: &'static str,
    unit: &'static str,
    target: Target,
    /// One value a round.
    rounds: Vec<f64>,
}

impl Figure {
    /// A figure of several rounds.
    pub fn new(name: &'static str, unit: &'static str, target: Target, rounds: Vec<f64>) -> Self {
        Self { name, unit, target, rounds }
    }

    /// A figure that is measured once.
    pub fn once(name: &'static str, unit: &'static str, target: Target, value: f64) -> Self {
        Self::new(name, unit, target, vec![value])
    }

    fn met(&self) -> Option<bool> {
        let value = median(&self.rounds);
        match self.target {
            // A ratio to nothing says nothing.
            Target::AtLeast(least) => Some(value.is_finite() && value >= least),
            Target::AtMost(most) => Some(value <= most),
            Target::None => None,
        }
    }

    fn target(&self) -> Option<String> {
        match self.target {
            Target::AtLeast(least) => Some(format!(">= {least}")),
            Target::AtMost(most) => Some(format!("<= {most}")),
            Target::None => None,
        }
    }

    fn range(&self) -> (f64, f64) {
        self.rounds.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(*v), hi.max(*v)))
    }

    /// The columns of the table.
    pub const HEAD: &str =
        "figure                           median          min          max  unit         target       met";

    /// Its line of the table.
    pub fn line(&self) -> String {
        let (lo, hi) = self.range();
        let met = self.met().map_or("", |met| if met { "yes" } else { "NO" });
        format!(
            "{:<28} {:>10} {:>12} {:>12}  {:<12} {:<12} {met}",
            self.name,
            short(median(&self.rounds)),
            short(lo),
            short(hi),
            self.unit,
            self.target().unwrap_or_default(),
        )
    }

    /// The same as one line of JSON.
    pub fn json(&self) -> String {
        let (lo, hi) = self.range();
        json!({
            "figure": self.name, "unit": self.unit, "median": median(&self.rounds), "min": lo, "max": hi,
            "rounds": self.rounds, "target": self.target(), "met": self.met(),
        })
        .to_string()
    }
}

/// The middle value; of an even number the lower one of the two.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
}

/// The value that this share of all is at most, in milliseconds.
pub fn quantile_ms(waits: &mut [Duration], share: f64) -> f64 {
    waits.sort_unstable();
    let at = (waits.len() as f64 * share).ceil() as usize;
    waits.get(at.saturating_sub(1)).map_or(f64::NAN, |wait| wait.as_secs_f64() * 1e3)
}

fn short(value: f64) -> String {
    if value.abs() >= 1_000.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}
