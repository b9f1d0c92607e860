//! The frame of every page.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::Web;
use super::viewer::Viewer;
use super::{assets, branding};
use crate::branding::Branding;
use crate::policy;

/// The places the bar leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Wards,
    Ward,
    Unit,
    Trust,
    Board,
    Consultant,
    Consultants,
    Alerts,
    Office,
    Fleet,
    Tables,
    Api,
    SignIn,
}

/// So many consultants stand in the bar by themselves; more are a list.
const MOST_CONSULTANTS: usize = 8;

/// What a page is besides its content.
pub(crate) struct Page<'a> {
    pub(crate) title: &'a str,
    pub(crate) place: Place,
    /// Whether the page keeps itself up to date.
    pub(crate) live: bool,
}

/// A page in its frame.
pub(crate) fn frame(web: &Web, viewer: &Viewer, page: &Page<'_>, content: &Markup) -> Markup {
    let trust = &web.desk.world.directory.file().trust.name;
    let link = |place: Place, address: &str, text: &str| {
        html! {
            a href=(address) aria-current=[current(page.place, place)] { (text) }
        }
    };
    let ways = Ways::of(web, viewer);
    // A stranger may sign in for any of them.
    let opens = |place| !viewer.is_known() || web.enter(viewer, place).is_ok();
    let navigation = html! {
        nav aria-label="Main" {
            @if opens(policy::Place::Units) { (link(Place::Wards, "/", "Wards")) }
            @if opens(policy::Place::Trust) {
                (link(Place::Trust, "/trust", "Trust"))
                (link(Place::Board, "/board", "Board"))
            }
            @let consultants = viewer.consultants();
            @if consultants.len() > MOST_CONSULTANTS { (link(Place::Consultants, "/consultants", "Consultants")) }
            @else { @for id in &consultants {
                @let address = format!("/consultant/{id}");
                // Where there are several the bar does not know which of them the page is about.
                @if consultants.len() == 1 { (link(Place::Consultant, &address, &format!("Consultant {id}"))) }
                @else { a href=(address) { "Consultant " (id) } }
            } }
            @if viewer.is_known() && opens(policy::Place::Alerts) { (link(Place::Alerts, "/alerts", "Alerts")) }
            @if opens(policy::Place::Office) { (link(Place::Office, "/office", "Office")) }
            @if opens(policy::Place::Units) { (link(Place::Tables, "/tables", "Tables")) }
            (link(Place::Api, "/api/v1/docs", "Data"))
            @if viewer.has_session() {
                form method="post" action="/sign-out" { button.plain type="submit" { "Sign out" } }
            } @else if !viewer.is_known() {
                (link(Place::SignIn, "/sign-in", "Sign in"))
            }
        }
    };
    let looks = web.desk.demonstration || viewer.is_known();
    let read_so_far = if looks { web.desk.comments.found_so_far() } else { None };
    let banner = html! {
        @if web.desk.demonstration {
            aside.generated aria-label="Demonstration" {
                div.frame { strong { "Demonstration." } " Every patient, answer and ward here is made up by a computer." }
            }
        }
        @if let Some(percent) = read_so_far {
            aside.generated aria-label="Comments" {
                div.frame {
                    strong { "What people wrote is still being read after a start: " (percent) " %." }
                    " Comments, and how many there are, are not complete yet. Scores are. Reload the page in a while."
                }
            }
        }
    };
    let look = web.desk.branding.as_deref();
    document((page.title, trust), look, page.live, &ways.home, &navigation, &banner, content)
}

/// Whether a place of the bar is where the page is, or what it is a part of.
fn current(page: Place, place: Place) -> Option<&'static str> {
    match page {
        Place::Ward if place == Place::Wards => Some("true"),
        Place::Unit if place == Place::Trust => Some("true"),
        Place::Fleet if place == Place::Office => Some("true"),
        _ => (page == place).then_some("page"),
    }
}

/// The ways on from a page that says what went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ways {
    /// Where whoever looks begins.
    home: String,
    /// Whether the list of wards opens.
    pub(crate) wards: bool,
}

impl Ways {
    /// Those that a viewer has.
    pub(crate) fn of(web: &Web, viewer: &Viewer) -> Self {
        let wards = web.enter(viewer, policy::Place::Units).is_ok();
        Self { home: if viewer.is_known() { viewer.home() } else { "/".to_owned() }, wards }
    }
}

impl Default for Ways {
    /// Where nobody knows who looks: signing in leads whoever has done so to where they begin.
    fn default() -> Self {
        Self { home: "/sign-in".to_owned(), wards: false }
    }
}

/// A page that knows nothing but its words and the ways on: for failures, which may come before anything is known.
pub(crate) fn bare(title: &str, ways: &Ways, content: &Markup) -> Markup {
    let navigation = html! {
        nav aria-label="Main" {
            @if ways.wards { a href="/" { "Wards" } }
            a href="/sign-in" { "Your pages" }
        }
    };
    document((title, ""), None, false, &ways.home, &navigation, &html! {}, content)
}

fn document(
    (title, trust): (&str, &str),
    look: Option<&Branding>,
    live: bool,
    home: &str,
    navigation: &Markup,
    banner: &Markup,
    content: &Markup,
) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en-GB" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · Wardvoice" }
                link rel="icon" type="image/svg+xml" href=(assets::address("icon.svg"));
                // Asked for together with the style, which would say only later that every page has them: a page is laid out once.
                @for letters in ["letters-regular.woff2", "letters-bold.woff2"] {
                    link rel="preload" as="font" type="font/woff2" crossorigin href=(assets::address(letters));
                }
                link rel="stylesheet" href=(assets::address("style.css"));
                (branding::colours(look, branding::COLOURS))
                @if live { script src=(assets::address("live.js")) defer {} }
            }
            body {
                a.skip href="#content" { "Skip to the content" }
                header.bar {
                    div.frame {
                        a.brand href=(home) { (branding::logo(look).unwrap_or_else(mark)) (look.and_then(Branding::name).unwrap_or("Wardvoice")) }
                        (navigation)
                    }
                }
                (banner)
                main #content tabindex="-1" { div.frame { (content) } }
                footer.foot {
                    div.frame {
                        @if !trust.is_empty() { p { (trust) } }
                        p {
                            "Wardvoice holds no names, NHS numbers or beds. The questionnaire is our own and not a validated "
                            "instrument. Every interval is a 95% confidence interval."
                        }
                    }
                }
            }
        }
    }
}

/// A speech bubble with two lines of what somebody said.
fn mark() -> Markup {
    PreEscaped(
        "<svg aria-hidden=\"true\" width=\"26\" height=\"26\" viewBox=\"0 0 32 32\"><path fill=\"#a9d0d1\" d=\"M4 3h24a3 3 0 0 1 3 \
         3v16a3 3 0 0 1-3 3H15l-7 6v-6H4a3 3 0 0 1-3-3V6a3 3 0 0 1 3-3z\"/><path d=\"M8 11.5h16M8 17h10\" stroke=\"#16202a\" \
         stroke-width=\"3\" stroke-linecap=\"round\"/></svg>"
            .to_owned(),
    )
}
