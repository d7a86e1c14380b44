//! What surrounds every page of the back office.

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;

use super::session::Desk;
use crate::{
    error::ApiError,
    pages::{page::Page, security::Policy, texts},
    store::Bounded,
};

/// Where a page belongs in the menu.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    Dashboard,
    Payments,
    Doubts,
    Keys,
    Profile,
}

/// The frame of a page: its menu, and who is signed in.
pub struct Shell {
    pub page: Page,
    pub desk: &'static texts::Desk,
    pub shop: String,
    pub email: String,
    pub csrf: String,
    pub section: Section,
    pub doubts: Bounded,
}

/// Doubts beyond these are not counted.
const MOST_DOUBTS: u64 = 99;

impl Shell {
    pub async fn of(desk: &Desk, section: Section) -> Result<Self, ApiError> {
        let page = Page::of(&desk.request);
        Ok(Self {
            desk: texts::Desk::of(page.lang),
            page,
            shop: desk.merchant.name.clone(),
            email: desk.merchant.email.clone(),
            csrf: desk.csrf(),
            section,
            doubts: desk.app.store.count_doubts(desk.merchant.id, MOST_DOUBTS).await?,
        })
    }

    /// For the menu: this is where we are.
    pub fn is(&self, section: &str) -> bool {
        section
            == match self.section {
                Section::Dashboard => "dashboard",
                Section::Payments => "payments",
                Section::Doubts => "doubts",
                Section::Keys => "keys",
                Section::Profile => "profile",
            }
    }

    pub fn send(&self, template: &impl Template) -> Result<HttpResponse, ApiError> {
        self.send_as(StatusCode::OK, template)
    }

    pub fn send_as(&self, status: StatusCode, template: &impl Template) -> Result<HttpResponse, ApiError> {
        // The proof of the forms stands in each, and the keys in one.
        self.page.send_secret(status, &Policy::default(), template)
    }
}
