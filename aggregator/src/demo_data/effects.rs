//! What is known to be in the generated past.

/// A difference that was put there on purpose.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effect {
    /// The unit, `ward:W07` or `consultant:C07`.
    pub unit: &'static str,
    /// What differs.
    pub on: EffectOn,
    /// The first fortnight it holds in, from 1; the last fortnight of the past is the 10th.
    pub first: i32,
    /// The last fortnight it holds in.
    pub last: i32,
    /// What it is, for the page that explains the demonstration.
    pub words: &'static str,
}

/// What an effect differs in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum EffectOn {
    /// The expected score of one question, in points.
    Question {
        /// The question.
        question: &'static str,
        /// How far it is moved.
        points: f64,
    },
    /// The expected score of every scored question, in a straight line over the effect's fortnights.
    AllQuestions {
        /// How far at the first fortnight, and before it.
        from: f64,
        /// How far at the last, and after it.
        to: f64,
    },
    /// No contacts.
    Silence,
}

const EFFECTS: [Effect; 5] = [
    Effect {
        unit: "ward:W07",
        on: EffectOn::Question { question: "kindness", points: -2.8 },
        first: i32::MIN,
        last: 6,
        words: "Kindness on ward W07 rises by 2.8 points after the 6th fortnight.",
    },
    Effect {
        unit: "ward:W15",
        on: EffectOn::Question { question: "noise", points: -3.0 },
        first: i32::MIN,
        last: i32::MAX,
        words: "On ward W15 the score for rest at night is 3 points lower than elsewhere.",
    },
    Effect {
        unit: "ward:W21",
        on: EffectOn::AllQuestions { from: -2.0, to: 0.7 },
        first: 1,
        last: 10,
        words: "Ward W21 improves on every question from 2 points below to 0.7 above the others.",
    },
    Effect {
        unit: "consultant:C07",
        on: EffectOn::Question { question: "doctors", points: -3.0 },
        first: i32::MIN,
        last: i32::MAX,
        words: "Patients of consultant C07 score the doctors' question 3 points lower.",
    },
    Effect {
        unit: "ward:W24",
        on: EffectOn::Silence,
        first: 9,
        last: 9,
        words: "Ward W24 is silent in the 9th fortnight.",
    },
];

/// The effects that are built in.
pub fn effects() -> &'static [Effect] {
    &EFFECTS
}

impl Effect {
    /// By how much it moves a question's expected score in a fortnight.
    pub fn points(&self, question: &str, fortnight: i32) -> f64 {
        match self.on {
            EffectOn::Question { question: on, points } if on == question && self.holds(fortnight) => points,
            EffectOn::AllQuestions { from, to } => {
                let way = f64::from(fortnight.clamp(self.first, self.last) - self.first);
                from + (to - from) * way / f64::from(self.last - self.first)
            }
            EffectOn::Question { .. } | EffectOn::Silence => 0.0,
        }
    }

    /// Whether it holds in a fortnight.
    pub fn holds(&self, fortnight: i32) -> bool {
        (self.first..=self.last).contains(&fortnight)
    }
}
