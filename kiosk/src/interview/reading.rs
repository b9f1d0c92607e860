//! Reading aloud: which screens are read, when reading begins and when it falls silent.
//!
//! Somebody who asks once to have a screen read has the following ones read too, until they stop it in the middle or leave: a
//! person who cannot read the words must not have to find the button again on each screen. Every touch silences what is being
//! read, and a screen that goes falls silent with it.
//!
//! Vocabulary: a *reading* is one screen being read; its *parts* are what the screen is about (0) and what can be chosen (from 1).
//! Who speaks and with which words is the shell's; it says what it has begun with [`Happening::Spoken`](super::Happening::Spoken).
//!
//! Only what a patient sees is read, and only where there is a voice for its language; elsewhere there is no button.

use std::collections::BTreeSet;

use wardvoice_protocol::id::{Language, QuestionId};

use super::{Effect, HelpView, Interview, Screen, View};

/// Ties what is heard to the reading it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReadingNumber(u64);

/// How far a reading is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spoken {
    /// The part at this place has begun.
    Begun(usize),
    /// Everything has been said.
    Ended,
}

/// Whether the screen can be read aloud, and whether it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aloud {
    /// There is nothing to read or no voice to read it.
    Absent,
    /// It can be read.
    Silent,
    /// It is being read: this part, once the first has begun.
    Reading(Option<usize>),
}

/// What an interview knows of reading aloud.
#[derive(Debug, Default)]
pub(super) struct Reader {
    voices: BTreeSet<Language>,
    readings: u64,
    under_way: Option<UnderWay>,
}

#[derive(Debug, Clone, Copy)]
struct UnderWay {
    number: ReadingNumber,
    part: Option<usize>,
}

/// What a reading is of. A screen that only counts down or shows a choice is still the same.
#[derive(Debug, PartialEq, Eq)]
enum Subject {
    Consent,
    Question(QuestionId),
    Consultants(Vec<String>),
    Help(HelpSubject),
    Message(std::mem::Discriminant<Screen>),
}

#[derive(Debug, PartialEq, Eq)]
enum HelpSubject {
    Needs,
    Places(Vec<String>),
    News(std::mem::Discriminant<HelpView>),
}

impl Reader {
    pub(super) fn learn_voices(&mut self, voices: BTreeSet<Language>) {
        self.voices = voices;
    }

    /// Silences what is being read; whether anything was.
    pub(super) fn hush(&mut self, effects: &mut Vec<Effect>) -> bool {
        let was_reading = self.under_way.take().is_some();
        if was_reading {
            effects.push(Effect::Hush);
        }
        was_reading
    }

    fn begin(&mut self, effects: &mut Vec<Effect>) {
        self.hush(effects);
        self.readings += 1;
        let number = ReadingNumber(self.readings);
        self.under_way = Some(UnderWay { number, part: None });
        effects.push(Effect::ReadAloud(number));
    }

    /// What the view says about reading.
    pub(super) fn aloud(&self, screen: &Screen, language: &Language) -> Aloud {
        if subject(screen).is_none() || !self.voices.contains(language) {
            return Aloud::Absent;
        }
        self.under_way.map_or(Aloud::Silent, |reading| Aloud::Reading(reading.part))
    }
}

impl Interview {
    /// How many readings there have been.
    #[cfg(test)]
    pub(super) fn reader_numbers(&self) -> u64 {
        self.reader.readings
    }

    /// Hears how far the shell is. What belongs to an earlier reading is passed over.
    pub(super) fn hear(&mut self, number: ReadingNumber, spoken: Spoken, now_ms: u64) {
        let Some(reading) = self.reader.under_way.as_mut().filter(|reading| reading.number == number) else {
            return;
        };
        match spoken {
            Spoken::Begun(part) => reading.part = Some(part),
            Spoken::Ended => {
                self.reader.under_way = None;
                // Whoever listened to the end has been here meanwhile, and has now time to answer.
                self.touched_ms = now_ms;
            }
        }
    }

    /// The button: stops in the middle, and otherwise reads this screen and those that follow.
    pub(super) fn touch_reading(&mut self, was_reading: bool, now_ms: u64, effects: &mut Vec<Effect>) {
        self.comfort.reads_aloud = !was_reading;
        if !was_reading && self.view(now_ms).aloud != Aloud::Absent {
            self.reader.begin(effects);
        }
    }

    /// Reads a screen that has come, and falls silent about one that has gone; `now` says so.
    pub(super) fn read_on(&mut self, before: &View, now: &mut View, effects: &mut Vec<Effect>) {
        if subject(&before.screen) == subject(&now.screen) && before.language == now.language {
            return;
        }
        self.reader.hush(effects);
        if self.comfort.reads_aloud && now.aloud != Aloud::Absent {
            self.reader.begin(effects);
        }
        now.aloud = self.reader.aloud(&now.screen, &now.language);
    }
}

fn subject(screen: &Screen) -> Option<Subject> {
    match screen {
        Screen::Consent => Some(Subject::Consent),
        Screen::Question(question) => Some(Subject::Question(question.id.clone())),
        Screen::Comment(comment) => Some(Subject::Question(comment.id.clone())),
        Screen::Consultant(consultant) => Some(Subject::Consultants(consultant.names.clone())),
        Screen::Help(HelpView::Choosing { .. }) => Some(Subject::Help(HelpSubject::Needs)),
        Screen::Help(HelpView::Placing { names, .. }) => Some(Subject::Help(HelpSubject::Places(names.clone()))),
        Screen::Help(view) => Some(Subject::Help(HelpSubject::News(std::mem::discriminant(view)))),
        Screen::StopAsked | Screen::StillThere { .. } | Screen::Thanks { .. } | Screen::Wipe => {
            Some(Subject::Message(std::mem::discriminant(screen)))
        }
        // The questions wait in front of a patient.
        Screen::Volunteer(_) if !screen.is_for_staff() => Some(Subject::Message(std::mem::discriminant(screen))),
        // Nobody is there, there are many languages at once, it is over at once, or it is not for patients.
        Screen::Rest { .. }
        | Screen::Language { .. }
        | Screen::Saving
        | Screen::Staff(_)
        | Screen::Door(_)
        | Screen::Volunteer(_) => None,
    }
}
