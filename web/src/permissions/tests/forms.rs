//! What each route is asked with: its address, and the form or the body that it takes.

use super::*;

/// The `{date}` of a route's address: that of the case there is, or one to be set.
pub(crate) fn date_of(route: &Route) -> &'static str {
    match route.path {
        path if path.contains("{slot_id}") => CASE_DAY,
        path if path.contains("{roll_call_id}") => ROLL_CALL_DAY,
        path if is_of_document(path) => DOCUMENT_DAY,
        _ => "2026-03-16",
    }
}

/// Whether a route shows a document.
pub(crate) fn is_of_document(path: &str) -> bool {
    path.ends_with("/document") || path.contains("/documento/")
}

/// The day of a test's roll calls.
pub(super) const ROLL_CALL_DAY: &str = "2026-03-09";

/// The first roll call of a school's day, whether or not it has begun.
pub(crate) fn first_roll_call(school: Uuid) -> Uuid {
    nth(SchoolId(school), ROLL_CALL_DAY.parse().unwrap(), 1).id.0
}

/// What a roll call's route of the API takes.
pub(crate) fn roll_call_body(path: &str, pupil: Uuid) -> serde_json::Value {
    match path {
        path if path.ends_with("/marks") => json!({"marks": [{"student_id": pupil, "safe": true}]}),
        path if path.ends_with("/roll-calls") => json!({"reason": "drill"}),
        _ => json!({}),
    }
}

/// A class list of a day on which the school of any test is.
const CLASS_LIST: &str = "fecha;curso;alumno;estado\n2026-03-09;1° Básico A;Nadie;P\n";

/// A school's list with somebody new on it.
const SCHOOL_LIST: &str = "nombres;apellidos;curso\nRosa;Nueva Nueva;1° Básico A\n";

/// A form for every page that takes one.
pub(crate) fn form(route: &Route, ids: Ids, unique: Uuid) -> Option<Vec<(&'static str, String)>> {
    let member = ("cuenta", ids.member.to_string());
    Some(match route.path {
        "/cuenta/sesiones" => vec![("sesion", "otras".into())],
        "/familia/sesiones" => vec![("sesion", "otras".into())],
        "/cuenta/programas" => vec![("programa", "todos".into())],
        "/cuenta/invitaciones" => vec![("escuela", ids.school.to_string()), ("que", "aceptar".into())],
        "/cuenta/confirmar" => vec![("clave", "x".into())],
        "/cuenta/clave" => vec![("actual", "x".into()), ("nueva", "y".into()), ("repetida", "y".into())],
        "/cuenta/codigo" => vec![("codigo", "000000".into())],
        "/cuenta/codigo/comenzar" | "/cuenta/codigo/quitar" | "/entrar/factor/codigo/comenzar" => vec![],
        "/cuenta/llaves"
        | "/cuenta/confirmar/llave"
        | "/entrar/llave"
        | "/entrar/codigo/llave"
        | "/entrar/factor/llave" => ["reto", "respuesta", "nombre"].map(|name| (name, "x".into())).into(),
        "/cuenta/llaves/quitar" => vec![("llave", unique.to_string())],
        "/personas/invitar" => {
            let email = format!("{unique}@escuela.cl");
            vec![("nombre", "Luis Soto".into()), ("email", email), ("rol", "INSPECTOR".into())]
        }
        "/personas/rol" => vec![member, ("rol", "AUDITOR".into()), ("que", "dar".into())],
        "/personas/estado" => vec![member, ("que", "reponer".into())],
        "/personas/enlace" | "/personas/factor" => vec![member],
        "/kioscos/{kiosk_id}/sentido" => vec![("desde", "entry_lane".into()), ("sentido", "entry_lane".into())],
        "/kioscos/{kiosk_id}/anular" => vec![],
        "/calendario/dia" => vec![("fecha", "2026-03-16".into()), ("tipo", "outing".into()), ("seguro", "si".into())],
        "/casos/{date}/{slot_id}/{student_id}/ver" | "/casos/{date}/{slot_id}/{student_id}/avisar" => {
            vec![("desde", "caso".into())]
        }
        "/casos/{date}/{slot_id}/{student_id}/justificar" => vec![("motivo", "familia".into())],
        "/casos/cursos/{id}/avisar" => {
            vec![("fecha", CASE_DAY.into()), ("caso", format!("{}/{}", ids.slot, ids.pupil))]
        }
        "/hoy/presentes/comenzar" => vec![("motivo", "simulacro".into())],
        "/hoy/presentes/marcar" | "/hoy/presentes/terminar" => {
            vec![("pase", format!("{ROLL_CALL_DAY}/{}", first_roll_call(ids.school))), ("salvo", ids.pupil.to_string())]
        }
        "/cursos/{id}/horario" => vec![
            ("desde", "2026-03-16".into()),
            ("entrada-1", "08:15".into()),
            ("salida-1", "15:30".into()),
            ("dia-1", "1".into()),
            ("seguro", "si".into()),
        ],
        "/informes/nomina" => vec![("lista", CLASS_LIST.into())],
        "/ajustes" | "/ajustes/probar" => {
            let fields = [("atraso", "5"), ("limite", "30"), ("masivo", "25"), ("viejo", "90"), ("mes", "2026-03")];
            fields.map(|(name, value)| (name, value.to_owned())).into()
        }
        "/calendario/quitar" => vec![("fecha", "2026-03-16".into()), ("capa", "day".into())],
        "/matricula" => vec![
            ("nombres", "Rosa".into()),
            ("apellidos", format!("Díaz {unique}")),
            ("curso", ids.course.to_string()),
            ("desde", "2026-03-09".into()),
        ],
        "/matricula/nomina" => {
            vec![("anio", "2026".into()), ("desde", "2026-03-09".into()), ("archivo-otra-vez", SCHOOL_LIST.into())]
        }
        "/cursos/nuevo" => vec![("curso", "3° Medio F".into()), ("anio", "2026".into())],
        "/cursos/{id}/datos" => vec![("jornada", "completa".into())],
        "/alumnos/{student_id}/ficha/datos" => vec![("nombres", "Ana 0".into()), ("apellidos", "Pérez Soto".into())],
        "/alumnos/{student_id}/ficha/contacto" => vec![("persona", unique.to_string()), ("nombre", "Rosa".into())],
        "/alumnos/{student_id}/ficha/tarjeta" => {
            vec![
                ("hoja", unique.to_string()),
                ("tarjeta", unique.to_string()),
                ("motivo", "perdida".into()),
                ("que", "anular".into()),
            ]
        }
        "/alumnos/{student_id}/ficha/curso" => vec![("curso", ids.course.to_string()), ("desde", "2026-03-09".into())],
        "/alumnos/{student_id}/ficha/retirar" => vec![("hasta", "no".into())],
        "/alumnos/{student_id}/ficha/apoderado" => vec![("nombre", format!("Rosa {unique}"))],
        "/alumnos/{student_id}/ficha/derechos" => vec![("persona", unique.to_string()), ("que", "quitar".into())],
        "/anio-escolar" => vec![("anio", "2027".into()), ("desde", "2027-03-03".into())],
        "/hoy/a-mano" => vec![
            ("curso", ids.course.to_string()),
            ("entra", ids.pupil.to_string()),
            ("hoja", unique.to_string()),
            ("motivo", "forgot_card".into()),
        ],
        "/alumnos/{student_id}/retiro" => vec![
            ("fecha", "2026-03-09".into()),
            ("hoja", unique.to_string()),
            ("persona", unique.to_string()),
            ("motivo", "unwell".into()),
        ],
        "/alumnos/{student_id}/retiro/salio" | "/alumnos/{student_id}/retiro/anular" => {
            vec![("fecha", "2026-03-09".into()), ("hoja", unique.to_string()), ("retiro", unique.to_string())]
        }
        "/alumnos/{student_id}/justificar" | "/familia/alumnos/{student_id}/justificar" => {
            vec![("fecha", "2026-03-09".into()), ("hoja", unique.to_string()), ("causa", "illness".into())]
        }
        "/avisos/reanudar" => vec![("canal", "email".into())],
        "/comunicados/nuevo" => vec![
            ("id", unique.to_string()),
            ("para", "colegio".into()),
            ("rol", "told".into()),
            ("asunto", "Reunión".into()),
            ("texto", "El lunes.".into()),
        ],
        "/comunicados/{broadcast_id}/aprobar" => vec![("version", "1".into())],
        "/familia/alumnos/{student_id}/avisos" => vec![("late", "email".into()), ("idioma", "es".into())],
        "/alumnos/{student_id}/corregir" => {
            vec![("fecha", "2026-03-09".into()), ("hoja", unique.to_string()), ("porque", "other".into())]
        }
        "/solicitudes/justificativo" | "/solicitudes/correccion" => vec![
            ("alumno", ids.pupil.to_string()),
            ("fecha", "2026-03-09".into()),
            ("cual", unique.to_string()),
            ("que", "aceptar".into()),
        ],
        "/hoy/a-mano/deshacer" => vec![
            ("curso", ids.course.to_string()),
            ("alumno", ids.pupil.to_string()),
            ("anotacion", unique.to_string()),
            ("fecha", "2026-03-09".into()),
        ],
        "/entrar" => vec![("email", "x@escuela.cl".into()), ("clave", "x".into())],
        "/entrar/codigo" | "/entrar/factor/codigo" => vec![("codigo", "000000".into())],
        "/entrar/activar" => vec![("enlace", "x".into()), ("nueva", "y".into()), ("repetida", "y".into())],
        "/salir" | "/familia/salir" => vec![],
        "/familia/entrar" => vec![("correo", "x@escuela.cl".into())],
        "/familia/entrar/codigo" => vec![("codigo", "000000".into())],
        "/familia/entrar/enlace" => vec![("enlace", "x".into())],
        _ => return None,
    })
}

/// A request for a route, about a school if one is named.
pub(super) async fn ask(app: &TestApp, client: &Client, route: &Route, named: Option<SchoolId>, ids: Ids) -> Response {
    request(app, client, route, named, ids).send().await.unwrap()
}

pub(super) fn request(
    app: &TestApp,
    client: &Client,
    route: &Route,
    named: Option<SchoolId>,
    ids: Ids,
) -> RequestBuilder {
    let id = if route.path.contains("/students/") { ids.pupil } else { ids.course };
    let mut path = route.path.replace("{id}", &id.to_string()).replace("{kiosk_id}", &ids.kiosk.to_string());
    path = path.replace("{date}", date_of(route)).replace("{slot_id}", &ids.slot.to_string());
    path = path.replace("{student_id}", &ids.pupil.to_string());
    path = path.replace("{roll_call_id}", &first_roll_call(ids.school).to_string());
    path = path.replace("{broadcast_id}", &ids.course.to_string());
    path = path.replace("{entry_id}", &Uuid::from_u128(0xbad).to_string());
    let act = if is_of_document(route.path) { document_of(ids.school) } else { Uuid::from_u128(0xbad) };
    path = path.replace("{act_id}", &act.to_string());
    if path.contains("{name}") {
        path = crate::assets::STYLE.href();
    }
    if let Some(school) = named {
        path = format!("{path}?{}={school}", route.school_parameter());
    }
    let request = client.request(route.method.parse().unwrap(), format!("{}{path}", app.base));
    let unique = app.state().ids.next();
    match (route.method, form(route, ids, unique)) {
        _ if route.path.ends_with("/class-list") => request.header("content-type", "text/csv").body(CLASS_LIST),
        ("POST", Some(form)) => with_form(request, form),
        ("PUT" | "POST", None) => {
            let body = if route.path.starts_with("/api/v1/roll-calls") {
                roll_call_body(route.path, ids.pupil)
            } else if route.path.ends_with("/mode") {
                json!({"from": "entry_lane", "mode": "entry_lane"})
            } else if route.path.ends_with("/justify") {
                json!({"reason": "illness"})
            } else if route.path.starts_with("/api/v1/calendar/") {
                json!({"kind": "outing"})
            } else if route.path.ends_with("/calendar/{date}") {
                json!({"times": {"expects": "nobody"}, "reason": "outing"})
            } else if route.path.ends_with("/early-leaves") {
                json!({"guardian_id": unique, "reason": "unwell"})
            } else if route.path.ends_with("/record") {
                json!({})
            } else if route.path.ends_with("/justifications") {
                json!({"reason": "illness"})
            } else if route.path.ends_with("/decide") {
                json!({"accept": true})
            } else if route.path.ends_with("/corrections") {
                json!({"voids": unique, "reason": "other"})
            } else if route.path == "/api/v1/settings" || route.path == "/api/v1/simulations" {
                json!({"late_after_minutes": 5})
            } else if route.path.ends_with("/entries") {
                json!({"reason": "forgot_card"})
            } else {
                json!({"effective_from": "2026-03-02", "stays": [
                    {"weekday": "Mon", "entry": "08:00:00", "exit": "13:00:00"}]})
            };
            request.header("idempotency-key", unique.to_string()).json(&body)
        }
        ("DELETE", _) => request.header("idempotency-key", unique.to_string()),
        _ => request,
    }
}
