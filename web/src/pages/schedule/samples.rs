//! The pages with made-up values, names that look like markup among them.

use super::ask::AskPage;
use super::course::CoursePage;
use super::list::ListPage;
use super::open::{self, OpenPage};
use super::typed::{ROWS, Row, Typed};
use super::{Course, Version};
use crate::i18n::{Lang, key};
use crate::pages::Nonce;
use crate::pages::sample::{self, HOSTILE};
use crate::pages::staff::form::Refusal;
use crate::pages::view::{School, Who};
use crate::permissions::Permission;
use chrono::{NaiveDate, NaiveTime, Weekday};
use commands::use_cases::week_slots;
use domain::CourseId;
use domain::course::Shift;
use maud::Markup;
use uuid::Uuid;

fn version(day: u32, days: &[Weekday]) -> Version {
    let at = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap();
    let stays: Vec<_> = days.iter().flat_map(|day| [(*day, at(8), at(12)), (*day, at(14), at(18))]).collect();
    (NaiveDate::from_ymd_opt(2026, 12, day).unwrap(), week_slots(CourseId(Uuid::from_u128(1)), &stays))
}

fn course(n: u128, versions: Vec<Version>) -> Course {
    Course {
        id: Uuid::from_u128(n),
        name: HOSTILE.to_owned(),
        called: HOSTILE.to_owned(),
        shift: Some(Shift::FullDay),
        pupils: 31,
        closed_from: None,
        versions,
    }
}

pub(in crate::pages) fn sample_pages(lang: Lang, nonce: &Nonce) -> Vec<(String, Markup)> {
    use Weekday::{Fri, Mon, Thu, Tue, Wed};
    let who = || Who { name: None, several_schools: true, may: Permission::ALL.to_vec() };
    let school = || School { name: HOSTILE.to_owned(), ..sample::school() };
    let today = NaiveDate::from_ymd_opt(2026, 12, 1).unwrap();
    let versions = vec![version(1, &[Mon, Tue, Wed, Thu, Fri]), version(14, &[Mon]), version(21, &[])];
    let others: Vec<Course> = (2..32).map(|n| course(n, versions.clone())).collect();
    let row = Row { entry: HOSTILE.to_owned(), exit: HOSTILE.to_owned(), days: [true; 7] };
    let hostile = Typed {
        from: HOSTILE.to_owned(),
        rows: vec![row; ROWS],
        courses: vec![HOSTILE.to_owned(), others[0].id.to_string()],
        ..Typed::default()
    };
    let page = |course: Course, others: Vec<Course>, typed: Typed, refused| CoursePage {
        who: who(),
        school: school(),
        today,
        limits: (5, 30),
        course,
        copied: others.first().map(|_| HOSTILE.to_owned()),
        others,
        manages: true,
        typed,
        refused,
        done: Some(key("schedule-done")),
        names: true,
        wrong_name: None,
    };
    let usual = || Typed::as_is(&versions[0].1, today);
    let wrong = |fields: &'static [&'static str], why| Some(Refusal::of(fields, why));
    let whole = Some(Refusal::whole(key("calendar-kept-changing")));
    let shown = |name: &str, page: CoursePage| (format!("schedule {name} hostile"), page.page(lang, nonce));
    let ask = |touched: Vec<Course>, day, week: &Version| AskPage {
        who: who(),
        school: school(),
        today,
        course: course(1, versions.clone()),
        touched,
        from: NaiveDate::from_ymd_opt(2026, 12, day).unwrap(),
        week: week.1.clone(),
        typed: usual(),
    };
    let all: Vec<Course> = std::iter::once(course(1, versions.clone())).chain(others.clone()).collect();
    let closed = Course { closed_from: Some(today), ..course(1, versions.clone()) };
    let looked_at = CoursePage { manages: false, ..page(course(1, versions.clone()), vec![], usual(), None) };
    let misnamed = CoursePage {
        wrong_name: Some(key("open-wrong-name")),
        ..page(course(1, versions.clone()), vec![], usual(), None)
    };
    let mut asked = ask(all.clone(), 14, &versions[0]);
    asked.typed = hostile.clone();
    let list = |courses| ListPage { who: who(), school: school(), today, courses, opens: true }.page(lang, nonce);
    let open = |refused| {
        let typed =
            open::Typed { curso: HOSTILE.into(), anio: HOSTILE.into(), jornada: "tarde".into(), nombre: String::new() };
        OpenPage { who: who(), school: school(), typed, refused }.page(lang, nonce)
    };
    vec![
        shown("usual", page(course(1, versions.clone()), others.clone(), usual(), None)),
        shown("to look at", looked_at),
        shown("misnamed", misnamed),
        shown("of a closed course", page(closed, vec![], usual(), None)),
        shown("of none yet", page(course(1, vec![]), vec![], Typed::as_is(&[], today), whole)),
        shown(
            "full, refused",
            page(course(1, versions.clone()), others.clone(), hostile, wrong(&["entrada-12"], key("schedule-overlap"))),
        ),
        shown(
            "refused for its date",
            page(course(1, versions.clone()), others, usual(), wrong(&["desde"], key("schedule-from-past"))),
        ),
        ("schedule asked hostile".to_owned(), asked.page(lang, nonce)),
        ("schedule asked of one".to_owned(), ask(vec![course(1, versions.clone())], 1, &versions[2]).page(lang, nonce)),
        (
            "schedule asked, the same".to_owned(),
            ask(vec![course(1, versions.clone())], 1, &versions[0]).page(lang, nonce),
        ),
        ("schedules hostile".to_owned(), list(all.into_iter().chain([course(99, vec![])]).collect())),
        ("course to open hostile".to_owned(), open(None)),
        ("course to open refused".to_owned(), open(wrong(&["curso"], key("open-taken")))),
        ("schedules none".to_owned(), list(vec![])),
    ]
}
