//! What several pages say.

super::texts! {
    /// On every page.
    Common {
        switch "English" "한국어";
        to_desk "백오피스로" "To the back office";
        error_title "페이지를 열 수 없습니다" "This page cannot be shown";
        retry "다시 시도" "Try again";
    }
}

super::texts! {
    /// Why a payment ended, where no error code has words for it.
    Reasons {
        too_many "너무 여러 번 실패해 결제를 끝냈습니다." "It failed too often, so the payment has ended.";
        undone "카드사의 답을 알 수 없어 결제를 되돌렸습니다." "The card company's answer stayed unknown, so the payment was undone.";
    }
}
