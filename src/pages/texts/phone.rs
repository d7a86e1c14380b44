//! The phone app.

/// Card companies that the form offers; any other can be typed.
pub struct Issuers;

impl Issuers {
    pub const ALL: &'static [&'static str] = &[
        "국민",
        "신한",
        "삼성",
        "현대",
        "롯데",
        "하나",
        "우리",
        "비씨",
        "NH",
        "카카오뱅크",
        "케이뱅크",
        "씨티",
        "수협",
        "광주",
        "전북",
        "제주",
        "UnionPay",
    ];
}

super::texts! {
    /// `/m/`.
    Phone {
        name "Paygate 결제" "Paygate";
        needs_script "이 앱은 자바스크립트가 필요합니다." "This app needs JavaScript.";
        loading "불러오는 중" "Loading";
        retry "다시 시도" "Try again";
        back "뒤로" "Back";
        cancel "취소" "Cancel";
        nav "메뉴" "Menu";
        home "홈" "Home";
        cards "카드" "Cards";
        history "내역" "History";
        account "내 정보" "Account";
        // Sign in and up
        sign_in "로그인" "Sign in";
        sign_in_hint "휴대폰으로 안전하게 결제하세요." "Pay safely with your phone.";
        sign_in_first "결제를 계속하려면 로그인해 주세요." "Sign in to continue your payment.";
        sign_up "회원가입" "Create account";
        email "이메일" "E-mail";
        password "비밀번호" "Password";
        password_rule "5~64자, 영문과 숫자를 하나 이상 포함" "5 to 64 characters, at least a letter and a digit";
        no_account "처음이신가요?" "New here?";
        has_account "이미 계정이 있나요?" "Have an account?";
        sign_out "로그아웃" "Sign out";
        language "언어" "Language";
        // Home
        scan "QR 코드 스캔" "Scan QR code";
        pays_with "결제 카드" "Pays with";
        recent "최근 결제" "Recent payments";
        all "전체 보기" "See all";
        no_card "등록된 카드가 없습니다" "No card yet";
        no_card_hint "카드를 등록하면 QR 코드로 바로 결제할 수 있습니다." "Add a card, and pay by scanning a QR code.";
        add_card "카드 등록" "Add card";
        no_payment "아직 결제 내역이 없습니다" "No payments yet";
        no_payment_hint "결제하면 여기에 표시됩니다." "What you pay appears here.";
        // Scan
        scan_hint "결제 화면의 QR 코드를 네모 안에 맞춰 주세요" "Hold the payment’s QR code inside the frame";
        scan_blocked "카메라를 쓸 수 없습니다. 브라우저 설정에서 카메라를 허용하거나 아래 방법을 이용하세요." "The camera cannot be used. Allow it in the browser’s settings, or use one of these ways.";
        scan_insecure "이 연결(HTTP)에서는 브라우저가 카메라를 허용하지 않습니다. 아래 방법을 이용하세요." "Browsers allow no camera on this connection (HTTP). Use one of these ways.";
        scan_unloaded "QR 코드 인식 기능을 불러오지 못했습니다. 인터넷 연결을 확인하고 다시 시도해 주세요." "The scanner could not be loaded. Check the connection and try again.";
        scan_ended "카메라가 꺼졌어요. 다시 시도하면 이어서 스캔할 수 있어요." "The camera was turned off. Try again to keep scanning.";
        scan_picture "사진에서 읽기" "Read from a picture";
        scan_paste "결제 주소 붙여넣기" "Paste the payment’s address";
        scan_open "열기" "Open";
        scan_nothing "사진에서 결제 QR 코드를 찾지 못했습니다." "There is no payment QR code in this picture.";
        scan_other "결제 QR 코드가 아닙니다." "This is not a payment QR code.";
        // Pay
        pay "결제" "Payment";
        order "주문 번호" "Order";
        time_left "남은 시간" "Time left";
        choose_card "결제할 카드" "Pay with";
        representative "대표" "Default";
        matching "결제 화면에 보이는 번호를 선택하세요" "Choose the number on the payment screen";
        matching_wrong "번호가 다릅니다. 결제하려는 화면의 번호가 맞는지 확인하고 다시 선택하세요." "That is another number. Make sure you look at the screen you want to pay, and choose again.";
        approve "{amount} 결제하기" "Pay {amount}";
        give_up "결제 취소" "Cancel payment";
        give_up_sure "이 결제를 취소할까요?" "Cancel this payment?";
        give_up_yes "취소하기" "Cancel it";
        give_up_no "계속 결제" "Keep paying";
        checking "결제 정보를 확인하고 있습니다" "Looking at the payment";
        verifying "카드를 확인하고 있습니다" "Checking your card";
        failed "카드를 사용할 수 없습니다" "The card was not accepted";
        failed_hint "다른 카드를 선택해 다시 시도하세요." "Choose another card and try again.";
        approved "승인했습니다" "You have approved";
        approved_hint "상점에서 결제를 마무리하고 있습니다." "The shop is completing the payment.";
        return_hint "상점 화면으로 돌아가면 결제가 이어집니다." "Go back to the shop’s page: it goes on from there.";
        done "결제가 완료되었습니다" "Payment complete";
        canceled "결제가 취소되었습니다" "The payment was canceled";
        aborted "결제하지 못했습니다" "The payment did not go through";
        expired "결제 시간이 지났습니다" "The payment has expired";
        canceled_hint "결제된 금액이 없거나, 모두 돌려받았습니다." "Nothing was charged, or all of it was given back.";
        nothing_charged "결제된 금액은 없습니다." "Nothing was charged.";
        others "다른 고객이 진행 중인 결제입니다" "Another customer owns this payment";
        unreadable "결제를 찾을 수 없습니다" "There is no such payment";
        unreadable_hint "상점에서 QR 코드를 다시 받아 주세요." "Ask the shop for a new QR code.";
        see_detail "결제 내역 보기" "See the payment";
        to_home "홈으로" "Home";
        // Cards
        card_number "카드 번호" "Card number";
        expiry "유효기간" "Expiry";
        expiry_past "유효기간이 지난 카드예요." "This card has expired.";
        expiry_unclear "유효기간을 월/연도 순서로 입력해 주세요. 예: 12/39" "Enter the expiry date as month and year, such as 12/39.";
        cvc "CVC" "CVC";
        cvc_hint "등록할 때 한 번만 확인하고 저장하지 않습니다." "Checked once when you add the card, never stored.";
        issuer "카드사" "Card company";
        other_issuer "직접 입력" "Other…";
        make_representative "대표 카드로 설정" "Make it the default card";
        remove "삭제" "Remove";
        remove_sure "이 카드를 삭제할까요?" "Remove this card?";
        // History
        month_before "이전 달" "Month before";
        month_after "다음 달" "Month after";
        any "전체" "All";
        is_approved "승인" "Approved";
        is_canceled "취소" "Canceled";
        is_refunded "환불" "Refunded";
        is_partial "부분 취소" "Partly canceled";
        more "더 보기" "More";
        none_in_month "이 기간에는 결제가 없습니다" "No payments in this period";
        card "카드" "Card";
        balance "남은 금액" "Balance";
        transactions "거래" "Transactions";
        // Failures
        required "입력해 주세요" "Please fill this in";
        email_wrong "이메일 주소를 확인해 주세요." "Please check the e-mail address.";
        offline "인터넷에 연결되어 있지 않습니다. 연결을 확인하고 다시 시도해 주세요." "You are offline. Check the connection and try again.";
        expired_session "로그인한 지 오래되어 다시 로그인해야 합니다." "You were signed in long ago. Please sign in again.";
    }
}
