//! An inspector, a director and a family at one pupil's day, over HTTP.

use crate::pages::tests::shown;
use crate::testing::{TestApp, TestSchool, with_form};
use domain::account::StaffRole;
use domain::student::GuardianRights;
use reqwest::Client;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use uuid::Uuid;

const MAY: GuardianRights =
    GuardianRights { legal: true, notify: true, may_collect: true, may_view: true, restricted: false };

struct Site {
    app: TestApp,
    school: TestSchool,
    inspector: Client,
    director: Client,
}

impl Site {
    async fn new() -> Self {
        let app = TestApp::start().await.unwrap();
        let school = app.school(2).await.unwrap();
        let inspector = app.sign_in(&school, StaffRole::Inspector).await.unwrap();
        let director = app.sign_in(&school, StaffRole::Director).await.unwrap();
        Self { app, school, inspector, director }
    }

    fn pupil(&self) -> Uuid {
        self.school.pupils[0].0.0
    }

    async fn page(&self, client: &Client, path: &str) -> String {
        self.app.settle().await.unwrap();
        let (status, _, text) = shown::get(&self.app, client, path).await;
        assert_eq!(status, 200, "{path}");
        text
    }

    async fn day(&self, client: &Client) -> String {
        self.page(client, &format!("/alumnos/{}", self.pupil())).await
    }

    /// Sends a form of the pupil's page with its sheet; the word that the page after it says.
    async fn send(&self, client: &Client, below: &str, form: &[(&str, &str)]) -> String {
        let sheet = hidden(&self.day(client).await, "hoja");
        let form = [&[("fecha", "2026-03-09"), ("hoja", sheet.as_str())], form].concat();
        let path = format!("/alumnos/{}/{below}", self.pupil());
        let (status, to, _) = shown::post(&self.app, client, &path, &form).await;
        assert_eq!(status, 303, "{path}");
        word(&to.unwrap())
    }

    async fn answer(&self, client: &Client, path: &str, que: &str) -> String {
        let page = self.page(client, "/solicitudes").await;
        let pupil = self.pupil().to_string();
        let which = hidden(&page, "cual");
        let form = [("alumno", pupil.as_str()), ("fecha", "2026-03-09"), ("cual", which.as_str()), ("que", que)];
        let (status, to, _) = shown::post(&self.app, client, path, &form).await;
        assert_eq!(status, 303, "{path}");
        word(&to.unwrap())
    }

    async fn kinds(&self) -> Vec<String> {
        sqlx::query_scalar("select event_type from events where aggregate_type = 'attendance_day' order by position")
            .fetch_all(&self.app.running().pools().log_reader)
            .await
            .unwrap()
    }
}

fn hidden(page: &str, name: &str) -> String {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

fn word(to: &str) -> String {
    to.rsplit_once("aviso=").unwrap().1.to_owned()
}

#[tokio::test]
async fn d4_a_pupil_goes_with_a_named_adult_and_a_barred_one_is_refused_and_the_direction_sees_it() {
    let site = Site::new().await;
    let student = site.school.pupils[0].0;
    assert!(site.day(&site.inspector).await.contains("No hay personas autorizadas"));
    let mother = site.app.guardian(&site.school, "ana@example.com", &[(student, MAY)]).await.unwrap();
    let barred = GuardianRights { restricted: true, ..MAY };
    let father = site.app.guardian(&site.school, "luis@example.com", &[(student, barred)]).await.unwrap();
    let page = site.day(&site.inspector).await;
    assert!(page.contains(&format!("value=\"{mother}\"")) && !page.contains(&format!("value=\"{father}\"")), "{page}");
    assert!(page.contains("tiene una restricción judicial"), "{page}");

    let (mother, father) = (mother.to_string(), father.to_string());
    let form = |who| [("persona", who), ("visto", "si"), ("motivo", "unwell")];
    assert_eq!(site.send(&site.inspector, "retiro", &[("motivo", "unwell")]).await, "persona");
    assert_eq!(site.send(&site.inspector, "retiro", &[("persona", &mother), ("motivo", "unwell")]).await, "identidad");
    assert!(site.kinds().await.is_empty());
    assert_eq!(site.send(&site.inspector, "retiro", &form(&father)).await, "impedido");
    assert_eq!(site.send(&site.inspector, "retiro", &form(&mother)).await, "autorizado");
    let page = site.day(&site.inspector).await;
    assert!(page.contains("Ya salió"), "{page}");
    assert!(site.page(&site.inspector, "/solicitudes").await.contains("Autorizados, por salir"));
    let leave = page.split("name=\"retiro\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert_eq!(site.send(&site.inspector, "retiro/salio", &[("retiro", &leave)]).await, "salio");
    assert_eq!(site.kinds().await, ["early_leave_blocked", "early_leave_authorised", "early_leave_recorded"]);
    assert!(site.day(&site.inspector).await.contains("retirado"));
    let page = site.page(&site.director, "/solicitudes").await;
    assert!(page.contains("Intentos de retiro impedidos") && page.contains("luis@example.com"), "{page}");
    // The direction is told on the board, where it looks first.
    let told = "persona con restricción judicial intentó retirar";
    assert!(site.page(&site.director, "/hoy").await.contains(told));
    assert!(!site.page(&site.inspector, "/hoy").await.contains(told));
}

#[tokio::test]
async fn a_family_says_why_and_the_school_accepts_it() {
    let site = Site::new().await;
    let student = site.school.pupils[0].0;
    site.app.guardian(&site.school, "ana@example.com", &[(student, MAY)]).await.unwrap();
    let cookie = site.app.family("ana@example.com").await.unwrap();
    let phone = site.app.anonymous.clone();
    let path = format!("/familia/alumnos/{student}");
    let get = async || {
        site.app.settle().await.unwrap();
        shown::shown(phone.get(format!("{}{path}", site.app.base)).header("cookie", &cookie)).await.2
    };
    let sheet = hidden(&get().await, "hoja");
    let form =
        [("fecha", "2026-03-09"), ("hoja", sheet.as_str()), ("causa", "illness"), ("nota", "Fiebre <b>alta</b>")];
    let post = async |of: &str| {
        let request = phone.post(format!("{}/familia/alumnos/{of}/justificar", site.app.base));
        let request = request.header("cookie", &cookie).header("origin", &site.app.base);
        shown::shown(with_form(request, form)).await
    };
    let (status, to, _) = post(&student.to_string()).await;
    assert_eq!((status, word(&to.unwrap()).as_str()), (303, "enviado"));
    let page = site.page(&site.inspector, "/solicitudes").await;
    assert!(page.contains("Fiebre &lt;b&gt;alta&lt;/b&gt;") && page.contains("Causa: "), "{page}");
    // Of another family's child nothing is taken, nor of another school's.
    let other = site.app.school(1).await.unwrap();
    for stranger in [site.school.pupils[1].0, other.pupils[0].0] {
        let (status, ..) = post(&stranger.to_string()).await;
        assert_eq!(status, 404);
    }
    assert_eq!(site.kinds().await, ["justification_submitted"]);
    assert_eq!(site.answer(&site.inspector, "/solicitudes/justificativo", "aceptar").await, "justificado");
    assert_eq!(site.kinds().await, ["justification_submitted", "justification_accepted"]);
    // Somebody whose page was from before says the contrary.
    let (pupil, which) = (student.to_string(), hidden(&page, "cual"));
    let stale = [("alumno", pupil.as_str()), ("fecha", "2026-03-09"), ("cual", which.as_str()), ("que", "illegible")];
    let (status, to, _) = shown::post(&site.app, &site.director, "/solicitudes/justificativo", &stale).await;
    assert_eq!((status, word(&to.unwrap()).as_str()), (303, "ya-decidido"));
    assert_eq!(site.kinds().await.len(), 2);
    assert!(site.day(&site.inspector).await.contains("justificado"));
    assert!(get().await.contains("justificad"), "the family sees it");
}

#[tokio::test]
async fn an_inspectors_correction_waits_for_the_direction_whose_own_counts_at_once() {
    let site = Site::new().await;
    let form = [("sentido", "entry"), ("hora", "07:20"), ("porque", "not_recorded")];
    assert_eq!(site.send(&site.inspector, "corregir", &form).await, "solicitada");
    assert_eq!(site.answer(&site.inspector, "/solicitudes/correccion", "aprobar").await, "no-autorizado");
    assert_eq!(site.answer(&site.director, "/solicitudes/correccion", "aprobar").await, "corregido");
    let page = site.day(&site.inspector).await;
    assert!(page.contains("07:20") && page.contains("corrección aprobada"), "{page}");
    let alone = [("sentido", "exit"), ("hora", "07:25"), ("porque", "not_recorded")];
    assert_eq!(site.send(&site.director, "corregir", &alone).await, "corregido");
    assert!(site.day(&site.inspector).await.contains("sin segunda persona"));
    assert_eq!(site.send(&site.director, "corregir", &[("porque", "other")]).await, "sin-registro");
}

#[tokio::test]
async fn a_program_does_the_same_once_for_each_key() {
    let site = Site::new().await;
    let student = site.school.pupils[0].0;
    let mother = site.app.guardian(&site.school, "ana@example.com", &[(student, MAY)]).await.unwrap();
    let base = format!("{}/api/v1/days/2026-03-09/{student}", site.app.base);
    let post = async |client: &Client, below: &str, key: u128, body: Value| -> (u16, Value) {
        let request =
            client.post(format!("{base}/{below}")).header("idempotency-key", Uuid::from_u128(key).to_string());
        let answer = request.json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    };
    let seen = json!({"guardian_id": mother, "document_seen": true, "reason": "appointment"});
    let (status, done) = post(&site.inspector, "early-leaves", 1, seen.clone()).await;
    assert_eq!(status, 200, "{done}");
    assert_eq!(post(&site.inspector, "early-leaves", 1, seen.clone()).await.1, done, "the same key, the same answer");
    assert_eq!(post(&site.inspector, "early-leaves", 2, seen).await.1["code"], json!("leave_open"));
    let leave = done["act_id"].as_str().unwrap().to_owned();
    assert_eq!(post(&site.inspector, &format!("early-leaves/{leave}/record"), 3, json!({})).await.0, 200);
    let correction = json!({"voids": leave, "reason": "did_not_happen"});
    let (_, asked) = post(&site.inspector, "corrections", 4, correction).await;
    let asked = asked["act_id"].as_str().unwrap().to_owned();
    let (status, refused) = post(&site.inspector, &format!("corrections/{asked}/approve"), 5, json!({})).await;
    assert_eq!((status, &refused["code"]), (403, &json!("forbidden")));
    assert_eq!(post(&site.director, &format!("corrections/{asked}/approve"), 6, json!({})).await.0, 200);
    assert_eq!(post(&site.inspector, "justifications", 7, json!({"reason": "illness"})).await.0, 200);
    site.app.settle().await.unwrap();
    let acts: Value = site.inspector.get(format!("{base}/acts")).send().await.unwrap().json().await.unwrap();
    let mut states: Vec<&str> = acts.as_array().unwrap().iter().map(|act| act["state"].as_str().unwrap()).collect();
    // All in one instant of the test's clock.
    states.sort_unstable();
    assert_eq!(states, ["accepted", "approved", "recorded"]);
    let waiting = site.inspector.get(format!("{}/api/v1/acts/waiting", site.app.base)).send().await.unwrap();
    assert_eq!(waiting.json::<Value>().await.unwrap(), json!({"waiting": [], "leaving": [], "blocked": []}));
}

#[tokio::test]
async fn a_program_is_told_why_a_leave_a_justification_or_a_correction_is_refused() {
    let site = Site::new().await;
    let student = site.school.pupils[0].0;
    let barred = GuardianRights { restricted: true, ..MAY };
    let father = site.app.guardian(&site.school, "luis@example.com", &[(student, barred)]).await.unwrap();
    let mother = site.app.guardian(&site.school, "ana@example.com", &[(student, MAY)]).await.unwrap();
    let key = AtomicU64::new(1);
    let post = async |client: &Client, of: Uuid, below: &str, body: Value| -> (u16, String) {
        let request = client.post(format!("{}/api/v1/days/2026-03-09/{of}/{below}", site.app.base));
        let unique = Uuid::from_u128(key.fetch_add(1, Relaxed).into()).to_string();
        let answer = request.header("idempotency-key", unique).json(&body).send().await.unwrap();
        let status = answer.status().as_u16();
        let said: Value = answer.json().await.unwrap();
        (status, said["code"].as_str().or(said["act_id"].as_str()).unwrap_or_default().to_owned())
    };
    let (inspector, director, pupil) = (&site.inspector, &site.director, student.0);
    // Who takes the pupil: a barred adult, nobody, somebody else's, and one of whom nobody saw a document.
    let leave = |who: Value, seen: bool| json!({"guardian_id": who, "document_seen": seen, "reason": "unwell"});
    let refused = |status: u16, code: &str| (status, code.to_owned());
    let asked = async |who: Value, seen| post(inspector, pupil, "early-leaves", leave(who, seen)).await;
    assert_eq!(asked(json!(father), true).await, refused(409, "adult_barred"));
    assert_eq!(asked(Value::Null, true).await, refused(422, "invalid_body"));
    assert_eq!(asked(json!(Uuid::nil()), true).await, refused(422, "may_not_collect"));
    assert_eq!(asked(json!(mother), false).await, refused(422, "identity_mismatch"));
    let other = site.school.pupils[1].0.0;
    let foreign = post(inspector, other, "early-leaves", leave(json!(mother), true)).await;
    assert_eq!(foreign, refused(422, "may_not_collect"), "of another pupil's family");
    assert_eq!(site.kinds().await, ["early_leave_blocked"]);
    site.app.settle().await.unwrap();
    let waiting = director.get(format!("{}/api/v1/acts/waiting", site.app.base)).send().await.unwrap();
    let blocked = waiting.json::<Value>().await.unwrap()["blocked"].clone();
    assert_eq!((&blocked[0]["said"]["guardian_id"], &blocked[0]["state"]), (&json!(father), &json!("blocked")));

    let stranger = json!({"reason": "illness", "guardian_id": Uuid::nil()});
    assert_eq!(post(inspector, pupil, "justifications", stranger).await, refused(422, "not_linked"));

    // A day that is justified is not justified again, and what was decided is not decided otherwise.
    let (_, id) = post(inspector, pupil, "justifications", json!({"reason": "illness"})).await;
    let again = post(inspector, pupil, "justifications", json!({"reason": "family"})).await;
    assert_eq!(again, refused(409, "already_justified"));
    let contrary = post(director, pupil, &format!("justifications/{id}/decide"), json!({"accept": false})).await;
    assert_eq!(contrary, refused(409, "decided_otherwise"));
    let unknown = format!("justifications/{}/decide", Uuid::nil());
    assert_eq!(post(director, pupil, &unknown, json!({"accept": true})).await, refused(404, "not_found"));

    // Whoever asks does not approve, unless it is the direction; and what counts no more is not taken out again.
    let entry =
        json!({"adds": {"direction": "entry", "occurred_at": "2026-03-09T10:20:00Z"}, "reason": "not_recorded"});
    let (status, asked) = post(inspector, pupil, "corrections", entry).await;
    assert_eq!(status, 200, "{asked}");
    let own = post(inspector, pupil, &format!("corrections/{asked}/approve"), json!({})).await;
    assert_eq!(own, refused(403, "forbidden"));
    assert_eq!(post(director, pupil, &format!("corrections/{asked}/approve"), json!({})).await.0, 200);
    let out = json!({"voids": asked, "reason": "did_not_happen"});
    assert_eq!(post(director, pupil, "corrections", out.clone()).await.0, 200);
    assert_eq!(post(director, pupil, "corrections", out).await, refused(422, "unknown_passage"));
    let stale = post(director, pupil, &format!("corrections/{asked}/reject"), json!({})).await;
    assert_eq!(stale, refused(409, "decided_otherwise"));
    assert_eq!(post(director, pupil, "corrections", json!({"reason": "other"})).await, refused(422, "invalid_body"));
}
