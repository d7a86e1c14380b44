//! What whoever starts Paygate for the first time reads.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use url::{Host, Url};

use super::{CUSTOMER_EMAIL, PASSWORD, SHOP_EMAIL};
use crate::routes::ServerSettings;

/// As `config/default.toml` has it.
const DEFAULT_LISTEN: &str = "127.0.0.1:8080";

/// Accounts, addresses, and what to do next.
pub fn welcome(server: &ServerSettings, address: SocketAddr) -> String {
    let base = base(server, address);
    let phone = match server.phone_app() {
        path if path.starts_with('/') => format!("{base}{path}"),
        url => url.to_owned(),
    };
    // Where it looks by itself.
    let listen = match address.to_string() {
        usual if usual == DEFAULT_LISTEN => String::new(),
        other => format!("PAYGATE__SERVER__LISTEN={other} "),
    };
    format!(
        "
Paygate is listening on {address}

  Demo shop      {SHOP_EMAIL} / {PASSWORD}      (back office)
  Demo customer  {CUSTOMER_EMAIL} / {PASSWORD}  (has a card that always works)

  Buy something  {base}/shop/
  Phone app      {phone}/      (open it in a second tab)
  Developers     {base}/docs/
  Back office    {base}/backoffice/
  Health         {base}/readyz
  Metrics        {base}/metrics

Or watch one whole payment on the wire, in another terminal:

  {listen}cargo run -- demo pay

{}",
        with_a_phone(&base, address.port())
    )
}

/// How a browser on this machine reaches the server.
fn base(server: &ServerSettings, address: SocketAddr) -> String {
    if !server.public_url.is_empty() {
        return server.public_url.trim_end_matches('/').to_owned();
    }
    let ip = if address.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { address.ip() };
    format!("{}://{}", server.scheme(), SocketAddr::new(ip, address.port()))
}

/// A QR code holds the address under which its page was asked for.
fn with_a_phone(base: &str, port: u16) -> String {
    let url = Url::parse(base).ok();
    let is_here = match url.as_ref().and_then(Url::host) {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    let scheme = if base.starts_with("https:") { "https" } else { "http" };
    if is_here {
        return format!(
            "A phone cannot open these addresses. To scan the code with one, serve on the network that it is in:

  PAYGATE__SERVER__LISTEN=0.0.0.0:{port} PAYGATE__SERVER__PUBLIC_URL={scheme}://YOUR_LAN_ADDRESS:{port} cargo run

and scan it with the phone's own camera app. (The phone app's camera takes HTTPS; over HTTP it reads a picture or a
pasted address.)
"
        );
    }
    if scheme == "https" {
        return "A phone that reaches this address can scan the code, with its own camera app or with the phone app.\n"
            .to_owned();
    }
    "A phone that reaches this address can scan the code with its own camera app. (The phone app's camera takes HTTPS; over
HTTP it reads a picture or a pasted address.)
"
    .to_owned()
}
