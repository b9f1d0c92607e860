//! The trust's own look on pages: its logo and name in the bar, and its colour. Its files carry a version, as the assets do.

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::Shared;
use super::failure::Failure;
use crate::branding::{Branding, LOGO};

/// The colours of pages that are light or dark.
pub(crate) const COLOURS: &str = "colours.css";
/// The colours of pages that are always light.
pub(crate) const LIGHT_COLOURS: &str = "colours-light.css";

fn address(branding: &Branding, name: &str) -> String {
    format!("/branding/{}/{name}", branding.version())
}

/// The style sheet of the trust's colours, after a page's own; nothing where there are none.
pub(crate) fn colours(branding: Option<&Branding>, name: &str) -> Markup {
    let coloured = branding.filter(|branding| !branding.css().is_empty());
    html! { @if let Some(branding) = coloured { link rel="stylesheet" href=(address(branding, name)); } }
}

/// The trust's logo, beside words that say whose it is; nothing where there is none.
pub(crate) fn logo(branding: Option<&Branding>) -> Option<Markup> {
    let branding = branding.filter(|branding| branding.logo().is_some())?;
    Some(html! { img.logo src=(address(branding, LOGO)) alt="" height="32"; })
}

/// A file of the look.
pub(super) async fn serve(State(web): State<Shared>, Path((version, name)): Path<(String, String)>) -> Response {
    let found = web.desk.branding.as_deref().and_then(|branding| {
        let (kind, text) = match name.as_str() {
            LOGO => ("image/svg+xml", branding.logo()?.to_owned()),
            COLOURS => ("text/css; charset=utf-8", branding.css()),
            LIGHT_COLOURS => ("text/css; charset=utf-8", branding.light_css()),
            _ => return None,
        };
        // What an old page asks for is not kept under the old name.
        let is_current = version == branding.version();
        Some((kind, if is_current { "public, max-age=31536000, immutable" } else { "no-store" }, text))
    });
    match found {
        Some((kind, keep, text)) => {
            ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, keep)], text).into_response()
        }
        None => Failure::page_not_found().into_response(),
    }
}
