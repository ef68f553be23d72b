use super::*;
use NationalIdError as E;
use proptest::prelude::*;

/// Normal and displayed form of every vector known to be right.
const VECTORS: [(&str, &str); 13] = [
    ("11111111-1", "11.111.111-1"),
    ("12345678-5", "12.345.678-5"),
    ("7654321-6", "7.654.321-6"),
    ("17951585-7", "17.951.585-7"),
    ("24136773-8", "24.136.773-8"),
    ("10000013-K", "10.000.013-K"),
    ("20000003-K", "20.000.003-K"),
    ("20000008-0", "20.000.008-0"),
    ("19999999-0", "19.999.999-0"),
    ("1000005-K", "1.000.005-K"),
    ("99999999-9", "99.999.999-9"),
    ("100000000-7", "100.000.000-7"),
    ("123456789-2", "123.456.789-2"),
];

fn normal(text: &str) -> Result<String, E> {
    NationalId::parse(text).map(|id| id.normal())
}

#[test]
fn every_known_vector_reads_in_every_form() {
    for (stored, shown) in VECTORS {
        let bare = stored.replace('-', "");
        for form in [stored, shown, bare.as_str(), &stored.to_lowercase(), &format!("\u{a0} {shown}\t")] {
            let id = NationalId::parse(form).unwrap_or_else(|e| panic!("{form}: {e}"));
            assert_eq!((id.normal().as_str(), id.display().as_str()), (stored, shown), "{form}");
        }
    }
}

#[test]
fn what_people_and_spreadsheets_make_of_a_run_reads_the_same() {
    let forms = [
        "12.345.678-5",
        "12345678-5",
        "123456785",
        "12.345.6785",
        "12,345,678-5",
        "12 345 678-5",
        "12.345.678 - 5",
        "12345678\u{2013}5",
        "12345678\u{2212}5",
        "12345678\u{2011}5",
        "012.345.678-5",
        "0012345678-5",
        "RUN 12.345.678-5",
        "RUT: 12345678-5",
        "rut:12345678-5",
        "run.12345678-5",
        "'12345678-5",
        "=\"12345678-5\"",
        "\"12.345.678-5\"",
        "123456785.0",
        "123456785,0",
        "123456785.00",
        "12.345.678.5",
    ];
    for form in forms {
        assert_eq!(normal(form).as_deref(), Ok("12345678-5"), "{form}");
    }
}

#[test]
fn what_is_no_run_is_refused_by_its_reason() {
    let cases = [
        ("", E::Empty),
        ("   ", E::Empty),
        ("RUT:", E::Empty),
        ("-.", E::Empty),
        (".,", E::Empty),
        ("1.23457E+08", E::Scientific),
        ("1,23457E+08", E::Scientific),
        ("1.2e7", E::Scientific),
        ("1E8", E::Scientific),
        ("12.345.678-6", E::CheckDigit),
        ("12345678-K", E::CheckDigit),
        ("123456780", E::CheckDigit),
        ("12345678", E::CheckDigit),
        ("12345678.0", E::CheckDigit),
        ("12345678-", E::CheckDigit),
        ("1234567-85", E::CheckDigit),
        ("1K345678-5", E::MisplacedK),
        ("KK", E::MisplacedK),
        ("1-9", E::TooShort),
        ("K", E::TooShort),
        ("5", E::TooShort),
        ("0-0", E::TooShort),
        ("99999-5", E::TooShort),
        ("1.234.567.890-1", E::TooLong),
        ("99999999999999999999999999999999-9", E::TooLong),
        ("12.345.678-5x", E::CheckDigit),
        ("ABC", E::Character),
        ("12345\x00678-5", E::Character),
        ("12/345/678-5", E::Character),
        ("١٢٣٤٥٦٧٨-5", E::Character),
        ("12.345.678-٥", E::Character),
        ("no tiene", E::Character),
    ];
    for (text, error) in cases {
        assert_eq!(normal(text), Err(error), "{text}");
    }
}

#[test]
fn nine_digits_are_an_ipe_and_fewer_a_run() {
    assert_eq!(NationalId::parse("99.999.999-9").unwrap().kind(), Kind::Run);
    assert_eq!(NationalId::parse("100.000.000-7").unwrap().kind(), Kind::Ipe);
    assert_eq!(NationalId::parse("100.000.000-7").unwrap().country(), Country::CHILE);
}

#[test]
fn passports_and_others_read_back_from_their_normal_form() {
    let peru = Country::parse("pe").unwrap();
    let passport = NationalId::passport(peru, " ab 123456 ").unwrap();
    assert_eq!(passport.normal(), "PASSPORT:PE:AB123456");
    assert_eq!(passport.display(), "AB123456 (PE)");
    assert_eq!(NationalId::parse(&passport.normal()), Ok(passport));
    let other = NationalId::other(Country::parse("CO").unwrap(), "998-877").unwrap();
    assert_eq!((other.normal().as_str(), other.kind()), ("OTHER:CO:998-877", Kind::Other));
    assert_eq!(NationalId::parse(&other.normal()), Ok(other));
    assert_eq!(NationalId::passport(peru, "a"), Err(E::Document));
    assert_eq!(NationalId::passport(peru, "ab\x00123"), Err(E::Document));
    assert_eq!(NationalId::parse("PASSPORT:AB123456"), Err(E::Country));
    assert_eq!(Country::parse("PER"), Err(E::Country));
    assert_eq!(Country::parse("P1"), Err(E::Country));
}

#[test]
fn an_identifier_is_never_printed_by_accident() {
    let id = NationalId::parse("12.345.678-5").unwrap();
    assert_eq!(format!("{id:?}"), "NationalId(CL Run …)");
    let error = NationalId::parse("12.345.678-6").unwrap_err();
    assert!(!format!("{error} {error:?}").contains(|c: char| c.is_ascii_digit()));
}

/// Written anew over the text, in wide arithmetic.
fn check_digit_by_the_book(number: u32) -> char {
    let weights = [2_u64, 3, 4, 5, 6, 7];
    let digits = number.to_string();
    let sum: u64 = digits.bytes().rev().enumerate().map(|(i, digit)| u64::from(digit - b'0') * weights[i % 6]).sum();
    b"0K987654321"[(sum % 11) as usize].into()
}

proptest! {
    #[test]
    fn every_number_reads_back_from_every_form(number in LOWEST_RUN..1_000_000_000) {
        let id = NationalId::from_number(number).unwrap();
        prop_assert_eq!(id.kind(), if number < FIRST_IPE { Kind::Run } else { Kind::Ipe });
        let (normal, shown) = (id.normal(), id.display());
        for form in [normal.clone(), shown.clone(), normal.replace('-', ""), shown.to_lowercase(), format!("{} ", normal.replace('-', ""))] {
            prop_assert_eq!(NationalId::parse(&form), Ok(id.clone()));
        }
        prop_assert_eq!(shown.replace('.', ""), normal);
    }

    #[test]
    fn the_check_digit_is_that_of_the_book(number in any::<u32>()) {
        prop_assert_eq!(check_digit(number), check_digit_by_the_book(number));
    }

    #[test]
    fn one_wrong_digit_or_two_swapped_ones_never_pass(number in 1_000_000_u32..1_000_000_000, at in 0_usize..9, other in 0_u8..10) {
        let id = NationalId::from_number(number).unwrap();
        let normal = id.normal().into_bytes();
        let digits = normal.len() - 2;
        let at = at % digits;
        let mut wrong = normal.clone();
        wrong[at] = b'0' + other;
        if wrong != normal {
            prop_assert!(NationalId::parse(&String::from_utf8(wrong).unwrap()).is_err());
        }
        let mut swapped = normal.clone();
        swapped.swap(at, (at + 1) % digits);
        if at + 1 < digits && swapped != normal {
            prop_assert!(NationalId::parse(&String::from_utf8(swapped).unwrap()).is_err());
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in any::<String>(), run_like in "[-0-9kK.,E+ ]{0,40}") {
        for text in [text, run_like] {
            if let Ok(id) = NationalId::parse(&text) {
                prop_assert_eq!(NationalId::parse(&id.normal()), Ok(id));
            }
        }
    }
}
