//! How long the lists of the back office take when there are a million payments: every filter, alone and
//! with others, on the first page and far away, with the plan that the database made for it.
#![expect(clippy::print_stdout, reason = "a benchmark prints")]

use std::{error::Error, path::Path, process::Command, time::Duration};

use paygate::{
    config::Settings,
    demo::SHOP_EMAIL,
    pages::Asked,
    store::{DatabaseSettings, Owner, Store},
};

use super::{Arguments, database::Fresh, desk::Desk, in_time, server::Server};

/// Each page is asked for so often; the median counts.
const TIMES: usize = 7;

/// A page in the middle of what [`paygate::demo::make_past`] makes: by date, and by amount.
const FAR_BY_DATE: &str = "{middle}-00000000000000000000000000000000";
const FAR_BY_AMOUNT: &str = "150000-00000000000000000000000000000000";

/// What somebody looks for. `{day}`, `{year}` and `{month}` are dates before today.
const LISTS: &[&str] = &[
    "",
    "sort=oldest",
    "sort=highest",
    "name=Gift",
    "name=GIFT+CARD+77",
    "name=%EC%B9%B4%ED%8E%98",
    "name=customer-77-",
    "name=%EC%97%86%EB%8A%94+%EC%83%81%ED%92%88",
    "name=zz",
    "name=100%25_",
    "name=gift+card+77&type=refund",
    "name=customer-77-&startDate={month}",
    "name=gift+card+77&sort=highest",
    "name=nobody&status=EXPIRED",
    "type=payment",
    "type=cancel",
    "type=refund&sort=oldest",
    "type=refund&sort=highest",
    "type=payment&sort=highest",
    "type=refund&status=PARTIAL_CANCELED&sort=lowest",
    "type=cancel&min=290000",
    "type=cancel&status=DONE",
    "status=DONE",
    "status=ABORTED",
    "status=IN_VERIFICATE",
    "status=IN_DOUBT",
    "status=IN_DOUBT&sort=highest",
    "status=DONE&sort=highest",
    "status=ABORTED&sort=lowest",
    "method=past",
    "method=bank",
    "method=bank&sort=highest",
    "min=299000",
    "min=1000&max=200000",
    "min=99999999",
    "min=1000&sort=oldest",
    "startDate={day}",
    "startDate={year}&endDate={year}",
    "startDate={month}&sort=highest",
    "startDate={year}&sort=lowest&min=200000",
    "startDate={month}&type=refund",
    "startDate={year}&endDate={year}&status=ABORTED&min=200000",
    "key=nothing-like-it",
];

/// What else the back office counts and sums, and the lists of its API, which count up to ten thousand.
const OTHERS: &[&str] = &[
    "/backoffice/",
    "/backoffice/doubts",
    "/backoffice/payments/news?after={now}-00000000000000000000000000000000",
    "/backoffice/payments/news?name=gift&after={now}-00000000000000000000000000000000",
    "/backoffice/payments/news?method=past&after={now}-00000000000000000000000000000000&made={middle}",
    "/api/backoffice/v1/payments",
    "/api/backoffice/v1/payments?include=all",
    "/api/backoffice/v1/payments?page=1000&limit=20",
    "/api/backoffice/v1/payments?page=30000&limit=20",
    "/api/backoffice/v1/payments?name=Gift",
    "/api/backoffice/v1/payments?name=GIFT+CARD+77",
    "/api/backoffice/v1/payments?name=%EC%97%86%EB%8A%94+%EC%83%81%ED%92%88",
    "/api/backoffice/v1/payments?name=zz",
    "/api/backoffice/v1/payments?name=customer-77-",
    "/api/backoffice/v1/payments?name=customer-77-&startDate={month}",
    "/api/backoffice/v1/payments?status=APPROVED",
    "/api/backoffice/v1/payments?status=CANCELED&page=100",
    "/api/backoffice/v1/payments?status=REFUNDED&startDate={year}&endDate={year}",
    "/api/backoffice/v1/payments?startDate={month}",
];

/// Returns whether a list took longer than it may.
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
    let may_take = Duration::from_millis(if database.is_some() { 100 } else { 250 });
    let server = Server::start(arguments.server.as_deref(), database)?;
    let url = server.database().to_owned();
    let count = arguments.payments();
    println!("making up {count} payments");
    make_past(arguments.server.as_deref(), &url, count)?;
    let store = Store::connect(&DatabaseSettings { url, ..Settings::load(None)?.database }).await?;
    let (shop, _) = store.merchant_by_email(SHOP_EMAIL).await?.ok_or("there is no demo shop")?;
    let desk = Desk::open(server.address()).await?;
    println!("\n{:<72}{:>9}{:>9}  ms", "list", "median", "longest");
    let (mut slow, mut worst) = (0, Duration::ZERO);
    for list in LISTS {
        for far in [false, true] {
            let mut query = dated(list);
            if far {
                let cursor =
                    if list.contains("highest") || list.contains("lowest") { FAR_BY_AMOUNT } else { FAR_BY_DATE };
                query += &format!("{}after={}", if query.is_empty() { "" } else { "&" }, dated(cursor));
            }
            let median = time(&desk, &format!("/backoffice/payments?{query}"), may_take).await?;
            slow += usize::from(median > may_take);
            worst = worst.max(median);
            let asked = Asked::of(&query);
            let filter = asked.filter().map_err(|_| "a filter is wrong")?;
            // What cannot be is not looked for.
            let Some(filter) = filter else { continue };
            for line in store.plan(Owner::Merchant(shop.id), &filter, asked.window()).await? {
                println!("      {line}");
            }
        }
    }
    for path in OTHERS {
        let median = time(&desk, &dated(path), may_take).await?;
        slow += usize::from(median > may_take);
        worst = worst.max(median);
    }
    store.close().await;
    println!("\nthe longest median: {:.0} ms; {slow} above {} ms", worst.as_secs_f64() * 1e3, may_take.as_millis());
    Ok(slow > 0)
}

/// The median of the times that the page took, when it is in memory.
async fn time(desk: &Desk, path: &str, may_take: Duration) -> Result<Duration, Box<dyn Error>> {
    for _ in 0..2 {
        desk.get(path).await?;
    }
    let mut times = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        times.push(desk.get(path).await?.1);
    }
    times.sort_unstable();
    let (median, longest) = (times[TIMES / 2], times[TIMES - 1]);
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let mark = if median > may_take { "  TOO LONG" } else { "" };
    println!("{:<72}{:>9.1}{:>9.1}{mark}", path.trim_start_matches("/backoffice/payments?"), ms(median), ms(longest));
    Ok(median)
}

/// With dates that lie where they should, whatever today is.
fn dated(text: &str) -> String {
    let now = jiff::Timestamp::now();
    let before = |days: i64| now.checked_sub(jiff::SignedDuration::from_hours(24 * days)).unwrap_or(now);
    let date = |days| before(days).strftime("%Y-%m-%d").to_string();
    text.replace("{day}", &date(1))
        .replace("{month}", &date(30))
        .replace("{year}", &date(365))
        .replace("{middle}", &before(365).as_microsecond().to_string())
        .replace("{now}", &now.as_microsecond().to_string())
}

fn make_past(binary: Option<&Path>, database: &str, count: usize) -> Result<(), Box<dyn Error>> {
    let made = Command::new(binary.unwrap_or(Path::new(env!("CARGO_BIN_EXE_paygate"))))
        .args(["demo", "past", "--payments", &count.to_string()])
        .env("PAYGATE__DATABASE__URL", database)
        .status()?;
    if made.success() { Ok(()) } else { Err("the payments could not be made up".into()) }
}
