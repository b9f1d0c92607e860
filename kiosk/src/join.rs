//! How the kiosk is taken in: with a join code once, and with its pass whenever that is about to end.
//!
//! What is said is in [`wardvoice_protocol::enrolment`]. A kiosk that joins believes the one authority whose hash stands in its code, and
//! says the code's secret to nobody else; afterwards it believes the authority it was given. Its keys are made here and never
//! leave it. Nothing is kept before the answer is whole, so that a join that fails can be tried again.
//!
//! This room alone knows rcgen.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use rcgen::{CertificateParams, KeyPair};
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use rustls_pki_types::ServerName;
use wardvoice_protocol::assignment::{Assignment, KioskSettings};
use wardvoice_protocol::enrolment::{
    Answer, Ask, JoinCode, Joining, KnownHead, MAX_ANSWER_BYTES, Pass, Purpose, Refusal, pem, proof,
};
use wardvoice_protocol::envelope::ChainHead;
use wardvoice_protocol::id::KioskId;

use crate::commission::posted_seal_key;
use crate::identity::{self, IdentityError};
use crate::outbox::{self, OutboxError};
use crate::pass::{self, PassError};
use crate::settings::{Settings, SettingsError};

mod trust;

/// How long a connection, and each answer over it, may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often a kiosk looks whether its pass is about to end.
const LOOK_EVERY: Duration = Duration::from_hours(1);
/// A chain stands nowhere beyond this, however long it has been sent: so there is always a next number, and every reader of JSON can read it.
const FURTHEST: u64 = 1 << 53;

/// Why a kiosk was not taken in.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The address is none.
    #[error("read the address {0:?}: write a host and a port, as in wardvoice.example:8884")]
    Address(String),
    /// Nobody is there.
    #[error("connect to {address}: {source}")]
    Connect {
        /// Where.
        address: String,
        /// What the system says.
        source: io::Error,
    },
    /// Whoever is there is not believed, or TLS fails.
    #[error("trust {address}: {reason}")]
    Tls {
        /// Where.
        address: String,
        /// Why.
        reason: String,
    },
    /// The answer is no answer.
    #[error("read the answer of {address}: {reason}")]
    Answer {
        /// Where.
        address: String,
        /// What is wrong.
        reason: String,
    },
    /// The aggregator says no.
    #[error("join: {0}")]
    Refused(Refusal),
    /// A key or a request cannot be made.
    #[error("make a certificate request: {0}")]
    Request(String),
    /// It would be another kiosk, and what is kept here is in this one's name.
    #[error(
        "take this tablet in as {there}: it is {here}, and its records are kept in that name; ask the office for a code for {here}"
    )]
    AnotherKiosk {
        /// Which kiosk it is.
        here: KioskId,
        /// Which it would be.
        there: KioskId,
    },
    /// It would belong to somebody who cannot open what is kept here.
    #[error(
        "take this tablet in: whoever answers has other keys than the hospital that its records are sealed for; once nothing waits in its outbox, \
         give it an empty data folder"
    )]
    AnotherHospital,
    /// It cannot be seen whose records are kept here.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
    /// No thread can be had to ask on.
    #[error("start a thread: {0}")]
    Thread(io::Error),
    /// This kiosk was never enrolled.
    #[error("renew the certificate: this kiosk has none; enrol it with `wardvoice-kiosk join`")]
    NotEnrolled,
    /// The signing key cannot be had.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The pass cannot be read or kept.
    #[error(transparent)]
    Pass(#[from] PassError),
    /// The settings cannot be kept.
    #[error(transparent)]
    Settings(#[from] SettingsError),
}

/// Joins with a code; what the kiosk is from now on.
///
/// A kiosk that was taken in before is taken in again: with the signing key that it has, so that the aggregator goes on with the same chain,
/// and with its outbox as it is. One that has no outbox yet goes on with the chain that the aggregator has in its name. What would make
/// another kiosk of it is refused before anything is kept.
pub fn join(data: &Path, aggregator: &str, code: &JoinCode) -> Result<KioskSettings, JoinError> {
    let signing_key = identity::load_or_create(data)?;
    let (key, request) = request()?;
    let proof = signing_key.sign(&proof(code.secret(), &request));
    let secret = code.secret().to_owned();
    let joining = Joining { secret, signing_key: signing_key.verifying_key(), proof };
    let purpose = Purpose::Join(Box::new(joining));
    let config = trust::of_the_code(code).map_err(|reason| tls(aggregator, reason))?;
    match ask(aggregator, config, purpose, &request)? {
        Answer::Welcome { pass, mut settings, head } => {
            may_become(data, &settings.assignment)?;
            go_on_sealing(data, &mut settings.assignment);
            // Before it has settings: no kiosk may number a record that does not know where its chain begins.
            go_on_numbering(data, aggregator, &settings.assignment.kiosk, head)?;
            keep(data, &pass, &key, aggregator)?;
            // Last: a kiosk with settings has a pass.
            Settings::keep(data, &settings)?;
            Ok(*settings)
        }
        other => Err(unexpected(aggregator, other)),
    }
}

/// Whether the kiosk of a data directory can go on as an assignment says: its outbox keeps the records of one kiosk, in one chain, and sealed to
/// one aggregator's keys.
fn may_become(data: &Path, assignment: &Assignment) -> Result<(), JoinError> {
    let Some((here, head)) = outbox::peek(data)? else { return Ok(()) };
    if here != assignment.kiosk {
        return Err(JoinError::AnotherKiosk { here, there: assignment.kiosk.clone() });
    }
    // Settings that are lost or do not read are what joining again mends.
    match Settings::load(data) {
        Ok(known) if head.sequence > 0 && known.assignment.aggregator_key != assignment.aggregator_key => {
            Err(JoinError::AnotherHospital)
        }
        _ => Ok(()),
    }
}

/// Lets a tablet that is taken in again go on sealing to the key that it knows. What comes with a join is believed because of the code, and
/// whoever has a code of their own could name a key of their own beside the hospital's; a new one of the hospital's comes signed, with
/// the first connection.
fn go_on_sealing(data: &Path, assignment: &mut Assignment) {
    let Ok(known) = Settings::load(data) else { return };
    if known.assignment.aggregator_key == assignment.aggregator_key {
        let posted = posted_seal_key(data, known.origin());
        assignment.seal_key = posted.unwrap_or(known.assignment.seal_key);
    }
}

/// Lets a tablet that has kept nothing go on where the chain of its name stands, which another tablet began. What is said beside the hospital's
/// own keys is believed as they are; the worst that it can do is to make numbers odd, and whoever reads the log sees that.
fn go_on_numbering(
    data: &Path,
    aggregator: &str,
    kiosk: &KioskId,
    known: Option<KnownHead>,
) -> Result<(), JoinError> {
    let head = known.map(ChainHead::from);
    if let Some(ChainHead { sequence, .. }) = head.filter(|head| head.sequence > FURTHEST) {
        let reason = format!("its chain would stand at record {sequence}, where none can stand");
        return Err(JoinError::Answer { address: aggregator.to_owned(), reason });
    }
    Ok(outbox::begin_after(data, kiosk, head)?)
}

/// Asks for the next pass with the one that is there; when the new one ends.
pub fn renew(data: &Path) -> Result<Timestamp, JoinError> {
    let enrolment = pass::enrolment(data)?.ok_or(JoinError::NotEnrolled)?;
    let aggregator = enrolment.aggregator;
    let shown = pass::read(&data.join(pass::FILE))?.ok_or(JoinError::NotEnrolled)?;
    let config = trust::of_the_authority(&data.join(pass::AUTHORITY_FILE), shown);
    let config = config.map_err(|reason| tls(&aggregator, reason))?;
    let (key, request) = request()?;
    match ask(&aggregator, config, Purpose::Renew, &request)? {
        Answer::Renewed { pass } => {
            keep(data, &pass, &key, &aggregator)?;
            Ok(pass.until)
        }
        other => Err(unexpected(&aggregator, other)),
    }
}

/// Asks for the next pass if the one that is there is about to end at a moment; when the new one ends, none where it was not yet time or this
/// kiosk was never enrolled.
pub fn renew_if_due(data: &Path, now: Timestamp) -> Result<Option<Timestamp>, JoinError> {
    match pass::enrolment(data)? {
        Some(enrolment) if enrolment.renew_after <= now => renew(data)
            .map(Some)
            .inspect_err(|_| tracing::error!(until = %enrolment.until, "the certificate was not renewed")),
        _ => Ok(None),
    }
}

/// Renews the pass whenever it is about to end, for as long as the process runs. What fails is tried again an hour later; there is a
/// month for it.
pub fn keep_renewed(data: &Path) -> io::Result<()> {
    keep_renewed_by(data, Timestamp::now, LOOK_EVERY)
}

/// The same by a clock, looking so often.
pub fn keep_renewed_by(
    data: &Path,
    clock: impl Fn() -> Timestamp + Send + 'static,
    every: Duration,
) -> io::Result<()> {
    let data = data.to_owned();
    let look = move || {
        loop {
            match renew_if_due(&data, clock()) {
                Ok(Some(until)) => tracing::info!(%until, "the certificate was renewed"),
                Ok(None) => {}
                Err(error) => tracing::error!("failed to {error}"),
            }
            thread::sleep(every);
        }
    };
    thread::Builder::new().name("renewal".to_owned()).spawn(look).map(drop)
}

/// A new key (PEM) and a request for a certificate for it (DER).
fn request() -> Result<(String, Vec<u8>), JoinError> {
    let failed = |error: rcgen::Error| JoinError::Request(error.to_string());
    let key = KeyPair::generate().map_err(failed)?;
    let request = CertificateParams::default().serialize_request(&key).map_err(failed)?;
    Ok((pem("PRIVATE KEY", key.serialized_der()), request.der().to_vec()))
}

fn keep(data: &Path, pass: &Pass, key: &str, aggregator: &str) -> Result<(), JoinError> {
    Ok(pass::keep(data, pass, key, aggregator)?)
}

fn ask(address: &str, config: Arc<ClientConfig>, purpose: Purpose, request: &[u8]) -> Result<Answer, JoinError> {
    let unreadable = |reason: String| JoinError::Answer { address: address.to_owned(), reason };
    let ask = Ask { version: 1, request: STANDARD.encode(request), purpose };
    let mut line = serde_json::to_vec(&ask).map_err(|error| JoinError::Request(error.to_string()))?;
    line.push(b'\n');
    let mut stream = connect(address, config)?;
    stream.write_all(&line).and_then(|()| stream.flush()).map_err(|error| trust::lost(address, &error))?;
    let mut answer = Vec::new();
    let most = u64::try_from(MAX_ANSWER_BYTES).unwrap_or(u64::MAX);
    let read = BufReader::new(stream).take(most).read_until(b'\n', &mut answer);
    read.map_err(|error| trust::lost(address, &error))?;
    serde_json::from_slice(&answer).map_err(|error| unreadable(error.to_string()))
}

fn connect(
    address: &str,
    config: Arc<ClientConfig>,
) -> Result<StreamOwned<ClientConnection, TcpStream>, JoinError> {
    let wrong = || JoinError::Address(address.to_owned());
    let failed = |source| JoinError::Connect { address: address.to_owned(), source };
    let (host, port) = address.rsplit_once(':').ok_or_else(wrong)?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let port: u16 = port.parse().map_err(|_| wrong())?;
    let name = ServerName::try_from(host.to_owned()).map_err(|_| wrong())?;
    let mut tried = Err(io::Error::from(io::ErrorKind::AddrNotAvailable));
    for place in (host, port).to_socket_addrs().map_err(failed)? {
        tried = TcpStream::connect_timeout(&place, PATIENCE);
        if tried.is_ok() {
            break;
        }
    }
    let mut socket = tried.map_err(failed)?;
    socket
        .set_read_timeout(Some(PATIENCE))
        .and_then(|()| socket.set_write_timeout(Some(PATIENCE)))
        .map_err(failed)?;
    let mut connection = ClientConnection::new(config, name).map_err(|error| tls(address, error.to_string()))?;
    while connection.is_handshaking() {
        connection.complete_io(&mut socket).map_err(|error| trust::lost(address, &error))?;
    }
    Ok(StreamOwned::new(connection, socket))
}

fn tls(address: &str, reason: String) -> JoinError {
    JoinError::Tls { address: address.to_owned(), reason }
}

fn unexpected(address: &str, answer: Answer) -> JoinError {
    match answer {
        Answer::Refused(refusal) => JoinError::Refused(refusal),
        Answer::Welcome { .. } | Answer::Renewed { .. } => {
            JoinError::Answer { address: address.to_owned(), reason: "it answers something else".to_owned() }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use std::fs;

    use wardvoice_protocol::clock::Clock;
    use wardvoice_protocol::id::{Hash, Sequence};
    use wardvoice_protocol::keys::{OpenKey, SealKey, SigningKey};
    use wardvoice_protocol::posting::Posting;
    use wardvoice_protocol::record::{Body, Cleaning};

    use super::*;
    use crate::identity::Identity;
    use crate::outbox::Outbox;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// The folder of a kiosk that has kept a record.
    fn with_a_record(settings: &KioskSettings) -> tempfile::TempDir {
        let data = tempfile::tempdir().unwrap();
        Settings::keep(data.path(), settings).unwrap();
        let Assignment { kiosk, ward, seal_key, .. } = settings.assignment.clone();
        let identity = Identity { kiosk, signing_key: identity::load_or_create(data.path()).unwrap() };
        let mut outbox = Outbox::open_with_reserve(data.path(), identity, 0).unwrap();
        let body = Body::Cleaning(Cleaning { ward, confirmed: true });
        outbox.append(body, Clock::new(at("2026-11-23T10:07:00Z"), None), &seal_key).unwrap();
        data
    }

    #[test]
    fn a_tablet_that_keeps_records_joins_again_as_who_it_is_and_as_nobody_else() {
        let settings: KioskSettings =
            serde_json::from_str(include_str!("../../protocol/fixtures/v1/kiosk-settings.json")).unwrap();
        let own = settings.assignment.clone();
        let kiosk = Assignment { kiosk: "k-9999".parse().unwrap(), ..own.clone() };
        let ward = Assignment { ward: "W99".parse().unwrap(), ..own.clone() };
        let aggregator_key = SigningKey::from_bytes(&[123; 32]).verifying_key();
        let hospital = Assignment { aggregator_key, ..own.clone() };

        let new = tempfile::tempdir().unwrap();
        for anybody in [&own, &kiosk, &hospital] {
            assert!(may_become(new.path(), anybody).is_ok(), "nothing is kept here yet");
        }
        let data = with_a_record(&settings);
        for the_same in [&own, &ward] {
            assert!(may_become(data.path(), the_same).is_ok());
        }
        let as_another = may_become(data.path(), &kiosk);
        assert!(matches!(&as_another, Err(JoinError::AnotherKiosk { there, .. }) if *there == kiosk.kiosk));
        let elsewhere = may_become(data.path(), &hospital);
        assert!(matches!(elsewhere, Err(JoinError::AnotherHospital)), "{elsewhere:?}");

        fs::remove_file(data.path().join("settings.json")).unwrap();
        assert!(may_become(data.path(), &own).is_ok(), "settings that are lost are what joining mends");
        assert!(may_become(data.path(), &kiosk).is_err());
    }

    #[test]
    fn a_tablet_that_is_taken_in_again_goes_on_sealing_to_the_key_that_the_hospital_has_signed() {
        let settings: KioskSettings =
            serde_json::from_str(include_str!("../../protocol/fixtures/v1/kiosk-settings.json")).unwrap();
        let own = settings.assignment.clone();
        let drawn = |secret: u8| OpenKey::from_bytes(&[secret; 32]).unwrap().seal_key().clone();
        let (theirs, rotated) = (drawn(99), drawn(98));
        let sealed_to = |data: &Path, answered: &Assignment| -> SealKey {
            let mut answered = Assignment { seal_key: theirs.clone(), ..answered.clone() };
            go_on_sealing(data, &mut answered);
            answered.seal_key
        };
        let new = tempfile::tempdir().unwrap();
        assert_eq!(sealed_to(new.path(), &own), theirs, "a new tablet knows nobody but its code");

        let data = with_a_record(&settings);
        assert_eq!(sealed_to(data.path(), &own), own.seal_key);
        let aggregator_key = SigningKey::from_bytes(&[123; 32]).verifying_key();
        let hospital = Assignment { aggregator_key, ..own.clone() };
        assert_eq!(sealed_to(data.path(), &hospital), theirs, "which is refused while records wait here");

        // The hospital has drawn a new key since, and said so with its signature.
        let assignment = Assignment { seal_key: rotated.clone(), ..own.clone() };
        let posting =
            Posting { issued: at("2027-01-04T12:00:00Z"), questionnaire: Hash::of(b"questionnaire"), assignment };
        let saved = |settings: Hash| serde_json::json!({ "version": 1, "settings": settings, "posting": posting });
        let followed = Settings::load(data.path()).unwrap().origin();
        for (of, expected) in [(followed, &rotated), (Hash::of(b"other settings"), &own.seal_key)] {
            fs::write(data.path().join("posting.json"), saved(of).to_string()).unwrap();
            assert_eq!(sealed_to(data.path(), &own), *expected);
        }
    }

    #[test]
    fn an_empty_tablet_goes_on_with_the_chain_of_its_name_and_with_none_that_cannot_be() {
        let kiosk: KioskId = "k-0017".parse().unwrap();
        let known = |number| Some(KnownHead { sequence: Sequence::new(number).unwrap(), hash: Hash::of(b"last") });
        let goes_on_from = |data: &Path| {
            let signing_key = SigningKey::from_bytes(&[7; 32]);
            let identity = Identity { kiosk: kiosk.clone(), signing_key };
            Outbox::open_with_reserve(data, identity, 0).unwrap().head()
        };
        for (head, number) in [(known(5), 5), (known(FURTHEST), FURTHEST), (None, 0)] {
            let data = tempfile::tempdir().unwrap();
            go_on_numbering(data.path(), "127.0.0.1:1", &kiosk, head).unwrap();
            assert_eq!(goes_on_from(data.path()).sequence, number);
        }
        for beyond in [FURTHEST + 1, u64::MAX] {
            let data = tempfile::tempdir().unwrap();
            let refused = go_on_numbering(data.path(), "127.0.0.1:1", &kiosk, known(beyond));
            assert!(matches!(refused, Err(JoinError::Answer { .. })), "{refused:?}");
            assert_eq!(goes_on_from(data.path()), ChainHead::EMPTY, "nothing was kept of it");
        }
        let data = with_a_record(
            &serde_json::from_str(include_str!("../../protocol/fixtures/v1/kiosk-settings.json")).unwrap(),
        );
        go_on_numbering(data.path(), "127.0.0.1:1", &kiosk, known(5)).unwrap();
        assert_eq!(goes_on_from(data.path()).sequence, 1, "it has an outbox of its own");
    }

    #[test]
    fn a_pass_is_asked_for_from_the_moment_that_it_says_and_not_before() {
        let data = tempfile::tempdir().unwrap();
        assert_eq!(renew_if_due(data.path(), at("2090-01-01T00:00:00Z")).unwrap(), None, "never enrolled");
        let (until, renew_after) = (at("2027-04-04T12:00:00Z"), at("2027-03-05T12:00:00Z"));
        let pass = Pass {
            certificate: "certificate\n".to_owned(),
            authority: "authority\n".to_owned(),
            until,
            renew_after,
        };
        let (key, _) = request().unwrap();
        // No certificate: whoever tries to renew with it fails.
        keep(data.path(), &pass, &key, "127.0.0.1:1").unwrap();
        for early in ["2027-01-04T12:00:00Z", "2027-03-05T11:59:59Z"] {
            assert_eq!(renew_if_due(data.path(), at(early)).unwrap(), None, "{early}");
        }
        for due in ["2027-03-05T12:00:00Z", "2027-04-04T12:00:00Z", "2030-01-01T00:00:00Z"] {
            assert!(renew_if_due(data.path(), at(due)).is_err(), "it was not tried at {due}");
        }
    }
}
