use super::*;
use proptest::prelude::*;

#[test]
fn spaces_are_trimmed_and_made_one() {
    for (text, name) in [
        ("  María   José ", "María José"),
        ("O'Higgins", "O'Higgins"),
        ("Ñancupil\tHuenchumán", "Ñancupil Huenchumán"),
        ("De la\r\nFuente", "De la Fuente"),
        ("Peña\u{a0}\u{3000}Soto", "Peña Soto"),
        ("1° Básico A", "1° Básico A"),
    ] {
        assert_eq!(clean(text).as_deref(), Ok(name));
    }
}

#[test]
fn what_cannot_be_printed_is_refused() {
    for text in [
        "Ana\0",
        "\u{1b}[31mAna",
        "A\u{7f}na",
        "A\u{85}na",
        "A\u{202e}na",
        "A\u{200b}na",
        "\u{feff}Ana",
        "Mar\u{fffd}a",
    ] {
        assert_eq!(clean(text), Err(NameError::Unprintable), "{text:?}");
    }
}

#[test]
fn a_name_has_one_to_a_hundred_characters() {
    assert_eq!(clean(" \t\n"), Err(NameError::Empty));
    assert_eq!(clean(&"ñ".repeat(100)), Ok("ñ".repeat(100)));
    assert_eq!(clean(&"ñ".repeat(101)), Err(NameError::TooLong));
    assert_eq!(clean(&"a b ".repeat(100_000)), Err(NameError::TooLong));
    assert_eq!(clean_up_to("12345", 4), Err(NameError::TooLong));
}

proptest! {
    #[test]
    fn cleaning_twice_is_cleaning_once(text in "\\PC{0,60}") {
        if let Ok(name) = clean(&text) {
            prop_assert_eq!(clean(&name), Ok(name.clone()));
            prop_assert!(name.chars().count() <= MAX_CHARS && name.trim() == name && !name.contains("  "));
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in any::<String>(), max in 0_usize..200) {
        let _ = clean_up_to(&text, max);
    }
}
