//! What the API's description says of each operation, against what the operations answer.

use serde_json::Value;

use super::desk::Bench;
use super::routes::{ROLES, TABLE, accounts};

/// The operations of the table, with an address each; the description and the page about it are none.
fn operations() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let of_the_api = TABLE.into_iter().filter(|(_, address, _)| address.starts_with("/api/v1/"));
    let split = of_the_api.map(|(route, address, _)| {
        let (method, path) = route.split_once(' ').unwrap();
        (method, path, address)
    });
    split.filter(|(_, path, _)| !["/api/v1/openapi.json", "/api/v1/docs"].contains(path))
}

async fn description(bench: &Bench, cookie: &str) -> Value {
    let request = bench.get("/api/v1/openapi.json").header("cookie", cookie);
    request.send().await.unwrap().json().await.unwrap()
}

fn operation<'a>(description: &'a Value, method: &str, path: &str) -> &'a Value {
    let operation = &description["paths"][path][method.to_lowercase()];
    assert!(operation.is_object(), "{method} {path} is not described");
    operation
}

/// An address with more asked of it.
fn with(address: &str, query: &str) -> String {
    let sign = if address.contains('?') { '&' } else { '?' };
    format!("{address}{sign}{query}")
}

#[tokio::test]
async fn every_answer_of_the_api_is_one_that_its_description_names() {
    const NONSENSE: &str =
        "limit=some&from=-1&window=x&period=soon&cut=x&as_of=x&definition=x&measure=x&format=x&by=x";
    let bench = Bench::lively(false).await;
    let cookies = accounts(&bench).await;
    let office = cookies.get(ROLES.iter().position(|role| *role == "office").unwrap()).unwrap().clone();
    let described = description(&bench, &office).await;
    let mut wrong = Vec::new();
    let mut asked = 0;
    for (method, path, address) in operations() {
        let answers = operation(&described, method, path)["responses"].as_object().unwrap();
        let broken = match path {
            "/api/v1/help/{record}/seen" => "/api/v1/help/01a207d9-2100-7707-8707-070707070707/seen".to_owned(),
            "/api/v1/consultants/{id}/appraisal" => "/api/v1/consultants/%20/appraisal".to_owned(),
            "/api/v1/tables/{id}" => "/api/v1/tables/%00".to_owned(),
            _ => with(address, "unit=nothing"),
        };
        for address in [address.to_owned(), with(address, NONSENSE), with(address, "unit=ward:W99"), broken] {
            for cookie in cookies.iter().map(Some).chain([None]) {
                let request = if method == "GET" { bench.get(&address) } else { bench.post(&address, "") };
                let request = match cookie {
                    Some(cookie) => request.header("cookie", cookie),
                    None => request,
                };
                let response = request.send().await.unwrap();
                asked += 1;
                let status = response.status();
                let kind = response.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
                if !answers.contains_key(status.as_str()) {
                    wrong.push(format!("{method} {address}: {status} is not described"));
                }
                if status.is_client_error() && kind.as_deref() != Some("application/problem+json") {
                    wrong.push(format!("{method} {address}: {status} comes as {kind:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(asked > 400, "{asked} questions");
}

#[tokio::test]
async fn every_operation_says_how_to_say_who_one_is_and_what_becomes_of_wrong_passwords() {
    let (bench, demonstration) = (Bench::lively(false).await, Bench::lively(true).await);
    let here = description(&bench, &bench.sign_in().await).await;
    let there = description(&demonstration, "").await;
    let ways = here["components"]["securitySchemes"].as_object().unwrap();
    assert_eq!(ways.keys().map(String::as_str).collect::<Vec<_>>(), ["password", "session"]);
    for (method, path, _) in operations() {
        let everybodys = |description: &Value| {
            let security = operation(description, method, path)["security"].as_array().unwrap();
            security.iter().any(|way| way.as_object().unwrap().is_empty())
        };
        assert!(!everybodys(&here), "{path}");
        let open = !["certificates", "consultants", "fleet", "quarantine", "completeness", "help"]
            .iter()
            .any(|part| path.split('/').nth(3) == Some(*part));
        assert_eq!(everybodys(&there), open, "{path}");
        let answers = operation(&here, method, path)["responses"].as_object().unwrap();
        assert!(answers.contains_key("401") && answers["429"]["headers"]["Retry-After"].is_object(), "{path}");
        let has_parameters = operation(&here, method, path).get("parameters").is_some();
        assert!(!has_parameters || answers.contains_key("400"), "{path}");
    }
    let mut statuses = Vec::new();
    for _ in 0..6 {
        let guess = bench.get("/api/v1/wards").basic_auth("office", Some("guess")).send().await.unwrap();
        if guess.status() == 429 {
            assert_eq!(guess.headers()["retry-after"], "1");
        }
        statuses.push(guess.status().as_u16());
    }
    assert_eq!(statuses, [401, 401, 401, 401, 401, 429]);
}
