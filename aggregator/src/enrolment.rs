//! The desk where kiosks are taken in: a join code in, a certificate and everything the kiosk has to know out.
//!
//! ```text
//! kiosk enrol ─► join code ─► (a person carries it) ─► wardvoice-kiosk join ─► desk ─► registry, pass, settings
//! ```
//!
//! What both ends say is in [`wardvoice_protocol::enrolment`], one line of JSON each way over TLS. A kiosk without a pass may only join;
//! one with a pass may only have it renewed.
//!
//! Whoever joins is told where the chain of its name stands, so that an empty tablet in the place of a broken one goes on with it.
//!
//! Invariants: a code works for one signing key, until it ends. It is used up on the disk before anything else happens, so that of
//! two kiosks with one code one is refused, whatever fails; the kiosk that has used it may ask again with the same key, because
//! an answer can get lost. Enrolling a kiosk that is known takes back what it had been given before. Whoever is taken off while it joins or renews
//! has nothing afterwards.
//!
//! Bounded: lines, the time for one, how many are answered at once and how many of them from one address, how many codes are open,
//! wrong tries from an address, certificates of one kiosk in a day.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::time::timeout;
use wardvoice_protocol::enrolment::{
    Answer, Ask, Joining, KnownHead, MAX_ASK_BYTES, Pass, Purpose, Refusal, proof, secret_hash,
};
use wardvoice_protocol::id::{KioskId, Sequence};
use wardvoice_protocol::keys::VerifyingKey;

use crate::audit::Deed;
use crate::authority::{AuthorityError, Bearer, CertificateRequest, IssuedError, SharedAuthority};
use crate::gate::places::Places;
use crate::gate::{self, Arrival, Gate};
use crate::log::Head;
use crate::premises::House;
use crate::registry::RegistryError;
use crate::tries::Tries;

mod codes;

pub use codes::{Invited, JoinCodes, JoinCodesError};

/// How long one question may take to come.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many are answered at once.
const AT_ONCE: usize = 32;
/// How many of them may be one address's: whoever says nothing keeps a place for as long as the patience lasts.
const MOST_OF_ONE: usize = AT_ONCE / 4;
/// Who is in the audit for what happens here.
const WHO: &str = "enrolment";

/// Tells a kiosk that has joined what it is to be.
pub type Joined = Box<dyn Fn(&KioskId) + Send + Sync>;

/// The desk.
pub struct Desk {
    house: Arc<House>,
    authority: SharedAuthority,
    tries: Tries,
    joined: Joined,
    /// One joins at a time: what is checked is what is done.
    joining: Mutex<()>,
}

impl Desk {
    /// Opens the desk.
    pub fn new(house: Arc<House>, joined: Joined) -> Result<Self, AuthorityError> {
        let authority =
            house.premises.authority().map_err(|error| AuthorityError::Signing(format!("{error:#}")))?;
        let tries = Tries::open(house.premises.data.join("join-tries.json"));
        Ok(Self { house, authority, tries, joined, joining: Mutex::new(()) })
    }

    /// Answers what somebody asks who shows a pass or none. Blocks until what it says is durable.
    pub fn answer(&self, asked: &[u8], from: IpAddr, bearer: Option<&Bearer>, now: Timestamp) -> Answer {
        match self.decide(asked, from, bearer, now) {
            Ok(answer) => answer,
            Err(refusal) => {
                tracing::warn!(%from, "somebody was not taken in: {refusal}");
                Answer::Refused(refusal)
            }
        }
    }

    fn decide(
        &self,
        asked: &[u8],
        from: IpAddr,
        bearer: Option<&Bearer>,
        now: Timestamp,
    ) -> Result<Answer, Refusal> {
        let bad = |reason: String| Refusal::BadRequest { reason };
        let ask: Ask = serde_json::from_slice(asked).map_err(|error| bad(error.to_string()))?;
        if ask.version != 1 {
            return Err(bad(format!("version {} is not known here", ask.version)));
        }
        let bytes = STANDARD.decode(&ask.request).map_err(|error| bad(format!("request: {error}")))?;
        let request = CertificateRequest::read(&bytes).map_err(|error| bad(error.to_string()))?;
        match ask.purpose {
            Purpose::Renew => self.renew(bearer, &request, now).map(|pass| Answer::Renewed { pass }),
            Purpose::Join(joining) => {
                let name = from.to_string();
                if let Some(seconds) = self.tries.wait(Some(from), &name, now) {
                    return Err(Refusal::Wait { seconds: u64::try_from(seconds).unwrap_or(1) });
                }
                check_proof(&joining, &bytes)?;
                let joined = self.join(&joining, &request, now);
                match &joined {
                    Ok(_) => self.tries.note(Some(from), &name, true, now),
                    Err(Refusal::WrongCode) => self.tries.note(Some(from), &name, false, now),
                    Err(_) => {}
                }
                joined
            }
        }
    }

    fn join(&self, joining: &Joining, request: &CertificateRequest, now: Timestamp) -> Result<Answer, Refusal> {
        let _one_at_a_time = self.joining.lock().unwrap_or_else(PoisonError::into_inner);
        let premises = &self.house.premises;
        let broker = premises.kiosk_broker_url().ok_or_else(|| {
            not_now("the aggregator does not know where kiosks reach its broker: set authority.names or kiosks.broker_url")
        })?;
        let (signing_key, secret) = (joining.signing_key, secret_hash(&joining.secret));
        let invited = premises.join_codes.redeem(secret, signing_key, now)?;
        let kiosk = &invited.kiosk;
        self.has_room(kiosk, now)?;
        self.note(kiosk, &format!("joined with signing key {signing_key}"), now)?;
        self.register(&invited, signing_key).map_err(not_now)?;
        let head = self.head_of(kiosk)?;
        // What it had before may be in somebody else's hands.
        self.authority.revoke(kiosk, now).map_err(not_now)?;
        let pass = self.authority.admit(kiosk, request, now).map_err(not_now)?;
        // Whoever takes a kiosk off withdraws its code first, and then what it was given: one of the two finds this pass.
        if !premises.join_codes.stands(secret, &invited) {
            self.authority.revoke(kiosk, now).map_err(not_now)?;
            return Err(Refusal::ExpiredCode);
        }
        let settings = premises.assignments.settings(kiosk, broker);
        let settings = settings.ok_or_else(|| not_now("the kiosk's ward is not in the directory"))?;
        tracing::info!(%kiosk, "a kiosk has joined");
        (self.joined)(kiosk);
        Ok(Answer::Welcome { pass, settings: Box::new(settings), head })
    }

    /// Where a kiosk's chain stands. What came before its key was replaced may have been judged by the old one and be under way still: a
    /// number that it is about to take is not one to go on from.
    fn head_of(&self, kiosk: &KioskId) -> Result<Option<KnownHead>, Refusal> {
        let (reader, id) = (self.house.reader(), kiosk.clone());
        let read = move || reader.heads().map(|heads| heads.get(&id).copied());
        let head = self.house.pipeline.while_still(read).map_err(not_now)?.map_err(not_now)?;
        let known = |head: Head| Some(KnownHead { sequence: Sequence::new(head.highest)?, hash: head.hash });
        Ok(head.and_then(known))
    }

    fn register(&self, invited: &Invited, signing_key: VerifyingKey) -> Result<(), RegistryError> {
        let premises = &self.house.premises;
        let registry = &premises.registry;
        match (registry.get(&invited.kiosk), &invited.ward) {
            (Some(known), _) if known.signing_key == signing_key => Ok(()),
            (Some(_), _) => registry.replace_key(&invited.kiosk, signing_key),
            (None, Some(ward)) => {
                let questionnaire = invited.questionnaire.clone();
                registry.add_asking(&invited.kiosk, ward, signing_key, questionnaire, &premises.directory)
            }
            (None, None) => Err(RegistryError::NotThere(invited.kiosk.clone())),
        }
    }

    fn renew(
        &self,
        bearer: Option<&Bearer>,
        request: &CertificateRequest,
        now: Timestamp,
    ) -> Result<Pass, Refusal> {
        let bearer = bearer.ok_or(Refusal::NoCertificate)?;
        let Bearer { kiosk, serial } = bearer;
        let known = self.house.premises.registry.get(kiosk).is_some();
        if !known || !self.authority.issued().counts(serial.as_ref(), kiosk) {
            return Err(Refusal::NoCertificate);
        }
        self.has_room(kiosk, now)?;
        self.note(kiosk, "renewed", now)?;
        match self.authority.renew(bearer, request, now) {
            Err(AuthorityError::Issued(IssuedError::TakenBack(_))) => Err(Refusal::NoCertificate),
            given => given.map_err(not_now),
        }
    }

    /// Before anything is written down about it: whoever asks without end fills neither the list nor the audit.
    fn has_room(&self, kiosk: &KioskId, now: Timestamp) -> Result<(), Refusal> {
        let room = self.authority.issued().has_room(kiosk, now);
        room.map_err(|error| Refusal::NotNow { reason: format!("failed to {error}") })
    }

    fn note(&self, kiosk: &KioskId, detail: &str, now: Timestamp) -> Result<(), Refusal> {
        let about = format!("kiosk:{kiosk}");
        let audit = &self.house.premises.audit;
        audit.note(now, WHO, Deed::ChangedCertificate, Some(&about), Some(detail)).map_err(not_now)
    }
}

/// Whether whoever asks has the signing key, and made this very request.
fn check_proof(joining: &Joining, request: &[u8]) -> Result<(), Refusal> {
    if joining.signing_key.verifies(&proof(&joining.secret, request), &joining.proof) {
        return Ok(());
    }
    Err(Refusal::BadRequest { reason: "the proof is not the signing key's".to_owned() })
}

#[expect(clippy::needless_pass_by_value, reason = "it takes errors as `map_err` hands them on")]
fn not_now(error: impl ToString) -> Refusal {
    let reason = error.to_string();
    tracing::error!("failed to {reason}");
    Refusal::NotNow { reason }
}

/// Takes kiosks in until it is dropped.
pub(crate) async fn serve(mut gate: Gate, desk: Desk) {
    let (desk, places) = (Arc::new(desk), Places::new(AT_ONCE, MOST_OF_ONE, &[]));
    while let Some(arrival) = gate.next().await {
        let (_, from) = &arrival;
        let Some(place) = places.take(places.free().await, from.ip()) else {
            tracing::debug!(%from, "somebody asks too much at once and was sent away");
            continue;
        };
        let desk = Arc::clone(&desk);
        tokio::spawn(async move {
            if let Err(error) = attend(arrival, desk).await {
                tracing::debug!(%error, "somebody at the desk went away");
            }
            drop(place);
        });
    }
}

async fn attend((stream, from): Arrival, desk: Arc<Desk>) -> std::io::Result<()> {
    let bearer = gate::bearer(&stream);
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    let most = u64::try_from(MAX_ASK_BYTES).unwrap_or(u64::MAX);
    let mut limited = (&mut stream).take(most);
    match timeout(PATIENCE, limited.read_until(b'\n', &mut line)).await {
        Ok(read) => read.map(drop)?,
        Err(_) => return Ok(()),
    }
    let answer = move || answer_line(&desk, &line, from, bearer.as_ref());
    let answer = tokio::task::spawn_blocking(answer).await.map_err(std::io::Error::other)??;
    let said = async {
        stream.write_all(&answer).await?;
        stream.shutdown().await
    };
    timeout(PATIENCE, said).await.unwrap_or(Ok(()))
}

fn answer_line(
    desk: &Desk,
    line: &[u8],
    from: SocketAddr,
    bearer: Option<&Bearer>,
) -> Result<Vec<u8>, serde_json::Error> {
    let answer = desk.answer(line, from.ip().to_canonical(), bearer, Timestamp::now());
    let mut bytes = serde_json::to_vec(&answer)?;
    bytes.push(b'\n');
    Ok(bytes)
}

#[cfg(test)]
mod tests;
