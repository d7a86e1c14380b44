//! Keys, origins and the account.

super::texts! {
    /// API keys and registered origins.
    Keys {
        title "API 키" "API keys";
        secret "시크릿 키" "Secret key";
        secret_hint "결제 확정, 조회, 취소까지 모두 할 수 있습니다. 상점 서버에만 두고, 웹페이지나 앱, 공개 저장소에 넣지 마세요." "It may do everything: confirm, look up, refund. Keep it on your server; never put it in a page, an app or a public repository.";
        client "클라이언트 키" "Client key";
        client_hint "결제를 만들고 지켜보는 일만 할 수 있어 웹페이지에 넣어도 됩니다." "It may only create payments and watch them, so it may stand in a web page.";
        show "키 보기" "Show";
        copy "복사" "Copy";
        copied "복사했습니다" "Copied";
        not_copied "복사하지 못했습니다" "Not copied";
        issued "발급" "Issued";
        used "마지막 사용" "Last used";
        never "아직 없음" "Not yet";
        none "아직 발급한 키가 없습니다." "No keys have been issued yet.";
        issue "키 발급" "Issue keys";
        renew "키 교체" "Renew the keys";
        renew_hint "새 키 한 쌍을 만듭니다. 유예 시간 동안은 이전 키도 계속 쓸 수 있으니, 그 사이에 상점 서버의 키를 바꾸세요. 그보다 앞선 키는 바로 중지됩니다. 키가 유출되었다면 바로 중지를 선택하세요." "Makes a new pair. During the grace period the old keys go on working, so that you can change them on your server; still older ones stop. If a key has leaked, choose at once.";
        grace "이전 키" "The old keys";
        grace_0 "바로 중지 (키가 유출된 경우)" "Stop at once (when one has leaked)";
        grace_1 "1시간 뒤 중지" "Stop in 1 hour";
        grace_24 "24시간 뒤 중지" "Stop in 24 hours";
        sure "이전 키를 쓰는 곳을 알고 있습니다." "I know where the old keys are used.";
        renewed "새 키를 발급했습니다." "The new keys are in force.";
        old "유예 중인 이전 키" "Old keys in their grace period";
        until "{n}까지 사용 가능" "Good until {n}";
        stop "지금 중지" "Stop now";
        stopped "이전 키를 모두 중지했습니다." "The old keys are stopped.";
        origins "상점 웹사이트" "Your websites";
        origins_hint "결제창을 페이지 안에 띄울(iframe) 수 있는 주소입니다. 하나라도 등록하면, 클라이언트 키로 만드는 결제의 successUrl과 failUrl도 이 주소로만 지정할 수 있습니다." "Only pages on these origins can show the checkout in a frame. Once you register one, payments created with the client key can only return customers (successUrl, failUrl) to these origins.";
        origin "주소" "Origin";
        add "추가" "Add";
        remove "삭제" "Remove";
        no_origins "등록한 주소가 없습니다." "No origins are registered.";
        saved "저장했습니다." "Saved.";
    }
}

super::texts! {
    /// The business's name, its password, its open sessions.
    Profile {
        title "계정" "Account";
        shop "상점 정보" "Your shop";
        name "상점 이름" "Shop name";
        name_hint "고객이 휴대폰에서 보게 될 이름입니다." "What customers read on their phones.";
        email "이메일" "E-mail";
        save "저장" "Save";
        saved "저장했습니다." "Saved.";
        password "비밀번호 변경" "Change the password";
        present "현재 비밀번호" "Present password";
        new "새 비밀번호" "New password";
        new_hint "영문자와 숫자를 포함한 5~64자" "5 to 64 characters, with a letter and a digit";
        again "새 비밀번호 확인" "New password again";
        change "비밀번호 변경" "Change it";
        changed "비밀번호를 바꾸고 다른 기기에서 모두 로그아웃했습니다." "The password is changed, and you are signed out everywhere else.";
        changes_hint "바꾸면 다른 기기와 API에서는 모두 로그아웃됩니다. API 키는 그대로입니다." "You will be signed out everywhere else, the API included. API keys stay as they are.";
        sessions "로그인한 기기" "Where you are signed in";
        this "이 기기" "This one";
        unknown "알 수 없는 기기" "Unknown device";
        since "로그인" "Signed in";
        seen "마지막 사용" "Last used";
        end "로그아웃" "Sign out";
        ended "그 기기에서 로그아웃했습니다." "That one is signed out.";
        everywhere "모든 기기에서 로그아웃" "Sign out everywhere";
        everywhere_hint "이 기기를 포함해 모든 기기와 API에서 로그아웃합니다. API 키는 그대로입니다." "On all devices, this one included, and of the API. API keys stay as they are.";
    }
}
