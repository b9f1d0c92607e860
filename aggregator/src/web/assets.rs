//! The style sheet, the script and the icon, compiled in. Their addresses carry a version, so browsers may keep them for ever.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use wardvoice_protocol::id::Hash;

use super::failure::Failure;

struct Asset {
    name: &'static str,
    kind: &'static str,
    text: &'static str,
}

const ASSETS: [Asset; 5] = [
    Asset { name: "style.css", kind: "text/css; charset=utf-8", text: include_str!("../../assets/style.css") },
    Asset { name: "live.js", kind: "text/javascript; charset=utf-8", text: include_str!("../../assets/live.js") },
    Asset { name: "display.css", kind: "text/css; charset=utf-8", text: include_str!("../../assets/display.css") },
    Asset {
        name: "display.js",
        kind: "text/javascript; charset=utf-8",
        text: include_str!("../../assets/display.js"),
    },
    Asset { name: "icon.svg", kind: "image/svg+xml", text: include_str!("../../assets/icon.svg") },
];

/// The first half of the hash over all assets: one version for all of them.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let all: String = ASSETS.iter().map(|asset| asset.text).collect();
    Hash::of(all.as_bytes()).to_string().chars().take(16).collect()
});

/// The address of an asset.
pub(crate) fn address(name: &str) -> String {
    format!("/assets/{}/{name}", *VERSION)
}

pub(crate) async fn serve(Path((version, name)): Path<(String, String)>) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == name) else {
        return Failure::page_not_found().into_response();
    };
    // An old page that asks for an old version gets the new one, but does not keep it under the old name.
    let keep = if version == *VERSION { "public, max-age=31536000, immutable" } else { "no-store" };
    ([(header::CONTENT_TYPE, asset.kind), (header::CACHE_CONTROL, keep)], asset.text).into_response()
}
