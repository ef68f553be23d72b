use super::*;
use proptest::prelude::*;

fn id(bits: u128) -> CredentialId {
    CredentialId(Uuid::from_u128(bits))
}

#[test]
fn a_card_holds_the_base32_of_the_sixteen_bytes() {
    // Computed with Python's base64.b32encode.
    assert_eq!(encode(id(0)), "AAAAAAAAAAAAAAAAAAAAAAAAAA");
    assert_eq!(encode(id(u128::MAX)), "777777777777777777777777".to_owned() + "74");
    assert_eq!(encode(id(0x0123_4567_89ab_cdef_fedc_ba98_7654_3210)), "AERUKZ4JVPG677W4XKMHMVBSCA");
}

#[test]
fn only_the_characters_that_survive_any_keyboard_are_used() {
    let text = encode(id(0x0123_4567_89ab_cdef_fedc_ba98_7654_3210));
    assert!(text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()));
}

#[test]
fn what_is_no_card_is_refused_by_its_reason() {
    let good = "AERUKZ4JVPG677W4XKMHMVBSCA";
    assert_eq!(decode(""), Err(CardError::Length));
    assert_eq!(decode(&good[1..]), Err(CardError::Length));
    assert_eq!(decode(&format!("{good}A")), Err(CardError::Length));
    assert_eq!(decode(&format!("{good}======")), Err(CardError::Length));
    for wrong in ['0', '1', '8', '9', 'Ñ', '\0', '-', 'ſ'] {
        assert_eq!(decode(&format!("{wrong}{}", &good[1..])), Err(CardError::Character), "{wrong:?}");
    }
    // The last character carries three bits of the id; A, E, I, … are the only ones it can be.
    assert_eq!(decode(&format!("{}B", &good[..25])), Err(CardError::NotCanonical));
    assert_eq!(decode(&format!("{}7", &good[..25])), Err(CardError::NotCanonical));
}

#[test]
fn an_nfc_tag_reads_as_its_uid_in_capitals() {
    assert_eq!(nfc(&[0x04, 0xa2, 0x0b, 0xff]).as_deref(), Ok("NFC:04A20BFF"));
    assert_eq!(nfc(&[1, 2, 3]), Err(CardError::Uid));
    assert_eq!(nfc(&[0; 11]), Err(CardError::Uid));
}

proptest! {
    #[test]
    fn every_id_reads_back_from_its_card(bits in any::<u128>()) {
        let text = encode(id(bits));
        prop_assert_eq!(text.len(), QR_CHARS);
        prop_assert_eq!(decode(&text), Ok(id(bits)));
        prop_assert_eq!(decode(&format!(" {}\r\n", text.to_lowercase())), Ok(id(bits)));
        prop_assert_eq!(normalise(&text.to_lowercase()), text);
    }

    #[test]
    fn one_id_has_one_text(text in "[A-Z2-7]{26}") {
        if let Ok(id) = decode(&text) {
            prop_assert_eq!(encode(id), text);
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in any::<String>()) {
        let _ = decode(&text);
    }
}
