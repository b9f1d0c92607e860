//! A fragment as the nodes that a browser makes of it.
//!
//! Reads what our own pages write and nothing else: quoted attributes, elements that are closed, the four entities of our templates.
//! Anything else is `None`, and the fragment is sent whole.

use std::borrow::Cow;

/// Elements that have no end.
const VOID: [&str; 9] = ["area", "br", "col", "hr", "img", "input", "link", "meta", "wbr"];
/// Deeper than this no page of ours is.
const DEEPEST: usize = 64;

/// An element or a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node<'a> {
    Element(Element<'a>),
    Text {
        text: Cow<'a, str>,
        /// As it stands in the fragment.
        source: &'a str,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Element<'a> {
    pub(super) name: &'a str,
    /// Names and values in their order.
    pub(super) attributes: Vec<(&'a str, Cow<'a, str>)>,
    pub(super) children: Vec<Node<'a>>,
    /// With all that is in it, as it stands in the fragment.
    source: &'a str,
    /// How many nodes it is with all that is in it.
    size: u32,
}

impl<'a> Node<'a> {
    /// As it stands in the fragment.
    pub(super) fn source(&self) -> &'a str {
        match self {
            Self::Element(element) => element.source,
            Self::Text { source, .. } => source,
        }
    }

    /// Its id; texts have none.
    pub(super) fn id(&self) -> Option<&str> {
        let Self::Element(element) = self else { return None };
        element.attributes.iter().find(|(name, _)| *name == "id").map(|(_, value)| value.as_ref())
    }

    /// How many nodes it is with all that is in it.
    pub(super) fn size(&self) -> u32 {
        match self {
            Self::Element(element) => element.size,
            Self::Text { .. } => 1,
        }
    }

    /// Whether one can become the other by other words and values alone, as far as can be seen without looking inside.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text { .. }, Self::Text { .. }) => true,
            (Self::Element(one), Self::Element(other)) => {
                one.name == other.name
                    && one.attributes.len() == other.attributes.len()
                    && one
                        .attributes
                        .iter()
                        .zip(&other.attributes)
                        .all(|((name, value), (other, its))| name == other && (*name != "id" || value == its))
            }
            _ => false,
        }
    }
}

/// How many nodes there are in a list with all that is in them.
pub(super) fn size(nodes: &[Node<'_>]) -> u32 {
    nodes.iter().map(Node::size).sum()
}

/// The nodes of a fragment.
pub(super) fn read(fragment: &str) -> Option<Vec<Node<'_>>> {
    let mut reader = Reader { rest: fragment, depth: 0 };
    let nodes = reader.nodes()?;
    reader.rest.is_empty().then_some(nodes)
}

struct Reader<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> Reader<'a> {
    /// All up to the end of what they are in.
    fn nodes(&mut self) -> Option<Vec<Node<'a>>> {
        let mut nodes = Vec::new();
        while !self.rest.is_empty() && !self.rest.starts_with("</") {
            let node = if self.rest.starts_with('<') { self.element()? } else { self.text()? };
            nodes.push(node);
        }
        Some(nodes)
    }

    fn text(&mut self) -> Option<Node<'a>> {
        let (source, rest) = self.rest.split_at(self.rest.find('<').unwrap_or(self.rest.len()));
        self.rest = rest;
        Some(Node::Text { text: plain(source)?, source })
    }

    fn element(&mut self) -> Option<Node<'a>> {
        let begun = self.rest;
        let (name, rest) = word(begun.strip_prefix('<')?)?;
        self.rest = rest;
        let mut attributes = Vec::new();
        loop {
            let rest = self.rest.trim_ascii_start();
            if let Some(rest) = rest.strip_prefix('>') {
                self.rest = rest;
                break;
            }
            let (name, rest) = word(rest)?;
            let (value, rest) = match rest.strip_prefix("=\"") {
                Some(rest) => rest.split_once('"')?,
                None => ("", rest),
            };
            attributes.push((name, plain(value)?));
            self.rest = rest;
        }
        let children = if VOID.contains(&name) { Vec::new() } else { self.inside(name)? };
        let source = begun.get(..begun.len() - self.rest.len())?;
        let size = size(&children) + 1;
        Some(Node::Element(Element { name, attributes, children, source, size }))
    }

    /// What is in an element, up to behind its end.
    fn inside(&mut self, name: &str) -> Option<Vec<Node<'a>>> {
        self.depth += 1;
        let nodes = (self.depth < DEEPEST).then(|| self.nodes()).flatten()?;
        self.depth -= 1;
        self.rest = self.rest.strip_prefix("</")?.strip_prefix(name)?.strip_prefix('>')?;
        Some(nodes)
    }
}

/// The name at the beginning, and what follows.
fn word(text: &str) -> Option<(&str, &str)> {
    let is_of_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    let end = text.find(|letter| !is_of_name(letter))?;
    (end > 0).then(|| text.split_at(end))
}

/// A text without entities.
fn plain(source: &str) -> Option<Cow<'_, str>> {
    if !source.contains('&') {
        return Some(Cow::Borrowed(source));
    }
    let mut parts = source.split('&');
    let mut text = parts.next()?.to_owned();
    for part in parts {
        let (entity, rest) = part.split_once(';')?;
        text.push(match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            _ => return None,
        });
        text.push_str(rest);
    }
    Some(Cow::Owned(text))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    #[test]
    fn a_fragment_is_read_as_a_browser_reads_it() {
        let nodes = read("<p class=\"a b\" hidden>1 &lt; 2<br> &amp; <b>3</b></p>tail").unwrap();
        assert_eq!(nodes.len(), 2);
        assert_eq!(size(&nodes), 7);
        let Some(Node::Element(p)) = nodes.first() else { panic!("{nodes:?}") };
        assert_eq!(p.attributes, [("class", Cow::Borrowed("a b")), ("hidden", Cow::Borrowed(""))]);
        assert!(matches!(p.children.first(), Some(Node::Text { text, .. }) if text == "1 < 2"));
        assert_eq!(p.source, "<p class=\"a b\" hidden>1 &lt; 2<br> &amp; <b>3</b></p>");
    }

    #[test]
    fn what_is_not_ours_is_not_guessed_at() {
        for strange in
            ["<p>", "<p a=b></p>", "<p></b>", "</p>", "a &nbsp; b", "<!-- x -->", "<svg><path/></svg>", "< p></p>"]
        {
            assert_eq!(read(strange), None, "{strange}");
        }
        assert_eq!(read(&"<b>".repeat(10_000)), None);
    }
}
