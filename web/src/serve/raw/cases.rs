//! What somebody sends who hopes that two readers of it disagree: names, bytes, and what is right.

/// A request that no handler may see: it stands where a careless reader would begin to read anew.
pub(super) const SMUGGLED: &str = "GET /healthz?smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";
/// A whole request that is nothing special.
pub(super) const GET: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Bytes that are sent on a connection of their own.
pub(super) struct Case {
    /// What is odd about them.
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
    pub(super) expected: Expected,
}

/// What becomes of them.
#[derive(Clone, Copy, Debug)]
pub(super) enum Expected {
    /// One answer with this status; no handler is reached.
    Refused(u16),
    /// No answer, and the connection is over.
    Closed,
    /// One answer of 200; exactly this reaches a handler.
    Served(&'static str),
}

use Expected::{Closed, Refused, Served};

const BAD: Expected = Refused(400);
const NOT_OURS: Expected = Refused(421);
const TOO_LARGE: Expected = Refused(431);
const OK: Expected = Served("GET /healthz");

pub(super) fn all() -> Vec<Case> {
    let all = [request_lines(), targets(), hosts(), fields(), lengths(), encodings(), chunks(), unread()];
    all.into_iter().flatten().collect()
}

fn case(name: impl Into<String>, bytes: impl AsRef<[u8]>, expected: Expected) -> Case {
    Case { name: name.into(), bytes: bytes.as_ref().to_vec(), expected }
}

/// A request line with an ordinary head; a second request behind it where the first must end the connection.
fn request_lines() -> Vec<Case> {
    let line = |name: &str, line: &[u8], expected| {
        let bytes = [line, b"\r\nHost: localhost\r\n\r\n", SMUGGLED.as_bytes()].concat();
        case(format!("request line: {name}"), bytes, expected)
    };
    vec![
        line("no method", b" /healthz HTTP/1.1", BAD),
        line("a NUL in the method", b"G\0ET /healthz HTTP/1.1", BAD),
        line("a colon after the method", b"GET: /healthz HTTP/1.1", BAD),
        line("a method that is not ASCII", b"G\xc3\x89T /healthz HTTP/1.1", BAD),
        line("no version", b"GET /healthz", BAD),
        line("no target", b"GET HTTP/1.1", BAD),
        line("only a method", b"GET", BAD),
        line("a version in small letters", b"GET /healthz http/1.1", BAD),
        line("version 1.2", b"GET /healthz HTTP/1.2", BAD),
        line("version 2.0", b"GET /healthz HTTP/2.0", BAD),
        line("version 0.9", b"GET /healthz HTTP/0.9", BAD),
        line("version 1.10", b"GET /healthz HTTP/1.10", BAD),
        line("version 1.", b"GET /healthz HTTP/1.", BAD),
        line("version 11", b"GET /healthz HTTP/11", BAD),
        line("tabs for spaces", b"GET\t/healthz\tHTTP/1.1", BAD),
        line("two spaces before the target", b"GET  /healthz HTTP/1.1", BAD),
        line("two spaces before the version", b"GET /healthz  HTTP/1.1", BAD),
        line("a space after the version", b"GET /healthz HTTP/1.1 ", BAD),
        line("another request behind the version", b"GET /healthz HTTP/1.1 GET /healthz?smuggled HTTP/1.1", BAD),
        line("a space in the target", b"GET /healthz ?smuggled HTTP/1.1", BAD),
        line("a bare CR in it", b"GET /healthz\rHTTP/1.1", BAD),
        line("a byte order mark before it", b"\xef\xbb\xbfGET /healthz HTTP/1.1", BAD),
        line("a bare CR before it", b"\rGET /healthz HTTP/1.1", BAD),
        line("a NUL before it", b"\0GET /healthz HTTP/1.1", BAD),
        case("request line: UTF-16", b"G\0E\0T\0 \0/\0 \0H\0T\0T\0P\0/\x001\0.\x001\0\r\0\n\0\r\0\n\0", BAD),
        case("request line: a handshake of TLS", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n\r\n", BAD),
        case("request line: the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", Closed),
        case("request line: empty lines before it", format!("\r\n\r\n{GET}"), OK),
        case("request line: nothing but empty lines", "\r\n".repeat(10_000), TOO_LARGE),
        case("request line: a method without an end", "G".repeat(20_000), TOO_LARGE),
        case("request line: nothing but NUL", vec![0_u8; 20_000], BAD),
        case("request line: half of it", "GET /heal", Closed),
        case("a head without an end", "GET /healthz HTTP/1.1\r\nHost: localhost\r\n", Closed),
        case("nothing", "", Closed),
        case("lines end with LF alone", GET.replace("\r\n", "\n"), OK),
        case("lines end with CR alone", format!("{}{SMUGGLED}", GET.replace("\r\n", "\r")), BAD),
        case("a line ends with LF CR", format!("GET /healthz HTTP/1.1\n\rHost: localhost\r\n\r\n{SMUGGLED}"), BAD),
        case(
            "version 1.0, after which the connection is over",
            format!("GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n{SMUGGLED}"),
            OK,
        ),
        case(
            "the connection is over by its own word",
            format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n{SMUGGLED}"),
            OK,
        ),
        case(
            "the connection is over by one word of several",
            format!(
                "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: x, close\r\nConnection: keep-alive\r\n\r\n{SMUGGLED}"
            ),
            OK,
        ),
    ]
}

/// What is asked for, of us or of somebody else.
fn targets() -> Vec<Case> {
    let asks = |name: &str, what: &str, expected| {
        case(format!("target: {name}"), format!("{what} HTTP/1.1\r\nHost: localhost\r\n\r\n"), expected)
    };
    vec![
        asks("absolute, ours", "GET http://localhost/healthz", OK),
        asks("absolute, another's", "GET http://evil.example/healthz", NOT_OURS),
        asks("absolute, with a name before ours", "GET http://evil@localhost/healthz", NOT_OURS),
        asks("absolute, ours before another's", "GET http://localhost:80@evil.example/healthz", NOT_OURS),
        asks("a name and no path", "GET healthz", NOT_OURS),
        asks("a tunnel elsewhere", "CONNECT evil.example:443", NOT_OURS),
        asks("a tunnel here", "CONNECT localhost:80", Refused(404)),
        asks("all of the server", "OPTIONS *", Refused(404)),
        asks("all of the server, read", "GET *", Refused(404)),
        asks("what was asked, back", "TRACE /healthz", Refused(405)),
        asks("a method that nobody knows", "SMUGGLE /healthz", Refused(405)),
        asks("a method in small letters", "get /healthz", Refused(405)),
        asks("a host in the path", "GET //evil.example/healthz", Refused(404)),
        asks("up from elsewhere", "GET /assets/../healthz", Refused(404)),
        asks("up, written otherwise", "GET /assets/%2e%2e/healthz", Refused(404)),
        asks("a NUL, written otherwise", "GET /healthz%00", Refused(404)),
        asks("a slash, written otherwise", "GET /%2fhealthz", Refused(404)),
        asks("half a letter, written otherwise", "GET /healthz%e", Refused(404)),
        asks("a backslash", "GET /x\\..\\healthz", Refused(404)),
        asks("a line's end, written otherwise", "GET /healthz?%0d%0aHost:evil", Served("GET /healthz?%0d%0aHost:evil")),
        asks("longer than 4 KiB", &format!("GET /healthz?{}", "x".repeat(5_000)), Refused(414)),
        asks("longer than a head", &format!("GET /healthz?{}", "x".repeat(20_000)), TOO_LARGE),
        case("target: a NUL", format!("GET /healthz\0 HTTP/1.1\r\nHost: localhost\r\n\r\n{SMUGGLED}"), BAD),
        case("target: a control byte", format!("GET /\x01 HTTP/1.1\r\nHost: localhost\r\n\r\n{SMUGGLED}"), BAD),
        case("target: no UTF-8", b"GET /\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n", BAD),
    ]
}

/// Whose request it is.
fn hosts() -> Vec<Case> {
    let hosts = |name: &str, fields: &str, expected| {
        case(format!("host: {name}"), format!("GET /healthz HTTP/1.1\r\n{fields}\r\n"), expected)
    };
    vec![
        hosts("none", "", NOT_OURS),
        hosts("empty", "Host:\r\n", NOT_OURS),
        hosts("two", "Host: localhost\r\nHost: evil.example\r\n", NOT_OURS),
        hosts("two, another's first", "Host: evil.example\r\nHost: localhost\r\n", NOT_OURS),
        hosts("twice the same", "Host: localhost\r\nhost: localhost\r\n", NOT_OURS),
        hosts("a list", "Host: localhost, evil.example\r\n", NOT_OURS),
        hosts("two words", "Host: localhost evil.example\r\n", NOT_OURS),
        hosts("with a path", "Host: localhost/healthz\r\n", NOT_OURS),
        hosts("with a name before it", "Host: evil@localhost\r\n", NOT_OURS),
        hosts("with a port that is none", "Host: localhost:80@evil.example\r\n", NOT_OURS),
        hosts("with a dot after it", "Host: localhost.evil.example\r\n", NOT_OURS),
        hosts("not ASCII", "Host: localh\u{f6}st\r\n", NOT_OURS),
        hosts("as a proxy says it", "Host: localhost\r\nX-Forwarded-Host: evil.example\r\n", OK),
        hosts("as a proxy says it alone", "X-Forwarded-Host: localhost\r\n", NOT_OURS),
    ]
}

/// The fields of a head.
fn fields() -> Vec<Case> {
    let head = |name: &str, fields: &[u8], expected| {
        let bytes = [&b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"[..], fields, b"\r\n\r\n"].concat();
        // Behind what must end the connection somebody else's request would stand.
        let smuggled = if matches!(expected, Refused(400 | 431)) { SMUGGLED } else { "" };
        case(format!("field: {name}"), [&bytes[..], smuggled.as_bytes()].concat(), expected)
    };
    let many: Vec<u8> = (0..64).map(|n| format!("X-{n}: y")).collect::<Vec<_>>().join("\r\n").into_bytes();
    vec![
        head("no colon", b"X", BAD),
        head("no name", b": y", BAD),
        head("a space before the colon", b"X : y", BAD),
        head("a tab before the colon", b"X\t: y", BAD),
        head("a space in the name", b"X Y: z", BAD),
        head("a NUL in the name", b"X\0: y", BAD),
        head("a name that is not ASCII", b"X\xc3\xa9: y", BAD),
        head("a NUL in the value", b"X: y\0z", BAD),
        head("a bare CR in the value", b"X: y\rHost: evil.example", BAD),
        head("a line feed and a request in the value", b"X: y\nGET /healthz?smuggled HTTP/1.1", BAD),
        head("a bell in the value", b"X: \x07", BAD),
        head("a line that goes on with a space", b"X: y\r\n z", BAD),
        head("a line that goes on with a tab", b"X: y\r\n\tz", BAD),
        head("a length on a line that goes on", b"X: y\r\n Content-Length: 60", BAD),
        head("more than 64", &many, TOO_LARGE),
        head("one of 20 KiB", format!("X: {}", "y".repeat(20_000)).as_bytes(), TOO_LARGE),
        head("a name of 20 KiB", format!("{}: y", "X".repeat(20_000)).as_bytes(), TOO_LARGE),
        head("a value that is not ASCII", b"X: \xff\xfe", OK),
        head("a method in place of the request's", b"X-HTTP-Method-Override: DELETE", OK),
        head("an address in place of the request's", b"X-Original-URL: /metrics\r\nX-Rewrite-URL: /metrics", OK),
        head("fields that are the connection's", b"Connection: Host, Content-Length, Cookie", OK),
        head(
            "another protocol",
            b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk",
            OK,
        ),
        head("a socket", b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13", OK),
    ]
}

/// A write whose body is as long as these fields say, and then these bytes.
fn write(name: &str, fields: &str, body: &str, expected: Expected) -> Case {
    let head = "POST /api/v1/kiosks/x/scans HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    case(name, format!("{head}{fields}\r\n\r\n{body}"), expected)
}

/// How long a body says that it is.
fn lengths() -> Vec<Case> {
    let mut all = Vec::new();
    for odd in [
        "+2",
        "-2",
        "2x",
        "0x2",
        "2 2",
        "2,2",
        "2, 3",
        "",
        "2.0",
        "2e0",
        "\u{ff12}",
        "2;",
        "\"2\"",
        "two",
        "\x0b2",
        "18446744073709551616",
        "99999999999999999999999999",
    ] {
        all.push(write(
            &format!("length: {odd:?}"),
            &format!("Content-Length: {odd}"),
            &format!("{{}}{SMUGGLED}"),
            BAD,
        ));
    }
    let behind = format!("{{}}{SMUGGLED}");
    all.extend([
        write("length: the largest number", "Content-Length: 18446744073709551615", &behind, TOO_LARGE),
        write("length: two", "Content-Length: 2\r\nContent-Length: 3", &behind, BAD),
        write("length: two, the longer first", "Content-Length: 60\r\nContent-Length: 2", &behind, BAD),
        write("length: two, spelled otherwise", "Content-Length: 2\r\ncontent-LENGTH: 0", &behind, BAD),
        write("length: a space before the colon", "Content-Length : 2", &behind, BAD),
        write("length: twice the same", "Content-Length: 2\r\nContent-Length: 2", "{}", Served("scans {}")),
        write("length: with zeros before it", "Content-Length: 0002", "{}", Served("scans {}")),
        write("length: with spaces around it", "Content-Length: \t 2 \t", "{}", Served("scans {}")),
        write("length: more than is taken", "Content-Length: 300000", &"x".repeat(300_000), Refused(413)),
        write(
            "length: one of a body that is a request",
            &format!("Content-Length: {}", SMUGGLED.len()),
            SMUGGLED,
            Served("scans GET /healthz?smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        ),
        write("length: with leave asked for", "Expect: 100-continue\r\nContent-Length: 2", "{}", Served("scans {}")),
        write("length: with other leave asked for", "Expect: 200-ok\r\nContent-Length: 2", "{}", Served("scans {}")),
    ]);
    all
}

/// How a body says that it is written.
fn encodings() -> Vec<Case> {
    let behind = format!("0\r\n\r\n{SMUGGLED}");
    let mut all = Vec::new();
    for odd in [
        "identity",
        "gzip",
        "xchunked",
        "chunkedx",
        "chunked, identity",
        "chunked,",
        "chunked;q=1",
        "\"chunked\"",
        "chunk ed",
        "\x0bchunked",
        "chunked\0",
        "",
    ] {
        all.push(write(&format!("encoding: {odd:?}"), &format!("Transfer-Encoding: {odd}"), &behind, BAD));
    }
    let chunked = "2\r\n{}\r\n0\r\n\r\n";
    all.extend([
        write("encoding: chunked, then not", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", &behind, BAD),
        write("encoding: a space before the colon", "Transfer-Encoding : chunked", &behind, BAD),
        write("encoding: on a line that goes on", "Transfer-Encoding:\r\n chunked", &behind, BAD),
        write("encoding: in capitals", "Transfer-Encoding: CHUNKED", chunked, Served("scans {}")),
        // With a length too, what is chunked counts, and the connection is over (RFC 9112, 6.1).
        write(
            "encoding: and a length",
            "Transfer-Encoding: chunked\r\nContent-Length: 3",
            &format!("{chunked}{SMUGGLED}"),
            Served("scans {}"),
        ),
        write(
            "encoding: after a length",
            "Content-Length: 60\r\nTransfer-Encoding: chunked",
            &format!("{chunked}{SMUGGLED}"),
            Served("scans {}"),
        ),
        write(
            "encoding: between two lengths",
            "Content-Length: 2\r\nTransfer-Encoding: chunked\r\nContent-Length: 60",
            &format!("{chunked}{SMUGGLED}"),
            Served("scans {}"),
        ),
        write(
            "encoding: not chunked, and a length",
            "Transfer-Encoding: xchunked\r\nContent-Length: 2",
            &format!("{{}}{SMUGGLED}"),
            BAD,
        ),
        case(
            "encoding: of version 1.0",
            format!(
                "POST /api/v1/kiosks/x/scans HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n{behind}"
            ),
            BAD,
        ),
    ]);
    all
}

/// A body in chunks.
fn chunks() -> Vec<Case> {
    let sends = |name: &str, body: &str, expected| {
        write(&format!("chunk: {name}"), "Transfer-Encoding: chunked", body, expected)
    };
    let end = format!("\r\n0\r\n\r\n{SMUGGLED}");
    let many = (0..70).map(|n| format!("X-{n}: y\r\n")).collect::<String>();
    let mut all = Vec::new();
    for size in ["g", "-2", "+2", "0x2", " 2", "2 2", "2_0", "", "fffffffffffffffff", "2\0", "2.0", "2,"] {
        all.push(sends(&format!("of size {size:?}"), &format!("{size}\r\n{{}}{end}"), BAD));
    }
    all.extend([
        sends("longer than it says", &format!("2\r\n{{}}x{end}"), BAD),
        sends("shorter than it says", &format!("4\r\n{{}}{end}"), BAD),
        sends("without an end of its own", &format!("2\r\n{{}}0\r\n\r\n{SMUGGLED}"), BAD),
        sends("with LF alone after the size", &format!("2\n{{}}{end}"), BAD),
        sends("with LF alone after the data", &format!("2\r\n{{}}\n0\r\n\r\n{SMUGGLED}"), BAD),
        sends("with LF alone at the end", &format!("2\r\n{{}}\r\n0\n\n{SMUGGLED}"), BAD),
        sends("with LF alone in what is said of it", &format!("2;a\n0\r\n\r\n{SMUGGLED}"), BAD),
        sends("of which 20 KiB are said", &format!("2;{}\r\n{{}}{end}", "x".repeat(20_000)), BAD),
        sends("of which something is said", "2;a=\"b\"\r\n{}\r\n0\r\n\r\n", Served("scans {}")),
        sends("of a size with zeros before it", "0002\r\n{}\r\n000\r\n\r\n", Served("scans {}")),
        sends("of more than is taken", &format!("493e0\r\n{}\r\n0\r\n\r\n", "x".repeat(300_000)), Refused(413)),
        sends(
            "that is a request",
            &format!("{:x}\r\n{SMUGGLED}\r\n0\r\n\r\n", SMUGGLED.len()),
            Served("scans GET /healthz?smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        ),
        sends("with fields after it", "2\r\n{}\r\n0\r\nX: y\r\n\r\n", Served("scans {}")),
        sends("with another host after it", "2\r\n{}\r\n0\r\nHost: evil.example\r\n\r\n", Served("scans {}")),
        sends("with a length after it", "2\r\n{}\r\n0\r\nContent-Length: 60\r\n\r\n", Served("scans {}")),
        sends("with 70 fields after it", &format!("2\r\n{{}}\r\n0\r\n{many}\r\n{SMUGGLED}"), BAD),
        sends("with 20 KiB after it", &format!("2\r\n{{}}\r\n0\r\nX: {}\r\n\r\n{SMUGGLED}", "y".repeat(20_000)), BAD),
    ]);
    all
}

/// Bodies that nobody reads, because of what came before them: they are no requests.
fn unread() -> Vec<Case> {
    let body = |name: &str, line: &str, host: &str, expected| {
        let length = SMUGGLED.len();
        let head = format!("{line} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n\r\n{SMUGGLED}");
        case(format!("unread: {name}"), head, expected)
    };
    let beat = "POST /api/v1/kiosks/x/heartbeat HTTP/1.1\r\nHost: localhost\r\n";
    vec![
        body("by a handler", "POST /api/v1/kiosks/x/heartbeat", "localhost", Served("heartbeat")),
        body("of a GET", "GET /healthz", "localhost", OK),
        body("of a HEAD", "HEAD /healthz", "localhost", Served("HEAD /healthz")),
        body("of another's", "POST /api/v1/kiosks/x/scans", "evil.example", NOT_OURS),
        body("of what is nowhere", "POST /nowhere", "localhost", Refused(404)),
        body("of a method that is not taken", "DELETE /healthz", "localhost", Refused(405)),
        body("of a type that is not taken", "POST /api/v1/kiosks/x/scans", "localhost", Refused(415)),
        case(
            "unread: of another site",
            format!(
                "POST /api/v1/kiosks/x/scans HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: cross-site\r\nContent-Length: {}\r\n\r\n{SMUGGLED}",
                SMUGGLED.len()
            ),
            Refused(403),
        ),
        case(
            "unread: in chunks",
            format!("{beat}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{SMUGGLED}\r\n0\r\n\r\n", SMUGGLED.len()),
            Served("heartbeat"),
        ),
        case(
            "unread: of which a part came",
            format!("{beat}Content-Length: 100000\r\n\r\n{SMUGGLED}"),
            Served("heartbeat"),
        ),
        case(
            "unread: in a chunk that is none",
            format!("{beat}Transfer-Encoding: chunked\r\n\r\ng\r\n{SMUGGLED}"),
            Served("heartbeat"),
        ),
    ]
}
