//! Whatever a browser sends to any route, nothing breaks inside: it is answered, or refused in words.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use reqwest::Response;

use super::desk::{Bench, PASSWORD};
use crate::accounts::Proof;
use crate::garbled;
use crate::policy::Role;
use crate::web::routes;

/// How often each route is asked.
const TIMES: usize = 4;

/// What forms and queries are asked for by name; what a route does not know it passes over or refuses.
pub(super) const NAMES: [&str; 40] = [
    "about",
    "as_of",
    "beds",
    "by",
    "comment",
    "contact",
    "cut",
    "definition",
    "did",
    "due",
    "eligible-W1",
    "find",
    "finding",
    "from",
    "id",
    "label",
    "language",
    "measure",
    "month",
    "name",
    "next",
    "note",
    "number",
    "password",
    "period",
    "plan",
    "reach",
    "reason",
    "record",
    "responses",
    "role",
    "ruling",
    "seen",
    "shown",
    "theme",
    "to",
    "unit",
    "ward",
    "what",
    "words",
];

/// What they are given, and what stands in addresses.
const VALUES: [&str; 30] = [
    "W1",
    "W99",
    "C1",
    "medicine",
    "S1",
    "ward:W1",
    "trust:T1",
    "consultant:C1",
    "2026-F23",
    "2026-F99",
    "9999-F26",
    "2026-10",
    "2026-H2",
    "2026-11-09",
    "-009999-01-01",
    "9999-12-31",
    "domain:kindness",
    "overall",
    "inpatient@1",
    "age_band=81plus",
    "01a207d9-2100-7707-8707-070707070707",
    "good",
    "18446744073709551616",
    "-1",
    "1e308",
    "on",
    "praise",
    "all",
    "<script>alert(1)</script>",
    "../../etc/passwd",
];

/// A text as an address or a form carries it; bytes that are no text as well.
pub(super) fn encoded(bytes: &[u8]) -> String {
    let encode = |byte: &u8| {
        let plain = byte.is_ascii_alphanumeric() || b"-_.~:@".contains(byte);
        if plain { char::from(*byte).to_string() } else { format!("%{byte:02X}") }
    };
    bytes.iter().map(encode).collect()
}

fn value() -> impl Strategy<Value = String> {
    let values = VALUES.iter().map(|text| text.as_bytes().to_vec()).collect();
    // Half of them as they are, so that what lies behind the first check is reached as well.
    let whole = prop::sample::select(&VALUES[..]).prop_map(|text| encoded(text.as_bytes()));
    prop_oneof![whole, garbled::bytes(values).prop_map(|bytes| encoded(&bytes))]
}

fn pairs() -> impl Strategy<Value = String> {
    let pair = (prop::sample::select(&NAMES[..]), value()).prop_map(|(name, value)| format!("{name}={value}"));
    prop::collection::vec(pair, 0..8).prop_map(|pairs| pairs.join("&"))
}

/// Somebody who may open every door.
pub(super) async fn everything(bench: &Bench) -> String {
    let roles: [Role; 5] =
        ["office", "administrator", "board", "ward:W1", "consultant:C1"].map(|role| role.parse().unwrap());
    bench.desk.accounts.add(&"everything".parse().unwrap(), Proof::Chosen(PASSWORD), &roles).unwrap();
    bench.sign_in_as("everything").await
}

async fn send(bench: &Bench, method: &str, address: &str, pairs: &str, cookie: &str) -> Response {
    let request = match method {
        "GET" => bench.get(&format!("{address}?{pairs}")),
        _ => bench.post(address, pairs),
    };
    request.header("cookie", cookie).send().await.unwrap()
}

/// A route's address with something in the place of what it leaves open.
pub(super) fn filled(path: &str, mut with: impl FnMut() -> String) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { with() } else { part.to_owned() });
    parts.collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn whatever_a_browser_sends_nothing_breaks_inside() {
    let bench = Bench::lively(false).await;
    let cookie = everything(&bench).await;
    let mut runner = TestRunner::deterministic();
    let mut wrong = Vec::new();
    // Whoever has signed out opens nothing more.
    for route in routes::all().iter().filter(|route| route.path != "/sign-out") {
        // What this desk has no program for is an error of its own, whatever is asked.
        let plain =
            send(&bench, route.method, &filled(route.path, || "W1".to_owned()), "", &cookie).await.status();
        for _ in 0..TIMES {
            let address = filled(route.path, || value().new_tree(&mut runner).unwrap().current());
            let pairs = pairs().new_tree(&mut runner).unwrap().current();
            let status = send(&bench, route.method, &address, &pairs, &cookie).await.status();
            if status.is_server_error() && status != plain {
                wrong.push(format!("{status}: {} {address} with {pairs}", route.method));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(bench.get("/healthz").send().await.unwrap().status(), 200);
}
