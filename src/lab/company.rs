//! The card company: the sandbox with a plan of faults, behind a socket that closes now and then.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use actix_web::dev::ServerHandle;
use rand::rngs::Xoshiro256PlusPlus;
use tokio_util::sync::CancellationToken;

use super::{between, listener, pause};
use crate::acquirer::{FaultKind, FaultPlan, Sandbox, server};

/// The longest delay of a late or doubled call: three times what the server waits.
pub const LONGEST_DELAY: Duration = Duration::from_secs(3);

/// Between two outages, and the length of one.
const UP_MS: (u64, u64) = (4_000, 12_000);
const DOWN_MS: (u64, u64) = (200, 2_500);

/// How long a closed listener may take to be opened again.
const REOPEN_TRIES: u32 = 100;

/// Every fault but the refused connection: that one is real here, see [`Company::flap`].
const CHANCES: [(FaultKind, f64); 9] = [
    (FaultKind::LostRequest, 0.02),
    (FaultKind::LostAnswer, 0.02),
    (FaultKind::Late, 0.04),
    (FaultKind::Duplicate, 0.03),
    (FaultKind::GarbledBefore, 0.01),
    (FaultKind::GarbledAfter, 0.02),
    (FaultKind::ErrorBefore, 0.02),
    (FaultKind::ErrorAfter, 0.02),
    (FaultKind::Drip, 0.02),
];

pub struct Company {
    sandbox: Arc<Sandbox>,
    address: SocketAddr,
    server: Option<ServerHandle>,
    outages: u64,
}

impl Company {
    /// Opens for business, with faults from the first call on.
    pub fn open(seed: u64) -> io::Result<Self> {
        let plan = FaultPlan::new(seed).delayed_at_most(LONGEST_DELAY);
        let plan = CHANCES.into_iter().fold(plan, |plan, (kind, chance)| plan.with(kind, chance));
        let listener = listener()?;
        let address = listener.local_addr()?;
        let sandbox = Arc::new(Sandbox::in_memory().with_plan(plan));
        let mut company = Self { sandbox, address, server: None, outages: 0 };
        company.serve(listener)?;
        Ok(company)
    }

    /// Opens with the books of a sandbox that was elsewhere before, without faults.
    pub fn with_books(sandbox: Sandbox) -> io::Result<Self> {
        let listener = listener()?;
        let address = listener.local_addr()?;
        let mut company = Self { sandbox: Arc::new(sandbox), address, server: None, outages: 0 };
        company.serve(listener)?;
        Ok(company)
    }

    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// How often it could not be reached.
    pub const fn outages(&self) -> u64 {
        self.outages
    }

    /// Closes and opens the socket, until told to stop; then it is open.
    pub async fn flap(&mut self, rng: &mut Xoshiro256PlusPlus, stop: &CancellationToken) -> io::Result<()> {
        while !pause(stop, between(rng, UP_MS.0, UP_MS.1)).await {
            self.close().await;
            self.outages += 1;
            pause(stop, between(rng, DOWN_MS.0, DOWN_MS.1)).await;
            self.reopen().await?;
        }
        Ok(())
    }

    fn serve(&mut self, listener: TcpListener) -> io::Result<()> {
        let server = server(listener, self.sandbox.clone())?;
        self.server = Some(server.handle());
        tokio::spawn(server);
        Ok(())
    }

    /// Calls under way are cut off, too.
    pub async fn close(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop(false).await;
        }
    }

    async fn reopen(&mut self) -> io::Result<()> {
        let mut tried = 0;
        loop {
            match TcpListener::bind(self.address) {
                Ok(listener) => return self.serve(listener),
                Err(error) if tried == REOPEN_TRIES => return Err(error),
                Err(_) => tried += 1,
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
