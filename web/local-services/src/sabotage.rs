//! A condition that is left out of a statement on purpose, so that one sees which test misses it.
//!
//! Whoever starts a test names the condition in its environment ([`OF`], [`OUT`], [`INSTEAD`]): then what the server
//! asks of a test's database ([`crate::testing::TestDatabases::events_url`]) goes through a proxy that takes the
//! condition out of that one statement. No program is built for it, and none can be switched so from outside.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Variable that holds a part of the statement's text that no other statement has.
pub const OF: &str = "SABOTAGE_OF";
/// Variable that holds the condition.
pub const OUT: &str = "SABOTAGE_OUT";
/// Variable that holds what stands in its place: true, and with the same parameters.
pub const INSTEAD: &str = "SABOTAGE_INSTEAD";
/// Said on standard error when the condition was left out for the first time.
pub const DONE: &str = "sabotage: the condition is left out";
/// Said when Postgres does not understand what is left: then whatever turns red says nothing.
pub const BROKEN: &str = "sabotage: the statement is broken";

/// What Postgres says of a statement that is none: syntax, types, names.
const NONSENSE: [&[u8]; 6] = [b"C42601\0", b"C42P18\0", b"C42703\0", b"C42883\0", b"C42804\0", b"C42P02\0"];
/// What a client says before it says who it is (<https://www.postgresql.org/docs/15/protocol-message-formats.html>).
const SSL_REQUEST: u32 = 80_877_103;

/// A condition to leave out.
#[derive(Debug)]
pub struct Sabotage {
    of: String,
    out: String,
    instead: String,
    done: AtomicBool,
    broken: AtomicBool,
}

impl Sabotage {
    /// The one that the environment names.
    pub fn of_environment() -> Option<Self> {
        let [of, out, instead] = [OF, OUT, INSTEAD].map(|name| std::env::var(name).ok());
        Some(Self::new(of?, out?, instead?))
    }

    fn new(of: String, out: String, instead: String) -> Self {
        let (done, broken) = Default::default();
        Self { of, out, instead, done, broken }
    }

    /// A proxy before the Postgres on a loopback port, in threads of its own: it outlives every test of the process.
    pub fn before(self, port: u16) -> io::Result<u16> {
        let (listener, this) = (TcpListener::bind(("127.0.0.1", 0))?, Arc::new(self));
        let own = listener.local_addr()?.port();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // A connection that cannot be made is one that the client sees cut.
                let _ = this.clone().connection(client, port);
            }
        });
        Ok(own)
    }

    fn connection(self: Arc<Self>, client: TcpStream, port: u16) -> io::Result<()> {
        let server = TcpStream::connect(("127.0.0.1", port))?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let (says, answers) = ((client.try_clone()?, server.try_clone()?), (server, client));
        let this = self.clone();
        std::thread::spawn(move || {
            let _ = this.asks(&says.0, &says.1);
            let _ = (says.0.shutdown(Shutdown::Both), says.1.shutdown(Shutdown::Both));
        });
        std::thread::spawn(move || {
            let _ = self.answers(&answers.0, &answers.1);
            let _ = (answers.0.shutdown(Shutdown::Both), answers.1.shutdown(Shutdown::Both));
        });
        Ok(())
    }

    /// Message by message: the first ones have no letter before their length.
    fn asks(&self, mut client: &TcpStream, mut server: &TcpStream) -> io::Result<()> {
        let mut said_who = false;
        loop {
            let letter = if said_who { Some(read::<1>(client)?[0]) } else { None };
            let length = u32::from_be_bytes(read::<4>(client)?);
            let mut body = vec![0; (length as usize).saturating_sub(4)];
            client.read_exact(&mut body)?;
            said_who |= !body.starts_with(&SSL_REQUEST.to_be_bytes());
            if letter == Some(b'P') {
                body = self.parsed(body);
            }
            let length = u32::try_from(body.len() + 4).map_err(io::Error::other)?.to_be_bytes();
            server.write_all(&[letter.as_slice(), &length, &body].concat())?;
        }
    }

    /// The message that prepares a statement: its name, its text, the types of its parameters.
    fn parsed(&self, body: Vec<u8>) -> Vec<u8> {
        let mut parts = body.splitn(3, |byte| *byte == 0);
        let (Some(name), Some(text), Some(types)) = (parts.next(), parts.next(), parts.next()) else { return body };
        let Some(text) = std::str::from_utf8(text).ok().and_then(|text| self.left_out(text)) else { return body };
        [name, text.as_bytes(), types].join(&0)
    }

    fn left_out(&self, text: &str) -> Option<String> {
        if !text.contains(&self.of) || !text.contains(&self.out) {
            return None;
        }
        if !self.done.swap(true, Ordering::SeqCst) {
            say(DONE);
        }
        Some(text.replacen(&self.out, &self.instead, 1))
    }

    fn answers(&self, mut server: &TcpStream, mut client: &TcpStream) -> io::Result<()> {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let n = server.read(&mut buffer)?;
            if n == 0 {
                return Ok(());
            }
            let bytes = &buffer[..n];
            let nonsense = NONSENSE.iter().any(|code| bytes.windows(code.len()).any(|window| window == *code));
            if nonsense && self.done.load(Ordering::SeqCst) && !self.broken.swap(true, Ordering::SeqCst) {
                say(BROKEN);
            }
            client.write_all(bytes)?;
        }
    }
}

/// Not by a macro, which a test's output would swallow.
fn say(words: &str) {
    let _ = writeln!(io::stderr(), "{words}");
}

fn read<const N: usize>(mut from: &TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::testing::TestDatabases;
    use sqlx::{Connection as _, PgConnection};

    #[tokio::test]
    async fn a_condition_is_left_out_of_the_one_statement_and_of_no_other() {
        let databases = TestDatabases::create().await.unwrap();
        let words = ["as mine", "n = $1", "$1::int is not null"].map(str::to_owned);
        let [of, out, instead] = words;
        let proxy = Sabotage::new(of, out, instead).before(databases.owner_options().get_port()).unwrap();
        let mut direct = PgConnection::connect_with(&databases.owner_options()).await.unwrap();
        let mut through = PgConnection::connect_with(&databases.owner_options().port(proxy)).await.unwrap();
        let mine = "select count(*) as mine from generate_series(1, 9) n where n = $1";
        let other = "select count(*) as others from generate_series(1, 9) n where n = $1";
        let count = async |connection: &mut PgConnection, statement: &'static str| -> i64 {
            sqlx::query_scalar(statement).bind(3).fetch_one(connection).await.unwrap()
        };
        assert_eq!(count(&mut direct, mine).await, 1);
        assert_eq!(count(&mut through, mine).await, 9);
        assert_eq!(count(&mut through, other).await, 1);
    }
}
