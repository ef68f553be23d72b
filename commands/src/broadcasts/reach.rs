//! Whom a broadcast reaches, and how: asked before it is approved, and when it starts.

use crate::deliveries::guardians;
use crate::error::StoreError;
use crate::write::Write;
use domain::delivery::{Channel, Kind};
use domain::guardian::State;
use domain::{GuardianId, SchoolId, StreamId, StudentId};

/// Guardians who are looked up at once.
const TOGETHER: usize = 1_000;

/// How a guardian of the audience is reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reach {
    /// Whom.
    pub guardian_id: GuardianId,
    /// For which pupil.
    pub student_id: StudentId,
    /// By which channel, or why by none: on the page of families they see it in any case.
    pub way: Result<Channel, WhyNot>,
}

/// Why a guardian gets no message of a broadcast.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum WhyNot {
    /// The guardian does not want broadcasts, or not by a channel that it goes by.
    NotWanted,
    /// The school has no address for a channel by which they are wanted.
    NoAddress,
    /// The school does not send by any channel by which it would go.
    NoChannel,
    /// The guardian was erased.
    NoGuardian,
}

impl WhyNot {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::NotWanted, Self::NoAddress, Self::NoChannel, Self::NoGuardian];

    /// Its code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotWanted => "not_wanted",
            Self::NoAddress => "no_address",
            Self::NoChannel => "no_channel",
            Self::NoGuardian => "no_guardian",
        }
    }

    /// The one of a stored code.
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == code)
    }
}

/// How each of these is reached by a broadcast that goes by WhatsApp too, or not, where the school sends by the channels
/// `on`. What it costs grows with the audience.
pub async fn reach(
    write: &Write,
    school: SchoolId,
    audience: &[(GuardianId, StudentId)],
    (on, whatsapp): (&[Channel], bool),
) -> Result<Vec<Reach>, StoreError> {
    let goes_by = |channel: Channel| channel == Channel::Email || whatsapp;
    let mut reached = Vec::with_capacity(audience.len());
    for some in audience.chunks(TOGETHER) {
        let ids: Vec<GuardianId> = some.iter().map(|(guardian, _)| *guardian).collect();
        let states = guardians(write, school, &ids).await?;
        for (guardian_id, student_id) in some {
            let state = states.get(StreamId::of(school, *guardian_id).as_str());
            let way = state.map_or(Err(WhyNot::NoGuardian), |state| way(state, *student_id, on, goes_by));
            reached.push(Reach { guardian_id: *guardian_id, student_id: *student_id, way });
        }
    }
    Ok(reached)
}

fn way(
    state: &State,
    student: StudentId,
    on: &[Channel],
    goes_by: impl Fn(Channel) -> bool,
) -> Result<Channel, WhyNot> {
    let Some(notices) = state.notices() else { return Err(WhyNot::NoGuardian) };
    let ways: Vec<Channel> = state.ways(student, Kind::Broadcast).into_iter().filter(|way| goes_by(*way)).collect();
    if let Some(way) = ways.iter().find(|way| on.contains(way)) {
        return Ok(*way);
    }
    let mut wanted =
        notices.wants(student, Kind::Broadcast).iter().filter(|way| goes_by(**way) && notices.takes(**way));
    Err(if !ways.is_empty() {
        WhyNot::NoChannel
    } else if wanted.any(|way| state.address(*way).is_none()) {
        WhyNot::NoAddress
    } else {
        WhyNot::NotWanted
    })
}
