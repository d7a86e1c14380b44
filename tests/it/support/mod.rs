//! What the tests stand on: a Paygate per test, clients for its parties, and things they can script.

mod acquirer;
mod app;
mod clock;
mod database;
mod events;
mod http;
mod people;
mod process;
mod proxy;
mod wait;

pub use acquirer::{OnRecord, Play, ScriptedAcquirer};
pub use app::{Setup, TestApp, spawn_app};
pub use clock::TestClock;
pub use database::TestDatabase;
pub use events::{Event, Events};
pub use http::{Answer, Call, Http};
pub use people::{Approved, CARDS, Customer, PASSWORD, Shop, card, card_of, fresh, unique};
pub use process::{Process, command, run};
pub use proxy::Proxy;
pub use wait::{PATIENCE, eventually, within};
