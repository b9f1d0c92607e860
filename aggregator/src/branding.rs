//! A trust's own look: its name, its logo and its colour, in a folder that it puts there. Without the folder pages carry nobody's name but ours,
//! no logo but our own mark, and our colour.
//!
//! ```text
//! data/branding/branding.toml   name = "Example Hospitals", accent = "#005eb8", accent_dark = "#8fc1ff"; all of it may be left out
//!               logo.svg
//! ```
//!
//! Invariants: a colour that text could not be read in is refused, with the contrast that it has (`branding/colour.rs` says against what); a logo
//! is a drawing and nothing that could run or fetch. A look that cannot be used keeps no answer from being taken: pages then go without,
//! the log says why, and `config check` fails.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use wardvoice_protocol::id::Hash;
use wardvoice_protocol::one_line;

mod colour;

use colour::{Colour, READABLE, Shades};

/// The folder in the data folder.
const FOLDER: &str = "branding";
const SETTINGS: &str = "branding.toml";
/// What the logo is called, here and on every page.
pub const LOGO: &str = "logo.svg";
const MAX_NAME_CHARACTERS: usize = 60;
/// The largest logo, in bytes: every first visit to a page brings it.
const MAX_LOGO_BYTES: u64 = 20_000;
/// The largest file of settings that is read, in bytes.
const MAX_SETTINGS_BYTES: u64 = 20_000;
/// What a drawing needs nothing of, and what could run, or fetch from elsewhere. In small letters. A character that is written as a number
/// could hide any of it.
const NOT_IN_A_LOGO: [&str; 8] =
    ["<script", "<foreignobject", "<iframe", "<image", "<!entity", "javascript:", "@import", "&#"];
/// What names an address, which in a drawing is one within it.
const ADDRESSES: [&str; 2] = ["href", "url("];

/// A trust's own look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branding {
    name: Option<String>,
    logo: Option<String>,
    colours: Option<(Shades, Shades)>,
    version: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct SettingsFile {
    name: Option<String>,
    accent: Option<String>,
    accent_dark: Option<String>,
}

/// Why a look cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BrandingError {
    /// A file cannot be read.
    #[error("read {path}: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is not what it should be.
    #[error("read {path}: {reason}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A setting has no usable value.
    #[error("use {setting} = {value:?} of {path}: {rule}", path = path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// The setting.
        setting: &'static str,
        /// What it says.
        value: String,
        /// What it should say.
        rule: String,
    },
}

impl Branding {
    /// The look in a data folder; none where there is no folder, or nothing in it.
    pub fn open(data: &Path) -> Result<Option<Self>, BrandingError> {
        let folder = data.join(FOLDER);
        let path = folder.join(SETTINGS);
        let settings = match read(&path, MAX_SETTINGS_BYTES)? {
            Some(text) => toml::from_str(&text)
                .map_err(|error| BrandingError::Unreadable { path: path.clone(), reason: error.to_string() })?,
            None => SettingsFile::default(),
        };
        let logo = read(&folder.join(LOGO), MAX_LOGO_BYTES)?;
        if let Some(reason) = logo.as_deref().and_then(refused) {
            return Err(BrandingError::Unreadable { path: folder.join(LOGO), reason });
        }
        let (name, colours) = (name(&path, settings.name.clone())?, colours(&path, &settings)?);
        if name.is_none() && logo.is_none() && colours.is_none() {
            return Ok(None);
        }
        let mut branding = Self { name, logo, colours, version: String::new() };
        let all = format!("{}\n{}", branding.css(), branding.logo.as_deref().unwrap_or_default());
        branding.version = Hash::of(all.as_bytes()).to_string().chars().take(16).collect();
        Ok(Some(branding))
    }

    /// The same; none, and a word in the log, where it cannot be used.
    pub fn of(data: &Path) -> Option<Arc<Self>> {
        let opened = Self::open(data);
        let opened = opened
            .inspect_err(|error| tracing::error!("pages go without the trust's own look: failed to {error}"));
        opened.ok().flatten().map(Arc::new)
    }

    /// What the trust calls itself on pages.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Its logo, an SVG.
    pub fn logo(&self) -> Option<&str> {
        self.logo.as_deref()
    }

    /// What its files are called by, the same as long as they say the same.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// A style sheet of its colours, for pages that are light or dark; empty where it has none. Paper stays as it is.
    pub fn css(&self) -> String {
        let dark =
            |dark: &Shades| format!("@media screen and (prefers-color-scheme: dark) {{ {} }}\n", dark.css());
        let dark = self.colours.as_ref().map(|(_, shades)| dark(shades));
        self.light_css() + &dark.unwrap_or_default()
    }

    /// The same for pages that are always light.
    pub fn light_css(&self) -> String {
        let light = |light: &Shades| format!("@media screen {{ {} }}\n", light.css());
        self.colours.as_ref().map(|(shades, _)| light(shades)).unwrap_or_default()
    }
}

/// A file's text; none where there is no such file.
fn read(path: &Path, most: u64) -> Result<Option<String>, BrandingError> {
    let failed = |source| BrandingError::File { path: path.to_owned(), source };
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(failed)?,
    };
    let size = fs::metadata(path).map_err(failed)?.len();
    if size > most {
        let reason = format!("it has {size} bytes and may have {most}");
        return Err(BrandingError::Unreadable { path: path.to_owned(), reason });
    }
    let mut text = String::new();
    file.take(most).read_to_string(&mut text).map_err(failed)?;
    Ok(Some(text))
}

fn name(path: &Path, name: Option<String>) -> Result<Option<String>, BrandingError> {
    let Some(value) = name else { return Ok(None) };
    if one_line::fits(&value, MAX_NAME_CHARACTERS) {
        return Ok(Some(value));
    }
    let rule = format!("write one line of 1 to {MAX_NAME_CHARACTERS} characters");
    Err(BrandingError::Value { path: path.to_owned(), setting: "name", value, rule })
}

/// The shades for the light and for the dark.
fn colours(path: &Path, settings: &SettingsFile) -> Result<Option<(Shades, Shades)>, BrandingError> {
    let wrong = |setting: &'static str, value: &str, rule: String| BrandingError::Value {
        path: path.to_owned(),
        setting,
        value: value.to_owned(),
        rule,
    };
    let parse = |setting: &'static str, text: &str| {
        text.parse::<Colour>().map_err(|()| wrong(setting, text, "write a colour as #005eb8".to_owned()))
    };
    let pale = |contrast: f64| {
        format!(
            "text in it could not be read: its contrast is {contrast:.1} to 1 and must be at least {READABLE} to 1"
        )
    };
    let Some(accent) = settings.accent.as_deref() else {
        return match settings.accent_dark.as_deref() {
            Some(dark) => Err(wrong("accent_dark", dark, "it needs accent beside it".to_owned())),
            None => Ok(None),
        };
    };
    let colour = parse("accent", accent)?;
    let light = Shades::light(colour).map_err(|contrast| wrong("accent", accent, pale(contrast)))?;
    let (setting, text, dark) = match settings.accent_dark.as_deref() {
        Some(text) => ("accent_dark", text, parse("accent_dark", text)?),
        None => ("accent", accent, colour.for_the_dark()),
    };
    let dark = Shades::dark(dark).map_err(|contrast| wrong(setting, text, pale(contrast)))?;
    Ok(Some((light, dark)))
}

/// Why a text is no logo.
fn refused(text: &str) -> Option<String> {
    let small = text.to_lowercase();
    if !small.contains("<svg") {
        return Some("it is no SVG".to_owned());
    }
    let found = NOT_IN_A_LOGO.into_iter().find(|never| small.contains(never));
    let found = found.map(str::to_owned).or_else(|| event(&small)).or_else(|| elsewhere(&small));
    found.map(|never| {
        format!(
            "it has {never:?}; save it as a plain drawing, without scripts and without anything from elsewhere"
        )
    })
}

/// An address that does not lie within the drawing.
fn elsewhere(small: &str) -> Option<String> {
    let opens = |sign: char| sign.is_whitespace() || matches!(sign, '=' | '"' | '\'');
    let leads_out = |(at, word): (usize, &str)| {
        let rest = small.get(at + word.len()..)?;
        let found: String = small.get(at..)?.chars().take(30).collect();
        (!rest.trim_start_matches(opens).starts_with('#')).then_some(found)
    };
    ADDRESSES.into_iter().find_map(|word| small.match_indices(word).find_map(leads_out))
}

/// An attribute that runs something, as in `onload=`.
fn event(small: &str) -> Option<String> {
    let mut words = small.split(|sign: char| sign.is_whitespace() || matches!(sign, '"' | '\'' | '/' | '<' | '>'));
    let is_event = |word: &str| {
        let name = word.split('=').next().unwrap_or_default();
        word.contains('=')
            && name.len() > 2
            && name.starts_with("on")
            && name.chars().all(|sign| sign.is_ascii_lowercase())
    };
    words.find(|word| is_event(word)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    const DRAWING: &str =
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1 1\"><path d=\"M0 0h1\"/></svg>";

    fn opened(settings: Option<&str>, logo: Option<&str>) -> Result<Option<Branding>, String> {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().join(FOLDER);
        fs::create_dir(&folder).unwrap();
        for (name, text) in [(SETTINGS, settings), (LOGO, logo)] {
            if let Some(text) = text {
                fs::write(folder.join(name), text).unwrap();
            }
        }
        Branding::open(data.path()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_look_is_what_the_folder_says_and_nothing_without_one() {
        assert_eq!(Branding::open(tempfile::tempdir().unwrap().path()).unwrap(), None);
        assert_eq!(opened(None, None), Ok(None));
        let settings = "name = \"Example Hospitals\"\naccent = \"#005eb8\"\n";
        let look = opened(Some(settings), Some(DRAWING)).unwrap().unwrap();
        assert_eq!((look.name(), look.logo()), (Some("Example Hospitals"), Some(DRAWING)));
        assert!(look.css().contains("--accent: #005eb8;") && look.css().contains("prefers-color-scheme: dark"));
        assert!(look.light_css().contains("--accent: #005eb8;") && !look.light_css().contains("dark"));
        let only_a_name = opened(Some("name = \"Example\""), None).unwrap().unwrap();
        assert_eq!((only_a_name.css().as_str(), only_a_name.logo()), ("", None));
        assert_ne!(only_a_name.version(), look.version());
    }

    #[test]
    fn what_cannot_be_read_or_could_run_is_refused_by_name() {
        let check = |settings: Option<&str>, logo: Option<&str>, says: &str| {
            let error = opened(settings, logo).unwrap_err();
            assert!(error.contains(says), "{settings:?} {logo:?}: {error}");
        };
        check(Some("colour = \"#005eb8\""), None, "unknown field `colour`");
        check(Some("name = \"\""), None, "use name");
        check(Some("accent = \"blue\""), None, "write a colour as #005eb8");
        check(Some("accent = \"#41b6e6\""), None, "its contrast is 2.");
        check(Some("accent = \"#005eb8\"\naccent_dark = \"#003087\""), None, "use accent_dark");
        check(Some("accent_dark = \"#ffffff\""), None, "it needs accent beside it");
        check(None, Some("\u{89}PNG"), "it is no SVG");
        check(None, Some(&DRAWING.replace("<path", "<script>x()</script><path")), "<script");
        check(None, Some(&DRAWING.replace("<path", "<path onload=\"x()\"")), "onload=");
        check(None, Some(&DRAWING.replace("<path", "<use href=\"https://x.example/y\"/><path")), "href=\\\"http");
        check(None, Some(&DRAWING.replace("<path", "<use xlink:href = '//x.example/y'/><path")), "href = '//x");
        check(None, Some(&DRAWING.replace("<path", "<rect fill=\"url(data:x)\"/><path")), "url(data:x)");
        check(None, Some(&DRAWING.replace("<path", "<a xlink:href=\"&#106;avascript:x()\"/><path")), "&#");
        check(None, Some(&format!("{DRAWING}{}", " ".repeat(20_000))), "may have 20000");
        let within = DRAWING.replace("<path", "<use xlink:href=\"#a\"/><rect fill=\"url('#b')\"/><path");
        assert!(opened(None, Some(&within)).unwrap().is_some());
    }
}
