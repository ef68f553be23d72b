//! What surrounds a command.

use chrono_tz::Tz;
use domain::{Actor, CommandId, SchoolId};
use uuid::Uuid;

/// Who asks, for which school, and what it belongs to.
#[derive(Debug, Clone, PartialEq)]
pub struct Context {
    /// The tenant; a stream of another school is refused.
    pub school: SchoolId,
    /// The school's zone, which the local date of what happens is computed in.
    pub zone: Tz,
    /// Who does it.
    pub actor: Actor,
    /// The caller's own id for this request (`Idempotency-Key`): one that is in the log already is
    /// answered from it. Without one, each call is a command of its own.
    pub command_id: Option<CommandId>,
    /// Shared by all that follows from one request.
    pub correlation_id: Uuid,
    /// The event or command that caused it.
    pub causation_id: Option<Uuid>,
}

impl Context {
    /// The context of one of several commands of one request. Each needs a name that is unique
    /// within the request and the same when the request is repeated: the command id is derived from
    /// it (UUID version 5), so that a repeated request finds each of its commands again.
    pub fn part(&self, name: &str) -> Self {
        let command_id = self.command_id.map(|id| CommandId(Uuid::new_v5(&id.0, name.as_bytes())));
        Self { command_id, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_has_its_own_command_id_and_finds_it_again() {
        let whole = Context {
            school: SchoolId(Uuid::nil()),
            zone: chrono_tz::America::Santiago,
            actor: Actor::cli("test"),
            command_id: Some(CommandId(Uuid::from_u128(7))),
            correlation_id: Uuid::from_u128(8),
            causation_id: None,
        };
        assert_eq!(whole.part("card"), whole.part("card"));
        assert_ne!(whole.part("card").command_id, whole.part("course").command_id);
        assert_ne!(whole.part("card").command_id, whole.command_id);
        assert_eq!(whole.part("card").correlation_id, whole.correlation_id);
        let without = Context { command_id: None, ..whole };
        assert_eq!(without.part("card").command_id, None);
    }
}
