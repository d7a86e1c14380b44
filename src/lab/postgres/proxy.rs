//! The address of the database: it can be moved to another server, and what is connected can go silent.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{
    io::{AsyncReadExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::super::listener;

/// Forwards connections until it is dropped.
pub struct Proxy {
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
    _accepts: DropGuard,
}

struct State {
    target: SocketAddr,
    connections: Connections,
}

/// Of the connections that are open.
#[derive(Clone, Default)]
struct Connections {
    cut: CancellationToken,
    silent: CancellationToken,
}

impl Proxy {
    pub fn to(target: SocketAddr) -> io::Result<Self> {
        let listener = listener()?;
        listener.set_nonblocking(true)?;
        let (address, listener) = (listener.local_addr()?, TcpListener::from_std(listener)?);
        let state = Arc::new(Mutex::new(State { target, connections: Connections::default() }));
        let stop = CancellationToken::new();
        let accepts = accept(listener, state.clone());
        tokio::spawn(stop.clone().run_until_cancelled_owned(accepts));
        Ok(Self { address, state, _accepts: stop.drop_guard() })
    }

    /// The machine behind what is connected is gone without a word: clients hear neither an answer nor an end. New
    /// connections work.
    pub fn silence(&self) {
        self.renew().silent.cancel();
    }

    /// New connections lead to `target`, and those that are open end.
    pub fn move_to(&self, target: SocketAddr) {
        lock(&self.state).target = target;
        self.renew().cut.cancel();
    }

    fn renew(&self) -> Connections {
        std::mem::take(&mut lock(&self.state).connections)
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, state: Arc<Mutex<State>>) {
    loop {
        // Descriptors may run out for a moment.
        let Ok((client, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        let (target, connections) = {
            let state = lock(&state);
            (state.target, state.connections.clone())
        };
        tokio::spawn(forward(client, target, connections));
    }
}

async fn forward(mut client: TcpStream, target: SocketAddr, connections: Connections) {
    let forwarded = async {
        let Ok(mut server) = TcpStream::connect(target).await else { return };
        let _ = client.set_nodelay(true).and_then(|()| server.set_nodelay(true));
        let _ = copy_bidirectional(&mut client, &mut server).await;
    };
    tokio::select! {
        () = forwarded => return,
        () = connections.cut.cancelled() => return,
        () = connections.silent.cancelled() => {}
    }
    let mut swallowed = [0; 4096];
    while client.read(&mut swallowed).await.is_ok_and(|read| read > 0) {}
}
