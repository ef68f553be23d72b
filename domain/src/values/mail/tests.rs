use super::*;
use MailError as E;
use proptest::prelude::*;

fn mail(text: &str) -> Result<String, E> {
    Mail::parse(text).map(|mail| mail.as_str().to_owned())
}

#[test]
fn an_address_is_trimmed_and_in_lower_case() {
    for (text, stored) in [
        (" Ana.Perez+escuela@Gmail.COM ", "ana.perez+escuela@gmail.com"),
        ("o'neil_2@mail.liceo-uno.cl", "o'neil_2@mail.liceo-uno.cl"),
        ("a@b.co", "a@b.co"),
        ("x@xn--espaa-rta.com", "x@xn--espaa-rta.com"),
    ] {
        assert_eq!(mail(text).as_deref(), Ok(stored), "{text}");
    }
}

#[test]
fn what_is_no_address_is_refused_by_its_reason() {
    let long_local = format!("{}@gmail.com", "a".repeat(65));
    let long = format!("a@{}.cl", vec!["b".repeat(60); 5].join("."));
    for (text, error) in [
        ("", E::Empty),
        ("  ", E::Empty),
        ("ana", E::At),
        ("@gmail.com", E::At),
        ("ana@", E::At),
        ("ana@b@gmail.com", E::At),
        (long_local.as_str(), E::TooLong),
        (long.as_str(), E::TooLong),
        ("ana perez@gmail.com", E::Local),
        (".ana@gmail.com", E::Local),
        ("ana.@gmail.com", E::Local),
        ("a..b@gmail.com", E::Local),
        ("añu@gmail.com", E::Local),
        ("a\0b@gmail.com", E::Local),
        ("\"a\"@gmail.com", E::Local),
        ("<ana@gmail.com", E::Local),
        ("ana@gmail", E::Domain),
        ("ana@gmail.com.", E::Domain),
        ("ana@.com", E::Domain),
        ("ana@gm ail.com", E::Domain),
        ("ana@-gmail.com", E::Domain),
        ("ana@gmail-.com", E::Domain),
        ("ana@gmail.c", E::Domain),
        ("ana@gmail.com,", E::Domain),
        ("ana@[10.0.0.1]", E::Domain),
        ("ana@10.0.0.10", E::Domain),
        ("ana@ñandu.cl", E::Domain),
        ("ana@gmail.com>", E::Domain),
    ] {
        assert_eq!(mail(text), Err(error), "{text}");
    }
}

#[test]
fn an_address_is_never_printed_by_accident() {
    assert_eq!(format!("{:?}", Mail::parse("ana@gmail.com").unwrap()), "Mail(…)");
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in any::<String>(), mail_like in "[a-zA-Z.@+ -]{0,30}") {
        for text in [text, mail_like] {
            if let Ok(mail) = Mail::parse(&text) {
                prop_assert_eq!(Mail::parse(mail.as_str()), Ok(mail));
            }
        }
    }
}
