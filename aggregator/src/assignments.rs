//! What each kiosk is told: its assignment, its round, and the trust's directory, signed.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use wardvoice_protocol::assignment::{Assignment, KioskAudience, KioskSettings};
use wardvoice_protocol::directory::Directory;
use wardvoice_protocol::id::{KioskId, Language};
use wardvoice_protocol::keys::{SealKey, SigningKey};
use wardvoice_protocol::questionnaire::QuestionnaireRef;
use wardvoice_protocol::round::{Round, WardName};
use wardvoice_protocol::signed;
use wardvoice_protocol::topic::{Channel, Topic};

use crate::boards;
use crate::ingest::mqtt::Message;
use crate::pins::{Pins, Role};
use crate::registry::{Kiosk, Registry};

/// The most wards that are visited with one kiosk: it subscribes to a board for each.
const MAX_WARDS: usize = 40;

/// Everything that assignments are made of.
#[derive(Debug)]
pub struct Assignments {
    /// Which kiosk stands where.
    pub registry: Arc<Registry>,
    /// The wards and their consultants.
    pub directory: Directory,
    /// What is asked.
    pub questionnaire: QuestionnaireRef,
    /// In which languages, the first is the default.
    pub languages: Vec<Language>,
    /// The key records are sealed to.
    pub seal_key: SealKey,
    /// The key that signs.
    pub signing_key: SigningKey,
    /// The Monday that fortnights are counted from.
    pub fortnight_anchor: Date,
    /// Whether everything is generated.
    pub demonstration: bool,
    /// The PINs of volunteers and managers.
    pub pins: Arc<Pins>,
    /// Whom volunteers call when somebody tells of harm.
    pub safeguarding: Option<String>,
}

impl Assignments {
    /// A kiosk's assignment; `None` when it is not registered or its ward has left the directory.
    pub fn of(&self, kiosk: &KioskId) -> Option<Assignment> {
        self.assign(kiosk, &self.registry.get(kiosk)?)
    }

    /// The settings that a person puts on a kiosk.
    pub fn settings(&self, kiosk: &KioskId, broker: String) -> Option<KioskSettings> {
        Some(KioskSettings { version: 1, broker, assignment: self.of(kiosk)? })
    }

    /// A kiosk's assignment as a message.
    pub fn message(&self, kiosk: &KioskId) -> Option<Message> {
        self.sign(kiosk, &self.of(kiosk)?)
    }

    /// The directory and every assignment and round, to be retained by the broker.
    pub fn everything(&self) -> Vec<Message> {
        let kiosks = self.registry.all();
        let assignments = kiosks.iter().filter_map(|(id, kiosk)| self.sign(id, &self.assign(id, kiosk)?));
        let rounds = kiosks.iter().filter_map(|(id, kiosk)| self.round(id, kiosk));
        self.directory_message().into_iter().chain(assignments).chain(rounds).collect()
    }

    /// What a kiosk needs to take volunteers in, as a message; none for simulated kiosks, which nobody carries about.
    pub fn round_message(&self, kiosk: &KioskId) -> Option<Message> {
        self.round(kiosk, &self.registry.get(kiosk)?)
    }

    /// Every round, to be said when a PIN has changed.
    pub fn rounds(&self) -> Vec<Message> {
        self.registry.all().iter().filter_map(|(id, kiosk)| self.round(id, kiosk)).collect()
    }

    fn round(&self, id: &KioskId, kiosk: &Kiosk) -> Option<Message> {
        if kiosk.simulated {
            return None;
        }
        let own = self.directory.ward(&kiosk.ward)?;
        // A tablet is carried about a site; its own ward comes first.
        let others = self.directory.wards().iter().filter(|ward| ward.site == own.site && ward.id != own.id);
        let wards = std::iter::once(own).chain(others).take(MAX_WARDS);
        let round = Round {
            kiosk: id.clone(),
            issued: Timestamp::now(),
            volunteer_pin: self.pins.hash(Role::Volunteer),
            manager_pin: self.pins.hash(Role::Manager),
            wards: wards.map(|ward| WardName { id: ward.id.clone(), name: ward.name.clone() }).collect(),
            safeguarding: self.safeguarding.clone(),
        };
        let topic = Topic::Kiosk(id.clone(), Channel::Round);
        let payload = signed::sign(&round, &topic, &self.signing_key).ok()?;
        Some(Message { topic, payload, retain: true })
    }

    fn directory_message(&self) -> Option<Message> {
        let topic = Topic::Directory;
        let payload = signed::sign(&self.directory.published(), &topic, &self.signing_key).ok()?;
        Some(Message { topic, payload, retain: true })
    }

    fn sign(&self, kiosk: &KioskId, assignment: &Assignment) -> Option<Message> {
        let topic = Topic::Kiosk(kiosk.clone(), Channel::Assignment);
        let payload = signed::sign(assignment, &topic, &self.signing_key).ok()?;
        Some(Message { topic, payload, retain: true })
    }

    fn assign(&self, id: &KioskId, kiosk: &Kiosk) -> Option<Assignment> {
        let ward = self.directory.ward(&kiosk.ward)?;
        let consultants = boards::consultants(&self.directory, &ward.id);
        Some(Assignment {
            kiosk: id.clone(),
            ward: ward.id.clone(),
            ward_name: ward.name.clone(),
            audience: KioskAudience::Patients,
            questionnaire: self.questionnaire.clone(),
            languages: self.languages.clone(),
            consultants,
            seal_key: self.seal_key.clone(),
            aggregator_key: self.signing_key.verifying_key(),
            fortnight_anchor: self.fortnight_anchor,
            demonstration: self.demonstration,
        })
    }
}
