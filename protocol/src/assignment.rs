//! What a kiosk is told to be: its ward, questionnaire and languages, and whose words it may trust.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{ConsultantId, KioskId, Language, WardId};
use crate::keys::{SealKey, VerifyingKey};
use crate::questionnaire::QuestionnaireRef;

/// A kiosk's assignment, [signed](crate::signed), retained on its assignment topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Assignment {
    /// The kiosk.
    pub kiosk: KioskId,
    /// The ward it stands on.
    pub ward: WardId,
    /// The ward's name, for the screen.
    pub ward_name: String,
    /// Who answers on it.
    pub audience: KioskAudience,
    /// What it asks.
    pub questionnaire: QuestionnaireRef,
    /// The languages it offers, first is the default.
    pub languages: Vec<Language>,
    /// The consultants of the ward, for the volunteer's list.
    pub consultants: Vec<ConsultantChoice>,
    /// The key that records are sealed to.
    pub seal_key: SealKey,
    /// The key that receipts and assignments are signed with.
    pub aggregator_key: VerifyingKey,
    /// The Monday that fortnights are counted from.
    #[schemars(with = "String", extend("format" = "date"))]
    pub fortnight_anchor: Date,
    /// Whether everything here is generated for a demonstration.
    pub demonstration: bool,
}

/// Who answers on a kiosk. Staff questionnaires never run near patients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KioskAudience {
    /// Patients.
    Patients,
    /// Staff.
    Staff,
}

/// A consultant as a volunteer chooses one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsultantChoice {
    /// The id that goes into the record.
    pub id: ConsultantId,
    /// What the screen says.
    pub label: String,
}

/// What `kiosk add` prints and a kiosk keeps: its address book and its assignment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KioskSettings {
    /// The version of this shape: 1.
    #[schemars(range(min = 1, max = 1))]
    pub version: u32,
    /// Where the broker is: `mqtt://host:port` or `mqtts://host:port`.
    pub broker: String,
    /// The assignment at the time of printing; later ones come over MQTT.
    pub assignment: Assignment,
}
