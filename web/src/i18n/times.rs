//! Times and dates in words, always in the school's own zone and on the 24-hour clock.

use super::{Lang, key};
use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc, Weekday};
use chrono_tz::Tz;

/// `08:14`
pub fn clock(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%H:%M").to_string()
}

/// `08:14:03`
pub fn clock_seconds(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%H:%M:%S").to_string()
}

/// For the `datetime` attribute of `<time>`: RFC 3339 with the school's offset.
pub fn machine(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// `lunes 23 de noviembre`, `Monday 23 November`
pub fn long_date(date: NaiveDate, lang: Lang) -> String {
    lang.f(
        "date-long",
        &[
            ("weekday", (&weekday(date.weekday(), lang)).into()),
            ("day", date.day().into()),
            ("month", (&month(date.month(), lang)).into()),
        ],
    )
}

/// `lunes 23 de noviembre de 2026`, `Monday 23 November 2026`: of what may be long ago.
pub fn full_date(date: NaiveDate, lang: Lang) -> String {
    let (day, year) = (long_date(date, lang), date.year().to_string());
    lang.f("date-full", &[("date", (&day).into()), ("year", (&year).into())])
}

/// `hace 0,4 s`, `hace 12 s`, `hace 3 min`, `hace 2 h`, `hace 4 días`. Never rounded up: what is shown
/// has passed.
pub fn ago(age: TimeDelta, lang: Lang) -> String {
    let millis = age.num_milliseconds().max(0);
    let seconds = millis / 1000;
    if seconds < 10 {
        let mark = if lang == Lang::Es { ',' } else { '.' };
        let tenths = format!("{seconds}{mark}{}", millis % 1000 / 100);
        return lang.f("ago-tenths", &[("seconds", (&tenths).into())]);
    }
    if seconds < 60 {
        return lang.f("ago-seconds", &[("n", seconds.into())]);
    }
    match seconds / 60 {
        minutes @ 0..60 => lang.f("ago-minutes", &[("n", minutes.into())]),
        minutes if minutes < 48 * 60 => lang.f("ago-hours", &[("n", (minutes / 60).into())]),
        minutes => lang.f("ago-days", &[("n", (minutes / 1440).into())]),
    }
}

/// `recién`, and from a minute on as [`ago`]: of what is known to the minute alone.
pub fn ago_minutes(minutes: i64, lang: Lang) -> String {
    if minutes < 1 { lang.t("ago-just-now") } else { ago(TimeDelta::minutes(minutes), lang) }
}

/// `2,1 s`, `12 s`, `3 min`, `2 h`: a length of time, never rounded up.
pub fn span(length: TimeDelta, lang: Lang) -> String {
    let millis = length.num_milliseconds().max(0);
    match millis / 1000 {
        seconds @ 0..10 => {
            let mark = if lang == Lang::Es { ',' } else { '.' };
            format!("{seconds}{mark}{} s", millis % 1000 / 100)
        }
        seconds @ 10..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3_600),
    }
}

/// `lunes`
pub fn weekday(day: Weekday, lang: Lang) -> String {
    lang.t(match day {
        Weekday::Mon => key("weekday-mon"),
        Weekday::Tue => key("weekday-tue"),
        Weekday::Wed => key("weekday-wed"),
        Weekday::Thu => key("weekday-thu"),
        Weekday::Fri => key("weekday-fri"),
        Weekday::Sat => key("weekday-sat"),
        Weekday::Sun => key("weekday-sun"),
    })
}

/// `noviembre`
pub fn month(month: u32, lang: Lang) -> String {
    lang.t(match month {
        1 => key("month-1"),
        2 => key("month-2"),
        3 => key("month-3"),
        4 => key("month-4"),
        5 => key("month-5"),
        6 => key("month-6"),
        7 => key("month-7"),
        8 => key("month-8"),
        9 => key("month-9"),
        10 => key("month-10"),
        11 => key("month-11"),
        _ => key("month-12"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    #[test]
    fn a_date_is_written_as_people_say_it() {
        let date = NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
        assert_eq!(long_date(date, Lang::Es), "lunes 23 de noviembre");
        assert_eq!(long_date(date, Lang::En), "Monday 23 November");
        assert_eq!(full_date(date, Lang::Es), "lunes 23 de noviembre de 2026");
        assert_eq!(full_date(date, Lang::En), "Monday 23 November 2026");
    }

    #[test]
    fn a_time_is_the_one_on_the_schools_wall() {
        let at = Utc.with_ymd_and_hms(2026, 11, 23, 11, 5, 9).unwrap();
        assert_eq!(clock_seconds(at, chrono_tz::America::Santiago), "08:05:09");
        assert_eq!(clock(at, chrono_tz::Pacific::Easter), "06:05");
    }

    #[test]
    fn an_age_is_never_rounded_up() {
        let spanish = |millis| ago(TimeDelta::milliseconds(millis), Lang::Es);
        assert_eq!(spanish(-5), "hace 0,0 s");
        assert_eq!(spanish(449), "hace 0,4 s");
        assert_eq!(spanish(9_999), "hace 9,9 s");
        assert_eq!(spanish(59_999), "hace 59 s");
        assert_eq!(spanish(179_000), "hace 2 min");
        assert_eq!(spanish(3_600_000 * 5 + 59_000), "hace 5 h");
        assert_eq!(spanish(86_400_000 * 2), "hace 2 días");
        assert_eq!(ago(TimeDelta::milliseconds(449), Lang::En), "0.4 s ago");
        let minutes = [0, 1, 59, 60, 10_080].map(|minutes| ago_minutes(minutes, Lang::Es));
        assert_eq!(minutes, ["recién", "hace 1 min", "hace 59 min", "hace 1 h", "hace 7 días"]);
        let length = |millis| span(TimeDelta::milliseconds(millis), Lang::Es);
        assert_eq!([2_199, 119_999, 7_199_999].map(length), ["2,1 s", "119 s", "119 min"]);
        assert_eq!(span(TimeDelta::milliseconds(7_200_000 + 1), Lang::En), "2 h");
    }
}
