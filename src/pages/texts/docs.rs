//! The developer's page.

super::texts! {
    /// `/docs/`.
    Docs {
        title "개발자 문서" "For developers";
        lead "결제 한 건을 세 단계로 붙입니다. 아래 명령은 그대로 붙여 넣으면 동작합니다." "One payment in three steps. The snippets work as they are when pasted.";
        begin "시작하기" "Quick start";
        step_key "시크릿 키 받기" "Get the secret key";
        step_key_hint "상점 서버에만 두는 키입니다. 백오피스에서 가입하고 키를 발급한 뒤, 그 계정으로 로그인해 가져옵니다." "It stays on the shop's server. Sign up in the back office and issue keys; this signs in with that account and fetches them.";
        step_key_demo "상점 서버에만 두는 키입니다. 데모 상점으로 로그인해 가져옵니다." "It stays on the shop's server. This signs in as the demo shop and fetches it.";
        step_page "페이지에서 결제 요청" "Ask for a payment in a page";
        step_page_hint "이 HTML을 파일로 저장해 브라우저로 여세요. 클라이언트 키는 페이지에 두어도 됩니다." "Save this as a file and open it in a browser. A client key may stand in a page.";
        step_confirm "서버에서 확정" "Confirm on the server";
        step_confirm_hint "고객이 휴대폰에서 승인하면 페이지가 주문 번호와 결제 키를 한 줄씩 보여 줍니다. 1단계와 같은 터미널에 붙여 넣고, 묻는 대로 두 줄을 입력하세요. 금액은 서버가 아는 값이어야 합니다." "When the customer has approved on the phone, the page shows the order and its payment key, a line each. Paste this into the shell of step 1 and answer with the two lines. The amount must be the one your server knows.";
        phone "휴대폰 페이지" "The phone page";
        customer "데모 고객" "demo customer";
        more "더 보기" "More";
        reference "API 레퍼런스" "API reference";
        shop "데모 상점" "Demo shop";
        cards "테스트 카드" "Test cards";
        cards_hint "유효기간은 모두 12/39, CVC는 000입니다." "All have expiry 12/39 and CVC 000.";
        number "번호" "Number";
        company "카드사" "Company";
        effect "동작" "What it does";
        events "이벤트 (SSE)" "Events (SSE)";
        events_hint "모든 이벤트에는 이름과 순서 번호(id)가 있고, 다시 연결하면 마지막 번호 다음부터 이어집니다." "Every event has a name and a number (id); a stream that reconnects goes on after the last one.";
        event "이벤트" "Event";
        meaning "뜻" "Meaning";
        webhooks "웹훅은 아직 없습니다. 이 이벤트로 따라가거나 GET /api/v1/p/merchant/orders/{orderId}로 조회하세요." "There are no webhooks yet: follow these events, or ask GET /api/v1/p/merchant/orders/{orderId}.";
        errors "오류 코드" "Error codes";
        errors_hint "outcome은 돈에 대해 무엇을 뜻하는지 알려 줍니다: declined는 결제되지 않음, not_sent는 카드사에 전달되지 않음(다시 시도), unknown은 같은 요청을 다시 보내 확인." "outcome says what it means for the money: declined, nothing charged; not_sent, it never reached the card network, try again; unknown, send the same request again to learn.";
        code "코드" "Code";
        status "상태" "Status";
        message "메시지" "Message";
    }
}

super::texts! {
    /// What each event means.
    StreamEvents {
        open "스트림이 열렸습니다." "The stream is open.";
        ready "결제가 만들어졌습니다. failureCode가 있으면 카드 확인에 실패해 다시 열린 것입니다." "The payment exists. With a failureCode: a card failed its check, and the payment is open again.";
        in_verificate "고객이 승인했고 카드를 확인하고 있습니다." "The customer has approved, the card is being checked.";
        in_progress "카드가 확인되었습니다. paymentKey와 amount가 함께 오며, 이제 서버가 확정합니다." "The card is good. Brings paymentKey and amount: the server may confirm now.";
        done "결제되었습니다." "Charged.";
        partial_canceled "일부가 취소되었습니다." "A part was given back.";
        canceled "결제 전에 취소되었거나 전액이 취소되었습니다." "Given up before the charge, or all of it given back.";
        aborted "결제하지 못했습니다. 결제된 금액은 없습니다." "It did not go through. Nothing is charged.";
        expired "시간이 지났습니다. 결제된 금액은 없습니다." "Its time is over. Nothing is charged.";
    }
}
