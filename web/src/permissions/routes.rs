//! The table.

use super::Access::{Enrolling, Guardian, Kiosk, Local, May, OwnPupil, Person, Public};
use super::Permission::{
    AuditRead, AuditReplay, BoardRead, CalendarRead, CalendarWrite, EntriesCorrect, KiosksManage, ManualEntry,
    NoShowAct, NoShowRead, PeopleManage, PeopleRead, PupilsRead, ReportsRead, RollCallAct, RosterWrite, ScheduleWrite,
    SettingsWrite, YearOpen,
};
use super::Tries::{OfNetwork, OfPerson};
use super::{Access, Route};
use crate::throttle::limits::{ACTIVATE, PASSKEY, REFRESH, REPORT, STEP_UP, UPLOAD};
use commands::looks::What;

const fn get(path: &'static str, access: Access) -> Route {
    Route { method: "GET", path, access, step_up: false, tries: None, takes_file: false, shows: None }
}

const fn post(path: &'static str, access: Access) -> Route {
    Route { method: "POST", path, access, step_up: false, tries: None, takes_file: false, shows: None }
}

const fn put(path: &'static str, access: Access) -> Route {
    Route { method: "PUT", path, access, step_up: false, tries: None, takes_file: false, shows: None }
}

const fn delete(path: &'static str, access: Access) -> Route {
    Route { method: "DELETE", path, access, step_up: false, tries: None, takes_file: false, shows: None }
}

/// Every route of the server.
pub const ROUTES: &[Route] = &[
    // For those who run the server. Probes say whether it works and nothing about anybody.
    get("/healthz", Public),
    get("/readyz", Public),
    get("/metrics", Local),
    get("/api/openapi.json", Public),
    // Kiosks.
    post("/api/v1/kiosks/{kiosk_id}/scans", Kiosk),
    post("/api/v1/kiosks/{kiosk_id}/heartbeat", Kiosk),
    get("/api/v1/kiosks/{kiosk_id}/roster", Kiosk),
    // The API.
    get("/api/v1/live", May(BoardRead)).shows(What::Board),
    get("/api/v1/live/stream", May(BoardRead)).shows(What::Board),
    get("/api/v1/live/pupils", May(PupilsRead)).shows(What::Pupils),
    get("/api/v1/courses", May(BoardRead)),
    get("/api/v1/courses/{id}/day", May(PupilsRead)).shows(What::Course),
    put("/api/v1/courses/{id}/schedule", May(ScheduleWrite)),
    put("/api/v1/courses/{id}/calendar/{date}", May(CalendarWrite)),
    delete("/api/v1/courses/{id}/calendar/{date}", May(CalendarWrite)),
    get("/api/v1/calendar/{date}", May(CalendarRead)),
    put("/api/v1/calendar/{date}", May(CalendarWrite)),
    delete("/api/v1/calendar/{date}", May(CalendarWrite)),
    get("/api/v1/students", May(PupilsRead)).shows(What::Pupils),
    post("/api/v1/students/{id}/entries", May(ManualEntry)),
    delete("/api/v1/students/{id}/entries/{date}/{entry_id}", May(ManualEntry)),
    get("/api/v1/audit", May(AuditRead)).shows(What::Audit),
    get("/api/v1/audit/days/{date}", May(AuditReplay)).shows(What::Replay),
    get("/api/v1/audit/days/{date}/pupils", May(AuditReplay)).shows(What::Replay),
    get("/api/v1/audit/days/{date}/events", May(AuditReplay)).shows(What::Replay),
    get("/api/v1/kiosks", May(BoardRead)),
    put("/api/v1/kiosks/{kiosk_id}/mode", May(KiosksManage)),
    post("/api/v1/kiosks/{kiosk_id}/revoke", May(KiosksManage)).after_password(),
    get("/api/v1/no-show", May(NoShowRead)).shows(What::Cases),
    get("/api/v1/no-show/{date}/{slot_id}/{student_id}", May(NoShowRead)).shows(What::Case),
    post("/api/v1/no-show/{date}/{slot_id}/{student_id}/acknowledge", May(NoShowAct)),
    post("/api/v1/no-show/{date}/{slot_id}/{student_id}/release", May(NoShowAct)),
    post("/api/v1/no-show/{date}/{slot_id}/{student_id}/justify", May(NoShowAct)),
    get("/api/v1/roll-call", May(PupilsRead)).shows(What::Presence),
    post("/api/v1/roll-calls", May(RollCallAct)),
    put("/api/v1/roll-calls/{date}/{roll_call_id}/marks", May(RollCallAct)),
    post("/api/v1/roll-calls/{date}/{roll_call_id}/end", May(RollCallAct)),
    get("/api/v1/roll-calls/{date}/{roll_call_id}", May(PupilsRead)).shows(What::Presence),
    get("/api/v1/reports/school", May(ReportsRead)).shows(What::Report),
    get("/api/v1/reports/gates", May(ReportsRead)).shows(What::Report),
    get("/api/v1/reports/absence", May(PupilsRead)).shows(What::Report),
    get("/api/v1/reports/courses/{id}", May(PupilsRead)).shows(What::Report),
    get("/api/v1/reports/students/{student_id}", May(PupilsRead)).shows(What::Report),
    post("/api/v1/reports/class-list", May(PupilsRead)).shows(What::Report),
    get("/api/v1/acts/waiting", May(ManualEntry)).shows(What::Pupils),
    get("/api/v1/days/{date}/{student_id}/acts", May(PupilsRead)).shows(What::Pupil),
    post("/api/v1/days/{date}/{student_id}/early-leaves", May(ManualEntry)),
    post("/api/v1/days/{date}/{student_id}/early-leaves/{act_id}/record", May(ManualEntry)),
    post("/api/v1/days/{date}/{student_id}/early-leaves/{act_id}/cancel", May(ManualEntry)),
    post("/api/v1/days/{date}/{student_id}/justifications", May(NoShowAct)),
    get("/api/v1/days/{date}/{student_id}/justifications/{act_id}/document", May(NoShowRead)).shows(What::Document),
    post("/api/v1/days/{date}/{student_id}/justifications/{act_id}/decide", May(NoShowAct)),
    post("/api/v1/days/{date}/{student_id}/corrections", May(ManualEntry)),
    post("/api/v1/days/{date}/{student_id}/corrections/{act_id}/approve", May(EntriesCorrect)),
    post("/api/v1/days/{date}/{student_id}/corrections/{act_id}/reject", May(ManualEntry)),
    get("/api/v1/settings", May(SettingsWrite)),
    put("/api/v1/settings", May(SettingsWrite)),
    post("/api/v1/simulations", May(SettingsWrite)).shows(What::Simulation),
    // In and out for programs. The tokens themselves are what these ask for.
    post("/api/v1/tokens", Public),
    post("/api/v1/tokens/refresh", Public).tried(OfNetwork(&REFRESH)),
    post("/api/v1/tokens/revoke", Public).tried(OfNetwork(&REFRESH)),
    get("/api/v1/tokens", Person),
    // Pages.
    get("/", Person),
    get("/hoy", May(BoardRead)).shows(What::Board),
    get("/hoy/muro", May(BoardRead)).shows(What::Board),
    get("/hoy/live", May(BoardRead)).shows(What::Board),
    get("/hoy/cursos/{id}", May(PupilsRead)).shows(What::Course),
    post("/hoy/a-mano", May(ManualEntry)),
    post("/hoy/a-mano/deshacer", May(ManualEntry)),
    get("/hoy/presentes", May(PupilsRead)).shows(What::Presence),
    post("/hoy/presentes/comenzar", May(RollCallAct)),
    post("/hoy/presentes/marcar", May(RollCallAct)),
    post("/hoy/presentes/terminar", May(RollCallAct)),
    get("/hoy/presentes/{date}/{roll_call_id}", May(PupilsRead)).shows(What::Presence),
    get("/escuelas", Person),
    // In and out. Whoever is here is nobody yet, or any more.
    get("/entrar", Public),
    post("/entrar", Public),
    get("/entrar/codigo", Public),
    post("/entrar/codigo", Public),
    post("/entrar/codigo/reto", Public).tried(OfNetwork(&PASSKEY)),
    post("/entrar/codigo/llave", Public).tried(OfNetwork(&PASSKEY)),
    post("/entrar/llave", Public).tried(OfNetwork(&PASSKEY)),
    post("/entrar/llave/reto", Public).tried(OfNetwork(&PASSKEY)),
    get("/entrar/activar", Public),
    post("/entrar/activar", Public).tried(OfNetwork(&ACTIVATE)),
    get("/entrar/factor", Enrolling),
    post("/entrar/factor/reto", Enrolling).tried(OfNetwork(&PASSKEY)),
    post("/entrar/factor/llave", Enrolling).tried(OfNetwork(&PASSKEY)),
    get("/entrar/factor/codigo", Enrolling),
    post("/entrar/factor/codigo/comenzar", Enrolling),
    post("/entrar/factor/codigo", Enrolling).tried(OfNetwork(&ACTIVATE)),
    post("/salir", Public),
    // One's own account.
    get("/cuenta", Person),
    post("/cuenta/sesiones", Person),
    post("/cuenta/programas", Person),
    post("/cuenta/invitaciones", Person).after_password(),
    get("/cuenta/confirmar", Person),
    post("/cuenta/confirmar", Person).tried(OfPerson(&STEP_UP)),
    post("/cuenta/confirmar/reto", Person).tried(OfPerson(&PASSKEY)),
    post("/cuenta/confirmar/llave", Person).tried(OfPerson(&PASSKEY)),
    post("/cuenta/clave", Person).tried(OfPerson(&STEP_UP)),
    get("/cuenta/codigo", Person).after_password(),
    post("/cuenta/codigo", Person).after_password(),
    post("/cuenta/codigo/comenzar", Person).after_password(),
    post("/cuenta/codigo/quitar", Person).after_password(),
    get("/cuenta/llaves", Person).after_password(),
    post("/cuenta/llaves/reto", Person).after_password().tried(OfPerson(&PASSKEY)),
    post("/cuenta/llaves", Person).after_password(),
    post("/cuenta/llaves/quitar", Person).after_password(),
    // The people of a school.
    get("/personas", May(PeopleRead)),
    post("/personas/invitar", May(PeopleManage)).after_password(),
    post("/personas/rol", May(PeopleManage)).after_password(),
    post("/personas/estado", May(PeopleManage)).after_password(),
    post("/personas/enlace", May(PeopleManage)).after_password(),
    post("/personas/factor", May(PeopleManage)).after_password(),
    get("/registro", May(AuditRead)),
    get("/registro/miradas", May(AuditRead)),
    // A day as it was known.
    get("/auditoria", May(AuditReplay)).shows(What::Replay),
    get("/auditoria/dia.csv", May(AuditReplay)).shows(What::Replay),
    // What single dates are.
    get("/calendario", May(CalendarRead)),
    get("/calendario/dia", May(CalendarWrite)),
    post("/calendario/dia", May(CalendarWrite)),
    post("/calendario/quitar", May(CalendarWrite)),
    // What the weeks are.
    get("/horarios", May(CalendarRead)),
    get("/cursos/nuevo", May(RosterWrite)),
    post("/cursos/nuevo", May(RosterWrite)),
    post("/cursos/{id}/datos", May(RosterWrite)),
    get("/cursos/{id}/horario", May(CalendarRead)),
    post("/cursos/{id}/horario", May(ScheduleWrite)),
    get("/anio-escolar", May(YearOpen)),
    post("/anio-escolar", May(YearOpen)),
    // What the day is judged by.
    get("/ajustes", May(SettingsWrite)),
    post("/ajustes", May(SettingsWrite)),
    post("/ajustes/probar", May(SettingsWrite)).shows(What::Simulation),
    // Who did not come.
    get("/casos", May(NoShowRead)).shows(What::Cases),
    get("/casos/cursos/{id}/avisar", May(NoShowAct)).shows(What::Cases),
    post("/casos/cursos/{id}/avisar", May(NoShowAct)),
    get("/casos/{date}/{slot_id}/{student_id}", May(NoShowRead)).shows(What::Case),
    post("/casos/{date}/{slot_id}/{student_id}/ver", May(NoShowAct)),
    post("/casos/{date}/{slot_id}/{student_id}/avisar", May(NoShowAct)),
    post("/casos/{date}/{slot_id}/{student_id}/justificar", May(NoShowAct)),
    // How days were.
    get("/informes", May(ReportsRead)).shows(What::Report),
    get("/informes/dia", May(ReportsRead)).shows(What::Report),
    get("/informes/accesos", May(ReportsRead)).shows(What::Report),
    get("/informes/ausencias", May(PupilsRead)).shows(What::Report),
    get("/informes/cursos/{id}", May(PupilsRead)).shows(What::Report),
    get("/informes/alumnos/{student_id}", May(PupilsRead)).shows(What::Report),
    get("/informes/nomina", May(PupilsRead)),
    post("/informes/nomina", May(PupilsRead)).takes_file().tried(OfPerson(&UPLOAD)).shows(What::Report),
    // A pupil's day, and what waits for an answer.
    get("/alumnos", May(PupilsRead)).shows(What::Pupils),
    get("/matricula", May(RosterWrite)),
    post("/matricula", May(RosterWrite)),
    get("/matricula/nomina", May(RosterWrite)).after_password(),
    post("/matricula/nomina", May(RosterWrite))
        .after_password()
        .takes_file()
        .tried(OfPerson(&UPLOAD))
        .shows(What::Pupils),
    get("/alumnos/{student_id}/ficha", May(RosterWrite)).shows(What::Pupil),
    post("/alumnos/{student_id}/ficha/datos", May(RosterWrite)),
    post("/alumnos/{student_id}/ficha/contacto", May(RosterWrite)).after_password(),
    post("/alumnos/{student_id}/ficha/tarjeta", May(RosterWrite)),
    post("/alumnos/{student_id}/ficha/curso", May(RosterWrite)),
    post("/alumnos/{student_id}/ficha/retirar", May(RosterWrite)),
    post("/alumnos/{student_id}/ficha/apoderado", May(RosterWrite)).after_password(),
    post("/alumnos/{student_id}/ficha/derechos", May(RosterWrite)).after_password(),
    get("/alumnos/{student_id}", May(PupilsRead)).shows(What::Pupil),
    post("/alumnos/{student_id}/retiro", May(ManualEntry)),
    post("/alumnos/{student_id}/retiro/salio", May(ManualEntry)),
    post("/alumnos/{student_id}/retiro/anular", May(ManualEntry)),
    post("/alumnos/{student_id}/justificar", May(NoShowAct)).takes_file().tried(OfPerson(&UPLOAD)),
    get("/alumnos/{student_id}/documento/{date}/{act_id}", May(NoShowRead)).shows(What::Document),
    post("/alumnos/{student_id}/corregir", May(ManualEntry)),
    get("/solicitudes", May(ManualEntry)).shows(What::Pupils),
    post("/solicitudes/justificativo", May(NoShowAct)),
    post("/solicitudes/correccion", May(ManualEntry)),
    // The kiosks of a school.
    get("/kioscos", May(BoardRead)),
    get("/kioscos/{kiosk_id}", May(KiosksManage)),
    post("/kioscos/{kiosk_id}/sentido", May(KiosksManage)),
    get("/kioscos/{kiosk_id}/anular", May(KiosksManage)).after_password(),
    post("/kioscos/{kiosk_id}/anular", May(KiosksManage)).after_password(),
    // Families.
    get("/familia/entrar", Public),
    post("/familia/entrar", Public),
    get("/familia/entrar/enlace", Public),
    post("/familia/entrar/enlace", Public),
    get("/familia/entrar/codigo", Public),
    post("/familia/entrar/codigo", Public),
    post("/familia/salir", Public),
    get("/familia", Guardian),
    get("/familia/datos", Guardian),
    get("/familia/alumnos/{student_id}", OwnPupil),
    post("/familia/alumnos/{student_id}/justificar", OwnPupil).takes_file().tried(OfPerson(&UPLOAD)),
    get("/familia/sesiones", Guardian),
    post("/familia/sesiones", Guardian),
    get("/assets/{name}", Public),
    // What browsers tell of pages that tried more than their policy allows.
    post("/csp", Public).tried(OfNetwork(&REPORT)),
];
