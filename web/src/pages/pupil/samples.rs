//! Both pages with made-up values, names that look like markup among them.

use super::acts::{Act, Handed};
use super::requests::{Request, RequestsPage};
use super::{Adult, Passage, PupilPage, Told};
use crate::documents;
use crate::i18n::Lang;
use crate::pages::Nonce;
use crate::pages::sample::{self, HOSTILE};
use crate::pages::view::{CourseDay, PersonName, School, Who};
use crate::permissions::Permission;
use domain::attendance_day::{Direction, Event};
use maud::Markup;
use projections::live::rows::{ActKind, ActState};
use uuid::Uuid;

fn who() -> Who {
    Who { name: None, several_schools: true, may: Permission::ALL.to_vec() }
}

fn school() -> School {
    School { name: HOSTILE.to_owned(), ..sample::school() }
}

/// One of every kind, at its beginning and its end, from the domain's own samples.
fn acts() -> Vec<Act> {
    let samples = domain::attendance_day::samples();
    let of = |n: usize, (kind, state): (ActKind, ActState), ending: Option<Event>| Act {
        id: Uuid::from_u128(n as u128),
        kind,
        state,
        said: samples[n].clone(),
        ending,
        by: Some(HOSTILE.to_owned()),
        ended_by: None,
        at: sample::now(),
        adult: Some(HOSTILE.to_owned()),
        note: Some(HOSTILE.to_owned()),
        document: documents::of(&samples[n]).map(|document| Handed {
            kind: document.kind,
            bytes: document.bytes,
            href: format!("/alumnos/{n}/documento/{n}"),
        }),
    };
    vec![
        of(6, (ActKind::EarlyLeave, ActState::Recorded), Some(samples[7].clone())),
        of(9, (ActKind::EarlyLeave, ActState::Blocked), None),
        of(10, (ActKind::Justification, ActState::Submitted), None),
        of(11, (ActKind::Justification, ActState::Rejected), Some(samples[13].clone())),
        of(14, (ActKind::Correction, ActState::Requested), None),
        of(15, (ActKind::Correction, ActState::Rejected), Some(samples[17].clone())),
    ]
}

fn adult(n: u128, may_collect: bool, barred: bool) -> Adult {
    Adult { id: Uuid::from_u128(n), name: Some(HOSTILE.to_owned()), may_collect, barred, has_number: n == 1 }
}

fn pupil_page(told: Option<Told>, acts: Vec<Act>) -> PupilPage {
    let day = CourseDay::sample();
    let at = sample::now();
    PupilPage {
        who: who(),
        school: school(),
        date: day.date,
        today: true,
        pupil: day.pupils[3].clone(),
        course: Some((day.course.id, HOSTILE.to_owned())),
        passages: vec![
            Passage { id: Uuid::from_u128(1), direction: Direction::Entry, at, withdrawn: false },
            Passage { id: Uuid::from_u128(2), direction: Direction::Exit, at, withdrawn: false },
        ],
        adults: vec![adult(1, true, false), adult(2, true, false), adult(3, false, true)],
        acts,
        may: true,
        corrects: told.is_none(),
        documents: true,
        sheet: Uuid::from_u128(9),
        told,
    }
}

fn requests(told: Option<Told>) -> RequestsPage {
    let request = |own: bool| {
        move |act: Act| Request {
            student: Uuid::from_u128(5),
            name: PersonName::Known { given: HOSTILE.to_owned(), family: HOSTILE.to_owned() },
            date: CourseDay::sample().date,
            own,
            act,
        }
    };
    let (blocked, waiting): (Vec<Act>, Vec<Act>) = acts().into_iter().partition(|act| act.state == ActState::Blocked);
    RequestsPage {
        who: who(),
        school: school(),
        leaving: blocked.iter().cloned().map(request(false)).collect(),
        waiting: waiting.into_iter().map(request(told.is_some())).collect(),
        blocked: blocked.into_iter().map(request(false)).collect(),
        corrects: told.is_none(),
        told,
    }
}

/// Every page: (what it is, its markup).
pub(in crate::pages) fn sample_pages(lang: Lang, nonce: &Nonce) -> Vec<(String, Markup)> {
    let mut pages = vec![
        ("pupil hostile".to_owned(), pupil_page(None, acts()).page(lang, nonce)),
        ("requests hostile".to_owned(), requests(None).page(lang, nonce)),
        ("requests own".to_owned(), requests(Some(Told::Corrected)).page(lang, nonce)),
    ];
    let open = || {
        let mut acts = acts();
        acts[0].state = ActState::Authorised;
        acts
    };
    for (told, word, _) in Told::ALL {
        pages.push((format!("pupil {word}"), pupil_page(Some(told), open()).page(lang, nonce)));
    }
    pages
}
