//! By which channels guardians are told.

use super::{Secret, optional, required};
use anyhow::Context;
use chrono::NaiveDate;
use domain::delivery::Channel;
use std::path::PathBuf;
use std::sync::Arc;
use workers::deliveries::Ways;
use workers::mail::Route;
use workers::whatsapp::{Account, WhatsApp};

/// Notices to guardians. As it comes nobody is told of anything by the program itself.
#[derive(Debug, Clone, clap::Args)]
pub struct NoticesConfig {
    /// Whether guardians are told by e-mail, by the mail server of ATTENDANCE_MAIL_URL.
    #[arg(long, env = "ATTENDANCE_EMAIL_NOTICES", value_enum, default_value_t = Mode::Off)]
    email_notices: Mode,
    /// Whether guardians who opted in are told by WhatsApp.
    #[arg(long, env = "ATTENDANCE_WHATSAPP", value_enum, default_value_t = Mode::Off)]
    whatsapp: Mode,
    /// Version of Meta's Graph API.
    #[arg(long, env = "ATTENDANCE_WHATSAPP_VERSION", default_value = "v26.0", value_name = "vN.N")]
    whatsapp_version: String,
    /// Meta's id of the number that sends.
    #[arg(long, env = "ATTENDANCE_WHATSAPP_NUMBER_ID", value_name = "ID")]
    whatsapp_number_id: Option<String>,
    /// Token of a system user.
    #[arg(long, env = "ATTENDANCE_WHATSAPP_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    whatsapp_token: Option<Secret>,
    /// File that holds ATTENDANCE_WHATSAPP_TOKEN.
    #[arg(long, env = "ATTENDANCE_WHATSAPP_TOKEN_FILE", value_name = "FILE")]
    whatsapp_token_file: Option<PathBuf>,
    /// The app's secret, by which Meta signs what it tells.
    #[arg(long, env = "ATTENDANCE_WHATSAPP_APP_SECRET", hide_env_values = true, value_name = "SECRET")]
    whatsapp_app_secret: Option<Secret>,
    /// File that holds ATTENDANCE_WHATSAPP_APP_SECRET.
    #[arg(long, env = "ATTENDANCE_WHATSAPP_APP_SECRET_FILE", value_name = "FILE")]
    whatsapp_app_secret_file: Option<PathBuf>,
    /// A word of your own that Meta says when it looks whether this address is yours.
    #[arg(long, env = "ATTENDANCE_WHATSAPP_VERIFY_TOKEN", hide_env_values = true, value_name = "WORD")]
    whatsapp_verify_token: Option<Secret>,
    /// File that holds ATTENDANCE_WHATSAPP_VERIFY_TOKEN.
    #[arg(long, env = "ATTENDANCE_WHATSAPP_VERIFY_TOKEN_FILE", value_name = "FILE")]
    whatsapp_verify_token_file: Option<PathBuf>,
    /// Where the demo's own API is, in place of Meta's: no setting leads there.
    #[arg(skip)]
    whatsapp_port: Option<u16>,
}

/// When versions of the Graph API end (<https://developers.facebook.com/docs/graph-api/changelog>).
const VERSIONS: [(&str, &str); 6] = [
    ("v20.0", "2026-09-24"),
    ("v21.0", "2027-01-21"),
    ("v22.0", "2027-05-20"),
    ("v23.0", "2027-10-08"),
    ("v24.0", "2028-02-18"),
    ("v25.0", "2028-07-29"),
];

/// Whether a channel sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Mode {
    /// No.
    Off,
    /// Messages are written down as accepted, and not sent.
    Sandbox,
    /// Yes.
    Live,
}

impl Default for NoticesConfig {
    fn default() -> Self {
        Self {
            email_notices: Mode::Off,
            whatsapp: Mode::Off,
            whatsapp_version: "v26.0".to_owned(),
            whatsapp_number_id: None,
            whatsapp_token: None,
            whatsapp_token_file: None,
            whatsapp_app_secret: None,
            whatsapp_app_secret_file: None,
            whatsapp_verify_token: None,
            whatsapp_verify_token_file: None,
            whatsapp_port: None,
        }
    }
}

/// What webhooks of Meta are believed by.
#[derive(Debug, Clone)]
pub struct Hooks {
    /// The app's secret.
    pub app_secret: Secret,
    /// The word that was agreed on.
    pub verify_token: Secret,
}

/// The demo's own API. Holds secrets: no `Debug`.
pub struct Here {
    /// Its port on this machine.
    pub port: u16,
    /// The id of the number that sends.
    pub number_id: String,
    /// Whoever says it may send.
    pub token: String,
    /// What it signs webhooks with.
    pub app_secret: String,
    /// The word that was agreed on.
    pub verify_token: String,
}

impl NoticesConfig {
    /// The channels that are switched on, each with whether it sends for good.
    pub fn modes(&self) -> Vec<(Channel, bool)> {
        let modes = [(Channel::Whatsapp, self.whatsapp), (Channel::Email, self.email_notices)];
        let on = modes.into_iter().filter(|(_, mode)| *mode != Mode::Off);
        on.map(|(channel, mode)| (channel, mode == Mode::Live)).collect()
    }

    /// By which ways notices leave; none if by none. `mail` is the way of letters.
    pub fn ways(&self, mail: Route) -> anyhow::Result<Option<Ways>> {
        let mail = match self.email_notices {
            Mode::Off => Route::Nowhere,
            Mode::Sandbox => Route::Sandbox,
            Mode::Live if mail.is_on() => mail,
            Mode::Live => anyhow::bail!("ATTENDANCE_EMAIL_NOTICES=live without ATTENDANCE_MAIL_URL"),
        };
        let whatsapp = match self.whatsapp {
            Mode::Off => WhatsApp::Off,
            Mode::Sandbox => WhatsApp::Sandbox,
            Mode::Live => match self.whatsapp_port {
                Some(port) => WhatsApp::on_this_machine(self.account()?, port)?,
                None => WhatsApp::live(self.account()?).context("ATTENDANCE_WHATSAPP")?,
            },
        };
        let ways = Ways { whatsapp, mail: Arc::new(mail) };
        Ok((!ways.on().is_empty()).then_some(ways))
    }

    fn account(&self) -> anyhow::Result<Account> {
        let token =
            required("ATTENDANCE_WHATSAPP_TOKEN", self.whatsapp_token.as_ref(), self.whatsapp_token_file.as_ref())?;
        let version = self.whatsapp_version.clone();
        let number = version.strip_prefix('v').and_then(|version| version.split_once('.'));
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let is_version = number.is_some_and(|(major, minor)| is_number(major) && is_number(minor));
        anyhow::ensure!(is_version, "ATTENDANCE_WHATSAPP_VERSION is `v`, a number, a point and a number: v26.0");
        let phone_number_id = self.whatsapp_number_id.clone().filter(|id| is_number(id));
        let phone_number_id = phone_number_id.context("ATTENDANCE_WHATSAPP_NUMBER_ID is the number's id: digits")?;
        Ok(Account { version, phone_number_id, token: token.reveal().to_owned() })
    }

    /// When the version of the Graph API ends, where WhatsApp is live and that is known.
    pub fn version_ends(&self) -> Option<NaiveDate> {
        let known = VERSIONS.iter().find(|(version, _)| *version == self.whatsapp_version);
        known.filter(|_| self.whatsapp == Mode::Live).and_then(|(_, ends)| ends.parse().ok())
    }

    /// What webhooks are believed by; none: they are not taken.
    pub fn hooks(&self) -> anyhow::Result<Option<Hooks>> {
        let secret = optional(
            "ATTENDANCE_WHATSAPP_APP_SECRET",
            self.whatsapp_app_secret.as_ref(),
            self.whatsapp_app_secret_file.as_ref(),
        )?;
        let word = optional(
            "ATTENDANCE_WHATSAPP_VERIFY_TOKEN",
            self.whatsapp_verify_token.as_ref(),
            self.whatsapp_verify_token_file.as_ref(),
        )?;
        match (secret, word) {
            (None, None) => Ok(None),
            (Some(app_secret), Some(verify_token)) => {
                // Whoever guesses either speaks for Meta.
                let long = [&app_secret, &verify_token].iter().all(|secret| secret.reveal().len() >= 16);
                anyhow::ensure!(long, "the app's secret and the word for webhooks have 16 characters or more");
                Ok(Some(Hooks { app_secret, verify_token }))
            }
            _ => anyhow::bail!("set both ATTENDANCE_WHATSAPP_APP_SECRET and ATTENDANCE_WHATSAPP_VERIFY_TOKEN, or none"),
        }
    }

    /// Mail alone, by the way of letters.
    pub fn by_mail() -> Self {
        Self { email_notices: Mode::Live, ..Self::default() }
    }

    /// Both channels, by the way of letters and by an API that this program started on this machine.
    pub fn on_this_machine(api: &Here) -> Self {
        let secret = |text: &str| Some(Secret(text.to_owned()));
        Self {
            email_notices: Mode::Live,
            whatsapp: Mode::Live,
            whatsapp_number_id: Some(api.number_id.clone()),
            whatsapp_token: secret(&api.token),
            whatsapp_app_secret: secret(&api.app_secret),
            whatsapp_verify_token: secret(&api.verify_token),
            whatsapp_port: Some(api.port),
            ..Self::default()
        }
    }

    /// Both channels written down and not sent, and webhooks believed by these.
    pub fn for_testing(app_secret: &str, verify_token: &str) -> Self {
        Self {
            email_notices: Mode::Sandbox,
            whatsapp: Mode::Sandbox,
            whatsapp_app_secret: Some(Secret(app_secret.to_owned())),
            whatsapp_verify_token: Some(Secret(verify_token.to_owned())),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        notices: NoticesConfig,
    }

    fn read(args: &[&str]) -> NoticesConfig {
        Line::try_parse_from([&["attendance"], args].concat()).unwrap().notices
    }

    #[test]
    fn nobody_is_told_of_anything_unless_somebody_says_so() {
        assert!(read(&[]).ways(Route::Folder("x".into())).unwrap().is_none());
        assert!(read(&["--email-notices", "live"]).ways(Route::Nowhere).is_err());
        assert!(read(&["--email-notices", "live"]).ways(Route::Folder("x".into())).unwrap().is_some());
        assert!(read(&["--whatsapp", "sandbox"]).ways(Route::Nowhere).unwrap().is_some());
    }

    #[test]
    fn whatsapp_goes_live_with_an_account_alone() {
        let of = |args: &[&str]| read(&[&["--whatsapp", "live"], args].concat()).account().is_ok();
        assert!(of(&["--whatsapp-token", "t", "--whatsapp-number-id", "1065"]));
        assert!(!of(&["--whatsapp-number-id", "1065"]));
        assert!(!of(&["--whatsapp-token", "t"]));
        assert!(!of(&["--whatsapp-token", "t", "--whatsapp-number-id", "+56 9 1234 5678"]));
        assert!(!of(&["--whatsapp-token", "t", "--whatsapp-number-id", "1", "--whatsapp-version", "26/../x"]));
    }

    #[test]
    fn a_version_of_the_api_that_ends_is_known_while_it_is_used() {
        let of = |args: &[&str]| read(args).version_ends().map(|date| date.to_string());
        assert_eq!(of(&["--whatsapp", "live", "--whatsapp-version", "v22.0"]).as_deref(), Some("2027-05-20"));
        assert_eq!(of(&["--whatsapp", "live"]), None);
        assert_eq!(of(&["--whatsapp-version", "v22.0"]), None);
        assert!(VERSIONS.iter().all(|(_, ends)| ends.parse::<NaiveDate>().is_ok()));
    }

    #[test]
    fn webhooks_are_taken_with_both_secrets_and_long_ones() {
        let of = |args: &[&str]| read(args).hooks();
        assert!(of(&[]).unwrap().is_none());
        assert!(of(&["--whatsapp-app-secret", "0123456789abcdef"]).is_err());
        let both = |secret| ["--whatsapp-app-secret", secret, "--whatsapp-verify-token", "0123456789abcdef"];
        assert!(of(&both("short")).is_err());
        assert!(of(&both("0123456789abcdef")).unwrap().is_some());
        let printed = format!("{:?}", read(&both("0123456789abcdef")));
        assert!(!printed.contains("0123456789"), "{printed}");
    }
}
