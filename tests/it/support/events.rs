//! A reader of event streams that hides nothing: comments, ids and raw bytes are all visible.

use std::pin::Pin;

use actix_web::web::Bytes;
use futures_util::{Stream, StreamExt};
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::within;

/// One event as a browser would dispatch it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub id: Option<i64>,
    pub name: String,
    pub data: String,
}

impl Event {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap()
    }
}

enum Block {
    Event(Event),
    Comment(String),
}

/// An open stream.
pub struct Events {
    pub headers: HeaderMap,
    chunks: Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>> + Send>>,
    unread: Vec<u8>,
    raw: Vec<u8>,
}

impl Events {
    #[track_caller]
    pub fn of(response: reqwest::Response) -> Self {
        assert_eq!(response.status(), 200, "the stream opens");
        let headers = response.headers().clone();
        let chunks = Box::pin(response.bytes_stream());
        Self { headers, chunks, unread: Vec::new(), raw: Vec::new() }
    }

    /// Everything that came so far, byte for byte.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The next block; `None` at the end of the stream.
    async fn block(&mut self) -> Option<Block> {
        loop {
            if let Some(end) = self.unread.windows(2).position(|two| two == b"\n\n") {
                let block: Vec<u8> = self.unread.drain(..end + 2).collect();
                return Some(parse(std::str::from_utf8(&block).unwrap()));
            }
            let chunk = self.chunks.next().await?.ok()?;
            self.raw.extend_from_slice(&chunk);
            self.unread.extend_from_slice(&chunk);
        }
    }

    /// The next event.
    pub async fn next(&mut self) -> Event {
        let next = async {
            loop {
                match self.block().await.expect("the stream has ended") {
                    Block::Event(event) => return event,
                    Block::Comment(_) => {}
                }
            }
        };
        within("the next event", next).await
    }

    /// The next event, which must have this name.
    pub async fn expect(&mut self, name: &str) -> Event {
        let event = self.next().await;
        assert_eq!(event.name, name, "{event:?}");
        event
    }

    /// The next events, which must have these names.
    pub async fn expect_all(&mut self, names: &[&str]) -> Vec<Event> {
        let mut events = Vec::with_capacity(names.len());
        for name in names {
            events.push(self.expect(name).await);
        }
        events
    }

    /// All events up to the first of this name, itself included.
    pub async fn until(&mut self, name: &str) -> Vec<Event> {
        let mut events = Vec::new();
        while events.last().is_none_or(|event: &Event| event.name != name) {
            events.push(self.next().await);
        }
        events
    }

    /// The next comment, with the events before it.
    pub async fn until_comment(&mut self) -> (Vec<Event>, String) {
        let next = async {
            let mut events = Vec::new();
            loop {
                match self.block().await.expect("the stream has ended") {
                    Block::Event(event) => events.push(event),
                    Block::Comment(comment) => return (events, comment),
                }
            }
        };
        within("the next comment", next).await
    }

    /// What comes until the stream ends.
    pub async fn until_end(&mut self) -> Vec<Event> {
        let rest = async {
            let mut events = Vec::new();
            while let Some(block) = self.block().await {
                if let Block::Event(event) = block {
                    events.push(event);
                }
            }
            events
        };
        within("the end of the stream", rest).await
    }
}

fn parse(block: &str) -> Block {
    let mut event = Event { id: None, name: String::new(), data: String::new() };
    let mut data = Vec::new();
    for line in block.lines().filter(|line| !line.is_empty()) {
        match line.split_once(':').unwrap_or((line, "")) {
            ("", comment) => return Block::Comment(comment.trim().to_owned()),
            ("id", id) => event.id = Some(id.trim().parse().unwrap()),
            ("event", name) => name.trim().clone_into(&mut event.name),
            ("data", text) => data.push(text.strip_prefix(' ').unwrap_or(text).to_owned()),
            (field, _) => panic!("a stream of ours has no field {field}: {block:?}"),
        }
    }
    event.data = data.join("\n");
    Block::Event(event)
}
