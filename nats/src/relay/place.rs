//! Where the stream stands in the log, found by looking at the stream itself.

use super::{Broken, in_time};
use crate::log::Log;
use crate::message;
use crate::transport::{Conveyor, StreamState};
use async_nats::datetime::DateTime;
use domain::{Epoch, EventId};

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
    log: &mut impl Log,
    transport: &impl Conveyor,
    epoch: Epoch,
    known: Option<Place>,
) -> Result<Place, Broken> {
    let head = in_time(log.head()).await?;
    if head.epoch != epoch {
        return Err(Broken::EpochChanged);
    }
    let stream = transport.state().await.map_err(Broken::nats)?;
    let known = known.filter(|known| known.intact(&stream));
    let tail = tail(transport, &stream, epoch).await?;
    let heal = match (tail, known) {
        (Tail::Ours { position, .. }, _) if position > head.position => Some("ahead"),
        (_, Some(known)) if known.position > head.position => Some("ahead"),
        (Tail::Ours { position, event_id }, _) if in_time(log.event_at(position)).await?.1 != Some(event_id) => {
            Some("other_history")
        }
        (Tail::Strange, None) => Some("foreign"),
        _ => None,
    };
    if let Some(reason) = heal {
        tracing::warn!(reason, "the stream does not belong to this log; starting it again");
        metrics::counter!("attendance_relay_heals_total", "reason" => reason).increment(1);
        let stream = transport.replace().await.map_err(Broken::nats)?;
        return Ok(Place {
            created: stream.created,
            sequence: stream.last_sequence,
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
    Ok(Place { created: stream.created, sequence: stream.last_sequence, position })
}

/// Replaces a stream that claims to hold what it does not: it remembers a message's id, the message is
/// gone.
pub(super) async fn start_again(log: &mut impl Log, transport: &impl Conveyor) -> Result<(), Broken> {
    metrics::counter!("attendance_relay_heals_total", "reason" => "remembers_lost").increment(1);
    tracing::warn!("the stream takes a lost message for a repeated one; starting it again");
    // Only a relay that still leads may do it.
    in_time(log.head()).await?;
    transport.replace().await.map_err(Broken::nats)?;
    Ok(())
}

/// Whether the stream is just as this relay left it.
pub(super) async fn unchanged(transport: &impl Conveyor, place: &Place) -> bool {
    let stream = transport.state().await;
    stream.is_ok_and(|stream| stream.created == place.created && stream.last_sequence == place.sequence)
}

impl Place {
    /// Whether the stream is still the one in which this place was reached. Messages may have been
    /// deleted or have aged since; feeds read those from the log.
    fn intact(&self, stream: &StreamState) -> bool {
        self.created == stream.created && stream.last_sequence >= self.sequence
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

async fn tail(transport: &impl Conveyor, stream: &StreamState, epoch: Epoch) -> Result<Tail, Broken> {
    if stream.messages == 0 {
        return Ok(Tail::Empty);
    }
    let first = stream.first_sequence.max((stream.last_sequence + 1).saturating_sub(TAIL));
    let mut found = Tail::Strange;
    for sequence in (first..=stream.last_sequence).rev() {
        let Some(message) = transport.message(sequence).await.map_err(Broken::nats)? else { continue };
        let named = message::place(message.headers.as_ref());
        let further = |named: &(Epoch, i64)| match found {
            Tail::Ours { position, .. } => named.1 > position,
            Tail::Empty | Tail::Strange => true,
        };
        // A message is read whole only if it is the furthest so far.
        let Some((_, position)) = named.filter(|named| named.0 == epoch && further(named)) else { continue };
        let carried = message::decode(message.headers.as_ref(), &message.payload);
        if let Some(last) = carried.as_ref().and_then(|carried| carried.events.last()) {
            found = Tail::Ours { position, event_id: last.event_id };
        }
    }
    Ok(found)
}
