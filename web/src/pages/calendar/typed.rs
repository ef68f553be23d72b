//! What the form of a day holds, as it was typed, and the day that it means.

use super::super::staff::form::Refusal;
use crate::calendar::{Kind, Missing, Said, time, weekday};
use crate::i18n::key;
use chrono::{NaiveDate, NaiveTime};
use domain::calendar::{CourseDay, DayError, Reason, Resolution, SchoolDay};
use domain::values::school_date;
use domain::{CourseId, SchoolId};

/// The form as it was typed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(in crate::pages) struct Typed {
    /// The date.
    pub date: String,
    /// The kind's code.
    pub kind: String,
    /// The reason's code.
    pub reason: String,
    /// The resolution's number.
    pub resolution: String,
    /// The holiday's name.
    pub name: String,
    /// When a half day ends.
    pub exit: String,
    /// The weekday that a recovery follows, 1 is Monday.
    pub weekday: String,
    /// Or from when on it is held.
    pub from: String,
    /// And until when.
    pub to: String,
    /// Ids of the courses that it is for; none: the whole school.
    pub courses: Vec<String>,
    /// What will happen was shown.
    pub sure: bool,
}

/// What is to be done.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Wanted {
    /// The local date.
    pub date: NaiveDate,
    /// What becomes of it.
    pub day: WantedDay,
}

/// Of whom.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum WantedDay {
    /// The whole school.
    School(SchoolDay),
    /// These courses.
    Courses(Vec<CourseId>, CourseDay),
}

impl Typed {
    /// Out of a query or a form; what is not of the form is passed over.
    pub(in crate::pages) fn read(encoded: &[u8]) -> Self {
        Self::of(form_urlencoded::parse(encoded).into_owned())
    }

    /// The same out of what was decoded.
    pub(super) fn of(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut typed = Self::default();
        for (name, value) in pairs {
            let value = value.trim().to_owned();
            match name.as_str() {
                "fecha" => typed.date = value,
                "tipo" => typed.kind = value,
                "motivo" => typed.reason = value,
                "resolucion" => typed.resolution = value,
                "nombre" => typed.name = value,
                "salida" => typed.exit = value,
                "dia" => typed.weekday = value,
                "desde" => typed.from = value,
                "hasta" => typed.to = value,
                "curso" => typed.courses.push(value),
                "seguro" => typed.sure = value == "si",
                _ => {}
            }
        }
        typed
    }

    /// The kind; that of most mornings if none was chosen.
    pub(super) fn kind(&self) -> Kind {
        Kind::from_code(&self.kind).unwrap_or(Kind::NoClasses)
    }

    /// The date, if it is one that a school can mean.
    pub(super) fn date(&self) -> Option<NaiveDate> {
        self.date.parse().ok().and_then(|date| school_date::date(date).ok())
    }

    /// What the form means, checked as the log will.
    pub(super) fn wanted(&self, school: SchoolId) -> Result<Wanted, Refusal> {
        let date = self.date().ok_or(Refusal::of(&["fecha"], key("calendar-date-wrong")))?;
        let kind = self.kind();
        let reason = match self.reason.as_str() {
            "" => None,
            code => Some(Reason::from_code(code).ok_or(Refusal::of(&["motivo"], key("calendar-reason-missing")))?),
        };
        let wall = |text: &str, refusal: Refusal| -> Result<Option<NaiveTime>, Refusal> {
            if text.is_empty() { Ok(None) } else { time(text).map(Some).ok_or(refusal) }
        };
        let own = Refusal::of(&["desde", "hasta"], key("calendar-times-wrong"));
        let stays = match (wall(&self.from, own)?, wall(&self.to, own)?) {
            (Some(from), Some(to)) => vec![(from, to)],
            (None, None) => Vec::new(),
            _ => return Err(own),
        };
        let said = Said {
            name: self.name.clone(),
            reason,
            resolution: Some(&self.resolution)
                .filter(|number| !number.is_empty() && kind == Kind::NoClasses)
                .map(|number| Resolution { number: number.clone(), date: None }),
            weekday: self.weekday.parse().ok().and_then(weekday),
            stays,
            exit: wall(&self.exit, Refusal::of(&["salida"], key("calendar-exit-wrong")))?,
        };
        let day = if self.courses.is_empty() {
            let day = said.of_school(kind, school, date).map_err(missing)?;
            WantedDay::School(day.checked().map_err(wrong)?)
        } else {
            let ids: Option<Vec<CourseId>> = self.courses.iter().map(|id| id.parse().ok()).collect();
            let ids = ids.ok_or(Refusal::whole(key("calendar-course-unknown")))?;
            let day = said.of_course(kind, date).map_err(missing)?;
            WantedDay::Courses(ids, day.checked().map_err(wrong)?)
        };
        Ok(Wanted { date, day })
    }
}

fn missing(missing: Missing) -> Refusal {
    match missing {
        Missing::Reason => Refusal::of(&["motivo"], key("calendar-reason-missing")),
        Missing::Times => Refusal::of(&["dia", "desde", "hasta"], key("calendar-times-missing")),
        Missing::Exit => Refusal::of(&["salida"], key("calendar-exit-wrong")),
        Missing::WholeSchool => Refusal::whole(key("calendar-holiday-whole")),
    }
}

fn wrong(error: DayError) -> Refusal {
    match error {
        DayError::Date(_) => Refusal::of(&["fecha"], key("calendar-date-wrong")),
        DayError::HolidayName(_) => Refusal::of(&["nombre"], key("calendar-name-wrong")),
        DayError::Resolution | DayError::ResolutionDate(_) => {
            Refusal::of(&["resolucion"], key("calendar-resolution-wrong"))
        }
        DayError::HalfDayTooEarly => Refusal::of(&["salida"], key("calendar-exit-wrong")),
        DayError::NoSlots
        | DayError::TooManySlots
        | DayError::SlotEndsBeforeItBegins
        | DayError::SlotsOverlap
        | DayError::SlotIdTwice => Refusal::of(&["desde", "hasta"], key("calendar-times-wrong")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn school() -> SchoolId {
        SchoolId(Uuid::from_u128(1))
    }

    fn refused(form: &str) -> Refusal {
        Typed::read(form.as_bytes()).wanted(school()).unwrap_err()
    }

    #[test]
    fn what_is_wrong_is_said_at_its_field() {
        let of = |fields: &'static [&'static str], why| Refusal::of(fields, why);
        let date = of(&["fecha"], "calendar-date-wrong");
        assert_eq!(refused("tipo=outing"), date);
        assert_eq!(refused("tipo=outing&fecha=2026-02-30"), date);
        assert_eq!(refused("tipo=outing&fecha=0026-03-16"), date);
        let reason = of(&["motivo"], "calendar-reason-missing");
        assert_eq!(refused("tipo=no_classes&fecha=2026-03-16"), reason);
        assert_eq!(refused("tipo=no_classes&fecha=2026-03-16&motivo=lluvia"), reason);
        let resolution = refused("tipo=no_classes&fecha=2026-03-16&motivo=weather&resolucion=x");
        assert_eq!(resolution, of(&["resolucion"], "calendar-resolution-wrong"));
        let exit = of(&["salida"], "calendar-exit-wrong");
        assert_eq!(refused("tipo=half_day&fecha=2026-03-16&motivo=weather"), exit);
        assert_eq!(refused("tipo=half_day&fecha=2026-03-16&motivo=weather&salida=mediod%C3%ADa"), exit);
        assert_eq!(refused("tipo=half_day&fecha=2026-03-16&motivo=weather&salida=05:00"), exit);
        let times = refused("tipo=recovery&fecha=2026-03-21");
        assert_eq!(times, of(&["dia", "desde", "hasta"], "calendar-times-missing"));
        let turned = of(&["desde", "hasta"], "calendar-times-wrong");
        assert_eq!(refused("tipo=recovery&fecha=2026-03-21&desde=13:00&hasta=09:00"), turned);
        assert_eq!(refused("tipo=recovery&fecha=2026-03-21&desde=09:00"), turned);
        assert_eq!(refused("tipo=holiday&fecha=2026-03-16&nombre="), of(&["nombre"], "calendar-name-wrong"));
        let course = Uuid::from_u128(2);
        let holiday = refused(&format!("tipo=holiday&fecha=2026-03-16&nombre=X&curso={course}"));
        assert_eq!(holiday, Refusal::whole("calendar-holiday-whole"));
        assert_eq!(refused("tipo=outing&fecha=2026-03-16&curso=1"), Refusal::whole("calendar-course-unknown"));
    }

    #[test]
    fn a_form_is_of_the_whole_school_unless_courses_are_ticked() {
        let wanted = |form: &str| Typed::read(form.as_bytes()).wanted(school()).unwrap().day;
        assert_eq!(wanted("tipo=outing&fecha=2026-03-16"), WantedDay::School(SchoolDay::Outing));
        let ids = [2, 3].map(|n| CourseId(Uuid::from_u128(n)));
        let form = format!("tipo=outing&fecha=2026-03-16&curso={}&curso={}", ids[0], ids[1]);
        let WantedDay::Courses(of, day) = wanted(&form) else { panic!("of courses") };
        assert_eq!((of, day.reason), (ids.to_vec(), Reason::Outing));
    }
}
