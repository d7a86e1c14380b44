//! Hostile and broken connections, against the real binary: what they cost is bounded, and others are served.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, TcpStream},
    time::{Duration, Instant},
};

use tokio::net::TcpSocket;

use crate::support::{Process, TestDatabase, eventually};

const PIPELINED: &[u8] = b"GET /docs/ HTTP/1.1\r\nhost: x\r\n\r\n";

fn connect(process: &Process) -> TcpStream {
    let socket = TcpStream::connect(process.http.address()).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    socket
}

/// Writes `bytes` over and over until nothing more is taken for `patience`, or the other end closes; how much was taken.
fn write_without_end(socket: &mut TcpStream, bytes: &[u8], patience: Duration) -> usize {
    socket.set_write_timeout(Some(patience)).unwrap();
    let mut taken = 0;
    loop {
        match socket.write(bytes) {
            Ok(written) => taken += written,
            Err(_) => return taken,
        }
    }
}

/// Whether the server has closed the connection: what it had sent before is read first.
fn is_closed(socket: &mut TcpStream) -> bool {
    let mut some = [0; 64 * 1024];
    loop {
        match socket.read(&mut some) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => return !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        }
    }
}

async fn is_served(process: &Process) -> bool {
    let begun = Instant::now();
    process.http.get("/health-check").await.status == 200 && begun.elapsed() < Duration::from_secs(5)
}

/// A socket whose client's kernel takes little, so that few answers fill it.
async fn narrow(process: &Process) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(16 * 1024).unwrap();
    let socket = socket.connect(process.http.address().parse().unwrap()).await.unwrap().into_std().unwrap();
    socket.set_nonblocking(true).unwrap();
    socket
}

#[tokio::test]
async fn sockets_that_ask_and_never_read_are_closed_and_cost_little_memory_and_no_time() {
    const SOCKETS: usize = 60;
    let database = TestDatabase::create().await;
    let variables =
        [("PAYGATE__SERVER__WRITE_TIMEOUT_MS", "12000"), ("PAYGATE__SERVER__MAX_CONNECTIONS_OF_ADDRESS", "0")];
    let process = Process::start(&database, &variables).await;
    for _ in 0..10 {
        process.http.get("/docs/").await;
    }
    let before = process.resident_kib();
    let mut sockets = Vec::new();
    for _ in 0..SOCKETS {
        sockets.push(narrow(&process).await);
    }
    let batch = PIPELINED.repeat(256);
    let (mut most, mut is_at_rest) = (before, false);
    // Until all of them are full: then there is nothing to do for any.
    let deadline = Instant::now() + Duration::from_secs(11);
    while Instant::now() < deadline && !is_at_rest {
        for socket in &mut sockets {
            while socket.write(&batch).is_ok() {}
        }
        let worked = process.worked();
        tokio::time::sleep(Duration::from_millis(500)).await;
        is_at_rest = process.worked() - worked < Duration::from_millis(100);
        most = most.max(process.resident_kib());
    }
    assert!(is_at_rest, "sockets that are full keep the server busy");
    let each = (most - before) / SOCKETS as u64;
    assert!(each < 300, "{each} KiB for each of {SOCKETS} sockets");
    assert!(is_served(&process).await);
    let closed = async || {
        let metrics = String::from_utf8(process.http.get("/metrics").await.bytes).unwrap();
        let closed = r#"paygate_connections_closed_total{why="write"} "#;
        metrics.lines().find_map(|line| line.strip_prefix(closed)?.parse().ok()).unwrap_or(0)
    };
    eventually("all are closed", async || closed().await == SOCKETS).await;
    let ended = tokio::task::spawn_blocking(move || {
        sockets.into_iter().all(|mut socket| {
            socket.set_nonblocking(false).unwrap();
            socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            is_closed(&mut socket)
        })
    });
    assert!(ended.await.unwrap());
}

/// A request whose body begins with `first` and goes on with `piece` for ever; how much of it was taken, and what was
/// answered until the connection ended.
async fn endless(process: &Process, first: &'static [u8], piece: Vec<u8>) -> (usize, String) {
    let mut socket = connect(process);
    let head = b"POST /api/v1/p/user/sign-in HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
        transfer-encoding: chunked\r\n\r\n";
    let sending = tokio::task::spawn_blocking(move || {
        socket.write_all(head).unwrap();
        socket.write_all(first).unwrap();
        let mut reader = socket.try_clone().unwrap();
        let answer = std::thread::spawn(move || {
            let mut answer = Vec::new();
            let _ = reader.read_to_end(&mut answer);
            String::from_utf8_lossy(&answer).into_owned()
        });
        let taken = write_without_end(&mut socket, &piece, Duration::from_secs(40));
        let _ = socket.shutdown(Shutdown::Both);
        (taken, answer.join().unwrap())
    });
    sending.await.unwrap()
}

/// What a client may get rid of: the kernel's buffers on both sides take some megabytes.
const MOST_TAKEN: usize = 16 * 1024 * 1024;

#[tokio::test]
async fn chunks_without_end_are_refused_and_then_not_read_any_more() {
    let database = TestDatabase::create().await;
    let process = Process::start(&database, &[]).await;
    let chunk = [b"4000\r\n".as_slice(), &[b'x'; 0x4000], b"\r\n"].concat();
    let (begun, worked) = (Instant::now(), process.worked());
    let (taken, answer) = endless(&process, b"", chunk).await;
    let worked = process.worked() - worked;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(taken < MOST_TAKEN && begun.elapsed() < Duration::from_secs(35), "{taken} bytes in {:?}", begun.elapsed());
    assert!(worked < Duration::from_secs(2), "{worked:?}");
}

#[tokio::test]
async fn a_chunk_extension_without_end_is_read_up_to_a_limit() {
    let database = TestDatabase::create().await;
    let process = Process::start(&database, &[]).await;
    let (begun, worked) = (Instant::now(), process.worked());
    let (taken, _) = endless(&process, b"1;", vec![b'x'; 0x4000]).await;
    let worked = process.worked() - worked;
    assert!(taken < MOST_TAKEN && begun.elapsed() < Duration::from_secs(35), "{taken} bytes in {:?}", begun.elapsed());
    assert!(worked < Duration::from_secs(2), "{worked:?}");
    assert!(is_served(&process).await);
}

#[tokio::test]
async fn a_connection_too_many_from_one_address_is_closed_and_a_later_one_is_served() {
    let database = TestDatabase::create().await;
    let process = Process::start(&database, &[("PAYGATE__SERVER__MAX_CONNECTIONS_OF_ADDRESS", "4")]).await;
    let asks = |socket: &mut TcpStream| {
        let _ = socket.write_all(b"GET /health-check HTTP/1.1\r\nhost: x\r\n\r\n");
        let (mut answer, mut byte) = (Vec::new(), [0]);
        while !answer.ends_with(b"\r\n\r\nok") && socket.read_exact(&mut byte).is_ok() {
            answer.extend(byte);
        }
        answer.starts_with(b"HTTP/1.1 200") && answer.ends_with(b"ok")
    };
    let (mut open, begun): (Vec<_>, _) = ((0..4).map(|_| connect(&process)).collect(), Instant::now());
    // Idle connections are closed after some seconds.
    assert!(open.iter_mut().all(asks));
    assert!(!asks(&mut connect(&process)), "a fifth one is closed without an answer");
    assert!(open.iter_mut().all(asks), "the others go on ({:?})", begun.elapsed());
    drop(open);
    eventually("there is room again", async || asks(&mut connect(&process))).await;
}

#[tokio::test]
async fn requests_that_are_pipelined_and_read_late_are_all_answered() {
    let database = TestDatabase::create().await;
    let process = Process::start(&database, &[]).await;
    let mut socket = connect(&process);
    let answered = tokio::task::spawn_blocking(move || {
        const REQUESTS: usize = 3_000;
        let mut writer = socket.try_clone().unwrap();
        let last = b"GET /health-check HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        let writing = std::thread::spawn(move || {
            let ask = b"GET /health-check HTTP/1.1\r\nhost: x\r\n\r\n";
            writer.write_all(&[ask.repeat(REQUESTS - 1), last.to_vec()].concat()).unwrap();
        });
        // Until the kernel's buffers are full, and the server waits.
        std::thread::sleep(Duration::from_millis(1_500));
        let mut answers = String::new();
        socket.read_to_string(&mut answers).unwrap();
        writing.join().unwrap();
        (answers.matches("HTTP/1.1 200 ").count(), REQUESTS)
    });
    let (answered, asked) = answered.await.unwrap();
    assert_eq!(answered, asked);
}
