//! The checkout.

super::texts! {
    /// `/checkout/{token}`.
    Checkout {
        order "주문 번호" "Order";
        qr "결제 QR 코드" "Payment QR code";
        scan "휴대폰으로 QR 코드를 스캔해 결제를 승인하세요." "Scan the QR code with your phone to approve the payment.";
    }
}
