//! A connection that moves, or is closed.

use std::{
    cell::Cell,
    io,
    net::IpAddr,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

use metrics::counter;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep_until},
};

use crate::shares::Share;

/// Bytes that a client may send before something is written to it; further ones wait in the kernel. More than the
/// largest request (its head and a body of 32 KiB), and less than what the HTTP library holds at most (128 KiB): once it
/// holds so much, its task would wake itself all the time.
const MAX_UNANSWERED: usize = 96 * 1024;

/// How long a client whose further bytes wait is waited for: every request is answered before (9.5 s). What comes after a
/// refusal is not answered any more.
const MAX_WITHHELD: Duration = Duration::from_secs(12);

/// How long bytes may stay unanswered, however few: a request that does not end, or one that drips after its refusal.
const MAX_UNANSWERED_FOR: Duration = Duration::from_secs(30);

/// How long nothing may move in either direction. An event stream sends something every 15 seconds at least.
const MAX_IDLE: Duration = Duration::from_secs(60);

/// Counts what moves on a connection.
pub type Progress = Rc<Cell<u64>>;

/// A connection with its limits.
pub struct Guarded<T> {
    io: T,
    /// How long a client may take nothing of what is written to it.
    write_timeout: Duration,
    /// Since when a write waits.
    blocked_since: Option<Instant>,
    unanswered: usize,
    unanswered_since: Option<Instant>,
    /// Since when the client's bytes are left in the kernel because too many are unanswered.
    withheld_since: Option<Instant>,
    /// The reader was told to wait, although there may be something to read.
    is_reader_waiting: bool,
    moved_at: Instant,
    timer: Option<Pin<Box<Sleep>>>,
    progress: Progress,
    _of_address: Share<IpAddr>,
}

impl<T> Guarded<T> {
    pub fn new(io: T, write_timeout: Duration, of_address: Share<IpAddr>) -> Self {
        Self {
            io,
            write_timeout,
            blocked_since: None,
            unanswered: 0,
            unanswered_since: None,
            withheld_since: None,
            is_reader_waiting: false,
            moved_at: Instant::now(),
            timer: None,
            progress: Progress::default(),
            _of_address: of_address,
        }
    }

    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    fn moved(&mut self) {
        self.moved_at = Instant::now();
        self.progress.set(self.progress.get().wrapping_add(1));
    }

    fn note_write(&mut self, cx: &Context<'_>) {
        self.moved();
        (self.blocked_since, self.unanswered_since, self.withheld_since) = (None, None, None);
        self.unanswered = 0;
        if std::mem::take(&mut self.is_reader_waiting) {
            cx.waker().wake_by_ref();
        }
    }

    fn note_read(&mut self, bytes: usize) {
        self.moved();
        self.unanswered += bytes;
        self.unanswered_since.get_or_insert(self.moved_at);
    }

    /// When the patience with this connection ends, and why.
    fn deadline(&self) -> (Instant, &'static str) {
        [
            (self.blocked_since, self.write_timeout, "write"),
            (self.withheld_since, MAX_WITHHELD, "unanswered"),
            (self.unanswered_since, MAX_UNANSWERED_FOR, "slow"),
        ]
        .into_iter()
        .filter_map(|(since, limit, why)| Some((since? + limit, why)))
        .chain([(self.moved_at + MAX_IDLE, "idle")])
        .min()
        .unwrap_or((self.moved_at, "idle"))
    }

    /// Pending until the patience with this connection ends.
    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        loop {
            let (deadline, why) = self.deadline();
            if Instant::now() >= deadline {
                counter!("paygate_connections_closed_total", "why" => why).increment(1);
                return Poll::Ready(io::Error::new(io::ErrorKind::TimedOut, "the client does not move"));
            }
            let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
            // One that ends too early is set anew when it has ended: that costs less than at each read.
            if timer.deadline() > deadline || timer.is_elapsed() {
                timer.as_mut().reset(deadline);
            }
            if timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }

    fn poll_wrote(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match written {
            Poll::Pending => {
                self.blocked_since.get_or_insert_with(Instant::now);
                self.poll_deadline(cx).map(Err)
            }
            Poll::Ready(Ok(bytes)) => {
                if bytes > 0 {
                    self.note_write(cx);
                }
                Poll::Ready(Ok(bytes))
            }
            failed => failed,
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Guarded<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.unanswered >= MAX_UNANSWERED {
            this.withheld_since.get_or_insert_with(Instant::now);
        }
        // Whoever takes no answers gets no further requests in.
        if this.blocked_since.is_some() || this.withheld_since.is_some() {
            this.is_reader_waiting = true;
            return this.poll_deadline(cx).map(Err);
        }
        let before = buf.filled().len();
        match Pin::new(&mut this.io).poll_read(cx, buf) {
            Poll::Pending => this.poll_deadline(cx).map(Err),
            Poll::Ready(Ok(())) => {
                let bytes = buf.filled().len() - before;
                if bytes > 0 {
                    this.note_read(bytes);
                }
                Poll::Ready(Ok(()))
            }
            failed => failed,
        }
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Guarded<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, buf);
        self.poll_wrote(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(cx, bufs);
        self.poll_wrote(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
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
    use std::net::Ipv4Addr;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;
    use crate::shares::{Rule, Shares};

    const WRITE_TIMEOUT: Duration = Duration::from_secs(20);

    fn guarded(buffer: usize) -> (Guarded<DuplexStream>, DuplexStream) {
        let (ours, theirs) = duplex(buffer);
        let shares = Shares::new("test", 1, Rule::default());
        let share = shares.take(Some(Ipv4Addr::LOCALHOST.into())).unwrap();
        (Guarded::new(ours, WRITE_TIMEOUT, share), theirs)
    }

    async fn after<T>(work: impl Future<Output = io::Result<T>>) -> (Option<io::ErrorKind>, u64) {
        let begun = Instant::now();
        let kind = work.await.err().map(|error| error.kind());
        (kind, begun.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_nothing_is_given_up_and_one_that_takes_a_little_is_not() {
        let (mut ours, mut theirs) = guarded(1024);
        let taking = tokio::spawn(async move {
            let mut byte = [0; 64];
            for _ in 0..4 {
                tokio::time::sleep(Duration::from_secs(15)).await;
                theirs.read_exact(&mut byte).await.unwrap();
            }
            theirs
        });
        assert_eq!(after(ours.write_all(&[0; 1024 + 256])).await, (None, 60));
        let _theirs = taking.await.unwrap();
        assert_eq!(after(ours.write_all(&[0; 1])).await, (Some(io::ErrorKind::TimedOut), 20));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_sent_without_end_is_read_up_to_the_limit_and_then_the_client_is_given_up() {
        let (mut ours, mut theirs) = guarded(4 * MAX_UNANSWERED);
        theirs.write_all(&vec![0; 3 * MAX_UNANSWERED]).await.unwrap();
        let mut read = 0;
        let mut some = [0; 1024];
        while read < MAX_UNANSWERED {
            read += ours.read(&mut some).await.unwrap();
        }
        assert_eq!(after(ours.read(&mut some)).await, (Some(io::ErrorKind::TimedOut), MAX_WITHHELD.as_secs()));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_lets_the_next_bytes_in() {
        let (ours, mut theirs) = guarded(4 * MAX_UNANSWERED);
        theirs.write_all(&vec![0; 2 * MAX_UNANSWERED]).await.unwrap();
        let (mut reader, mut writer) = tokio::io::split(ours);
        let mut all = vec![0; 2 * MAX_UNANSWERED];
        let (read, written) = tokio::join!(reader.read_exact(&mut all), async {
            tokio::time::sleep(Duration::from_secs(5)).await;
            writer.write_all(b"an answer").await
        });
        assert!(read.is_ok() && written.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_drips_and_a_connection_that_is_silent_are_given_up() {
        let (mut ours, mut theirs) = guarded(64);
        tokio::spawn(async move {
            while theirs.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        let dripping = async {
            let mut byte = [0; 1];
            loop {
                ours.read_exact(&mut byte).await?;
            }
            #[expect(unreachable_code, reason = "it names the type")]
            Ok::<(), io::Error>(())
        };
        assert_eq!(after(dripping).await, (Some(io::ErrorKind::TimedOut), MAX_UNANSWERED_FOR.as_secs()));
        let (mut silent, _theirs) = guarded(64);
        assert_eq!(after(silent.read_u8()).await, (Some(io::ErrorKind::TimedOut), MAX_IDLE.as_secs()));
    }
}
