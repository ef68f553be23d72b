//! `GET /api/v1/kiosks/{kiosk_id}/roster?since=<position>`: which cards are valid, and nothing else.

use crate::CardKind;
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

    #[test]
    fn a_page_of_the_roster_holds_ids_and_states_only() {
        let page = RosterResponse {
            epoch: Epoch(Uuid::nil()),
            position: 12,
            full: false,
            more: true,
            credentials: vec![RosterCredential {
                credential_id: CredentialId(Uuid::nil()),
                kind: CardKind::Nfc,
                state: CredentialState::Revoked,
            }],
        };
        insta::assert_json_snapshot!(page, @r#"
        {
          "epoch": "00000000-0000-0000-0000-000000000000",
          "position": 12,
          "full": false,
          "more": true,
          "credentials": [
            {
              "credential_id": "00000000-0000-0000-0000-000000000000",
              "kind": "nfc",
              "state": "revoked"
            }
          ]
        }
        "#);
    }
}
