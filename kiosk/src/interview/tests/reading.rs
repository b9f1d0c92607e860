//! Reading aloud: on request, on from screen to screen, silent at a touch, and gone with the person.

use super::*;

impl Patient {
    fn with_voices(tags: &[&str]) -> Self {
        let mut patient = Self::arrives();
        patient.meets(Happening::Voices(tags.iter().map(|tag| language(tag)).collect()));
        patient
    }

    /// Begins in English and agrees.
    fn who_listens() -> Self {
        let mut patient = Self::with_voices(&["en"]);
        patient.touches(Action::Start);
        patient.touches(Action::ChooseLanguage(language("en")));
        patient.touches(Action::Agree);
        patient
    }

    fn aloud(&self) -> Aloud {
        self.interview.view(self.now_ms).aloud
    }

    /// What the speaker has been told by one touch: a number for a reading, none for silence.
    fn hears_after(&mut self, action: Action) -> Vec<Option<ReadingNumber>> {
        self.now_ms += 1_000;
        self.hears(Happening::Touch(action))
    }

    fn hears(&mut self, happening: Happening) -> Vec<Option<ReadingNumber>> {
        let effects = self.interview.apply(Event { now_ms: self.now_ms, happening });
        let heard = |effect| match effect {
            Effect::ReadAloud(number) => Some(Some(number)),
            Effect::Hush => Some(None),
            _ => None,
        };
        effects.into_iter().filter_map(heard).collect()
    }

    fn begins_reading(&mut self) -> ReadingNumber {
        match self.hears_after(Action::ReadAloud)[..] {
            [Some(number)] => number,
            ref heard => panic!("{heard:?}"),
        }
    }
}

#[test]
fn a_screen_is_read_part_by_part_and_a_touch_silences_it() {
    let mut patient = Patient::who_listens();
    assert_eq!(patient.aloud(), Aloud::Silent);
    let reading = patient.begins_reading();
    assert_eq!(patient.aloud(), Aloud::Reading(None));
    for part in 0..3 {
        patient.meets(Happening::Spoken { reading, spoken: Spoken::Begun(part) });
        assert_eq!(patient.aloud(), Aloud::Reading(Some(part)));
    }
    assert_eq!(patient.hears_after(Action::Contrast), [None]);
    assert_eq!(patient.aloud(), Aloud::Silent);
    // What the speaker says after that is about nothing.
    patient.meets(Happening::Spoken { reading, spoken: Spoken::Begun(3) });
    assert_eq!(patient.aloud(), Aloud::Silent);
    assert_eq!(patient.question(), "consistency");
}

#[test]
fn whoever_has_one_screen_read_has_the_next_one_read_too() {
    let mut patient = Patient::who_listens();
    let first = patient.begins_reading();
    assert_eq!(patient.hears_after(Action::Choose(0)), [None], "choosing silences");
    patient.now_ms += CONFIRMATION_MS;
    let next = match patient.hears(Happening::Tick)[..] {
        [Some(number)] => number,
        ref heard => panic!("{heard:?}"),
    };
    assert!(next > first);
    assert_eq!((patient.question(), patient.aloud()), ("coordination".to_owned(), Aloud::Reading(None)));
    // The first reading's late word is not the second's.
    patient.meets(Happening::Spoken { reading: first, spoken: Spoken::Ended });
    assert_eq!(patient.aloud(), Aloud::Reading(None));
    assert!(matches!(patient.hears_after(Action::Help)[..], [None, Some(_)]), "help is read as well");
    assert!(matches!(patient.hears_after(Action::CloseHelp)[..], [None, Some(_)]));
    assert!(matches!(patient.hears_after(Action::Stop)[..], [None, Some(_)]));
}

#[test]
fn the_button_in_the_middle_of_a_reading_ends_it_for_the_next_screens_too() {
    let mut patient = Patient::who_listens();
    patient.begins_reading();
    assert_eq!(patient.hears_after(Action::ReadAloud), [None]);
    assert_eq!(patient.hears_after(Action::Skip), []);
    assert_eq!(patient.aloud(), Aloud::Silent);
    // After the end of a reading the button reads again.
    let reading = patient.begins_reading();
    patient.meets(Happening::Spoken { reading, spoken: Spoken::Ended });
    assert_eq!(patient.aloud(), Aloud::Silent);
    patient.begins_reading();
}

#[test]
fn without_a_voice_there_is_nothing_to_read() {
    let mut silent = Patient::agrees();
    assert_eq!(silent.aloud(), Aloud::Absent);
    assert_eq!(silent.hears_after(Action::ReadAloud), []);
    let mut welsh = Patient::with_voices(&["en"]);
    assert_eq!(welsh.aloud(), Aloud::Absent, "nobody is at rest to hear it");
    welsh.touches(Action::Start);
    assert_eq!(welsh.aloud(), Aloud::Absent, "the languages are in many languages");
    welsh.touches(Action::ChooseLanguage(language("cy")));
    assert_eq!(welsh.aloud(), Aloud::Absent);
    welsh.touches(Action::Back);
    welsh.touches(Action::ChooseLanguage(language("en")));
    assert_eq!(welsh.aloud(), Aloud::Silent);
}

#[test]
fn listening_to_the_end_counts_as_being_there() {
    let mut patient = Patient::who_listens();
    let reading = patient.begins_reading();
    patient.waits(IDLE_MS - 1);
    patient.meets(Happening::Spoken { reading, spoken: Spoken::Ended });
    patient.waits(IDLE_MS - 1);
    assert_eq!(patient.question(), "consistency");
    patient.waits(1);
    assert!(matches!(patient.screen(), Screen::StillThere { .. }));
    assert!(matches!(patient.aloud(), Aloud::Reading(None)), "that question is read as well");
    let numbers = patient.interview.reader_numbers();
    patient.waits(5_000);
    assert_eq!(patient.interview.reader_numbers(), numbers, "counting down reads nothing anew");
    patient.waits(STILL_THERE_MS);
    assert!(matches!(patient.screen(), Screen::Wipe));
    patient.touches(Action::Wiped);
    assert_eq!(
        (patient.aloud(), patient.interview.view(patient.now_ms).comfort.reads_aloud),
        (Aloud::Absent, false)
    );
}
