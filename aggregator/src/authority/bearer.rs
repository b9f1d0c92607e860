//! Whose pass a certificate is. Only of certificates that TLS has held against the authority.

use jiff::Timestamp;
use wardvoice_protocol::id::KioskId;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

use super::Serial;

/// Who shows a pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer {
    /// The kiosk whose pass it is.
    pub kiosk: KioskId,
    /// The number of the pass; none where it is not one that we give.
    pub serial: Option<Serial>,
}

impl Bearer {
    /// Reads a certificate (DER). None where its name is not one kiosk's id and nothing else.
    pub fn of(certificate: &[u8]) -> Option<Self> {
        let certificate = Certificate::from_der(certificate).ok()?;
        let certificate = certificate.tbs_certificate();
        let name = certificate.subject().to_string();
        let kiosk = KioskId::new(name.strip_prefix("CN=")?).ok()?;
        Some(Self { kiosk, serial: Serial::from_bytes(certificate.serial_number().as_bytes()) })
    }
}

/// The moment after which a certificate is not valid; none where it is not readable, or has no end (`99991231235959Z`).
pub(crate) fn not_after(certificate: &[u8]) -> Option<Timestamp> {
    let certificate = Certificate::from_der(certificate).ok()?;
    let end = certificate.tbs_certificate().validity().not_after.to_unix_duration();
    Timestamp::from_second(i64::try_from(end.as_secs()).ok()?).ok()
}
