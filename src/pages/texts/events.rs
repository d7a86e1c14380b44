//! What happens to a payment, as its timeline tells it.

super::texts! {
    /// One text a kind of event, who caused it, and the words of its details.
    Events {
        created "결제 요청" "Payment requested";
        claimed "고객이 결제를 시작" "A customer took it on";
        verification_started "카드 확인 요청" "Card check requested";
        verification_failed "카드 확인 실패" "Card not accepted";
        verification_passed "고객 승인 완료" "Customer approved";
        confirm_refused "금액이 다른 확정 요청을 거절" "Confirmation with a wrong amount refused";
        authorization_requested "카드사에 승인 요청" "Authorization requested";
        authorization_not_sent "승인 요청이 전달되지 않음" "Authorization not sent";
        authorization_unknown "승인 결과를 알 수 없음" "Outcome of the authorization unknown";
        answer_withheld "상점에 결과 미확정으로 응답" "The shop was told that the outcome is unknown";
        inquiry_requested "카드사에 승인 결과 조회" "Card company asked for the outcome";
        inquiry_failed "조회로 확인하지 못함" "The inquiry told nothing definite";
        reversal_requested "승인 망취소 요청" "Reversal requested";
        reversal_failed "망취소로 확인하지 못함" "The reversal was not confirmed";
        reversed "망취소 완료: 결제되지 않음" "Reversed: nothing is charged";
        late_approval "뒤늦은 승인 응답: 되돌리는 중" "Approved too late: being reversed";
        resolved_by_hand "사람이 승인 결과를 확정" "A person decided about the charge";
        approved "카드사 승인" "Approved by the card company";
        declined "카드사 거절" "Declined by the card company";
        canceled "결제 취소" "Canceled";
        aborted "결제 실패로 종료" "Ended as failed";
        expired "시간 만료로 종료" "Expired";
        order_released "주문 번호를 다시 쓸 수 있음" "Order number free for another payment";
        refund_requested "카드사에 환불 요청" "Refund requested";
        refund_unknown "환불 결과를 알 수 없음" "Outcome of the refund unknown";
        refund_retried "같은 번호로 환불 재요청" "Refund asked for again under the same number";
        refund_succeeded "환불 완료" "Refunded";
        refund_failed "환불 거절" "Refund refused";
        refund_resolved_by_hand "사람이 환불 결과를 확정" "A person decided about the refund";
        refund_answer_withheld "요청자에게 결과 미확정으로 응답" "Whoever asked was told that the outcome is unknown";
        refund_answer_given "요청자에게 환불 결과를 전달" "Whoever asked got the result";
        by_shop "상점 서버" "Shop's server";
        by_page "상점 페이지" "Shop's page";
        by_customer "고객" "Customer";
        by_desk "백오피스" "Back office";
        by_operator "운영자" "Operator";
        by_gateway "Paygate" "Paygate";
        amount "금액" "Amount";
        until "만료" "Expires";
        account "계정" "Account";
        card "카드" "Card";
        reason "사유" "Reason";
        asked "요청된 금액" "Asked for";
        txn "승인 거래번호" "Authorization number";
        cancel_no "취소번호" "Refund number";
        approval_no "승인번호" "Approval number";
        acquirer_at "카드사 시각" "Card company's time";
        next "다음 확인" "Next look";
        manual "사람의 결정을 기다림" "Waits for a person";
        decision "결정" "Decision";
        decided_yes "카드사가 처리함" "The card company did it";
        decided_no "카드사가 처리하지 않음" "The card company did not do it";
        note "근거" "Why";
    }
}
