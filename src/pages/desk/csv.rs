//! The filtered list as a file for spreadsheets: written while it is read, so its length costs no memory.

use std::sync::{Arc, LazyLock};

use actix_web::{
    HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_DISPOSITION},
    web::{Bytes, Data},
};
use futures_util::stream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    filter::{Asked, day},
    session::Desk,
    tag::Tag,
};
use crate::{
    error::{ApiError, Code, Lang},
    pages::{language, show::second, texts},
    routes::App,
    store::{Entry, Owner, PaymentFilter, Window},
};

/// Excel takes a file for UTF-8 only if it begins with this.
const BOM: &str = "\u{feff}";
/// Rows read at once: what bounds the memory.
const CHUNK: u64 = 500;
/// Files written at once by this process; one more hears 503.
const MAX_FILES: usize = 4;

static FILES: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(MAX_FILES)));

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
    _place: OwnedSemaphorePermit,
}

/// `/backoffice/payments.csv`.
pub async fn file(desk: Desk) -> Result<HttpResponse, ApiError> {
    let asked = Asked::of(desk.request.query_string());
    let filter = asked.filter()?;
    let place = FILES.clone().try_acquire_owned().map_err(|_| Code::Overloaded)?;
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
    let rows = stream::try_unfold(writer, |mut writer| async move {
        let chunk = writer.next().await?;
        Ok::<_, actix_web::Error>(chunk.map(|chunk| (chunk, writer)))
    });
    let name = format!("paygate-payments-{}.csv", day(desk.now(), 0));
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .insert_header((CACHE_CONTROL, "no-store"))
        .streaming(rows))
}

impl Writer {
    async fn next(&mut self) -> Result<Option<Bytes>, ApiError> {
        let mut text = std::mem::take(&mut self.head);
        let Some(window) = self.window.take() else {
            return Ok(Some(text.into()).filter(|bytes: &Bytes| !bytes.is_empty()));
        };
        let now = self.app.payments.now();
        // An error here ends the connection before the file does: a browser calls the download failed.
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
