//! The fonts: which there are, and which a language is drawn in.
//!
//! Latin is drawn in Atkinson Hyperlegible Next, every other script in a Noto family; each in two weights, whole and unchanged,
//! compiled in. A character without a font would be a silent blank, so tests hold every character of every language against
//! [`FONTS`], and draw them.
//!
//! [`register`] makes each font the fallback of its script and puts ours before those of the machine: a kiosk looks the same
//! whatever fonts are installed on it.
//!
//! **The window's first font is the language's own** ([`family`]), not Latin with a fallback: with a Latin font first every space is
//! Latin and every word a run of its own, and texts of several runs are measured too small where letters join: Parley 0.11 looks
//! joined letters up without their run's start when it breaks lines (`line_break.rs`, `run.get(cluster_idx + 1)`). A Panjabi
//! greeting lost its last letter so, until it was drawn in its own font.

use std::sync::Arc;

use slint::fontique_011::{fontique, shared_collection};

const LATIN: &str = "Atkinson Hyperlegible Next";
/// The cut for screens: its lines are as high as Latin's. Naskh serves Arabic and Urdu; Nastaliq, the hand of printed Urdu,
/// needs twice the height.
const ARABIC: &str = "Noto Naskh Arabic UI";
const BENGALI: &str = "Noto Sans Bengali";
const GUJARATI: &str = "Noto Sans Gujarati";
const GURMUKHI: &str = "Noto Sans Gurmukhi";

/// A font that is compiled in.
#[derive(Debug, Clone, Copy)]
pub struct Font {
    /// The family's name.
    pub family: &'static str,
    /// The script it is for, as an ISO 15924 code.
    pub script: [u8; 4],
    /// The weight, as CSS counts.
    pub weight: u16,
    /// The file.
    pub bytes: &'static [u8],
}

macro_rules! font {
    ($family:expr, $script:expr, $weight:literal, $file:literal) => {
        Font {
            family: $family,
            script: *$script,
            weight: $weight,
            bytes: include_bytes!(concat!("../fonts/", $file)),
        }
    };
}

/// The fonts by script.
pub static FONTS: [Font; 10] = [
    font!(LATIN, b"Latn", 400, "AtkinsonHyperlegibleNext-Regular.ttf"),
    font!(LATIN, b"Latn", 700, "AtkinsonHyperlegibleNext-Bold.ttf"),
    font!(ARABIC, b"Arab", 400, "noto/NotoNaskhArabicUI-Regular.ttf"),
    font!(ARABIC, b"Arab", 700, "noto/NotoNaskhArabicUI-Bold.ttf"),
    font!(BENGALI, b"Beng", 400, "noto/NotoSansBengali-Regular.ttf"),
    font!(BENGALI, b"Beng", 700, "noto/NotoSansBengali-Bold.ttf"),
    font!(GUJARATI, b"Gujr", 400, "noto/NotoSansGujarati-Regular.ttf"),
    font!(GUJARATI, b"Gujr", 700, "noto/NotoSansGujarati-Bold.ttf"),
    font!(GURMUKHI, b"Guru", 400, "noto/NotoSansGurmukhi-Regular.ttf"),
    font!(GURMUKHI, b"Guru", 700, "noto/NotoSansGurmukhi-Bold.ttf"),
];

/// The family that a language is drawn in.
pub fn family(language: &str) -> &'static str {
    match language {
        "ar" | "ur" => ARABIC,
        "bn" => BENGALI,
        "gu" => GUJARATI,
        "pa" => GURMUKHI,
        _ => LATIN,
    }
}

/// The family of a text that is in another script than the language it stands among: Latin for a name in Latin letters, so that its
/// digits and commas are Latin's too; empty for the language's own, and for what has no letters.
pub fn family_of(text: &str) -> &'static str {
    let mut letters = text.chars().filter(|character| character.is_alphabetic()).peekable();
    let named = letters.peek().is_some();
    if named && letters.all(is_latin) { LATIN } else { "" }
}

fn is_latin(letter: char) -> bool {
    matches!(letter, '\0'..='\u{24f}' | '\u{1e00}'..='\u{1eff}')
}

/// Gives the fonts to the renderer. To be called once, when the renderer is chosen and before the first window.
pub fn register() {
    let mut collection = shared_collection();
    let mut families = Vec::new();
    for font in &FONTS {
        let registered = collection.register_fonts(fontique::Blob::new(Arc::new(font.bytes)), None);
        for (family, _) in registered {
            collection.set_fallbacks(
                fontique::FallbackKey::new(fontique::Script::from_bytes(font.script), None),
                std::iter::once(family),
            );
            if !families.contains(&family) {
                families.push(family);
            }
        }
    }
    // These are asked after the window's font and before a script's fallbacks, and they alone for a sign that belongs to no script.
    for generic in [fontique::GenericFamily::SansSerif, fontique::GenericFamily::SystemUi] {
        let others: Vec<_> =
            collection.generic_families(generic).filter(|family| !families.contains(family)).collect();
        collection.set_generic_families(generic, families.iter().copied().chain(others));
    }
}
