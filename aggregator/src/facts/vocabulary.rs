//! Small numbers for the names that facts use, in the order of the directory's and questionnaires' files.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sha2::{Digest, Sha256};
use wardvoice_protocol::directory::Directory;
use wardvoice_protocol::id::{ConsultantId, Hash, Language, OptionId, QuestionId, WardId};
use wardvoice_protocol::questionnaire::{Questionnaire, QuestionnaireRef};

/// Why a directory and questionnaires do not fit into small numbers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VocabularyError {
    /// More of something than its number can count.
    #[error("number {count} {what}: at most {most} fit a fact")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// How many fit.
        most: usize,
    },
    /// A questionnaire and version stand twice.
    #[error("number questionnaire {0}: it stands twice")]
    QuestionnaireTwice(QuestionnaireRef),
}

/// What the small numbers in facts mean. Deterministic: the same files in the same order give the same numbers.
#[derive(Debug, Clone)]
pub struct Vocabulary {
    wards: Vec<WardId>,
    ward_indexes: HashMap<String, u16>,
    consultants: Vec<ConsultantId>,
    consultant_indexes: HashMap<String, u16>,
    questionnaires: Vec<Questionnaire>,
    spellings: Vec<Spelling>,
    languages: Vec<Language>,
    hash: Hash,
}

/// One questionnaire's questions sorted by id, so that a response's sorted answers are matched in one walk.
#[derive(Debug, Clone)]
struct Spelling {
    reference: QuestionnaireRef,
    questions: Vec<SpelledQuestion>,
}

#[derive(Debug, Clone)]
pub(super) struct SpelledQuestion {
    pub(super) id: QuestionId,
    pub(super) position: usize,
    pub(super) options: Vec<OptionId>,
}

impl Vocabulary {
    /// Numbers the wards and consultants of a directory and the questionnaires, each in its given order.
    pub fn new(directory: &Directory, questionnaires: &[Questionnaire]) -> Result<Self, VocabularyError> {
        let wards: Vec<_> = directory.wards().iter().map(|ward| ward.id.clone()).collect();
        let consultants: Vec<_> = directory.consultants().iter().map(|entry| entry.id.clone()).collect();
        let languages: BTreeSet<_> = questionnaires
            .iter()
            .flat_map(|questionnaire| questionnaire.file().languages.keys().cloned())
            .collect();
        let languages: Vec<_> = languages.into_iter().collect();
        fits("wards", wards.len(), usize::from(u16::MAX))?;
        fits("consultants", consultants.len(), usize::from(u16::MAX))?;
        fits("questionnaires", questionnaires.len(), usize::from(u8::MAX))?;
        fits("languages", languages.len(), usize::from(u8::MAX))?;
        let mut seen = BTreeSet::new();
        if let Some(twice) = questionnaires.iter().map(Questionnaire::reference).find(|r| !seen.insert(r.clone()))
        {
            return Err(VocabularyError::QuestionnaireTwice(twice));
        }
        let hash = hash_of(&wards, &consultants, &languages, questionnaires);
        Ok(Self {
            ward_indexes: numbered(&wards),
            wards,
            consultant_indexes: numbered(&consultants),
            consultants,
            spellings: questionnaires.iter().map(Spelling::of).collect(),
            questionnaires: questionnaires.to_vec(),
            languages,
            hash,
        })
    }

    /// Changes exactly when some number means something else.
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// A ward's number.
    pub fn ward_index(&self, id: &WardId) -> Option<u16> {
        self.ward_index_of(id.as_str())
    }

    /// A ward by its number.
    pub fn ward(&self, index: u16) -> Option<&WardId> {
        self.wards.get(usize::from(index))
    }

    /// How many wards there are; their numbers are below this.
    pub fn ward_count(&self) -> u16 {
        u16::try_from(self.wards.len()).unwrap_or(u16::MAX)
    }

    /// How many languages there are.
    pub fn language_count(&self) -> usize {
        self.languages.len()
    }

    /// A consultant's number.
    pub fn consultant_index(&self, id: &ConsultantId) -> Option<u16> {
        self.consultant_index_of(id.as_str())
    }

    /// A consultant by number.
    pub fn consultant(&self, index: u16) -> Option<&ConsultantId> {
        self.consultants.get(usize::from(index))
    }

    /// A questionnaire version's number.
    pub fn questionnaire_index(&self, reference: &QuestionnaireRef) -> Option<u8> {
        let place = self.spellings.iter().position(|spelling| spelling.reference == *reference)?;
        u8::try_from(place).ok()
    }

    /// A questionnaire by its number.
    pub fn questionnaire(&self, index: u8) -> Option<&Questionnaire> {
        self.questionnaires.get(usize::from(index))
    }

    /// A language's number.
    pub fn language_index(&self, language: &Language) -> Option<u8> {
        let place = self.languages.binary_search(language).ok()?;
        u8::try_from(place).ok()
    }

    /// A language by its number.
    pub fn language(&self, index: u8) -> Option<&Language> {
        self.languages.get(usize::from(index))
    }

    /// The numbers of things by their text, for reading records without making ids.
    pub(super) fn ward_index_of(&self, id: &str) -> Option<u16> {
        self.ward_indexes.get(id).copied()
    }

    pub(super) fn consultant_index_of(&self, id: &str) -> Option<u16> {
        self.consultant_indexes.get(id).copied()
    }

    pub(super) fn questionnaire_index_of(&self, id: &str, version: u32) -> Option<u8> {
        let is_it = |reference: &QuestionnaireRef| reference.version == version && reference.id.as_str() == id;
        let place = self.spellings.iter().position(|spelling| is_it(&spelling.reference))?;
        u8::try_from(place).ok()
    }

    pub(super) fn language_index_of(&self, tag: &str) -> Option<u8> {
        let place = self.languages.binary_search_by(|language| language.as_str().cmp(tag)).ok()?;
        u8::try_from(place).ok()
    }

    pub(super) fn spelled(&self, questionnaire_index: u8) -> &[SpelledQuestion] {
        self.spellings.get(usize::from(questionnaire_index)).map_or(&[], |spelling| spelling.questions.as_slice())
    }
}

impl Spelling {
    fn of(questionnaire: &Questionnaire) -> Self {
        let by_id: BTreeMap<_, _> = questionnaire
            .questions()
            .iter()
            .enumerate()
            .map(|(position, question)| {
                let options = question.options.iter().map(|option| option.id.clone()).collect();
                (question.id.clone(), SpelledQuestion { id: question.id.clone(), position, options })
            })
            .collect();
        Self { reference: questionnaire.reference(), questions: by_id.into_values().collect() }
    }
}

fn fits(what: &'static str, count: usize, most: usize) -> Result<(), VocabularyError> {
    if count <= most { Ok(()) } else { Err(VocabularyError::TooMany { what, count, most }) }
}

fn numbered<T: ToString>(ids: &[T]) -> HashMap<String, u16> {
    ids.iter().map(ToString::to_string).zip(0..).collect()
}

fn hash_of(
    wards: &[WardId],
    consultants: &[ConsultantId],
    languages: &[Language],
    questionnaires: &[Questionnaire],
) -> Hash {
    let mut hasher = Sha256::new();
    let mut part = |kind: &str, names: &mut dyn Iterator<Item = String>| {
        // Ids hold no control characters, so a line each is unambiguous.
        hasher.update(format!("{kind}\n"));
        names.for_each(|name| hasher.update(format!(" {name}\n")));
    };
    part("wards", &mut wards.iter().map(ToString::to_string));
    part("consultants", &mut consultants.iter().map(ToString::to_string));
    part("languages", &mut languages.iter().map(ToString::to_string));
    part("questionnaires", &mut questionnaires.iter().map(|q| format!("{} {}", q.reference(), q.hash())));
    Hash::from_bytes(hasher.finalize().into())
}
