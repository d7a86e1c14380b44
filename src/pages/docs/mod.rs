//! The developer's page: how to begin, what each test card does, what each error and event means. Tables
//! are made from what the code knows, so they cannot fall behind it.

mod events;
mod examples;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;

use super::{
    page::Page,
    reasons::{self, Told as Reason},
    sdk,
    security::Policy,
    texts,
};
use crate::{
    acquirer::{Behaviour, SPECIAL_CARDS, SpecialCard},
    demo,
    error::{ApiError, Code, Lang, Told},
    routes::{App, keys_in_force},
};
use events::{EventLine, Stay};
use examples::Example;

#[derive(Template)]
#[template(path = "docs.html")]
struct Docs<'a> {
    page: &'a Page,
    texts: &'static texts::Docs,
    base: String,
    phone: String,
    /// Placeholders for what a reader has of their own, where there is no demo.
    client_key: String,
    shop_email: &'static str,
    password: &'static str,
    has_demo: bool,
    customer_email: &'static str,
    sdk: String,
    integrity: String,
    examples: Vec<Example>,
    cards: Vec<CardLine>,
    errors: Vec<ErrorLine>,
    events: Vec<EventLine>,
    stay: Stay,
    /// What a `failureCode` says.
    reasons: Vec<Reason>,
}

struct CardLine {
    number: &'static str,
    company: &'static str,
    effect: &'static str,
}

struct ErrorLine {
    code: &'static str,
    status: u16,
    outcome: &'static str,
    text: &'static str,
}

/// `/docs/`.
pub async fn page(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let page = Page::of(&request);
    let template = Docs {
        texts: texts::Docs::of(page.lang),
        base: app.public_url(&request),
        phone: app.phone_app_url(&request),
        client_key: demo_client_key(&app).await?.unwrap_or_else(|| "CLIENT_KEY".to_owned()),
        shop_email: if app.has_demo { demo::SHOP_EMAIL } else { "YOUR_EMAIL" },
        password: if app.has_demo { demo::PASSWORD } else { "YOUR_PASSWORD" },
        has_demo: app.has_demo,
        customer_email: demo::CUSTOMER_EMAIL,
        sdk: sdk::released("paygate"),
        integrity: sdk::integrity("paygate.js").unwrap_or_default(),
        examples: examples::all(),
        cards: cards(page.lang),
        errors: errors(page.lang),
        events: events::lines(texts::StreamEvents::of(page.lang)),
        stay: Stay::of(&app.live, page.lang),
        reasons: reasons::told(page.lang),
        page: &page,
    };
    page.send(StatusCode::OK, &Policy::default(), &template)
}

/// A client key may stand in a page; the secret one is fetched by whoever pastes the first snippet.
async fn demo_client_key(app: &App) -> Result<Option<String>, ApiError> {
    // Anybody may have signed up under the demo shop's e-mail where it is nobody's.
    if !app.has_demo {
        return Ok(None);
    }
    let Some((shop, _)) = app.store.merchant_by_email(demo::SHOP_EMAIL).await? else { return Ok(None) };
    Ok(keys_in_force(app, shop.id).await?.client_key)
}

fn cards(lang: Lang) -> Vec<CardLine> {
    let effect = |card: &SpecialCard| match lang {
        Lang::En => card.effect,
        Lang::Ko => effect_in_korean(card.behaviour),
    };
    let line = |card: &SpecialCard| CardLine { number: card.number, company: card.company, effect: effect(card) };
    SPECIAL_CARDS.iter().map(line).collect()
}

const fn effect_in_korean(behaviour: Behaviour) -> &'static str {
    match behaviour {
        Behaviour::Good => "항상 결제됩니다.",
        Behaviour::FailsVerification => "등록은 되지만 고객 승인 때 실패합니다(CARD_NOT_VALID). 결제는 열려 있습니다.",
        Behaviour::Declined => "결제 때 거절됩니다(CARD_DECLINED).",
        Behaviour::LimitExceeded => "결제 때 거절됩니다: 한도 초과(LIMIT_EXCEEDED).",
        Behaviour::Lost => "결제 때 거절됩니다: 분실 신고(CARD_LOST).",
        Behaviour::Slow => "3초 뒤에 결제되고 응답합니다.",
        Behaviour::DeadBefore => "결제되지 않고, 응답도 없습니다.",
        Behaviour::DeadAfter => "결제되지만 응답이 없습니다.",
        Behaviour::Garbage => "결제되지만 응답을 읽을 수 없습니다.",
        Behaviour::ErrorBefore => "결제되지 않고 서버 오류로 응답합니다.",
        Behaviour::ErrorAfter => "결제되지만 서버 오류로 응답합니다.",
    }
}

fn errors(lang: Lang) -> Vec<ErrorLine> {
    let line = |code: &Code| ErrorLine {
        code: code.as_str(),
        status: code.status(),
        outcome: if matches!(code.told(), Told::None) { "" } else { code.told().as_str() },
        text: code.text(lang),
    };
    Code::ALL.iter().map(line).collect()
}
