//! Documents as they are handed in and read, over HTTP and an S3 service.

use crate::pages::tests::shown;
use crate::testing::{TestApp, TestSchool};
use commands::use_cases::erase_student;
use domain::account::StaffRole;
use domain::student::GuardianRights;
use reqwest::{Client, RequestBuilder, Response};
use uuid::Uuid;
use workers::documents::MOST_BYTES;

const MAY: GuardianRights =
    GuardianRights { legal: true, notify: true, may_collect: true, may_view: true, restricted: false };
const PDF: &[u8] = b"%PDF-1.7 reposo por tres dias";

struct Site {
    app: TestApp,
    school: TestSchool,
    inspector: Client,
}

impl Site {
    async fn new() -> Self {
        let app = TestApp::start_with_documents().await.unwrap();
        let school = app.school(2).await.unwrap();
        let inspector = app.sign_in(&school, StaffRole::Inspector).await.unwrap();
        Self { app, school, inspector }
    }

    fn pupil(&self) -> Uuid {
        self.school.pupils[0].0.0
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.app.base)
    }

    /// The form of a pupil's page, with these files in it; the word that the page after it says.
    async fn justify(&self, files: &[&[u8]]) -> String {
        let path = format!("/alumnos/{}/justificar", self.pupil());
        let sheet = self.app.state().ids.next().to_string();
        let fields = [("fecha", "2026-03-09"), ("hoja", &sheet), ("causa", "illness"), ("detalle", "")];
        word(&with_files(self.inspector.post(self.url(&path)), &fields, files).send().await.unwrap())
    }

    async fn page(&self, path: &str) -> String {
        self.app.settle().await.unwrap();
        let (status, _, text) = shown::get(&self.app, &self.inspector, path).await;
        assert_eq!(status, 200, "{path}");
        text
    }

    /// Where the pupil's page says that the document is.
    async fn link(&self) -> String {
        let page = self.page(&format!("/alumnos/{}?fecha=2026-03-09", self.pupil())).await;
        let (_, rest) = page.split_once(&format!("href=\"/alumnos/{}/documento/", self.pupil())).expect("a document");
        let rest = rest.split('"').next().unwrap().replace("&amp;", "&");
        format!("/alumnos/{}/documento/{rest}", self.pupil())
    }

    async fn events(&self) -> Vec<String> {
        sqlx::query_scalar("select event_type from events where aggregate_type = 'attendance_day' order by position")
            .fetch_all(&self.app.running().pools().log_reader)
            .await
            .unwrap()
    }

    async fn looks(&self) -> i64 {
        sqlx::query_scalar("select count(*) from looks where what = 'document' and student_id = $1 and school_id = $2")
            .bind(self.pupil())
            .bind(self.school.id.0)
            .fetch_one(&self.app.running().pools().log_writer)
            .await
            .unwrap()
    }

    async fn end(self) {
        self.app.shutdown().await;
    }
}

/// A form as a browser sends it that has a place for a file: with an empty one where none was chosen.
fn with_files(request: RequestBuilder, fields: &[(&str, &str)], files: &[&[u8]]) -> RequestBuilder {
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend(format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes());
    }
    let none: &[&[u8]] = &[b""];
    for file in if files.is_empty() { none } else { files } {
        let name = if file.is_empty() { "" } else { "licencia médica de Ana.pdf" };
        body.extend(
            format!("--x\r\nContent-Disposition: form-data; name=\"archivo\"; filename=\"{name}\"\r\n").bytes(),
        );
        body.extend(b"Content-Type: application/pdf\r\n\r\n");
        body.extend(*file);
        body.extend(b"\r\n");
    }
    body.extend(b"--x--\r\n");
    request.header("content-type", "multipart/form-data; boundary=x").header("sec-fetch-site", "same-origin").body(body)
}

fn word(answer: &Response) -> String {
    let to = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
    match to.as_deref().and_then(|to| to.rsplit_once("aviso=")) {
        Some((_, word)) => word.to_owned(),
        None => answer.status().as_str().to_owned(),
    }
}

fn photo() -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::GrayImage::new(64, 48).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

#[tokio::test]
async fn p47_the_staff_hands_in_and_reads_a_document_and_each_reading_is_a_look() {
    let site = Site::new().await;
    assert_eq!(site.justify(&[]).await, "justificado", "without one");
    assert_eq!(site.events().await, ["justification_submitted", "justification_accepted"]);
    let page = site.page(&format!("/alumnos/{}", site.pupil())).await;
    assert!(!page.contains("/documento/"), "{page}");
    let site = {
        site.end().await;
        Site::new().await
    };
    assert_eq!(site.justify(&[PDF]).await, "justificado");
    let link = site.link().await;
    let answer = site.inspector.get(site.url(&link)).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/pdf");
    assert_eq!(header("content-disposition"), "attachment; filename=\"justificativo-2026-03-09.pdf\"");
    assert_eq!((header("x-content-type-options"), header("cache-control")), ("nosniff".into(), "no-store".into()));
    assert!(header("content-security-policy").contains("sandbox"));
    assert_eq!(answer.bytes().await.unwrap(), PDF);
    assert_eq!(site.looks().await, 1);

    // A program of the staff's reads the same; whoever has nothing to do with absences, or with the school, does not.
    let act = link.split(['/', '?']).nth(5).unwrap().to_owned();
    let api = format!("/api/v1/days/2026-03-09/{}/justifications/{act}/document", site.pupil());
    let read = site.inspector.get(site.url(&api)).send().await.unwrap();
    assert_eq!(read.status(), 200);
    assert_eq!(read.bytes().await.unwrap(), PDF);
    let auditor = site.app.sign_in(&site.school, StaffRole::Auditor).await.unwrap();
    let other = site.app.school(1).await.unwrap();
    let foreign = site.app.sign_in(&other, StaffRole::Director).await.unwrap();
    for path in [&link, &api] {
        for client in [&auditor, &foreign, &site.app.anonymous] {
            let status = client.get(site.url(path)).send().await.unwrap().status().as_u16();
            assert!([303, 401, 403, 404].contains(&status), "{path}: {status}");
        }
    }
    // The same of the other school's own address, and of a day or an act that is another.
    let moved = link.replace(&site.school.id.to_string(), &other.id.to_string());
    assert_eq!(foreign.get(site.url(&moved)).send().await.unwrap().status(), 404);
    for wrong in [link.replace("03-09", "03-10"), link.replace(&act, &Uuid::nil().to_string())] {
        assert_eq!(site.inspector.get(site.url(&wrong)).send().await.unwrap().status(), 404, "{wrong}");
    }
    assert_eq!(site.looks().await, 1, "what was not shown is no look");

    erase_student(site.app.write(), &site.app.context(site.school.id), site.school.pupils[0].0).await.unwrap();
    site.app.settle().await.unwrap();
    assert_eq!(site.inspector.get(site.url(&link)).send().await.unwrap().status(), 404);
    site.end().await;
}

#[tokio::test]
async fn a_family_hands_in_a_photo_and_the_staff_reads_it_before_it_answers() {
    let site = Site::new().await;
    let student = site.school.pupils[0].0;
    site.app.guardian(&site.school, "ana@example.com", &[(student, MAY)]).await.unwrap();
    let cookie = site.app.family("ana@example.com").await.unwrap();
    let path = format!("/familia/alumnos/{student}");
    let family = |request: RequestBuilder| request.header("cookie", &cookie);
    let page = family(site.app.anonymous.get(site.url(&path))).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("enctype=\"multipart/form-data\"") && page.contains("type=\"file\""), "{page}");
    let sheet = site.app.state().ids.next().to_string();
    let fields = [("fecha", "2026-03-09"), ("hoja", sheet.as_str()), ("causa", "illness"), ("nota", "Reposo")];
    let send = async |file: &[u8]| {
        let request = family(site.app.anonymous.post(site.url(&format!("{path}/justificar"))));
        word(&with_files(request, &fields, &[file]).send().await.unwrap())
    };
    assert_eq!(send(&photo()).await, "enviado");
    assert_eq!(send(&photo()).await, "enviado", "sent again it is the same");
    assert_eq!(site.events().await, ["justification_submitted"]);
    assert!(site.page("/solicitudes").await.contains("Ver el documento (PNG, "));
    let link = site.link().await;
    let seen = site.inspector.get(site.url(&link)).send().await.unwrap();
    assert_eq!(seen.headers()["content-type"], "image/png");
    assert!(image::load_from_memory(&seen.bytes().await.unwrap()).is_ok());
    let status = family(site.app.anonymous.get(site.url(&link))).send().await.unwrap().status();
    assert_eq!(status, 303, "the door of the staff");
    // Its family sees that it was read.
    let page = family(site.app.anonymous.get(site.url(&path))).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("Documento de un justificativo"), "{page}");
    site.end().await;
}

#[tokio::test]
async fn what_is_no_document_or_cannot_be_kept_is_refused_and_nothing_is_on_record() {
    let mut site = Site::new().await;
    for (rubbish, said) in [(&b"PK\x03\x04 a.docx"[..], "archivo"), (b"\xff\xd8\xff no photo", "archivo")] {
        assert_eq!(site.justify(&[rubbish]).await, said);
    }
    let large = [PDF, &vec![b' '; MOST_BYTES]].concat();
    assert_eq!(site.justify(&[&large]).await, "archivo-grande");
    let larger = [PDF, &vec![b' '; MOST_BYTES + 200_000]].concat();
    assert_eq!(site.justify(&[&larger]).await, "413");
    assert_eq!(site.justify(&[PDF, PDF]).await, "400", "two files");
    let path = site.url(&format!("/alumnos/{}/justificar", site.pupil()));
    for (kind, body) in [
        ("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"fecha\"\r\n\r\n2026"),
        ("multipart/form-data; boundary=x", "no parts at all"),
        ("multipart/form-data", "--x--"),
        ("application/json", "{}"),
    ] {
        let request = site.inspector.post(&path).header("sec-fetch-site", "same-origin").header("content-type", kind);
        let status = request.body(body).send().await.unwrap().status().as_u16();
        assert!([400, 415, 422].contains(&status), "{kind} {body}: {status}");
    }
    site.app.lose_documents();
    assert_eq!(site.justify(&[PDF]).await, "no-guardado");
    assert_eq!(site.justify(&[]).await, "justificado", "without a document it goes on");
    assert_eq!(site.events().await.len(), 2);
    site.end().await;
}

#[tokio::test]
async fn with_another_file_the_same_page_says_something_else_and_nothing_is_lost_in_silence() {
    let site = Site::new().await;
    let student = site.school.pupils[0].0;
    site.app.guardian(&site.school, "ana@example.com", &[(student, MAY)]).await.unwrap();
    let cookie = site.app.family("ana@example.com").await.unwrap();
    let sheet = site.app.state().ids.next().to_string();
    let fields = [("fecha", "2026-03-09"), ("hoja", sheet.as_str()), ("causa", "illness"), ("nota", "")];
    // First without the certificate, then with it, from the page that the browser went back to.
    for files in [&[][..], &[PDF], &[PDF]] {
        let request = site.app.anonymous.post(site.url(&format!("/familia/alumnos/{student}/justificar")));
        let answer = with_files(request.header("cookie", &cookie), &fields, files).send().await.unwrap();
        assert_eq!(word(&answer), "enviado");
    }
    assert_eq!(site.events().await, ["justification_submitted"; 2]);
    assert!(site.page("/solicitudes").await.contains("Ver el documento"));
    site.end().await;
}

#[tokio::test]
async fn p48_whoever_sends_slowly_has_one_place_and_others_have_theirs() {
    let uploads = super::Uploads::default();
    let who = Uuid::from_u128;
    let slow = uploads.take(who(1)).unwrap();
    assert!(uploads.take(who(1)).is_none(), "one a person");
    let others: Vec<_> = (2..=6).map(|n| uploads.take(who(n)).unwrap()).collect();
    assert!(uploads.take(who(7)).is_none(), "what they hold in memory is bounded");
    drop((slow, others));
    assert!(uploads.take(who(1)).is_some() && uploads.take(who(7)).is_some());
}

#[tokio::test]
async fn a_class_list_is_compared_from_a_file_as_a_spreadsheet_wrote_it() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(2).await.unwrap();
    app.scan(&school, &[school.scan(1, &school.pupils[0].1, app.now())]).await.unwrap();
    app.settle().await.unwrap();
    let inspector = app.sign_in(&school, StaffRole::Inspector).await.unwrap();
    let row = "2026-03-09;1° Básico A;Ana 0 Pérez Soto;Ausente\r\n";
    let mut list = b"fecha;curso;alumno;estado\r\n".to_vec();
    // As Excel saves it: Windows-1252, semicolons; and more of it than can be pasted.
    list.extend(row.chars().map(|c| c as u8));
    list.extend("2026-03-09;1;Nadie;Presente\r\n".repeat(4000).bytes());
    let send = async |file: &[u8]| {
        let request = with_files(inspector.post(format!("{}/informes/nomina", app.base)), &[("lista", "")], &[file]);
        shown::shown(request).await
    };
    let (status, _, page) = send(&list).await;
    assert_eq!(status, 200, "{page}");
    assert!(page.contains("Ingresó y no estaba en la sala"), "{page}");
    assert_eq!(send(b"").await.0, 422);
    assert_eq!(send(b"\x00\x01\x02").await.0, 422);
    app.shutdown().await;
}

#[tokio::test]
async fn where_no_service_is_configured_nobody_is_asked_for_a_document() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    let inspector = app.sign_in(&school, StaffRole::Inspector).await.unwrap();
    let (status, _, page) = shown::get(&app, &inspector, &format!("/alumnos/{}", school.pupils[0].0)).await;
    assert_eq!(status, 200);
    assert!(!page.contains("type=\"file\"") && !page.contains("multipart"), "{page}");
    app.shutdown().await;
}
