//! Money in doubt.

super::texts! {
    /// Money in doubt, and the decision about it.
    Doubts {
        hint "카드사가 돈을 받았는지, 돌려주었는지 답하지 않은 결제입니다. Paygate는 증거 없이 성공이나 실패로 처리하지 않습니다." "Payments about which the card company has not said whether money was taken or given back. Paygate takes none of them for done or failed without proof.";
        none "확인이 필요한 돈이 없습니다." "No money is in doubt.";
        none_hint "모든 승인과 환불의 결과가 분명합니다." "The outcome of every charge and refund is certain.";
        order "주문번호" "Order number";
        customer "고객" "Customer";
        charge "승인" "Charge";
        refund "환불" "Refund";
        inquiring "카드사에 승인 결과를 묻고 있습니다." "The card company is being asked what became of the charge.";
        reversing "승인을 되돌리고 있습니다. 이 결제는 더 이상 완료되지 않습니다." "The charge is being taken back. It will not become a payment any more.";
        refunding "같은 번호로 환불을 다시 요청하고 있습니다." "The refund is being repeated under its number.";
        manual "카드사에 물어볼 방법이 없습니다. 카드사에 직접 확인한 뒤 결과를 기록해 주세요." "There is no way to ask the card company here. Find out by other means and record what they said.";
        since "시작" "Since";
        attempts "시도" "Attempts";
        times "{n}회" "{n}";
        next "다음 시도" "Next attempt";
        decide "카드사의 답" "What the card company said";
        yes_charge "승인되었습니다 (돈을 받음)" "It was approved (the money was taken)";
        no_charge "승인되지 않았거나 취소되었습니다 (돈을 받지 않음)" "It was not approved, or it was reversed (no money was taken)";
        yes_refund "환불되었습니다" "It was refunded";
        no_refund "환불되지 않았습니다" "It was not refunded";
        note "확인한 방법과 상대" "Who said so, and how you found out";
        note_hint "200자 이내로 적어 주세요. 원장에 영구히 남습니다." "Up to 200 characters. It stays in the journal for ever.";
        sure "이 결정은 되돌릴 수 없음을 이해했습니다." "I understand that this cannot be undone.";
        record "결과 기록" "Record the result";
        recorded "결과를 기록했습니다." "The result is recorded.";
        more "결정을 기다리는 결제를 먼저, 그다음 오래된 순으로 {n}건을 보여 줍니다." "{n} of them: first those that wait for a person, then the oldest.";
        list "목록에서 모두 보기" "See all in the list";
        all "모두 보기" "All of them";
    }
}
