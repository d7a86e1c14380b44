//! The demo shop.

super::texts! {
    /// `/shop/`.
    Shop {
        name "데모 상점" "Demo shop";
        tagline "진짜 돈이 들지 않는 작은 가게" "A small store where no money is real";
        buy "구매하기" "Buy";
        how "이렇게 해 보세요" "Try it";
        how_1 "구매하기를 누르면 결제창에 QR 코드가 나타납니다." "Press Buy: the checkout opens with a QR code.";
        how_2 "휴대폰으로 스캔하거나, 다른 탭에서 휴대폰 페이지를 여세요." "Scan it with a phone, or open the phone page in a second tab.";
        how_3 "아래 고객으로 로그인해 승인하면 영수증이 나옵니다." "Sign in there as the customer below and approve: here is your receipt.";
        phone "휴대폰 페이지" "Phone page";
        customer "고객" "Customer";
        paid "주문이 완료되었습니다" "Thank you for your order";
        waiting "결제 결과를 확인하고 있습니다" "Checking the outcome of the payment";
        waiting_hint "카드사의 응답을 기다립니다. 이 페이지는 저절로 새로 고쳐집니다. 두 번 결제되지 않습니다." "Waiting for the card company. This page looks again by itself; nothing is charged twice.";
        failed "주문하지 못했습니다" "The order did not go through";
        product "상품" "Product";
        amount "금액" "Amount";
        order "주문 번호" "Order";
        card "카드" "Card";
        approval "승인 번호" "Approval no.";
        time "승인 시각" "Approved at";
        key "결제 키" "Payment key";
        again "가게로 돌아가기" "Back to the shop";
    }
}
