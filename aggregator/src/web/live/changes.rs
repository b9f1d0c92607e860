//! What makes one fragment of another, in few bytes.
//!
//! Nodes are numbered in the order in which they begin, in the fragment that is there already; a change says how many nodes further
//! on it is than the change before, and then one of
//!
//! - `[on, start, end, "middle"]`: of a text, so many UTF-16 units at the start and at the end stay, with this between them;
//! - `[on, "name", start, end, "middle"]`: the same of an attribute's value;
//! - `[on, count, "html"]`: the node and those beside it, so many in all, are this now; 0 of them puts it before the node.

use serde::ser::{Serialize, SerializeSeq, Serializer};

use super::tree::{Element, Node};

/// A change. `on` is how many nodes further on it is than the change before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    Text { on: u32, splice: Splice },
    Attribute { on: u32, name: String, splice: Splice },
    Nodes { on: u32, count: usize, html: String },
}

/// What stays at both ends, in UTF-16 units, and what is between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Splice {
    start: usize,
    end: usize,
    middle: String,
}

impl Splice {
    fn between(old: &str, new: &str) -> Self {
        let start: usize = old
            .chars()
            .zip(new.chars())
            .take_while(|(old, new)| old == new)
            .map(|(letter, _)| letter.len_utf8())
            .sum();
        let (kept, old) = old.split_at(start);
        let new = new.split_at(start).1;
        let end: usize = old
            .chars()
            .rev()
            .zip(new.chars().rev())
            .take_while(|(old, new)| old == new)
            .map(|(letter, _)| letter.len_utf8())
            .sum();
        let (middle, tail) = new.split_at(new.len() - end);
        Self { start: units(kept), end: units(tail), middle: middle.to_owned() }
    }
}

/// The length of a text as a script counts it.
fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

impl Serialize for Change {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        match self {
            Self::Text { on, splice } => {
                list.serialize_element(on)?;
                splice.add_to(&mut list)?;
            }
            Self::Attribute { on, name, splice } => {
                list.serialize_element(on)?;
                list.serialize_element(name)?;
                splice.add_to(&mut list)?;
            }
            Self::Nodes { on, count, html } => {
                list.serialize_element(on)?;
                list.serialize_element(count)?;
                list.serialize_element(html)?;
            }
        }
        list.end()
    }
}

impl Splice {
    fn add_to<S: SerializeSeq>(&self, list: &mut S) -> Result<(), S::Error> {
        list.serialize_element(&self.start)?;
        list.serialize_element(&self.end)?;
        list.serialize_element(&self.middle)
    }
}

/// What makes the new nodes of the old ones; `None` when nothing of the old can stay.
pub(super) fn between(old: &[Node<'_>], new: &[Node<'_>]) -> Option<Vec<Change>> {
    let mut changes = Changes { list: Vec::new(), last: 0 };
    changes.siblings(old, new, 0).then_some(changes.list)
}

struct Changes {
    list: Vec<Change>,
    /// The number of the node of the last change.
    last: u32,
}

impl Changes {
    /// Changes of a list of nodes beside each other, the first of them with this number. False, with nothing noted, when there is no
    /// node beside which the new ones could be put.
    fn siblings(&mut self, old: &[Node<'_>], new: &[Node<'_>], first: u32) -> bool {
        let alike = |(old, new): &(&Node<'_>, &Node<'_>)| old.is_like(new);
        let mut before = old.iter().zip(new).take_while(alike).count();
        let (_, old_rest) = old.split_at(before);
        let (_, new_rest) = new.split_at(before);
        let after = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(alike).count();
        if before + after == old.len() && before + after < new.len() && after == 0 {
            // New ones at the end: the last old one is written again with them.
            let Some(fewer) = before.checked_sub(1) else { return false };
            before = fewer;
        }
        let (old_before, old_rest) = old.split_at(before);
        let (new_before, new_rest) = new.split_at(before);
        let (old_middle, old_after) = old_rest.split_at(old_rest.len() - after);
        let (new_middle, new_after) = new_rest.split_at(new_rest.len() - after);

        let mut number = first;
        for (old, new) in old_before.iter().zip(new_before) {
            self.node(old, new, number);
            number += old.size();
        }
        if !old_middle.is_empty() || !new_middle.is_empty() {
            let html = new_middle.iter().map(Node::source).collect();
            let on = self.step_to(number);
            self.list.push(Change::Nodes { on, count: old_middle.len(), html });
            number += super::tree::size(old_middle);
        }
        for (old, new) in old_after.iter().zip(new_after) {
            self.node(old, new, number);
            number += old.size();
        }
        true
    }

    /// Changes of a node that is like the other.
    fn node(&mut self, old: &Node<'_>, new: &Node<'_>, number: u32) {
        if old.source() == new.source() {
            return;
        }
        match (old, new) {
            (Node::Text { text: old, .. }, Node::Text { text: new, .. }) => {
                let on = self.step_to(number);
                self.list.push(Change::Text { on, splice: Splice::between(old, new) });
            }
            (Node::Element(old), Node::Element(its)) => self.element(old, its, new.source(), number),
            _ => {}
        }
    }

    fn element(&mut self, old: &Element<'_>, new: &Element<'_>, source: &str, number: u32) {
        // Nothing in it to hold on to: it is written again, and what its attributes are goes with it.
        if old.children.is_empty() && !new.children.is_empty() {
            let on = self.step_to(number);
            self.list.push(Change::Nodes { on, count: 1, html: source.to_owned() });
            return;
        }
        for ((name, old), (_, new)) in old.attributes.iter().zip(&new.attributes) {
            if old != new {
                let on = self.step_to(number);
                let splice = Splice::between(old, new);
                self.list.push(Change::Attribute { on, name: (*name).to_owned(), splice });
            }
        }
        self.siblings(&old.children, &new.children, number + 1);
    }

    fn step_to(&mut self, number: u32) -> u32 {
        let on = number - self.last;
        self.last = number;
        on
    }
}
