//! The filtered list as a file, CSV for programs and a workbook for spreadsheets: written while it is read, so its length costs no memory.

use std::time::Duration;

use actix_web::{
    HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_DISPOSITION},
    web::{Bytes, Data},
};
use futures_util::{Stream, stream};
use tokio::sync::mpsc;

use super::{
    csv,
    filter::{Asked, day},
    session::Desk,
    tag::Tag,
    xlsx::{self, Workbook},
};
use crate::{
    domain::MerchantId,
    error::{ApiError, Code, Lang},
    pages::{language, show::second, texts},
    routes::App,
    shares::{self, Share},
    store::{Entry, Owner, PaymentFilter, Window},
};

/// Rows read at once: what bounds the memory.
const CHUNK: u64 = 500;

/// What stands in one place of a file.
#[derive(Clone)]
pub enum Cell {
    Text(String),
    Number(i64),
}

enum Format {
    Csv,
    Xlsx(Box<Workbook>),
}

/// A file being written.
struct Writer {
    app: Data<App>,
    owner: Owner,
    filter: PaymentFilter,
    /// Where the next rows begin; absent after the last.
    window: Option<Window>,
    lang: Lang,
    format: Format,
    /// What is sent before the next rows.
    head: String,
    _place: Share<MerchantId>,
}

/// `/backoffice/payments.csv`.
pub async fn csv(desk: Desk) -> Result<HttpResponse, ApiError> {
    let lang = language::of(&desk.request);
    let head = format!("{}{}", csv::BOM, csv::line(head(lang)));
    file(&desk, Format::Csv, head, "csv", "text/csv; charset=utf-8")
}

/// `/backoffice/payments.xlsx`.
pub async fn xlsx(desk: Desk) -> Result<HttpResponse, ApiError> {
    let lang = language::of(&desk.request);
    let workbook = Workbook::new(head(lang).to_vec()).map_err(unwritten)?;
    file(&desk, Format::Xlsx(Box::new(workbook)), String::new(), "xlsx", xlsx::CONTENT_TYPE)
}

fn unwritten(error: std::io::Error) -> ApiError {
    ApiError::from(Code::Internal).because(error)
}

fn file(
    desk: &Desk,
    format: Format,
    head: String,
    ending: &str,
    content_type: &'static str,
) -> Result<HttpResponse, ApiError> {
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
        format,
        head,
        app: desk.app.clone(),
        _place: place,
    };
    let name = format!("paygate-payments-{}.{ending}", day(desk.now(), 0));
    Ok(HttpResponse::Ok()
        .content_type(content_type)
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

    /// The next rows; nothing after the last.
    async fn next(&mut self) -> Result<Option<Bytes>, ApiError> {
        let mut text = std::mem::take(&mut self.head);
        let Some(window) = self.window.take() else { return self.last(text) };
        let now = self.app.payments.now();
        let (entries, is_more) = self.app.store.browse(self.owner, &self.filter, window, now).await?;
        if let Some(last) = entries.last().filter(|_| is_more) {
            self.window = Some(Window { from: Some(last.cursor(window.sort)), ..window });
        }
        let rows = entries.into_iter().map(|entry| cells(entry, self.lang));
        match &mut self.format {
            Format::Csv => rows.for_each(|row| text.push_str(&csv::line(row))),
            Format::Xlsx(workbook) => {
                for row in rows {
                    workbook.add(row).map_err(unwritten)?;
                }
                // What is compressed comes out in its time: an empty part would be taken for the end.
                let ready = workbook.take();
                return if ready.is_empty() && self.window.is_none() {
                    self.last(text)
                } else {
                    Ok(Some(ready.into()))
                };
            }
        }
        Ok(Some(text.into()).filter(|bytes: &Bytes| !bytes.is_empty()))
    }

    fn last(&mut self, text: String) -> Result<Option<Bytes>, ApiError> {
        let bytes = match std::mem::replace(&mut self.format, Format::Csv) {
            Format::Csv => text.into(),
            Format::Xlsx(workbook) => workbook.finish().map_err(unwritten)?.into(),
        };
        Ok(Some(bytes).filter(|bytes: &Bytes| !bytes.is_empty()))
    }
}

const COLUMNS: usize = 13;

fn head(lang: Lang) -> [Cell; COLUMNS] {
    let texts = texts::Csv::of(lang);
    let names = [
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
    ];
    names.map(|name| Cell::Text(name.to_owned()))
}

fn cells(entry: Entry, lang: Lang) -> [Cell; COLUMNS] {
    let given_back = entry.given_back();
    let text = |text: Option<String>| Cell::Text(text.unwrap_or_default());
    [
        Cell::Text(second(entry.created_at)),
        text(entry.approved_at.map(second)),
        Cell::Text(entry.order_id),
        Cell::Text(entry.order_name),
        text(entry.customer),
        text(entry.method.map(|method| method.to_uppercase())),
        text(entry.card_company),
        text(entry.card_masked),
        Cell::Text(Tag::of(entry.status, lang).text.to_owned()),
        Cell::Number(entry.amount),
        Cell::Number(given_back),
        Cell::Number(entry.balance),
        text(entry.payment_key),
    ]
}
