//! What the project's own texts may not say, and that what they tell people to type exists.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use wardvoice_tests::programs::{self, workspace};

/// The lines of a screen, which every help fits.
const SCREEN: usize = 40;

/// Every file that belongs to the project, with its name inside it.
fn files() -> Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    collect(workspace(), &mut found)?;
    Ok(found)
}

fn collect(directory: &Path, found: &mut Vec<(String, PathBuf)>) -> Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            // What a build, a demonstration or git leaves is not the project.
            if !["target", ".git", "demo-data", "artefacts", "node_modules"].contains(&name.as_str()) {
                collect(&path, found)?;
            }
        } else if name != ".git" {
            found.push((path.strip_prefix(workspace())?.to_string_lossy().into_owned(), path));
        }
    }
    Ok(())
}

#[test]
fn no_file_names_a_place_on_somebodys_machine() -> Result<()> {
    // Written in two pieces, or this file would be the first to break its own rule.
    let places =
        [["/ho", "me/"], ["/ro", "ot/"], ["/Us", "ers/"], ["/wo", "rk/"], ["C:", "\\Users"]].map(|p| p.concat());
    for (name, path) in files()? {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        for (number, line) in text.lines().enumerate() {
            for place in &places {
                // `https://example.org/home/` is a page, `$HOME/` a variable; only a path that starts there is a machine's.
                let found = line.match_indices(place.as_str()).any(|(at, _)| {
                    let before = line.get(..at).and_then(|before| before.chars().next_back());
                    !before.is_some_and(|c| c.is_alphanumeric() || "._-}{)*".contains(c))
                });
                ensure!(!found, "{name}:{}: names {place}: {}", number + 1, line.trim());
            }
        }
    }
    Ok(())
}

/// The commands the documents tell people to type: lines of code blocks and code in running text.
fn typed_commands() -> Result<Vec<(String, String)>> {
    let mut commands = Vec::new();
    for (name, path) in files()? {
        if path.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        let text = fs::read_to_string(&path)?;
        let mut fenced = false;
        for line in text.lines() {
            if line.trim_start().starts_with("```") {
                fenced = !fenced;
            } else if fenced || line.starts_with("    ") {
                commands.push((name.clone(), line.trim().to_owned()));
            } else {
                commands.extend(line.split('`').skip(1).step_by(2).map(|code| (name.clone(), code.to_owned())));
            }
        }
    }
    Ok(commands)
}

/// Which of our programs a word of a command is. The packages bring `wardvoice`, which is the aggregator on the server's own data;
/// behind anything but `sudo`, the word is that program's user. So is each of our names behind an option that takes one.
fn program(words: &[&str], at: usize) -> Option<&'static str> {
    let before = at.checked_sub(1).and_then(|before| words.get(before));
    if before.is_some_and(|word| ["-u", "-o", "-g"].contains(word)) {
        return None;
    }
    match words.get(at)?.rsplit('/').next()? {
        "wardvoice-aggregator" => Some("wardvoice-aggregator"),
        "wardvoice-kiosk" => Some("wardvoice-kiosk"),
        "wardvoice" if before.is_none_or(|word| *word == "sudo") => Some("wardvoice-aggregator"),
        _ => None,
    }
}

#[test]
fn what_the_documents_tell_people_to_type_exists() -> Result<()> {
    let mut pages = BTreeMap::new();
    let mut checked = 0;
    for (document, line) in typed_commands()? {
        let line = line.split(" #").next().unwrap_or_default();
        let words: Vec<&str> = line.split_whitespace().collect();
        let found = (0..words.len()).find_map(|at| Some((program(&words, at)?, words.get(at + 1..)?)));
        let Some((name, rest)) = found.filter(|(_, rest)| !rest.is_empty()) else { continue };
        check(name, rest, &mut pages).with_context(|| format!("{document} says `{line}`"))?;
        checked += 1;
    }
    ensure!(checked >= 5, "only {checked} commands were found in the documents");
    Ok(())
}

fn check(program: &str, words: &[&str], pages: &mut BTreeMap<String, String>) -> Result<()> {
    let mut page = help(program, &[], pages)?;
    let mut commands: Vec<&str> = Vec::new();
    let mut flags = Vec::new();
    for word in words {
        if [">", "|", "<", "&&", ";", "\\"].contains(word) {
            break;
        }
        if let Some(flag) = word.strip_prefix("--") {
            flags.push(format!("--{}", flag.split('=').next().unwrap_or_default()));
            continue;
        }
        let command: String = word.chars().filter(|c| c.is_ascii_lowercase() || *c == '-').collect();
        let commands_are_listed = page.contains("Commands:");
        if command == *word && listed_commands(&page).contains(&command.as_str()) {
            commands.push(word);
            page = help(program, &commands, pages)?;
        } else if commands_are_listed && commands.is_empty() && flags.is_empty() {
            bail!("{program} has no command {word:?}");
        }
    }
    let whole = format!("{page}\n{}", help(program, &[], pages)?);
    for flag in flags {
        let known = whole.match_indices(&flag).any(|(at, _)| {
            let after = whole.get(at + flag.len()..).and_then(|after| after.chars().next());
            !after.is_some_and(|c| c.is_alphanumeric() || c == '-')
        });
        ensure!(known, "{program} {} has no {flag}", commands.join(" "));
    }
    Ok(())
}

/// The commands that a page of help lists; those that go together stand on one line.
fn listed_commands(page: &str) -> Vec<&str> {
    let listed = page.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    listed
        .filter_map(|line| line.strip_prefix("  ").filter(|rest| !rest.starts_with(' ')))
        .filter_map(|line| line.split("  ").next())
        .flat_map(|names| names.split(", "))
        .collect()
}

fn help(program: &str, commands: &[&str], pages: &mut BTreeMap<String, String>) -> Result<String> {
    let key = format!("{program} {}", commands.join(" "));
    if let Some(page) = pages.get(&key) {
        return Ok(page.clone());
    }
    let path = if program == "wardvoice-kiosk" { programs::kiosk()? } else { programs::aggregator()? };
    let output = Command::new(path).args(commands).arg("--help").output()?;
    ensure!(output.status.success(), "`{key} --help` ended with {}", output.status);
    let page = String::from_utf8_lossy(&output.stdout).into_owned();
    pages.insert(key, page.clone());
    Ok(page)
}

#[test]
fn the_scripts_and_links_the_documents_name_are_there() -> Result<()> {
    for (name, path) in files()? {
        if path.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        let text = fs::read_to_string(&path)?;
        let folder = path.parent().unwrap_or(workspace());
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = target.split('#').next().unwrap_or_default();
            if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            ensure!(folder.join(target).exists(), "{name} links to {target}, which is not there");
        }
        for script in [
            "deploy/demo.sh",
            "deploy/package.sh",
            "deploy/sbom.sh",
            "deploy/try-packages.sh",
            "tests/run.sh",
            ".ci/run",
        ] {
            ensure!(!text.contains(script) || workspace().join(script).is_file(), "{name} names {script}");
        }
    }
    Ok(())
}

#[test]
fn every_help_fits_a_screen() -> Result<()> {
    let mut pages = BTreeMap::new();
    for program in ["wardvoice-aggregator", "wardvoice-kiosk"] {
        let page = help(program, &[], &mut pages)?;
        ensure!(page.lines().count() <= SCREEN, "the help of {program} is longer than a screen");
        let commands: Vec<String> = listed_commands(&page).into_iter().map(str::to_owned).collect();
        ensure!(!commands.is_empty(), "{program} lists no commands");
        // The kiosk's `help` is clap's own; the aggregator's is about people who ask for it.
        for command in commands.iter().filter(|command| program != "wardvoice-kiosk" || *command != "help") {
            let page = help(program, &[command], &mut pages)?;
            ensure!(page.lines().count() <= SCREEN, "the help of {program} {command} is longer than a screen");
        }
    }
    Ok(())
}
