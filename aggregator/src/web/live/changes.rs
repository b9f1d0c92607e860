//! What makes one fragment of another, in few bytes.
//!
//! Nodes are numbered in the order in which they begin, in the fragment that is there already; a change says how many nodes further
//! on it is than the change before, and then one of
//!
//! - `[on, start, end, "middle"]`: of a text, so many UTF-16 units at the start and at the end stay, with this between them;
//! - `[on, "name", start, end, "middle"]`: the same of an attribute's value;
//! - `[on, count, "html"]`: the node and those beside it, so many in all, are this now; 0 of them puts it before the node;
//! - `[on, "html"]`: this follows the node, which is the last beside its like.
//!
//! Which of the nodes beside each other stay is chosen so that as little as possible has to be written ([`kept`]).

use std::collections::HashMap;

use serde::ser::{Serialize, SerializeSeq, Serializer};

use super::tree::{self, Element, Node};

/// Longer lists beside each other are not compared each with each: what has an id is found by it, and in lists without ids only what is like
/// at both ends stays.
const MOST_COMPARED: usize = 4_096;

/// A change. `on` is how many nodes further on it is than the change before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    Text { on: u32, splice: Splice },
    Attribute { on: u32, name: String, splice: Splice },
    Nodes { on: u32, count: usize, html: String },
    After { on: u32, html: String },
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
            Self::After { on, html } => {
                list.serialize_element(on)?;
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
        if old.is_empty() {
            return new.is_empty();
        }
        let mut number = first;
        let (mut old_rest, mut new_rest) = (old, new);
        for (gone, came) in kept(old, new) {
            let (old_gap, rest) = old_rest.split_at(gone);
            let (new_gap, its) = new_rest.split_at(came);
            number = self.gap(old_gap, new_gap, number);
            let (Some((one, rest)), Some((other, its))) = (rest.split_first(), its.split_first()) else { break };
            (old_rest, new_rest) = (rest, its);
            // New ones at the end. What follows the last node is said before what is in it, as numbers only grow.
            if rest.is_empty() && !its.is_empty() {
                let on = self.step_to(number);
                self.list.push(Change::After { on, html: html(its) });
                new_rest = &[];
            }
            self.node(one, other, number);
            number += one.size();
        }
        self.gap(old_rest, new_rest, number);
        true
    }

    /// What is between two nodes that stay, the first of it with this number; the number behind it.
    fn gap(&mut self, old: &[Node<'_>], new: &[Node<'_>], number: u32) -> u32 {
        if !old.is_empty() || !new.is_empty() {
            let on = self.step_to(number);
            self.list.push(Change::Nodes { on, count: old.len(), html: html(new) });
        }
        number + tree::size(old)
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

/// Nodes as they stand in the fragment.
fn html(nodes: &[Node<'_>]) -> String {
    nodes.iter().map(Node::source).collect()
}

/// Which nodes stay: how many old ones go and how many new ones come before each, since the one before.
fn kept(old: &[Node<'_>], new: &[Node<'_>]) -> Vec<(usize, usize)> {
    let is_same = |(old, new): &(&Node<'_>, &Node<'_>)| old.source() == new.source();
    let before = old.iter().zip(new).take_while(is_same).count();
    let (old_rest, new_rest) = (old.split_at(before).1, new.split_at(before).1);
    let after = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(is_same).count();
    let (old_rest, new_rest) =
        (old_rest.split_at(old_rest.len() - after).0, new_rest.split_at(new_rest.len() - after).0);
    let mut kept = vec![(0, 0); before];
    let (old_left, new_left) = if old_rest.len() * new_rest.len() <= MOST_COMPARED {
        compared(old_rest, new_rest, &mut kept)
    } else if let Some(left) = named(old_rest, new_rest, &mut kept) {
        left
    } else {
        at_both_ends(old_rest, new_rest, &mut kept)
    };
    if after > 0 {
        kept.push((old_left, new_left));
        kept.extend(std::iter::repeat_n((0, 0), after - 1));
    }
    kept
}

/// The longest run of nodes with the same ids in the same order; how many of each are left behind the last that stays. `None` where no id is
/// in both. A row that moves in a long list is taken out and put in, and the others stay.
fn named(old: &[Node<'_>], new: &[Node<'_>], kept: &mut Vec<(usize, usize)>) -> Option<(usize, usize)> {
    let places = old.iter().enumerate().filter_map(|(place, node)| Some((node.id()?, (place, node))));
    let places: HashMap<&str, (usize, &Node<'_>)> = places.collect();
    // Each pair of an old and a new place, with the pair before it in the longest run that ends with it.
    let mut pairs: Vec<(usize, usize, Option<usize>)> = Vec::new();
    // Of the runs of each length the last pair of the one that ends first.
    let mut ends: Vec<usize> = Vec::new();
    for (came, node) in new.iter().enumerate() {
        let Some((place, _)) = node.id().and_then(|id| places.get(id)).filter(|(_, one)| one.is_like(node)) else {
            continue;
        };
        let length = ends.partition_point(|end| pairs.get(*end).is_some_and(|(before, ..)| before < place));
        let before = length.checked_sub(1).and_then(|last| ends.get(last).copied());
        match ends.get_mut(length) {
            Some(end) => *end = pairs.len(),
            None => ends.push(pairs.len()),
        }
        pairs.push((*place, came, before));
    }
    let last = ends.last().and_then(|end| pairs.get(*end));
    let mut run: Vec<_> =
        std::iter::successors(last, |(_, _, before)| before.and_then(|before| pairs.get(before))).collect();
    run.reverse();
    let (mut old_from, mut new_from) = (0, 0);
    for (place, came, _) in &run {
        kept.push((place - old_from, came - new_from));
        (old_from, new_from) = (place + 1, came + 1);
    }
    (!run.is_empty()).then(|| (old.len() - old_from, new.len() - new_from))
}

/// What is like at both ends of two lists; how many of each are left behind the last that stays.
fn at_both_ends(old: &[Node<'_>], new: &[Node<'_>], kept: &mut Vec<(usize, usize)>) -> (usize, usize) {
    let is_like = |(old, new): &(&Node<'_>, &Node<'_>)| old.is_like(new);
    let like = old.iter().zip(new).take_while(is_like).count();
    let (old, new) = (old.split_at(like).1, new.split_at(like).1);
    kept.extend(std::iter::repeat_n((0, 0), like));
    let like = old.iter().rev().zip(new.iter().rev()).take_while(is_like).count();
    let gap = (old.len() - like, new.len() - like);
    if like == 0 {
        return gap;
    }
    kept.push(gap);
    kept.extend(std::iter::repeat_n((0, 0), like - 1));
    (0, 0)
}

/// The longest common run of two lists, each node by what keeping it saves; how many of each are left behind the last that stays.
fn compared(old: &[Node<'_>], new: &[Node<'_>], kept: &mut Vec<(usize, usize)>) -> (usize, usize) {
    // What can be saved from a place on, from the ends: the first row and the first of each are of nothing.
    let mut saved = vec![vec![0; new.len() + 1]];
    for one in old.iter().rev() {
        let below = saved.last().map(Vec::as_slice).unwrap_or_default();
        let mut row = Vec::with_capacity(new.len() + 1);
        let mut best = 0;
        row.push(best);
        for (other, below) in new.iter().rev().zip(below.windows(2)) {
            let [both, without] = below else { continue };
            best = best.max(*without).max(both + worth(one, other));
            row.push(best);
        }
        saved.push(row);
    }
    let saved = |old: &[Node<'_>], new: &[Node<'_>]| {
        saved.get(old.len()).and_then(|row| row.get(new.len())).copied().unwrap_or_default()
    };
    let (mut old, mut new, mut gap) = (old, new, (0, 0));
    while let (Some((one, old_rest)), Some((other, new_rest))) = (old.split_first(), new.split_first()) {
        let worth = worth(one, other);
        if worth > 0 && saved(old, new) == saved(old_rest, new_rest) + worth {
            kept.push(std::mem::take(&mut gap));
            (old, new) = (old_rest, new_rest);
        } else if saved(old, new) == saved(old_rest, new) {
            gap.0 += 1;
            old = old_rest;
        } else {
            gap.1 += 1;
            new = new_rest;
        }
    }
    (gap.0 + old.len(), gap.1 + new.len())
}

/// How much need not be written when a node stays as another, about.
fn worth(old: &Node<'_>, new: &Node<'_>) -> usize {
    if old.source() == new.source() {
        2 * new.source().len()
    } else if old.is_like(new) {
        new.source().len()
    } else {
        0
    }
}
