//! The demo shop's back office, as a browser that is signed in there, and as a client of its API.

use std::{
    error::Error,
    net::SocketAddr,
    time::{Duration, Instant},
};

use paygate::demo::{PASSWORD, SHOP_EMAIL};
use reqwest::{
    Client, Response,
    header::{COOKIE, SET_COOKIE},
    redirect::Policy,
};

pub struct Desk {
    client: Client,
    base: String,
    pub cookies: String,
    token: String,
}

impl Desk {
    pub async fn open(address: SocketAddr) -> Result<Self, Box<dyn Error>> {
        let client = Client::builder().no_proxy().redirect(Policy::none()).build()?;
        let (base, page) = (format!("http://{address}"), "/backoffice/sign-in");
        let door = client.get(format!("{base}{page}")).send().await?.error_for_status()?;
        let visit = cookies(&door);
        let form = door.text().await?;
        let csrf = form.split_once("name=\"csrf\" value=\"").and_then(|(_, rest)| rest.split_once('"'));
        let (csrf, _) = csrf.ok_or("the door has no form")?;
        let fields = [("csrf", csrf), ("email", SHOP_EMAIL), ("password", PASSWORD)];
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = client.post(format!("{base}{page}")).header(COOKIE, visit);
        let request = request.header("content-type", "application/x-www-form-urlencoded").header("origin", &base);
        let cookies = cookies(&request.body(body).send().await?);
        let who = serde_json::json!({ "email": SHOP_EMAIL, "password": PASSWORD });
        let api = client.post(format!("{base}/api/backoffice/v1/sign-in")).json(&who).send().await?;
        let answer: serde_json::Value = api.error_for_status()?.json().await?;
        let token = answer["data"]["accessToken"].as_str().ok_or("the API lets nobody in")?.to_owned();
        Ok(Self { client, base, cookies, token })
    }

    /// A page or an answer, and how long it took to be there.
    pub async fn get(&self, path: &str) -> Result<(String, Duration), Box<dyn Error>> {
        let started = Instant::now();
        let request = self.client.get(format!("{}{path}", self.base)).header(COOKIE, &self.cookies);
        let answer = request.bearer_auth(&self.token).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        if status.as_u16() == 200 { Ok((text, started.elapsed())) } else { Err(format!("{path}: {status}").into()) }
    }
}

fn cookies(answer: &Response) -> String {
    let set = answer.headers().get_all(SET_COOKIE).iter().filter_map(|cookie| cookie.to_str().ok());
    set.filter_map(|cookie| cookie.split(';').next()).collect::<Vec<_>>().join("; ")
}
