#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::{ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::{CertificateError, RootCertStore};
use tempfile::TempDir;

use super::*;

mod any_bytes;

fn at(days_later: i64) -> Timestamp {
    "2027-01-04T12:00:00Z".parse::<Timestamp>().unwrap() + days(days_later)
}

fn authority() -> (TempDir, SharedAuthority) {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::open(&folder.path().join("authority")).unwrap();
    (folder, Arc::new(authority))
}

fn asked() -> CertificateRequest {
    let key = KeyPair::generate().unwrap();
    CertificateRequest::read(CertificateParams::default().serialize_request(&key).unwrap().der()).unwrap()
}

fn kiosk(id: &str) -> KioskId {
    KioskId::new(id).unwrap()
}

fn roots(authority: &Authority) -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate().clone()).unwrap();
    Arc::new(roots)
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// What TLS says about a pass at a moment.
fn held_against(authority: &Authority, pass: &Pass, now: Timestamp) -> Result<(), rustls::Error> {
    let certificate = CertificateDer::from_pem_slice(pass.certificate.as_bytes()).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(roots(authority), provider()).build().unwrap();
    let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(u64::try_from(now.as_second()).unwrap()));
    verifier.verify_client_cert(&certificate, &[], now).map(drop)
}

fn bearer(pass: &Pass) -> Bearer {
    Bearer::of(&CertificateDer::from_pem_slice(pass.certificate.as_bytes()).unwrap()).unwrap()
}

#[test]
fn an_authority_is_made_once_and_its_key_is_its_users_alone() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("authority");
    let made = Authority::open(&place).unwrap();
    let again = Authority::open(&place).unwrap();
    assert_eq!(made.fingerprint(), again.fingerprint());
    assert_eq!(made.fingerprint().len(), 95, "{}", made.fingerprint());
    let key = place.join("authority.key");
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(fs::read_to_string(place.join("revoked.pem")).unwrap().starts_with("-----BEGIN X509 CRL-----"));

    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(Authority::open(&place), Err(AuthorityError::Exposed { .. })));
    fs::remove_file(&key).unwrap();
    assert!(
        matches!(Authority::open(&place), Err(AuthorityError::Lost { .. })),
        "a new key would be another authority"
    );
}

#[test]
fn a_pass_counts_for_ninety_days_for_the_kiosk_it_names() {
    let (_folder, authority) = authority();
    let now = Timestamp::now();
    let pass = authority.admit(&kiosk("k-0001"), &asked(), now).unwrap();
    assert_eq!(bearer(&pass).kiosk, kiosk("k-0001"));
    assert!(bearer(&pass).serial.is_some());
    assert_eq!((pass.until, pass.renew_after), (now + days(90), now + days(60)));
    held_against(&authority, &pass, now).unwrap();
    held_against(&authority, &pass, now + days(89)).unwrap();
    let ended = held_against(&authority, &pass, now + days(91)).unwrap_err();
    let is_expired = matches!(
        ended,
        rustls::Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. })
    );
    assert!(is_expired, "{ended}");
}

#[test]
fn a_pass_of_another_authority_of_the_same_name_does_not_count() {
    let ((_ours, authority), (_theirs, another)) = (authority(), authority());
    let now = Timestamp::now();
    let pass = another.admit(&kiosk("k-0001"), &asked(), now).unwrap();
    assert!(held_against(&authority, &pass, now).is_err());
}

#[test]
fn a_servers_certificate_is_no_pass() {
    let (_folder, authority) = authority();
    let now = Timestamp::now();
    let (chain, _) = authority.server(&["k-0001".to_owned()], now, now + days(1)).unwrap();
    let pass = Pass {
        certificate: pem("CERTIFICATE", chain.first().unwrap()),
        authority: authority.pem(),
        until: now,
        renew_after: now,
    };
    assert!(held_against(&authority, &pass, now).is_err());
}

#[test]
fn what_is_taken_back_counts_no_more_and_stays_so_over_a_restart() {
    let (folder, authority) = authority();
    let counts = |authority: &Authority, pass: &Pass| {
        let bearer = bearer(pass);
        authority.issued().counts(bearer.serial.as_ref(), &bearer.kiosk)
    };
    let (one, other) = (kiosk("k-0001"), kiosk("k-0002"));
    let first = authority.admit(&one, &asked(), at(0)).unwrap();
    let beside = authority.admit(&other, &asked(), at(0)).unwrap();
    let mut woken = authority.issued().watch();
    assert_eq!(authority.revoke(&one, at(1)).unwrap(), 1);
    assert!(woken.has_changed().unwrap());
    woken.mark_unchanged();
    let second = authority.admit(&one, &asked(), at(1)).unwrap();
    for authority in [&*authority, &Authority::open(&folder.path().join("authority")).unwrap()] {
        assert!(!counts(authority, &first) && counts(authority, &beside) && counts(authority, &second));
        assert!(
            !authority.issued().counts(None, &one),
            "one that nobody knows, of a kiosk that had one taken back"
        );
        assert!(authority.issued().counts(None, &other), "one that was issued after the backup");
        assert!(!authority.issued().counts(bearer(&beside).serial.as_ref(), &one), "another's");
    }
    assert_eq!(authority.issued().of(&one, at(1)).len(), 1);
}

#[test]
fn whoever_shows_a_pass_gets_the_next_only_while_that_one_counts() {
    let (folder, authority) = authority();
    let one = kiosk("k-0001");
    let first = bearer(&authority.admit(&one, &asked(), at(0)).unwrap());
    let second = bearer(&authority.renew(&first, &asked(), at(60)).unwrap());
    assert_eq!(second.kiosk, one);
    authority.revoke(&one, at(61)).unwrap();
    for shown in [&first, &second, &Bearer { kiosk: one.clone(), serial: None }] {
        let refused = authority.renew(shown, &asked(), at(61)).map(drop);
        assert!(
            matches!(&refused, Err(AuthorityError::Issued(IssuedError::TakenBack(kiosk))) if *kiosk == one),
            "{refused:?}"
        );
    }
    let kept = Authority::open(&folder.path().join("authority")).unwrap();
    assert!(kept.issued().of(&one, at(61)).is_empty(), "one was written down that nobody may have");
}

#[test]
fn one_kiosk_is_given_so_many_in_a_day_and_the_others_theirs() {
    let (_folder, authority) = authority();
    let (one, other) = (kiosk("k-0001"), kiosk("k-0002"));
    let mut given = 0;
    let refused = loop {
        match authority.admit(&one, &asked(), at(1)) {
            Ok(_) => given += 1,
            Err(refused) => break refused,
        }
        assert!(given <= 24, "it is given as many as it asks for");
    };
    assert_eq!(given, 24, "{refused}");
    assert!(matches!(&refused, AuthorityError::Issued(IssuedError::TooMany(kiosk)) if *kiosk == one), "{refused}");
    authority.admit(&other, &asked(), at(1)).unwrap();
    authority.admit(&one, &asked(), at(2)).unwrap();
    // A clock that went back by a year makes nobody wait for one.
    authority.admit(&one, &asked(), at(-365)).unwrap();
}

#[test]
fn a_server_shows_a_new_certificate_before_the_old_one_ends() {
    let (_folder, authority) = authority();
    let names = server_names(&["wardvoice.example".to_owned()], &["10.1.2.3".parse().unwrap()]);
    assert_eq!(names, ["wardvoice.example", "10.1.2.3", "localhost", "127.0.0.1", "::1"]);
    let shown = ServerCertificate::new(Arc::clone(&authority), names).unwrap();
    let verifier = rustls::client::WebPkiServerVerifier::builder_with_provider(roots(&authority), provider())
        .build()
        .unwrap();
    let believed = |now: Timestamp, name: &str| {
        let key = shown.at(now).unwrap();
        let (first, rest) = key.cert.split_first().unwrap();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let second = u64::try_from(now.as_second()).unwrap();
        let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(second));
        verifier.verify_server_cert(first, rest, &name, &[], now).is_ok()
    };
    let now = Timestamp::now();
    for days_later in [0, 59, 61, 89, 91, 400, 0] {
        let now = now + days(days_later);
        for name in ["wardvoice.example", "10.1.2.3", "localhost", "::1"] {
            assert!(believed(now, name), "{name} after {days_later} days");
        }
    }
    assert!(!believed(now, "another.example"));
}

/// Files of the trust's own: written, with a time of their own, because two changes within one tick of the file system's clock look like one.
fn put(path: &Path, text: &str, second: u64) {
    fs::write(path, text).unwrap();
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(second)).unwrap();
}

#[test]
fn files_of_the_trusts_own_are_shown_by_the_next_handshake_once_both_have_changed() {
    let (folder, authority) = authority();
    let [certificate, key] = ["pages.pem", "pages.key"].map(|name| folder.path().join(name));
    let names = ["localhost".to_owned()];
    let [first, second] = [0, 30].map(|later| authority.server_files(&names, at(later)).unwrap());
    put(&certificate, &first.chain, 1_000);
    put(&key, &first.key, 1_000);
    let shown = FileCertificate::open(&certificate, &key).unwrap();
    let before = shown.shown();
    assert_eq!(shown.until(), Some(at(FILE_DAYS)));

    put(&certificate, &second.chain, 2_000);
    assert_eq!(shown.until(), Some(at(FILE_DAYS)), "somebody is in the middle of putting both there");
    put(&key, &second.key, 2_001);
    assert_eq!(shown.until(), Some(at(30 + FILE_DAYS)));
    assert_ne!(shown.shown().cert, before.cert);

    put(&certificate, "nothing", 3_000);
    assert_eq!(shown.until(), Some(at(30 + FILE_DAYS)), "what was there goes on");
    fs::remove_file(&certificate).unwrap();
    assert_eq!(shown.until(), Some(at(30 + FILE_DAYS)));
    assert!(FileCertificate::open(&certificate, &key).is_err());
}

#[test]
fn a_kiosk_is_taken_off_when_nothing_of_what_it_was_given_is_left() {
    let (folder, authority) = authority();
    let (one, other) = (kiosk("k-0001"), kiosk("k-0002"));
    assert!(!authority.issued().is_taken_off(&one), "it was never given anything");
    authority.admit(&one, &asked(), at(0)).unwrap();
    authority.admit(&one, &asked(), at(60)).unwrap();
    let ends = authority.admit(&other, &asked(), at(1)).unwrap().until;
    assert_eq!(authority.revoke(&one, at(61)).unwrap(), 2);
    for authority in [&*authority, &Authority::open(&folder.path().join("authority")).unwrap()] {
        assert!(authority.issued().is_taken_off(&one) && !authority.issued().is_taken_off(&other));
        assert_eq!(authority.issued().taken_off(), BTreeMap::from([(one.clone(), at(61))]));
        assert_eq!(authority.issued().ends(), BTreeMap::from([(other.clone(), ends)]));
    }
    let again = authority.admit(&one, &asked(), at(62)).unwrap().until;
    assert!(authority.issued().taken_off().is_empty());
    assert_eq!(authority.issued().ends(), BTreeMap::from([(one.clone(), again), (other, ends)]));
    authority.revoke(&one, at(63)).unwrap();
    assert_eq!(authority.issued().taken_off(), BTreeMap::from([(one, at(63))]));
}

#[test]
fn the_list_of_what_was_taken_back_lies_where_a_broker_may_read_it_too() {
    let folder = tempfile::tempdir().unwrap();
    let (place, told) = (folder.path().join("authority"), folder.path().join("broker/revoked.pem"));
    let authority = Authority::open_telling(&place, Some(told.clone())).unwrap();
    assert_eq!(authority.revoked_list(), told);
    let before = fs::read(&told).unwrap();
    authority.admit(&kiosk("k-0001"), &asked(), Timestamp::now()).unwrap();
    authority.revoke(&kiosk("k-0001"), Timestamp::now()).unwrap();
    let after = fs::read(&told).unwrap();
    assert_ne!(before, after);
    assert_eq!(after, fs::read(place.join("revoked.pem")).unwrap());
    assert_eq!(fs::metadata(&told).unwrap().permissions().mode() & 0o777, 0o644);

    // Where it cannot be written the office is told, and a start goes on: what was taken back counts no more here either way.
    fs::remove_file(&told).unwrap();
    fs::create_dir_all(told.join("in the way")).unwrap();
    assert!(Authority::open_telling(&place, Some(told.clone())).is_ok());
    authority.admit(&kiosk("k-0001"), &asked(), Timestamp::now()).unwrap();
    assert!(
        matches!(authority.revoke(&kiosk("k-0001"), Timestamp::now()), Err(AuthorityError::File { path, .. }) if path == told)
    );
    assert!(authority.issued().is_taken_off(&kiosk("k-0001")));
}

#[test]
fn a_request_must_be_signed_with_its_own_key() {
    let key = KeyPair::generate().unwrap();
    let request = CertificateParams::default().serialize_request(&key).unwrap().der().to_vec();
    assert!(CertificateRequest::read(&request).is_ok());
    let mut spoilt = request.clone();
    *spoilt.last_mut().unwrap() ^= 1;
    assert_eq!(CertificateRequest::read(&spoilt), Err(RequestError::NotSigned));
    let of_another_kind = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let request = CertificateParams::default().serialize_request(&of_another_kind).unwrap();
    assert_eq!(CertificateRequest::read(request.der()), Err(RequestError::OtherKey));
    for cut in [0, 1, request.der().len() - 1] {
        let bytes = request.der().get(..cut).unwrap();
        assert!(matches!(CertificateRequest::read(bytes), Err(RequestError::Unreadable(_))), "{cut}");
    }
}

#[test]
fn names_that_no_server_can_have_are_refused() {
    for name in ["wardvoice.example", "10.1.2.3", "::1", "localhost"] {
        assert!(is_server_name(name), "{name}");
    }
    for name in ["", "a b", "a..b", "a_b", "*.example", "http://a", &"a".repeat(64)] {
        assert!(!is_server_name(name), "{name}");
    }
}
