use super::*;
use crate::testing::write_side;
use chrono::{DateTime, TimeDelta};
use commands::batcher::{Batcher, BatcherConfig};
use commands::clock::ManualClock;
use commands::use_cases::{
    CourseLabel, EnrolStudent, Grade, JustifyDay, OpenCourse, RegisterSchool, enrol_student, erase_student,
    justify_day, open_course, register_school,
};
use domain::school::Settings;
use domain::{Actor, JustificationId, no_show};
use local_services::S3Server;
use local_services::testing::TestDatabases;
use std::path::PathBuf;

const SCHOOL: SchoolId = SchoolId(Uuid::from_u128(0x5c00_0001));
const SHEET: Uuid = Uuid::from_u128(0x5ee7);
const PDF: &[u8] = b"%PDF-1.7 reposo por tres dias";

/// A school with a pupil, and an S3 service over a folder.
struct Stage {
    write: Write,
    clock: Arc<ManualClock>,
    documents: Documents,
    service: Option<S3Server>,
    folder: PathBuf,
    student: StudentId,
    date: NaiveDate,
}

impl Stage {
    async fn set() -> Self {
        let now = DateTime::from_timestamp(1_773_052_200, 0).unwrap();
        let (write, clock) = write_side(&TestDatabases::create().await.unwrap(), now).await;
        let settings = Settings::of(chrono_tz::America::Santiago);
        let school = RegisterSchool { name: "Liceo".into(), rbd: None, settings };
        register_school(&write, &context(), school).await.unwrap();
        let label = CourseLabel::new(Grade::Basic(1), "A");
        let course = open_course(&write, &context(), OpenCourse { year: 2026, label }).await.unwrap();
        let input = EnrolStudent {
            given_names: "Ana".to_owned(),
            family_names: "Pérez".to_owned(),
            national_id: None,
            course_id: course.course_id,
            from: NaiveDate::from_ymd_opt(2026, 3, 2).unwrap(),
        };
        let student = enrol_student(&write, &context(), input).await.unwrap().student_id;
        let folder = std::env::temp_dir().join(format!("documents-{}-{}", std::process::id(), fastrand::u64(..)));
        let service = S3Server::start(&folder).await.unwrap();
        let documents = Documents::new(Objects::parse(service.url()).unwrap());
        let date = NaiveDate::from_ymd_opt(2026, 3, 9).unwrap();
        Self { write, clock, documents, service: Some(service), folder, student, date }
    }

    async fn keep(&self, file: &[u8]) -> Result<Document, DocumentError> {
        self.documents.keep(&self.write, &context(), (self.student, self.date), SHEET, file.to_vec()).await
    }

    async fn open(&self, document: &Document) -> Result<Option<Vec<u8>>, DocumentError> {
        self.documents.open(&self.write, (SCHOOL, self.student), document.document_id).await
    }

    /// Every file that the service has, its own notes aside.
    fn files(&self) -> Vec<Vec<u8>> {
        let (mut folders, mut found) = (vec![self.folder.clone()], Vec::new());
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
                match entry.file_type().unwrap().is_dir() {
                    true => folders.push(entry.path()),
                    false if entry.file_name().to_string_lossy().starts_with('.') => {}
                    false => found.push(std::fs::read(entry.path()).unwrap()),
                }
            }
        }
        found
    }

    async fn justify(&self, document: Document) {
        let batcher = Batcher::start_on(self.write.clone(), BatcherConfig::default());
        let input = JustifyDay {
            student_id: self.student,
            date: self.date,
            justification_id: JustificationId(SHEET),
            reason: no_show::Justification::Illness,
            guardian_id: None,
            note: None,
            document: Some(document),
            accepted: true,
        };
        justify_day(&self.write, &batcher, &context(), input).await.unwrap();
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn context() -> Context {
    Context {
        school: SCHOOL,
        zone: chrono_tz::America::Santiago,
        actor: Actor::cli("test"),
        command_id: None,
        correlation_id: Uuid::from_u128(0xc0),
        causation_id: None,
    }
}

#[tokio::test]
async fn a_document_is_kept_sealed_and_comes_back_as_it_was() {
    let stage = Stage::set().await;
    let kept = stage.keep(PDF).await.unwrap();
    assert_eq!((kept.kind, kept.bytes as usize), (DocumentKind::Pdf, PDF.len()));
    assert_eq!(stage.keep(PDF).await.unwrap(), kept, "the same form sent again is the same document");
    let other = stage.keep(b"%PDF-1.7 otro").await.unwrap();
    assert_ne!(other.document_id, kept.document_id, "another file never takes its place");
    assert_eq!(stage.open(&kept).await.unwrap().unwrap(), PDF);
    let files = stage.files();
    assert_eq!(files.len(), 2);
    assert!(files.iter().all(|file| !file.windows(6).any(|six| six == b"reposo")), "in clear");
    // What somebody swapped in the bucket opens nowhere.
    let folder = stage.folder.join("evidence/evidence").join(SCHOOL.to_string());
    let [one, two] = [kept, other].map(|document| folder.join(document.document_id.to_string()));
    std::fs::copy(two, one).unwrap();
    assert!(matches!(stage.open(&kept).await, Err(DocumentError::UseCase(_))));
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_made() {
    let stage = Stage::set().await;
    std::fs::remove_dir_all(stage.folder.join("evidence")).unwrap();
    let kept = stage.keep(PDF).await.unwrap();
    assert_eq!(stage.open(&kept).await.unwrap().unwrap(), PDF);
}

#[tokio::test]
async fn what_is_no_document_is_refused_and_leaves_nothing() {
    let stage = Stage::set().await;
    let zip = b"PK\x03\x04 report.pdf";
    assert!(matches!(stage.keep(zip).await, Err(DocumentError::Unfit(Unfit::Kind))));
    assert!(matches!(stage.keep(b"").await, Err(DocumentError::Unfit(Unfit::Kind))));
    assert!(matches!(stage.keep(b"\xff\xd8\xff rubbish").await, Err(DocumentError::Unfit(Unfit::Unreadable))));
    let long = [PDF, &vec![b' '; MOST_BYTES]].concat();
    assert!(matches!(stage.keep(&long).await, Err(DocumentError::Unfit(Unfit::TooLarge))));
    let stranger = (StudentId(Uuid::from_u128(9)), stage.date);
    let refused = stage.documents.keep(&stage.write, &context(), stranger, SHEET, PDF.to_vec()).await;
    assert!(matches!(refused, Err(DocumentError::UseCase(UseCaseError::UnknownStudent))));
    assert!(stage.files().is_empty());
}

#[tokio::test]
async fn p51_without_the_service_nothing_is_kept_and_whoever_asks_hears_so_in_time() {
    let mut stage = Stage::set().await;
    let kept = stage.keep(PDF).await.unwrap();
    stage.service = None;
    for answer in [stage.keep(PDF).await.map(drop), stage.open(&kept).await.map(drop)] {
        assert!(matches!(answer, Err(DocumentError::Objects(ObjectError::Unavailable))), "{answer:?}");
    }
    stage.clock.advance(TimeDelta::hours(25));
    assert!(stage.documents.sweep(&stage.write).await.is_err());
    // Swept once it is back.
    let service = S3Server::start(&stage.folder).await.unwrap();
    let documents = Documents::new(Objects::parse(service.url()).unwrap());
    assert_eq!(documents.sweep(&stage.write).await.unwrap(), 1);
    assert!(stage.files().is_empty());
    assert_eq!(documents.sweep(&stage.write).await.unwrap(), 0);
}

#[tokio::test]
async fn p42_an_erased_pupils_documents_leave_the_bucket_and_others_stay() {
    let stage = Stage::set().await;
    let kept = stage.keep(PDF).await.unwrap();
    stage.justify(kept).await;
    stage.clock.advance(TimeDelta::days(2));
    assert_eq!(stage.documents.sweep(&stage.write).await.unwrap(), 0, "an event speaks of it");
    assert_eq!(stage.open(&kept).await.unwrap().unwrap(), PDF);
    erase_student(&stage.write, &context(), stage.student).await.unwrap();
    assert_eq!(stage.open(&kept).await.unwrap(), None);
    assert_eq!(stage.documents.sweep(&stage.write).await.unwrap(), 1, "noted long ago");
    assert!(stage.files().is_empty());
    assert_eq!(stage.open(&kept).await.unwrap(), None);
}
