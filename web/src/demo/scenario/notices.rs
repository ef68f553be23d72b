//! Mornings on which something comes between the school and its families: twelve pupils do not come, and their families
//! are to be told of it.

use serde::Serialize;

/// What comes between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trial {
    /// Half of the families whose message waits answer that they want none by WhatsApp.
    OptOut,
    /// Half of the guardians whose message waits are barred from their pupil.
    RestrictedWhileQueued,
    /// WhatsApp's API is away for twenty minutes.
    WhatsappDown,
}

impl Trial {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::OptOut, Self::RestrictedWhileQueued, Self::WhatsappDown];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::OptOut => "opt-out",
            Self::RestrictedWhileQueued => "restricted-while-queued",
            Self::WhatsappDown => "whatsapp-down",
        }
    }

    /// What happens in it.
    pub fn about(self) -> &'static str {
        match self {
            Self::OptOut => "half of the families whose alarm waits answer BAJA by WhatsApp",
            Self::RestrictedWhileQueued => "half of the guardians whose alarm waits are barred from their pupil",
            Self::WhatsappDown => "WhatsApp is away for twenty minutes, in which twelve families are to be told",
        }
    }
}

/// What the families' telephones and mailboxes show in the end of the alarms of that morning. Rows say whom one was
/// meant for; whether it arrived, only where it did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told {
    /// The scenario's name.
    pub scenario: &'static str,
    /// Guardians who were to be told, one for each pupil.
    pub messages_due: usize,
    /// Of them, those who see the alarm, and nowhere twice.
    pub delivered_once: usize,
    /// Of them, those of whom a telephone or a mailbox shows it again.
    pub doubled: usize,
    /// Of them, those who see it nowhere although nothing forbade it.
    pub lost: usize,
    /// Of them, those who see it nowhere because they may not be told, or did not want to.
    pub suppressed: usize,
    /// Of them, those who were to be told by WhatsApp first and see it in their mailbox.
    pub fell_back: usize,
    /// Of them, those of whom a telephone shows it.
    pub by_telephone: usize,
}
