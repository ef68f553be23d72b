//! Links an adult to a pupil: one of the register, or a new one, in one transaction with the link.

use crate::context::Context;
use crate::directory::Kind;
use crate::use_cases::error::UseCaseError;
use crate::use_cases::link_guardian::{LinkGuardian, link_guardian};
use crate::use_cases::part::{Part, commit};
use crate::use_cases::register_guardian::{RegisterGuardian, natural_key};
use crate::write::{Done, Unit, Write};
use domain::student::GuardianRights;
use domain::{GuardianId, StudentId};

/// Somebody who is to be a pupil's guardian. Holds personal data in clear: neither `Debug` nor `Display`.
#[derive(Clone)]
pub struct AddGuardian {
    /// The pupil.
    pub student_id: StudentId,
    /// Who it is.
    pub guardian: RegisterGuardian,
    /// What the guardian may do for this pupil.
    pub rights: GuardianRights,
}

/// The guardian as linked.
#[derive(Debug, Clone, Copy)]
pub struct AddedGuardian {
    /// The guardian.
    pub guardian_id: GuardianId,
    /// Whether the register had the guardian already: what was said of name and contact was not taken.
    pub known: bool,
    /// The last event.
    pub done: Done,
}

impl Part for AddGuardian {
    type Answer = GuardianId;

    async fn enter(&self, write: &Write, context: &Context, unit: &mut Unit) -> Result<GuardianId, UseCaseError> {
        let guardian_id = self.guardian.enter(write, &context.part("guardian"), unit).await?;
        let link = LinkGuardian { student_id: self.student_id, guardian_id, rights: self.rights };
        link.enter(write, &context.part("link"), unit).await?;
        Ok(guardian_id)
    }
}

/// Links. Who is in the register by RUN, or by name and contact, is linked as is: a brother's mother is entered once.
pub async fn add_guardian(write: &Write, context: &Context, input: AddGuardian) -> Result<AddedGuardian, UseCaseError> {
    let who = &input.guardian;
    let key = natural_key(who.name.trim(), who.national_id.as_ref(), who.phone.as_ref(), who.mail.as_ref());
    let known = match key {
        Some(key) => write.directory().find(context.school, Kind::Guardian, &key).await?,
        None => None,
    };
    if let Some(known) = known {
        let guardian_id = GuardianId(known.subject);
        let link = LinkGuardian { student_id: input.student_id, guardian_id, rights: input.rights };
        let done = link_guardian(write, context, link).await?;
        return Ok(AddedGuardian { guardian_id, known: true, done });
    }
    let (guardian_id, all) = commit(write, context, &input).await?;
    Ok(AddedGuardian { guardian_id, known: false, done: all.last().copied().unwrap_or(Done::NOTHING) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;
    use crate::use_cases::{
        ChangeGuardianLink, CourseLabel, EnrolStudent, Grade, OpenCourse, change_guardian_link, enrol_student,
        open_course,
    };
    use domain::student;
    use domain::values::national_id::NationalId;

    const MAY: GuardianRights =
        GuardianRights { legal: true, notify: true, may_collect: true, may_view: true, restricted: false };

    async fn pupil(world: &World, name: &str) -> StudentId {
        let (context, label) = (world.context(), CourseLabel::new(Grade::Basic(1), name));
        let course = open_course(&world.write, &context, OpenCourse { year: 2026, label }).await.unwrap();
        let input = EnrolStudent {
            given_names: name.to_owned(),
            family_names: "Pérez".to_owned(),
            national_id: None,
            course_id: course.course_id,
            from: "2026-03-02".parse().unwrap(),
        };
        enrol_student(&world.write, &context, input).await.unwrap().student_id
    }

    #[tokio::test]
    async fn a_new_guardian_is_registered_and_linked_at_once_and_one_of_the_register_is_linked() {
        let world = World::new().await;
        let (ana, eva) = (pupil(&world, "A").await, pupil(&world, "B").await);
        let guardian = RegisterGuardian {
            name: "Marta Soto".to_owned(),
            national_id: Some(NationalId::from_number(12_345_678).unwrap()),
            phone: None,
            mail: None,
            within: None,
        };
        let add = |student_id, rights| AddGuardian { student_id, guardian: guardian.clone(), rights };
        let first = add_guardian(&world.write, &world.context(), add(ana, MAY)).await.unwrap();
        let second = add_guardian(&world.write, &world.context(), add(eva, MAY)).await.unwrap();
        assert_eq!((first.known, second.known, first.guardian_id), (false, true, second.guardian_id));
        // The same again changes nothing; with other rights it is a change, which has a command of its own.
        let again = add_guardian(&world.write, &world.context(), add(eva, MAY)).await.unwrap();
        assert_eq!(again.done.events, 0);
        let barred = GuardianRights { restricted: true, ..MAY };
        let refused = add_guardian(&world.write, &world.context(), add(eva, barred)).await.map(|added| added.done);
        assert!(matches!(refused, Err(UseCaseError::Student(student::Error::GuardianAlreadyLinked))), "{refused:?}");
        let change = |rights| ChangeGuardianLink { student_id: eva, guardian_id: first.guardian_id, rights };
        for (rights, events) in [(Some(barred), 1), (Some(barred), 0), (None, 1), (None, 0)] {
            let done = change_guardian_link(&world.write, &world.context(), change(rights)).await.unwrap();
            assert_eq!(done.events, events, "{rights:?}");
        }
        let unknown = AddGuardian { student_id: StudentId(uuid::Uuid::from_u128(9)), ..add(ana, MAY) };
        assert!(add_guardian(&world.write, &world.context(), unknown).await.is_err());
    }
}
