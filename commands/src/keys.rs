//! The two secrets that the write side is given. Neither is in any database.

use std::fmt;
use zeroize::Zeroizing;

/// Why a secret cannot be used. The secret itself is never quoted.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// It is not 64 hexadecimal digits.
    #[error("a key is 64 hexadecimal digits (32 bytes)")]
    NotHex,
}

macro_rules! key {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(Zeroizing<[u8; 32]>);

        impl $name {
            /// Takes 32 bytes.
            pub fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(Zeroizing::new(bytes))
            }
            /// Reads 64 hexadecimal digits; space around them does not matter.
            pub fn from_hex(hex: &str) -> Result<Self, KeyError> {
                let mut bytes = Zeroizing::new([0u8; 32]);
                hex::decode_to_slice(hex.trim(), bytes.as_mut_slice()).map_err(|_| KeyError::NotHex)?;
                Ok(Self(bytes))
            }
            pub(crate) fn bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    };
}

key! {
    /// The key-encryption key: wraps every data key of the vault.
    Kek
}
key! {
    /// The key of the directory's HMACs.
    DirectoryKey
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_64_hex_digits_and_never_printed() {
        let hex = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
        let kek = Kek::from_hex(&format!(" {hex}\n")).unwrap();
        assert_eq!(kek.bytes()[1], 0x11);
        assert_eq!(format!("{kek:?}"), "Kek(…)");
        for wrong in ["", "0011", &hex[1..], &format!("{hex}00"), &hex.replace('a', "g")] {
            assert!(matches!(DirectoryKey::from_hex(wrong), Err(KeyError::NotHex)), "{}", wrong.len());
        }
    }
}
