//! Pictures of a questionnaire as kiosks show it, drawn by the kiosk's own program and kept.
//!
//! The aggregator knows nothing of windows and fonts. It runs `wardvoice-kiosk preview`, which stands beside it or where the settings say, and keeps
//! what that program has drawn under the hash of what went in: the questionnaire, the language, and the program by its size and time of change. So a
//! picture is never of another text or of another program than the page says.
//!
//! Bounds: one drawing at a time; [`DEADLINE`]; so many pictures and bytes; so many previews, the oldest leave. A program that hangs, writes too
//! much, fails, or is not installed is an error in words and nothing is kept.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, TryLockError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use serde::Deserialize;
use wardvoice_protocol::id::{Hash, Language};
use wardvoice_protocol::questionnaire::Questionnaire;

/// How long a drawing may take.
pub const DEADLINE: Duration = Duration::from_secs(90);
/// The most pictures of a preview.
pub const MOST_PICTURES: usize = 80;
/// The most bytes of a preview, pictures and words together.
pub const MOST_BYTES: u64 = 40_000_000;
/// The most bytes of the index.
const MOST_INDEX_BYTES: u64 = 1_000_000;
/// The most previews that are kept.
const MOST_PREVIEWS: usize = 24;
/// The program beside this one.
const PROGRAM: &str = "wardvoice-kiosk";
/// How often a drawing is looked at.
const LOOK: Duration = Duration::from_millis(25);

/// What was drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The name under which its pictures are kept.
    pub key: String,
    /// The version of the program that drew it.
    pub software: String,
    /// The hash of the kiosk's own words in that language.
    pub words: Hash,
    /// Whether the kiosk's makers have approved them.
    pub words_approved: bool,
    /// The kiosk's own words: the English, and the language.
    pub phrases: Vec<(String, String)>,
    /// The pictures, in the order of the journey.
    pub pictures: Vec<Picture>,
}

/// A picture of a screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Which screen: `consent`, `question` …
    pub screen: String,
    /// The question, where it is one.
    pub question: Option<String>,
    /// The name of its file.
    pub file: String,
}

/// Why there is no preview.
#[derive(Debug, thiserror::Error)]
pub enum PreviewError {
    /// The program is not there.
    #[error(
        "find the kiosk's program {path}: install it beside the aggregator, or name it in the settings as kiosks.preview_program",
        path = .0.display()
    )]
    NotInstalled(PathBuf),
    /// Another preview is being drawn.
    #[error("draw the preview: another one is being drawn; try again in a minute")]
    Busy,
    /// It took too long.
    #[error("draw the preview: the kiosk's program took longer than {} seconds", DEADLINE.as_secs())]
    TooSlow,
    /// It wrote more than it may.
    #[error(
        "draw the preview: the kiosk's program wrote more than {MOST_PICTURES} pictures or {MOST_BYTES} bytes"
    )]
    TooLarge,
    /// The program said no.
    #[error("draw the preview: the kiosk's program says: {0}")]
    Refused(String),
    /// What it wrote is not a preview.
    #[error("use what the kiosk's program wrote: {0}")]
    Unreadable(String),
    /// A file cannot be read or written.
    #[error("read or write {path}: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// The index as the kiosk's program writes it. A later program may say more.
#[derive(Debug, Deserialize)]
struct IndexFile {
    version: u32,
    software: String,
    questionnaire: Hash,
    language: Language,
    words: Hash,
    words_approved: bool,
    phrases: Vec<(String, String)>,
    screens: Vec<ScreenFile>,
}

#[derive(Debug, Deserialize)]
struct ScreenFile {
    screen: String,
    question: Option<String>,
    file: String,
}

/// Every preview that is kept, and the way to make another. Shared by reference.
#[derive(Debug)]
pub struct Previews {
    folder: PathBuf,
    program: PathBuf,
    deadline: Duration,
    drawing: Mutex<()>,
}

impl Previews {
    /// Previews of a folder, drawn by a program: the one of that name beside this one when none is given.
    pub fn new(folder: impl Into<PathBuf>, program: Option<PathBuf>) -> Self {
        let beside = || std::env::current_exe().ok().and_then(|own| Some(own.parent()?.join(PROGRAM)));
        let program = program.or_else(beside).unwrap_or_else(|| PathBuf::from(PROGRAM));
        Self { folder: folder.into(), program, deadline: DEADLINE, drawing: Mutex::new(()) }
    }

    /// The same with another deadline.
    #[must_use]
    pub fn within(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// Whether the program is there; why not otherwise.
    pub fn program(&self) -> Result<&Path, PreviewError> {
        if self.program.is_file() {
            Ok(&self.program)
        } else {
            Err(PreviewError::NotInstalled(self.program.clone()))
        }
    }

    /// What was drawn of a questionnaire in a language by the program that is there now; none when nothing was.
    pub fn kept(
        &self,
        questionnaire: &Questionnaire,
        language: &Language,
    ) -> Result<Option<Preview>, PreviewError> {
        let key = self.key(questionnaire, language)?;
        let folder = self.folder.join(&key);
        if !folder.is_dir() {
            return Ok(None);
        }
        read(&folder, &key, questionnaire, language).map(Some)
    }

    /// Draws a questionnaire in a language, unless it is kept already. Takes some seconds.
    pub fn draw(&self, questionnaire: &Questionnaire, language: &Language) -> Result<Preview, PreviewError> {
        let _one_at_a_time = match self.drawing.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(PreviewError::Busy),
        };
        if let Ok(Some(kept)) = self.kept(questionnaire, language) {
            return Ok(kept);
        }
        let key = self.key(questionnaire, language)?;
        let file = |path: &Path| {
            let path = path.to_owned();
            move |source| PreviewError::File { path, source }
        };
        fs::create_dir_all(&self.folder).map_err(file(&self.folder))?;
        let work = self.folder.join(format!("{key}.drawing"));
        clear(&work)?;
        fs::create_dir(&work).map_err(file(&work))?;
        let drawn = self.drawn(questionnaire, language, &work).and_then(|out| {
            let preview = read(&out, &key, questionnaire, language)?;
            let place = self.folder.join(&key);
            clear(&place)?;
            fs::rename(&out, &place).map_err(file(&place))?;
            Ok(preview)
        });
        clear(&work)?;
        let preview = drawn?;
        self.forget_the_oldest()?;
        Ok(preview)
    }

    /// A picture's bytes; none when there is no such picture.
    pub fn picture(&self, key: &str, file: &str) -> Option<Vec<u8>> {
        let plain = key.len() == KEY_DIGITS && key.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !plain || !is_picture(file) {
            return None;
        }
        fs::read(self.folder.join(key).join(file)).ok()
    }

    /// Runs the program in a folder of its own, and gives the folder it has drawn into.
    fn drawn(
        &self,
        questionnaire: &Questionnaire,
        language: &Language,
        work: &Path,
    ) -> Result<PathBuf, PreviewError> {
        let program = self.program()?;
        let (asked, out, said) = (work.join("questionnaire.json"), work.join("out"), work.join("said"));
        let failed = |path: &Path, source| PreviewError::File { path: path.to_owned(), source };
        let json = serde_json::to_vec(questionnaire.file()).map_err(|error| failed(&asked, error.into()))?;
        fs::write(&asked, json).map_err(|error| failed(&asked, error))?;
        let errors = File::create(&said).map_err(|error| failed(&said, error))?;
        let mut command = Command::new(program);
        command.arg("preview").arg("--questionnaire").arg(&asked).arg("--language").arg(language.as_str());
        command.arg("--out").arg(&out).env_clear().current_dir(work);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors);
        let child = command.spawn().map_err(|error| failed(program, error))?;
        let status = self.wait(child, work)?;
        if status.success() {
            return Ok(out);
        }
        let mut text = String::new();
        let heard = File::open(&said).and_then(|file| file.take(500).read_to_string(&mut text));
        let text = text.trim();
        let silent = heard.is_err() || text.is_empty();
        Err(PreviewError::Refused(if silent { format!("nothing ({status})") } else { text.replace('\n', " ") }))
    }

    /// Waits until the program ends, and ends it when it takes too long or writes too much.
    fn wait(&self, mut child: Child, work: &Path) -> Result<ExitStatus, PreviewError> {
        let ends = Instant::now() + self.deadline;
        loop {
            let looked =
                child.try_wait().map_err(|source| PreviewError::File { path: self.program.clone(), source })?;
            if let Some(status) = looked {
                return Ok(status);
            }
            let trouble = if Instant::now() >= ends {
                Some(PreviewError::TooSlow)
            } else if size(work) > MOST_BYTES {
                Some(PreviewError::TooLarge)
            } else {
                None
            };
            if let Some(trouble) = trouble {
                // It may have ended by itself in between; either way it is waited for, so that nothing of it is left.
                drop(child.kill());
                drop(child.wait());
                return Err(trouble);
            }
            thread::sleep(LOOK);
        }
    }

    fn key(&self, questionnaire: &Questionnaire, language: &Language) -> Result<String, PreviewError> {
        let program = self.program()?;
        let metadata = fs::metadata(program);
        let metadata = metadata.map_err(|source| PreviewError::File { path: program.to_owned(), source })?;
        let changed = metadata.modified().ok().and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
        let changed = changed.unwrap_or_default().as_nanos();
        let of =
            format!("{}\n{language}\n{}\n{}\n{changed}", questionnaire.hash(), program.display(), metadata.len());
        Ok(Hash::of(of.as_bytes()).to_string().chars().take(KEY_DIGITS).collect())
    }

    fn forget_the_oldest(&self) -> Result<(), PreviewError> {
        let failed = |source| PreviewError::File { path: self.folder.clone(), source };
        let mut kept: BTreeSet<(SystemTime, PathBuf)> = BTreeSet::new();
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let drawn = entry.metadata().and_then(|metadata| metadata.modified()).map_err(failed)?;
            kept.insert((drawn, entry.path()));
        }
        let too_many = kept.len().saturating_sub(MOST_PREVIEWS);
        kept.into_iter().take(too_many).try_for_each(|(_, path)| clear(&path))
    }
}

/// So many digits of the hash name a preview.
const KEY_DIGITS: usize = 32;

fn is_picture(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let stem = name.strip_suffix(".png").unwrap_or_default();
    (1..=120).contains(&stem.len()) && stem.bytes().all(plain)
}

/// Reads what the program wrote, and believes it only as far as it is what was asked for.
fn read(
    folder: &Path,
    key: &str,
    questionnaire: &Questionnaire,
    language: &Language,
) -> Result<Preview, PreviewError> {
    let path = folder.join("index.json");
    let mut bytes = Vec::new();
    File::open(&path)
        .and_then(|file| file.take(MOST_INDEX_BYTES).read_to_end(&mut bytes))
        .map_err(|source| PreviewError::File { path: path.clone(), source })?;
    let index: IndexFile =
        serde_json::from_slice(&bytes).map_err(|error| PreviewError::Unreadable(error.to_string()))?;
    let wrong = |what: &str| Err(PreviewError::Unreadable(what.to_owned()));
    if index.version != 1 {
        return wrong("it is of a version that is not known here");
    }
    if (index.questionnaire, &index.language) != (questionnaire.hash(), language) {
        return wrong("it is of another questionnaire or language");
    }
    if index.screens.len() > MOST_PICTURES || size(folder) > MOST_BYTES {
        return Err(PreviewError::TooLarge);
    }
    if index.screens.iter().any(|screen| !is_picture(&screen.file) || !folder.join(&screen.file).is_file()) {
        return wrong("a picture is not there");
    }
    let picture = |ScreenFile { screen, question, file }| Picture { screen, question, file };
    Ok(Preview {
        key: key.to_owned(),
        software: index.software,
        words: index.words,
        words_approved: index.words_approved,
        phrases: index.phrases,
        pictures: index.screens.into_iter().map(picture).collect(),
    })
}

/// The bytes of all files in a folder and those in it. What cannot be read has none.
fn size(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let sizes = entries.filter_map(Result::ok).map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => size(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    });
    sizes.sum()
}

fn clear(path: &Path) -> Result<(), PreviewError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(PreviewError::File { path: path.to_owned(), source: error })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
pub(crate) mod tests;
