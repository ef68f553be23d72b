//! The keys that are in no database.

use super::{Secret, required};
use std::path::PathBuf;

/// The two keys that are in no database. 64 hexadecimal digits each.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Keys {
    /// Wraps every data key of the vault.
    #[arg(long = "kek", env = "ATTENDANCE_KEK", hide_env_values = true, value_name = "HEX")]
    kek: Option<Secret>,
    /// File that holds ATTENDANCE_KEK.
    #[arg(long = "kek-file", env = "ATTENDANCE_KEK_FILE", value_name = "FILE")]
    kek_file: Option<PathBuf>,
    /// Makes the directory's look-up hashes.
    #[arg(long, env = "ATTENDANCE_DIRECTORY_KEY", hide_env_values = true, value_name = "HEX")]
    directory_key: Option<Secret>,
    /// File that holds ATTENDANCE_DIRECTORY_KEY.
    #[arg(long, env = "ATTENDANCE_DIRECTORY_KEY_FILE", value_name = "FILE")]
    directory_key_file: Option<PathBuf>,
}

impl Keys {
    /// The key-encryption key, as hexadecimal digits.
    pub fn kek_hex(&self) -> anyhow::Result<Secret> {
        required("ATTENDANCE_KEK", self.kek.as_ref(), self.kek_file.as_ref())
    }

    /// The directory's key, as hexadecimal digits.
    pub fn directory_hex(&self) -> anyhow::Result<Secret> {
        required("ATTENDANCE_DIRECTORY_KEY", self.directory_key.as_ref(), self.directory_key_file.as_ref())
    }
}

impl Keys {
    /// Keys of files.
    pub fn of_files(kek: PathBuf, directory: PathBuf) -> Self {
        Self { kek_file: Some(kek), directory_key_file: Some(directory), ..Self::default() }
    }

    /// Two fixed keys.
    pub fn for_testing() -> Self {
        Self { kek: Some(Secret("11".repeat(32))), directory_key: Some(Secret("22".repeat(32))), ..Self::default() }
    }
}
