//! How many requests per second each kind of page answers, packed as browsers ask for it.
#![expect(clippy::print_stdout, reason = "a benchmark prints")]

use std::{error::Error, net::SocketAddr, sync::Arc, time::Instant};

use serde_json::json;
use tokio::task::JoinSet;

use super::{
    Arguments,
    database::Fresh,
    desk::Desk,
    failure::Failure,
    http::{Connection, Head, text},
    in_time,
    people::People,
    server::Server,
};

const CHECKOUT: &str = "/checkout/{token}";
/// Where the list leads to one payment.
const PAYMENT: &str = "/backoffice/payments/0";
const PAGES: &[&str] = &[
    "/",
    CHECKOUT,
    "/checkout/{token}/qr.svg",
    "/m/",
    "/shop/",
    "/docs/",
    "/sdk/v1/paygate.js",
    "/api-docs",
    "/backoffice/sign-in",
    "/backoffice/",
    "/backoffice/payments",
    "/backoffice/payments?name=coffee&status=READY",
    "{payment}",
    "/backoffice/doubts",
    "/backoffice/keys",
    "/backoffice/profile",
];

/// What every page answers at least.
const MUST: f64 = 2_000.0;

/// Returns whether a page is slower than it may be.
pub async fn run(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    let fresh = match arguments.postgres() {
        Some(url) => Some(Fresh::create(url).await?),
        None => None,
    };
    let measured = in_time(arguments, measure(arguments, fresh.as_ref().map(Fresh::url))).await;
    if let Some(fresh) = fresh {
        fresh.drop().await?;
    }
    measured
}

async fn measure(arguments: &Arguments, database: Option<&str>) -> Result<bool, Box<dyn Error>> {
    let server = Server::start(arguments.server.as_deref(), database)?;
    let people = People::gather(server.address()).await?;
    let desk = Desk::open(server.address()).await?;
    let token = token(server.address(), &people).await?;
    let (list, _) = desk.get("/backoffice/payments").await?;
    let payment = list.split('"').find(|part| part.starts_with(PAYMENT)).ok_or("the list has no payment")?;
    println!("{:<60}{:>10}{:>10}", "page", "requests/s", "bytes");
    let mut is_slow = false;
    for page in PAGES {
        let path = page.replace("{token}", &token).replace("{payment}", payment);
        let head =
            Head::new("GET", &path, server.address(), "").with("accept", "text/html").with("accept-encoding", "gzip");
        // Who is signed in sees no door.
        let head = if page.contains("sign-in") { head } else { head.with("cookie", &desk.cookies) };
        let bytes = Connection::open(server.address()).await?.call_raw(&head, "").await?.len();
        let head = Arc::new(head);
        let mut rates = Vec::with_capacity(arguments.runs);
        for _ in 0..arguments.runs.max(1) {
            rates.push(rate(server.address(), &head, arguments).await?);
        }
        rates.sort_by(f64::total_cmp);
        let rate = rates[rates.len() / 2];
        // A picture is drawn once for each payment.
        let too_slow = rate < MUST && !page.ends_with(".svg");
        is_slow |= too_slow;
        println!("{page:<60}{rate:>10.0}{bytes:>10}{}", if too_slow { "  TOO SLOW" } else { "" });
    }
    Ok(is_slow)
}

/// Requests per second, while `--payments` of them are shared by `--concurrency` connections.
async fn rate(address: SocketAddr, head: &Arc<Head>, arguments: &Arguments) -> Result<f64, Box<dyn Error>> {
    let each = (arguments.payments() / arguments.concurrency()).max(1);
    let mut connections = Vec::with_capacity(arguments.concurrency());
    for _ in 0..arguments.concurrency() {
        connections.push(Connection::open(address).await?);
    }
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for mut connection in connections {
        let head = head.clone();
        tasks.spawn(async move {
            for _ in 0..each {
                connection.call_raw(&head, "").await?;
            }
            Ok::<_, Failure>(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok((each * arguments.concurrency()) as f64 / started.elapsed().as_secs_f64())
}

/// Of a payment that waits for its customer.
async fn token(address: SocketAddr, people: &People) -> Result<String, Box<dyn Error>> {
    let head = Head::new("POST", "/api/v1/p/merchant", address, &people.page);
    let body = json!({ "amount": 15_000, "orderId": "pages-1", "orderName": "Coffee" });
    Ok(text(Connection::open(address).await?.call(&head, &body.to_string()).await?, "token")?.to_owned())
}
