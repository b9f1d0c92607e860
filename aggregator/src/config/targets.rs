//! What measures are to reach.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ConfigError, value};
use crate::scoring::Measure;

/// A target as the file says it.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TargetFile {
    measure: String,
    value: f64,
}

/// Those of a demonstration.
pub(super) fn made_up() -> Vec<TargetFile> {
    let all = [("overall", 7.0), ("domain:noise", 6.5), ("friends_and_family", 90.0)];
    all.map(|(measure, value)| TargetFile { measure: measure.to_owned(), value }).to_vec()
}

/// Reads the targets, each measure once.
pub(super) fn read(files: &[TargetFile]) -> Result<BTreeMap<Measure, f64>, ConfigError> {
    let mut targets = BTreeMap::new();
    for file in files {
        let wrong = |rule: &str| value("targets.measure", &file.measure, rule);
        let measure: Measure = file
            .measure
            .parse()
            .map_err(|_| wrong("write overall, domain:kindness, friends_and_family or problem:domain:kindness"))?;
        let fits = file.value.is_finite() && (!measure.is_share() || (0.0..=100.0).contains(&file.value));
        if !fits {
            let rule = "write points as 8.5, or per cent from 0 to 100 as 90";
            return Err(value("targets.value", file.value.to_string(), rule));
        }
        if targets.insert(measure, file.value).is_some() {
            return Err(wrong("it stands twice"));
        }
    }
    Ok(targets)
}
