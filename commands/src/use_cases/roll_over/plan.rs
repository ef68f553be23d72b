//! Which courses a new year needs, and where everybody goes: from what exists, and from nothing else.

use crate::use_cases::course_label::{CourseLabel, Grade};
use chrono::{NaiveDate, NaiveTime, Weekday};
use domain::course::{Facts, Shift};
use domain::{CourseId, StudentId};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What is asked for.
#[derive(Debug, Clone)]
pub struct RollOver {
    /// The new school year.
    pub year: i32,
    /// Its first day of classes, local.
    pub from: NaiveDate,
    /// Who repeats the grade.
    pub repeat: BTreeSet<StudentId>,
}

/// What exists.
#[derive(Debug, Default)]
pub struct Existing {
    /// The courses that are open, of whatever year.
    pub courses: Vec<(CourseId, Facts)>,
    /// Who is enrolled, and in which course they are or will be.
    pub pupils: Vec<(StudentId, CourseId)>,
}

/// A week's stays: weekday, entry, exit.
pub type Week = Vec<(Weekday, NaiveTime, NaiveTime)>;

/// A course of the new year.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedCourse {
    /// What it is called.
    pub label: CourseLabel,
    /// It, if it is open already.
    pub course: Option<CourseId>,
    /// The week to be set; none if it has one, or nobody knows one.
    pub week: Option<Week>,
    /// The shift to be said; none if it has one, or nobody knows one.
    pub shift: Option<Shift>,
    /// Who is in it already.
    pub there: usize,
    /// Who comes from another grade.
    pub promoted: usize,
    /// Who repeats.
    pub repeating: usize,
}

/// Where a pupil goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goes {
    /// Into this course of the plan.
    To(usize),
    /// There is no next grade at this school.
    Leaves,
}

/// What a roll-over would do.
#[derive(Debug, Default, PartialEq)]
pub struct Plan {
    /// The courses of the new year, by grade and letter.
    pub courses: Vec<PlannedCourse>,
    /// Those of the year before that can be told apart by grade.
    pub old: Vec<CourseId>,
    /// Everybody who has no place in the new year yet.
    pub pupils: Vec<(StudentId, Goes)>,
    /// Names of courses of the year before whose grade is none that this program knows: nobody of them is moved.
    pub unknown: Vec<String>,
}

impl Plan {
    /// How many leave.
    pub fn leaving(&self) -> usize {
        self.pupils.iter().filter(|(_, goes)| *goes == Goes::Leaves).count()
    }
}

/// Plans. Whoever ends the highest grade of a school that has no next one leaves: 8° básico where there is no media,
/// kínder where there is no básica.
pub fn plan(existing: &Existing, asked: &RollOver) -> Plan {
    let (mut old, mut new, mut unknown) = (BTreeMap::new(), HashMap::new(), Vec::new());
    for (id, facts) in &existing.courses {
        match label(facts) {
            Some(label) if facts.year == asked.year => {
                new.insert(label, (*id, facts));
            }
            Some(label) if facts.year == asked.year - 1 => {
                old.insert(label, (*id, facts));
            }
            None if facts.year == asked.year - 1 => unknown.push(facts.name.clone()),
            _ => {}
        }
    }
    let grades: BTreeSet<_> = old.keys().map(|label: &CourseLabel| stage(label.grade)).collect();
    let next = |label: &CourseLabel| {
        let grade = label.grade.next().filter(|grade| grades.contains(&stage(*grade)))?;
        Some(CourseLabel { grade, ..label.clone() })
    };
    let labels: BTreeSet<CourseLabel> = old.keys().cloned().chain(old.keys().filter_map(&next)).collect();
    let mut courses: Vec<PlannedCourse> = Vec::with_capacity(labels.len());
    for label in labels {
        // Of a grade that had no such letter, the week of those who come into it.
        let before = old
            .get(&label)
            .or_else(|| old.iter().find(|(from, _)| next(from).as_ref() == Some(&label)).map(|(_, found)| found));
        let there = new.get(&label);
        let week = before.and_then(|(_, facts)| last_week(facts));
        let shift = before.and_then(|(_, facts)| facts.shift);
        courses.push(PlannedCourse {
            course: there.map(|(id, _)| *id),
            week: week.filter(|_| there.is_none_or(|(_, facts)| facts.schedules.is_empty())),
            shift: shift.filter(|_| there.is_none_or(|(_, facts)| facts.shift.is_none())),
            there: there.map_or(0, |(id, _)| existing.pupils.iter().filter(|(_, course)| course == id).count()),
            promoted: 0,
            repeating: 0,
            label,
        });
    }
    let places: HashMap<CourseLabel, usize> =
        courses.iter().enumerate().map(|(n, course)| (course.label.clone(), n)).collect();
    let labels: HashMap<CourseId, &CourseLabel> = old.iter().map(|(label, (id, _))| (*id, label)).collect();
    let mut pupils = Vec::new();
    for (student, course) in &existing.pupils {
        let Some(label) = labels.get(course) else { continue };
        let repeats = asked.repeat.contains(student);
        let into = if repeats { Some((*label).clone()) } else { next(label) };
        let goes = into.and_then(|label| places.get(&label).copied()).map_or(Goes::Leaves, Goes::To);
        if let Goes::To(n) = goes
            && let Some(course) = courses.get_mut(n)
        {
            if repeats { course.repeating += 1 } else { course.promoted += 1 }
        }
        pupils.push((*student, goes));
    }
    let old = old.into_values().map(|(id, _)| id).collect();
    Plan { courses, old, pupils, unknown }
}

/// Which part of school life a grade is of: a school has some of them.
fn stage(grade: Grade) -> u8 {
    match grade {
        Grade::Transition(_) => 0,
        Grade::Basic(_) => 1,
        Grade::Middle(_) => 2,
    }
}

fn label(facts: &Facts) -> Option<CourseLabel> {
    let grade = Grade::of_level(&facts.level)?;
    let specialty = CourseLabel::parse(&facts.name).map(|label| label.specialty).unwrap_or_default();
    Some(CourseLabel { grade, letter: facts.letter.clone(), specialty })
}

fn last_week(facts: &Facts) -> Option<Week> {
    let (_, slots) = facts.schedules.last_key_value()?;
    Some(slots.iter().map(|slot| (slot.weekday, slot.entry, slot.exit)).collect())
}
