use super::*;
use crate::aggregate::{fold, spec};
use crate::calendar::{CourseTimes, DayError, DaySlot, Reason};
use crate::sample_values::id;
use crate::values::name::NameError;
use crate::values::school_date::NotASchoolDate;

fn given(history: &[Event]) -> spec::Given<Course> {
    spec::given(history)
}
fn date(month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, month, day).unwrap()
}
fn slot(n: u64, weekday: Weekday, entry: (u32, u32), exit: (u32, u32)) -> Slot {
    let time = |(h, m)| NaiveTime::from_hms_opt(h, m, 0).unwrap();
    Slot { slot_id: id(n), weekday, entry: time(entry), exit: time(exit) }
}
fn opened() -> Event {
    Event::Opened { year: 2026, name: "1° Básico A".into(), level: "basica-1".into(), letter: "A".into() }
}
fn open(name: &str, level: &str, letter: &str, year: i32) -> Command {
    Command::Open { year, name: name.into(), level: level.into(), letter: letter.into() }
}
fn set(slots: Vec<Slot>) -> Command {
    Command::SetWeeklySchedule { effective_from: date(3, 4), slots }
}
fn closed() -> Event {
    Event::Closed { from: date(12, 19) }
}

#[test]
fn a_course_is_opened_once() {
    given(&[]).when(open(" 1°  Básico A", "basica-1", " A", 2026)).then(&[opened()]);
    given(&[opened()]).when(open("1° Básico A", "basica-1", "A", 2026)).then_nothing();
    given(&[opened()]).when(open("1° Básico A", "basica-1", "A", 2027)).then_error(Error::AlreadyOpened);
    given(&[opened(), closed()]).when(open("1° Básico A", "basica-1", "A", 2026)).then_error(Error::Closed);
}

#[test]
fn a_course_has_one_shift_which_may_be_said_again() {
    let (say, said) = (|shift| Command::SetShift { shift }, |shift| Event::ShiftSet { shift });
    given(&[opened()]).when(say(Shift::Morning)).then(&[said(Shift::Morning)]);
    let morning = [opened(), said(Shift::Morning)];
    given(&morning).when(say(Shift::Morning)).then_nothing();
    given(&morning).when(say(Shift::FullDay)).then(&[said(Shift::FullDay)]);
    given(&[]).when(say(Shift::Morning)).then_error(Error::NotOpened);
    given(&[opened(), closed()]).when(say(Shift::Morning)).then_error(Error::Closed);
}

#[test]
fn what_a_course_is_called_is_checked() {
    given(&[]).when(open("\0", "basica-1", "A", 2026)).then_error(Error::Name(NameError::Unprintable));
    for level in ["", "Básica", "BASICA-1", "a b", "abcdefghijklmnopqrstu"] {
        given(&[]).when(open("1° A", level, "A", 2026)).then_error(Error::Level);
    }
    given(&[]).when(open("1° A", "basica-1", "ABCDEFGHI", 2026)).then_error(Error::Letter);
    given(&[]).when(open("1° A", "basica-1", "A", 20_260)).then_error(Error::Year);
    let event = Event::Opened { year: 2026, name: "Kínder".into(), level: "nt-2".into(), letter: String::new() };
    given(&[]).when(open("Kínder", "nt-2", " ", 2026)).then(&[event]);
}

#[test]
fn a_schedule_or_a_closing_on_a_date_that_no_school_can_mean_is_refused() {
    let error = Error::Date(NotASchoolDate);
    for far in [NaiveDate::from_ymd_opt(-9999, 1, 1).unwrap(), NaiveDate::from_ymd_opt(200_000, 1, 1).unwrap()] {
        let schedule = Command::SetWeeklySchedule { effective_from: far, slots: vec![] };
        given(&[opened()]).when(schedule).then_error(error);
        given(&[opened()]).when(Command::Close { from: far }).then_error(error);
    }
}

#[test]
fn a_course_is_renamed_only_to_another_name() {
    let rename = |name: &str| Command::Rename { name: name.into() };
    given(&[opened()]).when(rename("1° A")).then(&[Event::Renamed { name: "1° A".into() }]);
    given(&[opened()]).when(rename(" 1° Básico  A")).then_nothing();
    given(&[opened()]).when(rename(" ")).then_error(Error::Name(NameError::Empty));
    given(&[]).when(rename("1° A")).then_error(Error::NotOpened);
    given(&[opened(), closed()]).when(rename("1° A")).then_error(Error::Closed);
}

#[test]
fn a_weekly_schedule_is_kept_in_the_order_of_the_week() {
    let (mon_am, mon_pm) = (slot(1, Weekday::Mon, (8, 0), (13, 0)), slot(2, Weekday::Mon, (13, 0), (18, 0)));
    let sun = slot(3, Weekday::Sun, (9, 0), (10, 0));
    let event = Event::WeeklyScheduleSet {
        effective_from: date(3, 4),
        slots: vec![mon_am.clone(), mon_pm.clone(), sun.clone()],
    };
    given(&[opened()]).when(set(vec![sun.clone(), mon_pm.clone(), mon_am.clone()])).then(std::slice::from_ref(&event));
    given(&[opened(), event.clone()]).when(set(vec![mon_pm.clone(), sun.clone(), mon_am.clone()])).then_nothing();
    let emptied = Event::WeeklyScheduleSet { effective_from: date(3, 4), slots: vec![] };
    given(&[opened(), event]).when(set(vec![])).then(&[emptied]);
}

#[test]
fn an_impossible_week_is_refused() {
    let eight_to_one = |n, weekday| slot(n, weekday, (8, 0), (13, 0));
    given(&[opened()])
        .when(set(vec![slot(1, Weekday::Tue, (8, 0), (8, 0))]))
        .then_error(Error::SlotEndsBeforeItBegins(Weekday::Tue));
    given(&[opened()])
        .when(set(vec![eight_to_one(1, Weekday::Wed), slot(2, Weekday::Wed, (12, 59), (14, 0))]))
        .then_error(Error::SlotsOverlap(Weekday::Wed));
    given(&[opened()])
        .when(set(vec![eight_to_one(1, Weekday::Mon), eight_to_one(1, Weekday::Tue)]))
        .then_error(Error::SlotIdTwice);
    given(&[]).when(set(vec![])).then_error(Error::NotOpened);
    given(&[opened(), closed()]).when(set(vec![])).then_error(Error::Closed);
}

#[test]
fn a_course_is_closed_once() {
    let close = |month, day| Command::Close { from: date(month, day) };
    given(&[opened()]).when(close(12, 19)).then(&[closed()]);
    given(&[opened(), closed()]).when(close(12, 19)).then_nothing();
    given(&[opened(), closed()]).when(close(12, 20)).then_error(Error::Closed);
    given(&[]).when(close(12, 19)).then_error(Error::NotOpened);
}

fn nobody(reason: Reason) -> CourseDay {
    CourseDay { times: CourseTimes::Nobody, reason }
}
fn own(stays: &[(u64, u32, u32)]) -> CourseDay {
    let time = |h| NaiveTime::from_hms_opt(h, 0, 0).unwrap();
    let slots = stays.iter().map(|(n, from, to)| DaySlot { slot_id: id(*n), entry: time(*from), exit: time(*to) });
    CourseDay { times: CourseTimes::Own { slots: slots.collect() }, reason: Reason::Assessment }
}
fn except(day: CourseDay) -> Command {
    Command::SetException { date: date(9, 15), day }
}
fn excepted(day: CourseDay) -> Event {
    Event::ScheduleExceptionSet { date: date(9, 15), day }
}

#[test]
fn an_exception_is_set_once_and_replaced_by_another() {
    let free = nobody(Reason::Outing);
    given(&[opened()]).when(except(free.clone())).then(&[excepted(free.clone())]);
    let set = [opened(), excepted(free.clone())];
    given(&set).when(except(free)).then_nothing();
    given(&set).when(except(nobody(Reason::Strike))).then(&[excepted(nobody(Reason::Strike))]);
    given(&set).when(except(own(&[(2, 10, 12), (1, 8, 10)]))).then(&[excepted(own(&[(1, 8, 10), (2, 10, 12)]))]);
    given(&[]).when(except(nobody(Reason::Outing))).then_error(Error::NotOpened);
    given(&[opened(), closed()]).when(except(nobody(Reason::Outing))).then_error(Error::Closed);
}

#[test]
fn an_exception_is_cleared_once() {
    let clear = |day| Command::ClearException { date: date(9, day) };
    let set = [opened(), excepted(nobody(Reason::Outing))];
    let cleared = Event::ScheduleExceptionCleared { date: date(9, 15) };
    given(&set).when(clear(15)).then(std::slice::from_ref(&cleared));
    given(&set).when(clear(16)).then_nothing();
    given(&[&set[..], std::slice::from_ref(&cleared)].concat()).when(clear(15)).then_nothing();
    given(&[]).when(clear(15)).then_error(Error::NotOpened);
    given(&[opened(), closed()]).when(clear(15)).then_error(Error::Closed);
}

#[test]
fn an_exception_that_cannot_be_meant_is_refused() {
    given(&[opened()]).when(except(own(&[]))).then_error(Error::Day(DayError::NoSlots));
    given(&[opened()]).when(except(own(&[(1, 8, 12), (2, 11, 13)]))).then_error(Error::Day(DayError::SlotsOverlap));
    let night = CourseDay {
        times: CourseTimes::Until { exit: NaiveTime::from_hms_opt(1, 0, 0).unwrap() },
        reason: Reason::Other,
    };
    given(&[opened()]).when(except(night)).then_error(Error::Day(DayError::HalfDayTooEarly));
    let on = |y, m, d| Command::SetException {
        date: NaiveDate::from_ymd_opt(y, m, d).unwrap(),
        day: nobody(Reason::Outing),
    };
    given(&[opened()]).when(on(2201, 1, 1)).then_error(Error::Day(DayError::Date(NotASchoolDate)));
    given(&[opened()]).when(on(2028, 1, 1)).then_error(Error::OtherYear);
    given(&[opened()]).when(on(2024, 12, 31)).then_error(Error::OtherYear);
    let next = NaiveDate::from_ymd_opt(2027, 1, 15).unwrap();
    let event = Event::ScheduleExceptionSet { date: next, day: nobody(Reason::Outing) };
    given(&[opened()]).when(on(2027, 1, 15)).then(&[event]);
}

#[test]
fn a_stream_that_misses_its_beginning_still_folds() {
    for event in samples() {
        let state = fold::<Course>(std::slice::from_ref(&event));
        assert_eq!(state == State::NotOpened, !matches!(event, Event::Opened { .. }));
    }
}

#[test]
fn every_event_has_this_json() {
    let samples = samples();
    assert_eq!(samples.len(), 10);
    insta::assert_json_snapshot!(samples[0], @r#"
    {
      "type": "opened",
      "year": 2026,
      "name": "1° Básico A",
      "level": "basica-1",
      "letter": "A"
    }
    "#);
    insta::assert_json_snapshot!(samples[1], @r#"
    {
      "type": "renamed",
      "name": "Primero Básico A"
    }
    "#);
    insta::assert_json_snapshot!(samples[2], @r#"
    {
      "type": "shift_set",
      "shift": "full_day"
    }
    "#);
    insta::assert_json_snapshot!(samples[3], @r#"
    {
      "type": "weekly_schedule_set",
      "effective_from": "2026-03-04",
      "slots": [
        {
          "slot_id": "018f0000-0000-7000-8000-000000000061",
          "weekday": "Mon",
          "entry": "08:00:00",
          "exit": "15:30:00"
        },
        {
          "slot_id": "018f0000-0000-7000-8000-000000000065",
          "weekday": "Fri",
          "entry": "08:00:00",
          "exit": "13:00:00"
        }
      ]
    }
    "#);
    insta::assert_json_snapshot!(samples[4..9], @r#"
    [
      {
        "type": "schedule_exception_set",
        "date": "2026-09-15",
        "times": {
          "expects": "nobody"
        },
        "reason": "outing"
      },
      {
        "type": "schedule_exception_set",
        "date": "2026-09-16",
        "times": {
          "expects": "own",
          "slots": [
            {
              "slot_id": "018f0000-0000-7000-8000-000000000067",
              "entry": "10:00:00",
              "exit": "12:00:00"
            }
          ]
        },
        "reason": "assessment"
      },
      {
        "type": "schedule_exception_set",
        "date": "2026-09-17",
        "times": {
          "expects": "until",
          "exit": "12:00:00"
        },
        "reason": "ceremony"
      },
      {
        "type": "schedule_exception_set",
        "date": "2026-09-26",
        "times": {
          "expects": "weekday",
          "weekday": "Fri"
        },
        "reason": "other"
      },
      {
        "type": "schedule_exception_cleared",
        "date": "2026-09-16"
      }
    ]
    "#);
    insta::assert_json_snapshot!(samples[9], @r#"
    {
      "type": "closed",
      "from": "2026-12-19"
    }
    "#);
}
