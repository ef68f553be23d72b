//! The pages with made-up values, names that look like markup among them.

use super::cards::Card;
use super::enrol::{EnrolPage, Typed};
use super::file::{Adult, FilePage};
use super::find::{FindPage, Found};
use super::import::{self, ImportPage, Outcome, Refused};
use crate::i18n::{Lang, key};
use crate::import::{FileProblem, Report};
use crate::pages::Nonce;
use crate::pages::progress::Before;
use crate::pages::sample::{self, HOSTILE};
use crate::pages::staff::form::Refusal;
use crate::pages::view::{PersonName, School, Who};
use crate::permissions::Permission;
use commands::use_cases::import_roster::{Register, plan};
use domain::student::{CredentialKind, GuardianRights};
use domain::{CredentialId, StudentId};
use maud::Markup;
use uuid::Uuid;

fn who() -> Who {
    Who { name: None, several_schools: true, may: Permission::ALL.to_vec() }
}

fn school() -> School {
    School { name: HOSTILE.to_owned(), ..sample::school() }
}

fn hostile() -> PersonName {
    PersonName::Known { given: HOSTILE.to_owned(), family: HOSTILE.to_owned() }
}

fn courses() -> Vec<(Uuid, String)> {
    (1..31).map(|n| (Uuid::from_u128(n), HOSTILE.to_owned())).collect()
}

fn file(withdrawn: bool, erased: bool, notice: Option<&str>) -> FilePage {
    let rights =
        |restricted| GuardianRights { legal: true, notify: true, may_collect: true, may_view: true, restricted };
    let adult = |n: u128, name: Option<&str>, restricted| Adult {
        id: Uuid::from_u128(n),
        name: name.map(str::to_owned),
        run: Some(HOSTILE.to_owned()),
        phone: Some(HOSTILE.to_owned()),
        mail: Some(HOSTILE.to_owned()),
        seen: 7,
        rights: rights(restricted),
    };
    let card = |n, kind| Card { id: CredentialId(Uuid::from_u128(n)), kind };
    FilePage {
        who: who(),
        school: school(),
        today: sample::now().date_naive(),
        id: Uuid::from_u128(7),
        name: if erased { PersonName::Erased } else { hostile() },
        run: (!erased).then(|| HOSTILE.to_owned()),
        erased,
        cards: vec![card(1, CredentialKind::Qr), card(2, CredentialKind::Nfc)],
        course: (Uuid::from_u128(1), HOSTILE.to_owned()),
        enrolled_from: sample::now().date_naive(),
        withdrawn_from: withdrawn.then(|| sample::now().date_naive()),
        courses: courses(),
        adults: if erased { vec![] } else { vec![adult(1, Some(HOSTILE), false), adult(2, None, true)] },
        sheet: Uuid::from_u128(9),
        seen: 7,
        notice: notice.map(str::to_owned),
    }
}

pub(in crate::pages) fn sample_pages(lang: Lang, nonce: &Nonce) -> Vec<(String, Markup)> {
    let found = |n: u128, course: Option<&str>| Found {
        id: StudentId(Uuid::from_u128(n)),
        name: hostile(),
        course: course.map(str::to_owned),
    };
    let find = |found: Option<Vec<Found>>, more| FindPage {
        who: who(),
        school: school(),
        typed: HOSTILE.to_owned(),
        found,
        more,
    };
    let enrol = |refused| EnrolPage {
        who: who(),
        school: school(),
        courses: courses(),
        typed: Typed {
            nombres: HOSTILE.to_owned(),
            apellidos: HOSTILE.to_owned(),
            run: HOSTILE.to_owned(),
            curso: HOSTILE.to_owned(),
            desde: HOSTILE.to_owned(),
        },
        refused,
    };
    let mut pages = vec![
        ("find nothing".to_owned(), find(None, false).page(lang, nonce)),
        ("find nobody".to_owned(), find(Some(vec![]), false).page(lang, nonce)),
        ("find hostile".to_owned(), find(Some(vec![found(1, Some(HOSTILE)), found(2, None)]), true).page(lang, nonce)),
        ("enrol".to_owned(), enrol(None).page(lang, nonce)),
        ("enrol wrong".to_owned(), enrol(Some(Refusal::of(&["run"], key("file-wrong-run")))).page(lang, nonce)),
        (
            "enrol wrong name".to_owned(),
            enrol(Some(Refusal::of(&["nombres", "apellidos"], key("file-wrong-name")))).page(lang, nonce),
        ),
        ("file withdrawn".to_owned(), file(true, false, None).page(lang, nonce)),
        ("file erased".to_owned(), file(false, true, None).page(lang, nonce)),
    ];
    pages.extend(import_pages(lang, nonce));
    for (word, ..) in super::TOLD {
        pages.push((format!("file {word}"), file(false, false, Some(word)).page(lang, nonce)));
    }
    pages
}

fn import_pages(lang: Lang, nonce: &Nonce) -> Vec<(String, Markup)> {
    let page = |outcome| {
        let typed = import::Typed { year: HOSTILE.to_owned(), from: HOSTILE.to_owned(), ..Default::default() };
        ImportPage { who: who(), school: school(), typed, outcome }.page(lang, nonce)
    };
    // Two rows that are pupils, one that is none.
    let text = "nombres;apellidos;curso\nAna;Soto;1° Básico A\nEva;Soto;2° Básico A\nEva;Soto;?\n";
    let list = crate::import::read(text.as_bytes()).unwrap();
    let plan = plan(&list.lines, &Register::default(), 2026);
    let report = || Report::new(&list, &plan, None, lang);
    let planned = |changed| Outcome::Planned {
        report: report(),
        list: HOSTILE.to_owned(),
        reviewed: HOSTILE.to_owned(),
        changed,
    };
    let begun = Before { total: Some(40), left: Some(20) };
    [
        ("import", page(Outcome::Nothing)),
        ("import without a file", page(Outcome::Refused(Refused::NoFile))),
        ("import of another year", page(Outcome::Refused(Refused::Year))),
        ("import of no list", page(Outcome::Refused(Refused::File(FileProblem::OpenQuote { row: 3 })))),
        ("import planned hostile", page(planned(false))),
        ("import planned anew hostile", page(planned(true))),
        ("import going", page(Outcome::Going(begun.now(12, 0), report(), HOSTILE.to_owned()))),
        ("import failing", page(Outcome::Going(begun.now(12, 2), report(), HOSTILE.to_owned()))),
        ("import done", page(Outcome::Done(report(), 40))),
    ]
    .map(|(name, page)| (name.to_owned(), page))
    .into()
}
