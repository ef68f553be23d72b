//! The schools of the run: pupils with cards and kiosks with secrets, appended in bulk by the same
//! events that enrolling them one by one would append.

use crate::stage::Database;
use anyhow::Result;
use chrono::{Days, NaiveTime, Weekday};
use commands::append::{NewEvent, append_in_tx};
use commands::directory::{Claim, Kind};
use commands::use_cases::{EnrolKiosk, RegisterSchool, enrol_kiosk, register_school};
use commands::{Context, Write};
use domain::course::{self, Slot};
use domain::kiosk::LaneMode;
use domain::school::Settings;
use domain::sealed::SealingClass;
use domain::student::{self, CredentialKind};
use domain::values::card;
use domain::values::zone::local_date;
use domain::{Actor, CourseId, CredentialId, DomainEvent, EventId, KioskId, SchoolId, SlotId, StreamId, StudentId};
use futures::stream::{self, StreamExt, TryStreamExt};
use uuid::Uuid;

/// The zone of every school.
pub const ZONE: chrono_tz::Tz = chrono_tz::America::Santiago;
/// A second tap in the same direction within this time is an echo.
pub const ECHO_SECONDS: u16 = 60;
const PUPILS_OF_A_COURSE: usize = 30;
/// Schools written at a time.
const AT_ONCE: usize = 6;

/// A school.
pub struct School {
    /// Its id.
    pub id: SchoolId,
    /// Its gates.
    pub kiosks: Vec<Kiosk>,
    /// What a kiosk reads from each pupil's card, with the pupil.
    pub cards: Vec<(StudentId, String)>,
}

/// A kiosk.
#[derive(Clone)]
pub struct Kiosk {
    /// Its id.
    pub id: KioskId,
    /// Its school.
    pub school: SchoolId,
    /// Its bearer secret.
    pub secret: String,
}

/// So many schools of so many pupils and kiosks each.
pub async fn schools(database: &Database, n: usize, pupils: usize, kiosks: usize) -> Result<Vec<School>> {
    let write = database.write(8).await?;
    let work: Vec<_> = (0..n).map(|_| school(&write, pupils, kiosks)).collect();
    stream::iter(work).buffered(AT_ONCE).try_collect().await
}

/// The context of a command of the run.
pub fn context(school: SchoolId) -> Context {
    Context {
        school,
        zone: ZONE,
        actor: Actor::cli("bench"),
        command_id: None,
        correlation_id: Uuid::nil(),
        causation_id: None,
    }
}

async fn school(write: &Write, pupils: usize, kiosks: usize) -> Result<School> {
    let id = SchoolId(write.ids().next());
    let context = context(id);
    let settings = Settings {
        late_after_minutes: 10,
        missing_after_minutes: 30,
        echo_seconds: ECHO_SECONDS,
        ..Settings::of(ZONE)
    };
    register_school(write, &context, RegisterSchool { name: "Escuela".into(), rbd: None, settings }).await?;
    let cards = roster(write, &context, pupils).await?;
    let mut enrolled = Vec::with_capacity(kiosks);
    for n in 0..kiosks {
        let input = EnrolKiosk { kiosk_id: None, gate: format!("Portón {n}"), mode: LaneMode::Choice };
        let kiosk = enrol_kiosk(write, &context, input).await?;
        enrolled.push(Kiosk { id: kiosk.kiosk_id, school: id, secret: kiosk.secret.to_string() });
    }
    Ok(School { id, kiosks: enrolled, cards })
}

/// Courses with a schedule, pupils with sealed names and cards, in one transaction.
async fn roster(write: &Write, context: &Context, pupils: usize) -> Result<Vec<(StudentId, String)>> {
    let new = || write.ids().next();
    let now = write.clock().now();
    let today = local_date(now, ZONE);
    let from = today - Days::new(1);
    let mut events = Vec::new();
    let mut add = |stream: &StreamId, sequence, event: &dyn ToEvent| -> Result<()> {
        events.push(event.to_event(context, EventId(new()), stream.clone(), sequence, now)?);
        Ok(())
    };
    let mut courses = Vec::new();
    for n in 0..pupils.div_ceil(PUPILS_OF_A_COURSE) {
        let id = CourseId(new());
        let stream = StreamId::of(context.school, id);
        let (grade, letter) = (n / 4 % 8 + 1, char::from(b'A' + (n % 4) as u8));
        let opened = course::Event::Opened {
            year: 2026,
            name: format!("{grade}° Básico {letter}"),
            level: format!("basica-{grade}"),
            letter: letter.to_string(),
        };
        add(&stream, 1, &opened)?;
        let days = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];
        let at = |h| NaiveTime::from_hms_opt(h, 0, 0).unwrap_or_default();
        let slots = days.map(|weekday| Slot { slot_id: SlotId(new()), weekday, entry: at(8), exit: at(16) });
        add(&stream, 2, &course::Event::WeeklyScheduleSet { effective_from: from, slots: slots.to_vec() })?;
        courses.push(id);
    }
    let students: Vec<StudentId> = (0..pupils).map(|_| StudentId(new())).collect();
    let wanted: Vec<_> = students.iter().map(|s| (s.0, SealingClass::Identity)).collect();
    let keys = write.vault().ensure_keys(context.school, &wanted).await?;
    let (mut cards, mut claims) = (Vec::new(), Vec::new());
    for (n, student) in students.into_iter().enumerate() {
        let stream = StreamId::of(context.school, student);
        let seal = |field, text: &str| keys.seal(student.0, SealingClass::Identity, "student.enrolled", field, text);
        let enrolled = student::Event::Enrolled {
            course_id: courses[n / PUPILS_OF_A_COURSE],
            from,
            given_names: seal("given_names", "María José")?,
            family_names: seal("family_names", &format!("Pérez Soto {n}"))?,
            national_id: None,
        };
        add(&stream, 1, &enrolled)?;
        let credential_id = CredentialId(new());
        add(&stream, 2, &student::Event::CredentialIssued { credential_id, kind: CredentialKind::Qr })?;
        let text = card::encode(credential_id);
        let hmac = write.directory().hmac(context.school, Kind::Card, &card::normalise(&text));
        claims.push(Claim { kind: Kind::Card, hmac, subject: credential_id.0, owner: Some(student.0) });
        cards.push((student, text));
    }
    let mut tx = write.pool().begin().await?;
    let reserved = write.directory().reserve_in_tx(&mut tx, context.school, &claims).await?;
    anyhow::ensure!(reserved.is_some(), "a card is taken");
    append_in_tx(&mut tx, &**write.clock(), &events).await?;
    tx.commit().await?;
    Ok(cards)
}

/// An event of any aggregate.
trait ToEvent {
    fn to_event(
        &self,
        context: &Context,
        id: EventId,
        stream: StreamId,
        sequence: i64,
        at: chrono::DateTime<chrono::Utc>,
    ) -> Result<NewEvent>;
}

impl<E: DomainEvent> ToEvent for E {
    fn to_event(
        &self,
        context: &Context,
        id: EventId,
        stream: StreamId,
        sequence: i64,
        at: chrono::DateTime<chrono::Utc>,
    ) -> Result<NewEvent> {
        Ok(NewEvent::new(context, id, stream, sequence, at, self)?)
    }
}
