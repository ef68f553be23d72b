//! What is outside of the school in the demo: families' telephones with WhatsApp, and their mailboxes, all on this machine.
//! The server sends to them as it would to Meta and to a mail server, and is told by signed webhooks how messages fare.
//!
//! What arrived is counted here and in no row of the server.

mod about;
mod habits;
mod letter;

pub use about::About;

use crate::config::{Config, Here, MailConfig, NoticesConfig};
use crate::pages::telephones::{Address, Fate, Got, Telephones};
use crate::{AppState, middleware as mw, pages, router};
use anyhow::{Context as _, Result};
use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use chrono::{DateTime, Utc};
use commands::clock::{Clock as _, ScaledClock};
use domain::delivery::Channel;
use local_services::smtp::Kept;
use local_services::whatsapp::{Registered, Shown, message, signature, status_at};
use local_services::{FakeWhatsApp, MailServer};
use sqlx::PgPool;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::{JoinHandle, JoinSet};
use uuid::Uuid;
use workers::words::{parameters, templates};

/// Where the page is that shows all of it.
pub const PAGE: &str = "/demo/telefonos";
/// Whom mails come from.
const FROM: &str = "Liceo Bicentenario Los Aromos <no-reply@losaromos.example>";
/// How often a webhook that was not taken is told again.
const TELLS: u32 = 20;

/// Something that arrived.
#[derive(Debug, Clone)]
pub struct Arrived {
    /// When, by the demo's clock.
    pub at: DateTime<Utc>,
    /// Where: a telephone or a mailbox.
    pub by: Channel,
    /// Whose.
    pub to: String,
    /// Which message, as whoever sent it says; of mails the same for every try.
    pub id: Option<Uuid>,
    /// Subject of a mail.
    pub subject: Option<String>,
    /// What is read.
    pub text: String,
    /// How it fares, of messages to telephones.
    pub fate: Option<Fate>,
}

/// Telephones and mailboxes, for as long as it is held.
pub struct Outside {
    phones: Arc<FakeWhatsApp>,
    mailboxes: Arc<MailServer>,
    api: Here,
    clock: Arc<ScaledClock>,
    book: Arc<Book>,
    tasks: Vec<JoinHandle<()>>,
}

/// What arrived, in order.
#[derive(Default)]
struct Book(Mutex<Vec<Arrived>>);

impl Book {
    fn lock(&self) -> MutexGuard<'_, Vec<Arrived>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes it down; its place.
    fn arrives(&self, arrived: Arrived) -> usize {
        let mut all = self.lock();
        all.push(arrived);
        all.len() - 1
    }

    /// What telephones and mailboxes show.
    fn shown(&self, about: &About) -> Telephones {
        let all = self.lock();
        let mut places: HashMap<(Channel, &str), usize> = HashMap::new();
        let mut addresses: Vec<Address> = Vec::new();
        for one in all.iter() {
            let place = *places.entry((one.by, &one.to)).or_insert(addresses.len());
            if place == addresses.len() {
                addresses.push(Address { by: one.by, to: one.to.clone(), got: Vec::new() });
            }
            let (subject, text) = (one.subject.clone(), one.text.clone());
            if let Some(address) = addresses.get_mut(place) {
                address.got.push(Got { at: one.at, subject, text, fate: one.fate });
            }
        }
        addresses.sort_by_key(|address| std::cmp::Reverse(address.got.last().map(|got| got.at)));
        let (once, doubled) = about.once_and_again(&all);
        Telephones { zone: super::stage::ZONE, messages: all.len(), once, doubled, addresses }
    }
}

impl Outside {
    /// Starts a WhatsApp API that knows every template of this program, and a mail server.
    pub async fn start(clock: Arc<ScaledClock>) -> Result<Self> {
        let [token, app_secret, verify_token] = [secret()?, secret()?, secret()?];
        let number_id = "106540352242922".to_owned();
        let registered = |(name, language, sentence): (&'static str, &'static str, &'static str)| Registered {
            name: name.to_owned(),
            language: language.to_owned(),
            parameters: parameters(sentence).into_iter().map(str::to_owned).collect(),
        };
        let registered = templates().into_iter().map(registered).collect();
        let phones = Arc::new(FakeWhatsApp::start(&token, &number_id, registered).await?);
        let api = Here { port: phones.port(), number_id, token, app_secret, verify_token };
        let mailboxes = Arc::new(MailServer::start().await?);
        Ok(Self { phones, mailboxes, api, clock, book: Arc::default(), tasks: Vec::new() })
    }

    /// A server's configuration whose letters and notices arrive here.
    pub fn reached_by(&self, config: Config) -> Config {
        let mail = MailConfig::over(self.mailboxes.url(), FROM);
        Config { mail, notices: NoticesConfig::on_this_machine(&self.api), ..config }
    }

    /// The server's routes, and the page of telephones and mailboxes beside them: it is none of the product's, and for
    /// whoever sits at this machine. `pool` reads every school's rows.
    pub fn routes(&self, state: AppState, pool: PgPool) -> Router {
        let book = Arc::clone(&self.book);
        let look = move || {
            let (book, pool) = (Arc::clone(&book), pool.clone());
            async move { Ok(book.shown(&About::read(&pool).await?)) }
        };
        let page = pages::telephones::router(PAGE, look);
        let page = page.layer(from_fn_with_state(state.clone(), mw::check_host));
        router::router(state).merge(page.layer(from_fn(mw::catch_panics)).layer(from_fn(mw::secure)))
    }

    /// Writes down what arrives from now on, and tells the server under `base` how messages fare.
    pub fn follow(&mut self, base: &str) -> Result<()> {
        let (mailboxes, book, clock) = (self.mailboxes.clone(), self.book.clone(), self.clock.clone());
        let mails = async move {
            let mut seen = 0;
            loop {
                let more = mailboxes.beyond(seen).await;
                seen += more.len();
                for mail in more {
                    book.arrives(of_mail(mail, clock.now()));
                }
            }
        };
        let meta = Arc::new(self.meta(base)?);
        let phones = self.phones.clone();
        let messages = async move {
            let (mut seen, mut telling) = (0, JoinSet::new());
            loop {
                let more = phones.beyond(seen).await;
                seen += more.len();
                for shown in more {
                    telling.spawn(Arc::clone(&meta).shows(shown));
                }
                while telling.try_join_next().is_some() {}
            }
        };
        self.tasks.extend([tokio::spawn(mails), tokio::spawn(messages)]);
        Ok(())
    }

    /// The same of what arrived until now, for a clock that stands: every message is on its telephone at once.
    pub async fn catch_up(&self, base: &str) -> Result<()> {
        let (meta, now) = (self.meta(base)?, self.clock.now());
        let seen = |by: Channel| self.book.lock().iter().filter(|arrived| arrived.by == by).count();
        for mail in self.mailboxes.kept().into_iter().skip(seen(Channel::Email)) {
            self.book.arrives(of_mail(mail, now));
        }
        for shown in self.phones.shown().into_iter().skip(seen(Channel::Whatsapp)) {
            self.book.arrives(of_message(&shown, now, Fate::Delivered));
            meta.tell(status_at(&shown, Fate::Delivered.code(), None, now.timestamp())).await?;
        }
        Ok(())
    }

    /// Somebody answers from a telephone.
    pub async fn answers(&self, base: &str, number: &str, text: &str) -> Result<()> {
        self.meta(base)?.tell(message(Some(number), text, self.clock.now().timestamp())).await
    }

    /// The API, for a demonstration of its failure.
    pub fn phones(&self) -> &FakeWhatsApp {
        &self.phones
    }

    fn meta(&self, base: &str) -> Result<Meta> {
        Ok(Meta {
            http: super::local_client().timeout(Duration::from_secs(10)).build()?,
            url: format!("{base}/api/v1/webhooks/whatsapp"),
            secret: self.api.app_secret.clone(),
            clock: self.clock.clone(),
            book: self.book.clone(),
        })
    }

    /// What arrived so far, in order.
    pub fn arrived(&self) -> Vec<Arrived> {
        self.book.lock().clone()
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Who tells how messages fare.
struct Meta {
    http: reqwest::Client,
    url: String,
    secret: String,
    clock: Arc<ScaledClock>,
    book: Arc<Book>,
}

impl Meta {
    /// A telephone shows a message, and does with it what it is in the habit of.
    async fn shows(self: Arc<Self>, shown: Shown) {
        let place = self.book.arrives(of_message(&shown, self.clock.now(), Fate::Sent));
        let mut passed = 0;
        for (seconds, fate) in habits::of(&shown.to) {
            self.pause(seconds - passed).await;
            passed = seconds;
            if let Some(arrived) = self.book.lock().get_mut(place) {
                arrived.fate = arrived.fate.max(Some(fate));
            }
            let body = status_at(&shown, fate.code(), None, self.clock.now().timestamp());
            if let Err(error) = self.tell(body).await {
                tracing::warn!(%error, "demo: the server does not hear how a message fares");
            }
        }
    }

    /// Seconds of the demo's clock, as fast as it goes now.
    async fn pause(&self, seconds: u32) {
        tokio::time::sleep(Duration::from_secs(seconds.into()).div_f64(self.clock.rate().max(0.1))).await;
    }

    /// Whatever is not taken is told again, as Meta does.
    async fn tell(&self, body: Vec<u8>) -> Result<()> {
        let signed = signature(&self.secret, &body);
        for _ in 0..TELLS {
            let request = self.http.post(&self.url).header("content-type", "application/json");
            let answer = request.header("x-hub-signature-256", &signed).body(body.clone()).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        anyhow::bail!("not taken {TELLS} times")
    }
}

fn of_mail(mail: Kept, at: DateTime<Utc>) -> Arrived {
    let read = letter::read(&mail.text);
    let (id, subject, text) = (read.id, Some(read.subject), read.text);
    Arrived { at, by: Channel::Email, to: mail.to, id, subject, text, fate: None }
}

fn of_message(shown: &Shown, at: DateTime<Utc>, fate: Fate) -> Arrived {
    let (to, id, text) = (shown.to.clone(), shown.callback.parse().ok(), sentence(shown));
    Arrived { at, by: Channel::Whatsapp, to, id, subject: None, text, fate: Some(fate) }
}

/// A template as a telephone shows it.
fn sentence(shown: &Shown) -> String {
    let known =
        templates().into_iter().find(|(name, language, _)| *name == shown.template && *language == shown.language);
    let sentence = known.map_or(shown.template.clone(), |(_, _, sentence)| sentence.to_owned());
    shown.parameters.iter().fold(sentence, |text, (name, value)| text.replace(&format!("{{{{{name}}}}}"), value))
}

fn secret() -> Result<String> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).ok().context("no random numbers")?;
    Ok(hex::encode(random))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_page_is_none_of_the_products() {
        let app = crate::testing::TestApp::start().await.unwrap();
        assert_eq!(app.anonymous.get(format!("{}{PAGE}", app.base)).send().await.unwrap().status(), 404);
        app.shutdown().await;
    }

    #[test]
    fn a_telephone_shows_the_sentence_and_not_the_template() {
        let parameters = [("colegio", "Liceo"), ("hora", "08:15"), ("alumno", "Ana")];
        let shown = Shown {
            to: "+56900000001".to_owned(),
            template: "aviso_no_ingreso".to_owned(),
            language: "es_CL".to_owned(),
            parameters: parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            callback: String::new(),
            wamid: String::new(),
        };
        let text = sentence(&shown);
        assert!(text.starts_with("Aviso de Liceo: a las 08:15 no hay registro del ingreso de Ana."), "{text}");
    }
}
