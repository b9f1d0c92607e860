//! What each kiosk is told: its assignment, plainly and as a posting, what it asks and which translations of it are approved, what it gives
//! with its thanks, its round, and the trust's directory, signed.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use wardvoice_protocol::approvals::Approvals;
use wardvoice_protocol::assignment::{Assignment, KioskAudience, KioskSettings};
use wardvoice_protocol::directory::Directory;
use wardvoice_protocol::id::{Hash, KioskId, Language};
use wardvoice_protocol::keys::{SealKey, SigningKey};
use wardvoice_protocol::posting::Posting;
use wardvoice_protocol::questionnaire::{Questionnaire, QuestionnaireRef};
use wardvoice_protocol::round::{Round, WardName};
use wardvoice_protocol::signed;
use wardvoice_protocol::thanks::Thanks;
use wardvoice_protocol::topic::{Channel, Topic};

use crate::boards;
use crate::ingest::mqtt::Message;
use crate::pins::{Pins, Role};
use crate::planning::Planning;
use crate::questionnaires::{self, Questionnaires};
use crate::registry::{Kiosk, Registry};
use crate::translations::Translations;

/// The most wards that are visited with one kiosk: it subscribes to a board for each.
const MAX_WARDS: usize = 40;

/// Everything that assignments are made of.
#[derive(Debug)]
pub struct Assignments {
    /// Which kiosk stands where.
    pub registry: Arc<Registry>,
    /// The wards and their consultants.
    pub directory: Directory,
    /// What is asked where nothing else was said.
    pub questionnaire: QuestionnaireRef,
    /// What can be asked.
    pub questionnaires: Arc<Questionnaires>,
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
    /// What the office has decided about beds.
    pub planning: Arc<Planning>,
    /// Which translations people have approved or withdrawn.
    pub translations: Arc<Translations>,
    /// Whom volunteers call when somebody tells of harm.
    pub safeguarding: Option<String>,
    /// Whether whoever has answered is given a code with which the answer can be deleted.
    pub withdrawal_codes: bool,
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

    /// A kiosk's assignment with when it is said and what exactly it asks, as a message.
    pub fn posting_message(&self, kiosk: &KioskId) -> Option<Message> {
        self.post(kiosk, &self.registry.get(kiosk)?)
    }

    /// The questionnaire of a kiosk, as a message that any kiosk may read.
    pub fn questionnaire_message(&self, kiosk: &KioskId) -> Option<Message> {
        questionnaires::message(self.asks(&self.registry.get(kiosk)?)?, &self.signing_key)
    }

    /// Which translations of what a kiosk asks are approved, as a message; none when nobody ever decided about one.
    pub fn approvals_message(&self, kiosk: &KioskId) -> Option<Message> {
        self.approvals(kiosk, &self.registry.get(kiosk)?)
    }

    /// What a kiosk gives with its thanks, as a message; none for simulated kiosks, which nobody stands in front of.
    pub fn thanks_message(&self, kiosk: &KioskId) -> Option<Message> {
        self.thanks(kiosk, &self.registry.get(kiosk)?)
    }

    /// Everything that a kiosk is told but for what it asks, as messages.
    pub fn messages(&self, kiosk: &KioskId) -> Vec<Message> {
        let messages = [
            self.approvals_message(kiosk),
            self.message(kiosk),
            self.posting_message(kiosk),
            self.thanks_message(kiosk),
            self.round_message(kiosk),
        ];
        messages.into_iter().flatten().collect()
    }

    /// Everything that a decision about a questionnaire's translations changes for the kiosks that ask it.
    pub fn about_translations(&self, questionnaire: Hash) -> Vec<Message> {
        let kiosks = self.registry.all();
        let asks = |kiosk: &Kiosk| self.asks(kiosk).is_some_and(|asked| asked.hash() == questionnaire);
        let asking = kiosks.iter().filter(|(_, kiosk)| asks(kiosk));
        let messages = asking.flat_map(|(id, kiosk)| {
            let assignment = self.assign(id, kiosk).and_then(|assignment| self.sign(id, &assignment));
            // Approvals come before the posting: a kiosk that reads both in turn is never told to offer less than it may.
            [self.approvals(id, kiosk), assignment, self.post(id, kiosk)]
        });
        messages.flatten().collect()
    }

    /// The hash of what a kiosk is told to ask.
    pub fn asked(&self, kiosk: &KioskId) -> Option<Hash> {
        Some(self.asks(&self.registry.get(kiosk)?)?.hash())
    }

    /// The directory, every questionnaire that some kiosk asks, and every assignment, posting, thanks and round, to be retained by the
    /// broker.
    pub fn everything(&self) -> Vec<Message> {
        let kiosks = self.registry.all();
        let asked: BTreeMap<Hash, &Arc<Questionnaire>> =
            kiosks.values().filter_map(|kiosk| self.asks(kiosk)).map(|one| (one.hash(), one)).collect();
        let asked = asked.into_values().filter_map(|one| questionnaires::message(one, &self.signing_key));
        let assignments = kiosks.iter().filter_map(|(id, kiosk)| self.sign(id, &self.assign(id, kiosk)?));
        let postings = kiosks.iter().filter_map(|(id, kiosk)| self.post(id, kiosk));
        let approvals = kiosks.iter().filter_map(|(id, kiosk)| self.approvals(id, kiosk));
        let thanks = kiosks.iter().filter_map(|(id, kiosk)| self.thanks(id, kiosk));
        let rounds = kiosks.iter().filter_map(|(id, kiosk)| self.round(id, kiosk));
        self.directory_message()
            .into_iter()
            .chain(asked)
            .chain(assignments)
            .chain(approvals)
            .chain(postings)
            .chain(thanks)
            .chain(rounds)
            .collect()
    }

    /// What a kiosk asks; none when that is not known here, or not for patients.
    fn asks(&self, kiosk: &Kiosk) -> Option<&Arc<Questionnaire>> {
        let reference = kiosk.questionnaire.as_ref().unwrap_or(&self.questionnaire);
        let questionnaire = self.questionnaires.get(reference);
        questionnaire.filter(|questionnaire| questionnaire.file().audience == KioskAudience::Patients)
    }

    fn approvals(&self, id: &KioskId, kiosk: &Kiosk) -> Option<Message> {
        let questionnaire = self.asks(kiosk)?.hash();
        let languages = self.translations.approved(questionnaire)?;
        let approvals = Approvals { kiosk: id.clone(), issued: Timestamp::now(), questionnaire, languages };
        let topic = Topic::Kiosk(id.clone(), Channel::Approvals);
        let payload = signed::sign(&approvals, &topic, &self.signing_key).ok()?;
        Some(Message { topic, payload, retain: true })
    }

    fn thanks(&self, id: &KioskId, kiosk: &Kiosk) -> Option<Message> {
        if kiosk.simulated {
            return None;
        }
        // Also where nothing is given: a kiosk that gave something until yesterday has to hear of it.
        let thanks =
            Thanks { kiosk: id.clone(), issued: Timestamp::now(), withdrawal_codes: self.withdrawal_codes };
        let topic = Topic::Kiosk(id.clone(), Channel::Thanks);
        let payload = signed::sign(&thanks, &topic, &self.signing_key).ok()?;
        Some(Message { topic, payload, retain: true })
    }

    fn post(&self, id: &KioskId, kiosk: &Kiosk) -> Option<Message> {
        let (assignment, questionnaire) = (self.assign(id, kiosk)?, self.asks(kiosk)?.hash());
        let posting = Posting { issued: Timestamp::now(), questionnaire, assignment };
        let topic = Topic::Kiosk(id.clone(), Channel::Posting);
        let payload = signed::sign(&posting, &topic, &self.signing_key).ok()?;
        Some(Message { topic, payload, retain: true })
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

    /// The directory with the beds that the plan has now, as a message.
    pub fn directory_message(&self) -> Option<Message> {
        let topic = Topic::Directory;
        let mut file = self.directory.published();
        for ward in &mut file.wards {
            ward.beds = self.planning.beds(&ward.id).unwrap_or(ward.beds);
        }
        let payload = signed::sign(&file, &topic, &self.signing_key).ok()?;
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
        let asked = self.asks(kiosk)?;
        let withdrawn = self.translations.withdrawn(asked.hash());
        let languages = self.languages.iter().filter(|language| !withdrawn.contains(language));
        Some(Assignment {
            kiosk: id.clone(),
            ward: ward.id.clone(),
            ward_name: ward.name.clone(),
            audience: KioskAudience::Patients,
            questionnaire: asked.reference(),
            languages: languages.cloned().collect(),
            consultants,
            seal_key: self.seal_key.clone(),
            aggregator_key: self.signing_key.verifying_key(),
            fortnight_anchor: self.fortnight_anchor,
            demonstration: self.demonstration,
        })
    }
}
