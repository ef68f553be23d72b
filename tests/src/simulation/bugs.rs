//! Bugs planted on purpose. None is in the product: each is a way in which the model's side of a seam
//! breaks what the product relies on, or does what a careless implementation of the seam would do.

/// A planted bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// The batcher's transaction says that it is committed before it is.
    AcknowledgedBeforeCommit,
    /// An answer to a commit that is lost is taken for a good one.
    LostAnswerTakenForCommit,
    /// Receipts are committed by themselves, before the events that they are about.
    ReceiptsBeforeEvents,
    /// The log's lock is freed before the commit, so that positions are not in the order of commits.
    PositionsNotInCommitOrder,
    /// An event whose place in its stream is taken is left out (`on conflict do nothing`).
    ConflictsIgnored,
    /// A queue is acknowledged up to its highest number, over the numbers that are missing.
    AcknowledgedOverAGap,
    /// A message is sent again later, without its id and what it must follow.
    PublishedOutOfOrder,
    /// A checkpoint moves by itself, before the rows.
    CheckpointOutsideTransaction,
    /// A checkpoint moves from wherever it is.
    CheckpointNotCompared,
    /// A board's position is read in another snapshot than its rows.
    BoardAndPlaceReadApart,
    /// A frame's scans are read from a replica that is behind.
    ScansFromALaggingReplica,
    /// A restore keeps the log's epoch.
    RestoreKeepsEpoch,
}

impl Bug {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::AcknowledgedBeforeCommit,
        Self::LostAnswerTakenForCommit,
        Self::ReceiptsBeforeEvents,
        Self::PositionsNotInCommitOrder,
        Self::ConflictsIgnored,
        Self::AcknowledgedOverAGap,
        Self::PublishedOutOfOrder,
        Self::CheckpointOutsideTransaction,
        Self::CheckpointNotCompared,
        Self::BoardAndPlaceReadApart,
        Self::ScansFromALaggingReplica,
        Self::RestoreKeepsEpoch,
    ];
}
