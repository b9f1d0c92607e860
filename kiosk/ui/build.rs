//! Compiles the window's components, and the words of every language out of their catalogues. Element names are kept so that
//! tests find controls by their accessible labels.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

#[path = "src/words/catalogue.rs"]
mod catalogue;

use catalogue::Catalogue;

fn main() -> Result<(), Box<dyn Error>> {
    let words = write_words(Path::new("words"))?;
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("words.rs"), words)?;
    let configuration =
        slint_build::CompilerConfiguration::new().with_style("fluent-light".to_owned()).with_debug_info(true);
    slint_build::compile_with_config("ui/kiosk.slint", configuration)?;
    Ok(())
}

/// The Rust of all languages. `LINGUAS` names them in the order in which they are offered; English is the template's.
fn write_words(directory: &Path) -> Result<String, Box<dyn Error>> {
    println!("cargo::rerun-if-changed={}", directory.display());
    let template_path = directory.join("kiosk.pot");
    let template = catalogue::read_template(&fs::read_to_string(&template_path)?)
        .map_err(|faults| tell(&template_path, &faults))?;
    let mut languages = vec![("en".to_owned(), None)];
    for language in fs::read_to_string(directory.join("LINGUAS"))?.split_whitespace() {
        let path = directory.join(format!("{language}.po"));
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let catalogue = catalogue::read(&text, language, &template).map_err(|faults| tell(&path, &faults))?;
        languages.push((language.to_owned(), Some(catalogue)));
    }
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let language = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        if path.extension().is_some_and(|end| end == "po") && !languages.iter().any(|(known, _)| known == language)
        {
            return Err(format!("{} is not named in LINGUAS", path.display()).into());
        }
    }

    let mut rust = String::new();
    let tags: Vec<&str> = languages.iter().map(|(language, _)| language.as_str()).collect();
    writeln!(
        rust,
        "/// The languages there are words in, as language tags, in the order in which they are offered."
    )?;
    writeln!(rust, "pub const LANGUAGES: [&str; {}] = {tags:?};", tags.len())?;
    writeln!(rust, "static SPOKEN: [Spoken; {}] = [", tags.len())?;
    for (language, catalogue) in &languages {
        let Catalogue { right_to_left, approved, phrases } = catalogue.as_ref().unwrap_or(&template);
        let texts: Vec<&str> = phrases.iter().map(|(_, text)| text.as_str()).collect();
        writeln!(rust, "Spoken {{ tag: {language:?}, right_to_left: {right_to_left}, approved: {approved},")?;
        writeln!(rust, "phrases: {}, texts: &{texts:?} }},", function(language))?;
    }
    writeln!(rust, "];")?;
    for (language, catalogue) in &languages {
        write_phrases(&mut rust, language, catalogue.as_ref().unwrap_or(&template))?;
    }
    Ok(rust)
}

/// One complete value: a phrase that the components do not have, or one that they have and the template lacks, is an error of
/// the Rust compiler.
fn write_phrases(rust: &mut String, language: &str, catalogue: &Catalogue) -> Result<(), Box<dyn Error>> {
    writeln!(rust, "fn {}() -> Phrases {{ Phrases {{", function(language))?;
    let mut phrases = catalogue.phrases.iter().peekable();
    while let Some((key, text)) = phrases.next() {
        let Some((name, _)) = key.split_once('.') else {
            writeln!(rust, "{}: {text:?}.into(),", function(key))?;
            continue;
        };
        // `consent-points.1`, `consent-points.2` … are the lines of one list.
        let mut lines = vec![text];
        while let Some((_, line)) =
            phrases.next_if(|(next, _)| next.split_once('.').is_some_and(|(list, _)| list == name))
        {
            lines.push(line);
        }
        writeln!(rust, "{}: list({lines:?}),", function(name))?;
    }
    writeln!(rust, "}} }}")?;
    Ok(())
}

fn function(key: &str) -> String {
    key.replace('-', "_")
}

fn tell(path: &Path, faults: &[String]) -> String {
    let lines: Vec<String> = faults.iter().map(|fault| format!("{}: {fault}", path.display())).collect();
    format!("failed to read the kiosk's words\n{}", lines.join("\n"))
}
