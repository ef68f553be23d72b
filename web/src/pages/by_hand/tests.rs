//! Recording by hand over HTTP: the page's button, its undo, and the API.

use crate::pages::tests::shown;
use crate::testing::{TestApp, TestPerson, TestSchool, minutes, refusal, with_form};
use chrono::TimeDelta;
use domain::account::StaffRole;
use domain::student::GuardianRights;
use reqwest::Client;
use serde_json::{Value, json};
use uuid::Uuid;

/// A school with two pupils and an inspector, at half past seven.
struct Site {
    app: TestApp,
    school: TestSchool,
    inspector: Client,
}

impl Site {
    async fn new() -> Self {
        let app = TestApp::start().await.unwrap();
        let school = app.school(2).await.unwrap();
        let inspector = app.sign_in(&school, StaffRole::Inspector).await.unwrap();
        Self { app, school, inspector }
    }

    fn pupil(&self, n: usize) -> String {
        self.school.pupils[n].0.to_string()
    }

    async fn page(&self, client: &Client, path: &str) -> String {
        let (status, _, text) = shown::get(&self.app, client, path).await;
        assert_eq!(status, 200, "{path}");
        text
    }

    async fn course(&self, client: &Client) -> String {
        self.page(client, &format!("/hoy/cursos/{}", self.school.course)).await
    }

    /// Sends a form; where it leads.
    async fn post(&self, client: &Client, path: &str, form: &[(&str, &str)]) -> String {
        let course = self.school.course.to_string();
        let form = [&[("curso", course.as_str())], form].concat();
        let (status, to, _) = shown::post(&self.app, client, path, &form).await;
        let to = to.unwrap();
        assert!(status == 303 && to.starts_with("/hoy/cursos/"), "{path}: {status} {to}");
        to
    }

    async fn tap(&self, client: &Client, sheet: &str, pupil: &str, time: &str) -> String {
        let form = [("entra", pupil), ("hoja", sheet), ("motivo", "forgot_card"), ("hora", time)];
        self.post(client, "/hoy/a-mano", &form).await
    }

    /// What is on record by hand: name, who, minutes from half past seven.
    async fn log(&self) -> Vec<(String, String, i64)> {
        sqlx::query_as(
            "select event_type, actor, (extract(epoch from occurred_at) - 1773052200)::bigint / 60 from events
             where aggregate_type = 'attendance_day' order by position",
        )
        .fetch_all(&self.app.running().pools().log_reader)
        .await
        .unwrap()
    }

    async fn api(&self, client: &Client, pupil: &str, key: u128, body: &Value) -> reqwest::Response {
        let url = format!("{}/api/v1/students/{pupil}/entries", self.app.base);
        let request = client.post(url).header("idempotency-key", Uuid::from_u128(key).to_string());
        request.json(body).send().await.unwrap()
    }
}

/// The value of the page's hidden field.
fn sheet(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"hoja\" value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

fn entry_of(location: &str) -> String {
    location.split_once("anotado=").unwrap().1.to_owned()
}

#[tokio::test]
async fn one_tap_records_now_once_and_the_next_page_says_so_and_offers_to_take_it_back() {
    let site = Site::new().await;
    let page = site.course(&site.inspector).await;
    assert_eq!(page.matches("form=\"a-mano\" name=\"entra\"").count(), 2, "{page}");
    let (sheet, pupil) = (sheet(&page), site.pupil(0));
    site.app.clock.advance(minutes(3));
    let to = site.tap(&site.inspector, &sheet, &pupil, "").await;
    assert_eq!(site.tap(&site.inspector, &sheet, &pupil, "").await, to, "pressed twice");
    let log = site.log().await;
    assert_eq!((log.len(), log[0].0.as_str(), log[0].2), (1, "manual_entry_recorded", 3));
    assert!(log[0].1.starts_with("user:"));

    let page = site.page(&site.inspector, &to).await;
    for says in [
        "Quedó anotado a mano el ingreso de las 07:33:",
        "Deshacer",
        "No fue con la tarjeta: lo anotó una persona a mano (se le quedó la tarjeta).",
        "Lo anotó Marta Rojas a las 07:33: se le quedó la tarjeta.",
    ] {
        assert!(page.contains(says), "{says}: {page}");
    }
    assert_eq!(page.matches("form=\"a-mano\" name=\"entra\"").count(), 1, "the other pupil's");
    let board = site.app.json(&format!("/api/v1/live?school={}", site.school.id)).await.unwrap();
    assert_eq!((&board["totals"]["present"], &board["totals"]["pending"]), (&json!(1), &json!(1)));
    assert_eq!(board["last_scans"][0]["by_hand"], "forgot_card");
    assert!(board["last_scans"][0].get("kiosk_id").is_none());
    assert!(site.page(&site.inspector, "/hoy").await.contains("<em>a mano</em>"));
    site.app.shutdown().await;
}

#[tokio::test]
async fn its_author_takes_it_back_for_a_quarter_of_an_hour_and_the_director_after() {
    let site = Site::new().await;
    let director = site.app.sign_in(&site.school, StaffRole::Director).await.unwrap();
    let colleague = site.app.person(site.school.id, StaffRole::Inspector).await.unwrap();
    let colleague = site.app.browser(&colleague).unwrap();
    let (sheet, pupil) = (sheet(&site.course(&site.inspector).await), site.pupil(0));
    let entry = entry_of(&site.tap(&site.inspector, &sheet, &pupil, "07:20").await);
    let form = [("alumno", pupil.as_str()), ("anotacion", entry.as_str()), ("fecha", "2026-03-09")];
    let other = site.course(&colleague).await;
    assert!(other.contains("Ingreso de las 07:20, a mano.") && !other.contains("Deshacer"), "{other}");
    assert!(site.course(&director).await.contains("Deshacer"));
    let to = site.post(&colleague, "/hoy/a-mano/deshacer", &form).await;
    assert!(to.ends_with("&aviso=de-otra-persona"), "{to}");
    assert!(site.page(&colleague, &to).await.contains("No se deshizo nada: la anotó otra persona."));

    let to = site.post(&site.inspector, "/hoy/a-mano/deshacer", &form).await;
    assert!(to.ends_with("&aviso=deshecho"), "{to}");
    let page = site.page(&site.inspector, &to).await;
    assert!(page.contains("Se deshizo: esa anotación ya no cuenta.") && !page.contains("a mano."), "{page}");
    assert_eq!(page.matches("form=\"a-mano\" name=\"entra\"").count(), 2, "without an entry again");
    // The page of before, sent again, is not a new entry.
    let to = site.tap(&site.inspector, &sheet, &pupil, "07:20").await;
    assert!(to.ends_with("&aviso=deshecha"), "{to}");

    let entry = entry_of(&site.tap(&site.inspector, &Uuid::from_u128(9).to_string(), &pupil, "07:20").await);
    site.app.clock.advance(minutes(15) + TimeDelta::seconds(1));
    assert!(!site.course(&site.inspector).await.contains("Deshacer"));
    let form = [("alumno", pupil.as_str()), ("anotacion", entry.as_str()), ("fecha", "2026-03-09")];
    let to = site.post(&site.inspector, "/hoy/a-mano/deshacer", &form).await;
    assert!(to.ends_with("&aviso=tarde"), "{to}");
    let to = site.post(&director, "/hoy/a-mano/deshacer", &form).await;
    assert!(to.ends_with("&aviso=deshecho"), "{to}");
    // The facts are as if it had never been, and the log holds every step.
    let board = site.app.json(&format!("/api/v1/live?school={}", site.school.id)).await.unwrap();
    assert_eq!((&board["totals"]["pending"], &board["last_scans"]), (&json!(2), &json!([])));
    let names: Vec<String> = site.log().await.into_iter().map(|(name, ..)| name).collect();
    let (recorded, withdrawn) = ("manual_entry_recorded", "manual_entry_withdrawn");
    assert_eq!(names, [recorded, withdrawn, recorded, withdrawn]);
    site.app.shutdown().await;
}

#[tokio::test]
async fn what_cannot_be_recorded_is_said_in_words_and_nothing_is() {
    let site = Site::new().await;
    let stranger = Uuid::from_u128(0xbad).to_string();
    for (pupil, time, note, word) in [
        (site.pupil(0), "07:33", "", "futuro"),
        (site.pupil(0), "25:00", "", "hora"),
        (site.pupil(0), "03:15", "", "madrugada"),
        (site.pupil(0), "", &"a".repeat(201) as &str, "nota"),
        (stranger, "", "", "matricula"),
    ] {
        let sheet = Uuid::from_u128(5).to_string();
        let form = [("entra", pupil.as_str()), ("hoja", &sheet), ("motivo", "other"), ("hora", time), ("nota", note)];
        let to = site.post(&site.inspector, "/hoy/a-mano", &form).await;
        assert!(to.ends_with(&format!("&aviso={word}")), "{to}");
        let page = site.page(&site.inspector, &to).await;
        assert!(page.contains("role=\"alert\"") && page.contains("No se anotó nada"), "{word}: {page}");
    }
    for form in [vec![], vec![("alumno", "x"), ("hoja", "x"), ("motivo", "\"><script>")]] {
        let url = format!("{}/hoy/a-mano", site.app.base);
        let answer = with_form(site.inspector.post(url), form).send().await.unwrap();
        assert_eq!(answer.status(), 422);
    }
    assert_eq!(site.log().await, []);
    site.app.shutdown().await;
}

#[tokio::test]
async fn the_card_that_turns_up_is_the_same_coming_and_the_earlier_time_counts() {
    let site = Site::new().await;
    // 08:06, which would be late; the inspector saw the pupil at 08:01.
    site.app.clock.advance(minutes(36));
    let card = &site.school.pupils[0].1;
    let items = site.app.scan(&site.school, &[site.school.scan(1, card, site.app.now())]).await.unwrap();
    assert_eq!(items[0]["verdict"], "accepted");
    site.app.settle().await.unwrap();
    let late = site.app.json(&format!("/api/v1/live?school={}", site.school.id)).await.unwrap();
    assert_eq!(late["totals"]["late"], 1);
    // The session of half past seven is over.
    let inspector = site.app.sign_in(&site.school, StaffRole::Inspector).await.unwrap();
    site.tap(&inspector, &Uuid::from_u128(5).to_string(), &site.pupil(0), "08:01").await;
    let day = format!("/api/v1/courses/{}/day?school={}", site.school.course, site.school.id);
    let day = site.app.json(&day).await.unwrap();
    let line = day["items"].as_array().unwrap().iter().find(|p| p["student_id"] == site.pupil(0)).unwrap().clone();
    assert_eq!(line["status"]["status"], "present", "{line}");
    assert!(
        line["derivation"].as_array().unwrap().contains(&json!({"step": "recorded_by_hand", "reason": "forgot_card"}))
    );
    assert_eq!(line["scans"], 1);
    // One coming, told once.
    let board = site.app.json(&format!("/api/v1/live?school={}", site.school.id)).await.unwrap();
    assert_eq!(board["last_scans"].as_array().unwrap().len(), 1, "{board}");
    site.app.shutdown().await;
}

#[tokio::test]
async fn a_family_sees_that_it_was_by_hand_and_not_by_whom_nor_the_note() {
    let site = Site::new().await;
    let rights = GuardianRights { may_view: true, ..GuardianRights::default() };
    site.app.guardian(&site.school, "ana@example.com", &[(site.school.pupils[0].0, rights)]).await.unwrap();
    let cookie = site.app.family("ana@example.com").await.unwrap();
    let person = TestPerson { account_id: site.app.owner().account_id, cookie };
    let family = site.app.browser(&person).unwrap();
    let body = json!({"reason": "lost_card", "note": "Llegó con su tía Berta"});
    let answer = site.api(&site.inspector, &site.pupil(0), 1, &body).await;
    assert_eq!(answer.status(), 200);
    site.app.settle().await.unwrap();
    let page = site.page(&family, &format!("/familia/alumnos/{}", site.pupil(0))).await;
    for says in ["<em>a mano</em>", "lo anotó una persona a mano (perdió la tarjeta)."] {
        assert!(page.contains(says), "{says}: {page}");
    }
    // The family's page names whoever looked, and nobody has.
    assert!(!page.contains("Berta") && !page.contains("Marta"), "{page}");
    let staff = site.course(&site.inspector).await;
    assert!(staff.contains("<q>Llegó con su tía Berta</q>"), "{staff}");
    site.app.shutdown().await;
}

#[tokio::test]
async fn the_api_records_once_for_a_key_and_refuses_by_codes() {
    let site = Site::new().await;
    let (pupil, now) = (site.pupil(0), site.app.now());
    let body = json!({"reason": "gate_failed", "direction": "entry", "occurred_at": now - minutes(10)});
    let first: Value = site.api(&site.inspector, &pupil, 7, &body).await.json().await.unwrap();
    let again: Value = site.api(&site.inspector, &pupil, 7, &body).await.json().await.unwrap();
    assert_eq!((&first, first["student_id"].as_str()), (&again, Some(pupil.as_str())));
    assert!(first["position"].is_i64() && first["entry_id"].is_string());
    assert_eq!(site.log().await.len(), 1);
    for (key, pupil, body, expected) in [
        (7, pupil.clone(), json!({"reason": "other"}), (422, "idempotency_key_reused")),
        (8, pupil.clone(), json!({"reason": "other", "occurred_at": now + minutes(3)}), (422, "time_in_future")),
        (9, pupil.clone(), json!({"reason": "other", "date": "2026-03-06"}), (422, "time_of_another_day")),
        (10, pupil.clone(), json!({"reason": "other", "occurred_at": "2026-03-01T12:00:00Z"}), (422, "not_enrolled")),
        (
            14,
            pupil.clone(),
            json!({"reason": "other", "occurred_at": "2026-03-09T07:59:59Z"}),
            (422, "time_before_day"),
        ),
        (11, pupil.clone(), json!({"reason": "slept"}), (422, "invalid_body")),
        (12, pupil.clone(), json!({"reason": "other", "note": "a".repeat(201)}), (422, "invalid_body")),
        (13, Uuid::from_u128(0xbad).to_string(), json!({"reason": "other"}), (404, "not_found")),
    ] {
        let refused = refusal(site.api(&site.inspector, &pupil, key, &body).await).await.unwrap();
        assert_eq!(refused, (expected.0, expected.1.to_owned()), "{body}");
    }
    // What the log says of it, by whom and why.
    site.app.settle().await.unwrap();
    let path = format!("/api/v1/audit?school={}&event=manual_entry_recorded", site.school.id);
    let items = site.app.json(&path).await.unwrap()["items"].clone();
    assert_eq!(items.as_array().unwrap().len(), 1);
    assert_eq!((&items[0]["reason"], &items[0]["persons"]), (&json!("gate_failed"), &json!([pupil])));
    assert!(items[0]["actor"].as_str().unwrap().starts_with("user:") && items[0]["kiosk_id"].is_null());
    site.app.shutdown().await;
}

#[tokio::test]
async fn who_is_in_goes_out_by_hand_and_comes_again_each_once_for_a_page() {
    let site = Site::new().await;
    let (sheet, pupil) = (sheet(&site.course(&site.inspector).await), site.pupil(0));
    site.tap(&site.inspector, &sheet, &pupil, "07:20").await;
    let page = site.course(&site.inspector).await;
    assert_eq!(page.matches("name=\"sale\"").count(), 1, "of whoever is in: {page}");
    let form = [("sale", pupil.as_str()), ("hoja", &sheet), ("motivo", "gate_failed")];
    let to = site.post(&site.inspector, "/hoy/a-mano", &form).await;
    assert_eq!(site.post(&site.inspector, "/hoy/a-mano", &form).await, to, "pressed twice");
    let page = site.page(&site.inspector, &to).await;
    for says in ["Quedó anotada a mano la salida de las 07:30:", "Salida de las 07:30, a mano.", "salió a las 07:30"]
    {
        assert!(page.contains(says), "{says}: {page}");
    }
    assert_eq!((page.matches("name=\"sale\"").count(), page.matches("name=\"entra\"").count()), (0, 2), "{page}");
    let names: Vec<String> = site.log().await.into_iter().map(|(name, ..)| name).collect();
    assert_eq!(names, ["manual_entry_recorded"; 2]);
    site.app.shutdown().await;
}

#[tokio::test]
async fn the_api_takes_back_what_is_ones_own_and_refuses_the_rest_by_codes() {
    let site = Site::new().await;
    let colleague = site.app.person(site.school.id, StaffRole::Inspector).await.unwrap();
    let (colleague, pupil) = (site.app.browser(&colleague).unwrap(), site.pupil(0));
    let entry = async |key: u128| -> String {
        let answer = site.api(&site.inspector, &pupil, key, &json!({"reason": "other"})).await;
        let recorded: Value = answer.json().await.unwrap();
        recorded["entry_id"].as_str().unwrap().to_owned()
    };
    let delete = async |client: &Client, key: u128, date: &str, entry: &str| {
        let url = format!("{}/api/v1/students/{pupil}/entries/{date}/{entry}", site.app.base);
        client.delete(url).header("idempotency-key", Uuid::from_u128(key).to_string()).send().await.unwrap()
    };
    let (first, day) = (entry(1).await, "2026-03-09");
    for (client, key, date, entry, expected) in [
        (&colleague, 11, day, first.as_str(), (409, "entry_of_another")),
        (&site.inspector, 12, "2026-03-08", &first, (404, "not_found")),
        (&site.inspector, 13, day, &Uuid::from_u128(0xbad).to_string(), (404, "not_found")),
        (&site.inspector, 14, day, "x", (404, "not_found")),
    ] {
        let refused = refusal(delete(client, key, date, entry).await).await.unwrap();
        assert_eq!(refused, (expected.0, expected.1.to_owned()), "{key}");
    }
    let done: Value = delete(&site.inspector, 15, day, &first).await.json().await.unwrap();
    let again: Value = delete(&site.inspector, 15, day, &first).await.json().await.unwrap();
    assert_eq!((&done, done["entry_id"].as_str()), (&again, Some(first.as_str())));
    let second = entry(2).await;
    site.app.clock.advance(minutes(16));
    let late = refusal(delete(&site.inspector, 16, day, &second).await).await.unwrap();
    assert_eq!(late, (409, "entry_too_old".to_owned()));
    // The owner of the school, as a director, sets right whatever others recorded.
    let set_right = delete(&site.app.client, 17, day, &second).await;
    assert_eq!(set_right.status(), 200);
    let who: Vec<(String, String)> = site.log().await.into_iter().map(|(name, who, _)| (name, who)).collect();
    assert_eq!(who.len(), 4);
    assert!(who[0].1 == who[1].1 && who[2].1 != who[3].1, "each step with who did it: {who:?}");
    site.app.shutdown().await;
}

#[tokio::test]
async fn whoever_may_not_is_offered_no_button() {
    let site = Site::new().await;
    let page = site.course(&site.app.client).await;
    assert!(page.contains("form=\"a-mano\""), "the owner may what the school's people may: {page}");
    let day = crate::pages::view::CourseDay::sample();
    let who = crate::pages::view::Who { name: None, several_schools: false, may: vec![] };
    let nonce = crate::pages::respond::Nonce::sample();
    let page = crate::pages::course::page(&day, &who, &super::Hand::default(), crate::i18n::Lang::Es, &nonce);
    let page = page.into_string();
    assert!(page.contains("no hay registro de ingreso") && !page.contains("a-mano"), "{page}");
    site.app.shutdown().await;
}
