//! One worker plays one payment after the other, as the shop's page, the shop's server and the
//! customer's phone.

use std::{
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};

use tokio::time::timeout;

use super::{
    failure::Failure,
    http::{Connection, Events, Head, text},
    people::People,
    seen::{APPROVE, CONFIRM, CREATE, DONE, Seen, WATCH, WHOLE},
};

/// The slowest client that exists gives up a step after ten seconds.
const PAYMENT_TIMEOUT: Duration = Duration::from_secs(15);

const AMOUNT: u32 = 15_000;

/// What a worker does with a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Whole,
    Create,
    /// Up to the approval; the payment is kept for [`Part::Confirm`].
    Prepare,
    Confirm,
}

pub struct Worker {
    address: SocketAddr,
    shop: Connection,
    phone: Connection,
    create: Head,
    approve: Head,
    confirm: Head,
    /// What follows the order id in the request for a stream.
    watch: String,
    /// What the stream at hand has sent.
    events: Vec<u8>,
    prepared: Vec<(usize, String)>,
    pub seen: Seen,
}

impl Worker {
    /// Connects. Workers share the customers among them.
    pub async fn start(address: SocketAddr, people: &People, number: usize) -> io::Result<Self> {
        let People { page, shop, phones } = people;
        let phone = phones.get(number % phones.len().max(1)).map_or("", String::as_str);
        Ok(Self {
            address,
            shop: Connection::open(address).await?,
            phone: Connection::open(address).await?,
            create: Head::new("POST", "/api/v1/p/merchant", address, page),
            approve: Head::new("POST", "/api/v1/p/user/authentication/simple", address, phone),
            confirm: Head::new("POST", "/api/v1/p/merchant/confirm", address, shop),
            watch: format!(" HTTP/1.1\r\nhost: {address}\r\nauthorization: {page}\r\n\r\n"),
            events: Vec::new(),
            prepared: Vec::new(),
            seen: Seen::default(),
        })
    }

    pub fn has_prepared(&self) -> bool {
        !self.prepared.is_empty()
    }

    /// Plays `part` of payment `number`, and keeps in mind how it went.
    pub async fn play(&mut self, part: Part, number: usize) {
        let played = timeout(PAYMENT_TIMEOUT, async {
            match part {
                Part::Whole => self.whole(number).await,
                Part::Create => self.create(number).await,
                Part::Prepare => self.prepare(number).await,
                Part::Confirm => self.confirm().await,
            }
        });
        let Err(failure) = played.await.unwrap_or(Err(Failure::TimedOut)) else { return };
        self.seen.fail(&failure);
        if let (Err(error), _) | (_, Err(error)) = (self.shop.reopen().await, self.phone.reopen().await) {
            self.seen.fail(&error.into());
        }
    }

    async fn whole(&mut self, number: usize) -> Result<(), Failure> {
        let mut clock = Clock::start();
        let token = create(&mut self.shop, &self.create, number).await?;
        let created = clock.lap();
        let request = format!("GET /api/v1/p/merchant/sse/connect?orderId={}{}", order(number), self.watch);
        let mut events = Events::open(self.address, &request, &mut self.events).await?;
        events.expect("onopen").await?;
        events.expect("payment-ready").await?;
        let watched = clock.lap();
        let payment_key = approve(&mut self.phone, &self.approve, token).await?;
        let approved = clock.lap();
        events.expect("payment-in-verificate").await?;
        events.expect("payment-in-progress").await?;
        clock.lap();
        confirm(&mut self.shop, &self.confirm, number, payment_key).await?;
        let confirmed = clock.lap();
        events.expect("payment-done").await?;
        let done = clock.lap();
        let steps = [
            (CREATE, created),
            (WATCH, watched),
            (APPROVE, approved),
            (CONFIRM, confirmed),
            (DONE, done),
            (WHOLE, clock.total()),
        ];
        steps.into_iter().for_each(|(step, time)| self.seen.time(step, time));
        Ok(())
    }

    async fn create(&mut self, number: usize) -> Result<(), Failure> {
        let mut clock = Clock::start();
        create(&mut self.shop, &self.create, number).await?;
        self.seen.time(CREATE, clock.lap());
        Ok(())
    }

    async fn prepare(&mut self, number: usize) -> Result<(), Failure> {
        let token = create(&mut self.shop, &self.create, number).await?;
        let payment_key = approve(&mut self.phone, &self.approve, token).await?;
        self.prepared.push((number, payment_key.to_owned()));
        Ok(())
    }

    async fn confirm(&mut self) -> Result<(), Failure> {
        let Some((number, payment_key)) = self.prepared.pop() else { return Ok(()) };
        let mut clock = Clock::start();
        confirm(&mut self.shop, &self.confirm, number, &payment_key).await?;
        self.seen.time(CONFIRM, clock.lap());
        Ok(())
    }
}

fn order(number: usize) -> String {
    format!("load-{number:08}")
}

/// Returns the token.
async fn create<'a>(wire: &'a mut Connection, head: &Head, number: usize) -> Result<&'a str, Failure> {
    let order = order(number);
    let body = format!(r#"{{"amount":{AMOUNT},"orderId":"{order}","orderName":"드립 커피 세트"}}"#);
    text(wire.call(head, &body).await?, "token")
}

/// Returns the payment key.
async fn approve<'a>(wire: &'a mut Connection, head: &Head, token: &str) -> Result<&'a str, Failure> {
    text(wire.call(head, &format!(r#"{{"token":"{token}"}}"#)).await?, "paymentKey")
}

async fn confirm(wire: &mut Connection, head: &Head, number: usize, payment_key: &str) -> Result<(), Failure> {
    let order = order(number);
    let body = format!(r#"{{"orderId":"{order}","paymentKey":"{payment_key}","amount":{AMOUNT}}}"#);
    match text(wire.call(head, &body).await?, "status")? {
        "DONE" => Ok(()),
        _ => Err(Failure::Wrong("a confirmed payment that is not DONE")),
    }
}

struct Clock {
    started: Instant,
    lap: Instant,
}

impl Clock {
    fn start() -> Self {
        let started = Instant::now();
        Self { started, lap: started }
    }

    /// Time since the last lap.
    fn lap(&mut self) -> Duration {
        let now = Instant::now();
        now - std::mem::replace(&mut self.lap, now)
    }

    fn total(&self) -> Duration {
        self.lap - self.started
    }
}
