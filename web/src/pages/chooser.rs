//! The choice between several schools.

use super::icon::icon;
use super::respond::Nonce;
use super::shell::{self, Page, Place};
use super::view::{School, Who};
use crate::i18n::Lang;
use maud::{Markup, html};

/// The whole page: each school with the page that its choice leads to.
pub(super) fn page(schools: &[(School, &str)], who: &Who, lang: Lang, nonce: &Nonce) -> Markup {
    let main = html! {
        main class="chooser" {
            @if schools.is_empty() {
                header class="page-head" { h1 { (lang.t("no-school-title")) } }
                p { (lang.t("no-school-what-to-do")) }
            } @else {
                header class="page-head" { h1 { (lang.t("choose-school")) } }
                ul class="schools" {
                    @for (school, first) in schools {
                        li {
                            a class="card" href={ (first) "?colegio=" (school.id) } {
                                (icon("school")) b { (school.name) } (icon("next"))
                            }
                        }
                    }
                }
            }
        }
    };
    shell::page(
        &Page {
            lang,
            nonce,
            title: lang.t("nav-schools"),
            place: Place::Schools,
            here: "/escuelas".to_owned(),
            school: None,
            who: Some(who),
            ages: false,
        },
        &main,
    )
}
