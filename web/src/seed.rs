//! An invented school to try the program with: `attendance seed`, the demo and the tests.
//!
//! The same seed gives the same people, cards and ids (all made of the seed by UUID version 5), so a
//! second run finds everything done and changes nothing but the kiosks' secrets, which cannot be
//! read back and are issued again.

mod generate;
mod names;

use anyhow::Context as _;
use chrono::{Datelike, NaiveDate, NaiveTime};
use commands::directory::Kind;
use commands::use_cases::{
    EnrolKiosk, EnrolStudent, IssueCredential, LinkGuardian, NewCard, OpenCourse, Part, RegisterGuardian,
    RegisterSchool, SetWeeklySchedule, UseCaseError, commit, enrol_kiosk, open_course, register_school,
    set_weekly_schedule, subject_of,
};
use commands::write::Unit;
use commands::{Context, Write};
use domain::kiosk::LaneMode;
use domain::school::Settings;
use domain::sealed::SealingClass;
use domain::values::{card, national_id, zone};
use domain::{Actor, CommandId, CourseId, CredentialId, GuardianId, KioskId, SchoolId, StreamId, StudentId};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use std::collections::HashMap;
use uuid::Uuid;

/// The school's name.
pub const SCHOOL_NAME: &str = "Liceo Bicentenario Los Aromos";
/// The school's zone.
pub const ZONE: chrono_tz::Tz = chrono_tz::America::Santiago;
/// A number that no school has: the register ends far below.
const RBD: u32 = 99_871;
const NAMESPACE: Uuid = Uuid::from_u128(0x7a3d_10f2_5b1e_4c55_9d0a_61c2_4e8b_aa01);
/// Transactions at a time, and people to a transaction.
const AT_ONCE: usize = 8;
const AT_A_TIME: usize = 40;
const KIOSKS: [(&str, LaneMode); 4] = [
    ("Portón Norte entrada", LaneMode::EntryLane),
    ("Portón Sur entrada", LaneMode::EntryLane),
    ("Portón Norte salida", LaneMode::ExitLane),
    ("Acceso Básica", LaneMode::Choice),
];

/// The school as it is in the log.
#[derive(Debug)]
pub struct Seeded {
    /// Its id.
    pub school_id: SchoolId,
    /// Its courses, youngest first.
    pub courses: Vec<SeededCourse>,
    /// Its pupils, course by course.
    pub students: Vec<SeededStudent>,
    /// Its kiosks.
    pub kiosks: Vec<SeededKiosk>,
}

/// A course.
#[derive(Debug, Clone)]
pub struct SeededCourse {
    /// Its id.
    pub course_id: CourseId,
    /// Its name.
    pub name: String,
    /// When its pupils are expected from Monday to Friday, local wall time.
    pub entry: NaiveTime,
    /// When its pupils leave from Monday to Thursday, local wall time.
    pub exit: NaiveTime,
}

/// A pupil.
#[derive(Debug, Clone)]
pub struct SeededStudent {
    /// The pupil.
    pub student_id: StudentId,
    /// The pupil's course.
    pub course_id: CourseId,
    /// What a kiosk reads from the pupil's card.
    pub card_text: String,
}

/// A kiosk.
#[derive(Clone)]
pub struct SeededKiosk {
    /// Its id.
    pub kiosk_id: KioskId,
    /// Its gate.
    pub gate: &'static str,
    /// How it learns the direction.
    pub mode: LaneMode,
    /// Its bearer secret.
    pub secret: String,
}

impl std::fmt::Debug for SeededKiosk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SeededKiosk({}, {}, …)", self.kiosk_id, self.gate)
    }
}

/// The id of the school of a seed.
pub fn school_id(seed: u64) -> SchoolId {
    SchoolId(Uuid::new_v5(&NAMESPACE, format!("school {seed}").as_bytes()))
}

/// Writes the school of a seed, or what of it is missing, and says where everything is.
pub async fn school(write: &Write, seed: u64) -> anyhow::Result<Seeded> {
    let seeder = Seeder { write, school: school_id(seed), seed };
    let plan = generate::school(seed);
    if !seeder.is_complete().await? {
        seeder.write_all(&plan).await?;
    }
    // Last, so that all kiosks enrolled means that all else is there.
    let mut kiosks = Vec::with_capacity(KIOSKS.len());
    for (gate, mode) in KIOSKS {
        kiosks.push(seeder.kiosk(gate, mode).await?);
    }
    seeder.find(&plan, kiosks).await
}

struct Seeder<'a> {
    write: &'a Write,
    school: SchoolId,
    seed: u64,
}

impl Seeder<'_> {
    fn context(&self, what: &str) -> Context {
        let id = |what: &str| Uuid::new_v5(&NAMESPACE, format!("{} {what}", self.seed).as_bytes());
        Context {
            school: self.school,
            zone: ZONE,
            actor: Actor::cli("seed"),
            command_id: Some(CommandId(id(what))),
            correlation_id: id("correlation"),
            causation_id: None,
        }
    }

    fn kiosk_id(&self, gate: &str) -> KioskId {
        KioskId(Uuid::new_v5(&self.school.0, gate.as_bytes()))
    }

    async fn is_complete(&self) -> anyhow::Result<bool> {
        let streams: Vec<String> =
            KIOSKS.iter().map(|(gate, _)| StreamId::of(self.school, self.kiosk_id(gate)).to_string()).collect();
        let enrolled = sqlx::query_scalar!(
            r#"select count(*) as "n!" from events
               where aggregate_type = 'kiosk' and aggregate_id = any($1) and sequence = 1"#,
            &streams,
        )
        .fetch_one(self.write.pool())
        .await?;
        Ok(enrolled == i64::try_from(KIOSKS.len())?)
    }

    async fn write_all(&self, plan: &generate::School) -> anyhow::Result<()> {
        let settings =
            Settings { late_after_minutes: 5, missing_after_minutes: 15, echo_seconds: 60, ..Settings::of(ZONE) };
        let rbd = Some(format!("{RBD}-{}", national_id::check_digit(RBD)));
        let input = RegisterSchool { name: SCHOOL_NAME.to_owned(), rbd, settings };
        register_school(self.write, &self.context("register"), input).await.context("register the school")?;

        let today = self.registered_on().await?;
        let march = NaiveDate::from_ymd_opt(today.year(), 3, 1).context("no such year")?;
        // In January and February, from that day on, so that somebody is expected.
        let from = if today < march { today } else { march };
        let mut courses = Vec::with_capacity(plan.courses.len());
        for course in &plan.courses {
            let context = self.context(&format!("course {}", course.label));
            let input = OpenCourse { year: from.year(), label: course.label.clone() };
            let course_id = open_course(self.write, &context.part("open"), input).await?.course_id;
            let input = SetWeeklySchedule { course_id, effective_from: from, stays: course.stays.clone() };
            set_weekly_schedule(self.write, &context.part("schedule"), input).await?;
            courses.push(course_id);
        }
        self.make_keys(plan).await.context("make keys")?;
        // Some people to a transaction. Collected first: a closure in the stream would make the future
        // less general than `Send` needs.
        let work: Vec<_> = plan.guardians.chunks(AT_A_TIME).map(|some| self.guardians(some)).collect();
        let guardians: Vec<Vec<GuardianId>> =
            stream::iter(work).buffered(AT_ONCE).try_collect().await.context("register guardians")?;
        let guardians = guardians.concat();
        let some = plan.pupils.chunks(AT_A_TIME);
        let work: Vec<_> = some.map(|pupils| self.pupils(pupils, &courses, &guardians, from)).collect();
        stream::iter(work).buffer_unordered(AT_ONCE).try_collect::<()>().await.context("enrol pupils")
    }

    /// Everybody's keys in a few statements, in place of a commit each.
    async fn make_keys(&self, plan: &generate::School) -> anyhow::Result<()> {
        use SealingClass::{Contact, Identity};
        let guardians = plan.guardians.iter().map(|g| (subject_of(&self.guardian_context(g), "guardian"), true));
        let pupils = plan.pupils.iter().map(|p| (subject_of(&self.pupil_context(p).part("enrol"), "student"), false));
        let everybody = guardians.chain(pupils).filter_map(|(id, contact)| Some((id?, contact)));
        let keys = everybody.flat_map(|(id, contact)| [Some((id, Identity)), contact.then_some((id, Contact))]);
        let keys: Vec<_> = keys.flatten().collect();
        for some in keys.chunks(1_000) {
            self.write.vault().ensure_keys(self.school, some).await?;
        }
        Ok(())
    }

    fn guardian_context(&self, guardian: &generate::Guardian) -> Context {
        self.keyed(&format!("guardian {}", guardian.national_id.normal()))
    }

    fn pupil_context(&self, pupil: &generate::Pupil) -> Context {
        self.keyed(&format!("pupil {}", pupil.national_id.normal()))
    }

    async fn guardians(&self, some: &[generate::Guardian]) -> Result<Vec<GuardianId>, UseCaseError> {
        Ok(commit(self.write, &self.context("guardians"), &Guardians { seeder: self, some }).await?.0)
    }

    async fn pupils(
        &self,
        some: &[generate::Pupil],
        courses: &[CourseId],
        guardians: &[GuardianId],
        from: NaiveDate,
    ) -> Result<(), UseCaseError> {
        let part = Pupils { seeder: self, some, courses, guardians, from };
        commit(self.write, &self.context("pupils"), &part).await.map(|_| ())
    }

    /// A context whose id is made of something that must not be found out from it.
    fn keyed(&self, what: &str) -> Context {
        let hash = self.write.directory().hmac(self.school, Kind::NationalId, &format!("seed|{what}"));
        self.context(&hex::encode(hash))
    }

    async fn kiosk(&self, gate: &'static str, mode: LaneMode) -> anyhow::Result<SeededKiosk> {
        let input = EnrolKiosk { kiosk_id: Some(self.kiosk_id(gate)), gate: gate.to_owned(), mode };
        let enrolled = enrol_kiosk(self.write, &self.context(gate), input).await.context("enrol a kiosk")?;
        Ok(SeededKiosk { kiosk_id: enrolled.kiosk_id, gate, mode, secret: enrolled.secret.to_string() })
    }

    /// Reads back from the directory who is where: a reservation made by an interrupted run decides.
    async fn find(&self, plan: &generate::School, kiosks: Vec<SeededKiosk>) -> anyhow::Result<Seeded> {
        let directory = self.write.directory();
        let year = self.registered_on().await?.year();
        let keys: Vec<String> = plan.courses.iter().map(|c| c.label.key(year)).collect();
        let found = directory.find_many(self.school, Kind::Course, &keys).await?;
        let ids = found.into_iter().map(|e| Some(CourseId(e?.subject))).collect::<Option<Vec<_>>>();
        let ids = ids.context("a course of the seed is missing")?;
        let times = |c: &generate::Course| c.stays.first().map_or((NaiveTime::MIN, NaiveTime::MIN), |s| (s.1, s.2));
        let courses = plan.courses.iter().zip(&ids).map(|(c, id)| {
            let (entry, exit) = times(c);
            SeededCourse { course_id: *id, name: c.label.to_string(), entry, exit }
        });
        let courses = courses.collect();
        let runs: Vec<String> = plan.pupils.iter().map(|p| p.national_id.normal()).collect();
        let found = directory.find_many(self.school, Kind::NationalId, &runs).await?;
        let cards: HashMap<Uuid, Uuid> = sqlx::query!(
            r#"select owner_id as "owner_id!", subject_id from directory
               where school_id = $1 and kind = 'card' and owner_id is not null"#,
            self.school.0,
        )
        .fetch_all(self.write.pool())
        .await?
        .into_iter()
        .map(|row| (row.owner_id, row.subject_id))
        .collect();
        // Whoever was erased since, or lost the card, is left out.
        let students = plan.pupils.iter().zip(found).filter_map(|(pupil, entry)| {
            let student = entry?.subject;
            let credential = CredentialId(*cards.get(&student)?);
            let (student_id, card_text) = (StudentId(student), card::encode(credential));
            Some(SeededStudent { student_id, course_id: *ids.get(pupil.course)?, card_text })
        });
        let students = students.collect();
        Ok(Seeded { school_id: self.school, courses, students, kiosks })
    }

    /// The local date of the first run: a later one, be it next year, means the same school year.
    async fn registered_on(&self) -> anyhow::Result<NaiveDate> {
        let stream = StreamId::of(self.school, self.school);
        let recorded: chrono::DateTime<chrono::Utc> = sqlx::query_scalar!(
            "select occurred_at from events where aggregate_type = 'school' and aggregate_id = $1 and sequence = 1",
            stream.as_str(),
        )
        .fetch_one(self.write.pool())
        .await?;
        Ok(zone::local_date(recorded, ZONE))
    }
}

/// Some guardians, each under a context of their own: a run that was interrupted left all of them or
/// none.
struct Guardians<'a> {
    seeder: &'a Seeder<'a>,
    some: &'a [generate::Guardian],
}

impl Part for Guardians<'_> {
    type Answer = Vec<GuardianId>;

    async fn enter(&self, write: &Write, _: &Context, unit: &mut Unit) -> Result<Vec<GuardianId>, UseCaseError> {
        let mut ids = Vec::with_capacity(self.some.len());
        for guardian in self.some {
            let new = RegisterGuardian {
                name: guardian.name.clone(),
                national_id: Some(guardian.national_id.clone()),
                phone: Some(guardian.phone.clone()),
                mail: Some(guardian.mail.clone()),
                within: None,
            };
            ids.push(new.enter(write, &self.seeder.guardian_context(guardian), unit).await?);
        }
        Ok(ids)
    }
}

/// Some pupils with links and cards.
struct Pupils<'a> {
    seeder: &'a Seeder<'a>,
    some: &'a [generate::Pupil],
    courses: &'a [CourseId],
    guardians: &'a [GuardianId],
    from: NaiveDate,
}

impl Part for Pupils<'_> {
    type Answer = ();

    #[expect(clippy::indexing_slicing, reason = "a plan's own numbers")]
    async fn enter(&self, write: &Write, _: &Context, unit: &mut Unit) -> Result<(), UseCaseError> {
        for pupil in self.some {
            let context = self.seeder.pupil_context(pupil);
            let new = EnrolStudent {
                given_names: pupil.given_names.clone(),
                family_names: pupil.family_names.clone(),
                national_id: Some(pupil.national_id.clone()),
                course_id: self.courses[pupil.course],
                from: self.from,
            };
            let student_id = new.enter(write, &context.part("enrol"), unit).await?;
            for (i, rights) in &pupil.guardians {
                let guardian_id = self.guardians[*i];
                let link = LinkGuardian { student_id, guardian_id, rights: *rights };
                link.enter(write, &context.part(&format!("link {guardian_id}")), unit).await?;
            }
            let card = IssueCredential { student_id, card: NewCard::Qr };
            card.enter(write, &context.part("card"), unit).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
