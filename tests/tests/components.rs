//! What comes in from elsewhere: its licences, the known faults that are accepted, and the list of it that goes out with the packages.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value;
use wardvoice_tests::debian::well;
use wardvoice_tests::programs::{as_from_a_shell, workspace};

/// Our two workspaces, by the folder of their lock files.
const WORKSPACES: [&str; 2] = ["", "aggregator/report"];

/// A package of a lock file.
struct Locked {
    name: String,
    version: String,
    checksum: Option<String>,
}

fn locked(workspace_folder: &str) -> Result<Vec<Locked>> {
    let path = workspace().join(workspace_folder).join("Cargo.lock");
    let file: toml::Table = fs::read_to_string(&path)?.parse()?;
    let packages = file.get("package").and_then(toml::Value::as_array).context("a lock file has no packages")?;
    let read = |package: &toml::Value| {
        let field = |name: &str| package.get(name).and_then(toml::Value::as_str).map(str::to_owned);
        Some(Locked { name: field("name")?, version: field("version")?, checksum: field("checksum") })
    };
    packages.iter().map(|package| read(package).context("a package has no name or version")).collect()
}

fn rules() -> Result<toml::Table> {
    Ok(fs::read_to_string(workspace().join("deny.toml"))?.parse()?)
}

fn list<'r>(rules: &'r toml::Table, part: &str, name: &str) -> Result<&'r Vec<toml::Value>> {
    let found = rules.get(part).and_then(|part| part.get(name)?.as_array());
    found.with_context(|| format!("deny.toml has no {part}.{name}"))
}

/// Whether an expression of licences can be met by what is allowed.
fn met(expression: &str, allowed: &BTreeSet<&str>) -> Result<bool> {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    let met = any(&mut rest, allowed)?;
    ensure!(rest.is_empty(), "{expression:?} goes on behind its end");
    Ok(met)
}

fn any<'w>(words: &mut &'w [&'w str], allowed: &BTreeSet<&str>) -> Result<bool> {
    let mut met = all(words, allowed)?;
    while let Some(("OR", rest)) = first(words) {
        *words = rest;
        met |= all(words, allowed)?;
    }
    Ok(met)
}

fn all<'w>(words: &mut &'w [&'w str], allowed: &BTreeSet<&str>) -> Result<bool> {
    let mut met = one(words, allowed)?;
    while let Some(("AND", rest)) = first(words) {
        *words = rest;
        met &= one(words, allowed)?;
    }
    Ok(met)
}

fn one<'w>(words: &mut &'w [&'w str], allowed: &BTreeSet<&str>) -> Result<bool> {
    let (word, rest) = first(words).context("a licence is missing")?;
    *words = rest;
    if word == "(" {
        let met = any(words, allowed)?;
        let Some((")", rest)) = first(words) else { bail!("a bracket is not closed") };
        *words = rest;
        return Ok(met);
    }
    let Some(("WITH", rest)) = first(words) else { return Ok(allowed.contains(word)) };
    let (exception, rest) = first(&rest).context("an exception is missing")?;
    *words = rest;
    Ok(allowed.contains(format!("{word} WITH {exception}").as_str()))
}

fn first<'w>(words: &&'w [&'w str]) -> Option<(&'w str, &'w [&'w str])> {
    words.split_first().map(|(word, rest)| (*word, rest))
}

#[test]
fn expressions_of_licences_are_read_as_they_are_meant() -> Result<()> {
    let allowed = BTreeSet::from(["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"]);
    let check = |expression: &str, expected: bool| -> Result<()> {
        ensure!(met(expression, &allowed)? == expected, "{expression}");
        Ok(())
    };
    check("MIT", true)?;
    check("MIT/Apache-2.0", true)?;
    check("Apache-2.0", false)?;
    check("Apache-2.0 WITH LLVM-exception", true)?;
    check("MIT AND ISC", true)?;
    check("MIT AND GPL-2.0-only", false)?;
    check("GPL-2.0-only OR MIT AND ISC", true)?;
    check("(GPL-2.0-only OR MIT) AND BSD-3-Clause", false)?;
    ensure!(
        met("MIT OR", &allowed).is_err() && met("(MIT", &allowed).is_err() && met("MIT ISC", &allowed).is_err()
    );
    Ok(())
}

#[test]
fn every_library_is_under_a_licence_that_may_come_in() -> Result<()> {
    let rules = rules()?;
    let allowed: BTreeSet<&str> =
        list(&rules, "licenses", "allow")?.iter().filter_map(toml::Value::as_str).collect();
    let machine = well(&Command::new("rustc").arg("-vV").output().context("failed to start rustc")?)?;
    let machine =
        machine.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no machine")?;
    let mut checked = 0;
    for folder in WORKSPACES {
        let mut command = Command::new(option_env!("CARGO").unwrap_or("cargo"));
        command.args(["metadata", "--locked", "--format-version", "1", "--filter-platform", machine]);
        command.arg("--manifest-path").arg(workspace().join(folder).join("Cargo.toml"));
        let said: Value = serde_json::from_str(&well(&as_from_a_shell(&mut command).output()?)?)?;
        for package in said.get("packages").and_then(Value::as_array).context("cargo lists no packages")? {
            let name = package.get("name").and_then(Value::as_str).unwrap_or_default();
            let licence = package.get("license").and_then(Value::as_str);
            let licence = licence.with_context(|| format!("{name} says no licence"))?;
            ensure!(met(licence, &allowed).with_context(|| name.to_owned())?, "{name} is under {licence}");
            checked += 1;
        }
    }
    ensure!(checked > 500, "only {checked} packages were looked at");
    Ok(())
}

#[test]
fn every_accepted_fault_has_a_library_a_reason_and_a_day_to_look_again() -> Result<()> {
    let mut there = BTreeSet::new();
    for folder in WORKSPACES {
        there.extend(locked(folder)?.into_iter().map(|package| format!("{} {}", package.name, package.version)));
    }
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let rules = rules()?;
    for exception in list(&rules, "advisories", "ignore")? {
        let field =
            |name: &str| exception.get(name).and_then(toml::Value::as_str).context("an exception lacks a field");
        let (id, reason) = (field("id")?, field("reason")?);
        let (library, why) =
            reason.split_once(',').with_context(|| format!("{id}: name the library and its version"))?;
        ensure!(there.contains(library), "{id}: {library} is in no lock file any more: take the exception out");
        let (why, day) =
            why.rsplit_once(". Look again by ").with_context(|| format!("{id}: say by when to look"))?;
        ensure!(why.contains(": ") && why.len() > 20, "{id}: say why it is accepted");
        let day: Date = day.parse().with_context(|| format!("{id}: {day} is no day"))?;
        ensure!(today <= day, "{id}: {library} was to be looked at again by {day}: see deny.toml");
    }
    Ok(())
}

#[test]
fn the_list_of_components_names_every_library_with_its_hash() -> Result<()> {
    let mut command = Command::new(workspace().join("deploy/sbom.sh"));
    command.arg("wardvoice-aggregator").env("SOURCE_DATE_EPOCH", "1767225600");
    let said: Value = serde_json::from_str(&well(&as_from_a_shell(&mut command).output()?)?)?;
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    ensure!((text(&said, "bomFormat"), text(&said, "specVersion")) == ("CycloneDX".to_owned(), "1.5".to_owned()));
    let sums: BTreeMap<(String, String), Option<String>> =
        locked("")?.into_iter().map(|package| ((package.name, package.version), package.checksum)).collect();
    let components = said.get("components").and_then(Value::as_array).context("there are no components")?;
    let mut references = BTreeSet::from(["pkg:cargo/wardvoice-aggregator@0.1.0".to_owned()]);
    let mut scopes = BTreeMap::new();
    for component in components {
        let (name, version) = (text(component, "name"), text(component, "version"));
        let expected = sums.get(&(name.clone(), version.clone()));
        let expected = expected.with_context(|| format!("{name} {version} is in no lock file"))?;
        let hash = component.pointer("/hashes/0/content").and_then(Value::as_str);
        ensure!(hash == expected.as_deref(), "{name} {version} has the hash {hash:?}");
        ensure!(hash.is_some() || name.starts_with("wardvoice-"), "{name} {version} has no hash");
        ensure!(component.pointer("/licenses/0/expression").is_some(), "{name} {version} says no licence");
        ensure!(references.insert(text(component, "bom-ref")), "{name} {version} is listed twice");
        scopes.insert(name, text(component, "scope"));
    }
    for (library, scope) in [("sled", "required"), ("rustls", "required"), ("syn", "excluded")] {
        ensure!(scopes.get(library).map(String::as_str) == Some(scope), "{library} is {:?}", scopes.get(library));
    }
    ensure!(!scopes.contains_key("proptest"), "what only tests need is listed");
    for dependency in said.get("dependencies").and_then(Value::as_array).context("nobody needs anybody")? {
        let needed =
            dependency.get("dependsOn").and_then(Value::as_array).context("a dependency lists nothing")?;
        for reference in needed.iter().filter_map(Value::as_str) {
            ensure!(references.contains(reference), "{reference} is needed and not listed");
        }
    }
    Ok(())
}
