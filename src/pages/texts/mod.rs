//! What pages say, Korean beside English: one table a page. A text that a template names and no table
//! holds does not compile.

mod api;
mod checkout;
mod common;
mod dashboard;
mod desk;
mod desk_doubts;
mod desk_keys;
mod desk_payments;
mod docs;
mod events;
mod front;
mod phone;
mod shop;

pub use api::Api;
pub use checkout::Checkout;
pub use common::{Common, Reasons};
pub use dashboard::Dashboard;
pub use desk::{Desk, Door};
pub use desk_doubts::Doubts;
pub use desk_keys::{Keys, Profile};
pub use desk_payments::{Attempts, Csv, Payment, Payments, Statuses};
pub use docs::{Docs, StreamEvents};
pub use events::Events;
pub use front::Front;
pub use phone::{Issuers, Phone};
pub use shop::Shop;

/// A table of texts: `key "Korean" "English";`.
macro_rules! texts {
    ($(#[$doc:meta])* $name:ident { $($key:ident $ko:literal $en:literal;)* }) => {
        $(#[$doc])*
        pub struct $name {
            $(pub $key: &'static str),*
        }

        impl $name {
            pub const fn of(lang: crate::error::Lang) -> &'static Self {
                match lang {
                    crate::error::Lang::Ko => &Self { $($key: $ko),* },
                    crate::error::Lang::En => &Self { $($key: $en),* },
                }
            }
        }
    };
}
use texts;
