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
        examples "서버 예제" "On the server";
        examples_hint "고객이 승인한 결제를 상점 서버가 확정하는 예제입니다. 라이브러리 없이 그대로 실행되고, 결과를 모르면 같은 멱등키로 다시 묻습니다." "How a shop's server confirms what the customer has approved. Each runs as it is, without a library, and asks again under the same idempotency key while the outcome is not known.";
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
        events_hint "결제가 바뀔 때마다 한 줄씩 오는 스트림입니다. EventSource는 인증 헤더를 보내지 못하니 fetch로 읽거나 SDK를 쓰세요." "A stream that tells each change of a payment as it happens. EventSource sends no Authorization header: read it with fetch, or let the SDK do it.";
        stream_shop "상점" "Shop";
        stream_shop_hint "Authorization: Basic base64(\"<키>:\"), 클라이언트 키나 시크릿 키." "Authorization: Basic base64(\"<key>:\"), the client key or the secret key.";
        stream_customer "고객" "Customer";
        stream_customer_hint "Authorization: Bearer <accessToken>, 결제를 승인한 고객만." "Authorization: Bearer <accessToken>, the payer only.";
        refused "거절" "Refused";
        refused_hint "없는 주문은 404, 틀린 키나 토큰은 401, 고객에게 남의 결제는 403, 스트림이 너무 많으면 503과 Retry-After." "404 for an unknown order, 401 for a wrong key or token, 403 for a customer who is not the payer, 503 with Retry-After when there are too many streams.";
        resume "다시 연결" "Reconnect";
        resume_hint "마지막으로 받은 id를 쿼리 lastEventId나 헤더 Last-Event-ID로 보내면 그다음부터 이어집니다(둘 다 있으면 쿼리). 없거나 알 수 없는 값이면 처음부터 모두 다시 옵니다. id는 늘 커지고, 건너뛰기도 합니다." "Send the last id that you saw as lastEventId in the query or as the header Last-Event-ID, and the stream goes on after it (the query wins). Without one, or with one that makes no sense, the whole history comes again. Ids only grow; there may be gaps.";
        heartbeat "살아 있음" "Heartbeat";
        heartbeat_hint "이벤트가 없어도 이 간격마다 주석(: 으로 시작하는 줄)이 옵니다. 길어도 15초이니, 45초 동안 아무것도 오지 않으면 다시 연결하세요." "A comment (a line that begins with a colon) comes after this long without an event, and after 15 s at most. Reconnect when nothing has come for 45 s.";
        linger "끝난 뒤" "After the end";
        linger_hint "DONE, CANCELED, ABORTED, EXPIRED 뒤에도 이만큼 열려 있다가 서버가 닫습니다. 환불도 이 스트림으로 옵니다." "After DONE, CANCELED, ABORTED or EXPIRED the stream stays open for this long, then the server closes it. Refunds are told on it, too.";
        listen "직접 보기" "Watch one";
        listen_hint "1단계와 같은 터미널에서 주문 번호를 입력하세요. Ctrl-C로 끝냅니다." "In the shell of step 1: answer with an order. Ctrl-C ends it.";
        example "스트림의 예" "What comes";
        event "이벤트" "Event";
        meaning "뜻" "Meaning";
        data "data의 필드" "Fields of data";
        data_hint "data는 JSON이고 모든 이벤트에 status(이벤트 이름), orderId, merchantId가 있습니다(onopen만 문자열 \"connect\"). 표에는 그 밖의 필드를 적었고, ?는 없을 수도 있다는 뜻입니다." "data is JSON; every event has status (the event's name), orderId and merchantId (onopen alone is the text \"connect\"). The table lists what else there is; ? says: not always.";
        failure "failureCode의 값" "Values of failureCode";
        failure_hint "모르는 값은 DECLINED와 같게 다루세요." "Treat one that you do not know as DECLINED.";
        webhooks "웹훅은 아직 없습니다. 이 이벤트로 따라가거나 GET /api/v1/p/merchant/orders/{orderId}로 조회하세요." "There are no webhooks yet: follow these events, or ask GET /api/v1/p/merchant/orders/{orderId}.";
        errors "오류 코드" "Error codes";
        errors_hint "outcome은 돈에 대해 무엇을 뜻하는지 알려 줍니다: declined는 결제되지 않음, not_sent는 카드사에 전달되지 않음(다시 시도), unknown은 같은 요청을 다시 보내 확인." "outcome says what it means for the money: declined, nothing charged; not_sent, it never reached the card network, try again; unknown, send the same request again to learn.";
        lists "목록 읽기" "Reading lists";
        lists_hint "결제 목록은 최신순입니다. 끝까지 읽으려면 응답의 next를 다음 요청의 after로 보내고, next가 없으면 멈추세요. 읽는 동안 새 결제가 생겨도 빠지거나 겹치지 않습니다. page는 예전 클라이언트를 위해 남아 있으며, 새 결제가 생기면 같은 결제가 두 번 올 수 있습니다. 둘을 함께 보내면 400입니다." "Lists of payments are newest first. To read one to its end, send next of each answer as after of the next call, and stop at an answer without next: no payment is left out or repeated, whatever arrives meanwhile. page remains for older clients; with it a payment may come twice when others arrive. Sending both is a 400.";
        older "예전 클라이언트를 위한 필드" "A field for older clients";
        older_hint "결제를 만들면 오는 expiredAt은 예전 클라이언트가 읽는 형식입니다. 새로 만드는 프로그램은 UTC ISO 8601인 expiresAt을 읽으세요." "expiredAt of a created payment is written the way older clients read it. Read expiresAt instead: ISO 8601 in UTC.";
        copy "복사" "Copy";
        copied "복사됨" "Copied";
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
