//! `/avisos`: what became of a day's notices to families, whether the channels send, and letting one go on that is
//! paused.

use super::asked::{Asked, date_asked_for, field};
use super::cases::days;
use super::respond::Nonce;
use super::shell::{self, Page, Place};
use super::source::SourceError;
use super::staff::{form, who};
use super::view::{School, Who};
use crate::AppState;
use crate::i18n::{Lang, key, times};
use crate::permissions::Permission;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use chrono::{DateTime, NaiveDate, Utc};
use commands::StoreError;
use commands::deliveries::channels::{Standing, standing, unpause};
use commands::deliveries::{Failures, Line, Overview, overview};
use domain::SchoolId;
use domain::delivery::{Channel, Kind, Says};
use maud::{Markup, html};

/// In an installation with more schools than these nobody lets a channel go on here.
const MANY: i64 = 100;

/// The pages of the notices.
pub fn router() -> Router<AppState> {
    Router::new().route("/avisos", get(show)).route("/avisos/reanudar", post(resume))
}

/// The page's values.
struct NoticesPage {
    who: Who,
    school: School,
    date: NaiveDate,
    now: DateTime<Utc>,
    /// The channels that are switched on, each with whether it sends for good.
    on: Vec<(Channel, bool)>,
    standing: Vec<Standing>,
    found: Overview,
    /// Whether who looks may let a channel go on.
    resumes: bool,
    done: Option<&'static str>,
}

/// `GET /avisos`.
async fn show(asked: Asked, query: RawQuery) -> Response {
    let found = async {
        let Some(school) = asked.school_of_page().await? else { return Ok(None) };
        let now = asked.state.clock.now();
        let date = date_asked_for(&query).unwrap_or_else(|| now.with_timezone(&school.zone).date_naive());
        let unavailable = |error: StoreError| SourceError::Unavailable(error.into());
        let write = &asked.state.write;
        Ok::<_, SourceError>(Some(NoticesPage {
            who: who(&asked.state, &asked.person).await,
            date,
            now,
            on: asked.state.config.notices.modes(),
            standing: standing(write).await.map_err(unavailable)?,
            found: overview(write, asked.school, date).await.map_err(unavailable)?,
            resumes: resumes(&asked).await?,
            done: match asked.visit.notice.as_deref() {
                Some("reanudado") => Some(key("notices-resumed")),
                Some("igual") => Some(key("notices-resumed-nothing")),
                _ => None,
            },
            school,
        }))
    };
    match found.await {
        Ok(Some(page)) => asked.visit.page(StatusCode::OK, |nonce| page.page(asked.visit.lang, nonce)),
        Ok(None) => asked.visit.failed(StatusCode::NOT_FOUND),
        Err(error) => asked.visit.source_error(&error),
    }
}

/// Whether who asks may let a channel go on. It is the installation's: whoever may, may so in every school.
async fn resumes(asked: &Asked) -> Result<bool, SourceError> {
    let schools = asked.state.pools.request.schools(None, MANY + 1).await?;
    let may = |school: SchoolId| asked.person.may(Permission::SettingsWrite, school);
    Ok(i64::try_from(schools.len()).is_ok_and(|n| n <= MANY) && schools.iter().all(|school| may(school.school_id)))
}

/// `POST /avisos/reanudar`.
async fn resume(asked: Asked, Form(sent): Form<Vec<(String, String)>>) -> Response {
    let Some(channel) = field(&sent, "canal").and_then(Channel::of_code) else {
        return asked.visit.failed(StatusCode::UNPROCESSABLE_ENTITY);
    };
    match resumes(&asked).await {
        Ok(true) => {}
        // The page says whose it is.
        Ok(false) => return Redirect::to(&format!("/avisos?colegio={}", asked.school)).into_response(),
        Err(error) => return asked.visit.source_error(&error),
    }
    let word = match unpause(&asked.state.write, channel, asked.person.account_id).await {
        Ok(true) => "reanudado",
        Ok(false) => "igual",
        Err(error) => return asked.visit.source_error(&SourceError::Unavailable(error.into())),
    };
    Redirect::to(&format!("/avisos?colegio={}&aviso={word}", asked.school)).into_response()
}

impl NoticesPage {
    fn page(&self, lang: Lang, nonce: &Nonce) -> Markup {
        let main = html! {
            main class="reports-page" {
                header class="page-head" {
                    h1 { (lang.t("notices-title")) }
                    p class="date" { (times::long_date(self.date, lang)) }
                }
                (form::done(self.done.map(|words| lang.t(words))))
                @if self.on.is_empty() { p { (lang.t("notices-off")) } }
                @if self.found.to_call > 0 {
                    p class="refused" {
                        a href={ "/casos?colegio=" (self.school.id) "&fecha=" (self.date) } {
                            (lang.f("notices-to-call", &[("n", self.found.to_call.into())]))
                        }
                    }
                }
                (self.channels(lang))
                (self.figures(lang))
                (self.failures(lang))
                (days("/avisos", &self.school, (self.date, self.today()), lang))
            }
        };
        let here = format!("/avisos?colegio={}&fecha={}", self.school.id, self.date);
        let title = lang.t("notices-title");
        let (school, who) = (Some(self.school.name.as_str()), Some(&self.who));
        shell::page(&Page { lang, nonce, title, place: Place::Notices, here, school, who, ages: true }, &main)
    }

    fn today(&self) -> NaiveDate {
        self.now.with_timezone(&self.school.zone).date_naive()
    }

    fn channels(&self, lang: Lang) -> Markup {
        html! {
            @if !self.on.is_empty() {
                section class="card" aria-labelledby="channels" {
                    h2 id="channels" { (lang.t("notices-channels")) }
                    ul class="rows" { @for (channel, live) in &self.on { (self.channel(*channel, *live, lang)) } }
                }
            }
        }
    }

    fn channel(&self, channel: Channel, live: bool, lang: Lang) -> Markup {
        let of = || self.standing.iter().filter(move |one| one.channel == channel);
        let quiet = of().any(|one| one.quiet);
        let paused = of().find(|one| one.says.is_none()).and_then(|one| one.paused.as_ref());
        let templates: Vec<Says> = of().filter(|one| one.paused.is_some()).filter_map(|one| one.says).collect();
        let words = lang.t(channel_words(channel));
        let due = self.found.due_since.iter().find(|(due, _)| *due == channel).map(|(_, since)| self.now - *since);
        html! {
            li class="row" {
                div {
                    b { (words) }
                    @match (quiet, paused) {
                        (true, _) => p { (lang.t("notices-quiet")) },
                        (false, Some((at, why))) => {
                            p { b { (lang.f("notices-paused", &[
                                ("time", (&self.moment(*at, lang)).into()), ("why", (&reason(why, lang)).into()),
                            ])) } }
                            p class="hint" { (lang.t("notices-paused-what")) }
                        }
                        (false, None) => p { (lang.t(if live { key("notices-sends") } else { key("notices-sandbox") })) },
                    }
                    @for says in &templates {
                        p { b { (lang.f("notices-template-paused", &[("what", (&says_words(*says, lang)).into())])) } }
                    }
                    p class="hint" {
                        @match due {
                            Some(age) => (lang.f("notices-due", &[("ago", (&times::ago(age, lang)).into())])),
                            None => (lang.t("notices-due-none")),
                        }
                    }
                }
                @let stands = !quiet && (paused.is_some() || !templates.is_empty());
                @if stands && !self.resumes { p class="hint" { (lang.t("notices-resume-by")) } }
                @if stands && self.resumes {
                    form method="post" action={ "/avisos/reanudar?colegio=" (self.school.id) } {
                        (form::hidden("canal", channel.as_str()))
                        (form::send(&lang.f("notices-resume", &[("channel", (&words).into())])))
                    }
                }
            }
        }
    }

    fn moment(&self, at: DateTime<Utc>, lang: Lang) -> String {
        let zone = self.school.zone;
        let day = at.with_timezone(&zone).date_naive();
        let time = times::clock(at, zone);
        if day == self.today() { time } else { format!("{time}, {}", times::long_date(day, lang)) }
    }

    fn figures(&self, lang: Lang) -> Markup {
        let heads = [
            key("notices-waiting"),
            key("notices-accepted"),
            key("notices-delivered"),
            key("notices-unknown"),
            key("notices-failed"),
            key("notices-suppressed"),
        ]
        .map(|head| lang.t(head));
        let cells = |l: &Line| [l.waiting, l.accepted, l.delivered, l.unknown, l.failed, l.suppressed];
        html! {
            section class="card" aria-labelledby="figures" {
                h2 id="figures" { (lang.t("notices-day")) }
                @if self.found.lines.is_empty() { p class="hint" { (lang.t("notices-none")) } }
                @else {
                    table class="figures" aria-labelledby="figures" {
                        thead { tr { th scope="col" { (lang.t("notices-kind")) } @for head in &heads { th scope="col" { (head) } } } }
                        tbody {
                            @for line in &self.found.lines {
                                tr {
                                    th scope="row" { (lang.t(kind_words(line.kind))) ", " (lang.t(channel_words(line.channel))) }
                                    @for (head, n) in heads.iter().zip(cells(line)) {
                                        td data-head=(head) { span { (count(n, lang)) } }
                                    }
                                }
                            }
                        }
                    }
                    p class="hint" { (lang.t("notices-words")) }
                }
            }
        }
    }

    fn failures(&self, lang: Lang) -> Markup {
        let heads = [key("notices-channels"), key("notices-count")].map(|head| lang.t(head));
        html! {
            @if !self.found.failures.is_empty() {
                section class="card" aria-labelledby="failures" {
                    h2 id="failures" { (lang.t("notices-failures")) }
                    table class="figures" aria-labelledby="failures" {
                        thead { tr { th scope="col" { (lang.t("notices-reason")) } @for head in &heads { th scope="col" { (head) } } } }
                        tbody { @for one in &self.found.failures { (failure(one, &heads, lang)) } }
                    }
                }
            }
        }
    }
}

fn failure(one: &Failures, heads: &[String; 2], lang: Lang) -> Markup {
    let became = if one.failed { key("notices-failed") } else { key("notices-suppressed") };
    html! {
        tr {
            th scope="row" {
                (lang.t(became)) ": " (reason(&one.reason, lang))
                @if let Some(code) = one.code {
                    " " small { "(" (lang.f("notices-code", &[("code", (&code.to_string()).into())])) ")" }
                }
            }
            td data-head=(heads[0]) { span { (lang.t(channel_words(one.channel))) } }
            td data-head=(heads[1]) { span { (count(one.notices, lang)) } }
        }
    }
}

fn count(n: i64, lang: Lang) -> String {
    lang.number(u32::try_from(n).unwrap_or(u32::MAX))
}

/// A channel, to a person.
pub(super) fn channel_words(channel: Channel) -> &'static str {
    match channel {
        Channel::Whatsapp => key("notices-channel-whatsapp"),
        Channel::Email => key("notices-channel-email"),
    }
}

fn kind_words(kind: Kind) -> &'static str {
    match kind {
        Kind::Entry => key("notices-kind-entry"),
        Kind::Exit => key("notices-kind-exit"),
        Kind::NoEntry => key("notices-kind-no-entry"),
        Kind::Late => key("notices-kind-late"),
        Kind::EarlyLeave => key("notices-kind-early-leave"),
        Kind::Correction => key("notices-kind-correction"),
        Kind::Broadcast => key("notices-kind-broadcast"),
    }
}

fn says_words(says: Says, lang: Lang) -> String {
    lang.t(kind_words(match says {
        Says::NoEntry => Kind::NoEntry,
        Says::Entered => Kind::Entry,
        Says::WentOut => Kind::Exit,
        Says::CameLate => Kind::Late,
        Says::LeftBeforeEnd | Says::Collected => Kind::EarlyLeave,
        Says::Arrived | Says::WasThere | Says::NotExpected | Says::LeftEarly | Says::Justified => Kind::Correction,
        Says::Broadcast => Kind::Broadcast,
    }))
}

/// The words for a code of the rows; of one that is not known here, the code.
fn reason(code: &str, lang: Lang) -> String {
    let words = match code {
        "token" => key("notices-why-token"),
        "permission" => key("notices-why-permission"),
        "account" => key("notices-why-account"),
        "payment" => key("notices-why-payment"),
        "password" => key("notices-why-password"),
        "template" => key("notices-why-template"),
        "recipient" => key("notices-why-recipient"),
        "program" => key("notices-why-program"),
        "put_off" => key("notices-why-put-off"),
        "unreachable" => key("notices-why-unreachable"),
        "came_back" => key("notices-why-came-back"),
        "not_true" => key("notices-why-not-true"),
        "acknowledged" => key("notices-why-acknowledged"),
        "no_right" => key("notices-why-no-right"),
        "no_pupil" => key("notices-why-no-pupil"),
        "no_guardian" => key("notices-why-no-guardian"),
        "not_wanted" => key("notices-why-not-wanted"),
        "no_address" => key("notices-why-no-address"),
        "expired" => key("notices-why-expired"),
        "told" => key("notices-why-told"),
        other => return lang.f("notices-why-other", &[("code", other.into())]),
    };
    lang.t(words)
}

/// Made up, with names that look like markup among it.
#[cfg(test)]
pub(super) fn sample_pages(lang: Lang, nonce: &Nonce) -> Vec<(String, Markup)> {
    use super::sample::{self, HOSTILE};
    let (email, whatsapp) = (Channel::Email, Channel::Whatsapp);
    let line = |kind, channel| Line {
        kind,
        channel,
        waiting: 1,
        accepted: 2_000,
        delivered: 3,
        unknown: 4,
        failed: 5,
        suppressed: 6,
    };
    let stands = |channel, says, why: Option<&str>, quiet| Standing {
        channel,
        says,
        paused: why.map(|why| (sample::now(), why.to_owned())),
        quiet,
    };
    let failures = |reason: &str, code| Failures {
        channel: email,
        failed: code,
        reason: reason.to_owned(),
        code: code.then_some(550),
        notices: 7,
    };
    let page = |on: &[(Channel, bool)], standing, found| NoticesPage {
        who: Who { name: None, several_schools: true, may: Permission::ALL.to_vec() },
        school: School { name: HOSTILE.to_owned(), ..sample::school() },
        date: sample::now().date_naive(),
        now: sample::now(),
        on: on.to_vec(),
        standing,
        found,
        resumes: true,
        done: Some(key("notices-resumed")),
    };
    let found = Overview {
        lines: Kind::ALL.iter().map(|kind| line(*kind, email)).collect(),
        failures: vec![failures("recipient", true), failures("told", false), failures(HOSTILE, false)],
        to_call: 2,
        due_since: vec![(email, sample::now())],
    };
    let paused = vec![
        stands(whatsapp, None, Some("token"), false),
        stands(whatsapp, Some(Says::NoEntry), Some("template"), false),
    ];
    let quiet = vec![stands(email, None, None, true)];
    [
        ("notices hostile", page(&[(whatsapp, true), (email, false)], paused, found)),
        ("notices quiet", page(&[(email, true)], quiet, Overview::default())),
        ("notices off", page(&[], vec![], Overview::default())),
    ]
    .map(|(name, page)| (name.to_owned(), page.page(lang, nonce)))
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::NoticesConfig;
    use crate::testing::TestApp;
    use commands::deliveries::channels::{enter, pause};

    #[tokio::test]
    async fn a_paused_channel_is_seen_and_let_go_on_by_whoever_may_and_a_restored_one_is_not() {
        let databases = local_services::testing::TestDatabases::create().await.unwrap();
        let notices = NoticesConfig::for_testing(&"s".repeat(32), &"w".repeat(32));
        let app = TestApp::start_changed(databases, |config| config.notices = notices).await.unwrap();
        let school = app.school(1).await.unwrap();
        let write = app.write();
        enter(write, Channel::Whatsapp).await.unwrap();
        pause(write, (Channel::Whatsapp, None), "token", Some(190)).await.unwrap();
        let inspector = app.sign_in(&school, domain::account::StaffRole::Inspector).await.unwrap();
        let director = app.sign_in(&school, domain::account::StaffRole::Director).await.unwrap();
        let path = format!("{}/avisos?colegio={}", app.base, school.id);
        let read = async |client: &reqwest::Client| client.get(&path).send().await.unwrap().text().await.unwrap();
        let page = read(&inspector).await;
        assert!(page.contains("En pausa desde las 07:30: la clave de WhatsApp venció"), "{page}");
        assert!(!page.contains("/avisos/reanudar"), "an inspector reads");
        let go_on = async |client: &reqwest::Client, channel: &str| {
            let url = format!("{}/avisos/reanudar?colegio={}", app.base, school.id);
            let sent = client
                .post(url)
                .header("origin", &app.base)
                .header("content-type", "application/x-www-form-urlencoded")
                .body(format!("canal={channel}"))
                .send()
                .await
                .unwrap();
            (sent.status().as_u16(), sent.url().query().unwrap_or_default().to_owned())
        };
        assert_eq!(go_on(&inspector, "whatsapp").await.0, 403);
        assert_eq!(go_on(&director, "pigeon").await.0, 422);
        assert!(read(&director).await.contains("Reanudar WhatsApp"));
        let gone_on = go_on(&director, "whatsapp").await;
        assert!(gone_on.0 == 303 || gone_on.1.contains("aviso=reanudado"), "{gone_on:?}");
        let page = read(&director).await;
        assert!(!page.contains("En pausa") && !page.contains("Reanudar"), "{page}");

        // With another school the channel is not this one's alone.
        pause(write, (Channel::Whatsapp, None), "token", Some(190)).await.unwrap();
        app.school(1).await.unwrap();
        let page = read(&director).await;
        assert!(page.contains("El canal es de todos los colegios") && !page.contains("Reanudar"), "{page}");
        go_on(&director, "whatsapp").await;
        assert!(read(&director).await.contains("En pausa"), "it stays");

        let owner = sqlx::PgPool::connect_with(app.databases.owner_options()).await.unwrap();
        let by: Option<uuid::Uuid> =
            sqlx::query_scalar("select resumed_by from delivery_channels where channel = 'whatsapp' and says = ''")
                .fetch_one(&owner)
                .await
                .unwrap();
        assert!(by.is_some(), "who let it go on is on record");
        sqlx::query("update log_epoch set epoch = gen_random_uuid()").execute(&owner).await.unwrap();
        let page = read(&director).await;
        assert!(page.contains("la base de datos se restauró") && !page.contains("/avisos/reanudar"), "{page}");
        app.shutdown().await;
    }
}
