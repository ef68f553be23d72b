//! Which guardian a row's cells mean, and what all rows together say about each.

use super::names::{keep_better, same_person_name};
use super::planner::Planner;
use super::{Field, GuardianFields, GuardianWork, PupilWork, rights_of};
use crate::use_cases::import_roster::problem::{Place, Problem, ProblemKind};
use crate::use_cases::import_roster::register::{KnownGuardian, KnownPupil};
use crate::use_cases::import_roster::row::GuardianCells;
use crate::use_cases::people::fold;
use domain::values::national_id::NationalId;

/// Which row of the file first said a guardian's name, phone and mail.
#[derive(Clone, Copy, Default)]
pub(super) struct SetBy {
    name: Option<u32>,
    phone: Option<u32>,
    mail: Option<u32>,
}

/// A guardian cell group placed: which entry of the plan it belongs to (one past the end: new), and
/// what that entry becomes.
pub(super) struct Placed {
    pub(super) index: usize,
    pub(super) work: GuardianWork,
    pub(super) set_by: SetBy,
    pub(super) place: usize,
}

impl Planner<'_> {
    /// Which guardian the cells mean: by RUN; else by name with the same phone or mail; else the
    /// pupil's own guardian of that name; else a new one.
    pub(super) fn place_guardian(
        &self,
        cells: &GuardianCells,
        pupil: Option<&KnownPupil>,
        row: u32,
        placed: &[Placed],
    ) -> Result<Placed, Problem> {
        let wanted = GuardianFields {
            name: cells.name.clone(),
            national_id: cells.national_id.as_ref().map(NationalId::normal),
            phone: cells.phone.as_ref().map(|p| p.e164().to_owned()),
            mail: cells.mail.as_ref().map(|m| m.as_str().to_owned()),
        };
        let planned = |by: &dyn Fn(&GuardianFields) -> bool| {
            let of_row = placed.iter().find(|p| by(&p.work.fields)).map(|p| (p.index, p.work.clone(), p.set_by));
            of_row.or_else(|| {
                let index = self.plan.guardians.iter().position(|w| by(&w.fields))?;
                Some((index, self.plan.guardians[index].clone(), self.set_by[index]))
            })
        };
        let registered = |by: &dyn Fn(&KnownGuardian) -> bool| {
            let known = self.register.guardians().find(|g| by(g))?;
            // One that an earlier row changed is in the plan, with the change.
            let index = self.guardian_of.get(&known.id).copied();
            let of_row = placed.iter().find(|p| p.work.known == Some(known.id));
            Some(match (of_row, index) {
                (Some(p), _) => (p.index, p.work.clone(), p.set_by),
                (None, Some(i)) => (i, self.plan.guardians[i].clone(), self.set_by[i]),
                (None, None) => (self.free_index(placed), work_of(known), SetBy::default()),
            })
        };
        let same_run = |f: &GuardianFields| f.national_id.is_some() && f.national_id == wanted.national_id;
        let same_contact = |f: &GuardianFields| {
            let run_differs =
                f.national_id.is_some() && wanted.national_id.is_some() && f.national_id != wanted.national_id;
            let shares = (f.phone.is_some() && f.phone == wanted.phone) || (f.mail.is_some() && f.mail == wanted.mail);
            !run_differs && shares && fold(&f.name) == fold(&wanted.name)
        };
        let own = |g: &KnownGuardian| {
            let run_differs = g.fields.national_id.is_some()
                && wanted.national_id.is_some()
                && g.fields.national_id != wanted.national_id;
            pupil.is_some_and(|p| p.guardians.contains_key(&g.id))
                && !run_differs
                && fold(&g.fields.name) == fold(&wanted.name)
        };
        let (index, work, set_by) = planned(&same_run)
            .or_else(|| registered(&|g| same_run(&g.fields)))
            .or_else(|| planned(&same_contact))
            .or_else(|| registered(&|g| same_contact(&g.fields)))
            .or_else(|| registered(&own))
            .unwrap_or_else(|| {
                let work = GuardianWork { known: None, sequence: 0, fields: GuardianFields::default(), before: None };
                (self.free_index(placed), work, SetBy::default())
            });
        merge(work, set_by, wanted, row, cells.place).map(|(work, set_by)| Placed {
            index,
            work,
            set_by,
            place: cells.place,
        })
    }

    fn free_index(&self, placed: &[Placed]) -> usize {
        let of_row = placed.iter().map(|p| p.index + 1).max().unwrap_or(0);
        self.plan.guardians.len().max(of_row)
    }

    /// Enters a good row's guardians into the plan, and the links into the pupil's work.
    pub(super) fn enter_guardians(&mut self, known: Option<&KnownPupil>, placed: Vec<Placed>, work: &mut PupilWork) {
        for one in placed {
            let before = self.plan.guardians.get(one.index).map(|w| &w.fields).or(one.work.before.as_ref());
            match before {
                None => work.fields.push(Field::Guardian),
                Some(before) => {
                    let after = &one.work.fields;
                    for (is, field) in [
                        (before.national_id != after.national_id, Field::GuardianRun),
                        (before.name != after.name, Field::GuardianName),
                        (before.phone != after.phone, Field::GuardianPhone),
                        (before.mail != after.mail, Field::GuardianMail),
                    ] {
                        if is {
                            work.fields.push(field);
                        }
                    }
                }
            }
            match one.work.known.and_then(|id| known.and_then(|p| p.guardians.get(&id))) {
                Some(true) => {}
                Some(false) => work.kept_unlinked += 1,
                None => {
                    work.links.push((one.index, rights_of(one.place)));
                    work.fields.push(Field::GuardianLink);
                }
            }
            work.guardians.push(one.index);
            if let Some(id) = one.work.known {
                self.guardian_of.insert(id, one.index);
            }
            if one.index < self.plan.guardians.len() {
                self.plan.guardians[one.index] = one.work;
                self.set_by[one.index] = one.set_by;
            } else {
                self.plan.guardians.push(one.work);
                self.set_by.push(one.set_by);
            }
        }
    }
}

fn work_of(known: &KnownGuardian) -> GuardianWork {
    GuardianWork {
        known: Some(known.id),
        sequence: known.sequence,
        fields: known.fields.clone(),
        before: Some(known.fields.clone()),
    }
}

/// Puts what a row says over what is known, unless an earlier row of the file said otherwise: with
/// two answers in one file, which of them wins would depend on the order, and a second run would
/// change it back.
fn merge(
    mut work: GuardianWork,
    mut set_by: SetBy,
    wanted: GuardianFields,
    row: u32,
    place: usize,
) -> Result<(GuardianWork, SetBy), Problem> {
    let contradiction = |place, first_row| Err(Problem::at(place, ProblemKind::GuardianContradiction { first_row }));
    let mut name = wanted.name;
    keep_better(&work.fields.name, &mut name);
    match set_by.name {
        Some(first) if !same_person_name(&work.fields.name, &name) => {
            return contradiction(Place::GuardianName(place), first);
        }
        Some(_) => {}
        None => (work.fields.name, set_by.name) = (name, Some(row)),
    }
    for (had, new, set, place) in [
        (&mut work.fields.phone, wanted.phone, &mut set_by.phone, Place::GuardianPhone(place)),
        (&mut work.fields.mail, wanted.mail, &mut set_by.mail, Place::GuardianMail(place)),
    ] {
        let Some(new) = new else { continue };
        match *set {
            Some(first) if had.as_ref() != Some(&new) => return contradiction(place, first),
            Some(_) => {}
            None => (*had, *set) = (Some(new), Some(row)),
        }
    }
    // It may come with a later row, or list. Two that differ are two people and never get here.
    if work.fields.national_id.is_none() {
        work.fields.national_id = wanted.national_id;
    }
    Ok((work, set_by))
}
