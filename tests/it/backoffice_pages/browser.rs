//! A browser without scripts: it keeps cookies, fills forms in, and follows no redirect by itself.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use reqwest::{Client, Method, header::HeaderMap, redirect};

use crate::support::{PASSWORD, Shop, TestApp, fresh, within};

/// One browser; a clone is another tab of it.
#[derive(Clone)]
pub struct Browser {
    client: Client,
    base: String,
    cookies: Arc<Mutex<BTreeMap<String, String>>>,
    lang: &'static str,
}

/// What it shows.
#[derive(Debug, Clone)]
pub struct Shown {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    pub bytes: Vec<u8>,
}

impl Browser {
    pub fn new(app: &TestApp) -> Self {
        let client =
            Client::builder().no_proxy().redirect(redirect::Policy::none()).pool_max_idle_per_host(0).build().unwrap();
        Self { client, base: app.http.base().to_owned(), cookies: Arc::default(), lang: "ko" }
    }

    /// Of somebody who is signed in as this shop.
    pub async fn of(app: &TestApp, shop: &Shop) -> Self {
        let browser = Self::new(app);
        browser.sign_in(&shop.email, PASSWORD).await.leads_to("/backoffice/");
        browser
    }

    /// A new shop and its browser.
    pub async fn with_shop(app: &TestApp) -> (Self, Shop) {
        let shop = app.shop().await;
        (Self::of(app, &shop).await, shop)
    }

    pub fn english(mut self) -> Self {
        self.lang = "en";
        self
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
    }

    pub fn set_cookie(&self, name: &str, value: &str) {
        self.cookies.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }

    pub async fn get(&self, path: &str) -> Shown {
        self.send(Method::GET, path, &[], None).await
    }

    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Shown {
        self.send(Method::GET, path, headers, None).await
    }

    /// A form as it is, proof or not.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Shown {
        self.post_with(path, &[], fields).await
    }

    pub async fn post_with(&self, path: &str, headers: &[(&str, &str)], fields: &[(&str, &str)]) -> Shown {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send(Method::POST, path, headers, Some(body)).await
    }

    /// Opens `page`, fills in the form that goes to `action`, and sends it.
    pub async fn submit(&self, page: &str, action: &str, fields: &[(&str, &str)]) -> Shown {
        let form = self.form(page, action).await;
        self.post(action, &filled(&form, fields)).await
    }

    /// The hidden fields of the form on `page` that goes to `action`.
    pub async fn form(&self, page: &str, action: &str) -> Vec<(String, String)> {
        let shown = self.get(page).await;
        assert_eq!(shown.status, 200, "{page}: {}", shown.text);
        shown.form(action)
    }

    pub async fn sign_in(&self, email: &str, password: &str) -> Shown {
        self.submit("/backoffice/sign-in", "/backoffice/sign-in", &[("email", email), ("password", password)]).await
    }

    /// Signs a new business up; its e-mail.
    pub async fn sign_up(&self, name: &str) -> String {
        let email = format!("{}@desk.example.com", fresh("owner"));
        let fields = [("email", email.as_str()), ("password", PASSWORD), ("name", name)];
        self.submit("/backoffice/sign-up", "/backoffice/sign-up", &fields).await.leads_to("/backoffice/");
        email
    }

    async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Option<String>) -> Shown {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        request = request.header("accept-language", self.lang);
        if headers.iter().all(|(name, _)| *name != "accept") {
            request = request.header("accept", "text/html");
        }
        let cookies: Vec<_> =
            self.cookies.lock().unwrap().iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        }
        let response = within(path, request.send()).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        for cookie in headers.get_all("set-cookie") {
            let (pair, attributes) = cookie.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            let mut cookies = self.cookies.lock().unwrap();
            if attributes.contains("Max-Age=0") {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let bytes = within(path, response.bytes()).await.unwrap().to_vec();
        Shown { status, headers, text: String::from_utf8_lossy(&bytes).into_owned(), bytes }
    }
}

/// A form's hidden fields with what somebody typed.
pub fn filled<'a>(hidden: &'a [(String, String)], typed: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let is_typed = |name: &str| typed.iter().any(|(typed, _)| *typed == name);
    let hidden = hidden.iter().filter(|(name, _)| !is_typed(name)).map(|(name, value)| (name.as_str(), value.as_str()));
    hidden.chain(typed.iter().copied()).collect()
}

impl Shown {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// It must redirect there.
    #[track_caller]
    pub fn leads_to(&self, path: &str) -> &Self {
        assert_eq!((self.status, self.header("location")), (303, path));
        self
    }

    #[track_caller]
    pub fn ok(&self) -> &Self {
        assert_eq!(self.status, 200, "{}", &self.text[..self.text.len().min(300)]);
        self
    }

    #[track_caller]
    pub fn says(&self, text: &str) -> &Self {
        assert!(self.text.contains(text), "{text} is not in the page ({})", self.status);
        self
    }

    #[track_caller]
    pub fn hides(&self, text: &str) -> &Self {
        assert!(!self.text.contains(text), "{text} is in the page ({})", self.status);
        self
    }

    /// Hidden fields of the form that goes to `action`.
    #[track_caller]
    pub fn form(&self, action: &str) -> Vec<(String, String)> {
        let start = self.text.find(&format!("action=\"{action}\"")).unwrap_or_else(|| panic!("no form to {action}"));
        let form = self.text[start..].split("</form>").next().unwrap();
        let hidden = form.split("<input ").filter(|input| input.contains("type=\"hidden\""));
        hidden.map(|input| (attribute(input, "name"), attribute(input, "value"))).collect()
    }
}

/// An attribute of the first tag in `html`.
pub fn attribute(html: &str, name: &str) -> String {
    let (_, rest) = html.split_once(&format!("{name}=\"")).unwrap_or_else(|| panic!("no {name} in {html}"));
    rest.split('"').next().unwrap().replace("&#38;", "&").replace("&#34;", "\"")
}
