//! Who is told of what.

use super::*;
use crate::i18n::key;
use crate::testing::{PASSWORD, TestApp, with_form};
use commands::accounts::{Invite, StaffRole};

#[tokio::test]
async fn a39_a_person_of_the_staff_is_told_of_a_changed_credential_and_no_letter_holds_a_secret() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    let invite = Invite { email: "rosa@escuela.cl".into(), name: "Rosa Díaz".into(), role: StaffRole::Director };
    let invited = app.state().accounts.invite(&app.context(school.id), invite).await.unwrap();
    let token = invited.link.unwrap().secret.reveal().to_string();
    let post = |path: &str, form: &[(&str, &str)], cookie: String| {
        let request = app.anonymous.post(format!("{}{path}", app.base)).header("origin", &app.base);
        with_form(request.header("cookie", cookie), form.iter().copied()).send()
    };
    let form = [("enlace", token.as_str()), ("nueva", PASSWORD), ("repetida", PASSWORD)];
    assert_eq!(post("/entrar/activar", &form, String::new()).await.unwrap().status(), 303);
    let told = app.letters_to("rosa@escuela.cl", 1).await.unwrap();
    assert!(told[0].contains("Con un enlace de un solo uso se eligió una contraseña"), "{}", told[0]);

    let entered = post("/entrar", &[("email", "rosa@escuela.cl"), ("clave", PASSWORD)], String::new()).await.unwrap();
    let cookie = entered.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let other = "una frase nueva y muy larga";
    let change = [("actual", PASSWORD), ("nueva", other), ("repetida", other)];
    assert_eq!(post("/cuenta/clave", &change, cookie).await.unwrap().status(), 303);
    let told = app.letters_to("rosa@escuela.cl", 2).await.unwrap();
    let told = told.iter().find(|text| text.contains("Se cambió la contraseña")).expect("told");
    assert!(told.contains(&format!("{}/cuenta", app.base)), "{told}");
    for letter in app.letters_to("rosa@escuela.cl", 2).await.unwrap() {
        assert!(!letter.contains(&token) && !letter.contains(PASSWORD) && !letter.contains(other), "{letter}");
    }
    app.shutdown().await;
}

#[tokio::test]
async fn every_letter_has_its_words_in_both_languages() {
    let app = TestApp::start().await.unwrap();
    for lang in Lang::ALL {
        let to = Mail::parse("rosa@escuela.cl").unwrap();
        let letter = of_change(app.state(), to, key("letter-totp-set"), lang);
        assert!(!letter.subject.contains("letter-") && !letter.text.contains("letter-"), "{}", letter.text);
        assert!(letter.text.contains(&app.base) && !letter.text.contains('\u{2068}'), "{}", letter.text);
        let to = Mail::parse("rosa@escuela.cl").unwrap();
        let letter = with_staff_link(Uuid::nil(), to, &format!("{}/x", app.base), lang);
        assert!(!letter.subject.contains("letter-") && !letter.text.contains("letter-"), "{}", letter.text);
        assert!(letter.text.contains(&app.base) && !letter.text.contains('\u{2068}'), "{}", letter.text);
    }
    app.shutdown().await;
}
