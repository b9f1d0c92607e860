//! The one who reads aloud for a window: finds a voice without keeping the window waiting, and reads one screen at a time.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::thread;

use anyhow::Context as _;
use wardvoice_kiosk_ui::words;
use wardvoice_protocol::id::Language;

use super::post::Post;
use super::stage::Voice;
use crate::interview::{Happening, ReadingNumber, Spoken};
use crate::speech::{Reading, Speech};

/// Reads for one window. Where there is no voice or no sound card it never says that there are voices, and nobody asks it to.
pub(super) struct Reader {
    speech: Arc<OnceLock<Speech>>,
    post: Post,
    reading: RefCell<Option<Reading>>,
}

impl Reader {
    /// Looks for voices on a thread of its own, because asking for them takes longer than the first picture of the window may.
    /// With a folder, what is read becomes sound files there.
    pub(super) fn find(folder: Option<PathBuf>, post: Post) -> anyhow::Result<Self> {
        let speech = Arc::new(OnceLock::new());
        let (found, told) = (Arc::clone(&speech), post.clone());
        let look = move || {
            let speech = match folder {
                Some(folder) => fs::create_dir_all(&folder).ok().and_then(|()| Speech::into_folder(&folder)),
                None => Speech::find(),
            };
            let Some(speech) = speech else {
                return tracing::info!("nothing is read aloud: no voice or no sound card");
            };
            let languages = words::LANGUAGES.iter().filter_map(|tag| Language::new(*tag).ok());
            let spoken: BTreeSet<Language> = languages.filter(|language| speech.speaks(language)).collect();
            if found.set(speech).is_ok() {
                told.put(Happening::Voices(spoken));
            }
        };
        thread::Builder::new().name("voices".to_owned()).spawn(look).context("failed to start a thread")?;
        Ok(Self { speech, post, reading: RefCell::default() })
    }
}

impl Voice for Reader {
    fn read(&self, number: ReadingNumber, language: &Language, parts: Vec<String>) {
        self.hush();
        let post = self.post.clone();
        let tell = move |spoken| post.put(Happening::Spoken { reading: number, spoken });
        let reading = self.speech.get().and_then(|speech| speech.read(language, parts, tell));
        if reading.is_none() {
            self.post.put(Happening::Spoken { reading: number, spoken: Spoken::Ended });
        }
        self.reading.replace(reading);
    }

    fn hush(&self) {
        self.reading.replace(None);
    }
}
