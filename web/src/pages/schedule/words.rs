//! A week in words.

use super::super::reasons::wall;
use crate::i18n::{Lang, key, times};
use chrono::{NaiveTime, TimeDelta, Weekday};
use domain::course::{Shift, Slot};
use maud::{Markup, html};

/// `jornada completa`
pub(super) fn shift(shift: Shift, lang: Lang) -> String {
    lang.t(match shift {
        Shift::Morning => key("shift-morning"),
        Shift::Afternoon => key("shift-afternoon"),
        Shift::FullDay => key("shift-full-day"),
        Shift::Evening => key("shift-evening"),
    })
}

/// The days of a week, Monday first.
pub(super) fn weekdays() -> impl Iterator<Item = Weekday> {
    (1..=7).filter_map(crate::calendar::weekday)
}

/// `08:00–13:00, 14:00–18:00`; nothing: nobody is expected.
pub(super) fn stays(week: &[Slot], day: Weekday) -> String {
    let of_day = week.iter().filter(|slot| slot.weekday == day);
    of_day.map(|slot| format!("{}–{}", wall(slot.entry), wall(slot.exit))).collect::<Vec<_>>().join(", ")
}

/// `lunes a jueves 08:00–15:30`, `viernes 08:00–13:00`: a line for days one after the other with the same hours.
pub(super) fn lines(week: &[Slot], lang: Lang) -> Vec<String> {
    let mut runs: Vec<(Weekday, Weekday, String)> = Vec::new();
    for day in weekdays() {
        let said = stays(week, day);
        match runs.last_mut() {
            Some((_, last, same)) if last.succ() == day && *same == said => *last = day,
            _ => runs.push((day, day, said)),
        }
    }
    let runs = runs.into_iter().filter(|(_, _, said)| !said.is_empty());
    runs.map(|(first, last, said)| format!("{} {said}", span(first, last, lang))).collect()
}

fn span(first: Weekday, last: Weekday, lang: Lang) -> String {
    let (from, to) = (times::weekday(first, lang), times::weekday(last, lang));
    if first == last { from } else { lang.f("schedule-days", &[("from", (&from).into()), ("to", (&to).into())]) }
}

/// The lines of a week, or that it expects nobody.
pub(super) fn week(slots: &[Slot], lang: Lang) -> Markup {
    let lines = lines(slots, lang);
    html! {
        @if lines.is_empty() { p class="hint" { (lang.t("schedule-nobody")) } }
        @for line in lines { p { (line) } }
    }
}

/// From when on an entry is late, and when its lack is shown, by the school's settings.
pub(super) fn limits(slot: &Slot, (late, missing): (u16, u16), lang: Lang) -> String {
    let after = |minutes: i64| wall(plus(slot.entry, minutes));
    lang.f(
        "schedule-slot",
        &[
            // As `domain::day_status` judges: late from the first minute that is more than the grace.
            ("late", (&after(i64::from(late) + 1)).into()),
            ("missing", (&after(missing.into())).into()),
        ],
    )
}

fn plus(time: NaiveTime, minutes: i64) -> NaiveTime {
    time.overflowing_add_signed(TimeDelta::minutes(minutes)).0
}

/// `Lunes`
pub(super) fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use commands::use_cases::week_slots;
    use domain::CourseId;
    use uuid::Uuid;

    #[test]
    fn days_one_after_the_other_with_the_same_hours_are_one_line() {
        let at = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap();
        let of = |days: &[Weekday], exit| days.iter().map(|day| (*day, at(8), at(exit))).collect::<Vec<_>>();
        use Weekday::{Fri, Mon, Sat, Thu, Wed};
        let stays = [of(&[Mon, Wed, Thu], 15), of(&[Fri], 13), of(&[Sat], 13)].concat();
        let week = week_slots(CourseId(Uuid::from_u128(1)), &stays);
        assert_eq!(
            lines(&week, Lang::Es),
            ["lunes 08:00–15:00", "miércoles a jueves 08:00–15:00", "viernes a sábado 08:00–13:00"]
        );
        assert_eq!(lines(&week, Lang::En)[1], "Wednesday to Thursday 08:00–15:00");
        assert_eq!(lines(&[], Lang::Es), Vec::<String>::new());
    }
}
