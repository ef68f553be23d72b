//! Mail.

use super::{Secret, optional};
use anyhow::Context;
use std::path::{Path, PathBuf};
use workers::mail::Route;

/// Mail; without it guardians cannot come in, and nobody is told of a changed password.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct MailConfig {
    /// The mail server: `smtps://user:password@host` (TLS) or `smtp://user:password@host:587` (STARTTLS, nothing
    /// less); `file:folder` writes letters into a folder.
    #[arg(long, env = "ATTENDANCE_MAIL_URL", hide_env_values = true, value_name = "URL")]
    mail_url: Option<Secret>,
    /// File that holds ATTENDANCE_MAIL_URL.
    #[arg(long, env = "ATTENDANCE_MAIL_URL_FILE", value_name = "FILE")]
    mail_url_file: Option<PathBuf>,
    /// Whom letters come from: `Colegio <no-reply@colegio.cl>`.
    #[arg(long, env = "ATTENDANCE_MAIL_FROM", value_name = "ADDRESS")]
    mail_from: Option<String>,
}

impl MailConfig {
    /// Whether letters leave at all.
    pub fn is_on(&self) -> bool {
        self.mail_url.is_some() || self.mail_url_file.is_some()
    }

    /// By which way letters leave.
    pub fn route(&self) -> anyhow::Result<Route> {
        let url = optional("ATTENDANCE_MAIL_URL", self.mail_url.as_ref(), self.mail_url_file.as_ref())?;
        match url {
            // The error never quotes it: it holds a password.
            Some(url) => Route::parse(url.reveal(), self.mail_from.as_deref()).context("ATTENDANCE_MAIL_URL"),
            None => Ok(Route::Nowhere),
        }
    }

    /// A mail server: the demo's, and those of tests.
    pub fn over(url: &str, from: &str) -> Self {
        Self { mail_url: Some(Secret(url.to_owned())), mail_from: Some(from.to_owned()), ..Self::default() }
    }

    /// A folder.
    pub fn in_folder(folder: &Path) -> Self {
        Self { mail_url: Some(Secret(format!("file:{}", folder.display()))), ..Self::default() }
    }
}
