//! An office with a log, and people who write.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, RwLock};

use jiff::Timestamp;
use wardvoice_protocol::contact::{
    Answer, Attribution, AttributionSource, Comment, Contact, Mode, Outcome, Response,
};
use wardvoice_protocol::fortnight::DayNumber;
use wardvoice_protocol::id::{ConsultantId, Hash, Language, RecordId};
use wardvoice_protocol::record::{Body, Record};

use crate::comments::{
    CommentId, Comments, CommentsError, Decided, DecisionError, NAMES_FILE, Rules, Standing, Wish,
};
use crate::facts::{Facts, fact_of};
use crate::help::StaffRole;
use crate::ingest::World;
use crate::ingest::testing::{Trust, clock, keep};
use crate::log::{DayEvidence, DayMethod, Log, OpenedRow};

pub(in crate::comments) fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

pub(in crate::comments) fn role(text: &str) -> StaffRole {
    text.parse().unwrap()
}

/// The consultant somebody named for a patient, and whether the patient knows that consultant.
pub(in crate::comments) struct Named(Attribution, bool);

impl Named {
    pub(in crate::comments) fn by(source: AttributionSource, consultant: &ConsultantId, knows: bool) -> Self {
        Self(Attribution { consultant: consultant.clone(), source }, knows)
    }
}

pub(in crate::comments) struct Office {
    pub(in crate::comments) world: Arc<World>,
    folder: tempfile::TempDir,
    log: Log,
    facts: Arc<RwLock<Facts>>,
    comments: Option<Comments>,
    sequence: u64,
}

impl Office {
    pub(in crate::comments) fn new() -> Self {
        let trust = Trust::new(3);
        let folder = tempfile::tempdir().unwrap();
        let log = Log::open(&folder.path().join("log")).unwrap();
        let mut office = Self {
            world: Arc::clone(&trust.world),
            folder,
            log,
            facts: trust.facts(),
            comments: None,
            sequence: 0,
        };
        office.restarts();
        office
    }

    pub(in crate::comments) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(in crate::comments) fn comments(&self) -> &Comments {
        self.comments.as_ref().unwrap()
    }

    pub(in crate::comments) fn closes(&mut self) {
        self.comments = None;
    }

    pub(in crate::comments) fn opens(&self) -> Result<Comments, CommentsError> {
        let (world, facts) = (Arc::clone(&self.world), Arc::clone(&self.facts));
        Comments::open(self.folder(), Rules::default(), self.log.reader(), world, facts)
    }

    pub(in crate::comments) fn restarts(&mut self) {
        self.closes();
        self.comments = Some(self.opens().unwrap());
    }

    /// The trust lists names of staff, and starts again.
    pub(in crate::comments) fn lists(&mut self, names: &str) {
        fs::write(self.folder().join(NAMES_FILE), names).unwrap();
        self.restarts();
    }

    /// Somebody writes something in English.
    pub(in crate::comments) fn says(&mut self, ward: &str, question: &str, text: &str) -> CommentId {
        self.says_in(ward, question, text, "en")
    }

    pub(in crate::comments) fn says_in(
        &mut self,
        ward: &str,
        question: &str,
        text: &str,
        language: &str,
    ) -> CommentId {
        self.stores(ward, Some((question, text)), language, None)
    }

    /// A patient for whom somebody named a consultant.
    pub(in crate::comments) fn says_of(
        &mut self,
        ward: &str,
        question: &str,
        text: &str,
        of: Option<&Named>,
    ) -> CommentId {
        self.stores(ward, Some((question, text)), "en", of)
    }

    /// Somebody answers and writes nothing.
    pub(in crate::comments) fn answers(&mut self, ward: &str) {
        self.answers_of(ward, None);
    }

    pub(in crate::comments) fn answers_of(&mut self, ward: &str, of: Option<&Named>) {
        self.stores(ward, None, "en", of);
    }

    pub(in crate::comments) fn consultant_of(&self, ward: &str) -> ConsultantId {
        let on = |entry: &&wardvoice_protocol::directory::ConsultantEntry| {
            entry.wards.iter().any(|on| on.as_str() == ward)
        };
        self.world.directory.consultants().iter().find(on).unwrap().id.clone()
    }

    pub(in crate::comments) fn decides(&self, id: &CommentId, wish: &Wish) -> Decided {
        let seen = self.comments().one(id).unwrap().1.last();
        self.comments().decide(id, seen, &role("office"), wish, now()).unwrap()
    }

    /// Why a decision cannot be taken.
    pub(in crate::comments) fn refused(&self, id: &CommentId, wish: &Wish) -> DecisionError {
        let seen = self.comments().one(id).unwrap().1.last();
        match self.comments().decide(id, seen, &role("office"), wish, now()) {
            Err(CommentsError::Decision(error)) => error,
            other => panic!("it was not refused: {other:?}"),
        }
    }

    pub(in crate::comments) fn stands(&self, id: &CommentId) -> Standing {
        self.comments().one(id).unwrap().1.standing().clone()
    }

    fn stores(&mut self, ward: &str, said: Option<(&str, &str)>, language: &str, of: Option<&Named>) -> CommentId {
        self.sequence += 1;
        let contact = self.contact(ward, said, language, of);
        let day = DayNumber::from("2026-11-12".parse::<jiff::civil::Date>().unwrap());
        let fact = fact_of(&contact, day, day, &self.world.vocabulary).unwrap();
        self.facts.write().unwrap().insert(fact);
        let record = Record { clock: clock("2026-11-12T10:15:00Z"), body: Body::Contact(contact) };
        let json = serde_json::to_vec(&record).unwrap();
        let mut random = [7; 10];
        random.iter_mut().zip(self.sequence.to_be_bytes()).for_each(|(byte, of)| *byte = of);
        let id = RecordId::new(1_794_477_600_000, random);
        let row = OpenedRow {
            position: 0,
            kiosk: "k-1",
            sequence: self.sequence,
            record_id: id,
            envelope: Hash::of(&self.sequence.to_le_bytes()),
            received: now(),
            day,
            arrival_day: day,
            evidence: DayEvidence { method: DayMethod::Wall, claimed: now(), held_to_arrival: false },
            json: &json,
        };
        keep(&mut self.log, row);
        CommentId::new(id, said.map_or("good", |(question, _)| question).parse().unwrap())
    }

    fn contact(&self, ward: &str, said: Option<(&str, &str)>, language: &str, of: Option<&Named>) -> Contact {
        let questionnaire = self.world.questionnaires.first().unwrap();
        let answer = |id: &str, first: Option<Answer>| match said {
            Some((question, text)) if question == id => Answer::Said(Comment::new(text).unwrap()),
            _ if id == "consultant" && of.is_some_and(|named| !named.1) => Answer::Answered("no".parse().unwrap()),
            _ => first.unwrap_or(Answer::Declined),
        };
        let answers: BTreeMap<_, _> = questionnaire
            .questions()
            .iter()
            .map(|question| {
                let first = question.options.first().map(|option| Answer::Answered(option.id.clone()));
                (question.id.clone(), answer(question.id.as_str(), first))
            })
            .collect();
        let attribution = of.map(|named| named.0.clone());
        Contact {
            ward: ward.parse().unwrap(),
            questionnaire: questionnaire.reference(),
            outcome: Outcome::Completed,
            mode: Mode::Alone,
            language: language.parse::<Language>().unwrap(),
            attribution,
            response: Some(Response { answers, minutes: Some(4) }),
        }
    }
}
