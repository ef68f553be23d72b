//! The hard mornings that anybody can play (`attendance demo --headless --scenario NAME --json`), each with what must
//! come of it. The seeded school has 1,200 pupils in thirty courses.

use local_services::testing::scratch;
use web::demo::scenario::notices::{Told, Trial};
use web::demo::scenario::{Outcome, Scenario, play, play_notices};

/// A morning on which all came in time and nothing was to be told.
fn quiet(scenario: Scenario) -> Outcome {
    Outcome {
        scenario: scenario.name(),
        expected: 1_200,
        present: 1_200,
        late: 0,
        missing: 0,
        unknown: 0,
        most_unknown: 0,
        cases_opened: 0,
        cases_held: 0,
        cases_retracted: 0,
        cases_resolved: 0,
        parents_to_notify: 0,
        inspector_told: false,
    }
}

async fn outcome(scenario: Scenario) -> Outcome {
    let folder = scratch(scenario.name());
    let outcome = play(&folder, scenario).await;
    let _ = std::fs::remove_dir_all(&folder);
    outcome.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_gate_is_silent_no_parent_is_alarmed_and_its_scans_take_every_case_back() {
    let scenario = Scenario::SilentGate;
    let four_hundred = Outcome {
        most_unknown: 400,
        cases_opened: 400,
        cases_held: 400,
        cases_retracted: 400,
        inspector_told: true,
        ..quiet(scenario)
    };
    assert_eq!(outcome(scenario).await, four_hundred);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bus_of_forty_that_is_late_alarms_no_parent() {
    let scenario = Scenario::BusOf40;
    let forty = Outcome {
        present: 1_160,
        late: 40,
        cases_opened: 40,
        cases_held: 40,
        cases_resolved: 40,
        inspector_told: true,
        ..quiet(scenario)
    };
    assert_eq!(outcome(scenario).await, forty);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_holiday_only_the_course_with_classes_of_its_own_is_expected() {
    let scenario = Scenario::HolidayException;
    assert_eq!(outcome(scenario).await, Outcome { expected: 40, present: 40, ..quiet(scenario) });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_starts_at_two_in_the_afternoon_alarms_no_parent() {
    let scenario = Scenario::ServerStartedAt14;
    let twelve = Outcome {
        present: 1_188,
        missing: 12,
        cases_opened: 12,
        cases_held: 12,
        inspector_told: true,
        ..quiet(scenario)
    };
    assert_eq!(outcome(scenario).await, twelve);
}

#[tokio::test(flavor = "multi_thread")]
async fn scans_that_arrive_in_reverse_order_from_two_gates_make_nobody_late() {
    let scenario = Scenario::ReversedSync;
    assert_eq!(outcome(scenario).await, Outcome { inspector_told: true, ..quiet(scenario) });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_tap_tells_nobody() {
    let scenario = Scenario::DoubleTap;
    assert_eq!(outcome(scenario).await, quiet(scenario));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_that_is_edited_after_the_alert_takes_it_back() {
    let scenario = Scenario::ScheduleEditedAfterAlert;
    let three =
        Outcome { cases_opened: 3, cases_retracted: 3, parents_to_notify: 3, inspector_told: true, ..quiet(scenario) };
    assert_eq!(outcome(scenario).await, three);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_monday_after_the_clocks_change_nobody_is_late_by_an_hour() {
    let scenario = Scenario::DstMonday;
    let five = Outcome {
        present: 1_195,
        missing: 5,
        cases_opened: 5,
        parents_to_notify: 5,
        inspector_told: true,
        ..quiet(scenario)
    };
    assert_eq!(outcome(scenario).await, five);
}

async fn told(trial: Trial) -> Told {
    let folder = scratch(trial.name());
    let told = play_notices(&folder, trial).await;
    let _ = std::fs::remove_dir_all(&folder);
    let told = told.unwrap();
    assert!(told.messages_due >= 12 && (told.doubled, told.lost) == (0, 0), "{told:?}");
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_baja_while_the_alarm_waits_gets_it_by_mail_and_never_on_the_telephone() {
    let told = told(Trial::OptOut).await;
    assert_eq!((told.delivered_once, told.suppressed), (told.messages_due, 0), "{told:?}");
    assert!(told.fell_back > 0 && told.by_telephone > 0, "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_barred_from_a_pupil_while_the_alarm_waits_sees_it_nowhere() {
    let told = told(Trial::RestrictedWhileQueued).await;
    assert_eq!(told.delivered_once + told.suppressed, told.messages_due, "{told:?}");
    assert!(told.suppressed > 0 && told.by_telephone > 0, "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_whatsapp_is_away_families_are_told_by_mail_and_none_twice_when_it_is_back() {
    let told = told(Trial::WhatsappDown).await;
    assert_eq!((told.delivered_once, told.suppressed), (told.messages_due, 0), "{told:?}");
    assert!(told.fell_back > 0, "{told:?}");
}
