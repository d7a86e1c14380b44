//! The reference of the API.

super::texts! {
    /// `/api-docs`.
    Api {
        title "API 레퍼런스" "API reference";
        lead "코드에서 만든 문서입니다. 필드 설명은 영어입니다." "Made from the code.";
        contents "차례" "Contents";
        docs "개발자 문서" "For developers";
        document "OpenAPI 문서" "OpenAPI document";
        rules "공통 규칙" "What holds for all";
        auth "인증" "Authentication";
        auth_hint "API 키는 Authorization: Basic base64(\"<키>:\"), 토큰은 로그인 응답의 accessToken을 Authorization: Bearer로 보냅니다. 클라이언트 키로는 결제를 만들고 지켜볼 수만 있습니다." "An API key goes into Authorization: Basic base64(\"<key>:\"); a token is the accessToken of a sign-in, and goes into Authorization: Bearer. The client key may only create payments and watch them.";
        auth_key "API 키" "API key";
        auth_bearer "Bearer 토큰" "Bearer token";
        auth_none "인증 없음" "No authentication";
        success "성공" "Success";
        success_hint "응답은 늘 이 안에 있고, 아래에는 data만 적었습니다." "Every answer stands in this; below there is data alone.";
        failure "오류" "Error";
        failure_hint "2xx가 아닌 모든 응답입니다." "Every answer that is no 2xx.";
        failure_codes "오류 코드" "Error codes";
        again "멱등키" "Idempotency";
        again_hint "Idempotency-Key를 받는 호출은 같은 키로 다시 보내면 처음 응답을 그대로 돌려줍니다." "A call that takes an Idempotency-Key answers the same again under the same key.";
        optional "필드 이름 뒤의 ?는 없을 수 있다는 뜻입니다." "A ? behind a field's name says that it may be absent.";
        shop "상점" "Shops";
        live "이벤트 (SSE)" "Events (SSE)";
        customer "고객" "Customers";
        desk "백오피스" "Back office";
        operations "운영" "Operations";
        parameters "매개변수" "Parameters";
        body "요청 본문" "Request body";
        response "응답" "Response";
        events "이벤트 목록" "The events";
        name "이름" "Name";
        kind "타입" "Type";
        about "설명" "Description";
    }
}
