//! Ladders: how finely the answers to a question may be told apart.

use std::collections::BTreeSet;

/// Why steps are no ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LadderError {
    /// There is no step, or a step without a part.
    #[error("make a ladder: a step has no part")]
    Empty,
    /// An answer is in two parts of a step, or in none.
    #[error("make a ladder: an answer is not in exactly one part of every step")]
    NotAPartition,
    /// A part of a step is not inside one of the step before.
    #[error("make a ladder: a part is not inside one part of the step before")]
    NotFiner,
}

/// How finely answers may be told apart: steps from all together to each by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ladder {
    steps: Vec<Step>,
}

/// A step: every answer is in exactly one part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The parts.
    pub parts: Vec<Part>,
}

/// Some answers that are told as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What it is called.
    pub name: String,
    /// The answers' places.
    pub answers: Vec<u8>,
}

impl Ladder {
    /// A ladder of steps, the coarsest first.
    pub fn new(steps: Vec<Step>) -> Result<Self, LadderError> {
        let mut all: Option<BTreeSet<u8>> = None;
        for step in &steps {
            let answers: Vec<u8> = step.parts.iter().flat_map(|part| part.answers.iter().copied()).collect();
            let set: BTreeSet<u8> = answers.iter().copied().collect();
            if answers.is_empty() {
                return Err(LadderError::Empty);
            }
            if set.len() != answers.len() || all.get_or_insert_with(|| set.clone()) != &set {
                return Err(LadderError::NotAPartition);
            }
        }
        let is_inside =
            |fine: &Part, coarse: &Part| fine.answers.iter().all(|answer| coarse.answers.contains(answer));
        for (coarse, fine) in steps.iter().zip(steps.iter().skip(1)) {
            if !fine.parts.iter().all(|fine| coarse.parts.iter().any(|coarse| is_inside(fine, coarse))) {
                return Err(LadderError::NotFiner);
            }
        }
        if steps.is_empty() { Err(LadderError::Empty) } else { Ok(Self { steps }) }
    }

    /// The ladder of the friends and family test: everybody; positive or not; positive, negative or neither; the six answers.
    pub fn friends_and_family() -> Self {
        let part = |name: &str, answers: &[u8]| Part { name: name.to_owned(), answers: answers.to_vec() };
        let names = wardvoice_protocol::questionnaire::FRIENDS_AND_FAMILY_OPTIONS;
        let each = (0..).zip(names).map(|(place, name)| part(name, &[place])).collect();
        Self {
            steps: vec![
                Step { parts: vec![part("everybody", &[0, 1, 2, 3, 4, 5])] },
                Step { parts: vec![part("positive", &[0, 1]), part("other", &[2, 3, 4, 5])] },
                Step {
                    parts: vec![part("positive", &[0, 1]), part("neither", &[2, 5]), part("negative", &[3, 4])],
                },
                Step { parts: each },
            ],
        }
    }

    /// The ladder of a question with options: everybody; the best answers or another; each option.
    pub fn of_options(names: &[String], is_best: impl Fn(usize) -> bool) -> Result<Self, LadderError> {
        let all: Vec<(u8, &String)> = (0..u8::MAX).zip(names).collect();
        let of = |name: &str, answers: Vec<u8>| Part { name: name.to_owned(), answers };
        let (best, rest): (Vec<u8>, Vec<u8>) =
            all.iter().map(|(place, _)| *place).partition(|place| is_best(usize::from(*place)));
        let mut steps = vec![Step { parts: vec![of("everybody", best.iter().chain(&rest).copied().collect())] }];
        if !best.is_empty() && !rest.is_empty() {
            steps.push(Step { parts: vec![of("best", best), of("other", rest)] });
        }
        steps.push(Step { parts: all.into_iter().map(|(place, name)| of(name, vec![place])).collect() });
        Self::new(steps)
    }

    /// The steps, the coarsest first.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The step of a release that told these parts apart. Options that came later, with which nobody had answered then, may be missing.
    pub fn step_of(&self, names: &[&str]) -> Option<usize> {
        let is_part = |step: &Step, name: &str| step.parts.iter().any(|part| part.name == name);
        let has_all = |step: &&Step| names.iter().all(|name| is_part(step, name));
        let is_same = |step: &Step| step.parts.len() == names.len();
        let all: Vec<usize> =
            self.steps.iter().enumerate().filter(|(_, step)| has_all(step)).map(|(place, _)| place).collect();
        let same = all.iter().find(|place| self.steps.get(**place).is_some_and(is_same));
        same.or_else(|| all.last()).copied()
    }

    /// The parts of a step; none beyond the last.
    pub fn parts(&self, step: usize) -> &[Part] {
        self.steps.get(step).map_or(&[], |step| step.parts.as_slice())
    }
}

impl Step {
    /// The place of the part that an answer is in.
    pub fn part_of(&self, answer: u8) -> Option<usize> {
        self.parts.iter().position(|part| part.answers.contains(&answer))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    fn step(parts: &[&[u8]]) -> Step {
        let parts = parts.iter().map(|answers| Part { name: format!("{answers:?}"), answers: answers.to_vec() });
        Step { parts: parts.collect() }
    }

    #[test]
    fn a_ladder_gets_finer_and_loses_nobody() {
        let check = |steps: &[&[&[u8]]], expected: Option<LadderError>| {
            let made = Ladder::new(steps.iter().map(|parts| step(parts)).collect());
            assert_eq!(made.err(), expected, "{steps:?}");
        };
        check(&[&[&[0, 1, 2]], &[&[0], &[1, 2]], &[&[0], &[1], &[2]]], None);
        check(&[], Some(LadderError::Empty));
        check(&[&[]], Some(LadderError::Empty));
        check(&[&[&[0, 1], &[1]]], Some(LadderError::NotAPartition));
        check(&[&[&[0, 1]], &[&[0]]], Some(LadderError::NotAPartition));
        check(&[&[&[0, 1], &[2]], &[&[0], &[1, 2]]], Some(LadderError::NotFiner));
    }

    #[test]
    fn a_release_has_a_step_before_and_after_an_option_came() {
        let names = ["always", "mostly", "no"].map(str::to_owned);
        let question = Ladder::of_options(&names, |place| place == 0).unwrap();
        let check =
            |names: &[&str], expected: Option<usize>| assert_eq!(question.step_of(names), expected, "{names:?}");
        check(&["everybody"], Some(0));
        check(&["best", "other"], Some(1));
        check(&["always", "mostly", "no"], Some(2));
        check(&["no", "always"], Some(2));
        check(&["always", "never"], None);
        let test = Ladder::friends_and_family();
        assert_eq!(test.step_of(&["positive", "other"]), Some(1));
        assert_eq!(test.step_of(&["positive", "neither", "negative"]), Some(2));
    }

    #[test]
    fn the_shipped_ladders_are_ladders() {
        let test = Ladder::friends_and_family();
        assert_eq!(Ladder::new(test.steps().to_vec()).unwrap(), test);
        let names = ["always", "sometimes", "no"].map(str::to_owned);
        let question = Ladder::of_options(&names, |place| place == 0).unwrap();
        assert_eq!(question.steps().len(), 3);
        assert_eq!(question.steps().last().and_then(|step| step.part_of(2)), Some(2));
        let alike = Ladder::of_options(&names, |_| true).unwrap();
        assert_eq!(alike.steps().len(), 2, "there is nothing to tell the best from");
    }
}
