//! Where the stream stands in the log, found by looking at the stream itself.

use super::Broken;
use crate::log;
use crate::message;
use crate::transport::Transport;
use async_nats::datetime::DateTime;
use async_nats::jetstream::stream::{RawMessageErrorKind, State, Stream};
use domain::{Epoch, EventId};
use sqlx::PgConnection;

/// How many events an empty stream is given from the log's end; older ones are read from the log.
pub(crate) const REPUBLISH: i64 = 100_000;
/// How many messages at the stream's end are looked at. More than one, since a stranger's message may
/// stand behind ours.
const TAIL: u64 = 16;

/// What this relay knows to be in the stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// When the stream was made: another time means another stream.
    pub created: DateTime,
    /// The stream's last sequence number, which the next message must follow.
    pub sequence: u64,
    /// The last position that the stream holds, or need not hold.
    pub position: i64,
}

/// Compares the stream with the log. `known` is what this relay has confirmed in its term; it keeps a
/// stranger's message at the stream's end from hiding ours. A stream of another epoch, of another
/// history, or ahead of the log is replaced by an empty one.
pub(super) async fn find(
    log: &mut PgConnection,
    transport: &Transport,
    epoch: Epoch,
    known: Option<Place>,
) -> Result<Place, Broken> {
    let head = log::head(&mut *log).await?;
    if head.epoch != epoch {
        return Err(Broken::EpochChanged);
    }
    let stream = transport.stream().await.map_err(Broken::nats)?;
    let info = stream.get_info().await.map_err(|error| {
        transport.forget();
        Broken::nats(error)
    })?;
    let known = known.filter(|known| known.intact(info.created, &info.state));
    let tail = tail(&stream, &info.state, epoch).await?;
    let heal = match (tail, known) {
        (Tail::Ours { position, .. }, _) if position > head.position => Some("ahead"),
        (_, Some(known)) if known.position > head.position => Some("ahead"),
        (Tail::Ours { position, event_id }, _) if log::event_at(&mut *log, position).await?.1 != Some(event_id) => {
            Some("other_history")
        }
        (Tail::Strange, None) => Some("foreign"),
        _ => None,
    };
    if let Some(reason) = heal {
        tracing::warn!(reason, "the stream does not belong to this log; starting it again");
        metrics::counter!("attendance_relay_heals_total", "reason" => reason).increment(1);
        let info = transport.replace_stream().await.map_err(Broken::nats)?;
        return Ok(Place {
            created: info.created,
            sequence: info.state.last_sequence,
            position: oldest_republished(head.position),
        });
    }
    let in_tail = if let Tail::Ours { position, .. } = tail { position } else { 0 };
    let reached = known.map_or(in_tail, |known| known.position.max(in_tail));
    let position = reached.max(oldest_republished(head.position));
    if known.is_none() && position < head.position {
        metrics::counter!("attendance_relay_heals_total", "reason" => "behind").increment(1);
        tracing::info!(missing = head.position - position, "the stream is behind the log; sending what is missing");
    }
    Ok(Place { created: info.created, sequence: info.state.last_sequence, position })
}

/// Replaces a stream that claims to hold what it does not: it remembers a message's id, the message is
/// gone.
pub(super) async fn start_again(log: &mut PgConnection, transport: &Transport) -> Result<(), Broken> {
    metrics::counter!("attendance_relay_heals_total", "reason" => "remembers_lost").increment(1);
    tracing::warn!("the stream takes a lost message for a repeated one; starting it again");
    // Only a relay that still leads may do it.
    log::head(log).await?;
    transport.replace_stream().await.map_err(Broken::nats)?;
    Ok(())
}

/// Whether the stream is just as this relay left it.
pub(super) async fn unchanged(transport: &Transport, place: &Place) -> Result<bool, Broken> {
    let stream = transport.stream().await.map_err(Broken::nats)?;
    match stream.get_info().await {
        Ok(info) => Ok(info.created == place.created && info.state.last_sequence == place.sequence),
        Err(_) => {
            transport.forget();
            Ok(false)
        }
    }
}

impl Place {
    /// Whether the stream is still the one in which this place was reached. Messages may have been
    /// deleted or have aged since; feeds read those from the log.
    fn intact(&self, created: DateTime, state: &State) -> bool {
        self.created == created && state.last_sequence >= self.sequence
    }
}

fn oldest_republished(head: i64) -> i64 {
    (head - REPUBLISH).max(0)
}

#[derive(Debug, Clone, Copy)]
enum Tail {
    Empty,
    /// The furthest event of this epoch.
    Ours {
        position: i64,
        event_id: EventId,
    },
    /// There are messages, none of this epoch.
    Strange,
}

async fn tail(stream: &Stream<()>, state: &State, epoch: Epoch) -> Result<Tail, Broken> {
    if state.messages == 0 {
        return Ok(Tail::Empty);
    }
    let first = state.first_sequence.max((state.last_sequence + 1).saturating_sub(TAIL));
    let mut found = Tail::Strange;
    for sequence in (first..=state.last_sequence).rev() {
        let message = match stream.get_raw_message(sequence).await {
            Ok(message) => message,
            Err(error) if matches!(error.kind(), RawMessageErrorKind::NoMessageFound) => continue,
            Err(error) => return Err(Broken::nats(error)),
        };
        let Some(carried) = message::decode(Some(&message.headers), &message.payload) else { continue };
        let further = match found {
            Tail::Ours { position, .. } => carried.event.position > position,
            Tail::Empty | Tail::Strange => true,
        };
        if carried.epoch == epoch && further {
            found = Tail::Ours { position: carried.event.position, event_id: carried.event.event_id };
        }
    }
    Ok(found)
}
