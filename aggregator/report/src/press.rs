//! The press: pages in Typst's language, compiled in, and a paper as the only file they can read.

use std::collections::BTreeMap;

use typst::diag::{FileError, FileResult, SourceDiagnostic};
use typst::foundations::{Bytes, Datetime, Duration, Smart};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Feature, Library, LibraryExt as _, World, WorldExt as _};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards};
use wardvoice_paper::Report;

use crate::check::Checked;
use crate::fonts;

/// The most pages of a document.
const MOST_PAGES: usize = 400;

/// The pages, by the names that they know each other by.
const PAGES: [(&str, &str); 7] = [
    ("main.typ", include_str!("pages/main.typ")),
    ("look.typ", include_str!("pages/look.typ")),
    ("parts.typ", include_str!("pages/parts.typ")),
    ("ward.typ", include_str!("pages/ward.typ")),
    ("consultant.typ", include_str!("pages/consultant.typ")),
    ("board.typ", include_str!("pages/board.typ")),
    ("poster.typ", include_str!("pages/poster.typ")),
];
/// The words that posters have in every language.
const WORDS: &str = include_str!("pages/words.json");

/// A document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Printed {
    /// The PDF.
    pub pdf: Vec<u8>,
    /// How many pages it has.
    pub pages: usize,
    /// What the typesetter found odd.
    pub warnings: Vec<String>,
}

/// Why a paper cannot be set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PressError {
    /// The pages cannot be made.
    #[error("set the report: {0}")]
    Set(String),
    /// What was set is not PDF/UA-1.
    #[error("make an accessible PDF (PDF/UA-1): {0}")]
    NotAccessible(String),
    /// It became too long.
    #[error("set the report: it has {pages} pages and {most} are the most")]
    TooLong {
        /// How many it has.
        pages: usize,
        /// How many it may have.
        most: usize,
    },
}

/// Sets a paper. What is not PDF/UA-1 is an error.
pub fn press(checked: &Checked) -> Result<Printed, PressError> {
    let poster = matches!(checked.paper().report, Report::WardPoster(_) | Report::YouSaidWeDid(_));
    let most = if poster { 1 } else { MOST_PAGES };
    let mut printed = print(&Desk::new(&PAGES, checked.json())?, checked.json(), most)?;
    if checked.paper().front.language == "pa" {
        from_the_left(&mut printed.pdf);
    }
    Ok(printed)
}

/// Typst takes Panjabi for a language that is written from the right, and tells viewers so; in Gurmukhi it runs from the left. The pages say so
/// themselves, what viewers are told can only be put right here. Both words have the same length, so no offset moves.
fn from_the_left(pdf: &mut [u8]) {
    const WRONG: &[u8] = b"/Direction/R2L";
    const RIGHT: &[u8] = b"/Direction/L2R";
    let place = pdf.windows(WRONG.len()).position(|window| window == WRONG);
    if let Some(told) = place.and_then(|place| pdf.get_mut(place..place + WRONG.len())) {
        told.copy_from_slice(RIGHT);
    }
}

fn print(desk: &Desk, identity: &str, most: usize) -> Result<Printed, PressError> {
    let warned = typst::compile::<PagedDocument>(desk);
    let document = warned.output.map_err(|errors| PressError::Set(desk.say(&errors)))?;
    let pages = document.pages().len();
    if pages > most {
        return Err(PressError::TooLong { pages, most });
    }
    let standards = PdfStandards::new(&[PdfStandard::Ua_1]);
    let standards = standards.map_err(|error| PressError::NotAccessible(error.message().to_string()))?;
    let options = PdfOptions {
        // The same paper is the same document for ever.
        ident: Smart::Custom(identity.to_owned()),
        creator: Smart::Custom(Some("Wardvoice".to_owned())),
        standards,
        ..PdfOptions::default()
    };
    let pdf =
        typst_pdf::pdf(&document, &options).map_err(|errors| PressError::NotAccessible(desk.say(&errors)))?;
    let warnings = warned.warnings.iter().map(|warning| desk.say(std::slice::from_ref(warning))).collect();
    Ok(Printed { pdf, pages, warnings })
}

/// What the typesetter can see.
struct Desk {
    library: LazyHash<Library>,
    book: LazyHash<FontBook>,
    main: FileId,
    sources: BTreeMap<String, Source>,
    files: BTreeMap<String, Bytes>,
}

impl Desk {
    fn new(pages: &[(&str, &str)], paper: &str) -> Result<Self, PressError> {
        let mut sources = BTreeMap::new();
        for (name, page) in pages {
            sources.insert((*name).to_owned(), Source::new(id(name)?, (*page).to_owned()));
        }
        let files = [("paper.json", paper.to_owned()), ("words.json", WORDS.to_owned())];
        // Headers of rows are told to screen readers only by what is still called an extra.
        let features = [Feature::A11yExtras].into_iter().collect();
        Ok(Self {
            library: LazyHash::new(Library::builder().with_features(features).build()),
            book: LazyHash::new(FontBook::from_fonts(fonts::all())),
            main: id("main.typ")?,
            sources,
            files: files.into_iter().map(|(name, text)| (name.to_owned(), Bytes::from_string(text))).collect(),
        })
    }

    /// Errors in one line: what, where and what helps.
    fn say(&self, errors: &[SourceDiagnostic]) -> String {
        let one = |error: &SourceDiagnostic| {
            let place = error.span.id().zip(self.range(error.span)).and_then(|(id, range)| {
                let text = self.source(id).ok()?.text().get(..range.start)?.to_owned();
                Some(format!(" ({} line {})", id.vpath().get_without_slash(), text.matches('\n').count() + 1))
            });
            let hints = error.hints.iter().map(|hint| hint.v.to_string());
            let hints: Vec<String> = std::iter::once(String::new()).chain(hints).collect();
            format!("{}{}{}", error.message, place.unwrap_or_default(), hints.join("; "))
        };
        errors.iter().map(one).collect::<Vec<_>>().join("; ")
    }
}

fn id(name: &str) -> Result<FileId, PressError> {
    let path = VirtualPath::new(name).map_err(|_| PressError::Set(format!("there is no page {name}")))?;
    Ok(RootedPath::new(VirtualRoot::Project, path).intern())
}

/// What a file is called here; there are no packages.
fn name_of(id: FileId) -> Option<&'static str> {
    let path = id.get();
    matches!(path.root(), VirtualRoot::Project).then(|| path.vpath().get_without_slash())
}

/// There is nothing but what is compiled in.
fn absent(id: FileId) -> FileError {
    FileError::NotFound(id.vpath().get_without_slash().into())
}

impl World for Desk {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &self.book
    }

    fn main(&self) -> FileId {
        self.main
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        let name = name_of(id);
        name.and_then(|name| self.sources.get(name)).cloned().ok_or_else(|| absent(id))
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        let name = name_of(id);
        name.and_then(|name| self.files.get(name)).cloned().ok_or_else(|| absent(id))
    }

    fn font(&self, index: usize) -> Option<Font> {
        fonts::all().get(index).cloned()
    }

    /// No day but that of the paper is known, so that the same paper is the same for ever.
    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        None
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    fn set(main: &str) -> Result<Printed, String> {
        let desk = Desk::new(&[("main.typ", main)], "{}").unwrap();
        print(&desk, "x", 1).map_err(|error| error.to_string())
    }

    const TITLE: &str = "#set document(title: \"x\")\n#set text(font: \"Atkinson Hyperlegible Next\")\n";
    const DRAWING: &str = "bytes(\"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'><path d='M0 0h9v9z'/></svg>\"), format: \"svg\"";

    #[test]
    fn what_is_not_accessible_is_refused() {
        let check = |page: &str, says: &str| {
            let error = set(page).unwrap_err();
            assert!(error.starts_with("make an accessible PDF (PDF/UA-1): ") && error.contains(says), "{error}");
        };
        assert!(
            set(&format!("{TITLE}= x\n#image({DRAWING}, alt: \"a line\")")).unwrap().pdf.starts_with(b"%PDF-1.7")
        );
        check(&format!("{TITLE}= x\n#image({DRAWING})"), "missing alt text");
        check("#set text(font: \"Atkinson Hyperlegible Next\")\n= x", "missing document title");
        check(&format!("{TITLE}= x\n好"), "could not be displayed");
    }

    #[test]
    fn nothing_is_read_but_the_paper_and_nothing_is_fetched() {
        let check = |page: &str, says: &str| {
            let error = set(&format!("{TITLE}{page}")).unwrap_err();
            assert!(error.starts_with("set the report: ") && error.contains(says), "{error}");
        };
        check("#read(\"/etc/passwd\")", "file not found");
        check("#read(\"../../etc/passwd\")", "");
        check("#import \"@preview/example:0.1.0\": *", "file not found");
        check("#image(\"drawing.svg\")", "file not found");
        check("#datetime.today()", "unable to get the current date");
        check("#pagebreak()x#pagebreak()y", "3 pages");
    }
}
