//! Many kiosks, each taken in as people do it: a join code from the office, and a join that makes the kiosk's keys.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::Value;
use wardvoice_kiosk::identity;
use wardvoice_kiosk::join;
use wardvoice_kiosk::settings::Settings;
use wardvoice_protocol::enrolment::JoinCode;

use crate::aggregator::Aggregator;
use crate::tablet::Tablet;

/// The wards of the small trust.
const WARDS: usize = 26;

/// A kiosk that was taken in.
#[derive(Debug, Clone)]
pub struct Enrolled {
    /// Its folder, with its keys, its pass and what it was told.
    pub data: PathBuf,
    name: String,
    ward: String,
    number: usize,
}

/// Takes in so many kiosks, spread over the wards, one after the other.
pub fn enrol(aggregator: &Aggregator, folder: &Path, count: usize) -> Result<Vec<Enrolled>> {
    (0..count)
        .map(|number| {
            let (name, ward) = (format!("c-{number:04}"), format!("W{}", number % WARDS + 1));
            let invitation = aggregator.json(&["kiosk", "enrol", "--id", &name, "--ward", &ward])?;
            let said = |field: &str| {
                let said = invitation.get(field).and_then(Value::as_str);
                said.with_context(|| format!("`kiosk enrol` printed no {field}"))
            };
            let code: JoinCode = said("code")?.parse()?;
            let data = folder.join(&name);
            // The folder is made with the key.
            identity::load_or_create(&data)?;
            join::join(&data, said("aggregator")?, &code).with_context(|| format!("{name} was not taken in"))?;
            if number % 100 == 99 {
                tracing::info!("{} kiosks are taken in", number + 1);
            }
            Ok(Enrolled { data, name, ward, number })
        })
        .collect()
}

impl Enrolled {
    /// The same kiosk as one that seals by hand, with its own key.
    pub fn tablet(&self) -> Result<Tablet> {
        let settings = Settings::load(&self.data)?;
        let key = identity::load(&self.data)?;
        Tablet::new(&self.name, &self.ward, key, settings.assignment.seal_key, 10_000 + self.number as u64)
    }
}
