//! The files of a site.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::id::Hash;

use super::{Edition, Material, data, pages};
use crate::branding::{Branding, LOGO};

/// The style sheet of published pages, without its letters.
const STYLE: &str = include_str!("../../assets/publish.css");
const ICON: &str = include_str!("../../assets/icon.svg");
const LETTERS: &str = include_str!("../../assets/letters.css");
const LICENCE: &str = include_str!("../../assets/letters/OFL.txt");
/// What the style sheet of the letters names, and what is in it.
const LETTER_FILES: [(&str, &[u8]); 4] = [
    ("letters-regular.woff2", include_bytes!("../../assets/letters/regular.woff2")),
    ("letters-bold.woff2", include_bytes!("../../assets/letters/bold.woff2")),
    ("letters-regular-more.woff2", include_bytes!("../../assets/letters/regular-more.woff2")),
    ("letters-bold-more.woff2", include_bytes!("../../assets/letters/bold-more.woff2")),
];
/// The page to begin with; put last.
pub(super) const INDEX: &str = "index.html";
/// What is in the site, with hashes.
pub(super) const MANIFEST: &str = "manifest.json";

/// A file of a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name; a site has no folders.
    pub name: String,
    /// What is in it.
    pub text: String,
}

/// A site: its files in the order of their names, the manifest among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Whom it is for.
    pub edition: Edition,
    /// The first half of the hash over all files but the manifest: the same files have the same version.
    pub version: String,
    files: Vec<File>,
}

#[derive(Debug, Serialize)]
struct Manifest<'a> {
    version: &'a str,
    edition: Edition,
    files: BTreeMap<&'a str, Hash>,
}

impl Site {
    /// A site of files that are there already: what a command is sent.
    pub fn new(edition: Edition, files: Vec<File>) -> Self {
        let mut files: Vec<File> = files.into_iter().filter(|file| file.name != MANIFEST).collect();
        files.sort_by(|a, b| a.name.cmp(&b.name));
        let mut hasher = Sha256::new();
        for file in &files {
            // Lengths keep two files from being taken for one of both.
            hasher.update(format!("{}\n{}\n{}\n", edition, file.name, file.text.len()));
            hasher.update(&file.text);
        }
        let whole = Hash::from_bytes(hasher.finalize().into()).to_string();
        let version: String = whole.chars().take(16).collect();
        let digests = files.iter().map(|file| (file.name.as_str(), Hash::of(file.text.as_bytes()))).collect();
        let manifest = Manifest { version: &version, edition, files: digests };
        // A map of texts is always JSON.
        let text = serde_json::to_string_pretty(&manifest).unwrap_or_default() + "\n";
        files.push(File { name: MANIFEST.to_owned(), text });
        Self { edition, version, files }
    }

    /// Its files: the manifest last.
    pub fn files(&self) -> &[File] {
        &self.files
    }
}

/// The letters, within the style sheet: browsers get no letters from beside a page that they were given by a file share.
fn letters() -> String {
    let mut text = LETTERS.to_owned();
    for (name, bytes) in LETTER_FILES {
        text = text.replace(name, &format!("data:font/woff2;base64,{}", STANDARD.encode(bytes)));
    }
    text
}

/// The site of some material.
pub fn site(material: &Material) -> Site {
    let names = Names::new(material);
    let look = material.branding.as_ref();
    let colours = look.map(Branding::css).unwrap_or_default();
    let mut files = vec![
        File { name: "style.css".to_owned(), text: letters() + STYLE + &colours },
        File { name: "letters-licence.txt".to_owned(), text: LICENCE.to_owned() },
        File { name: "icon.svg".to_owned(), text: ICON.to_owned() },
        File { name: INDEX.to_owned(), text: pages::index(material, &names) },
        File { name: "data.json".to_owned(), text: data::json(material) },
        File { name: "data.csv".to_owned(), text: data::csv(material) },
    ];
    if let Some(logo) = look.and_then(Branding::logo) {
        files.push(File { name: LOGO.to_owned(), text: logo.to_owned() });
    }
    for unit in &material.units {
        files.push(File { name: names.of(&unit.unit).to_owned(), text: pages::unit(material, unit) });
    }
    for ward in &material.wards {
        files.push(File { name: names.of(&ward.part.unit).to_owned(), text: pages::ward(material, ward) });
    }
    Site::new(material.edition, files)
}

/// What the page of each unit is called.
pub(super) struct Names(BTreeMap<Unit, String>);

impl Names {
    /// Ids may differ in nothing but capitals, and on many file shares names may not: those get a number.
    fn new(material: &Material) -> Self {
        let mut names: BTreeMap<Unit, String> = BTreeMap::new();
        let mut taken: Vec<String> = Vec::new();
        let units =
            material.units.iter().map(|part| &part.unit).chain(material.wards.iter().map(|ward| &ward.part.unit));
        for unit in units {
            let stem = unit.to_string().replace(':', "-");
            let mut name = format!("{stem}.html");
            let mut number = 2;
            while taken.contains(&name.to_lowercase()) {
                name = format!("{stem}-{number}.html");
                number += 1;
            }
            taken.push(name.to_lowercase());
            names.insert(unit.clone(), name);
        }
        Self(names)
    }

    pub(super) fn of(&self, unit: &Unit) -> &str {
        self.0.get(unit).map_or(INDEX, String::as_str)
    }
}
