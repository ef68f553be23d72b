//! Documents.

use super::{Secret, optional};
use anyhow::Context;
use std::path::PathBuf;
use workers::documents::Documents;
use workers::objects::Objects;

/// Where documents are kept that families hand in; without it nobody is asked for one.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct DocumentsConfig {
    /// A bucket of an S3 service: `https://KEY:SECRET@host/bucket`, with `?region=…` where the service asks for one.
    #[arg(long, env = "ATTENDANCE_S3_URL", hide_env_values = true, value_name = "URL")]
    s3_url: Option<Secret>,
    /// File that holds ATTENDANCE_S3_URL.
    #[arg(long, env = "ATTENDANCE_S3_URL_FILE", value_name = "FILE")]
    s3_url_file: Option<PathBuf>,
}

impl DocumentsConfig {
    /// Where documents are kept, if anywhere.
    pub fn documents(&self) -> anyhow::Result<Option<Documents>> {
        let url = optional("ATTENDANCE_S3_URL", self.s3_url.as_ref(), self.s3_url_file.as_ref())?;
        // The error never quotes it: it holds a secret.
        let objects = url.map(|url| Objects::parse(url.reveal())).transpose().context("ATTENDANCE_S3_URL")?;
        Ok(objects.map(Documents::new))
    }

    /// A bucket.
    pub fn at(url: &str) -> Self {
        Self { s3_url: Some(Secret(url.to_owned())), s3_url_file: None }
    }
}
