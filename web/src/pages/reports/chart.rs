//! Days as stacked bars, drawn as SVG on the server by plotters. The figures always stand in the table beside it.
//!
//! Plotters knows no stylesheet: each part is drawn in a colour of its own, by which `web/assets/reports.css` finds it and
//! gives it the page's. All it writes are attributes of shapes, which the pages' policy allows; a style is none of them.

use crate::i18n::{Lang, key, times};
use chrono::Datelike;
use domain::entry_rate::Tally;
use maud::{Markup, PreEscaped, html};
use plotters::prelude::*;
use projections::live::reports::DayLine;

/// Units of the drawing; the page scales it.
const SIZE: (u32, u32) = (400, 190);

/// What is not known is hatched, as on the board.
const UNKNOWN: RGBColor = RGBColor(0x98, 0xA2, 0xB0);
const HATCHED: (&str, &str) = ("fill=\"#98A2B0\"", "fill=\"url(#hatch)\"");

/// A part of a bar: its icon, its words, its colour in the drawing, and how many.
type Part = (&'static str, &'static str, RGBColor, fn(&Tally) -> u32);

/// From the bottom up.
const PARTS: [Part; 6] = [
    ("inside", key("reports-in-time"), RGBColor(0x4F, 0xAE, 0x7B), |tally| tally.in_time),
    ("late", key("reports-late"), RGBColor(0xED, 0xA3, 0x2C), |tally| tally.late),
    ("missing", key("reports-absent"), RGBColor(0xD9, 0x27, 0x35), |tally| tally.absent),
    ("justified", key("reports-justified"), RGBColor(0x5B, 0x8D, 0xD9), |tally| tally.justified),
    ("pending", key("reports-open"), RGBColor(0xCD, 0xD4, 0xDD), |tally| tally.missing.saturating_add(tally.pending)),
    ("unknown", key("reports-unknown"), UNKNOWN, |tally| tally.unknown),
];

/// The days on which anybody was expected; nothing of none. `id` makes the ids of its words.
pub(super) fn days(lines: &[DayLine], id: &str, lang: Lang) -> Markup {
    let lines: Vec<&DayLine> = lines.iter().filter(|line| line.tally.expected > 0).collect();
    let Some((first, last)) = lines.first().zip(lines.last()) else { return html! {} };
    let svg = match drawn(&lines) {
        Ok(svg) => svg,
        Err(error) => {
            // The table says the same.
            tracing::error!(%error, "a chart was not drawn");
            return html! {};
        }
    };
    let between = lang.f(
        "reports-chart-desc",
        &[
            ("n", u32::try_from(lines.len()).unwrap_or(u32::MAX).into()),
            ("from", (&times::long_date(first.date, lang)).into()),
            ("to", (&times::long_date(last.date, lang)).into()),
        ],
    );
    let words = html! {
        title id={ (id) "-title" } { (lang.t("reports-chart-title")) }
        desc id={ (id) "-desc" } { (between) }
    };
    let open = format!("<svg role=\"img\" aria-labelledby=\"{id}-title {id}-desc\" ");
    html! {
        figure class="chart" {
            (PreEscaped(labelled(&svg, &open, &words.into_string())))
            figcaption {
                ul class="legend" {
                    @for (class, words, ..) in PARTS {
                        li { svg class="swatch" aria-hidden="true" viewBox="0 0 16 16" {
                            rect class=(class) width="16" height="16" fill=[(class == "unknown").then_some("url(#hatch)")] {}
                        } (lang.t(words)) }
                    }
                }
            }
        }
    }
}

/// The drawing with words for whoever does not see it, and without what only a file of its own needs.
fn labelled(svg: &str, open: &str, words: &str) -> String {
    let svg = svg.replacen("<svg ", open, 1).replacen(" xmlns=\"http://www.w3.org/2000/svg\"", "", 1);
    // Every shape says that it is opaque: a tenth of the drawing.
    let svg = svg.replace(HATCHED.0, HATCHED.1).replace(" opacity=\"1\"", "");
    match svg.split_once('>') {
        Some((head, rest)) => format!("{head}>{words}{rest}"),
        None => svg,
    }
}

fn drawn(lines: &[&DayLine]) -> Result<String, Box<dyn std::error::Error>> {
    let mut svg = String::new();
    let days = i32::try_from(lines.len())?;
    let most = lines.iter().map(|line| line.tally.expected).max().unwrap_or(1);
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        // A bar stands over every tenth place, so that its label does.
        let places = -5..days.saturating_mul(10).saturating_sub(5);
        let mut chart = ChartBuilder::on(&area)
            .margin(4)
            .margin_right(8)
            .x_label_area_size(22)
            .y_label_area_size(40)
            .build_cartesian_2d(places, 0..i32::try_from(most)?)?;
        let label = |place: &i32| day_label(lines, *place);
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(RGBColor(0xDC, 0xE0, 0xE6))
            .axis_style(RGBColor(0xDC, 0xE0, 0xE6))
            .x_labels(lines.len().saturating_add(1))
            .y_labels(5)
            .x_label_formatter(&label)
            .label_style(("sans-serif", 13))
            .draw()?;
        for (line, day) in lines.iter().zip(0..) {
            let mut from = 0;
            for (_, _, colour, count) in PARTS {
                let to = from + i32::try_from(count(&line.tally))?;
                if to > from {
                    let middle = day * 10;
                    chart.draw_series([Rectangle::new([(middle - 4, from), (middle + 4, to)], colour.filled())])?;
                }
                from = to;
            }
        }
        area.present()?;
    }
    Ok(svg)
}

/// The day of the month under the first bar of each week; a phone has no room for all.
fn day_label(lines: &[&DayLine], place: i32) -> String {
    let at = |place: i32| usize::try_from(place / 10).ok().filter(|_| place >= 0 && place % 10 == 0);
    let line = at(place).and_then(|at| lines.get(at));
    let before = at(place.saturating_sub(10)).and_then(|at| lines.get(at));
    line.filter(|line| before.is_none_or(|before| before.date.iso_week() != line.date.iso_week()))
        .map(|line| line.date.day().to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;

    fn line(day: u32, tally: Tally) -> DayLine {
        let date = NaiveDate::from_ymd_opt(2026, 11, day).unwrap();
        DayLine { date, nobody: None, tally, nobody_read: false, late_synced: 0 }
    }

    #[test]
    fn a_chart_has_words_a_bar_for_each_part_and_nothing_that_the_policy_refuses() {
        let tally =
            Tally { expected: 40, in_time: 28, late: 4, absent: 3, justified: 2, unknown: 3, ..Tally::default() };
        let days_off = line(4, Tally::default());
        let html = days(&[line(2, tally), line(3, tally), days_off, line(9, tally)], "c", Lang::Es).into_string();
        let bars = |colour: &str| html.matches(&format!("fill=\"{colour}\" stroke=\"none\"")).count();
        assert_eq!(
            ["#4FAE7B", "#EDA32C", "#D92735", "#5B8DD9", "url(#hatch)", "#CDD4DD"].map(bars),
            [3, 3, 3, 3, 3, 0]
        );
        assert!(html.contains("<title id=\"c-title\">") && html.contains("<desc id=\"c-desc\">3 días"), "{html}");
        for refused in ["style=", "<style", "http", "<script", "xlink"] {
            assert!(!html.contains(refused), "{refused}: {html}");
        }
        // The first day of each week has its label.
        let labels: Vec<&str> =
            html.split("</text>").filter_map(|part| part.rsplit('\n').find(|t| !t.is_empty())).collect();
        assert!(labels.contains(&"2") && labels.contains(&"9") && !labels.contains(&"3"), "{labels:?}");
    }

    #[test]
    fn of_no_school_day_there_is_no_chart() {
        assert_eq!(days(&[line(2, Tally::default())], "c", Lang::Es).into_string(), "");
    }
}
