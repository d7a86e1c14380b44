//! The back office: its frame and its door.

super::texts! {
    /// Around every page of the back office.
    Desk {
        product "Paygate 백오피스" "Paygate Back Office";
        skip "본문으로 건너뛰기" "Skip to content";
        nav "주 메뉴" "Main menu";
        dashboard "대시보드" "Dashboard";
        payments "결제" "Payments";
        doubts "확인 필요" "In doubt";
        keys "API 키" "API keys";
        profile "계정" "Account";
        sign_out "로그아웃" "Sign out";
        seoul "모든 시각은 서울 기준입니다." "All times are those of Seoul.";
        reload "새로 고침" "Reload";
        changed "이 페이지의 내용이 바뀌었습니다." "What this page shows has changed.";
    }
}

super::texts! {
    /// Sign-in and sign-up.
    Door {
        sign_in "로그인" "Sign in";
        sign_up "가입하기" "Sign up";
        sign_in_title "백오피스 로그인" "Sign in to the back office";
        sign_up_title "상점 가입" "Sign your shop up";
        email "이메일" "E-mail";
        password "비밀번호" "Password";
        name "상점 이름" "Shop name";
        name_hint "고객이 휴대폰에서 보게 될 이름입니다." "What customers read on their phones.";
        password_hint "영문자와 숫자를 포함한 5~64자" "5 to 64 characters, with a letter and a digit";
        no_account "처음이신가요?" "New here?";
        has_account "이미 가입하셨나요?" "Signed up already?";
        left "로그아웃했습니다." "You are signed out.";
        left_all "모든 기기에서 로그아웃했습니다." "You are signed out everywhere.";
    }
}
