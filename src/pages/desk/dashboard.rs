//! How business goes.

use actix_web::HttpResponse;
use askama::Template;

use super::{
    session::Desk,
    shell::{Section, Shell},
};
use crate::{error::ApiError, pages::page::Page};

#[derive(Template)]
#[template(path = "backoffice/dashboard.html")]
struct Dashboard<'a> {
    page: &'a Page,
    shell: &'a Shell,
}

/// `/backoffice/`.
pub async fn page(desk: Desk) -> Result<HttpResponse, ApiError> {
    let shell = Shell::of(&desk, Section::Dashboard).await?;
    shell.send(&Dashboard { page: &shell.page, shell: &shell })
}
