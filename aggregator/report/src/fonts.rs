//! The fonts: those of the kiosk, compiled in from its folder, so that there is one copy and one licence file of each.
//!
//! Latin is set in Atkinson Hyperlegible Next, Arabic and Urdu in Noto Naskh, Bengali, Gujarati and Panjabi in their Noto Sans. All are
//! under the SIL Open Font License; `kiosk/ui/fonts/OFL.txt` and `kiosk/ui/fonts/noto/OFL.txt` are the licences.

use std::sync::LazyLock;

use typst::foundations::Bytes;
use typst::text::Font;

macro_rules! file {
    ($name:literal) => {
        include_bytes!(concat!("../../../kiosk/ui/fonts/", $name))
    };
}

/// The files, in two weights each.
static FILES: [&[u8]; 10] = [
    file!("AtkinsonHyperlegibleNext-Regular.ttf"),
    file!("AtkinsonHyperlegibleNext-Bold.ttf"),
    file!("noto/NotoNaskhArabicUI-Regular.ttf"),
    file!("noto/NotoNaskhArabicUI-Bold.ttf"),
    file!("noto/NotoSansBengali-Regular.ttf"),
    file!("noto/NotoSansBengali-Bold.ttf"),
    file!("noto/NotoSansGujarati-Regular.ttf"),
    file!("noto/NotoSansGujarati-Bold.ttf"),
    file!("noto/NotoSansGurmukhi-Regular.ttf"),
    file!("noto/NotoSansGurmukhi-Bold.ttf"),
];

static FONTS: LazyLock<Vec<Font>> =
    LazyLock::new(|| FILES.iter().flat_map(|file| Font::iter(Bytes::new(*file))).collect());

/// Every font.
pub(crate) fn all() -> &'static [Font] {
    &FONTS
}

/// Whether some font has a glyph for a character.
pub(crate) fn have(character: char) -> bool {
    all().iter().any(|font| font.info().coverage.contains(u32::from(character)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_a_font_and_every_script_has_one() {
        assert_eq!(all().len(), FILES.len());
        for character in ['a', 'ŵ', 'ș', '–', '“', 'ب', 'ے', 'ক', 'ગ', 'ਪ'] {
            assert!(have(character), "{character}");
        }
        assert!(!have('好'));
    }
}
