//! The keys of programs' tokens.

use super::{Secret, optional};
use std::path::PathBuf;

/// Tokens of programs that act for a person; without keys the API gives none.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct TokenConfig {
    /// Keys that sign access tokens, `<kid>:<64 hexadecimal digits>` a line; the first signs, all are believed.
    #[arg(long, env = "ATTENDANCE_TOKEN_KEYS", hide_env_values = true, value_name = "KEYS")]
    token_keys: Option<Secret>,
    /// File that holds ATTENDANCE_TOKEN_KEYS.
    #[arg(long, env = "ATTENDANCE_TOKEN_KEYS_FILE", value_name = "FILE")]
    token_keys_file: Option<PathBuf>,
}

impl TokenConfig {
    /// The keys, if there are any.
    pub fn keys(&self) -> anyhow::Result<Option<Secret>> {
        optional("ATTENDANCE_TOKEN_KEYS", self.token_keys.as_ref(), self.token_keys_file.as_ref())
    }

    /// Keys of a file.
    pub fn of_file(file: PathBuf) -> Self {
        Self { token_keys: None, token_keys_file: Some(file) }
    }

    /// Given keys.
    pub fn for_testing(keys: &str) -> Self {
        Self { token_keys: Some(Secret(keys.to_owned())), token_keys_file: None }
    }
}
