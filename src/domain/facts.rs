//! The facts of the small types: money, ids, texts, business days, schedules, QR claims.

use jiff::{SignedDuration, Timestamp};
use serde_json::{from_value, json, to_value};
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

use super::*;

fn won(minor: i64) -> Money {
    Money::new(minor, Currency::KRW).unwrap()
}

#[test]
fn money_is_one_unit_to_the_limit_of_its_currency() {
    for good in [1, 100_000_000] {
        assert_eq!(Money::new(good, Currency::KRW).map(Money::minor), Ok(good));
    }
    for (bad, why) in [
        (0, MoneyError::NotPositive),
        (i64::MIN, MoneyError::NotPositive),
        (100_000_001, MoneyError::TooLarge),
        (i64::MAX, MoneyError::TooLarge),
    ] {
        assert_eq!(Money::new(bad, Currency::KRW), Err(why));
        assert!(from_value::<Money>(json!({"minor": bad, "currency": "KRW"})).is_err());
    }
}

#[test]
fn money_in_json_is_whole_and_names_its_currency() {
    assert_eq!(to_value(won(5)).unwrap(), json!({"minor": 5, "currency": "KRW"}));
    assert_eq!(from_value::<Money>(json!({"minor": 5, "currency": "KRW"})).unwrap(), won(5));
    for bad in [json!({"minor": 5.5, "currency": "KRW"}), json!({"minor": 5, "currency": "USD"}), json!({"minor": 5})] {
        assert!(from_value::<Money>(bad.clone()).is_err(), "{bad}");
    }
}

#[test]
fn order_texts_have_1_to_100_code_points() {
    // 한 has three bytes in UTF-8, 🍰 has two units in UTF-16: neither is what counts.
    for c in ["a", "한", "🍰"] {
        assert!(c.parse::<OrderId>().is_ok() && c.repeat(100).parse::<OrderId>().is_ok());
        assert!(c.repeat(100).parse::<OrderName>().is_ok());
        assert_eq!(c.repeat(101).parse::<OrderId>(), Err(TextError::Length));
        assert_eq!(c.repeat(101).parse::<OrderName>(), Err(TextError::Length));
    }
    assert_eq!("".parse::<OrderId>(), Err(TextError::Length));
    assert_eq!("".parse::<OrderName>(), Err(TextError::Length));
}

#[test]
fn order_texts_never_break_a_line_and_order_ids_never_need_escaping() {
    let controls = ('\0'..=' ').filter(|c| *c != ' ').chain('\u{7f}'..='\u{9f}').chain(['\u{2028}', '\u{2029}']);
    for c in controls {
        let text = format!("a{c}b");
        assert_eq!(text.parse::<OrderId>(), Err(TextError::Character), "{c:?}");
        assert_eq!(text.parse::<OrderName>(), Err(TextError::Character), "{c:?}");
    }
    for c in ['"', '\\', '&', '#', '+', '%'] {
        assert_eq!(format!("a{c}b").parse::<OrderId>(), Err(TextError::Character), "{c:?}");
        assert!(format!("a{c}b").parse::<OrderName>().is_ok(), "{c:?}");
        assert!(from_value::<OrderId>(json!(format!("{c}"))).is_err(), "JSON is no way around the check");
    }
    assert_eq!("주문 №1 /?=_-.~".parse::<OrderId>().unwrap().as_str(), "주문 №1 /?=_-.~");
}

#[test]
fn a_name_is_seen_and_taken_for_what_it_is() {
    for name in [" ", "\u{3000}", "\u{200d}", "\u{2060}\u{ad}", "\u{3164}", "\u{fe0f}", "\u{2800} \u{200e}"] {
        assert_eq!(name.parse::<OrderName>(), Err(TextError::Invisible), "{name:?}");
    }
    for c in ['\u{202a}', '\u{202e}', '\u{2066}', '\u{2069}'] {
        assert_eq!(format!("커피{c}").parse::<OrderName>(), Err(TextError::Character), "{c:?}");
        assert!(OrderName::try_from(format!("커피{c}")).is_ok(), "what was taken once stays readable");
    }
    for name in ["👩\u{200d}🍳 세트", "커피\u{200b} \u{feff}세트", "❤\u{fe0f}", " 커피 ", "قهوة", "."]
    {
        assert!(name.parse::<OrderName>().is_ok(), "{name:?}");
    }
}

#[test]
fn two_order_ids_that_look_alike_are_the_same_one() {
    for text in [" ", " A-1", "A-1 ", "\u{3000}A-1", "A-1\u{a0}"] {
        assert_eq!(text.parse::<OrderId>(), Err(TextError::Edge), "{text:?}");
    }
    for c in [
        '\u{ad}',
        '\u{200b}',
        '\u{200d}',
        '\u{200e}',
        '\u{202e}',
        '\u{2060}',
        '\u{2066}',
        '\u{feff}',
        '\u{fe0f}',
        '\u{a0}',
        '\u{3000}',
        '\u{3164}',
        '\u{e0041}',
    ] {
        assert_eq!(format!("A{c}1").parse::<OrderId>(), Err(TextError::Hidden), "{c:?}");
        assert_eq!(format!("A1{c}b").parse::<OrderId>(), Err(TextError::Hidden), "{c:?}");
        assert!(OrderId::try_from(format!("A{c}1")).is_ok(), "what was taken once stays readable");
    }
    let (composed, decomposed): (OrderId, OrderId) = ("한글-é".parse().unwrap(), "한글-e\u{301}".parse().unwrap());
    assert_eq!(composed, decomposed);
    let decomposed = OrderId::try_from("한글-e\u{301}".nfd().collect::<String>()).unwrap();
    assert_eq!(composed.other_forms(), std::slice::from_ref(&decomposed));
    assert_eq!(decomposed.other_forms(), [composed]);
    assert_eq!("A-1".parse::<OrderId>().unwrap().other_forms(), []);
    for good in ["A 1", "👩\u{200d}🍳-1", "❤\u{fe0f}", "❤\u{fe0f}\u{200d}🔥", "주문 1"] {
        assert_eq!(good.parse::<OrderId>().unwrap().as_str(), good);
    }
}

#[test]
fn what_people_read_hides_nothing_and_turns_nothing_around() {
    for bad in ["환불\u{202e}", "a\u{200b}b", "\u{feff}a", "a\u{2066}b", "a\u{e0041}"] {
        assert_eq!(check_visible(bad), Err(TextError::Hidden), "{bad:?}");
    }
    for good in ["", " 단순 변심 ", "첫 줄\n둘째 줄", "👩\u{200d}🍳", "می\u{200c}خواهم", "❤\u{fe0f}"]
    {
        assert_eq!(check_visible(good), Ok(()), "{good:?}");
    }
}

#[test]
fn what_is_no_payment_key_is_refused() {
    let good = PaymentKey::new(Uuid::from_u128(7).into(), 9).to_string();
    let bad = [String::new(), good[1..].into(), format!("{good}A"), format!("{good}="), good.replacen('A', "+", 1)];
    // The last character carries four bits; one more would be a second way to write the same key.
    let not_canonical = format!("{}l", &good[..42]);
    for text in bad.iter().chain([&not_canonical]) {
        assert!(text.parse::<PaymentKey>().is_err(), "{text}");
        assert!(from_value::<PaymentKey>(json!(text)).is_err(), "{text}");
    }
}

#[test]
fn a_business_day_ends_at_midnight_in_seoul() {
    let kind = |approved: &str, requested: &str| RefundKind::on(approved.parse().unwrap(), requested.parse().unwrap());
    let cases = [
        ("2026-03-01T14:59:58Z", "2026-03-01T14:59:59.999999Z", RefundKind::Canceled),
        ("2026-03-01T14:59:59Z", "2026-03-01T15:00:00Z", RefundKind::Refunded),
        ("2026-03-01T15:00:00Z", "2026-03-02T14:59:59Z", RefundKind::Canceled),
        ("2026-03-01T15:00:00Z", "2026-03-02T15:00:00Z", RefundKind::Refunded),
        ("2025-12-31T14:59:59Z", "2025-12-31T15:00:00Z", RefundKind::Refunded),
        // A clock that went back makes no refund out of a cancel.
        ("2026-03-01T15:00:00Z", "2026-03-01T14:59:59Z", RefundKind::Canceled),
    ];
    for (approved, requested, expected) in cases {
        assert_eq!(kind(approved, requested), expected, "{approved} {requested}");
    }
    assert_eq!(business_day("2026-03-01T15:00:00Z".parse().unwrap()).to_string(), "2026-03-02");
}

#[test]
fn an_unknown_reason_is_a_plain_decline() {
    for word in ["NEW_WORD_OF_TOMORROW", "declined", "DECLINED"] {
        assert_eq!(from_value::<Reason>(json!(word)).unwrap(), Reason::Declined);
    }
    let event = json!({"kind": "aborted", "reason": "NEW_WORD_OF_TOMORROW"});
    assert_eq!(from_value::<Event>(event).unwrap(), Event::Aborted { reason: Reason::Declined });
    assert_eq!(to_value(Reason::TxnReversed).unwrap(), json!("TXN_REVERSED"));
}

#[test]
fn attempts_follow_the_schedule_and_its_last_pause_repeats() {
    let now: Timestamp = "2026-03-01T14:50:00Z".parse().unwrap();
    let seconds = SignedDuration::from_secs;
    let policy = Policy {
        call_limit: seconds(8),
        inquiry_every: seconds(3),
        inquiry_for: seconds(45),
        retry_after: vec![seconds(5), seconds(15), seconds(60)],
        resolves: true,
        refunds: true,
        is_circuit_open: false,
    };
    for (failed, pause) in [(0, 5), (1, 5), (2, 15), (3, 60), (4, 60), (u32::MAX, 60)] {
        assert_eq!(policy.next_attempt_at(now, failed), now + seconds(pause), "after {failed} failures");
    }
    assert_eq!((policy.lost_at(now), policy.next_inquiry_at(now)), (now + seconds(8), now + seconds(3)));
    assert!(!policy.inquired_enough(now, now + seconds(45) - SignedDuration::from_nanos(1)));
    assert!(policy.inquired_enough(now, now + seconds(45)));
    // Clocks of several machines: a doubt that begins in the future has not lasted long enough.
    assert!(!policy.inquired_enough(now, now - seconds(60)));

    let without_pauses = Policy { retry_after: vec![], ..policy };
    assert_eq!(without_pauses.next_attempt_at(now, 1), now + seconds(3), "never at once, for ever");
    let for_ever = Policy { call_limit: SignedDuration::MAX, inquiry_for: SignedDuration::MAX, ..without_pauses };
    assert_eq!(for_ever.lost_at(now), Timestamp::MAX);
    assert!(!for_ever.inquired_enough(now, now + seconds(1_000_000)));
}

#[test]
fn who_waits_for_a_person_is_written_as_an_absent_time() {
    let (txn_no, cancel_no) = (Uuid::from_u128(1).into(), Uuid::from_u128(2).into());
    let at: Timestamp = "2026-03-01T14:50:00Z".parse().unwrap();
    for (next_at, text) in [(None, json!(null)), (Some(at), json!("2026-03-01T14:50:00Z"))] {
        let unknown = Event::AuthorizationUnknown { txn_no, next_at };
        assert_eq!(to_value(&unknown).unwrap()["next_at"], text);
        assert_eq!(to_value(Event::RefundUnknown { cancel_no, next_at }).unwrap()["next_at"], text);
        assert_eq!(from_value::<Event>(to_value(&unknown).unwrap()).unwrap(), unknown);
    }
    // As the first version of the journal wrote it, before anybody could be asked.
    let old = json!({"kind": "authorization_unknown", "txn_no": "00000000-0000-0000-0000-000000000001"});
    assert_eq!(from_value::<Event>(old).unwrap(), Event::AuthorizationUnknown { txn_no, next_at: None });
    let old = json!({"kind": "refund_unknown", "cancel_no": "00000000-0000-0000-0000-000000000002"});
    assert_eq!(from_value::<Event>(old).unwrap(), Event::RefundUnknown { cancel_no, next_at: None });
}

#[test]
fn qr_claims_have_the_shape_of_the_wire_contract() {
    let now: Timestamp = "2026-03-01T14:50:00Z".parse().unwrap();
    let order = Order {
        merchant: Uuid::from_u128(1).into(),
        order_id: "주문-1".parse().unwrap(),
        order_name: "coffee & cake".parse().unwrap(),
        amount: won(1_000),
        expires_at: now + SignedDuration::from_mins(10),
        redirects: Box::default(),
        metadata: None,
    };
    let claims = QrClaims::of(&order, "카페", now);
    let shape = json!({
        "merchantId": "00000000000000000000000000000001",
        "merchantName": "카페",
        "orderId": "주문-1",
        "orderName": "coffee & cake",
        "amount": 1000,
        "iat": 1_772_376_600,
        "exp": 1_772_377_200,
    });
    assert_eq!(to_value(&claims).unwrap(), shape);
    assert_eq!(from_value::<QrClaims>(shape).unwrap(), claims);
}
