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
