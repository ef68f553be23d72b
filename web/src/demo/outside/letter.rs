//! A mail as whoever has the mailbox reads it: as much of RFC 5322 and of MIME as this program's own mails need.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

/// What is read of a mail.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Letter {
    /// What stands before the `@` of its `Message-ID`.
    pub(super) id: Option<Uuid>,
    /// Its subject.
    pub(super) subject: String,
    /// Its plain text.
    pub(super) text: String,
}

/// Reads head and body, as they came.
pub(super) fn read(mail: &str) -> Letter {
    let (head, body) = parts(mail);
    let id = field(&head, "message-id").and_then(|id| id.trim_start_matches('<').split('@').next()?.parse().ok());
    let boundary = field(&head, "content-type").and_then(|kind| {
        let (_, rest) = kind.split_once("boundary=")?;
        Some(format!("--{}", rest.trim_start_matches('"').split(['"', ';']).next()?))
    });
    let text = match boundary {
        None => decoded(&head, body),
        Some(boundary) => {
            let plain = body.split(&boundary).map(|part| parts(part.trim_start())).find(|(head, _)| {
                field(head, "content-type").is_some_and(|kind| kind.to_lowercase().starts_with("text/plain"))
            });
            plain.map(|(head, body)| decoded(&head, body)).unwrap_or_default()
        }
    };
    let subject = words(field(&head, "subject").unwrap_or_default());
    Letter { id, subject, text: text.trim().to_owned() }
}

/// The fields of a head, each on one line, and what follows it.
fn parts(of: &str) -> (Vec<String>, &str) {
    let (head, body) = of.split_once("\n\n").unwrap_or((of, ""));
    let mut fields: Vec<String> = Vec::new();
    for line in head.lines() {
        match fields.last_mut() {
            Some(last) if line.starts_with([' ', '\t']) => last.push_str(line),
            _ => fields.push(line.to_owned()),
        }
    }
    (fields, body)
}

fn field<'a>(head: &'a [String], name: &str) -> Option<&'a str> {
    let fields = head.iter().filter_map(|field| field.split_once(':'));
    fields.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

fn decoded(head: &[String], body: &str) -> String {
    match field(head, "content-transfer-encoding").unwrap_or_default().to_lowercase().as_str() {
        "base64" => {
            let joined: String = body.split_whitespace().collect();
            String::from_utf8_lossy(&STANDARD.decode(joined).unwrap_or_default()).into_owned()
        }
        "quoted-printable" => quoted(&body.replace("=\n", "")),
        _ => body.to_owned(),
    }
}

/// `=C3=B1`
fn quoted(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text);
    while let Some((before, after)) = rest.split_once('=') {
        bytes.extend_from_slice(before.as_bytes());
        match after.get(..2).and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(b'=');
                rest = after;
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A field's words, of which some may be encoded (RFC 2047); the space between two of those is none.
fn words(value: &str) -> String {
    let (mut all, mut encoded) = (String::new(), false);
    for word in value.split_whitespace() {
        let read = word.strip_prefix("=?").and_then(|word| word.strip_suffix("?=")).and_then(|word| {
            let mut parts = word.splitn(3, '?').skip(1);
            match (parts.next()?, parts.next()?) {
                ("b" | "B", text) => Some(String::from_utf8_lossy(&STANDARD.decode(text).ok()?).into_owned()),
                ("q" | "Q", text) => Some(quoted(&text.replace('_', " "))),
                _ => None,
            }
        });
        if !(all.is_empty() || encoded && read.is_some()) {
            all.push(' ');
        }
        encoded = read.is_some();
        all.push_str(read.as_deref().unwrap_or(word));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_of_two_parts_is_read_by_its_plain_one_and_its_subject_without_its_code() {
        let mail = "From: a@b.example\nSubject: Liceo =?utf-8?b?w5E=?=\n =?utf-8?q?=C3=B1and=C3=BA_dos?= fin\n\
                    Message-ID: <00000000-0000-0000-0000-000000000007@b.example>\n\
                    Content-Type: multipart/alternative;\n boundary=\"x.1\"\n\n--x.1\n\
                    Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n\
                    Est=C3=A1 =\nac=C3=A1, 1+1=3D2\n\n--x.1\nContent-Type: text/html\n\n<p>no</p>\n--x.1--\n";
        let letter = read(mail);
        assert_eq!(letter.subject, "Liceo Ññandú dos fin");
        assert_eq!(letter.text, "Está acá, 1+1=2");
        assert_eq!(letter.id, Some(Uuid::from_u128(7)));
    }

    #[test]
    fn a_mail_of_one_part_is_read_whatever_its_code_is() {
        let mail = |code: &str, body: &str| format!("Subject: s\nContent-Transfer-Encoding: {code}\n\n{body}\n");
        assert_eq!(read(&mail("base64", "w7E=\n")).text, "ñ");
        assert_eq!(read(&mail("7bit", "a\n\nb")).text, "a\n\nb");
        assert_eq!(read("nonsense").text, "");
    }
}
