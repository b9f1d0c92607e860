//! What each kiosk is told: its assignment, and the trust's directory, signed.

use std::sync::Arc;

use jiff::civil::Date;
use wardvoice_protocol::assignment::{Assignment, ConsultantChoice, KioskAudience, KioskSettings};
use wardvoice_protocol::directory::Directory;
use wardvoice_protocol::id::{KioskId, Language};
use wardvoice_protocol::keys::{SealKey, SigningKey};
use wardvoice_protocol::questionnaire::QuestionnaireRef;
use wardvoice_protocol::signed;
use wardvoice_protocol::topic::{Channel, Topic};

use crate::ingest::mqtt::Message;
use crate::registry::{Kiosk, Registry};

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

    /// The directory and every assignment, to be retained by the broker.
    pub fn everything(&self) -> Vec<Message> {
        let kiosks = self.registry.all();
        let assignments = kiosks.iter().filter_map(|(id, kiosk)| self.sign(id, &self.assign(id, kiosk)?));
        self.directory_message().into_iter().chain(assignments).collect()
    }

    fn directory_message(&self) -> Option<Message> {
        let topic = Topic::Directory;
        let payload = signed::sign(self.directory.file(), &topic, &self.signing_key).ok()?;
        Some(Message { topic, payload, retain: true })
    }

    fn sign(&self, kiosk: &KioskId, assignment: &Assignment) -> Option<Message> {
        let topic = Topic::Kiosk(kiosk.clone(), Channel::Assignment);
        let payload = signed::sign(assignment, &topic, &self.signing_key).ok()?;
        Some(Message { topic, payload, retain: true })
    }

    fn assign(&self, id: &KioskId, kiosk: &Kiosk) -> Option<Assignment> {
        let ward = self.directory.ward(&kiosk.ward)?;
        let consultants = self
            .directory
            .consultants()
            .iter()
            .filter(|consultant| consultant.wards.contains(&ward.id))
            .map(|consultant| ConsultantChoice { id: consultant.id.clone(), label: consultant.label.clone() })
            .collect();
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
