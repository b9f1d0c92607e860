//! Until when the broker's certificate is valid. TLS itself decides whether it is believed, and does not say until when.
//!
//! Of the certificate (X.509 in DER, RFC 5280 section 4.1) one field is read, and what is not as it should be is no date: nothing but an alert
//! is made of it.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

/// Who is told until when the certificate is valid that was shown; called on the line's thread at every connection.
pub type NoteCertificate = Arc<dyn Fn(Timestamp) + Send + Sync>;

/// Believes what another verifier believes, and notes until when.
pub(super) struct Noting {
    inner: Arc<WebPkiServerVerifier>,
    note: NoteCertificate,
}

impl Noting {
    pub(super) fn new(inner: Arc<WebPkiServerVerifier>, note: NoteCertificate) -> Self {
        Self { inner, note }
    }
}

impl ServerCertVerifier for Noting {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let believed = self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        // One that has run out is refused and is still the broker's, which somebody should renew.
        let is_the_brokers = matches!(
            &believed,
            Ok(_)
                | Err(Error::InvalidCertificate(
                    CertificateError::Expired | CertificateError::ExpiredContext { .. }
                ))
        );
        if is_the_brokers && let Some(until) = not_after(end_entity) {
            (self.note)(until);
        }
        believed
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

impl fmt::Debug for Noting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Noting({:?})", self.inner)
    }
}

const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
/// Which version of X.509 it is, where that is said.
const VERSION: u8 = 0xa0;

/// The moment after which a certificate is not valid; none where it is not readable, or has no end (`99991231235959Z`).
fn not_after(certificate: &[u8]) -> Option<Timestamp> {
    let (certificate, _) = inside(SEQUENCE, certificate)?;
    let (signed, _) = inside(SEQUENCE, certificate)?;
    let after_version = inside(VERSION, signed).map_or(signed, |(_, rest)| rest);
    let (_serial, rest) = inside(INTEGER, after_version)?;
    let (_algorithm, rest) = inside(SEQUENCE, rest)?;
    let (_issuer, rest) = inside(SEQUENCE, rest)?;
    let (validity, _) = inside(SEQUENCE, rest)?;
    let (_, _, not_after) = element(validity)?;
    let (kind, text, _) = element(not_after)?;
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (year, rest) = match kind {
        // Two digits are of the years 1950 to 2049.
        UTC_TIME => {
            let (year, rest) = digits(text, 2)?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        GENERALIZED_TIME => digits(text, 4)?,
        _ => return None,
    };
    let (month, rest) = digits(rest, 2)?;
    let (day, rest) = digits(rest, 2)?;
    let (hour, rest) = digits(rest, 2)?;
    let (minute, rest) = digits(rest, 2)?;
    let (second, rest) = digits(rest, 2)?;
    let small = |number: i16| i8::try_from(number).ok();
    let (month, day) = (small(month)?, small(day)?);
    let moment = DateTime::new(year, month, day, small(hour)?, small(minute)?, small(second)?, 0).ok()?;
    rest.is_empty().then(|| moment.to_zoned(TimeZone::UTC).ok())?.map(|zoned| zoned.timestamp())
}

/// What is inside the first element, where that is of a kind, and what comes after it.
fn inside(kind: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (found, content, rest) = element(bytes)?;
    (found == kind).then_some((content, rest))
}

/// The first element of DER: its kind, what is inside, and what comes after it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&kind, rest) = bytes.split_first()?;
    let (&length, rest) = rest.split_first()?;
    let (length, rest) = if length < 0x80 {
        (usize::from(length), rest)
    } else {
        let (size, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
        // No certificate that TLS can carry is longer than three bytes can say.
        let is_sane = (1..=3).contains(&size.len());
        (is_sane.then(|| size.iter().fold(0, |length, byte| (length << 8) | usize::from(*byte)))?, rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((kind, content, rest))
}

fn digits(text: &str, many: usize) -> Option<(i16, &str)> {
    let (digits, rest) = text.split_at_checked(many)?;
    let all_are = digits.bytes().all(|byte| byte.is_ascii_digit());
    Some((all_are.then(|| digits.parse().ok())??, rest))
}

#[cfg(test)]
mod tests;
