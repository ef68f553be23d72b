//! The day of a group as one stacked bar, made as SVG on the server. Its figures always stand beside
//! it in words.

use super::view::{Counts, Status};
use crate::i18n::Lang;
use maud::{Markup, html};

/// Left to right: who is accounted for, then who is open, then who is missing.
const ORDER: [Status; 7] =
    [Status::Inside, Status::Late, Status::Left, Status::Justified, Status::Unknown, Status::Pending, Status::Missing];

/// Units of the bar's width.
const WIDTH: u32 = 1000;

/// Each state with something in it, with its place on the bar: (status, count, x, width).
fn segments(counts: &Counts) -> Vec<(Status, u32, u32, u32)> {
    let total: u32 = ORDER.iter().map(|status| counts.of(*status)).sum();
    let mut seen = 0;
    let mut out = Vec::new();
    for status in ORDER {
        let count = counts.of(status);
        if count == 0 {
            continue;
        }
        let from = at(seen, total);
        seen += count;
        // One pupil is always seen, even in a school of thousands.
        let width = (at(seen, total) - from).max(4);
        out.push((status, count, from.min(WIDTH - width), width));
    }
    out
}

fn at(count: u32, total: u32) -> u32 {
    u32::try_from(u64::from(count) * u64::from(WIDTH) / u64::from(total.max(1))).unwrap_or(WIDTH)
}

/// The bar's parts, in hundredths of its width.
fn shapes(counts: &Counts) -> Markup {
    html! {
        @for (status, _, x, width) in segments(counts) {
            rect class=(status.class()) x=[(x > 0).then(|| percent(x))] width=(percent(width))
                fill=[(status == Status::Unknown).then_some("url(#hatch)")] {}
        }
    }
}

/// Thousandths as `92.5%`.
fn percent(thousandths: u32) -> String {
    match (thousandths / 10, thousandths % 10) {
        (whole, 0) => format!("{whole}%"),
        (whole, tenth) => format!("{whole}.{tenth}%"),
    }
}

/// The small bar of a row, whose figures are in the row itself.
pub(super) fn mini(counts: &Counts) -> Markup {
    html! {
        svg class="bar" aria-hidden="true" { (shapes(counts)) }
    }
}

/// The large bar, with a title and a description of its own. `id` makes their ids.
pub(super) fn large(counts: &Counts, id: &str, lang: Lang) -> Markup {
    let parts: Vec<String> = segments(counts)
        .into_iter()
        .map(|(status, count, ..)| format!("{} {}", lang.number(count), said(status, count, lang)))
        .collect();
    html! {
        svg class="bar large" role="img" aria-labelledby={ (id) "-title " (id) "-desc" } {
            title id={ (id) "-title" } { (lang.t("bar-title")) }
            desc id={ (id) "-desc" } { (parts.join(", ")) }
            (shapes(counts))
        }
    }
}

/// What a part is called. Beside the figure of all who are inside, those who came in time are not "inside" again.
fn said(status: Status, count: u32, lang: Lang) -> String {
    match status {
        Status::Inside => lang.f("count-on-time", &[("n", count.into())]),
        other => other.counted(count, lang),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_says_who_came_in_time_and_not_a_second_number_of_who_is_inside() {
        let counts = Counts { expected: 12, inside: 11, on_time: 9, late: 2, missing: 1, ..Counts::default() };
        let html = large(&counts, "bar", Lang::Es).into_string();
        assert!(html.contains("9 a la hora, 2 atrasados, 1 sin ingreso"), "{html}");
    }

    #[test]
    fn a_bar_is_filled_exactly_and_one_pupil_is_always_seen() {
        let counts = Counts { expected: 2001, inside: 2000, on_time: 2000, missing: 1, ..Counts::default() };
        let parts = segments(&counts);
        assert_eq!(parts.len(), 2);
        let (status, _, x, width) = parts[1];
        assert_eq!((status, x + width), (Status::Missing, WIDTH));
        assert!(width >= 4);
    }

    #[test]
    fn nobody_expected_gives_an_empty_bar() {
        assert!(segments(&Counts::default()).is_empty());
    }
}
