//! What messages about alerts say.

use jiff::Timestamp;

use super::{Open, Settings, Tell};
use crate::delivery::{Fact, Letter, Message, MessageId, Subject};

/// The most alerts of a digest that are named; the rest is counted.
const MOST_NAMED: usize = 20;

impl Tell {
    /// The messages to everybody who is to be told.
    pub(super) fn messages(&self, settings: &Settings, now: Timestamp) -> Vec<Message> {
        let audience = match self {
            Self::Alert(open) => &open.alert.audience,
            Self::Digest { audience, .. } => audience,
        };
        let (what, subject) = match self {
            Self::Alert(open) => {
                let key = open.alert.key.clone();
                (format!("{key}\n{}", open.raised), Subject::Alert { key })
            }
            Self::Digest { audience, day, .. } => {
                (format!("{audience}\n{day}"), Subject::Digest { audience: audience.to_string() })
            }
        };
        let letter = match self {
            Self::Alert(open) => of_alert(open),
            Self::Digest { alerts, .. } => of_digest(alerts),
        };
        let message = |contact: &crate::delivery::ContactName| Message {
            id: MessageId::of(&[subject.kind(), &what, contact.as_str()]),
            contact: contact.clone(),
            subject: subject.clone(),
            made: now,
            letter: letter.clone(),
        };
        settings.contacts(audience).iter().map(message).collect()
    }
}

fn of_alert(open: &Open) -> Letter {
    let alert = &open.alert;
    let kind = serde_json::to_value(alert.kind).ok();
    let kind = kind.as_ref().and_then(|kind| kind.as_str()).unwrap_or_default();
    let facts = vec![
        Fact::new("alert", "Alert", &alert.key, &alert.key),
        Fact::new("kind", "What", kind, alert.kind.label()),
        Fact::new("to_do", "What to do", alert.kind.what_to_do(), alert.kind.what_to_do()),
    ];
    Letter { title: alert.words.clone(), facts, page: Some(alert.page.clone()) }
}

fn of_digest(alerts: &[Open]) -> Letter {
    let count = alerts.len();
    let title =
        if count == 1 { "1 more thing to look at".to_owned() } else { format!("{count} more things to look at") };
    let named = alerts.iter().take(MOST_NAMED);
    let mut facts: Vec<Fact> = named
        .map(|open| Fact::new("alert", open.alert.kind.label(), &open.alert.key, &open.alert.words))
        .collect();
    let rest = count.saturating_sub(MOST_NAMED);
    if rest > 0 {
        facts.push(Fact::new("more", "And", rest.to_string(), format!("{rest} more on the page")));
    }
    Letter { title, facts, page: Some("/alerts".to_owned()) }
}
