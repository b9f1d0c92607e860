//! Who did what, for the office and whoever runs the machine: by account, by deed and by whom it is about, a page at a time.

use axum::extract::{Extension, Query, State};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::failure::Failure;
use super::layout::{self, Page, Place};
use super::viewer::Viewer;
use super::ward::page_off_thread;
use super::{Shared, Web, words};
use crate::audit::{COMMAND, Deed, Entry, Leaf, UNKNOWN, Wanted};

/// So many entries are on a page.
const ON_A_PAGE: usize = 100;
/// What is looked for is no longer than an entry's own words.
const LONGEST: usize = 200;

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    who: String,
    #[serde(default)]
    did: String,
    #[serde(default)]
    about: String,
    before: Option<String>,
}

pub(crate) async fn page(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    page_off_thread(&web, move |web| {
        let wanted = wanted(&asked)?;
        let before = asked.before.as_deref().filter(|text| !text.is_empty()).map(str::parse::<u64>).transpose();
        let before = before.map_err(|_| Failure::bad_request("“before” is the number of a line, as 4312."))?;
        let leaf = web.desk.audit.leaf(&wanted, before, ON_A_PAGE).map_err(|error| Failure::internal(&error))?;
        Ok(render(web, &viewer, &wanted, before, &leaf))
    })
    .await
}

fn wanted(asked: &Asked) -> Result<Wanted, Failure> {
    let said = |name: &str, text: &str| match text.trim() {
        "" => Ok(None),
        text if text.chars().count() > LONGEST => {
            Err(Failure::bad_request(format!("“{name}” is too long: write {LONGEST} characters at most.")))
        }
        text => Ok(Some(text.to_owned())),
    };
    let did = said("did", &asked.did)?;
    if let Some(did) = &did
        && Deed::ALL.iter().all(|deed| deed.as_str() != did)
    {
        return Err(Failure::bad_request("“did” is nothing that is noted: choose one of the list."));
    }
    Ok(Wanted { who: said("who", &asked.who)?, did, about: said("about", &asked.about)? })
}

fn render(web: &Web, viewer: &Viewer, wanted: &Wanted, before: Option<u64>, leaf: &Leaf) -> Markup {
    let is_later_page = before.is_some();
    let is_all = *wanted == Wanted::default();
    let content = html! {
        p.crumbs { a href="/office" { "Office" } " › Who did what" }
        div.head { div { h1 { "Who did what" } } (choose(wanted)) }
        @if let Some(fault) = web.desk.audit.fault() {
            div.problem role="alert" {
                strong { "This was changed by somebody. " }
                "The chain of entries is broken: " (fault) ". Run " code { "wardvoice-aggregator audit verify" } " on the server."
            }
        }
        section.sheet.flows aria-labelledby="entries" {
            h2 id="entries" { (words::of(leaf.matching, "entry", "entries")) @if !is_all { " found" } }
            p.aside {
                "Every look at a named consultant and every change, the newest first. Each entry is chained to the one before, so none can be changed or \
                 taken out unseen; " code { "wardvoice-aggregator audit list" } " gives all of them."
            }
            @if leaf.entries.is_empty() {
                p { (if is_all { "Nothing has been noted yet." } else { "There is no such entry." }) }
            } @else { (table(&leaf.entries)) }
            @if is_later_page || leaf.older.is_some() {
                nav aria-label="Pages" {
                    p {
                        @if is_later_page { a href=(address(wanted, None)) { "The newest" } }
                        @if is_later_page && leaf.older.is_some() { " · " }
                        @if let Some(older) = leaf.older { a rel="next" href=(address(wanted, Some(older))) { "Older" } }
                    }
                }
            }
        }
    };
    layout::frame(web, viewer, &Page { title: "Who did what", place: Place::Office, live: false }, &content)
}

/// The form that says what is looked for.
fn choose(wanted: &Wanted) -> Markup {
    let is = |deed: Deed| wanted.did.as_deref() == Some(deed.as_str());
    html! {
        form.period method="get" action="/office/audit" {
            div {
                label for="who" { "Account, or “command”" }
                input id="who" name="who" type="text" maxlength=(LONGEST) autocomplete="off" value=(wanted.who.as_deref().unwrap_or_default());
            }
            div {
                label for="did" { "What" }
                select id="did" name="did" {
                    option value="" { "Everything" }
                    @for deed in Deed::ALL { option value=(deed) selected[is(deed)] { (words::deed(deed.as_str())) } }
                }
            }
            div {
                label for="about" { "About, as C07 or W12" }
                input id="about" name="about" type="text" maxlength=(LONGEST) autocomplete="off" value=(wanted.about.as_deref().unwrap_or_default());
            }
            button.action.quiet type="submit" { "Show" }
        }
    }
}

/// The address of a page of these entries.
fn address(wanted: &Wanted, before: Option<u64>) -> String {
    let mut address = "/office/audit".to_owned();
    let parts = [("who", &wanted.who), ("did", &wanted.did), ("about", &wanted.about)];
    let parts = parts.into_iter().filter_map(|(name, value)| Some((name, encoded(value.as_deref()?))));
    for (place, (name, value)) in parts.chain(before.map(|before| ("before", before.to_string()))).enumerate() {
        address.push(if place == 0 { '?' } else { '&' });
        address.extend([name, "=", &value]);
    }
    address
}

/// A value as it may stand in an address (RFC 3986): everything that is not plain is written byte by byte.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut written, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            written.push(char::from(byte));
        } else {
            written.push('%');
            let digits = [byte >> 4, byte & 0x0f].map(|digit| char::from_digit(u32::from(digit), 16));
            written.extend(digits.into_iter().flatten().map(|digit| digit.to_ascii_uppercase()));
        }
        written
    })
}

fn table(entries: &[Entry]) -> Markup {
    html! {
        div.scroller tabindex="0" role="group" aria-labelledby="entries" {
            table {
                thead {
                    tr { th.n scope="col" { "Entry" } th scope="col" { "When (UTC)" } th scope="col" { "Who" } th scope="col" { "What" } th scope="col" { "About" } }
                }
                tbody {
                    @for entry in entries {
                        tr {
                            td.n { (words::count(entry.number)) }
                            td { (entry.at.strftime("%-d %B %Y, %H:%M:%S").to_string()) }
                            th scope="row" { (match entry.who.as_str() { COMMAND => "a command on the server", UNKNOWN => "somebody unknown", who => who }) }
                            td { (words::deed(&entry.did)) }
                            td {
                                (entry.about.as_deref().unwrap_or_default())
                                @if let Some(detail) = &entry.detail { small { (detail) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_keeps_what_is_looked_for() {
        let wanted = Wanted {
            who: Some("o'neil & co".to_owned()),
            did: Some("saw_consultant".to_owned()),
            about: Some("consultant:C07".to_owned()),
        };
        assert_eq!(
            address(&wanted, Some(12)),
            "/office/audit?who=o%27neil%20%26%20co&did=saw_consultant&about=consultant%3AC07&before=12"
        );
        assert_eq!(address(&Wanted::default(), None), "/office/audit");
        assert_eq!(address(&Wanted::default(), Some(3)), "/office/audit?before=3");
    }
}
