//! A message: for whom, about what, and what it says.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use wardvoice_protocol::id::{Hash, RecordId};

use super::ContactName;

/// How many hexadecimal digits of a hash an id has.
const ID_DIGITS: usize = 32;

/// What tells two messages apart, the same each time one is sent. It says nothing of what the message is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageId(String);

/// A message to one contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Who is told.
    pub contact: ContactName,
    /// What it is about.
    pub subject: Subject,
    /// Since when there is something to tell; patience counts from here.
    pub made: Timestamp,
    /// What it says.
    pub letter: Letter,
}

/// What a message is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case", deny_unknown_fields)]
pub enum Subject {
    /// A request for help.
    Help {
        /// The request; never sent.
        record: RecordId,
        /// Who of the chain is told, from 0; later ones when nobody has seen it.
        step: u8,
    },
    /// An alert, by its key.
    Alert {
        /// The key.
        key: String,
    },
    /// What a day had for an audience beyond its budget.
    Digest {
        /// The audience.
        audience: String,
    },
    /// Nothing: somebody tries whether messages arrive.
    Test,
}

/// Which lane of a contact a message is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Urgency {
    /// Somebody waits at a bedside.
    Help,
    /// Everything else.
    Ordinary,
}

/// What a message says. No patient is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Letter {
    /// One sentence.
    pub title: String,
    /// What else there is, in order.
    pub facts: Vec<Fact>,
    /// The page to look at, without the host.
    pub page: Option<String>,
}

/// One thing that a message says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// What machines call it.
    pub name: String,
    /// What people call it.
    pub label: String,
    /// What it is, for machines.
    pub value: String,
    /// The same in words.
    pub words: String,
}

impl Message {
    /// A message that asks nothing of anybody, another one each time.
    pub fn test(contact: &ContactName, now: Timestamp) -> Self {
        let words = "Nothing. Somebody tries whether messages arrive here.";
        Self {
            id: MessageId::of(&[Subject::Test.kind(), contact.as_str(), &now.to_string()]),
            contact: contact.clone(),
            subject: Subject::Test,
            made: now,
            letter: Letter {
                title: "A test message: nobody asks for anything".to_owned(),
                facts: vec![Fact::new("to_do", "What to do", "nothing", words)],
                page: Some("/".to_owned()),
            },
        }
    }
}

impl MessageId {
    /// The id of what is told to a contact: the same parts give the same id.
    pub fn of(parts: &[&str]) -> Self {
        let mut text = "wardvoice message".to_owned();
        for part in parts {
            text.push('\n');
            text.push_str(part);
        }
        Self(Hash::of(text.as_bytes()).to_string().chars().take(ID_DIGITS).collect())
    }

    /// Its digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Subject {
    /// Which lane it goes into.
    pub fn urgency(&self) -> Urgency {
        match self {
            Self::Help { .. } => Urgency::Help,
            Self::Alert { .. } | Self::Digest { .. } | Self::Test => Urgency::Ordinary,
        }
    }

    /// What machines call it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Help { .. } => "help",
            Self::Alert { .. } => "alert",
            Self::Digest { .. } => "digest",
            Self::Test => "test",
        }
    }
}

impl Fact {
    /// A fact.
    pub fn new(name: &str, label: &str, value: impl Into<String>, words: impl Into<String>) -> Self {
        Self { name: name.to_owned(), label: label.to_owned(), value: value.into(), words: words.into() }
    }
}
