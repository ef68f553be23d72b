//! Requests made by chance, the same ones again from the same seed.

use super::{Asker, Place, Scene, address};
use crate::support::id;
use reqwest::RequestBuilder;
use serde_json::json;
use std::sync::{LazyLock, PoisonError};
use uuid::Uuid;
use web::permissions::{Access, ROUTES, Route};
use web::testing::{DOCUMENT_DAY, document_of, with_form};

/// How somebody comes in.
pub enum Way {
    Nobody,
    /// With a session's cookie.
    Person(String),
    /// With an access token of a program.
    Program(String),
    /// With the secret of a place's kiosk.
    Kiosk(usize),
}

/// A request, ready to be sent.
pub struct Asked {
    pub builder: RequestBuilder,
    pub route: &'static Route,
    /// Method and address.
    pub says: String,
    /// Ids that it names: an answer may repeat them.
    pub ids: Vec<Uuid>,
}

/// Follows no redirect: where it leads is part of the answer.
static CLIENT: LazyLock<reqwest::Client> = LazyLock::new(|| {
    let none = reqwest::redirect::Policy::none();
    workers::outbound::loopback().redirect(none).build().expect("a client")
});

/// The scene's day, which is that of its roll calls.
const ROLL_CALL_DAY: &str = "2026-03-09";

/// What chance decides for one request.
pub struct Chance {
    rng: fastrand::Rng,
    ids: Vec<Uuid>,
}

impl Chance {
    pub fn new(seed: u64, n: u64) -> Self {
        Self {
            rng: fastrand::Rng::with_seed(seed.wrapping_add(n.wrapping_mul(0x9e37_79b9_7f4a_7c15))),
            ids: Vec::new(),
        }
    }

    pub fn below(&mut self, n: usize) -> usize {
        self.rng.usize(..n)
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// Mostly a place of the asker's own.
    fn place<'a>(&mut self, scene: &'a Scene, asker: &Asker) -> &'a Place {
        let n = match asker.of.len() {
            0 => self.below(scene.places.len()),
            own if !self.one_in(3) => asker.of[self.below(own)],
            _ => self.below(scene.places.len()),
        };
        &scene.places[n]
    }

    /// An id of any kind or, mostly, of the kind that is asked for.
    fn id(&mut self, scene: &Scene, asker: &Asker, of: impl Fn(&mut Self, &Place) -> Uuid) -> Uuid {
        let place = self.place(scene, asker);
        let id = match self.below(12) {
            0 => Uuid::from_u128(self.rng.u128(..)),
            1 => place.school.id.0,
            2 => place.school.pupils[self.below(6)].id.0,
            3 => place.kiosk.id.0,
            4 => place.guardian,
            _ => of(self, place),
        };
        self.ids.push(id);
        id
    }

    /// A route; a kiosk's mostly for a kiosk, one of the API mostly for a program, and those that cost a password's
    /// hash rarely.
    fn route(&mut self, asker: &Asker) -> &'static Route {
        let of_kiosk = matches!(asker.way, Way::Kiosk(_)) && !self.one_in(3);
        let of_program = matches!(asker.way, Way::Program(_)) && !self.one_in(4);
        loop {
            let route = &ROUTES[self.below(ROUTES.len())];
            let rare = matches!(route.path, "/personas/invitar" | "/personas/enlace" | "/entrar" | "/cuenta/clave");
            if of_kiosk && route.access != Access::Kiosk || of_program && !route.is_api() {
                continue;
            }
            if !route.path.ends_with("/salir") && (!rare || route.method == "GET" || self.one_in(4)) {
                return route;
            }
        }
    }

    pub fn request(&mut self, scene: &Scene, asker: &Asker) -> Asked {
        let route = self.route(asker);
        let course = |chance: &mut Self, place: &Place| place.school.courses[chance.below(2)].0;
        let mut path = self.of_a_day(scene, asker, route.path);
        if path.contains("/students/{id}") {
            let pupil = |chance: &mut Self, place: &Place| place.school.pupils[chance.below(3)].id.0;
            path = path.replace("{id}", &self.id(scene, asker, pupil).to_string());
        }
        if path.contains("{broadcast_id}") {
            path = path.replace("{broadcast_id}", &self.id(scene, asker, course).to_string());
        }
        if path.contains("{id}") {
            path = path.replace("{id}", &self.id(scene, asker, course).to_string());
        }
        if path.ends_with("/revoke") || path.ends_with("/anular") {
            // The others go on.
            let spare = if self.one_in(12) { id() } else { self.place(scene, asker).spare };
            self.ids.push(spare);
            path = path.replace("{kiosk_id}", &spare.to_string());
        }
        if path.contains("{kiosk_id}") {
            path = path.replace("{kiosk_id}", &self.id(scene, asker, |_, place| place.kiosk.id.0).to_string());
        }
        if path.ends_with("/document") || path.contains("/documento/") {
            let act = self.id(scene, asker, |_, place| document_of(place.school.id.0));
            let pupil = self.id(scene, asker, |_, place| place.school.pupils[0].id.0);
            path = path.replace("{date}", DOCUMENT_DAY).replace("{act_id}", &act.to_string());
            path = path.replace("{student_id}", &pupil.to_string());
        }
        if path.contains("{student_id}") {
            let pupil = |chance: &mut Self, place: &Place| place.school.pupils[chance.below(3)].id.0;
            path = path.replace("{student_id}", &self.id(scene, asker, pupil).to_string());
        }
        if path.contains("{roll_call_id}") {
            let call = Self::roll_call(self.place(scene, asker));
            path = path.replace("{date}", ROLL_CALL_DAY).replace("{roll_call_id}", &call.to_string());
        }
        path = path.replace("{name}", "board.css").replace("{slot_id}", &id().to_string());
        if path.contains("/days/") {
            path = path.replace("{date}", "2026-03-09").replace("{act_id}", &self.act("justification").to_string());
        }
        path = path.replace("{date}", &self.later()).replace("{entry_id}", &id().to_string());
        let query = self.query(scene, asker, route);
        if !query.is_empty() {
            path = format!("{path}?{}", query.join("&"));
        }
        let says = format!("{} {path}", route.method);
        let mut builder = CLIENT.request(route.method.parse().expect("a method"), format!("{}{path}", scene.line.base));
        builder = match &asker.way {
            Way::Nobody => builder,
            Way::Person(cookie) => {
                let kept = self.one_in(4).then(|| self.id(scene, asker, |_, place| place.school.id.0));
                let kept = kept.map_or_else(String::new, |school| format!("; colegio={school}"));
                builder.header("cookie", format!("{cookie}{kept}")).header("sec-fetch-site", "same-origin")
            }
            Way::Program(token) => builder.bearer_auth(token),
            Way::Kiosk(n) => builder.bearer_auth(&scene.places[*n].kiosk.secret),
        };
        if self.one_in(3) {
            builder = builder.header("accept-language", "en");
        }
        builder = self.body(scene, asker, route, builder);
        Asked { builder, route, says, ids: std::mem::take(&mut self.ids) }
    }

    /// The path; mostly of a case or an entry that there is.
    fn of_a_day(&mut self, scene: &Scene, asker: &Asker, path: &str) -> String {
        let place = self.place(scene, asker);
        let named = match path {
            _ if self.one_in(4) => return path.to_owned(),
            _ if path.contains("{slot_id}") => {
                let case = place.case;
                self.ids.extend([case.slot_id.0, case.student_id.0]);
                [("{slot_id}", case.slot_id.to_string()), ("{student_id}", case.student_id.to_string())]
            }
            _ if path.contains("{entry_id}") => {
                let pupil = place.school.pupils[1].id;
                self.ids.extend([pupil.0, place.entry]);
                [("{entry_id}", place.entry.to_string()), ("{id}", pupil.to_string())]
            }
            _ => return path.to_owned(),
        };
        let path = path.replace("{date}", "2026-03-09");
        named.into_iter().fold(path, |path, (part, id)| path.replace(part, &id))
    }

    /// The first roll call of a school's day, whether or not it has begun.
    fn roll_call(place: &Place) -> Uuid {
        commands::roll_call::nth(place.school.id, ROLL_CALL_DAY.parse().expect("a date"), 1).id.0
    }

    /// A date on which nothing else of the scene happens.
    fn later(&mut self) -> String {
        format!("2026-03-{:02}", 16 + self.below(10))
    }

    /// One of few sheets, so that what one page did is often there for another, in whatever school.
    fn sheet(&mut self) -> Uuid {
        Uuid::from_u128(0x5ee7 + self.below(4) as u128)
    }

    /// What a page with such a sheet did to a day.
    fn act(&mut self, kind: &str) -> Uuid {
        Uuid::new_v5(&self.sheet(), kind.as_bytes())
    }

    /// What only this school calls a holiday.
    fn holiday(scene: &Scene, asker: &Asker) -> String {
        format!("Aniversario {}", asker.of.first().map_or("nadie", |n| scene.places[*n].mark))
    }

    fn query(&mut self, scene: &Scene, asker: &Asker, route: &Route) -> Vec<String> {
        let mut query = Vec::new();
        if !self.one_in(5) {
            let school = self.id(scene, asker, |_, place| place.school.id.0);
            query.push(format!("{}={school}", route.school_parameter()));
        }
        if route.method != "GET" {
            return query;
        }
        if self.one_in(4) {
            query.push(format!("date=2026-03-{:02}", 8 + self.below(3)));
        }
        if self.one_in(4) {
            query.push(format!("limit={}", 1 + self.below(5)));
        }
        if self.one_in(4) {
            let cursors = scene.cursors.lock().unwrap_or_else(PoisonError::into_inner);
            if !cursors.is_empty() {
                query.push(format!("cursor={}", cursors[self.rng.usize(..cursors.len())]));
            }
        }
        if route.path.contains("audit") && self.one_in(3) {
            let person = self.id(scene, asker, |chance, place| place.school.pupils[chance.below(6)].id.0);
            query.push(format!("person={person}"));
        }
        query
    }

    fn body(&mut self, scene: &Scene, asker: &Asker, route: &Route, builder: RequestBuilder) -> RequestBuilder {
        match (route.method, route.path) {
            ("POST", "/api/v1/kiosks/{kiosk_id}/scans") => {
                let now = scene.line.now();
                let mut kiosk = self.place(scene, asker).kiosk.clone();
                kiosk.queue = id();
                let card = self.place(scene, asker).school.pupils[self.below(6)].card.clone();
                let scan = kiosk.scan(&card, "entry", now);
                builder.json(&kiosk.batch(&[scan], now))
            }
            ("POST", "/api/v1/kiosks/{kiosk_id}/heartbeat") => {
                let device = self.place(scene, asker).kiosk.device(0, scene.line.now());
                builder.json(&device)
            }
            ("PUT", "/api/v1/kiosks/{kiosk_id}/mode") => {
                let lanes = ["entry_lane", "exit_lane", "choice"];
                let change = json!({"from": lanes[self.below(3)], "mode": lanes[self.below(3)]});
                builder.header("idempotency-key", id().to_string()).json(&change)
            }
            ("POST", path) if path.starts_with("/api/v1/no-show/") => {
                builder.header("idempotency-key", id().to_string()).json(&json!({"reason": "illness"}))
            }
            ("POST", path) if path.starts_with("/api/v1/days/") => {
                let adult = self.id(scene, asker, |_, place| place.guardian);
                let entry = json!({"direction": "entry", "occurred_at": scene.line.now()});
                let body = match path {
                    _ if path.ends_with("/early-leaves") => {
                        json!({"guardian_id": adult, "document_seen": true, "reason": "unwell"})
                    }
                    _ if path.ends_with("/justifications") => json!({"reason": "illness", "guardian_id": adult}),
                    _ if path.ends_with("/decide") => json!({"accept": self.one_in(2)}),
                    _ if path.ends_with("/corrections") => json!({"adds": entry, "reason": "not_recorded"}),
                    _ => json!({}),
                };
                builder.header("idempotency-key", id().to_string()).json(&body)
            }
            ("PUT", "/api/v1/roll-calls/{date}/{roll_call_id}/marks") => {
                let pupil = |chance: &mut Self, place: &Place| place.school.pupils[chance.below(3)].id.0;
                let mark = json!({"student_id": self.id(scene, asker, pupil), "safe": !self.one_in(4)});
                builder.header("idempotency-key", id().to_string()).json(&json!({"marks": [mark]}))
            }
            ("POST", path) if path.starts_with("/api/v1/roll-calls") => {
                let reasons = ["drill", "evacuation"];
                let begin = json!({"reason": reasons[self.below(2)]});
                builder.header("idempotency-key", id().to_string()).json(&begin)
            }
            ("POST", "/api/v1/kiosks/{kiosk_id}/revoke") => builder.header("idempotency-key", id().to_string()),
            ("POST", "/api/v1/students/{id}/entries") => {
                let entry =
                    json!({"reason": "forgot_card", "direction": if self.one_in(4) { "exit" } else { "entry" }});
                builder.header("idempotency-key", id().to_string()).json(&entry)
            }
            ("PUT", "/api/v1/calendar/{date}") => builder
                .header("idempotency-key", id().to_string())
                .json(&json!({"kind": "holiday", "name": Self::holiday(scene, asker)})),
            ("PUT", "/api/v1/courses/{id}/calendar/{date}") => builder
                .header("idempotency-key", id().to_string())
                .json(&json!({"times": {"expects": "nobody"}, "reason": "outing"})),
            ("DELETE", _) => builder.header("idempotency-key", id().to_string()),
            ("PUT", _) => {
                let from = format!("2026-03-{:02}", 2 + self.below(20));
                let stay = json!({"weekday": "Mon", "entry": "08:00:00", "exit": "13:00:00"});
                builder
                    .header("idempotency-key", id().to_string())
                    .json(&json!({"effective_from": from, "stays": [stay]}))
            }
            ("POST", path) => {
                let form = self.form(scene, asker, path);
                with_form(builder, form)
            }
            _ => builder,
        }
    }

    fn form(&mut self, scene: &Scene, asker: &Asker, path: &str) -> Vec<(&'static str, String)> {
        let member = |chance: &mut Self| ("cuenta", chance.id(scene, asker, |_, place| place.member).to_string());
        let pick = |chance: &mut Self, of: &[&str]| of[chance.below(of.len())].to_owned();
        match path {
            "/personas/invitar" => {
                // Of whoever is in two schools the letter would hold both.
                let mark = if let [n] = asker.of[..] { scene.places[n].mark } else { "nadie" };
                vec![
                    ("nombre", format!("{mark} Soto")),
                    ("email", format!("{}@x.cl", id())),
                    ("rol", "INSPECTOR".into()),
                ]
            }
            "/personas/rol" => {
                let (role, what) = (pick(self, &["AUDITOR", "DIRECTOR"]), pick(self, &["dar", "quitar"]));
                vec![member(self), ("rol", role), ("que", what)]
            }
            "/personas/estado" => vec![member(self), ("que", pick(self, &["reponer", "suspender", "retirar"]))],
            "/personas/enlace" => vec![member(self)],
            "/calendario/dia" => {
                let (name, date) = (Self::holiday(scene, asker), self.later());
                vec![("tipo", "holiday".into()), ("fecha", date), ("nombre", name), ("seguro", "si".into())]
            }
            "/calendario/quitar" => {
                let course = |chance: &mut Self, place: &Place| place.school.courses[chance.below(2)].0;
                let mut form = vec![("fecha", self.later()), ("capa", pick(self, &["day", "holiday"]))];
                if self.one_in(2) {
                    form.push(("curso", self.id(scene, asker, course).to_string()));
                }
                form
            }
            "/matricula" => {
                let course = self.id(scene, asker, |_, place| place.school.courses[0].0).to_string();
                let name = Self::holiday(scene, asker);
                vec![("nombres", name.clone()), ("apellidos", name), ("curso", course), ("desde", "2026-03-09".into())]
            }
            "/matricula/nomina" => {
                let name = Self::holiday(scene, asker);
                let list = format!("nombres;apellidos;curso\n{name};{name};1° Básico A\n");
                let mut form = vec![("anio", "2026".into()), ("desde", "2026-03-09".into())];
                form.push(("archivo-otra-vez", list));
                if self.one_in(2) {
                    form.push(("seguro", "si".into()));
                }
                form
            }
            "/cursos/nuevo" => vec![("curso", pick(self, &["3° Medio F", "NT2 G"])), ("anio", "2026".into())],
            "/cursos/{id}/datos" => {
                vec![("nombre", Self::holiday(scene, asker)), ("jornada", pick(self, &["completa", "tarde"]))]
            }
            "/alumnos/{student_id}/ficha/datos" => {
                let name = Self::holiday(scene, asker);
                vec![("nombres", name.clone()), ("apellidos", name)]
            }
            "/alumnos/{student_id}/ficha/contacto" => {
                vec![("persona", id().to_string()), ("nombre", Self::holiday(scene, asker))]
            }
            "/alumnos/{student_id}/ficha/tarjeta" => {
                vec![("hoja", id().to_string()), ("que", pick(self, &["nueva", "nada"])), ("motivo", "perdida".into())]
            }
            "/alumnos/{student_id}/ficha/curso" => {
                let course = self.id(scene, asker, |_, place| place.school.courses[1].0).to_string();
                vec![("curso", course), ("desde", "2026-03-09".into())]
            }
            "/alumnos/{student_id}/ficha/retirar" => vec![("hasta", "no".into())],
            "/alumnos/{student_id}/ficha/apoderado" => {
                vec![("nombre", Self::holiday(scene, asker)), ("ver", "si".into())]
            }
            "/alumnos/{student_id}/ficha/derechos" => {
                let adult = self.id(scene, asker, |_, place| place.guardian).to_string();
                vec![("persona", adult), ("que", "cambiar".into()), ("ver", "si".into()), ("avisar", "si".into())]
            }
            "/cursos/{id}/horario" => vec![
                ("desde", self.later()),
                ("entrada-1", "08:15".into()),
                ("salida-1", "15:30".into()),
                ("dia-1", "1".into()),
                ("seguro", "si".into()),
            ],
            "/anio-escolar" => vec![("anio", "2027".into()), ("desde", "2027-03-03".into())],
            "/kioscos/{kiosk_id}/sentido" => {
                let lanes = ["entry_lane", "exit_lane", "choice"];
                vec![("desde", pick(self, &lanes)), ("sentido", pick(self, &lanes))]
            }
            "/cuenta/invitaciones" => {
                let school = self.id(scene, asker, |_, place| place.school.id.0);
                vec![("escuela", school.to_string()), ("que", pick(self, &["aceptar", "rechazar"]))]
            }
            "/hoy/a-mano" | "/hoy/a-mano/deshacer" => {
                let course = |chance: &mut Self, place: &Place| place.school.courses[chance.below(2)].0;
                let pupil = |chance: &mut Self, place: &Place| place.school.pupils[chance.below(3)].id.0;
                let pupil = self.id(scene, asker, pupil).to_string();
                let way = if self.one_in(4) { "sale" } else { "entra" };
                vec![
                    ("curso", self.id(scene, asker, course).to_string()),
                    ("alumno", pupil.clone()),
                    (way, pupil),
                    ("hoja", id().to_string()),
                    ("motivo", "forgot_card".into()),
                    ("anotacion", id().to_string()),
                    ("fecha", "2026-03-09".into()),
                ]
            }
            path if path.starts_with("/alumnos/{student_id}/") || path.ends_with("/justificar") => {
                let mark = asker.of.first().map_or("nadie", |n| scene.places[*n].mark);
                vec![
                    ("fecha", "2026-03-09".into()),
                    ("hoja", self.sheet().to_string()),
                    ("retiro", self.act("early-leave").to_string()),
                    ("persona", self.id(scene, asker, |_, place| place.guardian).to_string()),
                    ("visto", "si".into()),
                    ("motivo", "unwell".into()),
                    ("causa", "illness".into()),
                    ("sentido", "entry".into()),
                    ("hora", "07:10".into()),
                    ("porque", "not_recorded".into()),
                    ("nota", format!("{mark} avisó")),
                ]
            }
            "/solicitudes/justificativo" | "/solicitudes/correccion" => {
                let pupil = |chance: &mut Self, place: &Place| place.school.pupils[chance.below(3)].id.0;
                let kind = pick(self, &["justification", "correction"]);
                vec![
                    ("alumno", self.id(scene, asker, pupil).to_string()),
                    ("fecha", "2026-03-09".into()),
                    ("cual", self.act(&kind).to_string()),
                    ("que", pick(self, &["aceptar", "aprobar", "illegible", "rechazar"])),
                ]
            }
            "/hoy/presentes/comenzar" => vec![("motivo", pick(self, &["simulacro", "evacuacion"]))],
            "/hoy/presentes/marcar" | "/hoy/presentes/terminar" => {
                let pupil = |chance: &mut Self, place: &Place| place.school.pupils[chance.below(3)].id.0;
                let call = Self::roll_call(self.place(scene, asker));
                let said = if self.one_in(4) { "deshacer" } else { "salvo" };
                vec![("pase", format!("{ROLL_CALL_DAY}/{call}")), (said, self.id(scene, asker, pupil).to_string())]
            }
            "/cuenta/sesiones" => vec![("sesion", self.id(scene, asker, |_, place| place.member).to_string())],
            "/cuenta/confirmar" => vec![("clave", "x".into())],
            "/cuenta/clave" => vec![("actual", "x".into()), ("nueva", "y".into()), ("repetida", "y".into())],
            "/avisos/reanudar" => vec![("canal", "email".into())],
            "/comunicados/nuevo" => vec![
                ("id", self.id(scene, asker, |_, place| place.member).to_string()),
                ("para", pick(self, &["colegio", "niveles", "nadie"])),
                ("rol", "told".into()),
                ("asunto", "x".into()),
                ("texto", "x".into()),
            ],
            "/comunicados/{broadcast_id}/aprobar" => vec![("version", "1".into())],
            "/familia/alumnos/{student_id}/avisos" => {
                vec![("whatsapp", pick(self, &["si", "no"])), ("entry", "email".into()), ("idioma", "es".into())]
            }
            "/familia/sesiones" => vec![("sesion", "otras".into())],
            "/familia/entrar" => vec![("correo", address(self.place(scene, asker).mark))],
            "/familia/entrar/enlace" => vec![("enlace", "x".into())],
            "/cuenta/codigo" | "/entrar/codigo" | "/familia/entrar/codigo" => vec![("codigo", "000000".into())],
            "/entrar" => vec![("email", "nadie@escuela.cl".into()), ("clave", "x".into())],
            "/entrar/activar" => vec![("enlace", "x".into()), ("nueva", "y".into()), ("repetida", "y".into())],
            _ => Vec::new(),
        }
    }
}
