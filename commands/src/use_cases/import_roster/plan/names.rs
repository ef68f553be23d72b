//! How names are compared.

use crate::use_cases::import_roster::row::PupilCells;
use crate::use_cases::people::fold;
use std::collections::HashSet;

/// `María Pérez` and `María José Pérez` may be one person; `Ana Soto` is another.
pub(super) fn same_person_name(a: &str, b: &str) -> bool {
    let (a, b) = (fold(a), fold(b));
    let words = |s: &str| s.split(' ').map(str::to_owned).collect::<HashSet<_>>();
    let (a, b) = (words(&a), words(&b));
    a.is_subset(&b) || b.is_subset(&a)
}

/// A list without accents does not take them away from a name that has them.
pub(super) fn keep_better(known: &str, new: &mut String) {
    let marks = |s: &str| s.chars().filter(|c| !c.is_ascii()).count();
    if fold(known) == fold(new) && marks(new) <= marks(known) {
        known.clone_into(new);
    }
}

/// The folded whole name, the natural key of a pupil without RUN together with the course.
pub(in crate::use_cases::import_roster) fn full_name(pupil: &PupilCells) -> String {
    fold(&format!("{} {}", pupil.given_names, pupil.family_names))
}
