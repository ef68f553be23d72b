//! One course's day, pupil by pupil, who is missing first; each with the reasons of the status.

use super::by_hand::Hand;
use super::icon::icon;
use super::respond::Nonce;
use super::shell::{self, Page, Place};
use super::view::{ByHand, CourseDay, PersonName, Pupil, Status, Who};
use super::{alerts, bar, board, cases, courses, fresh, reasons, status};
use crate::i18n::{Lang, key, times};
use chrono_tz::Tz;
use domain::attendance_day::{Direction, LeaveReason, ManualReason};
use domain::day_status::Step;
use maud::{Markup, html};

/// In the order in which somebody must act.
const GROUPS: [Status; 10] = [
    Status::Missing,
    Status::Absent,
    Status::Unknown,
    Status::Late,
    Status::Pending,
    Status::Justified,
    Status::EarlyLeave,
    Status::Left,
    Status::Inside,
    Status::NotExpected,
];

/// The whole page. The list fetches itself again every ten seconds.
pub(super) fn page(day: &CourseDay, who: &Who, hand: &Hand, lang: Lang, nonce: &Nonce) -> Markup {
    let here = format!("/hoy/cursos/{}", day.course.id);
    let main = html! {
        main class="course-page" {
            a class="back" href="/hoy" { (icon("back")) (lang.t("back-to-today")) }
            header class="page-head" {
                h1 { (day.course.name) }
                p class="date" { (times::long_date(day.date, lang)) }
                a class="back" href={ "/hoy/presentes?curso=" (day.course.id) } {
                    (lang.t("presence-link"))
                }
                a class="back" href={ "/cursos/" (day.course.id) "/horario" } { (lang.t("schedule-open")) }
            }
            (hand.notice(day, lang))
            div class="banners" aria-live="polite" { (board::offline(lang)) }
            // Outside of what fetches itself again: a reason chosen, a time typed, stay.
            (hand.form(day, lang))
            div id="course" hx-get={ (here) "?lang=" (lang.code()) } hx-trigger="every 10s"
                hx-select="#course" hx-swap="outerMorph" hx-sync="this:drop" hx-nonce=(nonce) {
                (day_of(day, hand, lang))
            }
        }
    };
    shell::page(
        &Page {
            lang,
            nonce,
            title: day.course.name.clone(),
            place: Place::Nowhere,
            here: format!("{here}?colegio={}", day.school.id),
            school: Some(&day.school.name),
            who: Some(who),
            ages: true,
        },
        &main,
    )
}

fn day_of(day: &CourseDay, hand: &Hand, lang: Lang) -> Markup {
    let counts = &day.course.counts;
    let mut pupils: Vec<&Pupil> = day.pupils.iter().collect();
    pupils.sort_by(|a, b| a.name.cmp(&b.name));
    let time = times::clock_seconds(day.freshness.as_of, day.school.zone);
    let shared = shared(&day.pupils);
    html! {
        div class="banners" aria-live="polite" {
            (alerts::alerts(&day.freshness, &day.gates, day.school.zone, alerts::Words::All, lang))
        }
        section class="answer" aria-label=(lang.t("answer-label")) {
            p class="headline" {
                strong class="figure" { (lang.number(counts.inside)) } " "
                span class="of" { (lang.f("answer-of", &[("expected", counts.expected.into())])) }
            }
            (bar::large(counts, "course-bar", lang))
            p class="course-told" { (courses::told(counts, lang)) }
            (fresh::words(&day.freshness, lang))
            p class="hint" { (lang.f("course-as-of", &[("time", (&time).into())])) }
        }
        @if pupils.is_empty() { p class="hint" { (lang.t("course-empty")) } }
        @if !shared.is_empty() {
            section class="shared" {
                h2 { (lang.t("course-shared")) }
                ul { @for step in shared { li { (words(step, day.school.zone, lang)) } } }
            }
        }
        @for group in GROUPS {
            @let members: Vec<&&Pupil> = pupils.iter().filter(|pupil| pupil.status == group).collect();
            @if !members.is_empty() {
                section class="card group" aria-labelledby={ "group-" (group.class()) } {
                    h2 id={ "group-" (group.class()) } {
                        @let count = u32::try_from(members.len()).unwrap_or(u32::MAX);
                        (status::title(group, count, lang))
                        small { (lang.number(count)) }
                    }
                    ul class="pupils" {
                        @for pupil in members {
                            li { (row(pupil, shared, day, hand, lang)) (hand.beside(pupil, lang)) }
                        }
                    }
                }
            }
        }
    }
}

/// What is expected of most of these pupils: told once, and not at each of them.
fn shared(pupils: &[Pupil]) -> &[Step] {
    let of = |pupil: &Pupil| pupil.derivation.iter().take_while(|step| is_expectation(step)).count();
    let all = pupils.iter().map(|pupil| pupil.derivation.get(..of(pupil)).unwrap_or_default());
    let as_many = |steps: &&[Step]| pupils.iter().filter(|pupil| pupil.derivation.starts_with(steps)).count();
    all.filter(|steps| !steps.is_empty() && as_many(steps) > 1)
        .max_by_key(|steps| (as_many(steps), steps.len()))
        .unwrap_or_default()
}

fn is_expectation(step: &Step) -> bool {
    matches!(step, Step::Expected { .. } | Step::Slot { .. })
}

fn row(pupil: &Pupil, shared: &[Step], day: &CourseDay, hand: &Hand, lang: Lang) -> Markup {
    let zone = day.school.zone;
    html! {
        // Of the id the part that chance made, which tells two apart: there are many of these on a page.
        details id={ "p-" (pupil.id.simple().to_string().split_off(20)) } {
            summary {
                b { (list_name(&pupil.name, lang)) }
                " " span { (fact(pupil, zone, lang)) }
                " " span { (lang.t("why")) }
            }
            ol {
                @for step in pupil.derivation.strip_prefix(shared).unwrap_or(&pupil.derivation) { li { (words(step, zone, lang)) } }
                @for entry in &pupil.by_hand {
                    li { (by_hand(entry, zone, lang)) (hand.undo(entry, pupil, day, lang)) }
                }
            }
            // Without the school, which the cookie of this page names: there are many of these.
            a href={ "/alumnos/" (pupil.id) } { (lang.t("pupil-open")) }
            (hand.within(pupil, lang))
        }
    }
}

/// `Pérez Soto, María José`
fn list_name(name: &PersonName, lang: Lang) -> Markup {
    html! {
        @match name {
            PersonName::Known { family, given } => { (family) ", " (given) }
            PersonName::Erased => em { (lang.t("erased")) }
            PersonName::Unknown => em { (lang.t("name-unknown")) }
        }
    }
}

/// The one fact that the status rests on.
pub(super) fn fact(pupil: &Pupil, zone: Tz, lang: Lang) -> Markup {
    let at = |at| times::clock(at, zone);
    let by_hand = pupil.derivation.iter().any(|step| matches!(step, Step::RecordedByHand { .. }));
    html! {
        @match (pupil.status, pupil.first_entry, pupil.left_at) {
            (Status::Left | Status::EarlyLeave, _, Some(left)) => (lang.f("fact-left", &[("time", (&at(left)).into())])),
            (Status::Late, Some(entry), _) => {
                (lang.f("fact-late", &[("time", (&at(entry)).into()), ("minutes", pupil.late_minutes.unwrap_or(0).into())]))
            }
            (_, Some(entry), _) => (lang.f("fact-entered", &[("time", (&at(entry)).into())])),
            (Status::NotExpected, None, _) => {}
            (_, None, _) => (lang.t("fact-no-entry")),
        }
        @if by_hand { " · " em { (lang.t("by-hand")) } }
    }
}

/// `Ingreso de las 08:05, a mano.`
pub(super) fn by_hand_time(entry: &ByHand, zone: Tz, lang: Lang) -> String {
    let time = times::clock(entry.at, zone);
    match entry.direction {
        Direction::Entry => lang.f("by-hand-entry", &[("time", (&time).into())]),
        Direction::Exit => lang.f("by-hand-exit", &[("time", (&time).into())]),
    }
}

/// Who recorded what by hand, when and why.
fn by_hand(entry: &ByHand, zone: Tz, lang: Lang) -> Markup {
    let said = by_hand_time(entry, zone, lang);
    let who = entry.by.clone().unwrap_or_else(|| lang.t("by-hand-somebody"));
    let when = times::clock(entry.recorded_at, zone);
    let reason = reason_words(entry.reason, lang);
    let recorded = [("who", (&who).into()), ("time", (&when).into()), ("reason", (&reason).into())];
    html! {
        (said) " " (lang.f("by-hand-recorded", &recorded))
        @if let Some(note) = &entry.note { " " q { (note) } }
    }
}

/// `olvidó la tarjeta`
pub(super) fn reason_words(reason: ManualReason, lang: Lang) -> String {
    lang.t(match reason {
        ManualReason::ForgotCard => key("by-hand-forgot-card"),
        ManualReason::LostCard => key("by-hand-lost-card"),
        ManualReason::CardNotRead => key("by-hand-card-not-read"),
        ManualReason::GateFailed => key("by-hand-gate-failed"),
        ManualReason::OtherDoor => key("by-hand-other-door"),
        ManualReason::Other => key("by-hand-other"),
        ManualReason::EarlyLeave => key("by-hand-early-leave"),
        ManualReason::Correction => key("by-hand-correction"),
    })
}

/// `se siente mal`
pub(super) fn leave_words(reason: LeaveReason, lang: Lang) -> String {
    lang.t(match reason {
        LeaveReason::Unwell => key("leave-unwell"),
        LeaveReason::Appointment => key("leave-appointment"),
        LeaveReason::Family => key("leave-family"),
        LeaveReason::Other => key("leave-other"),
    })
}

pub(super) fn words(step: &Step, zone: Tz, lang: Lang) -> String {
    let at = |at| times::clock(at, zone);
    match *step {
        Step::Expected { why } => reasons::why(why, lang),
        Step::Slot { entry, exit, late_from, missing_from, .. } => lang.f(
            "why-slot",
            &[
                ("entry", (&at(entry)).into()),
                ("exit", (&at(exit)).into()),
                ("late", (&at(late_from)).into()),
                ("missing", (&at(missing_from)).into()),
            ],
        ),
        Step::EntryRecorded { at: time } => lang.f("why-entered", &[("time", (&at(time)).into())]),
        Step::EntryTimeNotTrusted { at: time } => lang.f("why-entered-doubtful", &[("time", (&at(time)).into())]),
        Step::EarlierEntryTimeNotTrusted { at: time } => {
            lang.f("why-entered-before-doubtful", &[("time", (&at(time)).into())])
        }
        Step::RecordedByHand { reason } => lang.f("why-by-hand", &[("reason", (&reason_words(reason, lang)).into())]),
        Step::NoEntryRecorded => lang.t("why-no-entry"),
        Step::InTime => lang.t("why-in-time"),
        Step::LateBy { minutes } => lang.f("why-late", &[("minutes", minutes.into())]),
        Step::NotDueYet => lang.t("why-not-due"),
        Step::LimitPassed => lang.t("why-limit-passed"),
        Step::GatesAwaited => lang.t("why-gates-awaited"),
        Step::GateSilent => lang.t("why-gate-silent"),
        Step::DayClosed { at: time } => lang.f("why-day-closed", &[("time", (&at(time)).into())]),
        Step::WentOut { at: time } => lang.f("why-went-out", &[("time", (&at(time)).into())]),
        Step::ExitWithoutEntry { at: time } => lang.f("why-exit-without-entry", &[("time", (&at(time)).into())]),
        Step::Justified { reason } => {
            lang.f("why-justified", &[("reason", (&cases::reason_words(reason, lang)).into())])
        }
        Step::LeftEarly { authorised_at, reason } => lang.f(
            "why-left-early",
            &[("time", (&at(authorised_at)).into()), ("reason", (&leave_words(reason, lang)).into())],
        ),
        Step::ScannedThoughNotExpected => lang.t("why-scanned-anyway"),
    }
}
