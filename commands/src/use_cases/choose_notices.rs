//! A guardian chooses which notices come, of one pupil.

use crate::context::Context;
use crate::error::StoreError;
use crate::use_cases::error::UseCaseError;
use crate::write::{Done, Write};
use chrono::{DateTime, Utc};
use domain::delivery::{Channel, Kind};
use domain::guardian::notices::{Language, Method, Notices, Want};
use domain::guardian::{Command, Guardian};
use domain::student::Student;
use domain::{GuardianId, SchoolId, StreamId, StudentId};

/// What is chosen.
#[derive(Debug, Clone)]
pub struct ChooseNotices {
    /// Who chooses.
    pub guardian_id: GuardianId,
    /// Of which pupil.
    pub student_id: StudentId,
    /// In which language notices are written, to this guardian.
    pub language: Language,
    /// By kind; a kind that is not named is as by default.
    pub wanted: Vec<Want>,
    /// Whether anything may come by WhatsApp, of any pupil; none: nothing is said of that.
    pub whatsapp: Option<bool>,
    /// How it was said.
    pub method: Method,
    /// When it was said.
    pub said_at: DateTime<Utc>,
}

/// What a guardian chose, and what comes of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Chosen {
    /// What was chosen.
    pub notices: Notices,
    /// The channels for which the school has the address.
    pub has: Vec<Channel>,
    /// Whether the school tells this guardian of the pupil at all.
    pub is_told: bool,
    /// By which channels an alarm of the pupil would come, whether or not the school sends by them.
    pub alarms: Vec<Channel>,
}

/// What a guardian chose of a pupil, as the log says now; none if there is no such guardian any more.
pub async fn chosen_notices(
    write: &Write,
    school: SchoolId,
    (guardian, student): (GuardianId, StudentId),
) -> Result<Option<Chosen>, StoreError> {
    let state = write.state::<Guardian>(&StreamId::of(school, guardian)).await?;
    let Some(notices) = state.notices() else { return Ok(None) };
    let pupil = write.state::<Student>(&StreamId::of(school, student)).await?;
    let rights = pupil.pupil().and_then(|pupil| pupil.guardians.get(&guardian).copied().flatten());
    let is_told = rights.is_some_and(|rights| rights.notify && !rights.restricted);
    let has = Channel::ALL.iter().copied().filter(|channel| state.address(*channel).is_some()).collect();
    let alarms = if is_told { state.ways(student, Kind::NoEntry) } else { Vec::new() };
    Ok(Some(Chosen { notices: notices.clone(), has, is_told, alarms }))
}

/// Writes it. It counts at once, also for what waits to be sent: every notice asks again just before it leaves.
pub async fn choose_notices(write: &Write, context: &Context, input: ChooseNotices) -> Result<Done, UseCaseError> {
    let ChooseNotices { guardian_id, student_id, language, wanted, whatsapp, method, said_at } = input;
    let stream = StreamId::of(context.school, guardian_id);
    // First: whoever leaves a channel has left it even if the rest could not be written.
    if let Some(in_) = whatsapp {
        let opt = Command::Opt { channel: Channel::Whatsapp, kind: None, in_, method, said_at };
        write.execute::<Guardian>(context, &stream, opt).await?;
    }
    let set = Command::SetPreferences { student_id: Some(student_id), language: Some(language), wanted };
    Ok(write.execute::<Guardian>(context, &stream, set).await?)
}
