//! `GET /api/v1/kiosks/{kiosk_id}/roster?since=<position>`: which cards are valid, and nothing else.

use crate::CardKind;
use chrono::NaiveDate;
use domain::{CredentialId, Epoch};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A page of the roster, at most [`crate::MAX_ROSTER_PAGE`] credentials.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct RosterResponse {
    /// The log's life that `position` belongs to.
    #[schema(value_type = Uuid)]
    pub epoch: Epoch,
    /// Ask with `since` = this next time.
    pub position: i64,
    /// Whether this replaces all that the kiosk holds, rather than adding to it.
    pub full: bool,
    /// Whether there is more: ask again at once.
    pub more: bool,
    /// The school's IANA zone: the changes ahead take effect at midnight there. Missing: from a server that
    /// tells no changes ahead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// The credentials, without names.
    pub credentials: Vec<RosterCredential>,
}

/// One card or tag.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct RosterCredential {
    /// Its random id.
    #[schema(value_type = Uuid)]
    pub credential_id: CredentialId,
    /// Its kind.
    pub kind: CardKind,
    /// Whether the door shall say welcome.
    pub state: CredentialState,
    /// What is decided already about days to come, in their order: a pupil leaves, or comes back. The kiosk
    /// applies it by itself, with or without a network; nothing else tells when the day has come.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<StateChange>,
}

/// Another state from a day on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct StateChange {
    /// The first day, by the school's calendar.
    pub from: NaiveDate,
    /// The state from then on.
    pub state: CredentialState,
}

impl RosterCredential {
    /// The state on a day that is not before the answer's own.
    pub fn state_on(&self, date: NaiveDate) -> CredentialState {
        self.changes.iter().rev().find(|change| change.from <= date).map_or(self.state, |change| change.state)
    }
}

/// Whether a card is valid.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CredentialState {
    /// Valid.
    Active,
    /// Lost, broken, replaced, or its pupil left.
    Revoked,
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn leaves_and_comes_back() -> RosterCredential {
        let from = |day| NaiveDate::from_ymd_opt(2026, 3, day).unwrap();
        RosterCredential {
            credential_id: CredentialId(Uuid::nil()),
            kind: CardKind::Nfc,
            state: CredentialState::Active,
            changes: vec![
                StateChange { from: from(13), state: CredentialState::Revoked },
                StateChange { from: from(20), state: CredentialState::Active },
            ],
        }
    }

    #[test]
    fn a_page_of_the_roster_holds_ids_and_states_only() {
        let page = RosterResponse {
            epoch: Epoch(Uuid::nil()),
            position: 12,
            full: false,
            more: true,
            zone: Some("America/Santiago".to_owned()),
            credentials: vec![leaves_and_comes_back()],
        };
        insta::assert_json_snapshot!(page, @r#"
        {
          "epoch": "00000000-0000-0000-0000-000000000000",
          "position": 12,
          "full": false,
          "more": true,
          "zone": "America/Santiago",
          "credentials": [
            {
              "credential_id": "00000000-0000-0000-0000-000000000000",
              "kind": "nfc",
              "state": "active",
              "changes": [
                {
                  "from": "2026-03-13",
                  "state": "revoked"
                },
                {
                  "from": "2026-03-20",
                  "state": "active"
                }
              ]
            }
          ]
        }
        "#);
    }

    #[test]
    fn a_page_without_changes_ahead_reads_as_it_was_written_before_there_were_any() {
        let text = r#"{"epoch":"00000000-0000-0000-0000-000000000000","position":12,"full":false,"more":true,"credentials":[{"credential_id":"00000000-0000-0000-0000-000000000000","kind":"nfc","state":"revoked"}]}"#;
        let page: RosterResponse = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&page).unwrap(), text);
    }

    #[test]
    fn a_kiosk_without_network_knows_each_day_s_state() {
        let day = |day| NaiveDate::from_ymd_opt(2026, 3, day).unwrap();
        let card = leaves_and_comes_back();
        let states = [9, 12, 13, 19, 20, 31].map(|n| card.state_on(day(n)));
        let (yes, no) = (CredentialState::Active, CredentialState::Revoked);
        assert_eq!(states, [yes, yes, no, no, yes, yes]);
    }
}
