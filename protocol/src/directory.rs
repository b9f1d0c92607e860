//! The trust: its sites, departments, wards, specialties and consultants.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::board::{Bay, BayError};
use crate::id::{ConsultantId, DepartmentId, SiteId, SpecialtyId, TrustId, WardId};

/// The directory as a file says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DirectoryFile {
    /// The version of this shape: 1.
    #[schemars(range(min = 1, max = 1))]
    pub version: u32,
    /// The trust.
    pub trust: TrustEntry,
    /// Its sites.
    pub sites: Vec<SiteEntry>,
    /// Its departments.
    pub departments: Vec<DepartmentEntry>,
    /// Its specialties.
    pub specialties: Vec<SpecialtyEntry>,
    /// Its wards.
    pub wards: Vec<WardEntry>,
    /// Its consultants.
    pub consultants: Vec<ConsultantEntry>,
}

macro_rules! entry {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name { $($(#[$field_doc])* pub $field: $type),* }
    };
}

entry!(/// The trust.
    TrustEntry { /// Its id.
        id: TrustId, /// Its name.
        name: String });
entry!(/// A hospital site.
    SiteEntry { /// Its id.
        id: SiteId, /// Its name.
        name: String });
entry!(/// A department.
    DepartmentEntry { /// Its id.
        id: DepartmentId, /// Its name.
        name: String });
entry!(/// A specialty.
    SpecialtyEntry { /// Its id.
        id: SpecialtyId, /// Its name.
        name: String });
entry!(/// A ward.
    WardEntry { /// Its id.
        id: WardId, /// Its name.
        name: String, /// The site it is on.
        site: SiteId, /// The department it belongs to.
        department: DepartmentId, /// Its specialties, the first is the main one.
        specialties: Vec<SpecialtyId>, /// Its beds, which weigh its share of the fortnight's plan.
        beds: u16, /// Where its beds are, for volunteers. On boards, and in the file; not in the directory on its topic.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        bays: Vec<Bay> });
entry!(/// A consultant.
    ConsultantEntry { /// The id. Never a name.
        id: ConsultantId, /// What screens show.
        label: String, /// The specialty.
        specialty: SpecialtyId, /// The wards where the consultant has patients.
        wards: Vec<WardId> });

/// A checked directory: ids are unique, references exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    file: DirectoryFile,
    wards: BTreeMap<WardId, usize>,
    consultants: BTreeMap<ConsultantId, usize>,
}

/// What is wrong with a directory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryError {
    /// A version that is not known.
    #[error("directory version {0} is not known")]
    UnknownVersion(u32),
    /// An id stands twice.
    #[error("{kind} {id} stands twice")]
    Twice {
        /// What it names.
        kind: &'static str,
        /// The id.
        id: String,
    },
    /// Something names an id that is not there.
    #[error("{from} names {kind} {id}, which is not in the directory")]
    Missing {
        /// Who names it.
        from: String,
        /// What it should be.
        kind: &'static str,
        /// The id.
        id: String,
    },
    /// A list that may not be empty is.
    #[error("{0} is empty")]
    Empty(&'static str),
    /// A ward's bays contradict each other.
    #[error("in the bays of ward {ward} {error}")]
    Bays {
        /// The ward.
        ward: WardId,
        /// What is wrong.
        error: BayError,
    },
}

fn unique<'a, T: Ord + fmt::Display + 'a>(
    kind: &'static str,
    ids: impl Iterator<Item = &'a T>,
) -> Result<BTreeSet<&'a T>, DirectoryError> {
    let mut seen = BTreeSet::new();
    for id in ids {
        if !seen.insert(id) {
            return Err(DirectoryError::Twice { kind, id: id.to_string() });
        }
    }
    Ok(seen)
}

impl TryFrom<DirectoryFile> for Directory {
    type Error = DirectoryError;

    fn try_from(file: DirectoryFile) -> Result<Self, DirectoryError> {
        if file.version != 1 {
            return Err(DirectoryError::UnknownVersion(file.version));
        }
        let sites = unique("site", file.sites.iter().map(|entry| &entry.id))?;
        let departments = unique("department", file.departments.iter().map(|entry| &entry.id))?;
        let specialties = unique("specialty", file.specialties.iter().map(|entry| &entry.id))?;
        let ward_ids = unique("ward", file.wards.iter().map(|entry| &entry.id))?;
        unique("consultant", file.consultants.iter().map(|entry| &entry.id))?;
        if ward_ids.is_empty() {
            return Err(DirectoryError::Empty("the list of wards"));
        }
        let missing =
            |from: String, kind, id: &dyn fmt::Display| DirectoryError::Missing { from, kind, id: id.to_string() };
        for ward in &file.wards {
            let from = || format!("ward {}", ward.id);
            if !sites.contains(&ward.site) {
                return Err(missing(from(), "site", &ward.site));
            }
            if !departments.contains(&ward.department) {
                return Err(missing(from(), "department", &ward.department));
            }
            if let Some(id) = ward.specialties.iter().find(|id| !specialties.contains(id)) {
                return Err(missing(from(), "specialty", id));
            }
        }
        let consultant_ids: BTreeSet<_> = file.consultants.iter().map(|entry| &entry.id).collect();
        for ward in &file.wards {
            Bay::check(&ward.bays).map_err(|error| DirectoryError::Bays { ward: ward.id.clone(), error })?;
            let mut named = ward.bays.iter().filter_map(|bay| bay.consultant.as_ref());
            if let Some(id) = named.find(|id| !consultant_ids.contains(id)) {
                return Err(missing(format!("ward {}", ward.id), "consultant", id));
            }
        }
        for consultant in &file.consultants {
            let from = || format!("consultant {}", consultant.id);
            if !specialties.contains(&consultant.specialty) {
                return Err(missing(from(), "specialty", &consultant.specialty));
            }
            if let Some(id) = consultant.wards.iter().find(|id| !ward_ids.contains(id)) {
                return Err(missing(from(), "ward", id));
            }
        }
        let wards = file.wards.iter().enumerate().map(|(index, entry)| (entry.id.clone(), index)).collect();
        let consultants =
            file.consultants.iter().enumerate().map(|(index, entry)| (entry.id.clone(), index)).collect();
        Ok(Self { file, wards, consultants })
    }
}

impl Directory {
    /// The file it was made from.
    pub fn file(&self) -> &DirectoryFile {
        &self.file
    }

    /// The directory as it is published: without bays, which kiosks find on boards, so that a reader from before there were
    /// bays still understands it.
    pub fn published(&self) -> DirectoryFile {
        let mut file = self.file.clone();
        file.wards.iter_mut().for_each(|ward| ward.bays.clear());
        file
    }

    /// A ward.
    pub fn ward(&self, id: &WardId) -> Option<&WardEntry> {
        self.file.wards.get(*self.wards.get(id)?)
    }

    /// The wards in the file's order.
    pub fn wards(&self) -> &[WardEntry] {
        &self.file.wards
    }

    /// A consultant.
    pub fn consultant(&self, id: &ConsultantId) -> Option<&ConsultantEntry> {
        self.file.consultants.get(*self.consultants.get(id)?)
    }

    /// The consultants in the file's order.
    pub fn consultants(&self) -> &[ConsultantEntry] {
        &self.file.consultants
    }
}

/// A unit that has scores, written `ward:W12`, `site:S1`, `trust:T1` …
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub enum Unit {
    /// One ward.
    Ward(WardId),
    /// The wards of a department.
    Department(DepartmentId),
    /// The wards of a site.
    Site(SiteId),
    /// All wards.
    Trust(TrustId),
    /// The wards whose main specialty it is.
    Specialty(SpecialtyId),
    /// The patients of a consultant.
    Consultant(ConsultantId),
}

/// Why a text is not a unit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a unit: write ward:, department:, site:, trust:, specialty: or consultant: and an id")]
pub struct UnitError(String);

impl fmt::Display for Unit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ward(id) => write!(formatter, "ward:{id}"),
            Self::Department(id) => write!(formatter, "department:{id}"),
            Self::Site(id) => write!(formatter, "site:{id}"),
            Self::Trust(id) => write!(formatter, "trust:{id}"),
            Self::Specialty(id) => write!(formatter, "specialty:{id}"),
            Self::Consultant(id) => write!(formatter, "consultant:{id}"),
        }
    }
}

impl FromStr for Unit {
    type Err = UnitError;
    fn from_str(text: &str) -> Result<Self, UnitError> {
        let parsed = text.split_once(':').and_then(|(kind, id)| match kind {
            "ward" => id.parse().ok().map(Self::Ward),
            "department" => id.parse().ok().map(Self::Department),
            "site" => id.parse().ok().map(Self::Site),
            "trust" => id.parse().ok().map(Self::Trust),
            "specialty" => id.parse().ok().map(Self::Specialty),
            "consultant" => id.parse().ok().map(Self::Consultant),
            _ => None,
        });
        parsed.ok_or_else(|| UnitError(text.to_owned()))
    }
}

impl TryFrom<String> for Unit {
    type Error = UnitError;
    fn try_from(text: String) -> Result<Self, UnitError> {
        text.parse()
    }
}

impl From<Unit> for String {
    fn from(unit: Unit) -> String {
        unit.to_string()
    }
}

#[cfg(test)]
mod tests;
