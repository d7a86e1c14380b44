//! A minimal HTTP/1.1 client: one connection, one request at a time, buffers that are used again. The
//! client shares its machine with the server under test, so what it costs is taken from what it measures.

use std::{
    io::{self, Write},
    net::SocketAddr,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::failure::Failure;

/// Room for an answer; ours have a few hundred bytes.
const ANSWER_BYTES: usize = 8 * 1024;

/// The constant part of a request, up to the headers that depend on the body.
pub struct Head(Vec<u8>);

impl Head {
    /// `authorization` is the header's value; empty for nobody.
    pub fn new(method: &str, path: &str, address: SocketAddr, authorization: &str) -> Self {
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\n");
        if !authorization.is_empty() {
            head += &format!("authorization: {authorization}\r\n");
        }
        if method == "POST" {
            head += "content-type: application/json\r\n";
        }
        Self(head.into_bytes())
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.0.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        self
    }
}

/// A keep-alive connection.
pub struct Connection {
    address: SocketAddr,
    stream: TcpStream,
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = dial(address).await?;
        Ok(Self { address, stream, request: Vec::new(), answer: Vec::with_capacity(ANSWER_BYTES) })
    }

    /// Replaces the socket after a failure: what may still come on the old one answers nothing of ours.
    pub async fn reopen(&mut self) -> io::Result<()> {
        self.stream = dial(self.address).await?;
        Ok(())
    }

    /// Sends one request and reads its answer to the end; anything but a success is a [`Failure`].
    pub async fn call(&mut self, head: &Head, body: &str) -> Result<&str, Failure> {
        str::from_utf8(self.call_raw(head, body).await?).map_err(|_| Failure::Wrong("a body that is no text"))
    }

    /// The same, for a body that may be packed.
    pub async fn call_raw(&mut self, head: &Head, body: &str) -> Result<&[u8], Failure> {
        self.request.clear();
        self.request.extend_from_slice(&head.0);
        write!(self.request, "content-length: {}\r\n\r\n{body}", body.len())?;
        self.stream.write_all(&self.request).await?;
        self.answer.clear();
        let (status, start, end) = loop {
            if let Some(parsed) = read_head(&self.answer)? {
                break parsed;
            }
            read_more(&mut self.stream, &mut self.answer).await?;
        };
        while self.answer.len() < end {
            read_more(&mut self.stream, &mut self.answer).await?;
        }
        let body = &self.answer[start..end];
        if (200..300).contains(&status) {
            Ok(body)
        } else {
            Err(Failure::Status(status, String::from_utf8_lossy(body).into_owned()))
        }
    }
}

/// An event stream on a connection of its own.
pub struct Events<'a> {
    stream: TcpStream,
    /// Lent by the worker, so that no stream allocates.
    text: &'a mut Vec<u8>,
    seen: usize,
}

const EVENT: &[u8] = b"event: ";

impl<'a> Events<'a> {
    /// Connects and waits for the status line.
    pub async fn open(address: SocketAddr, request: &str, text: &'a mut Vec<u8>) -> Result<Self, Failure> {
        let mut stream = dial(address).await?;
        stream.write_all(request.as_bytes()).await?;
        text.clear();
        let head = loop {
            if let Some(end) = find(text, b"\r\n\r\n") {
                break end + 4;
            }
            read_more(&mut stream, text).await?;
        };
        match status(text)? {
            200 => Ok(Self { stream, text, seen: head }),
            status => Err(Failure::Status(status, String::from_utf8_lossy(&text[head..]).into_owned())),
        }
    }

    /// Waits for the next event, which must be `name`. The server sends an event in one piece, so looking
    /// for its name needs no parser.
    pub async fn expect(&mut self, name: &str) -> Result<(), Failure> {
        loop {
            let unseen = &self.text[self.seen..];
            if let Some(start) = find(unseen, EVENT).map(|start| start + EVENT.len())
                && let Some(length) = find(&unseen[start..], b"\n")
            {
                if &unseen[start..start + length] != name.as_bytes() {
                    return Err(Failure::Wrong("an event that was not to be next"));
                }
                self.seen += start + length;
                return Ok(());
            }
            read_more(&mut self.stream, self.text).await?;
        }
    }
}

/// The text of a field in an answer of ours: such texts need no JSON escapes.
pub fn text<'a>(body: &'a str, field: &'static str) -> Result<&'a str, Failure> {
    let value = body.split_once(field).and_then(|(_, rest)| rest.strip_prefix("\":\"")?.split_once('"'));
    value.map(|(value, _)| value).ok_or(Failure::Wrong("an answer without a field it must have"))
}

async fn dial(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn read_more(stream: &mut TcpStream, into: &mut Vec<u8>) -> io::Result<()> {
    into.reserve(1024);
    match stream.read_buf(into).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

/// Status, and where the body begins and ends; `None` until the head is complete.
fn read_head(answer: &[u8]) -> Result<Option<(u16, usize, usize)>, Failure> {
    let Some(end) = find(answer, b"\r\n\r\n") else { return Ok(None) };
    let head = str::from_utf8(&answer[..end]).map_err(|_| Failure::Wrong("a head that is no text"))?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        if name.eq_ignore_ascii_case("content-length") { value.trim().parse::<usize>().ok() } else { None }
    });
    let length = length.ok_or(Failure::Wrong("an answer without a length"))?;
    Ok(Some((status(answer)?, end + 4, end + 4 + length)))
}

/// `HTTP/1.1 200 OK`
fn status(answer: &[u8]) -> Result<u16, Failure> {
    let digits = answer.get(9..12).and_then(|digits| str::from_utf8(digits).ok());
    digits.and_then(|digits| digits.parse().ok()).ok_or(Failure::Wrong("no status line"))
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}
