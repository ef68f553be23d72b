use super::*;
use crate::aggregate::spec;
use crate::sample_values::{at, date, id};
use Reason::{Drill, Evacuation};

fn given(history: &[Event]) -> spec::Given<RollCall> {
    spec::given(history)
}
fn start(reason: Reason) -> Command {
    Command::Start { reason, at: at(14, 30, 0) }
}
fn started(reason: Reason) -> Event {
    Event::Started { reason, at: at(14, 30, 0) }
}
/// Says so at a minute past the beginning, heard twenty minutes past it.
fn say(student: u64, safe: bool, minute: u32) -> Command {
    let mark = Mark { student_id: id(student), safe, at: at(14, 30, 0) + chrono::TimeDelta::minutes(minute.into()) };
    Command::Mark { marks: vec![mark], now: at(14, 50, 0) }
}
fn safe(student: u64, minute: u32) -> Event {
    Event::MarkedSafe { student_id: id(student), at: at(14, 30 + minute, 0) }
}
fn withdrawn(student: u64, minute: u32) -> Event {
    Event::MarkWithdrawn { student_id: id(student), at: at(14, 30 + minute, 0) }
}

#[test]
fn a_roll_call_says_in_its_stream_which_it_is() {
    let key = Key { date: date(), id: id(0x71) };
    assert_eq!(Key::of_stream(&key.stream(id(1))), Some(key));
    assert_eq!(key.stream(id(1)).own_id(), Some(key.id.0));
    assert_eq!(Key::of_stream(&StreamId::of(id(1), id::<StudentId>(2))), None);
}

#[test]
fn whoever_starts_one_that_goes_on_joins_it_and_one_that_is_over_does_not_begin_again() {
    given(&[]).when(start(Drill)).then(&[started(Drill)]);
    given(&[started(Drill)]).when(start(Drill)).then_nothing();
    given(&[started(Evacuation)]).when(start(Drill)).then_nothing();
    given(&[started(Drill), Event::Ended]).when(start(Drill)).then_error(Error::Ended);
}

#[test]
fn a_drill_during_which_somebody_starts_an_evacuation_is_one() {
    given(&[started(Drill)]).when(start(Evacuation)).then(&[Event::TurnedIntoEvacuation]);
    given(&[started(Drill), Event::TurnedIntoEvacuation]).when(start(Evacuation)).then_nothing();
}

#[test]
fn a_pupil_is_marked_once_however_often_it_is_said() {
    given(&[started(Drill)]).when(say(0x31, true, 2)).then(&[safe(0x31, 2)]);
    given(&[started(Drill), safe(0x31, 2)]).when(say(0x31, true, 2)).then_nothing();
    given(&[started(Drill), safe(0x31, 2)]).when(say(0x31, true, 9)).then_nothing();
    given(&[started(Drill), safe(0x31, 2)]).when(say(0x32, true, 2)).then(&[safe(0x32, 2)]);
    // In one command, too.
    let mark = |student: u64, safe, minute: u32| Mark { student_id: id(student), safe, at: at(14, 30 + minute, 0) };
    let marks = vec![mark(0x31, true, 2), mark(0x32, true, 3), mark(0x31, true, 4), mark(0x32, false, 5)];
    let all = Command::Mark { marks, now: at(14, 50, 0) };
    given(&[started(Drill)]).when(all).then(&[safe(0x31, 2), safe(0x32, 3), withdrawn(0x32, 5)]);
}

#[test]
fn of_what_contradicts_the_one_that_was_said_later_counts_whenever_it_arrives() {
    let marked = [started(Drill), safe(0x31, 5)];
    given(&marked).when(say(0x31, false, 6)).then(&[withdrawn(0x31, 6)]);
    given(&marked).when(say(0x31, false, 4)).then_nothing();
    let back = [started(Drill), safe(0x31, 5), withdrawn(0x31, 6)];
    given(&back).when(say(0x31, true, 5)).then_nothing();
    given(&back).when(say(0x31, true, 7)).then(&[safe(0x31, 7)]);
    // Of the same instant, the one that arrives later.
    given(&marked).when(say(0x31, false, 5)).then(&[withdrawn(0x31, 5)]);
    // Nobody said so.
    given(&[started(Drill)]).when(say(0x31, false, 6)).then_nothing();
}

#[test]
fn marks_are_taken_after_the_end_and_refused_before_the_beginning() {
    given(&[started(Drill), Event::Ended]).when(say(0x31, true, 2)).then(&[safe(0x31, 2)]);
    given(&[started(Drill), safe(0x31, 2), Event::Ended]).when(say(0x31, true, 2)).then_nothing();
    given(&[]).when(say(0x31, true, 2)).then_error(Error::NotStarted);
}

#[test]
fn a_clock_that_is_wrong_is_no_reason_to_refuse_a_mark() {
    given(&[started(Drill)]).when(say(0x31, true, 600)).then(&[safe(0x31, 20)]);
    let early = Mark { student_id: id(0x31), safe: true, at: at(1, 0, 0) };
    let early = Command::Mark { marks: vec![early], now: at(14, 50, 0) };
    given(&[started(Drill)]).when(early).then(&[safe(0x31, 0)]);
}

#[test]
fn a_roll_call_ends_once() {
    given(&[started(Drill)]).when(Command::End).then(&[Event::Ended]);
    given(&[started(Drill), Event::Ended]).when(Command::End).then_nothing();
    given(&[]).when(Command::End).then_error(Error::NotStarted);
}
