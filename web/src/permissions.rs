//! Who may do what: every route with what it asks for, and every permission with the roles that have it.
//! What is not written here is refused ([`crate::middleware::authorize`]).
//!
//! How to add one more route: a line in [`ROUTES`]. A test drives every line as every kind of person.

mod routes;

pub use routes::ROUTES;

use crate::session::{STEP_UP, STEP_UP_TO_GO_ON};
use crate::throttle::limits::Limit;
use axum::http::Method;
use chrono::TimeDelta;
use commands::looks::What;
use domain::account::StaffRole;

/// The one thing that a guardian may do: see their own pupils.
pub const PARENT_READ: &str = "parent:read";

/// Something that a person may do in a school.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// See the day: figures, last scans, gates and how their kiosks are, courses.
    BoardRead,
    /// See pupils by name with their day.
    PupilsRead,
    /// Set schedules.
    ScheduleWrite,
    /// See what single dates are: holidays, no classes, outings.
    CalendarRead,
    /// Say what they are.
    CalendarWrite,
    /// The register: courses, the school's list, single pupils with their cards, and what which adult may do.
    RosterWrite,
    /// Open a school year with the courses and pupils of the one before.
    YearOpen,
    /// Read the index of the log, the accounts' events among them. Holds no name.
    AuditRead,
    /// See a day as it was known at any moment, pupil by pupil, with what is behind each mark.
    AuditReplay,
    /// See who works here, with which roles.
    PeopleRead,
    /// Invite people, give and take roles, disable accounts.
    PeopleManage,
    /// Turn a kiosk's lane, stop trusting a kiosk.
    KiosksManage,
    /// Record by hand that a pupil came or went, and take that back soon after.
    ManualEntry,
    /// Take back what others recorded by hand, and what is older.
    EntriesCorrect,
    /// See who did not come, and how their families are reached.
    NoShowRead,
    /// Look after who did not come: say so, have the family told, say why.
    NoShowAct,
    /// Change what the day is judged by, and try it over days that have passed.
    SettingsWrite,
    /// Call the roll of who is inside: begin, mark who is safe, end.
    RollCallAct,
    /// See how days were in figures, without names. Those of pupils by name are [`Self::PupilsRead`]'s.
    ReportsRead,
    /// Write to the families of many pupils at once.
    BroadcastsSend,
}

impl Permission {
    /// All of them.
    pub const ALL: [Self; 20] = [
        Self::BoardRead,
        Self::PupilsRead,
        Self::ScheduleWrite,
        Self::CalendarRead,
        Self::CalendarWrite,
        Self::RosterWrite,
        Self::YearOpen,
        Self::AuditRead,
        Self::AuditReplay,
        Self::PeopleRead,
        Self::PeopleManage,
        Self::KiosksManage,
        Self::ManualEntry,
        Self::EntriesCorrect,
        Self::NoShowRead,
        Self::NoShowAct,
        Self::SettingsWrite,
        Self::RollCallAct,
        Self::ReportsRead,
        Self::BroadcastsSend,
    ];

    /// Its name in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BoardRead => "board.read",
            Self::PupilsRead => "pupils.read",
            Self::ScheduleWrite => "schedule.write",
            Self::CalendarRead => "calendar.read",
            Self::CalendarWrite => "calendar.write",
            Self::RosterWrite => "roster.write",
            Self::YearOpen => "year.open",
            Self::AuditRead => "audit.read",
            Self::AuditReplay => "audit.replay",
            Self::PeopleRead => "people.read",
            Self::PeopleManage => "people.manage",
            Self::KiosksManage => "kiosks.manage",
            Self::ManualEntry => "entries.manual",
            Self::EntriesCorrect => "entries.correct",
            Self::NoShowRead => "no_show.read",
            Self::NoShowAct => "no_show.act",
            Self::SettingsWrite => "settings.write",
            Self::RollCallAct => "roll_call.act",
            Self::ReportsRead => "reports.read",
            Self::BroadcastsSend => "broadcasts.send",
        }
    }

    /// Whether a role has it, in the school where it is held.
    pub fn is_of(self, role: StaffRole) -> bool {
        use StaffRole::{Admin, Auditor, Director, Inspector, Owner};
        match self {
            Self::BoardRead
            | Self::PupilsRead
            | Self::ManualEntry
            | Self::NoShowRead
            | Self::NoShowAct
            | Self::RollCallAct => {
                matches!(role, Owner | Admin | Director | Inspector)
            }
            // A tablet that is stolen at half past seven waits for nobody who is not in the building.
            Self::ScheduleWrite
            | Self::CalendarWrite
            | Self::RosterWrite
            | Self::YearOpen
            | Self::PeopleRead
            | Self::KiosksManage
            | Self::SettingsWrite
            | Self::BroadcastsSend
            | Self::EntriesCorrect => matches!(role, Owner | Admin | Director),
            Self::CalendarRead | Self::ReportsRead => matches!(role, Owner | Admin | Director | Inspector | Auditor),
            Self::AuditRead | Self::AuditReplay => matches!(role, Owner | Admin | Director | Auditor),
            Self::PeopleManage => matches!(role, Owner | Admin),
        }
    }
}

/// What a route asks of whoever calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing.
    Public,
    /// That the caller is on this machine and says so: a loopback peer under a loopback name. A proxy passes on
    /// the name that it was asked by, so what comes through one is not local.
    Local,
    /// A kiosk's secret, which its handler asks for by taking a [`crate::kiosk_auth::Kiosk`].
    Kiosk,
    /// Somebody who gave the password and has no second factor yet, to add one.
    Enrolling,
    /// A person who is signed in; what is shown is the person's own.
    Person,
    /// A guardian who came in by a link (scope `parent:read`); what is shown is the guardian's own.
    Guardian,
    /// The same, and the address names a pupil (`{student_id}`) whom the guardian may see now: linked with *may
    /// view*, not restricted. Any other pupil, of whatever school, is not found.
    OwnPupil,
    /// A person who may do this in the school that the request is about.
    May(Permission),
}

/// How often a route may be tried, and whose tries count together.
#[derive(Clone, Copy, Debug)]
pub enum Tries {
    /// Those from one network.
    OfNetwork(&'static Limit),
    /// Those of one account, which is signed in.
    OfPerson(&'static Limit),
}

/// A route.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// Its method; `GET` stands for `HEAD` too.
    pub method: &'static str,
    /// Its path as the router has it.
    pub path: &'static str,
    /// What it asks for.
    pub access: Access,
    /// How lately the person must have given the password, if at all.
    pub step_up: Option<TimeDelta>,
    /// How often it may be tried, where a secret can be guessed there. Signing in, whose tries count by what is in
    /// the form, has its own ([`crate::sign_in`]).
    pub tries: Option<Tries>,
    /// Whether it takes a file, and has the time for one.
    pub takes_file: bool,
    /// What of pupils' data it shows to the staff: each answer is recorded, or is none (ADR 0017). What families are
    /// shown is recorded pupil by pupil where it is read.
    pub shows: Option<What>,
}

impl Route {
    /// The same, asking for the password first.
    const fn after_password(self) -> Self {
        Self { step_up: Some(STEP_UP), ..self }
    }

    /// The same, going on from a page that asked for the password.
    const fn going_on(self) -> Self {
        Self { step_up: Some(STEP_UP_TO_GO_ON), ..self }
    }

    /// The same, showing pupils' data.
    const fn shows(self, what: What) -> Self {
        Self { shows: Some(what), ..self }
    }

    /// The same, taking a file.
    const fn takes_file(self) -> Self {
        Self { takes_file: true, ..self }
    }

    /// Whether it is the families' and not the staff's.
    pub fn is_of_families(&self) -> bool {
        matches!(self.access, Access::Guardian | Access::OwnPupil)
    }

    /// The same, as often as that.
    const fn tried(self, tries: Tries) -> Self {
        Self { tries: Some(tries), ..self }
    }

    /// Whether it is what a path leads to.
    pub fn is_at(&self, path: &str) -> bool {
        let (mut said, mut known) = (path.split('/'), self.path.split('/'));
        loop {
            match (said.next(), known.next()) {
                (None, None) => return true,
                (Some(said), Some(known)) if said == known || known.starts_with('{') => {}
                _ => return false,
            }
        }
    }

    /// Whether a program calls it, and not a person's browser.
    pub fn is_api(&self) -> bool {
        self.path.starts_with("/api/")
    }

    /// The parameter of the address that names the school.
    pub fn school_parameter(&self) -> &'static str {
        if self.is_api() { "school" } else { "colegio" }
    }
}

/// What the table says about a request.
#[derive(Debug)]
pub enum Found {
    /// This.
    Route(&'static Route),
    /// The path has other methods.
    Methods(Vec<&'static str>),
    /// Nothing: it must not be served.
    Nothing,
}

/// Looks a route up, by the router's own path.
pub fn find(method: &Method, path: &str) -> Found {
    let of_path = || ROUTES.iter().filter(|route| route.path == path);
    let method = if *method == Method::HEAD { "GET" } else { method.as_str() };
    match of_path().find(|route| route.method == method) {
        Some(route) => Found::Route(route),
        None => {
            let methods: Vec<_> = of_path().map(|route| route.method).collect();
            if methods.is_empty() { Found::Nothing } else { Found::Methods(methods) }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
