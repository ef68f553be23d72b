//! Plays a morning on which something comes between the school and its families.

use super::super::notices::{Told, Trial};
use super::{Play, Scenario, Script, Server, Site};
use crate::demo::outside::{About, Outside};
use crate::demo::people;
use crate::demo::stage::{self, Stage};
use anyhow::{Context as _, Result, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use commands::clock::{Clock as _, ScaledClock};
use commands::deliveries::{channels, claim, climb, detour, react, sweep};
use commands::use_cases::{ChangeGuardianLink, change_guardian_link};
use domain::account::StaffRole;
use domain::delivery::Channel;
use domain::student::GuardianRights;
use domain::{GuardianId, StudentId};
use local_services::whatsapp::Does;
use sqlx::PgPool;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use uuid::Uuid;
use workers::deliveries::{Ways, send};

/// WhatsApp takes nothing now, and says so: later.
const BUSY: Does = Does::Refuse(429, 130_429);
/// How long WhatsApp is away once the first message waits.
const AWAY: TimeDelta = TimeDelta::minutes(20);
/// The same where messages only have to wait.
const BUSY_FOR: TimeDelta = TimeDelta::minutes(1);
/// How many messages are claimed at once.
const AT_ONCE: i64 = 50;

/// Plays it on private servers in a folder of its own, which is emptied first.
pub async fn play(dir: &Path, trial: Trial) -> Result<Told> {
    let dir = dir.join(trial.name());
    stage::clear(&dir)?;
    let stage = Stage::open(&dir, ([127, 0, 0, 1], 0).into()).await?;
    let clock = Arc::new(ScaledClock::starting_at(Script::entered(Scenario::ServerStartedAt14), 0.0));
    let outside = Outside::start(clock.clone()).await?;
    let config = outside.reached_by(stage.config());
    let ways = config.notices.ways(config.mail.route()?)?.context("both channels are on")?;
    let school = stage.seed(&config, clock.clone()).await?;
    let server = Server::start(&config, clock.clone()).await?;
    let state = server.running.state().context("it runs HTTP")?;
    people::opt_in(state, school.school_id).await?;
    let people = people::enrol(state, school.school_id).await?;
    let inspector = people::sign_in(&server.base, &people, StaffRole::Inspector).await?.build()?;
    let director = people::sign_in(&server.base, &people, StaffRole::Director).await?.build()?;
    let mut script = Script::of(Scenario::ServerStartedAt14, &school);
    (script.server_away_until, script.until) = (None, script.from + TimeDelta::minutes(130));
    let (log, owner) = (stage.log_pool().await?, stage.owner_pool().await?);
    let play = Play::new(Site { config, school, inspector, director, clock, log }, server)?;
    let mut families = Families { play, outside, ways, owner, trial, returns: None };
    let told = families.all(&script).await;
    let Families { play, owner, .. } = families;
    if let Some(server) = play.server {
        server.running.shutdown().await;
    }
    play.site.log.close().await;
    owner.close().await;
    drop(stage);
    told
}

struct Families {
    play: Play,
    outside: Outside,
    ways: Ways,
    owner: PgPool,
    trial: Trial,
    /// When WhatsApp takes messages again, once one waits.
    returns: Option<DateTime<Utc>>,
}

impl Families {
    async fn all(&mut self, script: &Script) -> Result<Told> {
        let write = self.write()?;
        for channel in self.ways.on() {
            channels::enter(&write, channel).await?;
        }
        self.round().await?;
        self.outside.phones().usually(if self.trial == Trial::WhatsappDown { Does::DropBefore } else { BUSY });
        self.play.every_gate(script, self.play.site.clock.now()).await?;
        let (mut now, mut taps) = (script.from, script.taps.iter().peekable());
        while now <= script.until {
            self.play.site.clock.set(now);
            while let Some(tap) = taps.next_if(|tap| tap.at <= now) {
                self.play.tapped(tap)?;
            }
            self.play.every_gate(script, now).await?;
            self.play.look(now).await?;
            if self.returns.is_some_and(|returns| now >= returns) {
                self.outside.phones().usually(Does::Answer);
            }
            self.round().await?;
            if self.returns.is_none() && self.waits().await? {
                self.returns = Some(now + if self.trial == Trial::WhatsappDown { AWAY } else { BUSY_FOR });
                self.comes_between().await?;
            }
            now += TimeDelta::minutes(1);
        }
        ensure!(self.returns.is_some(), "no message waited");
        self.told().await
    }

    fn server(&self) -> Result<&Server> {
        self.play.server.as_ref().context("the server is away")
    }

    fn write(&self) -> Result<commands::Write> {
        Ok(self.server()?.running.state().context("it runs HTTP")?.write.clone())
    }

    /// What the sender does all the time, here once a minute of the play's clock.
    async fn round(&self) -> Result<()> {
        let (write, on) = (self.write()?, self.ways.on());
        sweep(&write).await?;
        while react(&write, &on).await?.more {}
        while climb(&write, &on).await?.looked_at > 0 {}
        detour(&write, &on).await?;
        for channel in on {
            loop {
                let messages = claim(&write, channel, AT_ONCE).await?;
                if messages.is_empty() {
                    break;
                }
                for message in messages {
                    send(&self.ways, &write, message).await?;
                }
            }
        }
        self.outside.catch_up(&self.server()?.base).await
    }

    /// Whether a message by WhatsApp was tried and is not taken yet.
    async fn waits(&self) -> Result<bool> {
        let some = "select exists (select from deliveries where channel = 'whatsapp' and attempts > 0)";
        Ok(sqlx::query_scalar(some).fetch_one(&self.owner).await?)
    }

    async fn comes_between(&self) -> Result<()> {
        match self.trial {
            Trial::OptOut => {
                let refused = self.outside.phones().refused();
                for shown in refused.iter().step_by(2) {
                    self.outside.answers(&self.server()?.base, &shown.to, "BAJA").await?;
                }
            }
            Trial::RestrictedWhileQueued => {
                let queued: Vec<(Uuid, Uuid)> = sqlx::query_as(
                    "select guardian_id, student_id from deliveries where channel = 'whatsapp' and state = 'requested'
                     order by guardian_id, student_id",
                )
                .fetch_all(&self.owner)
                .await?;
                let told =
                    GuardianRights { legal: true, notify: true, may_collect: false, may_view: true, restricted: false };
                let barred = GuardianRights { restricted: true, ..told };
                let state = self.server()?.running.state().context("it runs HTTP")?;
                let context = people::context(state, self.play.site.school.school_id);
                for (guardian, student) in queued.into_iter().step_by(2) {
                    let (student_id, guardian_id) = (StudentId(student), GuardianId(guardian));
                    let change = ChangeGuardianLink { student_id, guardian_id, rights: Some(barred) };
                    change_guardian_link(&state.write, &context, change).await?;
                }
            }
            Trial::WhatsappDown => {}
        }
        Ok(())
    }

    async fn told(&self) -> Result<Told> {
        let rows: Vec<(Uuid, Uuid, Uuid, String, String)> = sqlx::query_as(
            "select delivery_id, guardian_id, student_id, channel, state from deliveries where kind = 'no_entry'",
        )
        .fetch_all(&self.owner)
        .await?;
        let (about, arrived) = (About::read(&self.owner).await?, self.outside.arrived());
        let mut shown: HashMap<(Uuid, Channel), usize> = HashMap::new();
        for one in &arrived {
            for carried in about.carried(one) {
                *shown.entry((carried.delivery, one.by)).or_default() += 1;
            }
        }
        let mut families: BTreeMap<(Uuid, Uuid), Family> = BTreeMap::new();
        for (delivery, guardian, student, channel, state) in rows {
            let family = families.entry((guardian, student)).or_default();
            let times = |by: Channel| shown.get(&(delivery, by)).copied().unwrap_or_default();
            family.telephone += times(Channel::Whatsapp);
            family.mailbox += times(Channel::Email);
            family.whatsapp |= channel == Channel::Whatsapp.as_str();
            family.open |= state != "suppressed";
        }
        let count = |what: fn(&Family) -> bool| families.values().filter(|family| what(family)).count();
        Ok(Told {
            scenario: self.trial.name(),
            messages_due: families.len(),
            delivered_once: count(|family| family.sees() && !family.twice()),
            doubled: count(Family::twice),
            lost: count(|family| !family.sees() && family.open),
            suppressed: count(|family| !family.sees() && !family.open),
            fell_back: count(|family| family.whatsapp && family.mailbox > 0),
            by_telephone: count(|family| family.telephone > 0),
        })
    }
}

/// What a guardian sees of the alarm of a pupil.
#[derive(Default)]
struct Family {
    telephone: usize,
    mailbox: usize,
    /// Whether it was to be told by WhatsApp.
    whatsapp: bool,
    /// Whether anything did not forbid it.
    open: bool,
}

impl Family {
    fn sees(&self) -> bool {
        self.telephone + self.mailbox > 0
    }

    fn twice(&self) -> bool {
        self.telephone > 1 || self.mailbox > 1
    }
}
