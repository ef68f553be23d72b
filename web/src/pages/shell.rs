//! What surrounds every page: head, skip link, the places one can go, the language.

use super::icon::{icon, symbols};
use super::respond::Nonce;
use super::view::{School, Who};
use crate::assets;
use crate::i18n::{Lang, key};
use crate::permissions::Permission;
use maud::{DOCTYPE, Markup, html};

/// htmx's configuration. Arrays need JSON. Its events and defaults: `web/assets/live.js`.
const HTMX: &str = r#"{"extensions":"sse,hx-csp,gate","history":false,"includeIndicatorCSS":false,"defaultSettleDelay":0,"noSwap":[204,304,"4xx","5xx"],"morphIgnore":["data-htmx-powered","open"],"sse":{"reconnectMaxDelay":"15s","connectTimeout":"10s"}}"#;

/// How often a page without scripts loads itself again, in seconds.
const PLAIN_REFRESH: &str = "20";

/// A place in the rail.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The board.
    Today,
    /// The wall screen.
    Wall,
    /// Who is inside, which the board and the courses lead to.
    Presence,
    /// Who did not come.
    Cases,
    /// What became of notices, which the cases lead to.
    Notices,
    /// Messages to many families.
    Broadcasts,
    /// What waits for an answer.
    Requests,
    /// A pupil's day.
    Pupil,
    /// The school's pupils, which the board leads to.
    Pupils,
    /// The choice of school.
    Schools,
    /// How days were.
    Reports,
    /// The days that differ.
    Calendar,
    /// The courses' weeks, which the calendar leads to.
    Schedule,
    /// What the day is judged by.
    Settings,
    /// Who works here.
    People,
    /// How the kiosks are.
    Kiosks,
    /// What happened to accounts.
    Log,
    /// One's own account.
    Account,
    /// A family's pages.
    Family,
    /// The demo's telephones and mailboxes.
    Telephones,
    /// None of them.
    Nowhere,
}

/// What a page says about itself.
pub(super) struct Page<'a> {
    /// Its language.
    pub lang: Lang,
    /// Its nonce.
    pub nonce: &'a Nonce,
    /// Title without the product's name.
    pub title: String,
    /// Where it is in the rail.
    pub place: Place,
    /// Its own address with what it was asked for, without the language: for the language links.
    pub here: String,
    /// The school it is about.
    pub school: Option<&'a str>,
    /// Whose it is; a page of nobody's leads nowhere.
    pub who: Option<&'a Who>,
    /// Whether it shows figures that age: then it refreshes itself without scripts.
    pub ages: bool,
}

/// The stylesheets over the common one; the board has none.
fn more_style(place: Place) -> Vec<&'static assets::Asset> {
    match place {
        Place::Today => vec![],
        Place::Wall => vec![&assets::WALL],
        Place::Family => vec![&assets::OFFICE, &assets::FAMILY],
        Place::Cases => vec![&assets::OFFICE, &assets::CASES],
        Place::Presence => vec![&assets::OFFICE, &assets::PRESENCE],
        Place::Schedule => vec![&assets::OFFICE, &assets::SCHEDULE],
        Place::Telephones => vec![&assets::OFFICE, &assets::TELEPHONES],
        Place::Log => vec![&assets::OFFICE, &assets::REPLAY],
        Place::Kiosks => vec![&assets::OFFICE, &assets::KIOSKS],
        Place::Reports | Place::Settings | Place::Notices | Place::Broadcasts => {
            vec![&assets::OFFICE, &assets::REPORTS]
        }
        Place::Requests | Place::Pupil | Place::Pupils => vec![&assets::OFFICE, &assets::PUPIL],
        Place::Schools | Place::Calendar | Place::People | Place::Account | Place::Nowhere => {
            vec![&assets::OFFICE]
        }
    }
}

fn head(page: &Page<'_>) -> Markup {
    html! {
        meta charset="utf-8";
        title { (page.title) " · " (page.lang.t("product")) }
        meta name="viewport" content="width=device-width, initial-scale=1";
        meta name="color-scheme" content="light dark";
        meta name="theme-color" media="(prefers-color-scheme: light)" content="#f5f6f8";
        meta name="theme-color" media="(prefers-color-scheme: dark)" content="#0f1217";
        meta name="robots" content="noindex";
        link rel="icon" type="image/svg+xml" href=(assets::BADGE.href());
        link rel="stylesheet" href=(assets::STYLE.href()) integrity=(assets::STYLE.integrity);
        @for more in more_style(page.place) {
            link rel="stylesheet" href=(more.href()) integrity=(more.integrity);
        }
        @if page.ages {
            noscript { meta http-equiv="refresh" content=(PLAIN_REFRESH); }
        }
        @if let Some(script) = assets::script() {
            meta name="htmx-config" content=(HTMX);
            script nonce=(page.nonce) src=(script.href()) integrity=(script.integrity) defer {}
        }
        // In the head, since htmx sets anew whatever script it finds in the body that it fetches, and may not.
        @if page.place == Place::Presence && page.who.is_some_and(|who| who.may(Permission::RollCallAct)) {
            script nonce=(page.nonce) src=(assets::ROLLCALL.href()) integrity=(assets::ROLLCALL.integrity) defer {}
        }
    }
}

/// A page of somebody's about one school, whose figures do not age.
pub(super) fn of_school(
    (who, school): (&Who, &School),
    place: Place,
    title: String,
    here: String,
    (lang, nonce): (Lang, &Nonce),
    main: &Markup,
) -> Markup {
    page(&Page { lang, nonce, title, place, here, school: Some(&school.name), who: Some(who), ages: false }, main)
}

/// A whole page with its rail (a bottom bar on phones).
pub(super) fn page(page: &Page<'_>, main: &Markup) -> Markup {
    let lang = page.lang;
    let layout = html! {
        div class="layout" {
            header class="rail" {
                div class="brand" {
                    img class="badge" src=(assets::BADGE.href()) width="32" height="32" alt="";
                    span class="brand-words" {
                        b { (lang.t("product")) }
                        @if let Some(school) = page.school { small { (school) } }
                    }
                }
                nav class="places" aria-label=(lang.t("nav-label")) { ul {
                    @if let Some(who) = page.who { (places(page, who)) }
                    (languages(page))
                } }
                @if let Some(who) = page.who { (person(who, lang)) }
            }
            div class="page" id="content" tabindex="-1" { (main) }
        }
    };
    html! {
        (DOCTYPE)
        html lang=(lang.tag()) {
            head { (head(page)) }
            body {
                (symbols(&layout, page.place == Place::Today))
                a class="skip" href="#content" { (lang.t("skip-to-content")) }
                (layout)
            }
        }
    }
}

/// A whole page without anything around its content.
pub(super) fn bare(page: &Page<'_>, class: &str, main: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(page.lang.tag()) class=(class) {
            head { (head(page)) }
            body { (symbols(main, page.place == Place::Wall)) (main) }
        }
    }
}

/// Where this person may go. A phone's bar has no room for all: the wall screen, which is for none, the kiosks, the
/// people, the log and the languages are on the account's page.
fn places(page: &Page<'_>, who: &Who) -> Markup {
    // Whoever has the board finds these on the account's page on a phone.
    let on_account = who.may(Permission::BoardRead).then_some("wide");
    html! {
        @if who.may(Permission::BoardRead) {
            (place(page, Place::Today, "/hoy", "today", key("nav-today"), None))
            (place(page, Place::Wall, "/hoy/muro", "wall", key("nav-wall"), Some("wide")))
        }
        @if who.may(Permission::NoShowRead) {
            (place(page, Place::Cases, "/casos", "missing", key("nav-cases"), None))
        }
        @if who.may(Permission::ManualEntry) {
            (place(page, Place::Requests, "/solicitudes", "inbox", key("nav-requests"), Some("wide")))
        }
        @if who.may(Permission::BroadcastsSend) {
            (place(page, Place::Broadcasts, "/comunicados", "mail", key("nav-broadcasts"), Some("wide")))
        }
        @if who.may(Permission::CalendarRead) {
            (place(page, Place::Calendar, "/calendario", "calendar", key("nav-calendar"), None))
        }
        @if who.may(Permission::SettingsWrite) {
            (place(page, Place::Settings, "/ajustes", "settings", key("nav-settings"), Some("wide")))
        }
        @if who.may(Permission::ReportsRead) {
            (place(page, Place::Reports, "/informes", "reports", key("nav-reports"), on_account))
        }
        @if who.several_schools { (place(page, Place::Schools, "/escuelas", "school", key("nav-schools"), None)) }
        @if who.may(Permission::BoardRead) {
            (place(page, Place::Kiosks, "/kioscos", "gate", key("nav-kiosks"), Some("wide")))
        }
        @if who.may(Permission::PeopleRead) {
            (place(page, Place::People, "/personas", "people", key("nav-people"), on_account))
        }
        @if who.may(Permission::AuditRead) {
            (place(page, Place::Log, "/registro", "log", key("nav-log"), on_account))
        }
        (place(page, Place::Account, "/cuenta", "account", key("nav-account"), None))
    }
}

/// Who is signed in, and the way out.
fn person(who: &Who, lang: Lang) -> Markup {
    html! {
        div class="person" {
            @if let Some(name) = &who.name { span class="person-name" { (name) } }
            form method="post" action="/salir" {
                button class="quiet" type="submit" { (icon("left")) span { (lang.t("sign-out")) } }
            }
        }
    }
}

fn place(page: &Page<'_>, place: Place, href: &str, icon_name: &str, key: &str, class: Option<&str>) -> Markup {
    html! {
        li class=[class] {
            a href=(href) aria-current=[(page.place == place).then_some("page")] {
                (icon(icon_name)) span { (page.lang.t(key)) }
            }
        }
    }
}

fn languages(page: &Page<'_>) -> Markup {
    let mark = if page.here.contains('?') { '&' } else { '?' };
    html! {
        @for other in Lang::ALL.into_iter().filter(|lang| *lang != page.lang) {
            li class=(if page.who.is_some() { "language wide" } else { "language" }) {
                a href={ (page.here) (mark) "lang=" (other.code()) } lang=(other.tag())
                    hreflang=(other.tag()) {
                    (icon("language")) span { (other.own_name()) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_language_keeps_what_was_asked_for() {
        let link = |here: &str| {
            let nonce = Nonce::sample();
            let page = Page {
                lang: Lang::Es,
                nonce: &nonce,
                title: String::new(),
                place: Place::Nowhere,
                here: here.to_owned(),
                school: None,
                who: None,
                ages: false,
            };
            languages(&page).into_string()
        };
        assert!(link("/hoy").contains("href=\"/hoy?lang=en\""));
        let asked = link("/registro?colegio=1&antes=7");
        assert!(asked.contains("href=\"/registro?colegio=1&amp;antes=7&amp;lang=en\""), "{asked}");
    }
}
