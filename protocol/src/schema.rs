//! The JSON Schema of every message and file, generated from the types so that it cannot say anything else.
//!
//! The generated files are checked in under `protocol/schema`; `cargo run -p wardvoice-protocol --example schemas`
//! writes them and a test fails when they differ from the types.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};

use crate::approvals::Approvals;
use crate::assignment::{Assignment, KioskSettings};
use crate::board::Board;
use crate::directory::DirectoryFile;
use crate::enrolment::{Answer, Ask};
use crate::envelope::EnvelopeFile;
use crate::help::HelpSeen;
use crate::posting::Posting;
use crate::questionnaire::QuestionnaireFile;
use crate::receipt::Receipt;
use crate::record::Record;
use crate::round::Round;
use crate::signed::SignedFile;
use crate::status::{Introduction, Status};
use crate::thanks::Thanks;

/// Every schema with the name of its file, without `.json`.
pub fn all() -> Vec<(&'static str, Schema)> {
    vec![
        ("approvals", of::<Approvals>()),
        ("assignment", of::<Assignment>()),
        ("board", of::<Board>()),
        ("directory", of::<DirectoryFile>()),
        ("enrolment-answer", of::<Answer>()),
        ("enrolment-ask", of::<Ask>()),
        ("envelope", of::<EnvelopeFile>()),
        ("help-seen", of::<HelpSeen>()),
        ("introduction", of::<Introduction>()),
        ("kiosk-settings", of::<KioskSettings>()),
        ("posting", of::<Posting>()),
        ("questionnaire", of::<QuestionnaireFile>()),
        ("receipt", of::<Receipt>()),
        ("record", of::<Record>()),
        ("round", of::<Round>()),
        ("signed", of::<SignedFile>()),
        ("status", of::<Status>()),
        ("thanks", of::<Thanks>()),
    ]
}

fn of<T: JsonSchema>() -> Schema {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>()
}
