//! The links and the picture of a QR token.

use qrcode::{EcLevel, QrCode, render::svg};

use crate::error::{ApiError, Code};

/// Pixels of a side at least; clients show the code in a 240 px square.
const SIDE_PX: u32 = 240;

/// Where a payment can be looked at and scanned.
pub struct QrLinks {
    pub checkout_url: String,
    pub qr_svg_url: String,
}

impl QrLinks {
    pub fn of(public_url: &str, token: &str) -> Self {
        Self {
            checkout_url: format!("{public_url}/checkout/{token}"),
            qr_svg_url: format!("{public_url}/checkout/{token}/qr.svg"),
        }
    }
}

/// What the phone's camera reads: the phone app's deep link. A token is base64url and dots, so it needs
/// no escaping.
pub fn deep_link(phone_app_url: &str, token: &str, expired_at: &str) -> String {
    format!("{phone_app_url}/payment/deeplink/success?token={token}&expiredAt={expired_at}")
}

/// The QR code of `text` as an SVG.
///
/// # Errors
/// The text is longer than a QR code can hold.
pub fn svg(text: &str) -> Result<String, ApiError> {
    // The least error correction: a screen is clean, and larger modules are easier to read.
    let code = QrCode::with_error_correction_level(text, EcLevel::L)
        .map_err(|error| ApiError::from(Code::Internal).because(error))?;
    Ok(code.render::<svg::Color>().min_dimensions(SIDE_PX, SIDE_PX).build())
}
