//! HTTP by hand: a client that costs nearly nothing, and that can stop anywhere.

use anyhow::{Context as _, Result, ensure};
use std::fmt::Write as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The bytes of a POST of JSON with a bearer secret.
pub fn post(address: &str, path: &str, secret: &str, body: &str) -> String {
    let mut text = String::with_capacity(body.len() + 256);
    let _ = write!(
        text,
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {secret}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    text
}

/// An answer.
#[derive(Debug, PartialEq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its head, in small letters.
    pub head: String,
    /// Its body.
    pub body: String,
}

impl Answer {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// A connection that is kept.
pub struct Wire {
    /// Its socket.
    pub socket: TcpStream,
    read: Vec<u8>,
}

impl Wire {
    /// Connects to `127.0.0.1:<port>`.
    pub async fn connect(address: &str) -> Result<Self> {
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        Ok(Self { socket, read: Vec::new() })
    }

    /// Sends a request and reads its answer.
    pub async fn ask(&mut self, request: &str) -> Result<Answer> {
        self.socket.write_all(request.as_bytes()).await?;
        self.answer().await
    }

    /// Reads the next answer, whole.
    pub async fn answer(&mut self) -> Result<Answer> {
        let end = loop {
            if let Some(at) = self.read.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            self.more().await?;
        };
        let head = String::from_utf8(self.read.drain(..end).collect())?.to_ascii_lowercase();
        let mut answer = Answer { status: head.get(9..12).context("a status")?.parse()?, head, body: String::new() };
        let length = answer.header("content-length").context("a length")?.parse()?;
        while self.read.len() < length {
            self.more().await?;
        }
        answer.body = String::from_utf8(self.read.drain(..length).collect())?;
        Ok(answer)
    }

    async fn more(&mut self) -> Result<()> {
        ensure!(self.socket.read_buf(&mut self.read).await? > 0, "closed within an answer: {:?}", self.read.len());
        Ok(())
    }
}
