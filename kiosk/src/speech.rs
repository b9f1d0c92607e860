//! Reading aloud, offline: espeak-ng speaks one part of a screen after the other.
//!
//! Vocabulary: a *reading* is what is said of one screen, in parts (the question, then each answer); a *voice* is what
//! espeak-ng calls a language that it can speak.
//!
//! Invariants: a reading that is stopped or dropped is silent at once, because the process that speaks is killed; after that
//! it tells nothing more. Texts go to the speaker's standard input, never into its arguments, which every user of a machine
//! can see.
//!
//! Failure: where there is no program, no voice for the language or no sound card there is no reading and nothing is said
//! about it: [`Speech::find`] or [`Speech::speaks`] says so beforehand and the button is not there. When the speaker breaks
//! off in the middle, the reading ends as if it had come to its end.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use wardvoice_protocol::id::Language;

use crate::interview::Spoken;

const PROGRAM: &str = "espeak-ng";
/// Words a minute: slower than espeak-ng's 175, for people who are ill or do not hear well.
const WORDS_A_MINUTE: &str = "145";
/// Which of several kinds of a language is spoken here.
const KINDS: [(&str, &str); 2] = [("en", "en-gb"), ("pt", "pt")];

/// The speaker of this machine.
#[derive(Debug, Clone)]
pub struct Speech {
    program: PathBuf,
    voices: BTreeSet<String>,
    output: Output,
}

/// Where the sound goes.
#[derive(Debug, Clone)]
enum Output {
    /// To the sound card.
    Card,
    /// Into a file for each part, for tests on machines without one.
    Folder(PathBuf),
}

/// A reading under way; it ends when this is dropped.
#[derive(Debug)]
pub struct Reading {
    speaker: Arc<Mutex<Speaker>>,
}

#[derive(Debug)]
enum Speaker {
    Quiet,
    Speaking(Child),
    Stopped,
}

impl Speech {
    /// The speaker, if there are a program, voices and a sound card.
    pub fn find() -> Option<Self> {
        has_sound_card().then(|| Self::with(Output::Card)).flatten()
    }

    /// A speaker that writes a sound file for each part (`0.wav`, `1.wav` …) instead of playing it.
    pub fn into_folder(folder: &Path) -> Option<Self> {
        Self::with(Output::Folder(folder.to_owned()))
    }

    fn with(output: Output) -> Option<Self> {
        let program = PathBuf::from(PROGRAM);
        let listed =
            Command::new(&program).arg("--voices").stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
        let listed = String::from_utf8_lossy(&listed.stdout);
        let voices: BTreeSet<String> =
            listed.lines().skip(1).filter_map(|line| line.split_whitespace().nth(1)).map(str::to_owned).collect();
        (!voices.is_empty()).then_some(Self { program, voices, output })
    }

    /// Whether there is a voice for a language.
    pub fn speaks(&self, language: &Language) -> bool {
        self.voice(language).is_some()
    }

    /// Reads parts aloud one after the other. `tell` is called on a thread of its own when a part begins and at the end.
    ///
    /// None when there is no voice for the language.
    pub fn read(
        &self,
        language: &Language,
        parts: Vec<String>,
        tell: impl Fn(Spoken) + Send + 'static,
    ) -> Option<Reading> {
        let voice = self.voice(language)?.to_owned();
        let speaker = Arc::new(Mutex::new(Speaker::Quiet));
        let (speech, speaking) = (self.clone(), Arc::clone(&speaker));
        let read = move || {
            for (place, text) in parts.iter().enumerate() {
                if !speech.begin(&speaking, &voice, place, text) {
                    return;
                }
                tell(Spoken::Begun(place));
                if !finish(&speaking) {
                    return;
                }
            }
            if !matches!(*lock(&speaking), Speaker::Stopped) {
                tell(Spoken::Ended);
            }
        };
        thread::Builder::new().name("speech".to_owned()).spawn(read).ok()?;
        Some(Reading { speaker })
    }

    /// Starts a part; false when the reading has been stopped.
    fn begin(&self, speaker: &Mutex<Speaker>, voice: &str, place: usize, text: &str) -> bool {
        let mut speaker = lock(speaker);
        if matches!(*speaker, Speaker::Stopped) {
            return false;
        }
        let mut command = Command::new(&self.program);
        command.args(["-v", voice, "-s", WORDS_A_MINUTE, "-b", "1", "--stdin"]);
        if let Output::Folder(folder) = &self.output {
            command.arg("-w").arg(folder.join(format!("{place}.wav")));
        }
        let started = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let spoken = started.and_then(|mut child| {
            // The texts of a screen fit into a pipe, so this does not wait for the speaker.
            let written = child.stdin.take().map(|mut input| input.write_all(text.as_bytes()));
            *speaker = Speaker::Speaking(child);
            written.unwrap_or(Ok(()))
        });
        if let Err(error) = spoken {
            tracing::warn!(%error, "a part could not be read aloud");
        }
        true
    }

    fn voice(&self, language: &Language) -> Option<&str> {
        let tag = language.as_str().to_ascii_lowercase();
        let base = tag.split('-').next().unwrap_or_default();
        let kind = KINDS.iter().find(|(of, _)| *of == base).map(|(_, kind)| *kind);
        let wanted = [Some(tag.as_str()).filter(|tag| tag.contains('-')), kind, Some(base)];
        wanted.into_iter().flatten().find_map(|wanted| self.voices.get(wanted)).map(String::as_str)
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        if let Speaker::Speaking(mut child) = std::mem::replace(&mut *lock(&self.speaker), Speaker::Stopped) {
            // It may have come to its end by itself.
            drop(child.kill());
            drop(child.wait());
        }
    }
}

/// Waits until the part is spoken; false when the reading has been stopped.
fn finish(speaker: &Mutex<Speaker>) -> bool {
    const LOOK: std::time::Duration = std::time::Duration::from_millis(20);
    loop {
        // Looking rather than waiting, so that a stop can take the child away.
        match &mut *lock(speaker) {
            Speaker::Stopped => return false,
            Speaker::Quiet => return true,
            speaking @ Speaker::Speaking(_) => {
                let Speaker::Speaking(child) = speaking else { return true };
                if !matches!(child.try_wait(), Ok(None)) {
                    *speaking = Speaker::Quiet;
                    return true;
                }
            }
        }
        thread::sleep(LOOK);
    }
}

fn has_sound_card() -> bool {
    fs::read_to_string("/proc/asound/cards").is_ok_and(|cards| cards.lines().any(names_a_card))
}

/// A line such as ` 0 [PCH            ]: HDA-Intel - HDA Intel PCH`; without cards there is `--- no soundcards ---`.
fn names_a_card(line: &str) -> bool {
    line.trim_start().starts_with(|first: char| first.is_ascii_digit())
}

fn lock(speaker: &Mutex<Speaker>) -> std::sync::MutexGuard<'_, Speaker> {
    speaker.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use std::process::Command;
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    const DEADLINE: Duration = Duration::from_secs(20);

    fn language(tag: &str) -> Language {
        Language::new(tag).unwrap()
    }

    /// The samples of a sound file of 16 bits.
    fn samples(file: &Path) -> Vec<i16> {
        let bytes = fs::read(file).unwrap();
        bytes.get(44..).unwrap().as_chunks().0.iter().map(|pair| i16::from_le_bytes(*pair)).collect()
    }

    #[test]
    fn every_language_is_spoken_part_by_part() {
        for (tag, words) in [
            ("en", "Have nurses come when you needed them?"),
            ("en-simple", "Did nurses come to you?"),
            ("cy", "A yw'r nyrsys wedi dod?"),
            ("pl", "Czy pielęgniarki przychodziły?"),
            ("ro", "Au venit asistentele?"),
            ("pa", "ਕੀ ਨਰਸਾਂ ਆਈਆਂ?"),
            ("ur", "کیا نرسیں آئیں؟"),
            ("pt", "As enfermeiras vieram?"),
            ("es", "¿Vinieron las enfermeras?"),
            ("ar", "هل جاءت الممرضات؟"),
            ("bn", "নার্সরা কি এসেছিলেন?"),
            ("gu", "શું નર્સો આવી?"),
            ("it", "Le infermiere sono venute?"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let speech = Speech::into_folder(folder.path()).unwrap();
            let (tell, told) = mpsc::channel();
            let parts = vec![words.to_owned(), words.to_owned()];
            let _reading = speech.read(&language(tag), parts, move |spoken| tell.send(spoken).unwrap()).unwrap();
            for expected in [Spoken::Begun(0), Spoken::Begun(1), Spoken::Ended] {
                assert_eq!(told.recv_timeout(DEADLINE), Ok(expected), "{tag}");
            }
            for part in ["0.wav", "1.wav"] {
                let loud = samples(&folder.path().join(part)).iter().filter(|sample| sample.abs() > 500).count();
                assert!(loud > 2_000, "{tag}: {part} has {loud} samples that can be heard");
            }
        }
    }

    #[test]
    fn a_language_without_a_voice_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let speech = Speech::into_folder(folder.path()).unwrap();
        assert!(!speech.speaks(&language("xx")));
        assert!(speech.read(&language("xx"), vec!["words".to_owned()], |_| {}).is_none());
        assert!(speech.speaks(&language("en-simple")) && speech.speaks(&language("pt")));
    }

    #[test]
    fn a_reading_that_is_stopped_is_silent_at_once_and_tells_nothing_more() {
        let folder = tempfile::tempdir().unwrap();
        // Nobody reads from the pipe, so the speaker would be at its first part for ever.
        let pipe = folder.path().join("0.wav");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let speech = Speech::into_folder(folder.path()).unwrap();
        let (tell, told) = mpsc::channel();
        let words = vec!["one".to_owned(), "two".to_owned()];
        let reading = speech.read(&language("en"), words, move |spoken| tell.send(spoken).unwrap()).unwrap();
        assert_eq!(told.recv_timeout(DEADLINE), Ok(Spoken::Begun(0)));
        let speaker = match &*lock(&reading.speaker) {
            Speaker::Speaking(child) => child.id(),
            other => unreachable!("{other:?}"),
        };
        assert!(Path::new(&format!("/proc/{speaker}")).exists());
        drop(reading);
        assert!(!Path::new(&format!("/proc/{speaker}")).exists());
        assert_eq!(told.recv_timeout(DEADLINE), Err(mpsc::RecvTimeoutError::Disconnected));
        assert!(!folder.path().join("1.wav").exists());
    }

    #[test]
    fn a_card_is_told_from_none() {
        assert!(names_a_card(" 0 [PCH            ]: HDA-Intel - HDA Intel PCH"));
        assert!(
            !names_a_card("--- no soundcards ---") && !names_a_card("                      HDA Intel PCH at 0xf7")
        );
    }
}
