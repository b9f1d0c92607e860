//! The rooms of the house: who may depend on whom, who alone knows a library, and what no room is called.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use wardvoice_tests::programs::workspace;

/// Which of our own packages each package may name. An arrow that is not here is an arrow that has turned.
const ARROWS: [(&str, &[&str]); 7] = [
    ("protocol", &[]),
    ("kiosk/ui", &[]),
    ("kiosk", &["wardvoice-protocol", "wardvoice-kiosk-ui"]),
    ("aggregator", &["wardvoice-protocol", "wardvoice-paper"]),
    ("aggregator/report", &["wardvoice-paper"]),
    ("aggregator/report/paper", &[]),
    ("tests", &["wardvoice-protocol", "wardvoice-kiosk", "wardvoice-aggregator"]),
];

/// What the pure packages may not name.
const NOT_PURE: [&str; 12] = [
    "tokio",
    "sled",
    "rumqttc",
    "rmqtt",
    "slint",
    "tracing",
    "getrandom",
    "axum",
    "reqwest",
    "libc",
    "fail",
    "rustls",
];

/// A library, and the only source files that may name it.
const KNOWN_ALONE_TO: [(&str, &[&str]); 8] = [
    ("jsonwebtoken", &["aggregator/src/openid"]),
    (
        "reqwest",
        &[
            "aggregator/src/delivery",
            "aggregator/src/openid",
            "aggregator/src/publish",
            "aggregator/src/web/tests",
        ],
    ),
    ("rcgen", &["aggregator/src/authority", "kiosk/src/join"]),
    ("sled", &["aggregator/src/log", "kiosk/src/outbox"]),
    ("rmqtt", &["aggregator/src/broker"]),
    ("rumqttc", &["aggregator/src/ingest/mqtt", "kiosk/src/mqtt"]),
    ("typst", &["aggregator/report/src"]),
    ("slint", &["kiosk/src/app", "kiosk/src/preview", "kiosk/src/screens", "kiosk/ui"]),
];

fn dependencies(manifest: &toml::Table) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut collect = |table: &toml::Table| {
        for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
            if let Some(entries) = table.get(kind).and_then(toml::Value::as_table) {
                found.extend(entries.keys().cloned());
            }
        }
    };
    collect(manifest);
    if let Some(targets) = manifest.get("target").and_then(toml::Value::as_table) {
        targets.values().filter_map(toml::Value::as_table).for_each(&mut collect);
    }
    found
}

fn manifest(room: &str) -> Result<toml::Table> {
    let path = workspace().join(room).join("Cargo.toml");
    let text = fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))?;
    text.parse().with_context(|| format!("failed to parse {}", path.display()))
}

fn sources(directory: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            sources(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(())
}

fn every_source() -> Result<BTreeMap<String, String>> {
    let mut paths = Vec::new();
    for (room, _) in ARROWS {
        sources(&workspace().join(room).join("src"), &mut paths)?;
    }
    let mut texts = BTreeMap::new();
    for path in paths {
        let name = path.strip_prefix(workspace())?.to_string_lossy().into_owned();
        texts.insert(name, fs::read_to_string(&path)?);
    }
    Ok(texts)
}

#[test]
fn dependencies_run_one_way() -> Result<()> {
    let mut members: BTreeSet<String> = manifest("")?
        .get("workspace")
        .and_then(|workspace| workspace.get("members")?.as_array())
        .context("the workspace has no members")?
        .iter()
        .filter_map(|member| member.as_str().map(str::to_owned))
        .collect();
    // The typesetter has a workspace of its own.
    members.insert("aggregator/report".to_owned());
    let known: BTreeSet<String> = ARROWS.iter().map(|(room, _)| (*room).to_owned()).collect();
    ensure!(members == known, "the members {members:?} are not the rooms {known:?}; say here who may name whom");
    for (room, allowed) in ARROWS {
        for dependency in dependencies(&manifest(room)?) {
            let ours = dependency.starts_with("wardvoice-");
            ensure!(!ours || allowed.contains(&dependency.as_str()), "{room} names {dependency}: the arrow turns");
        }
    }
    Ok(())
}

#[test]
fn the_protocol_is_pure() -> Result<()> {
    let named = dependencies(&manifest("protocol")?);
    let impure: Vec<&&str> = NOT_PURE.iter().filter(|library| named.contains(**library)).collect();
    ensure!(impure.is_empty(), "protocol names {impure:?}");
    for (name, text) in every_source()?.iter().filter(|(name, _)| name.starts_with("protocol/")) {
        for call in ["SystemTime::now", "Instant::now", "Timestamp::now", "std::fs", "std::net", "std::env"] {
            ensure!(!text.contains(call), "{name} uses {call}: the protocol reads no clock and opens nothing");
        }
    }
    Ok(())
}

#[test]
fn the_window_stays_out_of_protocol_and_aggregator() -> Result<()> {
    for room in ["protocol", "aggregator"] {
        let named = dependencies(&manifest(room)?);
        let window = named.iter().find(|name| name.contains("slint"));
        ensure!(window.is_none(), "{room} names {window:?}");
    }
    Ok(())
}

#[test]
fn each_library_is_known_to_its_own_room_alone() -> Result<()> {
    let texts = every_source()?;
    for (library, homes) in KNOWN_ALONE_TO {
        let path = format!("{library}::");
        for (name, text) in &texts {
            let at_home = homes.iter().any(|home| name.starts_with(home)) || name.starts_with("tests/");
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            let names_it = code.flat_map(|line| line.match_indices(&path).map(move |(at, _)| (line, at))).any(
                |(line, at)| {
                    let before = line.get(..at).and_then(|before| before.chars().next_back());
                    !before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_')
                },
            );
            ensure!(at_home || !names_it, "{name} names {library}, which only {homes:?} may know");
        }
    }
    Ok(())
}

/// A few bytes that unpack to more than there is memory for can hurt nobody who unpacks nothing: no form, no message, no backup and no
/// file of a trust is compressed.
#[test]
fn nothing_that_comes_in_is_unpacked() -> Result<()> {
    let texts = every_source()?;
    for (name, text) in texts.iter().filter(|(name, _)| !name.starts_with("tests/") && !name.contains("/tests")) {
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for word in [
            "Decoder::new",
            "::read::Gz",
            "::read::Zlib",
            "::read::Deflate",
            "Decompress",
            "Inflate",
            "ZipArchive",
        ] {
            ensure!(!code.contains(word), "{name} unpacks something ({word}): say how much of it, and test that");
        }
    }
    // Libraries unpack by themselves what comes in, where they are told to.
    let manifest = fs::read_to_string(workspace().join("Cargo.toml"))?;
    for (library, words) in
        [("reqwest", ["gzip", "brotli", "zstd", "deflate"].as_slice()), ("tower-http", ["decompress"].as_slice())]
    {
        let line = manifest.lines().find(|line| line.starts_with(&format!("{library} =")));
        let line = line.with_context(|| format!("the manifest names no {library}"))?;
        ensure!(!words.iter().any(|word| line.contains(word)), "{library} unpacks what comes in: {line}");
    }
    let packs = texts.iter().filter(|(_, text)| text.contains("DeflateEncoder::new"));
    ensure!(packs.count() > 0, "the live pages compress no more: this test looks for the wrong words");
    Ok(())
}

#[test]
fn no_file_is_called_by_what_it_is_made_of() -> Result<()> {
    let banned = ["common", "utils", "util", "helpers", "helper", "manager", "handler", "misc"];
    for name in every_source()?.keys() {
        let parts: Vec<&str> = name.trim_end_matches(".rs").split('/').collect();
        let bad = parts.iter().find(|part| banned.contains(part));
        ensure!(bad.is_none(), "{name} is named for nothing that the field knows");
    }
    Ok(())
}

/// A target that the manifest forgets is never built, and a reader that has none is never fuzzed.
#[test]
fn every_reader_of_outside_bytes_that_is_written_down_has_its_target() -> Result<()> {
    let fuzz = workspace().join("tests/fuzz");
    let manifest = fs::read_to_string(fuzz.join("Cargo.toml"))?;
    let mut readers = BTreeSet::new();
    for room in ["aggregator", "protocol"] {
        let text = fs::read_to_string(fuzz.join(format!("src/{room}.rs")))?;
        for line in text.lines() {
            let Some((name, _)) = line.strip_prefix("pub fn ").and_then(|rest| rest.split_once('(')) else {
                continue;
            };
            let target = fuzz.join(format!("targets/{name}.rs"));
            let target =
                fs::read_to_string(&target).with_context(|| format!("failed to read {}", target.display()))?;
            ensure!(
                target.contains(&format!("wardvoice_fuzz::{room}::{name}(")),
                "{name} is not what its target runs"
            );
            ensure!(manifest.contains(&format!("path = \"targets/{name}.rs\"")), "the manifest forgets {name}");
            readers.insert(name.to_owned());
        }
    }
    let targets = fs::read_dir(fuzz.join("targets"))?.count();
    ensure!(targets == readers.len() && targets > 20, "there are {targets} targets for {} readers", readers.len());
    Ok(())
}
