//! A connection of HTTP/1 lets in a few requests at a time.
//!
//! The HTTP library makes requests of all bytes that it has, however many those are: of a hundred kilobytes, thousands,
//! each of which takes a kilobyte or two. So what a client asks faster than it is answered is kept back, at the end of a
//! request.

use std::{
    cell::Cell,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::framing::Framing;

/// Requests let in whose handler has not begun. (Hardly any client sends the next request before it has its answer.)
const MAX_WAITING: u64 = 16;

/// Bytes read at once.
const PIECE: usize = 4 * 1024;

/// Counts the requests of a connection whose handler has begun.
#[derive(Clone, Default)]
pub struct Begun(Rc<State>);

#[derive(Default)]
struct State {
    requests: Cell<u64>,
    /// The reader, when it waits for one more to begin.
    reader: Cell<Option<Waker>>,
}

impl Begun {
    pub fn one_more(&self) {
        self.0.requests.set(self.0.requests.get() + 1);
        if let Some(reader) = self.0.reader.take() {
            reader.wake();
        }
    }
}

pub struct Http1<T> {
    io: T,
    begun: Begun,
    framing: Framing,
    /// Requests that were let in whole.
    let_in: u64,
    /// Read, and from `passed` on not let in yet.
    held: Vec<u8>,
    passed: usize,
}

impl<T> Http1<T> {
    pub fn new(io: T) -> Self {
        Self { io, begun: Begun::default(), framing: Framing::default(), let_in: 0, held: Vec::new(), passed: 0 }
    }

    pub fn begun(&self) -> Begun {
        self.begun.clone()
    }

    fn room(&self) -> u64 {
        (self.begun.0.requests.get() + MAX_WAITING).saturating_sub(self.let_in)
    }

    /// Lets in what is held, up to the end of the last request for which there is room.
    fn pass(&mut self, buf: &mut ReadBuf<'_>) {
        let rest = &self.held[self.passed..];
        let rest = &rest[..rest.len().min(buf.remaining())];
        let mut room = self.room();
        let mut end = 0;
        while end < rest.len() && room > 0 {
            if self.framing.ends_with(rest[end]) {
                self.let_in += 1;
                room -= 1;
            }
            end += 1;
        }
        buf.put_slice(&rest[..end]);
        self.passed += end;
        if self.passed == self.held.len() {
            // An idle connection keeps no buffer.
            (self.held, self.passed) = (Vec::new(), 0);
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Http1<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.held.is_empty() {
            let mut piece = [0; PIECE];
            let mut read = ReadBuf::new(&mut piece);
            ready!(Pin::new(&mut this.io).poll_read(cx, &mut read))?;
            this.held.extend_from_slice(read.filled());
            if this.held.is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
        if this.room() == 0 {
            this.begun.0.reader.set(Some(cx.waker().clone()));
            return Poll::Pending;
        }
        this.pass(buf);
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Http1<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    const ASK: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";

    async fn read_all_there_is(http1: &mut Http1<tokio::io::DuplexStream>) -> usize {
        let (mut read, mut some) = (0, [0; 64 * 1024]);
        while let Ok(more) = tokio::time::timeout(std::time::Duration::from_millis(5), http1.read(&mut some)).await {
            read += more.unwrap();
        }
        read
    }

    #[tokio::test(start_paused = true)]
    async fn sixteen_requests_wait_and_one_more_comes_in_for_each_that_begins() {
        let (ours, mut theirs) = duplex(1024 * 1024);
        let mut http1 = Http1::new(ours);
        let begun = http1.begun();
        theirs.write_all(&ASK.repeat(1_000)).await.unwrap();
        assert_eq!(read_all_there_is(&mut http1).await, 16 * ASK.len());
        begun.one_more();
        begun.one_more();
        assert_eq!(read_all_there_is(&mut http1).await, 2 * ASK.len());
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_waits_is_woken_when_a_request_begins() {
        let (ours, mut theirs) = duplex(1024 * 1024);
        let mut http1 = Http1::new(ours);
        let begun = http1.begun();
        theirs.write_all(&ASK.repeat(17)).await.unwrap();
        let mut first = vec![0; 16 * ASK.len()];
        http1.read_exact(&mut first).await.unwrap();
        let mut more = vec![0; ASK.len()];
        let (read, ()) = tokio::join!(http1.read_exact(&mut more), async {
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            begun.one_more();
        });
        assert_eq!((read.unwrap(), &more[..]), (ASK.len(), ASK));
    }

    #[tokio::test(start_paused = true)]
    async fn bodies_are_no_requests() {
        let (ours, mut theirs) = duplex(1024 * 1024);
        let mut http1 = Http1::new(ours);
        let body = b"\r\n\r\n".repeat(5_000);
        let head = format!("POST / HTTP/1.1\r\ncontent-length: {}\r\n\r\n", body.len());
        theirs.write_all(&[head.as_bytes(), &body].concat()).await.unwrap();
        assert_eq!(read_all_there_is(&mut http1).await, head.len() + body.len());
    }
}
