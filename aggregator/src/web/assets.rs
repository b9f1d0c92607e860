//! The style sheet, the scripts, the letters and the icon, compiled in. Their addresses carry a version, so browsers may keep them for ever.

use std::io::Write as _;
use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use wardvoice_protocol::id::Hash;

use super::failure::Failure;
use super::live::takes_gzip;

struct Asset {
    name: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const LETTERS: &str = "font/woff2";

const ASSETS: [Asset; 10] = [
    Asset {
        name: "style.css",
        kind: CSS,
        bytes: concat!(include_str!("../../assets/letters.css"), include_str!("../../assets/style.css"))
            .as_bytes(),
    },
    Asset { name: "live.js", kind: SCRIPT, bytes: include_bytes!("../../assets/live.js") },
    Asset {
        name: "display.css",
        kind: CSS,
        bytes: concat!(include_str!("../../assets/letters.css"), include_str!("../../assets/display.css"))
            .as_bytes(),
    },
    Asset { name: "display.js", kind: SCRIPT, bytes: include_bytes!("../../assets/display.js") },
    Asset { name: "icon.svg", kind: "image/svg+xml", bytes: include_bytes!("../../assets/icon.svg") },
    Asset {
        name: "letters-regular.woff2",
        kind: LETTERS,
        bytes: include_bytes!("../../assets/letters/regular.woff2"),
    },
    Asset { name: "letters-bold.woff2", kind: LETTERS, bytes: include_bytes!("../../assets/letters/bold.woff2") },
    Asset {
        name: "letters-regular-more.woff2",
        kind: LETTERS,
        bytes: include_bytes!("../../assets/letters/regular-more.woff2"),
    },
    Asset {
        name: "letters-bold-more.woff2",
        kind: LETTERS,
        bytes: include_bytes!("../../assets/letters/bold-more.woff2"),
    },
    Asset {
        name: "letters-licence.txt",
        kind: "text/plain; charset=utf-8",
        bytes: include_bytes!("../../assets/letters/OFL.txt"),
    },
];

/// The first half of the hash over all assets: one version for all of them.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let all: Vec<u8> = ASSETS.iter().flat_map(|asset| asset.bytes).copied().collect();
    Hash::of(&all).to_string().chars().take(16).collect()
});

/// Each of them compressed as far as it goes, once for everybody; nothing where that makes it no smaller.
static PACKED: LazyLock<Vec<Option<Vec<u8>>>> = LazyLock::new(|| ASSETS.iter().map(packed).collect());

fn packed(asset: &Asset) -> Option<Vec<u8>> {
    // Letters come compressed.
    if asset.kind == LETTERS {
        return None;
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(asset.bytes).ok()?;
    encoder.finish().ok().filter(|packed| packed.len() < asset.bytes.len())
}

/// The address of an asset.
pub(crate) fn address(name: &str) -> String {
    format!("/assets/{}/{name}", *VERSION)
}

pub(crate) async fn serve(Path((version, name)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let Some((asset, packed)) = ASSETS.iter().zip(PACKED.iter()).find(|(asset, _)| asset.name == name) else {
        return Failure::page_not_found().into_response();
    };
    // An old page that asks for an old version gets the new one, but does not keep it under the old name.
    let keep = if version == *VERSION { "public, max-age=31536000, immutable" } else { "no-store" };
    let said = [(header::CONTENT_TYPE, asset.kind), (header::CACHE_CONTROL, keep)];
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    if let Some(packed) = packed.as_deref().filter(|_| takes_gzip(accepted)) {
        let how = [(header::CONTENT_ENCODING, "gzip"), (header::VARY, "accept-encoding")];
        return (said, how, packed).into_response();
    }
    (said, asset.bytes).into_response()
}
