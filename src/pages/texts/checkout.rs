//! The checkout.

super::texts! {
    /// `/checkout/{token}`.
    Checkout {
        order "주문 번호" "Order";
        time_left "남은 시간" "Time left";
        qr "결제 QR 코드" "Payment QR code";
        step_scan "스캔" "Scan";
        step_approve "승인" "Approve";
        step_done "완료" "Done";
        scan_hint "휴대폰으로 QR 코드를 스캔한 뒤, 같은 확인 번호를 선택하고 승인하세요." "Scan the code with your phone, choose the same number there, and approve.";
        scanned_by "스캔한 고객" "Scanned by";
        scan_by "" "Scanned by";
        scan_of " 님이 스캔했습니다. 휴대폰에서 같은 번호를 선택하고 승인하세요." ". Choose the same number there, and approve.";
        matching "확인 번호" "Matching number";
        open_app "이 기기에서 결제하기" "Pay on this device";
        open_here "휴대폰이 없나요? 이 브라우저에서 결제하기" "No phone at hand? Pay in this browser";
        failed "카드를 확인하지 못했습니다" "The card was not accepted";
        failed_hint "휴대폰에서 다른 카드로 다시 시도해 주세요." "Try again on your phone with another card.";
        verifying "카드를 확인하고 있습니다" "Checking the card";
        verifying_hint "잠시만 기다려 주세요." "One moment, please.";
        approved "승인되었습니다" "Approved";
        approved_hint "상점에서 결제를 마무리하고 있습니다." "The shop is completing the payment.";
        done "결제가 완료되었습니다" "Payment complete";
        done_hint "이 창을 닫아도 됩니다." "You may close this window.";
        canceled "결제가 취소되었습니다" "The payment was canceled";
        canceled_hint "결제된 금액이 없거나, 모두 돌려드렸습니다." "Nothing was charged, or all of it was given back.";
        aborted "결제하지 못했습니다" "The payment did not go through";
        aborted_hint "결제된 금액은 없습니다." "Nothing was charged.";
        expired "결제 시간이 지났습니다" "The payment has expired";
        expired_hint "결제된 금액은 없습니다. 상점에서 다시 시도해 주세요." "Nothing was charged. Please start again at the shop.";
        back "상점으로 돌아가기" "Return to the shop";
        cancel "결제 취소" "Cancel payment";
        cancel_sure "결제를 취소할까요?" "Cancel this payment?";
        cancel_sure_hint "취소하면 이 QR 코드는 더 이상 쓸 수 없습니다." "This QR code can then no longer be used.";
        cancel_yes "취소하기" "Cancel it";
        cancel_no "계속 결제" "Keep paying";
        offline "연결이 끊겼습니다. 다시 연결하고 있습니다…" "Connection lost. Reconnecting…";
        safe "카드 정보는 상점에 전달되지 않습니다." "The shop never sees your card number.";
        unknown_title "결제를 찾을 수 없습니다" "There is no such payment";
        unknown "주소가 잘못되었거나 더 이상 쓸 수 없는 결제입니다. 상점에서 다시 시도해 주세요." "The address is wrong, or the payment can no longer be used. Please start again at the shop.";
    }
}
