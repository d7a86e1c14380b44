//! A way to a server that can go silent: what is connected hears nothing more, as when a machine loses its power.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
};

/// Forwards connections. Dropped, those that are open go on.
pub struct Proxy {
    pub address: SocketAddr,
    /// Connections of an earlier generation are silent.
    generation: Arc<AtomicU64>,
    accepts: tokio::task::JoinHandle<()>,
}

impl Proxy {
    pub async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let generation = Arc::new(AtomicU64::new(0));
        let accepts = tokio::spawn(accept(listener, target, generation.clone()));
        Self { address, generation, accepts }
    }

    /// Silences every connection that is open; new ones work.
    pub fn silence(&self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
    }

    /// Silences every connection, and lets new ones wait for ever.
    pub fn vanish(&self) {
        self.silence();
        self.accepts.abort();
    }
}

async fn accept(listener: TcpListener, target: SocketAddr, generation: Arc<AtomicU64>) {
    // A listener that is dropped would refuse; one that is kept and not asked lets clients wait.
    let listener = Box::leak(Box::new(listener));
    while let Ok((client, _)) = listener.accept().await {
        let Ok(server) = TcpStream::connect(target).await else { continue };
        let own = generation.load(Ordering::SeqCst);
        let ((client_read, client_write), (server_read, server_write)) = (client.into_split(), server.into_split());
        tokio::spawn(forward(client_read, server_write, own, generation.clone()));
        tokio::spawn(forward(server_read, client_write, own, generation.clone()));
    }
}

async fn forward(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, own: u64, generation: Arc<AtomicU64>) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer).await.unwrap_or(0);
        if generation.load(Ordering::SeqCst) != own {
            // Neither data nor an end: both halves stay open until the test is over.
            std::future::pending::<()>().await;
        }
        if read == 0 || to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
