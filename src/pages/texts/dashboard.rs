//! How business goes.

super::texts! {
    /// The dashboard.
    Dashboard {
        today "오늘" "Today";
        month "최근 30일" "Last 30 days";
        approved "승인" "Approved";
        canceled "취소" "Canceled";
        refunded "환불" "Refunded";
        times "{n}건" "{n}";
        requested "요청된 결제 보기" "Payments requested in this period";
        sums_hint "금액은 승인·취소·환불이 일어난 날로 셉니다. 결제 목록은 요청한 날로 나누므로 합계가 다를 수 있습니다." "Money counts on the day it was approved or given back. The list goes by the day a payment was requested, so it may add up differently.";
        net "순매출" "Net";
        net_hint "승인에서 취소와 환불을 뺀 금액" "Approved, less what was canceled and refunded";
        success "성공률" "Success rate";
        success_hint "끝난 결제 {n}건 기준" "Of {n} that ended";
        no_ends "끝난 결제가 없습니다" "None has ended";
        look "확인하기" "Look";
        doubts_some "결과를 알 수 없는 돈이 있습니다" "Money whose outcome is not known";
        chart "하루 매출" "Day by day";
        chart_hint "날마다 승인된 금액과 돌려준 금액입니다 (서울 기준)." "What was approved and given back on each day in Seoul.";
        chart_table "표로 보기" "As a table";
        given_back "취소·환불" "Given back";
        day "날짜" "Day";
        highest "가장 많은 날은 {d}, {n}입니다." "The best day was {d}: {n}.";
        nothing "아직 승인된 결제가 없습니다." "Nothing has been approved yet.";
        recent "최근 결제" "Latest payments";
        all "모두 보기" "See all";
        start "시작하기" "Getting started";
        start_keys "API 키를 발급해 상점 서버에 넣으세요." "Issue API keys and put them into your server.";
        start_docs "개발자 문서를 보고 결제 버튼을 연결하세요." "Read the documentation and connect your payment button.";
        start_docs_link "개발자 문서" "Documentation";
        start_keys_link "API 키" "API keys";
    }
}
