//! Every page and every message of the stream, from every sample, in both languages.

mod served;
pub(in crate::pages) mod shown;

use super::by_hand::{Hand, Refused, Told};
use super::respond::Nonce;
use super::view::{Board, CourseDay, Listed, School, Who};
use super::{
    board, broadcasts, calendar, cases, chooser, course, error, family, kiosks, notices, presence, pupil, pupils,
    replay, reports, sample, schedule, settings, staff, telephones, wall, year,
};
use crate::i18n::Lang;
use crate::permissions::Permission;
use axum::http::StatusCode;
use std::collections::BTreeSet;
use std::sync::Arc;

fn boards() -> Vec<(&'static str, Board)> {
    vec![
        ("morning", Board::sample()),
        ("before", Board::sample_before()),
        ("nobody", Board::sample_nobody()),
        ("holiday", Board::sample_holiday()),
        ("half day", Board::sample_half_day()),
        ("empty", Board::sample_empty()),
        ("trouble", Board::sample_trouble()),
        ("restored", Board::sample_restored()),
        ("hostile", Board::sample_hostile()),
    ]
}

/// Somebody who may see every page, with a name that looks like markup.
fn who() -> Who {
    Who { name: Some(sample::HOSTILE.to_owned()), several_schools: true, may: Permission::ALL.to_vec() }
}

/// A course's page as somebody sees it who records by hand, after each thing that can be done.
fn hands(day: &CourseDay) -> Vec<(String, Hand)> {
    let author = day.pupils.iter().flat_map(|pupil| &pupil.by_hand).find_map(|entry| entry.author);
    let recorded = day.pupils.iter().flat_map(|pupil| &pupil.by_hand).map(|entry| entry.id).next();
    let told = [None, recorded.map(Told::Recorded), Some(Told::Undone)].into_iter();
    let told = told.chain(Refused::ALL.map(|why| Some(Told::Refused(why))));
    told.map(|told| (format!("{told:?}"), Hand { may: true, corrects: false, account: author, told })).collect()
}

/// Every page: (what it is, its markup).
fn pages(lang: Lang) -> Vec<(String, String)> {
    let nonce = Nonce::sample();
    let mut pages = Vec::new();
    for (name, board) in boards() {
        pages.push((format!("board {name}"), board::page(&board, &who(), 2, lang, &nonce)));
        pages.push((format!("wall {name}"), wall::page(&board, lang, &nonce)));
    }
    for (name, day) in [("usual", CourseDay::sample()), ("hostile", CourseDay::sample_hostile())] {
        pages.push((format!("course {name}"), course::page(&day, &who(), &Hand::default(), lang, &nonce)));
        for (told, hand) in hands(&day) {
            pages.push((format!("course {name} by hand, {told}"), course::page(&day, &who(), &hand, lang, &nonce)));
        }
    }
    let hostile = School { name: sample::HOSTILE.to_owned(), ..sample::school() };
    let choice = |school: &School, board: Option<Board>| chooser::Choice {
        listed: Listed { school: school.clone(), rbd: board.as_ref().map(|_| sample::HOSTILE.to_owned()) },
        first: "/hoy",
        may_see: board.is_some() || *school == hostile,
        today: board.map(Arc::new),
    };
    let of_boards = || boards().into_iter().map(|(_, board)| choice(&hostile, Some(board)));
    for (name, schools) in [
        ("none", vec![]),
        ("hostile", of_boards().collect()),
        (
            "hostile, some without figures",
            of_boards().chain([choice(&hostile, None), choice(&sample::school(), None)]).collect(),
        ),
    ] {
        for now in [None, Some(sample::now())] {
            let what = format!("schools {name}, {}", now.is_some());
            pages.push((what, chooser::page(&schools, now, &who(), lang, &nonce)));
        }
    }
    pages.extend(staff::sample_pages(lang, &nonce));
    pages.extend(family::sample_pages(lang, &nonce));
    pages.extend(kiosks::sample_pages(lang, &nonce));
    pages.extend(notices::sample_pages(lang, &nonce));
    pages.extend(broadcasts::sample_pages(lang, &nonce));
    pages.extend(calendar::sample_pages(lang, &nonce));
    pages.extend(year::sample_pages(lang, &nonce));
    pages.extend(schedule::sample_pages(lang, &nonce));
    pages.extend(pupils::sample_pages(lang, &nonce));
    pages.extend(cases::sample_pages(lang, &nonce));
    pages.extend(presence::sample_pages(lang, &nonce));
    pages.extend(replay::sample_pages(lang, &nonce));
    pages.extend(reports::sample_pages(lang, &nonce));
    pages.extend(pupil::sample_pages(lang, &nonce));
    pages.extend(settings::sample_pages(lang, &nonce));
    pages.extend(telephones::sample_pages(lang, &nonce));
    let asked = error::Asked::of(&axum::http::Method::GET, &"/hoy/%3Cscript%3E'?a=%22&b='".parse().unwrap());
    for status in [404, 403, 400, 503, 500] {
        let status = StatusCode::from_u16(status).unwrap();
        pages.push((format!("error {status}"), error::page(status, Some(sample::HOSTILE), &asked, lang, &nonce)));
    }
    pages.into_iter().map(|(name, markup)| (name, markup.into_string())).collect()
}

/// Every start tag: (element, its attributes with their values as written).
fn tags(html: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        if !rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        let mut chars = rest.char_indices();
        let mut quoted = false;
        let end = chars
            .find(|(_, c)| {
                quoted ^= *c == '"';
                *c == '>' && !quoted
            })
            .map(|(at, _)| at)
            .expect("every tag ends");
        let tag = &rest[..end];
        rest = &rest[end..];
        let (element, mut left) = tag.split_once(' ').unwrap_or((tag, ""));
        let mut attributes = Vec::new();
        while !left.trim().is_empty() {
            left = left.trim_start();
            let name_end = left.find(['=', ' ']).unwrap_or(left.len());
            let name = left[..name_end].to_owned();
            left = &left[name_end..];
            let mut value = String::new();
            if let Some(quoted) = left.strip_prefix("=\"") {
                let end = quoted.find('"').expect("every value ends");
                value = quoted[..end].to_owned();
                left = &quoted[end + 1..];
            }
            attributes.push((name, value));
        }
        tags.push((element.to_owned(), attributes));
    }
    tags
}

fn value<'a>(attributes: &'a [(String, String)], name: &str) -> Option<&'a str> {
    attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

#[test]
fn p25_no_page_has_inline_styles_handlers_or_filters_and_every_htmx_element_has_the_nonce() {
    for lang in Lang::ALL {
        for (page, html) in pages(lang) {
            let mut htmx = 0;
            for (element, attributes) in tags(&html) {
                assert_ne!(element, "style", "{page}");
                for (name, value) in &attributes {
                    assert_ne!(name, "style", "{page}: {element}");
                    assert!(!name.starts_with("on"), "{page}: {element} {name}");
                    assert!(!name.starts_with("hx-on") && !name.contains(":inherited"), "{page}");
                    assert!(name != "hx-trigger" || !value.contains('['), "{page}: a filter");
                    assert!(!value.to_ascii_lowercase().contains("javascript:"), "{page}");
                }
                if attributes.iter().any(|(name, _)| name.contains("hx-")) {
                    htmx += 1;
                    assert_eq!(value(&attributes, "hx-nonce"), Some("c2FtcGxlLW5vbmNl"), "{page}: {element}");
                }
                use crate::assets::{
                    CASES, FAMILY, KIOSKS, OFFICE, PASSKEY, PRESENCE, PUPIL, REPLAY, REPORTS, ROLLCALL, SCHEDULE,
                    SCRIPT, STYLE, TELEPHONES, WALL,
                };
                let sheets = [
                    (&STYLE, "href"),
                    (&OFFICE, "href"),
                    (&CASES, "href"),
                    (&FAMILY, "href"),
                    (&KIOSKS, "href"),
                    (&REPLAY, "href"),
                    (&PUPIL, "href"),
                    (&REPORTS, "href"),
                    (&PRESENCE, "href"),
                    (&SCHEDULE, "href"),
                    (&TELEPHONES, "href"),
                    (&WALL, "href"),
                ];
                let asset = [(&SCRIPT, "src"), (&PASSKEY, "src"), (&ROLLCALL, "src")]
                    .into_iter()
                    .chain(sheets)
                    .find(|(asset, at)| value(&attributes, at) == Some(&asset.href()));
                if let Some((asset, _)) = asset {
                    let digest = <sha2::Sha384 as sha2::Digest>::digest(asset.bytes);
                    let hash = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, digest);
                    assert_eq!(value(&attributes, "integrity"), Some(format!("sha384-{hash}").as_str()), "{page}");
                }
                if element == "script" {
                    assert!(asset.is_some(), "{page}: a script that is not ours");
                    assert_eq!(value(&attributes, "nonce"), Some("c2FtcGxlLW5vbmNl"), "{page}");
                }
            }
            if page.starts_with("board") || page.starts_with("wall") {
                assert_eq!(htmx, 1, "{page}: one element holds the stream");
            }
        }
    }
}

#[test]
fn every_id_is_valid_and_stands_once_and_every_reference_finds_it() {
    for lang in Lang::ALL {
        for (page, html) in pages(lang) {
            let tags = tags(&html);
            let mut ids = BTreeSet::new();
            for (_, attributes) in &tags {
                if let Some(id) = value(attributes, "id") {
                    let valid = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
                    assert!(id.chars().all(valid) && id.starts_with(char::is_alphabetic), "{page}: {id}");
                    assert!(ids.insert(id.to_owned()), "{page}: {id} twice");
                }
            }
            for (element, attributes) in &tags {
                let references = ["aria-labelledby", "hx-target"]
                    .into_iter()
                    .filter_map(|name| value(attributes, name))
                    .chain(value(attributes, "href").filter(|_| element == "a").filter(|h| h.starts_with('#')));
                for id in references.flat_map(str::split_whitespace) {
                    let id = id.trim_start_matches('#');
                    assert!(ids.contains(id), "{page}: nothing has the id {id}");
                }
                if let Some(icon) = value(attributes, "href").filter(|h| h.starts_with("#i-")) {
                    let known = crate::assets::ICONS.is_empty() || ids.contains(&icon[1..]);
                    assert!(known, "{page}: no icon {icon}");
                }
            }
        }
    }
}

#[test]
fn names_that_hold_markup_are_shown_as_text() {
    for lang in Lang::ALL {
        for (page, html) in pages(lang) {
            let elements: Vec<_> = tags(&html).into_iter().map(|(element, _)| element).collect();
            assert!(!elements.iter().any(|e| e == "hx-partial"), "{page}");
            assert!(!html.contains("<script>alert") && !html.contains("onerror=alert(1) style=top:0>"), "{page}");
            if page.contains("hostile") {
                assert!(html.contains("&lt;script&gt;alert(1)"), "{page}");
            }
        }
    }
}

#[test]
fn every_page_says_its_language_its_title_and_has_one_main_heading() {
    for lang in Lang::ALL {
        for (page, html) in pages(lang) {
            let count = |what: &str| tags(&html).iter().filter(|(element, _)| element == what).count();
            assert!(html.contains(&format!("<html lang=\"{}\"", lang.tag())), "{page}");
            assert_eq!((count("h1"), count("main")), (1, 1), "{page}");
            assert!(!html.contains("<title> ·"), "{page}");
        }
    }
}

#[test]
fn what_is_expected_of_most_of_a_course_is_said_once_and_of_somebody_else_at_that_pupil() {
    let mut day = CourseDay::sample();
    day.pupils[1].derivation[0] = domain::day_status::Step::Expected { why: domain::expectation::Why::Outing };
    let html = course::page(&day, &who(), &Hand::default(), Lang::Es, &Nonce::sample()).into_string();
    let said = |words: &str| html.matches(words).count();
    assert_eq!((said("Vale el horario semanal"), said("Todo el colegio está fuera"), said("Se espera de")), (1, 1, 2));
}

/// The bytes of a page with all that it loads.
fn weight(html: &str) -> usize {
    use crate::assets::{
        BADGE, CASES, FAMILY, KIOSKS, OFFICE, PASSKEY, PRESENCE, PUPIL, REPLAY, REPORTS, ROLLCALL, SCHEDULE, SCRIPT,
        STYLE, TELEPHONES, WALL,
    };
    let all = [
        &STYLE,
        &OFFICE,
        &CASES,
        &FAMILY,
        &KIOSKS,
        &PUPIL,
        &REPLAY,
        &REPORTS,
        &PRESENCE,
        &SCHEDULE,
        &TELEPHONES,
        &WALL,
        &SCRIPT,
        &PASSKEY,
        &ROLLCALL,
        &BADGE,
    ];
    let loaded = all.into_iter().filter(|asset| html.contains(&asset.href()));
    html.len() + loaded.map(|asset| asset.bytes.len()).sum::<usize>()
}

#[test]
fn no_page_without_a_chosen_name_is_over_100_kb() {
    for (page, html) in pages(Lang::Es) {
        let whole = weight(&html);
        assert!(page.contains("hostile") || whole < 100_000, "{page}: {whole} bytes with its assets");
    }
}

#[test]
fn a_board_of_30_courses_at_its_busiest_is_under_100_kb() {
    let mut board = Board::sample();
    let mut course = board.courses[0].clone();
    course.name = "1° Básico A".to_owned();
    // Nobody's course is whole, which is shown in few words: each tells who is late and who is missing.
    course.counts.late = 6;
    course.counts.missing = 4;
    course.counts.expected = course.counts.inside + 4;
    course.counts.on_time = course.counts.inside - 6;
    board.courses = vec![course; 30];
    let html = board::page(&board, &who(), 0, Lang::Es, &Nonce::sample()).into_string();
    let whole = weight(&html);
    assert!(whole < 100_000, "{whole} bytes, {} of them the page", html.len());
}

/// The classes that a stylesheet names.
fn styled(css: &[u8]) -> BTreeSet<String> {
    let css = std::str::from_utf8(css).unwrap();
    let name = |c: char| c.is_ascii_alphanumeric() || c == '-';
    css.split('.')
        .skip(1)
        .map(|rest| rest.split(|c| !name(c)).next().unwrap_or_default())
        .filter(|class| class.starts_with(|c: char| c.is_ascii_alphabetic()))
        .map(str::to_owned)
        .collect()
}

#[test]
fn board_and_wall_need_no_style_that_only_the_other_pages_load() {
    use crate::assets::{OFFICE, STYLE, WALL};
    let (common, office, wall) = (styled(STYLE.bytes), styled(OFFICE.bytes), styled(WALL.bytes));
    assert!(office.contains("field") && wall.contains("wall-screen"), "{office:?} {wall:?}");
    for (page, html) in pages(Lang::Es) {
        let (of_board, of_wall) = (page.starts_with("board"), page.starts_with("wall"));
        let loads = [html.contains(&OFFICE.href()), html.contains(&WALL.href())];
        assert_eq!(loads, [!of_board && !of_wall, of_wall], "{page}");
        let tags = tags(&html);
        let used = tags.iter().filter_map(|(_, attributes)| value(attributes, "class")).flat_map(str::split_whitespace);
        for class in used {
            let elsewhere = (!loads[0] && office.contains(class)) || (!loads[1] && wall.contains(class));
            assert!(!elsewhere || common.contains(class), "{page}: {class}");
        }
    }
}

/// What is between an element's start tag with this id and its end.
fn text_of(html: &str, id: &str) -> String {
    let rest = html.split_once(&format!("id=\"{id}\"")).map(|(_, rest)| rest).unwrap_or_default();
    let mut text = String::new();
    let mut inside = false;
    for c in rest.split("</p>").next().unwrap_or_default().chars() {
        match c {
            '<' => inside = false,
            '>' => inside = true,
            c if inside => text.push(c),
            _ => {}
        }
    }
    text.trim().to_owned()
}

#[test]
fn a_form_that_comes_back_says_which_field_is_wrong_has_the_focus_there_and_keeps_no_password() {
    let mut beside = 0;
    let mut above = 0;
    for lang in Lang::ALL {
        for (page, html) in pages(lang) {
            let tags = tags(&html);
            let having = |name: &'static str| tags.iter().filter(move |(_, all)| value(all, name).is_some());
            let focused: Vec<_> = having("autofocus").collect();
            let wrong: Vec<_> = having("aria-invalid").collect();
            // Words that a script shows later aside.
            let said = html.matches("class=\"refused\" id=").count();
            assert_eq!(focused.len(), said, "{page}: one place has the focus where something was refused");
            assert!(said <= 1, "{page}");
            match (focused.first(), wrong.first()) {
                (Some((element, all)), Some(first)) => {
                    beside += 1;
                    assert_eq!((element, all), (&first.0, &first.1), "{page}: the first wrong field");
                    assert!(matches!(element.as_str(), "input" | "select" | "textarea"), "{page}");
                }
                (Some((element, all)), None) => {
                    above += 1;
                    assert_eq!((element.as_str(), value(all, "tabindex")), ("p", Some("-1")), "{page}");
                    assert_eq!(value(all, "role"), Some("alert"), "{page}");
                }
                (None, wrong) => assert!(wrong.is_none(), "{page}"),
            }
            for (element, all) in &tags {
                let ids = value(all, "aria-describedby").into_iter().flat_map(str::split_whitespace);
                let words: Vec<_> = ids.map(|id| text_of(&html, id)).collect();
                assert!(words.iter().all(|words| !words.is_empty()), "{page}: {all:?}");
                assert!(value(all, "aria-invalid").is_none() || !words.is_empty(), "{page}: {all:?}");
                let password = value(all, "type") == Some("password");
                assert!(!password || value(all, "value") == Some(""), "{page}: {element}");
            }
        }
    }
    assert!(beside > 14 && above > 10, "{beside} {above}");
}

#[test]
fn an_erased_pupil_is_shown_as_erased() {
    let html = board::page(&Board::sample(), &who(), 0, Lang::Es, &Nonce::sample()).into_string();
    assert!(html.contains("<em>eliminado</em>"));
    let html = course::page(&CourseDay::sample(), &who(), &Hand::default(), Lang::Es, &Nonce::sample()).into_string();
    assert!(html.contains("<em>eliminado</em>"));
}

#[test]
fn a_silent_gate_and_old_figures_are_said_aloud() {
    let html = board::page(&Board::sample_trouble(), &who(), 0, Lang::Es, &Nonce::sample()).into_string();
    assert!(html.contains("Sin noticias de Portón Sur."));
    assert!(html.contains("Estas cifras no están al día."));
    let html = board::page(&Board::sample(), &who(), 0, Lang::Es, &Nonce::sample()).into_string();
    assert!(!html.contains("Sin noticias") && !html.contains("Estas cifras"));
}

#[test]
fn many_silent_gates_are_one_banner_that_names_each() {
    let mut board = Board::sample();
    for gate in &mut board.gates {
        gate.silent_since = Some(sample::now());
    }
    for html in [
        board::page(&board, &who(), 0, Lang::Es, &Nonce::sample()).into_string(),
        wall::page(&board, Lang::Es, &Nonce::sample()).into_string(),
    ] {
        let banners = html.matches("class=\"banner\"").count();
        assert_eq!(banners, 2, "this one and the hidden one of a lost connection");
        let said = html.split("class=\"banner\"").nth(2).unwrap().split("</div>").next().unwrap();
        assert!(said.contains(&format!("Sin noticias de {} accesos.", board.gates.len())), "{said}");
        assert!(board.gates.iter().all(|gate| said.contains(&gate.name)), "{said}");
    }
}

#[test]
fn a_courses_page_says_how_old_it_is_and_which_gate_is_silent() {
    let trouble = Board::sample_trouble();
    let day = CourseDay { gates: trouble.gates, freshness: trouble.freshness, ..CourseDay::sample() };
    let html = course::page(&day, &who(), &Hand::default(), Lang::Es, &Nonce::sample()).into_string();
    assert!(html.contains("Sin noticias de Portón Sur.") && html.contains("Sin actualizar desde hace"));
}

#[test]
fn the_wall_shows_no_name_of_a_pupil() {
    let html = wall::page(&Board::sample(), Lang::Es, &Nonce::sample()).into_string();
    for scan in &Board::sample().scans {
        if let super::view::PersonName::Known { family, .. } = &scan.name {
            assert!(!html.contains(family.as_str()), "{family}");
        }
    }
}
