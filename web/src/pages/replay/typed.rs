//! The form of `/auditoria` as it was typed, in an address that can be kept.

use super::super::staff::form::Refusal;
use crate::i18n::key;
use crate::replay::{Asked, Wanted, moment};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use domain::values::school_date;
use domain::{CourseId, KioskId, StudentId};
use std::collections::HashSet;

/// The longest text of a field.
const LONGEST: usize = 200;

/// What was typed, or chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::pages) struct Typed {
    /// The school day.
    pub date: String,
    /// About which hour of it.
    pub time: String,
    /// As known when, if not in that hour.
    pub known: String,
    /// A part of a pupil's name, or an id.
    pub pupil: String,
    /// A course's id.
    pub course: String,
    /// An actor.
    pub actor: String,
    /// A kiosk's id.
    pub kiosk: String,
    /// Everybody, not only who stands otherwise.
    pub all: bool,
    /// How many pupils were shown before.
    pub from: usize,
}

impl Typed {
    pub(super) fn read(query: &[u8]) -> Self {
        let mut typed = Self::default();
        for (name, value) in form_urlencoded::parse(query) {
            let text: String = value.trim().chars().filter(|c| !c.is_control()).take(LONGEST).collect();
            match name.as_ref() {
                "fecha" => typed.date = text,
                "hora" => typed.time = text,
                "sabido" => typed.known = text,
                "alumno" => typed.pupil = text,
                "curso" => typed.course = text,
                "persona" => typed.actor = text,
                "lector" => typed.kiosk = text,
                "ver" => typed.all = text == "todos",
                "desde" => typed.from = text.parse().unwrap_or(0),
                _ => {}
            }
        }
        typed
    }

    /// Fills in what was left empty: today as it is now, another day as it ended.
    pub(super) fn fill(&mut self, now: DateTime<Tz>) {
        let today = now.date_naive();
        if self.date.is_empty() {
            self.date = today.to_string();
        }
        if self.time.is_empty() {
            let is_today = self.date() == Some(today);
            self.time = if is_today { now.format("%H:%M").to_string() } else { "23:59".to_owned() };
        }
    }

    pub(in crate::pages) fn date(&self) -> Option<NaiveDate> {
        self.date.parse().ok().and_then(|date| school_date::date(date).ok())
    }

    /// The moment that is asked for; later than now is refused where the log is read.
    pub(super) fn moment(&self, zone: Tz, now: DateTime<Utc>) -> Result<Asked, Refusal> {
        let date = self.date().ok_or(Refusal::of(&["fecha"], key("replay-wrong-date")))?;
        let at = crate::replay::wall(&self.time).and_then(|_| moment(&self.time, date, zone));
        let at = at.ok_or(Refusal::of(&["hora"], key("replay-wrong-time")))?;
        let known = match self.known.as_str() {
            "" => at,
            text => moment(text, date, zone).ok_or(Refusal::of(&["sabido"], key("replay-wrong-known")))?,
        };
        // A day to come is shown as it is known now: nothing of it has happened.
        let future = date > now.with_timezone(&zone).date_naive() && self.known.is_empty();
        let known = if future { now } else { known };
        Ok(Asked { date, as_of: Some(known), at: Some(at.min(if future { now } else { at })) })
    }

    /// The pupils that a text means: one by id, or all whose name holds each of its words.
    pub(super) fn pupils(
        &self,
        name: impl Fn(StudentId) -> String,
        all: impl Iterator<Item = StudentId>,
    ) -> Option<HashSet<StudentId>> {
        if self.pupil.is_empty() {
            return None;
        }
        if let Ok(id) = self.pupil.parse() {
            return Some(HashSet::from([id]));
        }
        let words: Vec<String> = self.pupil.split_whitespace().map(plain).collect();
        let named = |id: &StudentId| {
            let name = plain(&name(*id));
            words.iter().all(|word| name.contains(word.as_str()))
        };
        Some(all.filter(named).collect())
    }

    /// Whom of the day. Whoever asks for a pupil, a course, a person or a gate wants all of it.
    pub(super) fn wanted(&self, students: Option<HashSet<StudentId>>) -> Wanted {
        let course: Option<CourseId> = self.course.parse().ok();
        let kiosk: Option<KioskId> = self.kiosk.parse().ok();
        let actor = Some(self.actor.clone()).filter(|actor| !actor.is_empty());
        Wanted { course, students, actor, kiosk, changed: !self.all }
    }

    /// The address of the same at another hour, with nothing shown before.
    pub(super) fn query(&self, school: uuid::Uuid) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("colegio", &school.to_string());
        let fields = [
            ("fecha", &self.date),
            ("hora", &self.time),
            ("sabido", &self.known),
            ("alumno", &self.pupil),
            ("curso", &self.course),
            ("persona", &self.actor),
            ("lector", &self.kiosk),
        ];
        for (name, value) in fields.into_iter().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(name, value);
        }
        if self.all {
            query.append_pair("ver", "todos");
        }
        query.finish()
    }
}

/// Without accents and capitals, as people search.
fn plain(text: &str) -> String {
    let letter = |c: char| match c {
        'á' | 'à' | 'ä' => 'a',
        'é' | 'è' | 'ë' => 'e',
        'í' | 'ì' | 'ï' => 'i',
        'ó' | 'ò' | 'ö' => 'o',
        'ú' | 'ù' | 'ü' => 'u',
        'ñ' => 'n',
        other => other,
    };
    text.to_lowercase().chars().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pupil_is_found_by_parts_of_the_name_without_accents() {
        let of = |text: &str| Typed { pupil: text.to_owned(), ..Typed::default() };
        let (ana, ida) = (StudentId(uuid::Uuid::from_u128(1)), StudentId(uuid::Uuid::from_u128(2)));
        let name = |id| if id == ana { "Ana Pérez Núñez".to_owned() } else { "Ida Soto".to_owned() };
        let found = |text: &str| of(text).pupils(name, [ana, ida].into_iter());
        assert_eq!(found(""), None);
        assert_eq!(found("nunez ANA"), Some(HashSet::from([ana])));
        assert_eq!(found("a"), Some(HashSet::from([ana, ida])));
        assert_eq!(found(&ida.to_string()), Some(HashSet::from([ida])));
        assert_eq!(found("nadie"), Some(HashSet::new()));
    }

    #[test]
    fn what_is_typed_stays_in_the_address() {
        let typed = Typed::read(b"fecha=2026-11-23&hora=08:20&alumno=Ana%20P%C3%A9rez%00&ver=todos&desde=100&otro=1");
        assert_eq!((typed.pupil.as_str(), typed.all, typed.from), ("Ana Pérez", true, 100));
        let again = Typed::read(typed.query(uuid::Uuid::nil()).as_bytes());
        assert_eq!(again, Typed { from: 0, ..typed });
    }
}
