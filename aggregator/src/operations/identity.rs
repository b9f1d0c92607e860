//! What commands do about certificates: the authority, join codes, and taking back what a kiosk was given.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use wardvoice_protocol::id::{KioskId, WardId};
use wardvoice_protocol::questionnaire::QuestionnaireName;

use super::{Talk, say};
use crate::authority::AGGREGATOR;
use crate::config::Told;
use crate::durable_file::{self, Readers};
use crate::enrolment::Invited;
use crate::keys::{Keys, elsewhere};
use crate::premises::{Premises, failed};
use crate::registry::is_simulated;

/// The longest that a join code works, in minutes.
const LONGEST_MINUTES: u32 = 7 * 24 * 60;

/// What is asked about certificates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityAsk {
    /// Answers with the authority.
    Authority,
    /// Writes a certificate for a server that is a program of its own.
    Issue {
        /// What it is called.
        names: Vec<String>,
        /// The folder that the files are written to.
        into: PathBuf,
    },
    /// Draws a new key for kiosks to seal records to; the earlier ones go on opening what was sealed to them.
    NewSealKey,
    /// Answers with a join code.
    Enrol {
        /// The kiosk.
        id: KioskId,
        /// The ward it is to stand on; none for one that is registered.
        ward: Option<WardId>,
        /// What it is to ask.
        questionnaire: Option<QuestionnaireName>,
        /// How long the code works, in minutes.
        minutes: u32,
    },
    /// Takes back what a kiosk was given.
    Revoke {
        /// The kiosk.
        id: KioskId,
    },
}

/// The authority as `authority show` says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorityLine {
    /// The SHA-256 of its certificate.
    pub fingerprint: String,
    /// The file of its certificate, for whoever is to believe it.
    pub certificate: PathBuf,
    /// The list of certificates that were taken back, for other programs.
    pub revoked: PathBuf,
}

/// The keys that open records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealKeysLine {
    /// How many there are.
    pub keys: usize,
}

/// What was written for a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuedLine {
    /// The certificate with the authority's behind it.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// The authority's certificate.
    pub authority: PathBuf,
    /// The list of certificates that were taken back.
    pub revoked: PathBuf,
}

/// A join code.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationLine {
    /// The kiosk it is for.
    pub kiosk: KioskId,
    /// The code.
    pub code: String,
    /// Where the kiosk joins.
    pub aggregator: String,
    /// Until when the code works.
    pub until: Timestamp,
}

/// What was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokedLine {
    /// The kiosk.
    pub kiosk: KioskId,
    /// How many certificates that counted.
    pub certificates: usize,
    /// The list for other programs, which has them now.
    pub revoked: PathBuf,
    /// Whether the broker learns of it by itself.
    pub broker: Told,
}

impl fmt::Debug for InvitationLine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The code stays out of every log.
        write!(formatter, "InvitationLine(of {}, until {})", self.kiosk, self.until)
    }
}

impl IdentityAsk {
    /// What is noted of it before it is done: about what, and how.
    pub fn noted(&self) -> Option<(String, String)> {
        match self {
            Self::Authority => None,
            Self::Issue { names, .. } => Some(("authority".to_owned(), format!("issued {}", names.join(", ")))),
            Self::NewSealKey => Some(("keys".to_owned(), "drew a new key that records are sealed to".to_owned())),
            Self::Enrol { id, .. } => Some((format!("kiosk:{id}"), "made a join code".to_owned())),
            Self::Revoke { id } => Some((format!("kiosk:{id}"), "revoked".to_owned())),
        }
    }
}

/// Does what is asked about certificates.
pub(super) fn identity(premises: &Premises, asked: IdentityAsk, talk: &mut dyn Talk) -> Result<bool> {
    match asked {
        IdentityAsk::Authority => {
            let authority = premises.authority()?;
            let (certificate, revoked) = (authority.folder().join("authority.pem"), authority.revoked_list());
            say(talk, &AuthorityLine { fingerprint: authority.fingerprint(), certificate, revoked })?;
        }
        IdentityAsk::Issue { names, into } => say(talk, &issue(premises, &names, &into)?)?,
        IdentityAsk::NewSealKey => {
            let folder = premises.data.join("keys");
            ensure!(
                elsewhere(&premises.data).is_empty() && folder.join("open.key").exists(),
                "failed to draw a new key: the keys are not in the data folder; where systemd hands them over, put them back, draw, and \
                 seal them to the machine anew (docs/operate.md)"
            );
            let keys = Keys::put_new_first(&folder).map_err(failed)?;
            say(talk, &SealKeysLine { keys })?;
        }
        IdentityAsk::Enrol { id, ward, questionnaire, minutes } => {
            let line = invite(premises, id, ward, questionnaire.as_ref(), minutes)?;
            say(talk, &line)?;
        }
        IdentityAsk::Revoke { id } => {
            let (authority, now) = (premises.authority()?, Timestamp::now());
            ensure!(
                premises.registry.get(&id).is_some() || !authority.issued().of(&id, now).is_empty(),
                "failed to find kiosk {id}: it is not registered; `kiosk list` shows those that are"
            );
            // The code first: what is taken back must not be had again with it.
            premises.join_codes.withdraw(&id, now).map_err(failed)?;
            let certificates = authority.revoke(&id, now).map_err(failed)?;
            let (broker, revoked) = (premises.config.broker.is_told(), authority.revoked_list());
            say(talk, &RevokedLine { kiosk: id, certificates, revoked, broker })?;
        }
    }
    Ok(true)
}

fn issue(premises: &Premises, names: &[String], into: &Path) -> Result<IssuedLine> {
    ensure!(!names.is_empty(), "failed to issue a certificate: name the server, as clients call it");
    let authority = premises.authority()?;
    let bundle = authority.server_files(names, Timestamp::now()).map_err(failed)?;
    let [certificate, key, root, revoked] =
        ["server.pem", "server.key", "authority.pem", "revoked.pem"].map(|name| into.join(name));
    let write = |path: &Path, content: &[u8], readers| {
        durable_file::replace(path, content, readers).with_context(|| {
            format!("failed to write {}: the user the aggregator runs as must be able to", path.display())
        })
    };
    let list = authority.folder().join("revoked.pem");
    let list = std::fs::read(&list).with_context(|| format!("failed to read {}", list.display()))?;
    write(&key, bundle.key.as_bytes(), Readers::Owner)?;
    write(&certificate, bundle.chain.as_bytes(), Readers::Anyone)?;
    write(&root, authority.pem().as_bytes(), Readers::Anyone)?;
    write(&revoked, &list, Readers::Anyone)?;
    Ok(IssuedLine { certificate, key, authority: root, revoked })
}

fn invite(
    premises: &Premises,
    id: KioskId,
    ward: Option<WardId>,
    questionnaire: Option<&QuestionnaireName>,
    minutes: u32,
) -> Result<InvitationLine> {
    // On another broker it would be taken for the aggregator.
    ensure!(id.as_str() != AGGREGATOR, "failed to enrol {id}: it is the aggregator's own name");
    ensure!(!is_simulated(&id), "failed to enrol {id}: ids that start with sim- are for simulated kiosks");
    ensure!(
        (1..=LONGEST_MINUTES).contains(&minutes),
        "failed to make a join code for {minutes} minutes: write 1 to {LONGEST_MINUTES}"
    );
    let aggregator = premises.enrolment_address().context(
        "failed to say where the kiosk joins: set enrolment.listen (and authority.names, where it listens on every address), and \
         start `serve`",
    )?;
    let questionnaire = questionnaire.map(|name| premises.questionnaires.for_patients(name));
    let questionnaire = questionnaire.transpose().map_err(failed)?;
    match (premises.registry.get(&id), &ward) {
        (None, None) => bail!("failed to enrol {id}: it is new, so say on which ward it stands, with --ward"),
        (None, Some(ward)) => ensure!(
            premises.directory.ward(ward).is_some(),
            "failed to put kiosk {id} on ward {ward}: the directory has no such ward"
        ),
        (Some(known), Some(ward)) => ensure!(
            known.ward == *ward,
            "failed to enrol {id} on ward {ward}: it is registered on ward {}; leave --ward out",
            known.ward
        ),
        (Some(_), None) => {}
    }
    let now = Timestamp::now();
    let until = now + SignedDuration::from_mins(i64::from(minutes));
    let invited = Invited { kiosk: id.clone(), ward, questionnaire, until, used_by: None };
    let authority = premises.authority()?;
    let code = premises.join_codes.make(authority.certificate(), invited, now).map_err(failed)?;
    Ok(InvitationLine { kiosk: id, code: code.to_string(), aggregator, until })
}
