//! The API described for people, from the same description that machines read.

use maud::{Markup, html};
use serde_json::Value;

use crate::web::Web;
use crate::web::layout::{self, Page, Place};
use crate::web::viewer::Viewer;

/// The page.
pub(super) fn page(web: &Web, viewer: &Viewer, description: &Value) -> Markup {
    let content = html! {
        div.head { h1 { "Data for other programs" } }
        div.stack {
            section.sheet {
                p { (prose(text(description, "/info/description"))) }
                p {
                    "For machines: " a href="/api/v1/openapi.json" { "the OpenAPI 3.1 description" } ". For monitoring: "
                    a href="/healthz" { "health" } ", " a href="/readyz" { "readiness" } " and " a href="/metrics" { "metrics" } "."
                }
            }
            section.sheet.flows {
                h2 { "What can be asked" }
                @for (path, methods) in entries(description, "/paths") {
                    @for (method, operation) in methods.as_object().into_iter().flatten() {
                        (endpoint(path, method, operation))
                    }
                }
            }
            section.sheet.flows {
                h2 { "What comes back" }
                @for (name, schema) in entries(description, "/components/schemas") { (shape(name, schema)) }
            }
        }
    };
    layout::frame(web, viewer, &Page { title: "Data", place: Place::Api, live: false }, &content)
}

fn endpoint(path: &str, method: &str, operation: &Value) -> Markup {
    html! {
        div.endpoint {
            h3 { span.method { (method.to_uppercase()) } " " code { (path) } }
            p { (prose(text(operation, "/summary"))) }
            @if !text(operation, "/description").is_empty() { p.small { (prose(text(operation, "/description"))) } }
            @let parameters = operation.pointer("/parameters").and_then(Value::as_array);
            @for parameter in parameters.into_iter().flatten() {
                p {
                    code { (text(parameter, "/name")) }
                    @if parameter.pointer("/required") == Some(&Value::Bool(true)) { " (needed)" }
                    ": " (prose(text(parameter, "/description")))
                }
            }
            ul.counts {
                @for (status, response) in entries(operation, "/responses") {
                    li { strong { (status) } " " (text(response, "/description")) @if let Some(name) = body(response) { ": " (name) } }
                }
            }
            @if path.ends_with("/scores") {
                pre tabindex="0" role="group" aria-label="An example" { code { "curl \"http://localhost:8080" (path) "?unit=ward:W1\"" } }
            }
        }
    }
}

/// The name of what a response holds, with a link to its shape.
fn body(response: &Value) -> Option<Markup> {
    let (_, content) = entries(response, "/content").next()?;
    let schema = content.pointer("/schema")?;
    let (reference, many) = match schema.pointer("/items/$ref") {
        Some(items) => (items, true),
        None => (schema.pointer("/$ref")?, false),
    };
    Some(reference_to(reference.as_str()?, many))
}

fn reference_to(reference: &str, many: bool) -> Markup {
    let name = reference.rsplit('/').next().unwrap_or(reference);
    html! { @if many { "a list of " } a href=(format!("#{name}")) { (name) } }
}

fn shape(name: &str, schema: &Value) -> Markup {
    html! {
        div.endpoint id=(name) {
            h3 { code { (name) } }
            p { (prose(text(schema, "/description"))) }
            @if schema.pointer("/properties").is_some() {
                div.scroller tabindex="0" role="group" aria-label=(format!("Fields of {name}")) {
                    table {
                        thead { tr { th scope="col" { "Field" } th scope="col" { "Type" } th scope="col" { "Meaning" } } }
                        tbody {
                            @for (field, property) in entries(schema, "/properties") {
                                tr {
                                    th scope="row" { code { (field) } }
                                    td { (kind(property)) }
                                    td { (prose(text(property, "/description"))) }
                                }
                            }
                        }
                    }
                }
            } @else if let Some(values) = schema.pointer("/enum").and_then(Value::as_array) {
                p { @for value in values { code { (value.as_str().unwrap_or_default()) } " " } }
            }
        }
    }
}

/// A property's type in a few words.
fn kind(property: &Value) -> Markup {
    if let Some(reference) = property.pointer("/$ref").and_then(Value::as_str) {
        return reference_to(reference, false);
    }
    for choice in ["/oneOf", "/anyOf", "/allOf"] {
        if let Some(options) = property.pointer(choice).and_then(Value::as_array) {
            let parts: Vec<_> = options.iter().map(kind).collect();
            return html! { @for (place, part) in parts.iter().enumerate() { @if place > 0 { " or " } (part) } };
        }
    }
    match property.pointer("/type") {
        Some(Value::String(name)) if name == "array" => {
            let items = property.pointer("/items").map(kind);
            html! { "a list of " @if let Some(items) = items { (items) } }
        }
        Some(Value::String(name)) => html! { (name) },
        Some(Value::Array(names)) => {
            let names: Vec<_> = names.iter().filter_map(Value::as_str).collect();
            html! { (names.join(" or ")) }
        }
        _ => html! { "any" },
    }
}

fn entries<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = (&'a str, &'a Value)> {
    let object = value.pointer(pointer).and_then(Value::as_object);
    object.into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

/// Text in which what stands between back quotes is code.
pub(crate) fn prose(text: &str) -> Markup {
    html! {
        @for (place, part) in text.split('`').enumerate() {
            @if place % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
