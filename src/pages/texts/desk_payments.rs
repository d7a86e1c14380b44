//! Payments in the back office.

super::texts! {
    /// Where a payment stands, and what kind of money moved.
    Statuses {
        ready "결제 대기" "Waiting";
        in_verificate "카드 확인 중" "Checking card";
        in_progress "승인 대기" "In progress";
        done "결제 완료" "Paid";
        partial_canceled "부분 취소" "Partly refunded";
        canceled "취소됨" "Canceled";
        aborted "결제 실패" "Failed";
        expired "시간 만료" "Expired";
        approved "승인" "Approved";
        cancel "취소" "Cancel";
        refund "환불" "Refund";
        under_way "진행 중" "Under way";
        failed "실패" "Failed";
    }
}

super::texts! {
    /// The list of payments.
    Payments {
        filters "검색 조건" "Filters";
        name "주문명·고객" "Order or customer";
        name_hint "주문명 또는 고객 이메일의 일부" "Part of the order name or e-mail";
        key "주문번호·결제 키" "Order number or key";
        from "시작일" "From";
        to "종료일" "To";
        kind "유형" "Type";
        kind_any "전체" "All";
        kind_payment "결제" "Payment";
        status "상태" "Status";
        method "결제 수단" "Method";
        min "최소 금액" "Lowest amount";
        max "최대 금액" "Highest amount";
        apply "검색" "Search";
        reset "초기화" "Clear";
        more "상세 조건" "More filters";
        today "오늘" "Today";
        week "최근 7일" "Last 7 days";
        month "최근 30일" "Last 30 days";
        xlsx "엑셀 내려받기" "Download Excel";
        csv "CSV 내려받기" "Download CSV";
        at "시각" "Time";
        order "주문" "Order";
        customer "고객" "Customer";
        amount "금액" "Amount";
        newest "최신순" "Newest first";
        oldest "오래된순" "Oldest first";
        highest "금액 높은순" "Highest first";
        lowest "금액 낮은순" "Lowest first";
        sort "정렬" "Sort";
        none "조건에 맞는 결제가 없습니다." "No payments match these filters.";
        none_yet "아직 결제가 없습니다." "No payments yet.";
        none_yet_hint "상점에 결제 버튼을 연결하면 여기에 나타납니다." "They appear here once your shop takes its first one.";
        count "{n}건" "{n} payments";
        count_more "{n}건 이상" "More than {n} payments";
        news "새 결제 {n}건 보기" "Show {n} new";
        news_more "새 결제 {n}건 이상 보기" "Show more than {n} new";
        first "처음" "First";
        previous "이전" "Previous";
        next "다음" "Next";
        pages "페이지" "Pages";
        table "결제 목록" "Payments";
        keys_link "API 키 보기" "See the API keys";
    }
}

super::texts! {
    /// One payment, and giving its money back.
    Payment {
        back "결제 목록" "Payments";
        order "주문번호" "Order number";
        key "결제 키" "Payment key";
        copy "복사" "Copy";
        copied "복사했습니다" "Copied";
        not_copied "복사하지 못했습니다" "Not copied";
        customer "고객" "Customer";
        method "결제 수단" "Method";
        created "요청 시각" "Requested";
        approved "승인 시각" "Approved";
        approval_no "승인번호" "Approval number";
        expires "만료 시각" "Expires";
        amount "결제 금액" "Amount";
        balance "취소 가능 금액" "Can be given back";
        balance_left "남은 금액" "Left";
        given_back "취소·환불 금액" "Given back";
        failure "사유" "Reason";
        metadata "상점 데이터" "Shop's data";
        transactions "거래" "Transactions";
        no_transactions "아직 오간 돈이 없습니다." "No money has moved yet.";
        completed "완료" "Completed";
        timeline "타임라인" "Timeline";
        earlier "이전 기록 {n}건 더 보기" "Show {n} earlier events";
        latest "최근 기록 보기" "Show the latest events";
        part "기록 일부만 보여 줍니다. 거래와 시도도 이 기간의 것입니다." "This is a part of its life; transactions and attempts are those of this part.";
        no_transactions_here "이 기간에는 거래가 없습니다." "There are no transactions in this part.";
        timeline_hint "원장에 기록된 모든 일입니다. 간격은 앞선 일로부터 걸린 시간입니다." "Everything in the journal. The gap is the time since the event before.";
        webhooks "웹훅" "Webhooks";
        webhooks_none "아직 없습니다. 결제는 이벤트(SSE)로 따라가거나 GET /api/v1/p/merchant/orders/{orderId}로 조회하세요." "None yet. Follow the payment by its events (SSE), or ask GET /api/v1/p/merchant/orders/{orderId}.";
        webhooks_docs "이벤트 설명" "About the events";
        refund "취소·환불" "Refund";
        refund_title "취소·환불하기" "Give money back";
        refund_amount "돌려줄 금액" "Amount to give back";
        refund_amount_hint "일부만 돌려주려면 금액을 바꾸세요." "Change it to give back a part.";
        refund_reason "사유" "Reason";
        refund_reason_hint "200자 이내로 적어 주세요. 원장에 남습니다." "Up to 200 characters. It is kept in the journal.";
        refund_sure "금액과 사유를 확인했습니다." "I have checked the amount and the reason.";
        refund_do "돌려주기" "Give back";
        refund_same_day "오늘 승인된 결제입니다. 오늘 취소하면 카드 명세서에 남지 않습니다." "Approved today: canceled today, it never reaches the customer's statement.";
        refund_later "이전 영업일에 승인된 결제입니다. 환불로 처리됩니다." "Approved on an earlier business day: this will be a refund.";
        refund_done "{n}을 돌려주었습니다." "{n} was given back.";
        refund_unknown "카드사가 아직 답하지 않아 {n}을 돌려주었는지 알 수 없습니다. Paygate가 같은 번호로 계속 확인하며, 결과는 이 페이지에 나타납니다. 다시 요청하지 마세요." "The card company has not answered, so it is not known yet whether {n} was given back. Paygate goes on asking under the same number, and the result will show here. Do not ask for it again.";
        refund_manual "카드사에 물어볼 수 없어 {n}을 돌려주었는지 알 수 없습니다. 카드사에 직접 확인한 뒤 결과를 기록해 주세요." "The card company cannot be asked whether {n} was given back. Find out by other means and record the result.";
        refund_failed "돌려주지 못했습니다." "The money was not given back.";
        refund_not_sent "카드사에 연결하지 못해 요청이 전달되지 않았습니다. 다시 시도할 수 있습니다." "The card company could not be reached and got no request. You may try again.";
        refund_nothing "돌려줄 수 있는 금액이 없습니다." "There is nothing to give back.";
        refund_wait "승인 결과를 확인하고 있어 지금은 취소할 수 없습니다." "The outcome of the charge is being found out: it cannot be canceled now.";
        give_up "결제 취소" "Cancel payment";
        give_up_title "결제 취소하기" "Cancel the payment";
        give_up_hint "아직 결제되지 않았습니다. 취소하면 고객은 이 결제를 진행할 수 없습니다." "Nothing has been charged. Once canceled, the customer cannot go on with it.";
        keep "돌아가기" "Back";
    }
}

super::texts! {
    /// What was tried for a payment.
    Attempts {
        title "시도" "Attempts";
        at "시각" "Time";
        what "유형" "What";
        card "카드" "Card";
        number "거래번호" "Number";
        result "결과" "Result";
        reason "사유" "Reason";
        none "아직 시도가 없습니다." "Nothing has been tried yet.";
        check "카드 확인" "Card check";
        confirm "확정 요청" "Confirmation";
        charge "승인" "Charge";
        inquiry "승인 조회" "Inquiry";
        reversal "망취소" "Reversal";
        refund "환불" "Refund";
        refund_again "환불 재요청" "Refund again";
        passed "통과" "Passed";
        approved "승인됨" "Approved";
        reversed "취소됨" "Reversed";
        refunded "환불됨" "Refunded";
        refused "거절" "Refused";
        not_sent "전달되지 않음" "Not sent";
        unknown "알 수 없음" "Unknown";
        no_answer "답 없음" "No answer";
        other_amount "다른 금액: {n}" "Another amount: {n}";
        checks_left "카드 확인이 {n}번 더 거절되면 결제가 실패로 끝납니다." "Refusals of the card check until the payment fails: {n}";
        confirms_left "금액이 다른 확정 요청이 {n}번 더 오면 결제가 실패로 끝납니다." "Confirmations with another amount until the payment fails: {n}";
    }
}

super::texts! {
    /// The columns of the file for spreadsheets.
    Csv {
        created "요청 시각(서울)" "Requested (Seoul)";
        approved "승인 시각(서울)" "Approved (Seoul)";
        order "주문번호" "Order number";
        name "주문명" "Order name";
        customer "고객" "Customer";
        method "결제 수단" "Method";
        company "카드사" "Card company";
        card "카드번호" "Card number";
        status "상태" "Status";
        amount "금액" "Amount";
        given_back "취소·환불 금액" "Given back";
        balance "남은 금액" "Balance";
        key "결제 키" "Payment key";
    }
}
