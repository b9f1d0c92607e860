//! What a drawing may hold: the project's own charts, and nothing that reads, runs or hides.

use roxmltree::{Document, Node, ParsingOptions};

/// The most bytes of one drawing.
pub(crate) const MOST_BYTES: usize = 256 * 1024;
/// The most elements inside each other.
const DEEPEST: usize = 12;

const NAMESPACE: &str = "http://www.w3.org/2000/svg";
const ELEMENTS: [&str; 11] =
    ["svg", "title", "desc", "g", "path", "line", "rect", "circle", "polyline", "polygon", "text"];

/// A drawing that can be set: the same, with the namespace that a page leaves out.
pub(crate) fn settable(svg: &str) -> Result<String, String> {
    if svg.len() > MOST_BYTES {
        return Err(format!("has {} bytes and {MOST_BYTES} are the most", svg.len()));
    }
    let rest = svg.trim_start().strip_prefix("<svg").ok_or("does not begin with <svg")?;
    let rest = rest.strip_prefix(' ').or_else(|| rest.starts_with('>').then_some(rest));
    let rest = rest.ok_or("does not begin with <svg")?;
    let named = rest.split('>').next().is_some_and(|head| head.contains("xmlns="));
    let whole = if named {
        svg.trim_start().to_owned()
    } else {
        let space = if rest.starts_with('>') { "" } else { " " };
        format!("<svg xmlns=\"{NAMESPACE}\"{space}{rest}")
    };
    let options = ParsingOptions { allow_dtd: false, nodes_limit: 50_000, ..ParsingOptions::default() };
    let document = Document::parse_with_options(&whole, options).map_err(|error| format!("is no SVG: {error}"))?;
    look_at(document.root_element(), 1)?;
    if document.root_element().attribute("viewBox").is_none() {
        return Err("has no viewBox".to_owned());
    }
    Ok(whole)
}

fn look_at(node: Node<'_, '_>, depth: usize) -> Result<(), String> {
    let name = node.tag_name();
    if name.namespace() != Some(NAMESPACE) || !ELEMENTS.contains(&name.name()) {
        return Err(format!("holds <{}>; lines, shapes and text alone can be set", name.name()));
    }
    if depth > DEEPEST {
        return Err(format!("has more than {DEEPEST} elements inside each other"));
    }
    for attribute in node.attributes() {
        let outside =
            attribute.value().contains("url(") || attribute.name() == "href" || attribute.name() == "style";
        if outside {
            return Err(format!("has the attribute {}={:?}", attribute.name(), attribute.value()));
        }
    }
    node.children().filter(Node::is_element).try_for_each(|child| look_at(child, depth + 1))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    #[test]
    fn a_chart_gets_its_namespace_and_stays_as_it_is() {
        let chart = r#"<svg role="img" viewBox="0 0 9 9"><title>x</title><g><path d="M0 0h1"/></g></svg>"#;
        let set = settable(chart).unwrap();
        assert!(set.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" role="), "{set}");
        assert_eq!(settable(&set).unwrap(), set);
    }

    #[test]
    fn what_is_no_chart_is_refused() {
        let check = |svg: &str, says: &str| {
            let error = settable(svg).unwrap_err();
            assert!(error.contains(says), "{svg}: {error}");
        };
        check("", "does not begin with <svg");
        check("<svgs viewBox='0 0 1 1'/>", "does not begin with <svg");
        check("<svg viewBox='0 0 1 1'>", "is no SVG");
        check("<svg/>", "does not begin");
        check("<svg ></svg>", "no viewBox");
        check("<svg viewBox='0 0 1 1'><image href='a.png'/></svg>", "holds <image>");
        check("<svg viewBox='0 0 1 1'><script>1</script></svg>", "holds <script>");
        check("<svg viewBox='0 0 1 1'><style>a{}</style></svg>", "holds <style>");
        check("<svg viewBox='0 0 1 1'><rect fill='url(#a)'/></svg>", "fill=");
        check("<!DOCTYPE svg [<!ENTITY a 'b'>]><svg viewBox='0 0 1 1'/>", "does not begin");
        let deep = format!("<svg viewBox='0 0 1 1'>{}{}</svg>", "<g>".repeat(20), "</g>".repeat(20));
        check(&deep, "inside each other");
        check(&format!("<svg viewBox='0 0 1 1'>{}</svg>", " ".repeat(MOST_BYTES)), "are the most");
    }
}
