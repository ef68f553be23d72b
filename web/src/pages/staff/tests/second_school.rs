//! A school that invites somebody whom another school has.

use super::*;
use domain::AccountId;

/// The form of an answer.
fn answer<'a>(school: &'a str, que: &'a str) -> [(&'a str, &'a str); 2] {
    [("escuela", school), ("que", que)]
}

#[tokio::test]
async fn a_second_school_sees_an_address_and_waits_until_its_person_accepts_and_the_first_notices_nothing() {
    let app = TestApp::start().await.unwrap();
    let (school, twin) = (app.school(1).await.unwrap(), app.school(1).await.unwrap());
    app.member(&school, "admin@escuela.cl", StaffRole::Admin).await.unwrap();
    app.member(&twin, "admin@otra.cl", StaffRole::Admin).await.unwrap();
    let rosa: AccountId = app.member(&school, "rosa@escuela.cl", StaffRole::Director).await.unwrap();
    let id = rosa.to_string();
    let (mut home, mut second, mut person) = (Browser::new(&app), Browser::new(&app), Browser::new(&app));
    home.sign_in("admin@escuela.cl").await;
    second.sign_in("admin@otra.cl").await;
    person.sign_in("rosa@escuela.cl").await;
    let own = |page: &str| page.matches(&*id).count();

    let invite = [("nombre", "Otro Nombre"), ("email", "Rosa@Escuela.cl"), ("rol", "INSPECTOR")];
    let told = second.post("/personas/invitar", &invite).await;
    assert!(told.status == 200 && told.text.contains("Invitación pendiente"), "{}", told.text);
    let letter = app.letters_to("rosa@escuela.cl", 1).await.unwrap().remove(0);
    assert!(letter.contains(&format!("{}/cuenta", app.base)) && !letter.contains("#t="), "{letter}");
    assert!(!letter.contains("Escuela de prueba"), "who reads it by mistake learns nothing: {letter}");
    // The second school: the address that it typed, and that it waits.
    let list = second.get("/personas").await.text;
    assert!(list.contains("rosa@escuela.cl") && list.contains("Pendiente") && list.contains("Inspectoría"), "{list}");
    assert_eq!(list.matches("Rosa Díaz").count(), 2, "the one who looks, by the rail and the list: {list}");
    assert_eq!(own(&list), 1, "and the button that takes it back: {list}");
    app.settle().await.unwrap();
    let log = second.get("/registro").await.text;
    assert!(log.contains("Invitación a quien ya tiene cuenta") && own(&log) > 0, "by its id alone: {log}");
    for (path, more) in [("/personas/rol", "dar"), ("/personas/estado", "suspender"), ("/personas/estado", "reponer")] {
        let refused = second.post(path, &[("cuenta", &id), ("rol", "ADMIN"), ("que", more)]).await;
        assert!(refused.status == 422 && refused.text.contains("todavía no acepta"), "{path}: {}", refused.text);
    }
    assert_eq!(second.post("/personas/enlace", &[("cuenta", &id)]).await.status, 422);
    assert_eq!(second.post("/personas/factor", &[("cuenta", &id)]).await.status, 422);
    // The person: still in, with nothing more than before.
    let at_twin = format!("/hoy?colegio={}", twin.id);
    assert_eq!((person.get("/hoy").await.status, person.get(&at_twin).await.status), (200, 404));
    // The first school: what it could do before, it can do now.
    assert_eq!(home.post("/personas/enlace", &[("cuenta", &id)]).await.status, 200);
    app.letters_to("rosa@escuela.cl", 2).await.unwrap();
    assert_eq!(home.post("/personas/factor", &[("cuenta", &id)]).await.status, 303);
    assert!(!home.get("/personas").await.text.contains("Pendiente"));

    // Nobody else accepts; what is neither yes nor no is neither.
    let twins = twin.id.to_string();
    let mut stranger = Browser::new(&app);
    app.member(&school, "luis@escuela.cl", StaffRole::Inspector).await.unwrap();
    stranger.sign_in("luis@escuela.cl").await;
    assert!(!stranger.get("/cuenta").await.text.contains("Invitaciones"));
    let refused = stranger.post("/cuenta/invitaciones", &answer(&twins, "aceptar")).await;
    assert_eq!((refused.status, stranger.get(&at_twin).await.status), (303, 404));
    assert_eq!(person.post("/cuenta/invitaciones", &answer(&twins, "Aceptar")).await.status, 422);
    assert_eq!(person.get(&at_twin).await.status, 404);

    // Declined, and asked again; taken back, and asked again.
    let page = person.get("/cuenta").await.text;
    assert!(
        page.contains("Aceptar Escuela de prueba") && page.contains("Inspectoría") && page.contains(&twins),
        "{page}"
    );
    let no = person.post("/cuenta/invitaciones", &answer(&twins, "rechazar")).await;
    assert_eq!(no.location.as_deref(), Some("/cuenta?aviso=rechazada"));
    assert!(person.get("/cuenta?aviso=rechazada").await.text.contains("Rechazó la invitación"));
    assert!(!person.get("/cuenta").await.text.contains(&twins));
    assert!(!second.get("/personas").await.text.contains("rosa@escuela.cl"));
    second.post("/personas/invitar", &invite).await;
    assert_eq!(second.post("/personas/estado", &[("cuenta", &id), ("que", "retirar")]).await.status, 303);
    assert!(!second.get("/personas").await.text.contains("rosa@escuela.cl"));
    let late = person.post("/cuenta/invitaciones", &answer(&twins, "aceptar")).await;
    assert_eq!((late.location.as_deref(), person.get(&at_twin).await.status), (Some("/cuenta"), 404));

    // Accepted, after the password: the same browser goes on under another session.
    second.post("/personas/invitar", &invite).await;
    app.clock.advance(STEP_UP);
    let asked = person.post("/cuenta/invitaciones", &answer(&twins, "aceptar")).await;
    assert_eq!(asked.location.as_deref(), Some("/cuenta/confirmar?volver=%2Fcuenta"));
    person.post("/cuenta/confirmar", &[("clave", PASSWORD), ("volver", "/cuenta")]).await;
    let before = person.sid().unwrap().to_owned();
    let yes = person.post("/cuenta/invitaciones", &answer(&twins, "aceptar")).await;
    assert_eq!(yes.location.as_deref(), Some("/cuenta?aviso=aceptada"), "{}", yes.text);
    assert_ne!(person.sid(), Some(before.as_str()), "A44");
    assert!(person.get("/cuenta?aviso=aceptada").await.text.contains("Aceptó la invitación"));
    let at_home = format!("/hoy?colegio={}", school.id);
    assert_eq!((person.get(&at_home).await.status, person.get(&at_twin).await.status), (200, 200));
    second.sign_in("admin@otra.cl").await;
    let list = second.get("/personas").await.text;
    assert!(!list.contains("Pendiente") && list.matches("Rosa Díaz").count() > 2, "{list}");
    home.sign_in("admin@escuela.cl").await;
    let refused = home.post("/personas/factor", &[("cuenta", &id)]).await;
    assert!(refused.text.contains("también es de otro colegio"), "{}", refused.text);
    app.shutdown().await;
}

#[tokio::test]
async fn a38_whoever_accepts_more_than_a_second_factor_was_asked_for_comes_in_anew_and_is_led_to_one() {
    let app = TestApp::start_strict().await.unwrap();
    let (school, twin) = (app.school(1).await.unwrap(), app.school(1).await.unwrap());
    let rosa = app.member(&school, "rosa@escuela.cl", StaffRole::Director).await.unwrap();
    let mut person = Browser::new(&app);
    assert_eq!(person.sign_in("rosa@escuela.cl").await.location.as_deref(), Some("/entrar/factor?volver=%2F"));
    let page = person.post("/entrar/factor/codigo/comenzar", &[]).await.text;
    let base32 = page.split("<code>").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let secret = totp_rs::Secret::try_from_base32(&base32).unwrap();
    let totp: totp_rs::Totp = totp_rs::Builder::new().with_secret(secret).build().unwrap();
    let code = totp.generate(u64::try_from(app.now().timestamp()).unwrap()).to_string();
    assert_eq!(person.post("/entrar/factor/codigo", &[("codigo", &code)]).await.location.as_deref(), Some("/"));
    // Codes are enough for a director, and not for whoever administers.
    let invite = Invite { email: "rosa@escuela.cl".into(), name: "Rosa".into(), role: StaffRole::Admin };
    app.state().accounts.invite(&app.context(twin.id), invite).await.unwrap();
    let yes = person.post("/cuenta/invitaciones", &answer(&twin.id.to_string(), "aceptar")).await;
    assert_eq!(yes.location.as_deref(), Some("/entrar?volver=%2Fcuenta"));
    assert_eq!(app.state().accounts.roles(rosa).await.unwrap().len(), 2);
    assert_eq!(person.get("/cuenta").await.status, 303, "no session has these rights without a passkey");
    app.shutdown().await;
}

#[tokio::test]
async fn a38_whoever_is_made_an_administrator_of_a_second_school_comes_in_anew_by_page_and_by_program() {
    let app = TestApp::start().await.unwrap();
    let (school, twin) = (app.school(1).await.unwrap(), app.school(1).await.unwrap());
    let rosa = app.member(&school, "rosa@escuela.cl", StaffRole::Director).await.unwrap();
    let accounts = &app.state().accounts;
    let invite = Invite { email: "rosa@escuela.cl".into(), name: "Rosa".into(), role: StaffRole::Inspector };
    accounts.invite_for(&app.context(twin.id), invite, Scope::Installation).await.unwrap();
    let mut person = Browser::new(&app);
    person.sign_in("rosa@escuela.cl").await;
    let own = TestPerson { account_id: rosa, cookie: String::new() };
    let proof = own.proof(app.state()).await.unwrap();
    let begin = tokens::Begin { proof, school: twin.id, client: String::new(), network: String::new() };
    let pair = app.state().tokens.begin(&begin).await.unwrap().unwrap();
    accounts.grant(&app.context(twin.id), rosa, StaffRole::Auditor).await.unwrap();
    assert_eq!(person.get("/cuenta").await.status, 200, "a role that rules over nobody");
    accounts.grant(&app.context(twin.id), rosa, StaffRole::Admin).await.unwrap();
    assert_eq!(person.get("/cuenta").await.status, 303, "what began with less than an administrator's proof");
    assert!(app.state().tokens.person(&pair.access).await.unwrap().is_none(), "a program acts for lesser roles");
    assert!(!matches!(app.state().tokens.refresh(pair.refresh).await.unwrap(), tokens::Refreshed::Pair(_)));
    app.shutdown().await;
}

#[tokio::test]
async fn whoever_never_chose_a_password_does_so_by_mail_and_then_answers() {
    let app = TestApp::start().await.unwrap();
    let (school, twin) = (app.school(1).await.unwrap(), app.school(1).await.unwrap());
    app.member(&twin, "admin@otra.cl", StaffRole::Admin).await.unwrap();
    let invite = Invite { email: "luis@escuela.cl".into(), name: "Luis Soto".into(), role: StaffRole::Inspector };
    let luis = app.state().accounts.invite(&app.context(school.id), invite).await.unwrap().account_id;
    let mut second = Browser::new(&app);
    second.sign_in("admin@otra.cl").await;
    let form = [("nombre", "L"), ("email", "luis@escuela.cl"), ("rol", "DIRECTOR")];
    let mailed = second.post("/personas/invitar", &form).await;
    assert!(mailed.status == 200 && mailed.text.contains("por correo"), "{}", mailed.text);
    let letter = app.letters_to("luis@escuela.cl", 1).await.unwrap().remove(0);
    let link = letter.split("#t=").nth(1).expect(&letter)[..43].to_owned();
    let mut person = Browser::new(&app);
    let chosen = [("enlace", link.as_str()), ("nueva", PASSWORD), ("repetida", PASSWORD)];
    assert_eq!(person.post("/entrar/activar", &chosen).await.status, 303);
    person.sign_in("luis@escuela.cl").await;
    assert_eq!(person.get(&format!("/hoy?colegio={}", twin.id)).await.status, 404);
    person.post("/cuenta/invitaciones", &answer(&twin.id.to_string(), "aceptar")).await;
    assert_eq!(person.get(&format!("/hoy?colegio={}", twin.id)).await.status, 200);
    assert_eq!(app.state().accounts.roles(luis).await.unwrap().len(), 2);
    app.shutdown().await;
}
