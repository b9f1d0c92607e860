//! What is put on the wire: our own JSON, or a card as Teams shows it.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Fact, Kind, Message};

/// The version of our own JSON.
const VERSION: u32 = 1;

/// A message's body. `pages` is where people reach the pages.
pub(super) fn body(message: &Message, kind: Kind, pages: Option<&str>) -> Value {
    let link = message.letter.page.as_ref().zip(pages).map(|(page, pages)| format!("{pages}{page}"));
    match kind {
        Kind::Json => plain(message, link),
        Kind::Teams => card(message, link),
    }
}

fn plain(message: &Message, link: Option<String>) -> Value {
    let fact =
        |fact: &Fact| json!({ "name": fact.name, "label": fact.label, "value": fact.value, "words": fact.words });
    json!({
        "version": VERSION,
        "id": message.id,
        "kind": message.subject.kind(),
        "made": Timestamp::from_second(message.made.as_second()).unwrap_or(message.made),
        "title": message.letter.title,
        "facts": message.letter.facts.iter().map(fact).collect::<Vec<_>>(),
        "link": link,
    })
}

/// An Adaptive Card of version 1.4 in the envelope that the webhooks of Teams and of its workflows take.
fn card(message: &Message, link: Option<String>) -> Value {
    let fact = |fact: &Fact| json!({ "title": fact.label, "value": unlinked(&fact.words) });
    let mut body = vec![
        json!({ "type": "TextBlock", "text": unlinked(&message.letter.title), "weight": "Bolder", "size": "Medium", "wrap": true }),
    ];
    if !message.letter.facts.is_empty() {
        let facts: Vec<_> = message.letter.facts.iter().map(fact).collect();
        body.push(json!({ "type": "FactSet", "facts": facts }));
    }
    let id = format!("Wardvoice message {}", message.id);
    body.push(json!({ "type": "TextBlock", "text": id, "size": "Small", "isSubtle": true, "wrap": true }));
    let mut content = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
    });
    if let (Some(link), Some(content)) = (link, content.as_object_mut()) {
        let open = json!([{ "type": "Action.OpenUrl", "title": "Open the page", "url": link }]);
        content.insert("actions".to_owned(), open);
    }
    json!({
        "type": "message",
        "id": message.id,
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": content,
        }],
    })
}

/// Cards read a little markdown: nothing that came from a kiosk may become a link.
fn unlinked(text: &str) -> String {
    text.replace('[', "(").replace(']', ")")
}
