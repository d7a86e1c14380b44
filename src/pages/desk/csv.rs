//! The filtered list as a file for spreadsheets: written while it is read, so its length costs no memory.

use std::time::Duration;

use actix_web::{
    HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_DISPOSITION},
    web::{Bytes, Data},
};
use futures_util::{Stream, stream};
use tokio::sync::mpsc;

use super::{
    filter::{Asked, day},
    session::Desk,
    tag::Tag,
};
use crate::{
    domain::MerchantId,
    error::{ApiError, Code, Lang},
    pages::{language, show::second, texts},
    routes::App,
    shares::{self, Share},
    store::{Entry, Owner, PaymentFilter, Window},
};

/// Excel takes a file for UTF-8 only if it begins with this.
const BOM: &str = "\u{feff}";
/// Rows read at once: what bounds the memory.
const CHUNK: u64 = 500;

/// A file being written.
struct Writer {
    app: Data<App>,
    owner: Owner,
    filter: PaymentFilter,
    /// Where the next rows begin; absent after the last.
    window: Option<Window>,
    lang: Lang,
    /// What is sent before the next rows.
    head: String,
    _place: Share<MerchantId>,
}

/// `/backoffice/payments.csv`.
pub async fn file(desk: Desk) -> Result<HttpResponse, ApiError> {
    let asked = Asked::of(desk.request.query_string());
    let filter = asked.filter()?;
    let place = desk.app.files.take(Some(desk.merchant.id)).map_err(|_| Code::Overloaded)?;
    let lang = language::of(&desk.request);
    let (sort, is_ascending) = asked.sort();
    let writer = Writer {
        owner: Owner::Merchant(desk.merchant.id),
        // A filter that nothing can match leaves the head alone.
        window: filter.is_some().then(|| Window { sort, is_ascending, limit: CHUNK, ..Window::default() }),
        filter: filter.unwrap_or_default(),
        lang,
        head: format!("{BOM}{}", line(head(lang).map(str::to_owned))),
        app: desk.app.clone(),
        _place: place,
    };
    let name = format!("paygate-payments-{}.csv", day(desk.now(), 0));
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .insert_header((CACHE_CONTROL, "no-store"))
        .streaming(written(writer)))
}

/// What a writer sends: an error, or an end without [`Part::End`], ends the connection before the file does,
/// and a browser calls the download failed.
enum Part {
    Rows(Bytes),
    End,
}

type Parts = mpsc::Sender<Result<Part, ApiError>>;

/// Writes in a task of its own: a body is not asked for more while its client takes nothing, so it could not
/// notice for how long that has been.
fn written(writer: Writer) -> impl Stream<Item = Result<Bytes, actix_web::Error>> {
    let (parts, file) = mpsc::channel(1);
    tokio::spawn(shares::serve(shares::current(), writer.write(parts)));
    stream::try_unfold(file, |mut file| async move {
        match file.recv().await {
            Some(Ok(Part::Rows(rows))) => Ok(Some((rows, file))),
            Some(Ok(Part::End)) => Ok(None),
            Some(Err(error)) => Err(error.into()),
            None => Err(ApiError::from(Code::Unavailable).because("nobody took the file").into()),
        }
    })
}

impl Writer {
    /// Writes until the end, or until nobody reads any more; its place is free then.
    async fn write(mut self, parts: Parts) {
        let stall = Duration::from_millis(self.app.backoffice.file_stall_ms);
        loop {
            let part = self.next().await.map(|rows| rows.map_or(Part::End, Part::Rows));
            let is_last = !matches!(part, Ok(Part::Rows(_)));
            if parts.send_timeout(part, stall).await.is_err() || is_last {
                return;
            }
        }
    }

    async fn next(&mut self) -> Result<Option<Bytes>, ApiError> {
        let mut text = std::mem::take(&mut self.head);
        let Some(window) = self.window.take() else {
            return Ok(Some(text.into()).filter(|bytes: &Bytes| !bytes.is_empty()));
        };
        let now = self.app.payments.now();
        let (entries, is_more) = self.app.store.browse(self.owner, &self.filter, window, now).await?;
        if let Some(last) = entries.last().filter(|_| is_more) {
            self.window = Some(Window { from: Some(last.cursor(window.sort)), ..window });
        }
        for entry in entries {
            text.push_str(&line(cells(entry, self.lang)));
        }
        Ok(Some(text.into()).filter(|bytes: &Bytes| !bytes.is_empty()))
    }
}

const COLUMNS: usize = 13;

const fn head(lang: Lang) -> [&'static str; COLUMNS] {
    let texts = texts::Csv::of(lang);
    [
        texts.created,
        texts.approved,
        texts.order,
        texts.name,
        texts.customer,
        texts.method,
        texts.company,
        texts.card,
        texts.status,
        texts.amount,
        texts.given_back,
        texts.balance,
        texts.key,
    ]
}

fn cells(entry: Entry, lang: Lang) -> [String; COLUMNS] {
    let given_back = entry.given_back();
    let text = |text: Option<String>| harmless(text.unwrap_or_default());
    [
        second(entry.created_at),
        entry.approved_at.map(second).unwrap_or_default(),
        harmless(entry.order_id),
        harmless(entry.order_name),
        text(entry.customer),
        text(entry.method).to_uppercase(),
        text(entry.card_company),
        text(entry.card_masked),
        Tag::of(entry.status, lang).text.to_owned(),
        entry.amount.to_string(),
        given_back.to_string(),
        entry.balance.to_string(),
        text(entry.payment_key),
    ]
}

/// A spreadsheet takes what begins like this for a formula, and runs it.
fn harmless(text: String) -> String {
    let begins_a_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    if begins_a_formula { format!("'{text}") } else { text }
}

/// RFC 4180.
fn line(cells: [String; COLUMNS]) -> String {
    let quoted = cells.map(|cell| {
        let needs_quotes = cell.contains(['"', ',', '\n', '\r', '\t', ';', '\'', ' ']);
        if needs_quotes { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
    });
    format!("{}\r\n", quoted.join(","))
}
