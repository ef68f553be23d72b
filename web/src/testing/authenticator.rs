//! A device with passkeys, in software: what it says is byte for byte what WebAuthn asks of one
//! (<https://www.w3.org/TR/webauthn-3/#sctn-authenticator-data>), and each part of it can be made wrong.

use anyhow::{Context as _, Result, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Flags of what it says (WebAuthn, 6.1): somebody was there, was verified, and a key was made.
const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const MADE: u8 = 0x40;

/// A device in somebody's browser.
#[derive(Clone)]
pub struct Authenticator {
    /// The page that asks, as its browser says it.
    pub origin: String,
    /// Whether its person showed finger, face or PIN.
    pub verifies: bool,
    /// How often it signed; none: it counts nothing, as a key that is kept on several devices.
    pub count: Option<u32>,
    keys: Vec<Key>,
}

#[derive(Clone)]
struct Key {
    id: Vec<u8>,
    rp_id: String,
    user: Vec<u8>,
    pkcs8: Vec<u8>,
}

impl Authenticator {
    /// One without keys, in a browser that shows a page of this origin.
    pub fn at(origin: &str) -> Self {
        Self { origin: origin.to_owned(), verifies: true, count: Some(0), keys: Vec::new() }
    }

    /// Makes a key, as `navigator.credentials.create` would with these options.
    pub fn create(&mut self, options: &Value) -> Result<String> {
        let random = SystemRandom::new();
        let mut id = vec![0; 32];
        random.fill(&mut id).map_err(|_| anyhow!("no random numbers"))?;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random)
            .map_err(|_| anyhow!("no key"))?
            .as_ref()
            .to_vec();
        let key = Key {
            id,
            rp_id: text(&options["rp"]["id"])?.to_owned(),
            user: BASE64.decode(text(&options["user"]["id"])?)?,
            pkcs8,
        };
        let public = key.pair()?.public_key().as_ref().to_vec();
        let mut made = vec![0; 16];
        made.extend(u16::try_from(key.id.len())?.to_be_bytes());
        made.extend(&key.id);
        // {1: 2, 3: -7, -1: 1, -2: x, -3: y}: P-256, for ES256 (RFC 9053).
        made.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        made.extend(&public[1..33]);
        made.extend([0x22, 0x58, 0x20]);
        made.extend(&public[33..]);
        let said = self.says(&key.rp_id, MADE, &made);
        // {"fmt": "none", "attStmt": {}, "authData": …}
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59".to_vec();
        object.extend(u16::try_from(said.len())?.to_be_bytes());
        object.extend(said);
        let id = BASE64.encode(&key.id);
        self.keys.push(key);
        let response = json!({
            "clientDataJSON": BASE64.encode(self.client_data("webauthn.create", options)?),
            "attestationObject": BASE64.encode(object),
        });
        Ok(json!({ "id": id, "rawId": id, "type": "public-key", "response": response, "extensions": {} }).to_string())
    }

    /// Signs, as `navigator.credentials.get` would with these options.
    pub fn get(&mut self, options: &Value) -> Result<String> {
        self.count = self.count.map(|count| count + 1);
        let (rp_id, allowed) = (text(&options["rpId"])?, options["allowCredentials"].as_array());
        let mut keys = self.keys.iter().filter(|key| key.rp_id == rp_id);
        let asked = |key: &&Key| {
            let is = |one: &Value| one["id"].as_str() == Some(&BASE64.encode(&key.id));
            allowed.is_none_or(|allowed| allowed.is_empty() || allowed.iter().any(is))
        };
        let key = keys.find(asked).context("no key for this")?;
        let (said, client) = (self.says(rp_id, 0, &[]), self.client_data("webauthn.get", options)?);
        let signed = [said.clone(), Sha256::digest(&client).to_vec()].concat();
        let signature = key.pair()?.sign(&SystemRandom::new(), &signed).map_err(|_| anyhow!("not signed"))?;
        let id = BASE64.encode(&key.id);
        let response = json!({
            "clientDataJSON": BASE64.encode(client),
            "authenticatorData": BASE64.encode(said),
            "signature": BASE64.encode(signature),
            "userHandle": BASE64.encode(&key.user),
        });
        Ok(json!({ "id": id, "rawId": id, "type": "public-key", "response": response, "extensions": {} }).to_string())
    }

    fn says(&self, rp_id: &str, flags: u8, made: &[u8]) -> Vec<u8> {
        let mut said = Sha256::digest(rp_id).to_vec();
        said.push(flags | PRESENT | if self.verifies { VERIFIED } else { 0 });
        said.extend(self.count.unwrap_or(0).to_be_bytes());
        said.extend(made);
        said
    }

    fn client_data(&self, kind: &str, options: &Value) -> Result<Vec<u8>> {
        let challenge = text(&options["challenge"])?;
        let data = json!({ "type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false });
        Ok(data.to_string().into_bytes())
    }
}

impl Key {
    fn pair(&self) -> Result<EcdsaKeyPair> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &self.pkcs8, &SystemRandom::new());
        pair.map_err(|_| anyhow!("not a key"))
    }
}

fn text(value: &Value) -> Result<&str> {
    value.as_str().with_context(|| format!("{value} is no text"))
}
