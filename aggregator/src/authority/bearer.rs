//! Whose pass a certificate is. Only of certificates that TLS has held against the authority.

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
