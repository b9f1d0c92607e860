//! What the desk says to kiosks that come with a code, with another's, with none, and again.
#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::net::Ipv4Addr;

use jiff::SignedDuration;
use tempfile::TempDir;
use wardvoice_protocol::enrolment::JoinCode;
use wardvoice_protocol::id::WardId;
use wardvoice_protocol::keys::SigningKey;

use super::*;
use crate::authority::testing;
use crate::config::{Config, ConfigFile};
use crate::directory;
use crate::fleet::Fleet;
use crate::operations::{IdentityAsk, Request, Talk, perform};
use crate::premises::Premises;

mod any_bytes;
mod replaced;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const SETTINGS: &str = "[broker]\nlisten = \"127.0.0.1:8883\"\nencrypted = true\n[authority]\nnames = [\"wardvoice.example\"]\n\
                        [enrolment]\nlisten = \"127.0.0.1:8884\"\n";

#[derive(Default)]
struct Heard(Vec<serde_json::Value>);

impl Talk for Heard {
    fn item(&mut self, json: &str) -> anyhow::Result<()> {
        self.0.push(serde_json::from_str(json)?);
        Ok(())
    }
    fn progress(&mut self, _what: &str, _done: u64, _of: u64) {}
    fn next_line(&mut self) -> anyhow::Result<Option<String>> {
        Ok(None)
    }
}

struct Office {
    desk: Desk,
    told: Arc<Mutex<Vec<KioskId>>>,
    ward: WardId,
    _folder: TempDir,
}

impl Office {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("directory.json"), directory::example_file()).unwrap();
        let file: ConfigFile = toml::from_str(SETTINGS).unwrap();
        let premises = Premises::open(folder.path(), Config::try_from(file).unwrap()).unwrap();
        let ward = premises.directory.wards().first().unwrap().id.clone();
        let house = House::open(premises, Box::new(|_, _, _| ()), Arc::new(Fleet::new()), Arc::default()).unwrap();
        let told = Arc::new(Mutex::new(Vec::new()));
        let tell = Arc::clone(&told);
        let joined = move |kiosk: &KioskId| tell.lock().unwrap().push(kiosk.clone());
        let desk = Desk::new(Arc::new(house), Box::new(joined)).unwrap();
        Self { desk, told, ward, _folder: folder }
    }

    fn ask(&self, asked: IdentityAsk) -> anyhow::Result<serde_json::Value> {
        let mut heard = Heard::default();
        perform(&self.desk.house, Request::Identity(asked), &mut heard)?;
        Ok(heard.0.pop().unwrap())
    }

    fn invite(&self, id: &str, ward: Option<&WardId>) -> JoinCode {
        let id = KioskId::new(id).unwrap();
        let asked = IdentityAsk::Enrol { id, ward: ward.cloned(), questionnaire: None, minutes: 60 };
        let line = self.ask(asked).unwrap();
        assert_eq!(line.get("aggregator").unwrap(), "wardvoice.example:8884");
        line.get("code").unwrap().as_str().unwrap().parse().unwrap()
    }

    fn join_at(&self, code: &JoinCode, key: u8, now: Timestamp) -> Result<Pass, Refusal> {
        let (request, purpose) = joining(code, key);
        self.say(&request, purpose, None, now)
    }

    fn join(&self, code: &JoinCode, key: u8) -> Result<Pass, Refusal> {
        self.join_at(code, key, Timestamp::now())
    }

    fn renew(&self, pass: Option<&Pass>) -> Result<Pass, Refusal> {
        let bearer = pass.map(bearer);
        self.say(&testing::request(), Purpose::Renew, bearer.as_ref(), Timestamp::now())
    }

    fn say(
        &self,
        request: &[u8],
        purpose: Purpose,
        bearer: Option<&Bearer>,
        now: Timestamp,
    ) -> Result<Pass, Refusal> {
        let ask = Ask { version: 1, request: STANDARD.encode(request), purpose };
        match self.desk.answer(&serde_json::to_vec(&ask).unwrap(), HERE, bearer, now) {
            Answer::Welcome { pass, settings, .. } => {
                assert_eq!(settings.broker, "mqtts://wardvoice.example:8883");
                Ok(pass)
            }
            Answer::Renewed { pass } => Ok(pass),
            Answer::Refused(refusal) => Err(refusal),
        }
    }

    fn counts(&self, pass: &Pass) -> bool {
        let Bearer { kiosk, serial } = bearer(pass);
        self.desk.authority.issued().counts(serial.as_ref(), &kiosk)
    }
}

/// A request, and what it is made for with a code by the kiosk of a key.
fn joining(code: &JoinCode, key: u8) -> (Vec<u8>, Purpose) {
    let (request, key) = (testing::request(), SigningKey::from_bytes(&[key; 32]));
    let proof = key.sign(&proof(code.secret(), &request));
    let joining = Joining { secret: code.secret().to_owned(), signing_key: key.verifying_key(), proof };
    (request, Purpose::Join(Box::new(joining)))
}

fn bearer(pass: &Pass) -> Bearer {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;
    Bearer::of(&CertificateDer::from_pem_slice(pass.certificate.as_bytes()).unwrap()).unwrap()
}

#[test]
fn a_code_takes_one_kiosk_in() {
    let office = Office::open();
    let code = office.invite("k-0001", Some(&office.ward));
    assert!(code.names(office.desk.authority.certificate()));
    let pass = office.join(&code, 1).unwrap();
    assert_eq!(bearer(&pass).kiosk.as_str(), "k-0001");
    let known = office.desk.house.premises.registry.get(&bearer(&pass).kiosk).unwrap();
    assert_eq!(known.signing_key, SigningKey::from_bytes(&[1; 32]).verifying_key());
    assert_eq!(office.told.lock().unwrap().len(), 1);

    assert_eq!(office.join(&code, 2), Err(Refusal::UsedCode), "another kiosk");
    let again = office.join(&code, 1).unwrap();
    assert!(office.counts(&again) && !office.counts(&pass), "the answer was lost and asked for again");
}

#[test]
fn whoever_is_taken_in_is_given_everything_that_it_has_to_know() {
    let office = Office::open();
    let (request, purpose) = joining(&office.invite("k-0001", Some(&office.ward)), 1);
    let ask = Ask { version: 1, request: STANDARD.encode(&request), purpose };
    let asked = serde_json::to_vec(&ask).unwrap();
    let Answer::Welcome { pass, settings, head: None } = office.desk.answer(&asked, HERE, None, Timestamp::now())
    else {
        panic!("it was not taken in");
    };
    let premises = &office.desk.house.premises;
    let (kiosk, told) = (bearer(&pass).kiosk, settings.assignment.clone());
    assert_eq!((kiosk.as_str(), pass.authority.as_str()), ("k-0001", office.desk.authority.pem().as_str()));
    assert!(premises.registry.get(&kiosk).is_some(), "nobody would believe its signatures");
    assert_eq!((&told.kiosk, &told.ward), (&kiosk, &office.ward));
    assert_eq!((&told.seal_key, told.aggregator_key), (premises.keys.seal_key(), premises.keys.verifying_key()));
    let known = premises.assignments.settings(&kiosk, settings.broker.clone());
    assert_eq!(known.unwrap().assignment, told, "it is told something else later");
}

#[test]
fn of_many_kiosks_that_use_one_code_at_once_one_is_taken_in() {
    const KIOSKS: u8 = 8;
    let office = Office::open();
    let code = office.invite("k-0001", Some(&office.ward));
    let begin = std::sync::Barrier::new(usize::from(KIOSKS));
    let join = |key| {
        begin.wait();
        office.join(&code, key)
    };
    let answers: Vec<_> = std::thread::scope(|scope| {
        let kiosks: Vec<_> = (1..=KIOSKS).map(|key| scope.spawn(move || join(key))).collect();
        kiosks.into_iter().map(|kiosk| kiosk.join().unwrap()).collect()
    });
    let taken: Vec<_> = answers.iter().flatten().collect();
    assert_eq!(taken.len(), 1, "{answers:?}");
    assert_eq!(
        answers.iter().filter(|answer| **answer == Err(Refusal::UsedCode)).count(),
        usize::from(KIOSKS) - 1
    );
    let given = office.desk.authority.issued().of(&bearer(taken.first().unwrap()).kiosk, Timestamp::now());
    assert_eq!(given.len(), 1, "{given:?}");
    assert_eq!(office.told.lock().unwrap().len(), 1);
}

/// The list of codes says so itself, without the desk that lets one join at a time.
#[test]
fn of_many_that_redeem_one_code_at_once_one_has_it() {
    const KIOSKS: u8 = 16;
    let folder = tempfile::tempdir().unwrap();
    let codes = JoinCodes::open(folder.path().join("join-codes.json")).unwrap();
    let (kiosk, now) = (KioskId::new("k-0001").unwrap(), Timestamp::now());
    let until = now + SignedDuration::from_mins(60);
    let invited = Invited { kiosk: kiosk.clone(), ward: None, questionnaire: None, until, used_by: None };
    let secret = secret_hash(codes.make(b"authority", invited, now).unwrap().secret());
    let begin = std::sync::Barrier::new(usize::from(KIOSKS));
    let redeem = |key: u8| {
        begin.wait();
        codes.redeem(secret, SigningKey::from_bytes(&[key; 32]).verifying_key(), now)
    };
    let answers: Vec<_> = std::thread::scope(|scope| {
        let kiosks: Vec<_> = (1..=KIOSKS).map(|key| scope.spawn(move || redeem(key))).collect();
        kiosks.into_iter().map(|kiosk| kiosk.join().unwrap()).collect()
    });
    let redeemed: Vec<_> = answers.iter().flatten().collect();
    assert_eq!(redeemed.len(), 1, "{answers:?}");
    assert!(codes.stands(secret, redeemed.first().unwrap()));
    codes.withdraw(&kiosk, now).unwrap();
    assert!(!codes.stands(secret, redeemed.first().unwrap()));
}

#[test]
fn whoever_is_taken_off_while_it_joins_or_renews_has_nothing_afterwards() {
    const TIMES: usize = 10;
    let office = Office::open();
    let kiosk = KioskId::new("k-0001").unwrap();
    office.join(&office.invite("k-0001", Some(&office.ward)), 1).unwrap();
    for time in 0..TIMES {
        let code = office.invite("k-0001", None);
        let begin = std::sync::Barrier::new(2);
        std::thread::scope(|scope| {
            let joining = scope.spawn(|| {
                begin.wait();
                office.join(&code, 1)
            });
            begin.wait();
            office.ask(IdentityAsk::Revoke { id: kiosk.clone() }).unwrap();
            // Taken in and off again, or not taken in: which of the two is a matter of moments.
            drop(joining.join().unwrap());
        });
        let left = office.desk.authority.issued().of(&kiosk, Timestamp::now());
        assert!(left.is_empty(), "{time}: {left:?}");
    }

    let kiosk = KioskId::new("k-0002").unwrap();
    // Codes that were withdrawn a moment before they were typed may have made this address wait.
    let later = Timestamp::now() + SignedDuration::from_mins(2);
    let pass = office.join_at(&office.invite("k-0002", Some(&office.ward)), 2, later).unwrap();
    let begin = std::sync::Barrier::new(5);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                begin.wait();
                // The bound of a day ends it as well.
                while office.renew(Some(&pass)).is_ok() {}
            });
        }
        begin.wait();
        office.ask(IdentityAsk::Revoke { id: kiosk.clone() }).unwrap();
    });
    let left = office.desk.authority.issued().of(&kiosk, Timestamp::now());
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn codes_that_are_wrong_or_old_are_refused_and_guessing_is_slow() {
    let office = Office::open();
    let code = office.invite("k-0001", Some(&office.ward));
    let later = Timestamp::now() + SignedDuration::from_mins(61);
    assert_eq!(office.join_at(&code, 1, later), Err(Refusal::ExpiredCode));
    let replaced = code;
    let code = office.invite("k-0001", Some(&office.ward));
    assert_eq!(office.join(&replaced, 1), Err(Refusal::WrongCode), "a new code replaces the one before");
    for _ in 0..4 {
        assert_eq!(office.join(&replaced, 1), Err(Refusal::WrongCode));
    }
    assert!(matches!(office.join(&code, 1), Err(Refusal::Wait { .. })), "even the right one has to wait");
    let later = Timestamp::now() + SignedDuration::from_mins(2);
    office.join_at(&code, 1, later).unwrap();
}

#[test]
fn a_kiosk_that_is_enrolled_again_has_nothing_of_before() {
    let office = Office::open();
    let first = office.join(&office.invite("k-0001", Some(&office.ward)), 1).unwrap();
    let second = office.join(&office.invite("k-0001", None), 2).unwrap();
    assert!(!office.counts(&first) && office.counts(&second));
    let known = office.desk.house.premises.registry.get(&bearer(&second).kiosk).unwrap();
    assert_eq!(known.signing_key, SigningKey::from_bytes(&[2; 32]).verifying_key());
    assert_eq!(known.retired_keys, [SigningKey::from_bytes(&[1; 32]).verifying_key()]);
}

#[test]
fn a_pass_is_renewed_until_it_is_taken_back() {
    let office = Office::open();
    let code = office.invite("k-0001", Some(&office.ward));
    let first = office.join(&code, 1).unwrap();
    assert_eq!(office.renew(None), Err(Refusal::NoCertificate));
    let second = office.renew(Some(&first)).unwrap();
    assert!(office.counts(&first) && office.counts(&second), "the kiosk may not have got it");

    let revoked = office.ask(IdentityAsk::Revoke { id: bearer(&first).kiosk }).unwrap();
    assert_eq!(revoked.get("certificates").unwrap(), 2);
    assert_eq!(office.renew(Some(&second)), Err(Refusal::NoCertificate));
    assert_eq!(office.join(&code, 1), Err(Refusal::ExpiredCode), "its code neither");
    let third = office.join(&office.invite("k-0001", None), 1).unwrap();
    assert!(office.counts(&third));
}

#[test]
fn whoever_asks_without_end_fills_neither_the_list_nor_the_audit() {
    let office = Office::open();
    let code = office.invite("k-0001", Some(&office.ward));
    let pass = office.join(&code, 1).unwrap();
    let beside = office.join(&office.invite("k-0002", Some(&office.ward)), 2).unwrap();
    let given = (0..200).filter(|_| office.renew(Some(&pass)).is_ok()).count();
    assert_eq!(given, 23, "with the one it joined with that is as many as a day has hours");
    let noted = || office.desk.house.premises.audit.recent(1_000).len();
    let before = noted();
    assert!(matches!(office.renew(Some(&pass)), Err(Refusal::NotNow { .. })));
    assert!(matches!(office.join(&code, 1), Err(Refusal::NotNow { .. })), "nor with its code, again and again");
    assert_eq!(noted(), before);
    assert!(office.counts(&pass), "what it has goes on counting");
    office.renew(Some(&beside)).unwrap();

    // It was a thief: the kiosk itself must not wait for a day.
    office.ask(IdentityAsk::Revoke { id: bearer(&pass).kiosk }).unwrap();
    let code = office.invite("k-0001", None);
    let anew = office.join(&code, 1).unwrap();
    assert!(office.counts(&anew) && !office.counts(&pass));
    assert!(matches!(office.join(&code, 1), Err(Refusal::NotNow { .. })), "once, and not without end");
    assert!(matches!(office.renew(Some(&anew)), Err(Refusal::NotNow { .. })));
}

#[test]
fn nobody_joins_with_a_key_that_is_anothers() {
    let office = Office::open();
    let code = office.invite("k-0001", Some(&office.ward));
    let (request, other) = (testing::request(), testing::request());
    let key = SigningKey::from_bytes(&[1; 32]);
    let join = |proof| {
        let joining = Joining { secret: code.secret().to_owned(), signing_key: key.verifying_key(), proof };
        Purpose::Join(Box::new(joining))
    };
    let now = Timestamp::now();
    for proof in [key.sign(&proof("AAAAAAAAAAAA", &request)), key.sign(&proof(code.secret(), &other))] {
        let refused = office.say(&request, join(proof), None, now);
        assert!(matches!(refused, Err(Refusal::BadRequest { .. })), "{refused:?}");
    }
    office.say(&request, join(key.sign(&proof(code.secret(), &request))), None, now).unwrap();
}

#[test]
fn what_cannot_be_read_is_refused_with_a_reason() {
    let office = Office::open();
    for asked in ["", "{}", "[1]", "{\"version\":2,\"request\":\"\",\"purpose\":\"renew\"}"] {
        let answer = office.desk.answer(asked.as_bytes(), HERE, None, Timestamp::now());
        assert!(matches!(answer, Answer::Refused(Refusal::BadRequest { .. })), "{asked} got {answer:?}");
    }
    let refused = |id: &str, ward: Option<&str>| {
        let (id, ward) = (KioskId::new(id).unwrap(), ward.map(|ward| WardId::new(ward).unwrap()));
        let asked = IdentityAsk::Enrol { id, ward, questionnaire: None, minutes: 60 };
        office.ask(asked).unwrap_err().to_string()
    };
    assert!(refused("k-0001", None).contains("--ward"));
    assert!(refused("k-0001", Some("nowhere")).contains("no such ward"));
    assert!(refused("sim-1", Some("nowhere")).contains("sim-"));
    assert!(refused("wardvoice-aggregator", Some("nowhere")).contains("the aggregator's own name"));
}
