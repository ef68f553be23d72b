//! As little HTTP/1.1 as a load generator needs: it shares two cores with what it measures.

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use web::testing::OWNER_COOKIE;

/// A connection that is kept.
pub struct Connection {
    stream: BufReader<TcpStream>,
    out: Vec<u8>,
    body: Vec<u8>,
}

impl Connection {
    /// Connects to `host:port`.
    pub async fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("connect to {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::with_capacity(16 * 1024, stream), out: Vec::new(), body: Vec::new() })
    }

    /// Posts JSON with a bearer secret; status and body.
    pub async fn post(&mut self, path: &str, secret: &str, json: &[u8]) -> Result<(u16, &[u8])> {
        self.out.clear();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {secret}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            json.len()
        );
        self.out.extend_from_slice(head.as_bytes());
        self.out.extend_from_slice(json);
        self.stream.get_mut().write_all(&self.out).await?;
        let Head { status, length } = head_of(&mut self.stream).await?;
        self.body.resize(length.context("an answer without a length")?, 0);
        self.stream.read_exact(&mut self.body).await?;
        Ok((status, &self.body))
    }

    /// Asks for a stream of events.
    pub async fn events(mut self, path: &str) -> Result<Events> {
        let head = format!(
            "GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncookie: {OWNER_COOKIE}\r\naccept: text/event-stream\r\n\r\n"
        );
        self.stream.get_mut().write_all(head.as_bytes()).await?;
        let Head { status, length } = head_of(&mut self.stream).await?;
        ensure!(status == 200 && length.is_none(), "a stream answered {status}");
        Ok(Events { stream: self.stream, id: 0 })
    }
}

struct Head {
    status: u16,
    /// None: the body comes in chunks.
    length: Option<usize>,
}

async fn head_of(stream: &mut BufReader<TcpStream>) -> Result<Head> {
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    let status = line.split(' ').nth(1).and_then(|s| s.parse().ok()).context("no status")?;
    let mut length = None;
    loop {
        line.clear();
        ensure!(stream.read_line(&mut line).await? > 0, "the connection ended in a head");
        let Some((name, value)) = line.trim_end().split_once(':') else { return Ok(Head { status, length }) };
        if name.eq_ignore_ascii_case("content-length") {
            length = Some(value.trim().parse()?);
        }
    }
}

/// Server-sent events of the board, of which only the id is read, and the data if it is asked for.
pub struct Events {
    stream: BufReader<TcpStream>,
    /// Position of the frame under way.
    id: i64,
}

impl Events {
    /// The next board: its position in the log, once its last byte is here. Its JSON goes into `data`.
    pub async fn next(&mut self, mut data: Option<&mut Vec<u8>>) -> Result<i64> {
        let mut line = String::new();
        loop {
            line.clear();
            ensure!(self.stream.read_line(&mut line).await? > 0, "the stream ended");
            let mut left = usize::from_str_radix(line.trim_end(), 16).context("a chunk's length")?;
            ensure!(left > 0, "the stream ended");
            if left == 2 {
                // "\n\n": a message is whole.
                self.stream.read_exact(&mut [0; 4]).await?;
                return Ok(self.id);
            }
            let first = *self.stream.fill_buf().await?.first().context("the stream ended")?;
            match first {
                b'e' => {
                    let mut head = vec![0; left];
                    self.stream.read_exact(&mut head).await?;
                    let head = String::from_utf8(head)?;
                    let id = head.lines().find_map(|line| line.strip_prefix("id: "));
                    if let Some(id) = id {
                        self.id = id.rsplit('.').next().and_then(|p| p.parse().ok()).context("an id")?;
                    }
                }
                b'{' => {
                    if let Some(data) = data.as_mut() {
                        data.clear();
                    }
                    while left > 0 {
                        let there = self.stream.fill_buf().await?;
                        ensure!(!there.is_empty(), "the stream ended");
                        let n = there.len().min(left);
                        if let Some(data) = data.as_mut() {
                            data.extend_from_slice(&there[..n]);
                        }
                        self.stream.consume(n);
                        left -= n;
                    }
                }
                other => bail!("a chunk begins with {other}"),
            }
            self.stream.read_exact(&mut [0; 2]).await?;
        }
    }
}
