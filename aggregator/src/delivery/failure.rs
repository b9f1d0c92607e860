//! Why a message did not get through. No address is in it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why one try came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// Nobody answers there.
    Unreachable,
    /// No answer within the time.
    NoAnswer,
    /// The answer was not that it was taken: its HTTP status.
    Status(u16),
    /// The settings have no such contact any more.
    NoContact,
}

/// Why a message is not tried any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GivenUp {
    /// For as long as the trust says; the last failure, if it was tried at all.
    TooLate(Option<Failure>),
    /// The receiver says that it will never take it.
    Refused(Failure),
    /// Too many wait for the contact.
    TooMany,
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable => formatter.write_str("it could not be reached"),
            Self::NoAnswer => formatter.write_str("it did not answer in time"),
            Self::Status(status) => write!(formatter, "it answered with HTTP status {status}"),
            Self::NoContact => formatter.write_str("it is not in the settings any more"),
        }
    }
}

impl fmt::Display for GivenUp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLate(None) => formatter.write_str("its time was over before it could be tried"),
            Self::TooLate(Some(last)) => write!(formatter, "its time was over; the last time {last}"),
            Self::Refused(why) => write!(formatter, "it was refused: {why}"),
            Self::TooMany => formatter.write_str("too many messages were waiting for it"),
        }
    }
}
