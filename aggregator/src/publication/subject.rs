//! What is published of: the questions that patients are asked, with their ladders and their groups of people.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use wardvoice_protocol::assignment::KioskAudience;
use wardvoice_protocol::id::{Language, OptionId, QuestionId, QuestionnaireId};
use wardvoice_protocol::questionnaire::{FRIENDS_AND_FAMILY_OPTIONS, KindFile, OptionFile, OptionScore, Text};

use super::circle::Group;
use super::ladder::Ladder;
use super::release::Release;
use crate::facts::{Code, Facts, Vocabulary};

/// What a release is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// The friends and family test, whatever questionnaire asks it.
    FriendsAndFamily,
    /// A scored question.
    Question {
        /// The questionnaire; its versions count as one.
        questionnaire: QuestionnaireId,
        /// The question.
        question: QuestionId,
    },
}

impl fmt::Display for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FriendsAndFamily => formatter.write_str("friends and family test"),
            Self::Question { question, .. } => question.fmt(formatter),
        }
    }
}

/// A question that something may be published of.
#[derive(Debug, Clone)]
pub struct Question {
    /// What releases call it.
    pub subject: Subject,
    /// Its wording in English, the newest version's.
    pub text: String,
    /// What those who gave the best answer said, after "94% ".
    pub best_said: String,
    /// How finely its answers may be told apart.
    pub ladder: Ladder,
    /// Per questionnaire of the vocabulary that asks it, its place there and the ladder's answer for each option.
    asked: BTreeMap<u8, Asked>,
}

#[derive(Debug, Clone)]
struct Asked {
    place: usize,
    answers: Vec<u8>,
    /// The answer of somebody who does not know, where that is one.
    dont_know: Option<u8>,
}

impl Question {
    /// What the ladder calls the best answers.
    pub fn best_part(&self) -> &'static str {
        match self.subject {
            Subject::FriendsAndFamily => "positive",
            Subject::Question { .. } => "best",
        }
    }

    /// How many people of a release gave answers that are one part of some step, told as that part or as finer ones; `None` when
    /// the release does not tell them apart.
    pub fn people_of(&self, release: &Release, name: &str) -> Option<u64> {
        let part = self.ladder.steps().iter().flat_map(|step| &step.parts).find(|part| part.name == name)?;
        let names: Vec<&str> = release.parts.iter().map(|part| part.name.as_str()).collect();
        let step = self.ladder.step_of(&names)?;
        let mut people = 0;
        for finer in self.ladder.parts(step) {
            let inside = finer.answers.iter().filter(|answer| part.answers.contains(answer)).count();
            if inside > 0 && inside < finer.answers.len() {
                return None;
            }
            people += if inside > 0 { release.part(&finer.name).unwrap_or(0) } else { 0 };
        }
        Some(people)
    }

    /// The groups of people who answered it in a span of days.
    pub fn groups(&self, facts: &Facts, first: Date, last: Date) -> Vec<Group> {
        let mut groups: BTreeMap<Group, u64> = BTreeMap::new();
        for fact in facts.days(first, last).filter(|fact| fact.outcome().has_response()) {
            let Some(asked) = self.asked.get(&fact.questionnaire_index()) else { continue };
            let answer = match fact.code(asked.place) {
                Code::Option(option) => asked.answers.get(usize::from(option)).copied(),
                Code::DontKnow => asked.dont_know,
                Code::NotShown | Code::NotApplicable | Code::Declined => None,
            };
            let Some(answer) = answer else { continue };
            let group = Group {
                day: fact.day(),
                arrived: fact.arrival_day(),
                ward: fact.ward_index(),
                consultant: fact.consultant_index(),
                answer,
                people: 0,
            };
            *groups.entry(group).or_insert(0) += 1;
        }
        groups.into_iter().map(|(group, people)| Group { people, ..group }).collect()
    }
}

/// The friends and family test and every scored question that patients are asked, in the order of the questionnaires.
pub fn questions(vocabulary: &Vocabulary) -> Vec<Question> {
    let patients = (0..=u8::MAX)
        .map_while(|index| Some((index, vocabulary.questionnaire(index)?)))
        .filter(|(_, questionnaire)| questionnaire.file().audience == KioskAudience::Patients);
    let mut drafts: Vec<Draft> = Vec::new();
    for (index, questionnaire) in patients {
        for (place, question) in questionnaire.questions().iter().enumerate() {
            let subject = match &question.kind {
                KindFile::FriendsAndFamily => Subject::FriendsAndFamily,
                KindFile::Domain(_) => Subject::Question {
                    questionnaire: questionnaire.file().id.clone(),
                    question: question.id.clone(),
                },
                _ => continue,
            };
            let known = drafts.iter().position(|draft| draft.subject == subject).unwrap_or(drafts.len());
            if known == drafts.len() {
                drafts.push(Draft::new(subject));
            }
            if let Some(draft) = drafts.get_mut(known) {
                let english = |text: &Text| text.get(&Language::english()).cloned().unwrap_or_default();
                let option = |option: &OptionFile| Choice {
                    id: option.id.clone(),
                    score: option.score,
                    text: english(&option.text),
                };
                let options = question.options.iter().map(option).collect();
                let text = english(&question.text);
                draft.add(index, place, questionnaire.file().version, text, options);
            }
        }
    }
    drafts.into_iter().filter_map(Draft::finish).collect()
}

/// A question while its versions are gathered.
struct Draft {
    subject: Subject,
    newest: u32,
    text: String,
    /// Every option that any version has, with the newest's words for it.
    options: Vec<Choice>,
    /// The options that are worth the most in some version: what was the best answer when somebody gave it stays among the best.
    best: BTreeSet<OptionId>,
    asked: Vec<(u8, usize, Vec<OptionId>)>,
}

#[derive(Debug, Clone)]
struct Choice {
    id: OptionId,
    score: OptionScore,
    text: String,
}

impl Choice {
    fn worth(&self) -> Option<i32> {
        match self.score {
            OptionScore::Milli(milli) => Some(milli),
            OptionScore::Unscored => None,
        }
    }
}

impl Draft {
    fn new(subject: Subject) -> Self {
        Self {
            subject,
            newest: 0,
            text: String::new(),
            options: Vec::new(),
            best: BTreeSet::new(),
            asked: Vec::new(),
        }
    }

    fn add(&mut self, index: u8, place: usize, version: u32, text: String, options: Vec<Choice>) {
        let is_newest = version > self.newest;
        self.asked.push((index, place, options.iter().map(|choice| choice.id.clone()).collect()));
        let most = options.iter().filter_map(Choice::worth).max();
        let is_best = |choice: &&Choice| most.is_some() && choice.worth() == most;
        self.best.extend(options.iter().filter(is_best).map(|choice| choice.id.clone()));
        for choice in options {
            match self.options.iter_mut().find(|known| known.id == choice.id) {
                Some(known) if is_newest => *known = choice,
                Some(_) => {}
                None => self.options.push(choice),
            }
        }
        if is_newest {
            self.newest = version;
            self.text = text;
        }
    }

    /// `None` for a question that has too few options to say anything.
    fn finish(self) -> Option<Question> {
        let names: Vec<String> = match self.subject {
            Subject::FriendsAndFamily => FRIENDS_AND_FAMILY_OPTIONS.map(str::to_owned).to_vec(),
            Subject::Question { .. } => self.options.iter().map(|choice| choice.id.to_string()).collect(),
        };
        let is_best = |choice: &Choice| self.best.contains(&choice.id);
        let (ladder, best_said) = match self.subject {
            Subject::FriendsAndFamily => (Ladder::friends_and_family(), "said very good or good".to_owned()),
            Subject::Question { .. } => {
                let is_best_place = |place: usize| self.options.get(place).is_some_and(is_best);
                let best: Vec<&str> = self
                    .options
                    .iter()
                    .filter(|choice| is_best(choice))
                    .map(|choice| choice.text.as_str())
                    .collect();
                (Ladder::of_options(&names, is_best_place).ok()?, format!("said “{}”", best.join("” or “")))
            }
        };
        let dont_know =
            names.iter().position(|name| name == "dont_know").and_then(|place| u8::try_from(place).ok());
        let is_the_test = self.subject == Subject::FriendsAndFamily;
        let asked = self.asked.into_iter().filter_map(|(index, place, options)| {
            let answer = |id: &OptionId| names.iter().position(|name| name == id.as_str());
            let answers = options.iter().map(|id| u8::try_from(answer(id)?).ok()).collect::<Option<Vec<u8>>>()?;
            Some((index, Asked { place, answers, dont_know: dont_know.filter(|_| is_the_test) }))
        });
        Some(Question { subject: self.subject, text: self.text, best_said, ladder, asked: asked.collect() })
    }
}
