use super::*;
use PhoneError as E;
use proptest::prelude::*;

fn e164(text: &str) -> Result<String, E> {
    Phone::parse(text).map(|phone| phone.e164().to_owned())
}

#[test]
fn every_way_to_write_a_mobile_reads_the_same() {
    let forms = [
        "912345678",
        "9 1234 5678",
        "9-1234-5678",
        "(9) 1234 5678",
        "56912345678",
        "+56912345678",
        "+56 9 1234 5678",
        "+56 (9) 1234-5678",
        "56 9 12345678",
        "0912345678",
        "09 1234 5678",
        "+56 09 1234 5678",
        "5609 1234 5678",
        "0056912345678",
        "00 56 9 1234 5678",
        "'912345678",
        "=\"912345678\"",
        "912345678.0",
        "56912345678,0",
        " 912345678\u{a0}",
        "\u{202a}+56 9 1234 5678\u{202c}",
        "9\u{2011}1234\u{2011}5678",
        "9.1234.5678",
    ];
    for form in forms {
        assert_eq!(e164(form).as_deref(), Ok("+56912345678"), "{form}");
    }
    assert_eq!(Phone::parse("912345678").unwrap().display(), "+56 9 1234 5678");
}

#[test]
fn landlines_and_foreign_numbers_are_kept() {
    for (form, stored) in [
        ("(2) 2345 6789", "+56223456789"),
        ("022 345 6789", "+56223456789"),
        ("32 234 5678", "+56322345678"),
        ("+56 61 221 2345", "+56612212345"),
        ("+54 9 11 2345-6789", "+5491123456789"),
        ("005491123456789", "+5491123456789"),
        ("+51 912 345 678", "+51912345678"),
        ("+1 (202) 555-0143", "+12025550143"),
    ] {
        assert_eq!(e164(form).as_deref(), Ok(stored), "{form}");
    }
    assert_eq!(Phone::parse("+5491123456789").unwrap().display(), "+5491123456789");
}

#[test]
fn eight_digits_are_asked_for_and_never_completed() {
    for form in ["87654321", "8765 4321", "+56 8765 4321", "5687654321", "0 8765 4321", "23456789", "+56 2 234 5678"] {
        assert_eq!(e164(form), Err(E::EightDigits), "{form}");
    }
}

#[test]
fn what_is_no_phone_is_refused_by_its_reason() {
    for (text, error) in [
        ("", E::Empty),
        (" \t", E::Empty),
        ("''", E::Empty),
        ("9.12346E+08", E::Scientific),
        ("9,12346e8", E::Scientific),
        ("912345678 / 987654321", E::Several),
        ("912345678, 987654321", E::Several),
        ("912345678;", E::Several),
        ("912345678 987654321", E::Several),
        ("+56912345678+56987654321", E::Several),
        ("912345678 anexo 3", E::Character),
        ("no tiene", E::Character),
        ("9123\x005678", E::Character),
        ("٩١٢٣٤٥٦٧٨", E::Character),
        ("123", E::TooShort),
        ("+5", E::TooShort),
        ("+56", E::TooShort),
        ("+1234567", E::TooShort),
        ("-", E::TooShort),
        ("91234567890", E::TooLong),
        ("5491123456789", E::TooLong),
        ("+1234567890123456", E::TooLong),
        ("+0123456789", E::TooLong),
        ("+912345678", E::Ambiguous),
        ("00912345678", E::Ambiguous),
        ("123456789", E::NotInChile),
        ("800123456", E::NotInChile),
        ("+56 1 2345 6789", E::NotInChile),
    ] {
        assert_eq!(e164(text), Err(error), "{text}");
    }
}

#[test]
fn a_phone_is_never_printed_by_accident() {
    assert_eq!(format!("{:?}", Phone::parse("912345678").unwrap()), "Phone(…)");
    let error = Phone::parse("12345678").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("1234"));
}

proptest! {
    #[test]
    fn every_mobile_reads_back_whatever_stands_between_its_digits(
        n in 0_u32..100_000_000,
        prefix in prop::sample::select(vec!["", "56", "+56", "0", "0056", "+56 0", "+56 ("]),
        between in prop::sample::select(vec!["", " ", "-", ".", ") ", "\u{a0}"]),
    ) {
        let digits: Vec<String> = format!("9{n:08}").chars().map(String::from).collect();
        let phone = Phone::parse(&format!("{prefix}{}", digits.join(between))).unwrap();
        prop_assert_eq!(phone.e164(), format!("+569{n:08}"));
        prop_assert_eq!(Phone::parse(phone.e164()), Ok(phone.clone()));
        prop_assert_eq!(Phone::parse(&phone.display()), Ok(phone));
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in any::<String>(), phone_like in "[-+0-9 ().eE,]{0,30}") {
        for text in [text, phone_like] {
            if let Ok(phone) = Phone::parse(&text) {
                let digits = phone.e164().strip_prefix('+').unwrap();
                prop_assert!((8..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()));
                prop_assert_eq!(Phone::parse(phone.e164()), Ok(phone.clone()));
            }
        }
    }
}
