//! Money in doubt: what is being done about it, and the decision where only a person can find out.

use actix_web::{HttpResponse, http::StatusCode, web};
use askama::Template;

use super::{
    filter::IN_DOUBT,
    form::{CHOOSE, Fields, Sent, Wrong},
    payment::{Summary, own},
    session::Desk,
    shell::{Section, Shell},
};
use crate::{
    actors::Decision,
    domain::{By, Payment, Resolution, Resolving},
    error::{ApiError, Lang, Problem},
    pages::{
        page::{Page, see},
        show::{second, won},
        texts,
    },
    routes::fields,
    store::Doubts as Whose,
};

#[derive(Template)]
#[template(path = "backoffice/doubts.html")]
struct Doubts<'a> {
    page: &'a Page,
    shell: &'a Shell,
    texts: &'static texts::Doubts,
    doubts: Vec<Doubt>,
    notice: &'static str,
    /// Set when there are more than are shown; the list has all of them.
    more: String,
    list: String,
    /// Of the page's own address: one payment's doubts alone.
    query: String,
    is_narrowed: bool,
    wrong: Wrong,
    /// The form that something is wrong with.
    wrong_form: &'a str,
    form: &'a Fields,
}

/// One charge or refund whose outcome is not known.
struct Doubt {
    payment: Summary,
    /// Of the refund; empty for the charge.
    refund: String,
    what: &'static str,
    amount: String,
    doing: &'static str,
    since: String,
    attempts: String,
    /// Empty when nothing happens by itself.
    next: String,
    waits_for_a_person: bool,
    yes: &'static str,
    no: &'static str,
    /// Names its form on the page.
    form: String,
}

/// Shown at once: what a page may weigh. There are more only when a network has been silent for long.
const SHOWN: usize = 12;
const REFUND: Problem = Problem { ko: "올바른 취소 번호가 아닙니다", en: "is not the number of a refund" };

/// `GET /backoffice/doubts`; `?payment=` names one whose doubts are shown alone.
pub async fn page(desk: Desk) -> Result<HttpResponse, ApiError> {
    show(&desk, &Fields::default(), "", None).await
}

/// `POST /backoffice/doubts/{id}`: somebody has asked the card company, and says what it said.
pub async fn resolve(sent: Sent, id: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let Sent { desk, form } = sent;
    let payment = own(&desk, &id).await?;
    let decided = match decision(&desk, &form) {
        Ok(decision) => desk.app.payments.resolve_by_hand(payment.id, decision).await.map_err(ApiError::from),
        Err(error) => Err(error),
    };
    match decided {
        Ok(_) => Ok(see("/backoffice/doubts?done=recorded")),
        Err(error) if error.code.status() < 500 => {
            let name = format!("{}{}", payment.id, form.get("refund"));
            show(&desk, &form, &name, Some(&error)).await
        }
        Err(error) => Err(error),
    }
}

fn decision(desk: &Desk, form: &Fields) -> Result<Decision, ApiError> {
    let approved = match form.get("approved") {
        "yes" => true,
        "no" => false,
        _ => return Err(ApiError::field("approved", CHOOSE)),
    };
    let note = fields::note(form.filled("note").map(|note| note.trim().to_owned()))?;
    form.sure()?;
    let number = |number: String| number.parse().map_err(|_| ApiError::field("refund", REFUND));
    let refund = form.filled("refund").map(number).transpose()?;
    Ok(Decision { refund, approved, note, by: By::BackOffice(desk.merchant.id) })
}

async fn show(desk: &Desk, form: &Fields, name: &str, error: Option<&ApiError>) -> Result<HttpResponse, ApiError> {
    let shell = Shell::of(desk, Section::Doubts).await?;
    let lang = shell.page.lang;
    let texts = texts::Doubts::of(lang);
    let one = desk.asked("payment");
    let is_narrowed = !one.is_empty();
    let payments = match is_narrowed {
        true => vec![Payment::clone(&*own(desk, &one).await?)],
        // One more than is shown tells whether there is more.
        false => desk.app.store.payments_in_doubt(Whose::Of(desk.merchant.id), SHOWN as u64 + 1).await?,
    };
    let doubts = payments.iter().flat_map(|payment| payment.doubts().map(|doubt| shown(payment, doubt, lang)));
    let mut doubts: Vec<_> = doubts.collect();
    // What waits for somebody comes first.
    doubts.sort_by_key(|doubt| !doubt.waits_for_a_person);
    let is_more = doubts.len() > SHOWN;
    doubts.truncate(SHOWN);
    // What is wrong is told at its form, or above all when that is gone.
    let wrong_form = if doubts.iter().any(|doubt| doubt.form == name) { name } else { "" };
    let template = Doubts {
        texts,
        notice: if desk.asked("done") == "recorded" { texts.recorded } else { "" },
        more: if is_more { texts.more.replace("{n}", &SHOWN.to_string()) } else { String::new() },
        list: format!("/backoffice/payments?status={IN_DOUBT}"),
        query: if is_narrowed { format!("?payment={}", payments[0].id) } else { String::new() },
        is_narrowed,
        wrong: error.map(|error| Wrong::of(error, lang)).unwrap_or_default(),
        wrong_form,
        form,
        doubts,
        page: &shell.page,
        shell: &shell,
    };
    shell.send_as(error.map_or(StatusCode::OK, ApiError::status), &template)
}

fn shown(payment: &Payment, doubt: Resolution, lang: Lang) -> Doubt {
    let texts = texts::Doubts::of(lang);
    let refund = doubt.refund.and_then(|number| payment.refund(number));
    let amount = refund.map_or(payment.order.amount, |refund| refund.amount);
    let (what, yes, no) = match refund {
        Some(_) => (texts.refund, texts.yes_refund, texts.no_refund),
        None => (texts.charge, texts.yes_charge, texts.no_charge),
    };
    let number = doubt.refund.map(|number| number.to_string()).unwrap_or_default();
    Doubt {
        payment: Summary::of(payment, lang),
        what,
        amount: won(amount.minor(), lang),
        doing: match doubt.state {
            Resolving::Inquiring => texts.inquiring,
            Resolving::Reversing => texts.reversing,
            Resolving::Refunding => texts.refunding,
            Resolving::Manual => texts.manual,
        },
        since: second(doubt.since),
        attempts: match doubt.attempts {
            0 => String::new(),
            times => texts.times.replace("{n}", &times.to_string()),
        },
        next: doubt.next_at.map(second).unwrap_or_default(),
        waits_for_a_person: doubt.may_be_decided(),
        yes,
        no,
        form: format!("{}{number}", payment.id),
        refund: number,
    }
}
