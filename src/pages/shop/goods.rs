//! What the demo shop sells. The price on this side is the one that counts.

use uuid::Uuid;

use crate::{actors::Services, error::Lang};

pub struct Good {
    pub id: &'static str,
    name: [&'static str; 2],
    about: [&'static str; 2],
    /// Won.
    pub price: i64,
}

pub const GOODS: [Good; 4] = [
    Good {
        id: "coffee",
        name: ["드립 커피", "Drip coffee"],
        about: ["산미가 적은 중배전", "Medium roast, low acidity"],
        price: 4_500,
    },
    Good {
        id: "mug",
        name: ["도자기 머그", "Stoneware mug"],
        about: ["이천에서 구운 350 ml", "350 ml, fired in Icheon"],
        price: 18_000,
    },
    Good {
        id: "beans",
        name: ["원두 500 g", "Coffee beans, 500 g"],
        about: ["이번 주에 볶았습니다", "Roasted this week"],
        price: 23_000,
    },
    Good {
        id: "grinder",
        name: ["핸드 그라인더", "Hand grinder"],
        about: ["강철 코니컬 버", "Steel conical burr"],
        price: 129_000,
    },
];

impl Good {
    pub const fn name(&self, lang: Lang) -> &'static str {
        in_language(&self.name, lang)
    }

    pub const fn about(&self, lang: Lang) -> &'static str {
        in_language(&self.about, lang)
    }

    /// A new order. Its id says what was ordered, so that this shop needs no database.
    pub fn order_id(&self) -> String {
        let number: Uuid = Services::fresh();
        format!("{}-{}", self.id, number.simple())
    }
}

const fn in_language(texts: &[&'static str; 2], lang: Lang) -> &'static str {
    match lang {
        Lang::Ko => texts[0],
        Lang::En => texts[1],
    }
}

/// What was ordered.
pub fn of_order(order_id: &str) -> Option<&'static Good> {
    let (id, number) = order_id.split_once('-')?;
    Uuid::try_parse(number).ok()?;
    GOODS.iter().find(|good| good.id == id)
}
