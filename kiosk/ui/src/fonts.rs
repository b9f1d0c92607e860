//! The fonts of the scripts that the window's first font does not have.
//!
//! Latin is drawn in Atkinson Hyperlegible Next, which `ui/kiosk.slint` imports. Every other script has a Noto family in two
//! weights, whole and unchanged, compiled in. A character without a font would be a silent blank, so a test holds every
//! character of every language against [`FONTS`], and another draws them.
//!
//! A font that a component imports is found by its name only. What makes it the fallback of a script is [`register`], and it
//! puts our families before those of the machine: a kiosk looks the same whatever fonts are installed on it.

use std::sync::Arc;

use slint::fontique_011::{fontique, shared_collection};

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
    ($family:literal, $script:expr, $weight:literal, $file:literal) => {
        Font {
            family: $family,
            script: $script,
            weight: $weight,
            bytes: include_bytes!(concat!("../fonts/", $file)),
        }
    };
}

/// The fonts by script. Naskh serves Arabic and Urdu: Nastaliq, the hand of printed Urdu, needs twice the height.
pub static FONTS: [Font; 8] = [
    font!("Noto Naskh Arabic", *b"Arab", 400, "noto/NotoNaskhArabic-Regular.ttf"),
    font!("Noto Naskh Arabic", *b"Arab", 700, "noto/NotoNaskhArabic-Bold.ttf"),
    font!("Noto Sans Bengali", *b"Beng", 400, "noto/NotoSansBengali-Regular.ttf"),
    font!("Noto Sans Bengali", *b"Beng", 700, "noto/NotoSansBengali-Bold.ttf"),
    font!("Noto Sans Gujarati", *b"Gujr", 400, "noto/NotoSansGujarati-Regular.ttf"),
    font!("Noto Sans Gujarati", *b"Gujr", 700, "noto/NotoSansGujarati-Bold.ttf"),
    font!("Noto Sans Gurmukhi", *b"Guru", 400, "noto/NotoSansGurmukhi-Regular.ttf"),
    font!("Noto Sans Gurmukhi", *b"Guru", 700, "noto/NotoSansGurmukhi-Bold.ttf"),
];

/// Makes each font the fallback of its script. To be called once, when the renderer is chosen and before the first window.
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
    // A sign that many scripts share, alone on a key, belongs to no script: it is looked for in all of them. These are also
    // asked before a script's fallbacks, so ours come before the machine's.
    for generic in [fontique::GenericFamily::SansSerif, fontique::GenericFamily::SystemUi] {
        let others: Vec<_> =
            collection.generic_families(generic).filter(|family| !families.contains(family)).collect();
        collection.set_generic_families(generic, families.iter().copied().chain(others));
    }
}
