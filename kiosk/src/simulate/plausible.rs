//! Patients who were never there: pure, seeded, and plausible enough to fill a score.
//!
//! What a patient answers comes from one latent satisfaction: the ward's own quality (fixed by its id), the ward's
//! strength in the question's domain, the patient's age and temper, and the mode. A logistic draw around it picks an
//! option; the options of a question are taken to run from best to worst, as those of the shipped questionnaires do.
//! Nothing here is a finding about real patients.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use wardvoice_protocol::contact::{Answer, Comment, Contact, Mode, Outcome};
use wardvoice_protocol::id::{Hash, Language, WardId};
use wardvoice_protocol::questionnaire::{AboutFact, KindFile, QuestionFile, QuestionnaireRef};

/// Satisfaction of an average patient on an average ward, on the logistic scale: about three in four choose the best option.
const AVERAGE: f64 = 1.2;
/// How far on the logistic scale one option is from the next.
const STEP: f64 = 1.6;

const GOOD: [&str; 8] = [
    "Everyone explained what they were doing.",
    "The nurses were kind and cheerful.",
    "Good food and plenty of it.",
    "I felt listened to.",
    "The ward was very clean.",
    "Help came quickly when I rang.",
    "The doctors took time with my questions.",
    "Nothing was too much trouble.",
];
const BETTER: [&str; 8] = [
    "It was noisy at night.",
    "I waited a long time for my tablets.",
    "More information about going home.",
    "The lights were left on late.",
    "Different people told me different things.",
    "A quieter television.",
    "I would have liked to see the doctor more often.",
    "Nothing, thank you.",
];

/// One patient, drawn from a seed.
#[derive(Debug)]
pub struct Patient {
    /// What comes of the approach.
    pub outcome: Outcome,
    /// How it is done.
    pub mode: Mode,
    ward: WardId,
    satisfaction: f64,
    age: usize,
    /// The share of the questions after which a partial interview stops.
    stops_after: f64,
    knows_consultant: bool,
    foreign: bool,
    rng: StdRng,
}

impl Patient {
    /// Draws a patient of a ward. The same seed is the same patient. `non_response_percent` of them answer nothing.
    pub fn draw(ward: &WardId, seed: u64, non_response_percent: u8) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let outcome = if rng.random_range(0..100) < non_response_percent {
            non_response(rng.random_range(0.0..1.0))
        } else if rng.random_bool(0.06) {
            Outcome::Partial
        } else {
            Outcome::Completed
        };
        let mode = match rng.random_range(0.0..1.0) {
            x if x < 0.55 => Mode::Alone,
            x if x < 0.80 => Mode::Interview,
            x if x < 0.95 => Mode::Assisted,
            _ => Mode::Proxy,
        };
        let age = pick(&mut rng, &[0.09, 0.13, 0.22, 0.33, 0.23]);
        let by_mode = match mode {
            Mode::Alone => 0.0,
            Mode::Assisted => 0.05,
            Mode::Interview => 0.15,
            Mode::Proxy => -0.25,
        };
        let temper: f64 = (0..6).map(|_| rng.random_range(-0.5..0.5)).sum();
        let satisfaction = AVERAGE + ward_quality(ward) + 0.12 * (age as f64 - 2.0) + by_mode + temper;
        Self {
            outcome,
            mode,
            ward: ward.clone(),
            satisfaction,
            age,
            stops_after: rng.random_range(0.2..0.9),
            knows_consultant: rng.random_bool(0.62),
            foreign: rng.random_bool(0.06),
            rng,
        }
    }

    /// The language the patient chooses among those offered.
    pub fn language<'a>(&mut self, offered: &'a [Language]) -> Option<&'a Language> {
        let place = if self.foreign { self.rng.random_range(0..offered.len().max(1)) } else { 0 };
        offered.get(place)
    }

    /// Whether a partial interview ends before this question: the `number`th `of` so many.
    pub fn stops_before(&self, number: usize, of: usize) -> bool {
        self.outcome == Outcome::Partial && number as f64 > (self.stops_after * of as f64).max(1.0)
    }

    /// Which consultant the patient points at in a list of so many; one place further is "not on this list".
    pub fn consultant(&mut self, names: usize) -> usize {
        if self.rng.random_bool(0.08) { names } else { self.rng.random_range(0..names.max(1)) }
    }

    /// How long the patient thinks about a question, in milliseconds.
    pub fn thinks_ms(&mut self) -> u64 {
        self.rng.random_range(3_000..18_000)
    }

    /// What the patient answers.
    pub fn answer(&mut self, question: &QuestionFile) -> Answer {
        let x: f64 = self.rng.random_range(0.0..1.0);
        if question.not_applicable.is_some() && x < 0.14 {
            return Answer::NotApplicable;
        }
        if question.dont_know.is_some() && x > 0.98 {
            return Answer::DontKnow;
        }
        let declines = match &question.kind {
            KindFile::Comment => 0.68,
            KindFile::About(_) => 0.06,
            KindFile::Help => 0.0,
            _ => 0.025,
        };
        if self.rng.random_bool(declines) {
            return Answer::Declined;
        }
        let place = match &question.kind {
            KindFile::Comment => return self.comment(question),
            KindFile::Domain(domain) => {
                let strength = 0.5 * fixed(&format!("{}/{domain}", self.ward));
                self.ordered(strength, question.options.len())
            }
            KindFile::FriendsAndFamily if self.rng.random_bool(0.015) => question.options.len().saturating_sub(1),
            KindFile::FriendsAndFamily => self.ordered(0.0, question.options.len().saturating_sub(1)),
            KindFile::Attribution => usize::from(!self.knows_consultant),
            // Nobody needs help: a request is a record of its own, and this fleet makes one record a patient.
            KindFile::Help => question.options.len().saturating_sub(1),
            KindFile::About(AboutFact::AgeBand) => self.age,
            KindFile::About(AboutFact::Sex) => pick(&mut self.rng, &[0.52, 0.47, 0.01]),
            KindFile::About(AboutFact::Admission) => pick(&mut self.rng, &[0.38, 0.62]),
            KindFile::About(AboutFact::Nights) => pick(&mut self.rng, &[0.12, 0.3, 0.38, 0.2]),
            KindFile::Unscored => self.rng.random_range(0..question.options.len().max(1)),
        };
        question.options.get(place).map_or(Answer::Declined, |option| Answer::Answered(option.id.clone()))
    }

    /// An option of so many that run from best to worst.
    fn ordered(&mut self, strength: f64, options: usize) -> usize {
        let u: f64 = self.rng.random_range(0.000_1..0.999_9);
        let felt = self.satisfaction + strength + (u / (1.0 - u)).ln();
        let worse_steps = (1..options).take_while(|step| felt < -STEP * (*step as f64 - 1.0));
        worse_steps.count()
    }

    fn comment(&mut self, question: &QuestionFile) -> Answer {
        let bank = if question.id.as_str() == "good" { GOOD } else { BETTER };
        let text = bank.get(self.rng.random_range(0..bank.len()));
        text.and_then(|text| Comment::new(*text).ok()).map_or(Answer::Declined, Answer::Said)
    }
}

/// A contact that holds no response.
pub fn without_response(
    patient: &Patient,
    questionnaire: QuestionnaireRef,
    language: Language,
    outcome: Outcome,
) -> Contact {
    let (ward, mode) = (patient.ward.clone(), patient.mode);
    Contact { ward, questionnaire, outcome, mode, language, attribution: None, response: None }
}

/// The ward's own quality on the logistic scale, from -0.6 to 0.6.
pub fn ward_quality(ward: &WardId) -> f64 {
    0.6 * fixed(ward.as_str())
}

fn non_response(x: f64) -> Outcome {
    match x {
        x if x < 0.32 => Outcome::Declined,
        x if x < 0.54 => Outcome::Asleep,
        x if x < 0.70 => Outcome::Unwell,
        x if x < 0.79 => Outcome::LacksCapacity,
        x if x < 0.83 => Outcome::Language,
        x if x < 0.87 => Outcome::Isolation,
        x if x < 0.95 => Outcome::Away,
        _ => Outcome::AlreadyAsked,
    }
}

/// A number from -1 to 1 that a text always has.
fn fixed(text: &str) -> f64 {
    let hash = Hash::of(text.as_bytes());
    let first = hash.as_bytes().first_chunk::<4>().copied().unwrap_or_default();
    f64::from(u32::from_le_bytes(first)) / f64::from(u32::MAX) * 2.0 - 1.0
}

fn pick(rng: &mut StdRng, weights: &[f64]) -> usize {
    let mut left: f64 = rng.random_range(0.0..1.0);
    for (place, weight) in weights.iter().enumerate() {
        left -= weight;
        if left < 0.0 {
            return place;
        }
    }
    weights.len().saturating_sub(1)
}
