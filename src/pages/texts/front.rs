//! The front door.

super::texts! {
    /// `/`, and the page that stands where nothing is.
    Front {
        tagline "휴대폰으로 승인하는 결제" "Payments that a phone approves";
        missing "페이지를 찾을 수 없습니다" "There is no such page";
        missing_hint "주소가 잘못되었거나 없어진 페이지입니다." "The address is wrong, or the page is gone.";
        ways "바로 가기" "Where to go";
        shop "데모 상점" "Demo shop";
        shop_hint "진짜 돈 없이 처음부터 끝까지 사 보세요." "Buy something; no money is real.";
        phone "휴대폰 앱" "Phone app";
        phone_hint "결제를 승인하고, 카드와 내역을 봅니다." "Approve payments, see cards and what was paid.";
        desk "백오피스" "Back office";
        desk_hint "상점의 결제와 환불, API 키를 관리합니다." "A shop's payments, refunds and API keys.";
        docs "개발자 문서" "Developers";
        docs_hint "연동 방법, 테스트 카드, 오류 코드" "Quick start, test cards, error codes";
    }
}
