//! Every route as every role, and as nobody, against a table.

use std::collections::BTreeSet;

use super::desk::{Bench, PASSWORD, Trust};
use crate::accounts::Proof;
use crate::web::routes;

/// The columns: whose account, or nobody.
pub(super) const ROLES: [&str; 10] = [
    "ward:W1",
    "ward:W2",
    "department:medicine",
    "consultant:C1",
    "consultant:C2",
    "appraiser:C1",
    "board",
    "office",
    "administrator",
    "display:W1",
];

/// A route, an address of it, and who may: `o` it opens, `s` it asks to sign in, `x` it is refused. First nobody, then nobody in a
/// demonstration, then the roles in their order. Wards 1 and 3 are of the department, ward 2 is not. Signing out stands last: afterwards
/// nobody is signed in.
pub(super) const TABLE: [(&str, &str, &str); 123] = [
    ("GET /healthz", "/healthz", "oo oooooooooo"),
    ("GET /readyz", "/readyz", "oo oooooooooo"),
    ("GET /metrics", "/metrics", "oo oooooooooo"),
    ("GET /sign-in", "/sign-in", "oo oooooooooo"),
    ("POST /sign-in", "/sign-in", "oo oooooooooo"),
    ("GET /assets/{version}/{name}", "/assets/x/style.css", "oo oooooooooo"),
    ("GET /branding/{version}/{name}", "/branding/x/logo.svg", "oo oooooooooo"),
    ("GET /", "/", "so oooxxxooxx"),
    ("GET /ward/{id}", "/ward/W1", "so oxoxxxooxx"),
    ("GET /ward/{id}/stream", "/ward/W1/stream", "so oxoxxxooxx"),
    ("GET /ward/{id}/actions", "/ward/W1/actions", "ss oxoxxxxoxx"),
    ("POST /ward/{id}/actions", "/ward/W1/actions", "ss oxoxxxxoxx"),
    ("POST /ward/{id}/help/seen", "/ward/W1/help/seen", "ss oxoxxxxoxx"),
    ("GET /department/{id}", "/department/medicine", "so xxoxxxooxx"),
    ("GET /department/{id}/stream", "/department/medicine/stream", "so xxoxxxooxx"),
    ("GET /department/{id}/actions", "/department/medicine/actions", "ss xxoxxxxoxx"),
    ("POST /department/{id}/actions", "/department/medicine/actions", "ss xxoxxxxoxx"),
    ("GET /site/{id}", "/site/S1", "so xxxxxxooxx"),
    ("GET /site/{id}/stream", "/site/S1/stream", "so xxxxxxooxx"),
    ("GET /site/{id}/actions", "/site/S1/actions", "ss xxxxxxxoxx"),
    ("POST /site/{id}/actions", "/site/S1/actions", "ss xxxxxxxoxx"),
    ("GET /specialty/{id}", "/specialty/respiratory", "so xxxxxxooxx"),
    ("GET /specialty/{id}/stream", "/specialty/respiratory/stream", "so xxxxxxooxx"),
    ("GET /specialty/{id}/actions", "/specialty/respiratory/actions", "ss xxxxxxxoxx"),
    ("POST /specialty/{id}/actions", "/specialty/respiratory/actions", "ss xxxxxxxoxx"),
    ("GET /trust", "/trust", "so xxxxxxooxx"),
    ("GET /trust/stream", "/trust/stream", "so xxxxxxooxx"),
    ("GET /trust/actions", "/trust/actions", "ss xxxxxxxoxx"),
    ("POST /trust/actions", "/trust/actions", "ss xxxxxxxoxx"),
    ("GET /board", "/board", "so xxxxxxooxx"),
    ("GET /board/stream", "/board/stream", "so xxxxxxooxx"),
    ("GET /alerts", "/alerts", "ss oooxxxooox"),
    ("GET /alerts/stream", "/alerts/stream", "ss oooxxxooox"),
    ("POST /alerts/seen", "/alerts/seen", "ss oooxxxooox"),
    ("GET /signal", "/signal?unit=ward:W1", "so oxoxxxooxx"),
    ("GET /signal/stream", "/signal/stream?unit=ward:W1", "so oxoxxxooxx"),
    ("GET /beside", "/beside?unit=ward:W1", "so oxoxxxooxx"),
    ("POST /signal/rebase", "/signal/rebase", "ss xxxxxxxoxx"),
    ("POST /signal/rebase/remove", "/signal/rebase/remove", "ss xxxxxxxoxx"),
    ("GET /display/{id}", "/display/W1", "oo oooooooooo"),
    ("GET /display/worker.js", "/display/worker.js", "oo oooooooooo"),
    ("GET /display/{id}/enter/{code}", "/display/W1/enter/none", "oo oooooooooo"),
    ("GET /sign-in/openid", "/sign-in/openid", "oo oooooooooo"),
    ("GET /sign-in/openid/return", "/sign-in/openid/return", "oo oooooooooo"),
    ("GET /consultants", "/consultants", "ss xxxoooooxx"),
    ("GET /consultant/{id}", "/consultant/C1", "ss xxxoxoooxx"),
    ("POST /consultant/{id}/dispute", "/consultant/C1/dispute", "ss xxxoxxxxxx"),
    ("GET /ward/{id}/report.pdf", "/ward/W1/report.pdf", "so oxoxxxooxx"),
    ("GET /ward/{id}/poster.pdf", "/ward/W1/poster.pdf", "so oxoxxxooxx"),
    ("GET /ward/{id}/you-said.pdf", "/ward/W1/you-said.pdf", "so oxoxxxooxx"),
    ("GET /department/{id}/you-said.pdf", "/department/medicine/you-said.pdf", "so xxoxxxooxx"),
    ("GET /site/{id}/you-said.pdf", "/site/S1/you-said.pdf", "so xxxxxxooxx"),
    ("GET /specialty/{id}/you-said.pdf", "/specialty/respiratory/you-said.pdf", "so xxxxxxooxx"),
    ("GET /trust/you-said.pdf", "/trust/you-said.pdf", "so xxxxxxooxx"),
    ("GET /board/report.pdf", "/board/report.pdf", "so xxxxxxooxx"),
    ("GET /board/half-year.pdf", "/board/half-year.pdf", "so xxxxxxooxx"),
    ("GET /consultant/{id}/appraisal.pdf", "/consultant/C1/appraisal.pdf", "ss xxxoxoooxx"),
    ("GET /office", "/office", "ss xxxxxxxoox"),
    ("GET /office/stream", "/office/stream", "ss xxxxxxxoox"),
    ("GET /office/plan", "/office/plan", "ss xxxxxxxoxx"),
    ("POST /office/plan", "/office/plan", "ss xxxxxxxoxx"),
    ("GET /office/contacts", "/office/contacts", "ss xxxxxxxoxx"),
    ("GET /office/month", "/office/month", "ss xxxxxxxoxx"),
    ("POST /office/month/eligible", "/office/month/eligible", "ss xxxxxxxoxx"),
    ("POST /office/month/files", "/office/month/files", "ss xxxxxxxoxx"),
    ("GET /office/month/{month}/{file}", "/office/month/2026-10/x.csv", "ss xxxxxxxoxx"),
    ("GET /office/questionnaires", "/office/questionnaires", "ss xxxxxxxoxx"),
    ("GET /office/questionnaires/{questionnaire}", "/office/questionnaires/inpatient@1", "ss xxxxxxxoxx"),
    (
        "POST /office/questionnaires/{questionnaire}/decide",
        "/office/questionnaires/inpatient@1/decide",
        "ss xxxxxxxoxx",
    ),
    (
        "POST /office/questionnaires/{questionnaire}/preview",
        "/office/questionnaires/inpatient@1/preview",
        "ss xxxxxxxoxx",
    ),
    ("GET /office/previews/{key}/{file}", "/office/previews/x/y.png", "ss xxxxxxxoxx"),
    ("GET /office/release", "/office/release", "ss xxxxxxxoxx"),
    ("POST /office/release", "/office/release", "ss xxxxxxxoxx"),
    ("GET /office/publish", "/office/publish", "ss xxxxxxxoxx"),
    ("POST /office/publish", "/office/publish", "ss xxxxxxxoxx"),
    ("GET /office/comments/words", "/office/comments/words", "ss xxxxxxxoxx"),
    ("POST /office/comments/words", "/office/comments/words", "ss xxxxxxxoxx"),
    ("GET /office/themes", "/office/themes", "ss xxxxxxxoxx"),
    ("POST /office/themes", "/office/themes", "ss xxxxxxxoxx"),
    ("GET /office/withdrawal", "/office/withdrawal", "ss xxxxxxxoxx"),
    ("POST /office/withdrawal", "/office/withdrawal", "ss xxxxxxxoxx"),
    ("GET /office/quarantine", "/office/quarantine", "ss xxxxxxxoox"),
    ("GET /fleet", "/fleet", "ss xxxxxxxoox"),
    ("GET /fleet/stream", "/fleet/stream", "ss xxxxxxxoox"),
    ("POST /office/quarantine/replay", "/office/quarantine/replay", "ss xxxxxxxoox"),
    ("POST /office/monitor", "/office/monitor", "ss xxxxxxxoxx"),
    ("GET /office/comments", "/office/comments", "ss xxxxxxxoxx"),
    ("GET /office/comments/themes", "/office/comments/themes", "ss xxxxxxxoxx"),
    ("GET /office/comments/{record}/{question}", "/office/comments/x/good", "ss xxxxxxxoxx"),
    ("POST /office/comments/{record}/{question}", "/office/comments/x/good", "ss xxxxxxxoxx"),
    ("GET /office/disputes", "/office/disputes", "ss xxxxxxxoxx"),
    ("POST /office/disputes/rule", "/office/disputes/rule", "ss xxxxxxxoxx"),
    ("GET /office/audit", "/office/audit", "ss xxxxxxxoox"),
    ("GET /office/accounts", "/office/accounts", "ss xxxxxxxxox"),
    ("POST /office/accounts/add", "/office/accounts/add", "ss xxxxxxxxox"),
    ("POST /office/accounts/roles", "/office/accounts/roles", "ss xxxxxxxxox"),
    ("POST /office/accounts/password", "/office/accounts/password", "ss xxxxxxxxox"),
    ("POST /office/accounts/lock", "/office/accounts/lock", "ss xxxxxxxxox"),
    ("POST /office/accounts/unlock", "/office/accounts/unlock", "ss xxxxxxxxox"),
    ("POST /office/accounts/remove", "/office/accounts/remove", "ss xxxxxxxxox"),
    ("POST /office/accounts/sign-out", "/office/accounts/sign-out", "ss xxxxxxxxox"),
    ("GET /api/v1/openapi.json", "/api/v1/openapi.json", "so oooooooooo"),
    ("GET /api/v1/docs", "/api/v1/docs", "so oooooooooo"),
    ("GET /api/v1/wards", "/api/v1/wards", "so oooxxxooxx"),
    ("GET /api/v1/periods", "/api/v1/periods", "so oooxxxooxx"),
    ("GET /api/v1/scores", "/api/v1/scores?unit=ward:W1", "so oxoxxxooxx"),
    ("GET /api/v1/scores/explain", "/api/v1/scores/explain?unit=ward:W1", "so oxoxxxooxx"),
    ("GET /api/v1/answers", "/api/v1/answers?unit=ward:W1&questionnaire=listening-into-action@1", "so oxoxxxooxx"),
    ("GET /api/v1/signals", "/api/v1/signals?unit=ward:W1", "so oxoxxxooxx"),
    ("GET /api/v1/comparison", "/api/v1/comparison?unit=ward:W1", "so oxoxxxooxx"),
    ("GET /api/v1/comments", "/api/v1/comments?unit=ward:W1", "so oxoxxxooxx"),
    ("GET /api/v1/actions", "/api/v1/actions", "so oooooooooo"),
    ("GET /api/v1/consultants/{id}/appraisal", "/api/v1/consultants/C1/appraisal", "ss xxxoxoooxx"),
    ("GET /api/v1/fleet", "/api/v1/fleet", "ss xxxxxxxoox"),
    ("GET /api/v1/certificates", "/api/v1/certificates", "ss xxxxxxxoox"),
    ("GET /api/v1/quarantine", "/api/v1/quarantine", "ss xxxxxxxoox"),
    ("GET /api/v1/completeness", "/api/v1/completeness", "ss xxxxxxxoox"),
    ("GET /api/v1/help", "/api/v1/help", "ss xxxxxxxoxx"),
    ("POST /api/v1/help/{record}/seen", "/api/v1/help/none/seen", "ss xxxxxxxoxx"),
    ("GET /tables", "/tables", "so oooxxxooxx"),
    ("GET /api/v1/tables", "/api/v1/tables", "so oooxxxooxx"),
    ("GET /api/v1/tables/{id}", "/api/v1/tables/responses", "ss xxxxxxxoxx"),
    ("POST /sign-out", "/sign-out", "oo oooooooooo"),
];

/// Addresses that a route has besides, where the answer depends on whose it is.
const ALSO: [(&str, &str, &str); 14] = [
    ("GET /ward/{id}", "/ward/W2", "so xoxxxxooxx"),
    ("GET /ward/{id}", "/ward/W3", "so xxoxxxooxx"),
    ("GET /consultant/{id}", "/consultant/C2", "ss xxxxoxooxx"),
    ("POST /consultant/{id}/dispute", "/consultant/C2/dispute", "ss xxxxoxxxxx"),
    ("GET /api/v1/scores", "/api/v1/scores?unit=trust:T1", "so xxxxxxooxx"),
    ("GET /api/v1/scores", "/api/v1/scores?unit=department:medicine", "so xxoxxxooxx"),
    ("GET /api/v1/scores", "/api/v1/scores?unit=consultant:C1", "sx xxxxxxxxxx"),
    ("GET /signal", "/signal?unit=trust:T1", "so xxxxxxooxx"),
    ("GET /beside", "/beside?unit=trust:T1", "so xxxxxxooxx"),
    ("GET /signal", "/signal?unit=consultant:C1", "sx xxxxxxxxxx"),
    ("GET /api/v1/signals", "/api/v1/signals?unit=consultant:C1", "sx xxxxxxxxxx"),
    ("GET /api/v1/consultants/{id}/appraisal", "/api/v1/consultants/C2/appraisal", "ss xxxxoxooxx"),
    ("GET /api/v1/tables/{id}", "/api/v1/tables/scores?from=2026-11-09", "so oooxxxooxx"),
    ("GET /api/v1/tables/{id}", "/api/v1/tables/nothing", "so oooxxxooxx"),
];

#[test]
fn every_route_has_a_line_in_the_table() {
    let there: BTreeSet<String> =
        routes::all().iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    let written: BTreeSet<String> = TABLE.iter().map(|(route, _, _)| (*route).to_owned()).collect();
    assert_eq!(there, written);
    assert_eq!(written.len(), TABLE.len());
}

/// How somebody fares at an address.
pub(super) async fn fares(bench: &Bench, route: &str, address: &str, cookie: Option<&str>) -> char {
    let request = if route.starts_with("GET ") { bench.get(address) } else { bench.post(address, "") };
    let request = match cookie {
        Some(cookie) => request.header("cookie", cookie),
        None => request,
    };
    let response = request.send().await.unwrap();
    let location = response.headers().get("location").and_then(|value| value.to_str().ok()).unwrap_or_default();
    match response.status().as_u16() {
        401 => 's',
        303 if location.starts_with("/sign-in") => 's',
        403 => 'x',
        // A form without its fields is refused behind the door, and so is a request that does not exist.
        _ => 'o',
    }
}

/// Where displays need a token: nobody, then the roles in their order, then a screen of ward 1 that has been let in.
#[tokio::test]
async fn a_display_that_needs_a_token_is_for_its_screen_and_for_whoever_reads_the_ward() {
    let trust = Trust { displays_need_token: true, ..Trust::default() };
    let bench = Bench::of(trust).await.filled();
    let mut cookies = accounts(&bench).await;
    cookies.push(bench.screen("W1").await);
    for (address, expected) in [
        ("/display/W1", "s oxoxxxooxo o"),
        ("/display/W2", "s xoxxxxooxx x"),
        ("/display/W99", "s xxxxxxooxx x"),
        ("/ward/W1", "s oxoxxxooxx s"),
        ("/office", "s xxxxxxxoox s"),
        ("/consultant/C1", "s xxxoxoooxx s"),
    ] {
        let mut found = format!("{} ", fares(&bench, "GET ", address, None).await);
        for (place, cookie) in cookies.iter().enumerate() {
            if place == ROLES.len() {
                found.push(' ');
            }
            found.push(fares(&bench, "GET ", address, Some(cookie)).await);
        }
        assert_eq!(found, expected, "{address}");
    }
}

/// An account of each role, signed in.
pub(super) async fn accounts(bench: &Bench) -> Vec<String> {
    let mut cookies = Vec::new();
    for (place, role) in ROLES.into_iter().enumerate() {
        let name = format!("account-{place}");
        let proof = Proof::Chosen(PASSWORD);
        bench.desk.accounts.add(&name.parse().unwrap(), proof, &[role.parse().unwrap()]).unwrap();
        cookies.push(bench.sign_in_as(&name).await);
    }
    cookies
}

#[tokio::test]
async fn every_route_as_every_role_and_as_nobody() {
    let bench = Bench::lively(false).await;
    let demonstration = Bench::lively(true).await;
    let cookies = accounts(&bench).await;
    let mut wrong = Vec::new();
    for (route, address, expected) in ALSO.into_iter().chain(TABLE) {
        let mut found = String::new();
        found.push(fares(&bench, route, address, None).await);
        found.push(fares(&demonstration, route, address, None).await);
        found.push(' ');
        for cookie in &cookies {
            found.push(fares(&bench, route, address, Some(cookie)).await);
        }
        if found != expected {
            wrong.push(format!("{route} at {address}: {found} is not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What lets a screen in opens the displays of its ward and nothing else: everywhere else whoever has it is nobody.
#[tokio::test]
async fn what_lets_a_screen_in_opens_no_other_route() {
    let trust = Trust { displays_need_token: true, ..Trust::default() };
    let bench = Bench::of(trust).await.filled();
    let screen = bench.screen("W1").await;
    let secret = screen.split_once('=').unwrap().1;
    let as_a_session = format!("wardvoice_session={secret}");
    let mut wrong = Vec::new();
    for (route, address, _) in TABLE {
        if address.starts_with("/display/W1") {
            continue;
        }
        let nobody = fares(&bench, route, address, None).await;
        for cookie in [&screen, &as_a_session] {
            let found = fares(&bench, route, address, Some(cookie)).await;
            if found != nobody {
                wrong.push(format!("{route} at {address}: {found} is not {nobody}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
