//! The national codes of the trust, its board, its sites and its specialties: part of the settings, because they are for the return
//! and nothing else, and because a directory with a field more could not be read by the kiosks there are.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wardvoice_protocol::id::{SiteId, SpecialtyId};
use wardvoice_protocol::one_line;

const MOST_CHARACTERS: usize = 100;

/// The codes as the settings say them; what is absent is told by the checks of the return.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct NationalFile {
    #[serde(skip_serializing_if = "Option::is_none")]
    icb_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trust_code: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    sites: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    specialties: BTreeMap<String, String>,
}

/// The codes the return works by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NationalCodes {
    /// The integrated care board's, for example QHM.
    pub icb: Option<String>,
    /// The trust's, for example RTF.
    pub trust: Option<String>,
    /// Each site's, for example RTFDJ.
    pub sites: BTreeMap<SiteId, String>,
    /// Each specialty as the national tables write it, for example "300 - GENERAL INTERNAL MEDICINE".
    pub specialties: BTreeMap<SpecialtyId, String>,
}

/// A setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodesError {
    /// Which.
    pub setting: &'static str,
    /// What stood there.
    pub value: String,
    /// What may stand there.
    pub rule: &'static str,
}

impl TryFrom<NationalFile> for NationalCodes {
    type Error = CodesError;

    fn try_from(file: NationalFile) -> Result<Self, CodesError> {
        let text = |setting: &'static str, text: String| {
            let rule = "write one line of 1 to 100 characters";
            if one_line::fits(&text, MOST_CHARACTERS) {
                Ok(text)
            } else {
                Err(CodesError { setting, value: text, rule })
            }
        };
        let sites = file.sites.into_iter().map(|(id, code)| {
            let rule = "name sites by their id in the directory";
            let id = id.parse().map_err(|_| CodesError { setting: "national.sites", value: id, rule })?;
            Ok((id, text("national.sites", code)?))
        });
        let specialties = file.specialties.into_iter().map(|(id, code)| {
            let rule = "name specialties by their id in the directory";
            let id = id.parse().map_err(|_| CodesError { setting: "national.specialties", value: id, rule })?;
            Ok((id, text("national.specialties", code)?))
        });
        Ok(Self {
            icb: file.icb_code.map(|code| text("national.icb_code", code)).transpose()?,
            trust: file.trust_code.map(|code| text("national.trust_code", code)).transpose()?,
            sites: sites.collect::<Result<_, _>>()?,
            specialties: specialties.collect::<Result<_, _>>()?,
        })
    }
}

/// Whether a text has the shape of an organisation's code: capital letters and figures, so many of them.
pub(super) fn is_organisation(code: &str, characters: usize) -> bool {
    code.len() == characters && code.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// Whether a text has the shape of a specialty: three figures of the treatment function, then a name.
pub(super) fn is_specialty(text: &str) -> bool {
    let (code, name) = text.split_at_checked(3).unwrap_or((text, ""));
    let is_code = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit());
    is_code && (name.is_empty() || name.starts_with(" - "))
}
