//! Every page for everybody: the rules of axe-core (<https://github.com/dequelabs/axe-core>), no page
//! wider than a small phone, the keyboard alone, in light and in dark.

use crate::browser::Browser;
use crate::support::{Line, SANTIAGO, School};
use anyhow::{Context as _, Result, ensure};
use chrono::NaiveDate;
use commands::broadcasts::{self, Written};
use commands::no_show::observe;
use commands::roll_call;
use domain::broadcast::{Audience, Role, Whom};
use domain::kiosk::LaneMode;
use domain::no_show::{CaseId, Command, Finding, Hold};
use domain::roll_call::Reason;
use domain::{BroadcastId, SlotId};
use serde_json::Value;
use std::path::Path;
use uuid::Uuid;
use web::testing::CASE_DAY;

/// A small phone (WCAG 2.2, 1.4.10), a phone, a tablet, a wall screen.
const ROOMS: [(u32, u32); 4] = [(320, 640), (390, 844), (768, 1024), (1920, 1080)];
const TAB: &str = "\u{e004}";

/// What sticks out of a page that is wider than its window.
const WIDE: &str = "
    const room = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= room) return [];
    const out = [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > room + 1);
    return out.map(e => e.outerHTML.slice(0, 150)).concat('the page');";

/// Where the focus is: whether that is seen, and what it has not met yet of all that can be used.
const WALK: &str = "
    const here = document.activeElement;
    window.met.add(here);
    const style = getComputedStyle(here);
    const outlined = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
    const all = [...document.querySelectorAll('a[href], button, summary, select, input:not([type=hidden])')];
    return {
      shown: here === document.body || outlined || style.boxShadow !== 'none',
      unmet: all.filter(e => e.checkVisibility() && !window.met.has(e)).map(e => e.outerHTML.slice(0, 100)),
    }";

/// A school in mid-morning, with a scan, a gate and pupils without entry, and the addresses of its pages.
async fn site() -> Result<(Line, Browser, Vec<String>)> {
    ensure!(Browser::available(), "no Chromium or no chromedriver on this machine: run make deps");
    let line = Line::start().await?;
    let school = line.school(SANTIAGO, 2, 10).await?;
    let mut kiosk = line.kiosk(&school, "Portón Norte", LaneMode::EntryLane).await?;
    let case = case(&line, &school).await?;
    line.clock.advance(chrono::TimeDelta::minutes(45));
    let scans: Vec<Value> = school.pupils[..6].iter().map(|p| kiosk.scan(&p.card, "entry", line.now())).collect();
    kiosk.deliver(&line, &scans).await?;
    let (context, today) =
        (line.context(school.id, school.zone), NaiveDate::from_ymd_opt(2026, 3, 9).context("a date")?);
    let drill = roll_call::nth(school.id, today, 1);
    roll_call::start(line.write(), &context, Reason::Drill).await?;
    roll_call::end(line.write(), &context, drill).await?;
    let audience = Audience { whom: Whom::School, role: Role::Told };
    let (subject, text) = ("Reunión de apoderados".to_owned(), "El lunes a las 19:00.".to_owned());
    let broadcast_id = BroadcastId(school.id.0);
    let written = Written { broadcast_id, subject, text, audience, whatsapp: false, send_at: None };
    broadcasts::draft(line.write(), &context, written).await?;
    line.settle().await?;
    let course = school.courses[0];
    let own = format!("kioscos/{}", kiosk.id);
    let (day, revoke) = (format!("hoy/cursos/{course}"), format!("{own}/anular"));
    let (one, all) = (
        format!("casos/{CASE_DAY}/{}/{}", case.slot_id, case.student_id),
        format!("casos/cursos/{course}/avisar?fecha={CASE_DAY}"),
    );
    let (list, week) = (format!("casos?fecha={CASE_DAY}"), format!("cursos/{course}/horario"));
    let ended = format!("hoy/presentes/{}/{}", drill.date, drill.id);
    let kiosks = ["kioscos", &own, &revoke];
    let cases = ["casos", &list, &one, &all];
    let pupil = school.pupils[0].id;
    let office = [
        "alumnos?buscar=a".to_owned(),
        "matricula".to_owned(),
        "matricula/nomina".to_owned(),
        format!("alumnos/{pupil}"),
        format!("alumnos/{pupil}/ficha"),
        "cursos/nuevo".to_owned(),
        "solicitudes".to_owned(),
        "ajustes".to_owned(),
        "auditoria?fecha=2026-03-09".to_owned(),
        "avisos".to_owned(),
        "comunicados".to_owned(),
        format!("comunicados/nuevo?alumno={pupil}"),
        format!("comunicados/{}", school.id),
        "informes".to_owned(),
        "informes/dia".to_owned(),
        "informes/accesos".to_owned(),
        "informes/ausencias".to_owned(),
        "informes/nomina".to_owned(),
        format!("informes/cursos/{course}"),
        format!("informes/alumnos/{pupil}"),
    ];
    let pages = [
        "hoy",
        "hoy/muro",
        "hoy/presentes",
        &ended,
        &day,
        "escuelas",
        "calendario",
        "calendario/dia",
        "horarios",
        &week,
        "anio-escolar",
        "no-such-page",
    ]
    .into_iter()
    .chain(kiosks)
    .chain(cases)
    .flat_map(|page| [(page, "es"), (page, "en")])
    // As long in one language as in the other, within a word.
    .chain(office.iter().map(|page| (page.as_str(), "es")))
    .map(|(page, language)| {
        let mark = if page.contains('?') { '&' } else { '?' };
        format!("{}/{page}{mark}colegio={}&lang={language}", line.base, school.id)
    })
    .collect();
    let browser = Browser::start().await?;
    browser.sign_in(&line.base).await?;
    // Pages that ask for the password first are shown, and not the one that asks.
    sqlx::query("update sessions set stepped_up_at = stepped_up_at + interval '1 day'").execute(&line.owner).await?;
    Ok((line, browser, pages))
}

/// A case of the first pupil, held among others of the course.
async fn case(line: &Line, school: &School) -> Result<CaseId> {
    let date: NaiveDate = CASE_DAY.parse()?;
    let slot_id = SlotId(Uuid::from_u128(7));
    let found = Finding::Missing {
        course_id: school.courses[0],
        due_at: line.now() - chrono::TimeDelta::days(35),
        hold: Some(Hold::MassAlarm),
    };
    let of = |n: usize| CaseId { date, slot_id, student_id: school.pupils[n].id };
    let asks: Vec<_> = (0..3).map(|n| (line.context(school.id, school.zone), of(n), Command::Observe(found))).collect();
    observe(line.write(), &asks).await?;
    Ok(of(0))
}

/// Rules that a page breaks, each with the elements that break it.
async fn broken_rules(browser: &Browser, axe: &str) -> Result<Vec<String>> {
    browser.execute(axe).await?;
    let found = browser
        .execute(
            "return axe.run().then(r => r.violations.map(v =>
               v.id + ': ' + v.nodes.map(n => n.target.join(' ') + ' ' + n.failureSummary).join(' | ')))",
        )
        .await?;
    let found = found.as_array().context("axe says nothing")?;
    Ok(found.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_keeps_the_rules_of_accessibility_and_fits_a_small_phone() {
    let axe = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web/node_modules/axe-core/axe.min.js");
    let axe = std::fs::read_to_string(axe).expect("axe-core is there after make deps");
    let (mut line, browser, pages) = site().await.unwrap();
    let mut found = Vec::new();
    for colours in ["light", "dark"] {
        browser.prefer(colours).await.unwrap();
        for (width, height) in ROOMS {
            browser.room(width, height).await.unwrap();
            for page in &pages {
                browser.goto(page).await.unwrap();
                let broken = broken_rules(&browser, &axe).await.unwrap();
                if !broken.is_empty() {
                    found.push(format!("{page}, {colours}, {width} px: {broken:?}"));
                }
                let wide = browser.execute(WIDE).await.unwrap();
                if wide != serde_json::json!([]) {
                    found.push(format!("{page} is wider than {width} px: {wide}"));
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    // The check can fail: the same page with a picture that says nothing.
    browser.execute("document.querySelector('main').append(document.createElement('img'))").await.unwrap();
    assert!(broken_rules(&browser, &axe).await.unwrap()[..].concat().contains("image-alt"));
    line.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_link_and_button_is_reached_by_the_keyboard_and_shows_where_it_is() {
    let (mut line, browser, pages) = site().await.unwrap();
    for page in &pages {
        browser.goto(page).await.unwrap();
        browser.execute("window.met = new Set()").await.unwrap();
        let mut unmet = Value::Null;
        // Once around is enough, unless the page changes meanwhile and the walk begins again.
        for _ in 0..300 {
            browser.press(TAB).await.unwrap();
            let seen = browser.execute(WALK).await.unwrap();
            assert_eq!(seen["shown"], true, "on {page} the focus is not seen");
            unmet = seen["unmet"].clone();
            if unmet == serde_json::json!([]) {
                break;
            }
        }
        assert_eq!(unmet, serde_json::json!([]), "{page}: not reached");
    }
    line.close().await;
}
