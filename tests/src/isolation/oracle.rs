//! What belongs to whom.

use super::Place;
use std::collections::{BTreeSet, HashMap, HashSet};
use uuid::Uuid;

/// Knows of every mark and id whose it is.
#[derive(Default)]
pub struct Oracle {
    marks: Vec<String>,
    ids: HashMap<Uuid, Vec<usize>>,
    pupils: HashSet<Uuid>,
}

/// What is in a text.
#[derive(Default)]
pub struct Found {
    /// Marks and ids of schools that it must not know.
    pub foreign: BTreeSet<String>,
    /// Whether there is something of a school that it may.
    pub own: bool,
    /// Whether there is a pupil's id that was not asked for.
    pub pupils: bool,
}

impl Oracle {
    /// Everything of a place.
    pub fn knows(&mut self, n: usize, place: &Place) {
        assert_eq!(self.marks.len(), n);
        self.marks.push(place.mark.to_lowercase());
        let school = &place.school;
        let courses = school.courses.iter().map(|course| course.0);
        let pupils = school.pupils.iter().map(|pupil| pupil.id.0);
        self.pupils.extend(pupils.clone());
        let own = [
            school.id.0,
            place.kiosk.id.0,
            place.spare,
            place.member,
            place.guardian,
            place.case.slot_id.0,
            place.entry,
        ];
        for id in courses.chain(pupils).chain(own) {
            self.id(id, n);
        }
    }

    /// An id of one place.
    pub fn id(&mut self, id: Uuid, n: usize) {
        self.person_of(id, vec![n]);
    }

    /// A person of several places.
    pub fn person_of(&mut self, id: Uuid, of: Vec<usize>) {
        assert!(self.ids.insert(id, of).is_none(), "an id is one school's");
    }

    /// The marks in a letter that must not be there: all but one, and that one its addressee's, if it is one's.
    pub fn astray(&self, letter: &str) -> Vec<&str> {
        let (letter, head) = (letter.to_lowercase(), letter.lines().next().unwrap_or_default().to_lowercase());
        let marks = || self.marks.iter().map(String::as_str);
        let to = marks().find(|mark| head.contains(mark)).or_else(|| marks().find(|mark| letter.contains(mark)));
        marks().filter(|mark| Some(*mark) != to && letter.contains(mark)).collect()
    }

    /// The places that an id belongs to.
    pub fn whose(&self, id: Uuid) -> &[usize] {
        self.ids.get(&id).map_or(&[], Vec::as_slice)
    }

    /// Looks through a text that those of the places `of` may read, and who asked with `asked` in the words.
    pub fn look(&self, text: &str, of: &[usize], asked: &[Uuid]) -> Found {
        let mut found = Found::default();
        let text = text.to_ascii_lowercase();
        // Mostly there is none: every mark begins so.
        if text.contains("kanar") {
            for (n, mark) in self.marks.iter().enumerate().filter(|(_, mark)| text.contains(mark.as_str())) {
                if of.contains(&n) {
                    found.own = true;
                } else {
                    found.foreign.insert(mark.clone());
                }
            }
        }
        let words = text.split(|c: char| !c.is_ascii_hexdigit() && c != '-').filter(|word| word.len() >= 36);
        for id in words.flat_map(ids) {
            let whose = self.whose(id);
            found.pupils |= self.pupils.contains(&id) && !asked.contains(&id);
            if whose.iter().any(|n| of.contains(n)) {
                found.own = true;
            } else if !whose.is_empty() && !asked.contains(&id) {
                found.foreign.insert(id.to_string());
            }
        }
        found
    }
}

/// The ids in a run of their letters, wherever they begin in it.
fn ids(word: &str) -> impl Iterator<Item = Uuid> {
    (0..=word.len() - 36).filter_map(|at| Uuid::try_parse(&word[at..at + 36]).ok())
}

#[test]
fn an_id_is_found_wherever_it_stands() {
    let id = Uuid::from_u128(0x018f_1234_5678_7abc_8def_0123_4567_89ab);
    let mut oracle = Oracle { marks: vec!["kanarix".into()], ..Oracle::default() };
    oracle.id(id, 0);
    for text in [id.to_string(), format!("2026-03-09-{id}-x"), format!("a/{id}/b"), id.to_string().to_uppercase()] {
        assert_eq!(oracle.look(&text, &[1], &[]).foreign.len(), 1, "{text}");
        assert!(oracle.look(&text, &[0], &[]).own && oracle.look(&text, &[1], &[id]).foreign.is_empty());
    }
    assert_eq!(oracle.look("señor KanariX", &[1], &[]).foreign.len(), 1);
}
