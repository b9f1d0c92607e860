//! What a page makes of the steps it is sent, written a second time and slowly; and that it is what a reload would show.

#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::collections::BTreeMap;

use maud::html;
use proptest::prelude::*;
use serde_json::Value;

use super::scene::Scene;
use super::tree::{self, Node};
use super::{AtWork, LEAST_REST, MOST_LARGE, MOST_REST, Rooms, Sent, changes, is_full, rest_share};
use crate::web::alerts::Heeded;
use crate::web::ward::Fragment;

/// A node of a page, which holds nothing of how it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::web) enum Seen {
    Element(String, Vec<(String, String)>, Vec<Seen>),
    Text(String),
}

/// What a browser makes of a fragment.
pub(in crate::web) fn seen(fragment: &str) -> Vec<Seen> {
    of(&tree::read(fragment).unwrap_or_else(|| panic!("cannot be read: {fragment}")))
}

fn of(nodes: &[Node<'_>]) -> Vec<Seen> {
    let node = |node: &Node<'_>| match node {
        Node::Text { text, .. } => Seen::Text(text.to_string()),
        Node::Element(element) => {
            let attributes =
                element.attributes.iter().map(|(name, value)| ((*name).to_owned(), value.to_string()));
            Seen::Element(element.name.to_owned(), attributes.collect(), of(&element.children))
        }
    };
    nodes.iter().map(node).collect()
}

/// How many nodes there are, as a page counts them.
pub(in crate::web) fn count(nodes: &[Seen]) -> u64 {
    let node = |node: &Seen| match node {
        Seen::Text(_) => 1,
        Seen::Element(.., children) => 1 + count(children),
    };
    nodes.iter().map(node).sum()
}

/// What a page shows after a step.
pub(in crate::web) fn led_on(page: Vec<Seen>, changes: &Value) -> Vec<Seen> {
    let mut by_number: BTreeMap<u64, Vec<&[Value]>> = BTreeMap::new();
    let mut number = 0;
    for change in changes.as_array().unwrap() {
        let (on, what) = change.as_array().unwrap().split_first().unwrap();
        number += on.as_u64().unwrap();
        by_number.entry(number).or_default().push(what);
    }
    walk(page, &mut 0, &by_number)
}

fn walk(nodes: Vec<Seen>, number: &mut u64, changes: &BTreeMap<u64, Vec<&[Value]>>) -> Vec<Seen> {
    let mut walked = Vec::new();
    let mut gone = 0;
    for mut node in nodes {
        let mut following = Vec::new();
        let of_node = changes.get(number).map_or(&[][..], Vec::as_slice);
        if gone > 0 {
            assert!(of_node.is_empty(), "what is gone is not changed");
            *number += count(std::slice::from_ref(&node));
            gone -= 1;
            continue;
        }
        for what in of_node {
            match (*what, &mut node) {
                ([Value::Number(many), Value::String(html)], _) => {
                    walked.extend(seen(html));
                    gone = many.as_u64().unwrap();
                }
                ([Value::String(html)], _) => following = seen(html),
                ([start, end, Value::String(middle)], Seen::Text(text)) => {
                    *text = splice(text, start, end, middle);
                }
                ([Value::String(name), start, end, Value::String(middle)], Seen::Element(_, attributes, _)) => {
                    let value =
                        attributes.iter_mut().find(|(its, _)| its == name).map(|(_, value)| value).unwrap();
                    *value = splice(value, start, end, middle);
                }
                strange => panic!("{strange:?}"),
            }
        }
        if gone > 0 {
            *number += count(std::slice::from_ref(&node));
            gone -= 1;
            walked.extend(following);
            continue;
        }
        *number += 1;
        if let Seen::Element(name, attributes, children) = node {
            node = Seen::Element(name, attributes, walk(children, number, changes));
        }
        walked.push(node);
        walked.extend(following);
    }
    walked
}

fn splice(text: &str, start: &Value, end: &Value, middle: &str) -> String {
    let units: Vec<u16> = text.encode_utf16().collect();
    let [start, end] = [start, end].map(|number| usize::try_from(number.as_u64().unwrap()).unwrap());
    let kept = |units: &[u16]| String::from_utf16(units).unwrap();
    kept(units.split_at(start).0) + middle + &kept(units.split_at(units.len() - end).1)
}

fn check(old: &str, new: &str) -> usize {
    let (before, after) = (tree::read(old).unwrap(), tree::read(new).unwrap());
    let Some(changes) = changes::between(&before, &after) else {
        assert!(before.is_empty(), "only where there is nothing nothing can be held on to: {old} {new}");
        return 0;
    };
    let sent = serde_json::to_value(&changes).unwrap();
    assert_eq!(led_on(seen(old), &sent), seen(new), "{sent} makes of {old} not {new}");
    changes.len()
}

#[test]
fn a_step_makes_of_one_fragment_the_next() {
    for (old, new, changes) in [
        ("<p>n 3</p>", "<p>n 3</p>", 0),
        ("<p>n 3, 6.7 to 9.3</p>", "<p>n 4, 6.7 to 9.1</p>", 1),
        ("<p>caf\u{e9} \u{1f642}</p>", "<p>caf\u{e9} \u{1f643}!</p>", 1),
        ("<p>&lt;a&gt;</p>", "<p>&lt;b&gt; &amp; c</p>", 1),
        ("<i x=\"1\" y=\"22\"></i><b>1</b>", "<i x=\"3\" y=\"23\"></i><b>2</b>", 3),
        // Put in at the start, in the middle, at the end, into nothing; taken out; another in its place.
        ("<p id=\"b\">b</p>", "<p id=\"a\">a</p><p id=\"b\">b</p>", 1),
        ("<b>1</b><i>2</i>", "<b>1</b><u>3</u><i>4</i>", 2),
        ("<ul><li>1</li></ul>", "<ul><li>1</li><li>2</li></ul>", 1),
        ("<ul></ul>", "<ul><li>2</li></ul>", 1),
        ("<u><b>1</b></u>", "<u><b>2</b><i>3</i>4</u>", 2),
        // What stays is found between others, also where one that is like it comes first.
        ("<g><i></i><b></b><b></b></g>", "<g><i></i><u></u><b></b><b></b><u></u></g>", 2),
        ("<g><i x=\"1\"></i><b></b></g>", "<g><i x=\"0\"></i><i x=\"1\"></i><b></b></g>", 1),
        ("<p>1</p><b>2</b><p>3</p>", "<b>2</b><p>4</p>", 2),
        ("<g><i></i></g>", "<g><u></u><i>1</i><b></b></g>", 3),
        ("<ul><li>1</li><li>2</li></ul>", "<ul></ul>", 1),
        ("<p>1</p><p id=\"a\">2</p>x", "<p>1</p>x", 1),
        ("<p><b>1</b></p>", "<p>1</p>", 1),
        ("<p class=\"a\"></p>", "<p class=\"a\" hidden></p>", 1),
        ("", "<p>1</p>", 0),
    ] {
        assert_eq!(check(old, new), changes, "{old} {new}");
    }
}

fn fragments() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[0-9.]{1,4}".prop_map(|text| text),
        Just("<br>".to_owned()),
        Just("&lt;\u{1f642}&amp;".to_owned()),
        ("[a-c]", 0..3_u8).prop_map(|(id, value)| format!("<i id=\"{id}\" x=\"{value}\"></i>")),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        (prop_oneof![Just("p"), Just("b")], proptest::collection::vec(inner, 0..5), 0..3_u8)
            .prop_map(|(name, inner, value)| format!("<{name} y=\"{value}\">{}</{name}>", inner.concat()))
    })
}

/// A list that is too long to be compared each with each is still led on.
#[test]
fn a_long_list_is_led_on_from_both_ends() {
    let list = |numbers: &[u32]| {
        let of = |number: &u32| format!("<li>{number}</li>");
        format!("<ol><b>0</b>{}<i>{}</i></ol>", numbers.iter().map(of).collect::<Vec<_>>().concat(), numbers.len())
    };
    let (old, new): (Vec<u32>, Vec<u32>) = ((0..100).collect(), (1_000..1_120).collect());
    check(&list(&old), &list(&new));
    check(&list(&new), &list(&old));
}

/// Whoever asks for every period and measure there is opens no more rooms than memory has been planned for.
#[test]
fn rooms_of_several_wards_are_bounded_and_those_of_wards_are_not_counted() {
    let mut open = std::collections::HashMap::new();
    let room = || tokio::sync::watch::channel(Sent::first(Fragment::new(html! {}, String::new()))).0;
    let large = |number: usize| Scene::Board(crate::web::units::Sight::numbered(number), Heeded::default());
    let ward = |number: usize| Scene::Ward(format!("W{number}").parse().unwrap(), None, Heeded::default());
    for number in 0..MOST_LARGE {
        open.insert(ward(number), room());
        assert!(!is_full(&open, &large(number)));
        open.insert(large(number), room());
    }
    assert!(is_full(&open, &Scene::Fleet) && is_full(&open, &large(MOST_LARGE)));
    assert!(!is_full(&open, &ward(MOST_LARGE)));
}

/// However many wards have news, their pages leave the processors to what brings the answers.
#[test]
fn the_rooms_of_wards_rest_longer_the_more_of_them_have_news() {
    assert_eq!(rest_share(1), LEAST_REST);
    for rooms in 1..=200 {
        let share = rest_share(rooms);
        assert!((LEAST_REST..=MOST_REST).contains(&share), "{rooms}");
        assert!(rest_share(rooms + 1) >= share, "{rooms}");
        // Of so many times its own time, a room is at work once.
        let busy = rooms as f64 / f64::from(1 + share);
        assert!(busy <= 0.5 || share == MOST_REST, "{rooms} rooms keep {busy} processors busy");
    }
    let rooms = Rooms::default();
    let first = AtWork::begins(&rooms);
    let second = AtWork::begins(&rooms);
    assert_eq!((first.all(), second.all()), (2, 2));
    drop(first);
    assert_eq!(second.all(), 1);
}

/// In a list as long as a fleet a row that moves to the end is taken out and put in, and what others say is changed where it stands.
#[test]
fn a_row_that_moves_in_a_long_list_leaves_the_others_alone() {
    let list = |numbers: &[u32], word: &str| {
        let of = |number: &u32| {
            let said = if *number == 7 { word } else { "as ever" };
            format!("<tr id=\"kiosk-{number}\"><td>{number}</td><td>{said}</td></tr>")
        };
        format!("<tbody>{}</tbody>", numbers.iter().map(of).collect::<Vec<_>>().concat())
    };
    let old: Vec<u32> = (0..100).collect();
    let moved: Vec<u32> = (0..100).filter(|number| *number != 50).chain([50]).collect();
    assert_eq!(check(&list(&old, "here"), &list(&moved, "gone")), 3);
    let reversed: Vec<u32> = (0..100).rev().collect();
    check(&list(&old, "here"), &list(&reversed, "gone"));
    check(&list(&reversed, "here"), &list(&moved, "gone"));
    let others: Vec<u32> = (1_000..1_100).collect();
    check(&list(&old, "here"), &list(&others, "gone"));
}

proptest! {
    #[test]
    fn any_fragment_can_be_led_to_any_other(old in fragments(), new in fragments(), more in fragments()) {
        check(&old, &new);
        check(&format!("{old}{more}"), &format!("{more}{new}{more}"));
    }
}
