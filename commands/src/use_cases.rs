//! What people and programs ask of the write side, a file each: plain values in, sealed events out.
//!
//! Order in every one: check the values → look up and reserve what must be unique in the directory →
//! seal → execute. One that reserves is a [`Part`]: the reservation and the events are one
//! transaction, and several such parts can be one, too. Courses and kiosks are few and reserve before
//! they execute: a crash in between leaves a reservation for an id without events; the same request
//! again is given that id and finishes.

mod part;
mod people;

pub mod add_guardian;
pub mod authorise_early_leave;
pub mod change_calendar;
pub mod change_course;
pub mod change_guardian_contact;
pub mod change_kiosk_mode;
pub mod change_settings;
pub mod change_student_details;
pub mod choose_notices;
pub mod correct_day;
pub mod course_label;
pub mod enrol_kiosk;
pub mod enrol_student;
pub mod erase_guardian;
pub mod erase_student;
pub mod error;
pub mod import_roster;
pub mod issue_credential;
pub mod justify_case;
pub mod justify_day;
pub mod kiosk_heartbeat;
pub mod link_guardian;
pub mod move_student;
pub mod open_course;
pub mod record_manual_entry;
pub mod register_guardian;
pub mod register_school;
pub mod replace_credential;
pub mod revoke_credential;
pub mod revoke_kiosk;
pub mod roll_over;
pub mod set_weekly_schedule;
pub mod withdraw_manual_entry;
pub mod withdraw_student;

pub use add_guardian::{AddGuardian, AddedGuardian, add_guardian};
pub use authorise_early_leave::{
    AuthoriseEarlyLeave, CancelEarlyLeave, RecordEarlyLeave, authorise_early_leave, cancel_early_leave,
    record_early_leave,
};
pub use change_calendar::{
    ChangeCourseDays, ChangeSchoolDay, EnterHolidays, SchoolDayChange, change_course_days, change_school_day,
    day_slots, enter_holidays,
};
pub use change_course::{ChangeCourse, change_course};
pub use change_guardian_contact::{ChangeGuardianContact, Contact, change_guardian_contact};
pub use change_kiosk_mode::{ChangeKioskMode, change_kiosk_mode};
pub use change_settings::change_settings;
pub use change_student_details::{ChangeStudentDetails, change_student_details};
pub use choose_notices::{ChooseNotices, Chosen, choose_notices, chosen_notices};
pub use correct_day::{RequestCorrection, SettleCorrection, request_correction, settle_correction};
pub use course_label::{CourseLabel, Grade};
pub use enrol_kiosk::{EnrolKiosk, EnrolledKiosk, enrol_kiosk};
pub use enrol_student::{EnrolStudent, EnrolledStudent, enrol_student};
pub use erase_guardian::erase_guardian;
pub use erase_student::erase_student;
pub use error::{Invalid, Taken, UseCaseError};
pub use issue_credential::{IssueCredential, IssuedCredential, NewCard, issue_credential};
pub use justify_case::{justification_of, justify_case};
pub use justify_day::{DecideJustification, JustifyDay, decide_justification, justify_day};
pub use kiosk_heartbeat::{HeartbeatAnswer, KioskHeartbeat, kiosk_heartbeat};
pub use link_guardian::{ChangeGuardianLink, LinkGuardian, change_guardian_link, link_guardian};
pub use move_student::{MoveStudent, move_student};
pub use open_course::{OpenCourse, OpenedCourse, open_course};
pub use part::{Part, commit};
pub use people::{fold, subject_of};
pub use record_manual_entry::{LONGEST_NOTE, RecordManualEntry, record_manual_entry};
pub use register_guardian::{RegisterGuardian, RegisteredGuardian, register_guardian};
pub use register_school::{RegisterSchool, RegisteredSchool, register_school};
pub use replace_credential::{ReplaceCredential, replace_credential};
pub use revoke_credential::{RevokeCredential, revoke_credential, valid_credentials};
pub use revoke_kiosk::revoke_kiosk;
pub use roll_over::{RollOver, advance};
pub use set_weekly_schedule::{
    SetWeeklySchedule, SetWeeklySchedules, set_weekly_schedule, set_weekly_schedules, week_slots,
};
pub use withdraw_manual_entry::{WithdrawManualEntry, withdraw_manual_entry};
pub use withdraw_student::{WithdrawStudent, withdraw_student};

#[cfg(test)]
mod tests;
