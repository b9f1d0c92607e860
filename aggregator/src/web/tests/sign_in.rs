//! Accounts, sessions and cookies over a real listener.

use jiff::SignedDuration;

use super::desk::{Bench, PASSWORD, noon};
use crate::accounts::Proof;
use crate::policy::Role;

fn roles(texts: &[&str]) -> Vec<Role> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[tokio::test]
async fn an_account_that_is_changed_or_removed_is_out_at_once() {
    let bench = Bench::lively(false).await;
    let accounts = &bench.desk.accounts;
    let name = "sister".parse().unwrap();
    accounts.add(&name, Proof::Chosen(PASSWORD), &roles(&["ward:W1"])).unwrap();
    let status = async |cookie: &str, path: &str| {
        bench.get(path).header("cookie", cookie).send().await.unwrap().status().as_u16()
    };
    let by_basic = async |path: &str| {
        bench.get(path).basic_auth("sister", Some(PASSWORD)).send().await.unwrap().status().as_u16()
    };
    let cookie = bench.sign_in_as("sister").await;
    assert_eq!((status(&cookie, "/ward/W1").await, status(&cookie, "/ward/W2").await), (200, 403));
    assert_eq!(by_basic("/api/v1/scores?unit=ward:W1").await, 200);
    accounts.set_roles(&name, &roles(&["ward:W2"])).unwrap();
    assert_eq!(status(&cookie, "/ward/W1").await, 303, "it has to sign in again");
    assert_eq!(by_basic("/api/v1/scores?unit=ward:W1").await, 403, "what was remembered of it is forgotten");
    let cookie = bench.sign_in_as("sister").await;
    assert_eq!((status(&cookie, "/ward/W1").await, status(&cookie, "/ward/W2").await), (403, 200));
    accounts.remove(&name).unwrap();
    assert_eq!(status(&cookie, "/ward/W2").await, 303);
    assert_eq!(by_basic("/api/v1/scores?unit=ward:W2").await, 401);
}

#[tokio::test]
async fn a_list_shows_only_what_its_viewer_may_read() {
    let bench = Bench::lively(false).await;
    let accounts = &bench.desk.accounts;
    accounts.add(&"sister".parse().unwrap(), Proof::Chosen(PASSWORD), &roles(&["ward:W1"])).unwrap();
    let cookie = bench.sign_in_as("sister").await;
    let text =
        async |path: &str| bench.get(path).header("cookie", &cookie).send().await.unwrap().text().await.unwrap();
    let list = text("/").await;
    assert!(list.contains("/ward/W1") && !list.contains("/ward/W2") && !list.contains("/ward/W3"));
    let wards: serde_json::Value = serde_json::from_str(&text("/api/v1/wards").await).unwrap();
    assert_eq!(wards.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn signing_in_begins_another_session_and_the_old_one_ends() {
    let bench = Bench::lively(false).await;
    let first = bench.sign_in().await;
    let form = format!("name=office&password={}", PASSWORD.replace(' ', "+"));
    let again = bench.post("/sign-in", &form).header("cookie", &first).send().await.unwrap();
    let second = again.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    assert_ne!(first, second);
    let status = async |cookie: &str| bench.get("/office").header("cookie", cookie).send().await.unwrap().status();
    assert_eq!((status(&first).await.as_u16(), status(&second).await.as_u16()), (303, 200));
}

#[tokio::test]
async fn over_tls_the_cookie_is_this_hosts_and_a_plain_one_counts_for_nothing() {
    let bench = Bench::lively(false).await;
    let form = format!("name=office&password={}", PASSWORD.replace(' ', "+"));
    let response = bench.post("/sign-in", &form).header("x-forwarded-proto", "https").send().await.unwrap();
    let cookie = response.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.starts_with("__Host-wardvoice_session=") && cookie.contains("; Secure"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let over_tls = async |cookie: &str| {
        let request = bench.get("/office").header("cookie", cookie).header("x-forwarded-proto", "https");
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(over_tls(&cookie).await, 200);
    assert_eq!(
        over_tls(&cookie.replace("__Host-", "")).await,
        303,
        "anybody on the host's domain could have set it"
    );
}

#[tokio::test]
async fn wrong_passwords_for_one_account_slow_it_down_after_a_restart_as_well() {
    let bench = Bench::lively(false).await;
    let caller = |last: u8| Some(std::net::IpAddr::from([10, 0, 0, last]));
    for last in 0..10 {
        bench.desk.tries.note(caller(last), "office", false, noon());
    }
    let form = format!("name=office&password={}", PASSWORD.replace(' ', "+"));
    let response = bench.post("/sign-in", &form).send().await.unwrap();
    assert_eq!(response.status(), 429, "even the right password, from an address that did nothing");
    *bench.now.lock().unwrap() = noon() + SignedDuration::from_secs(1);
    bench.sign_in().await;
}

#[tokio::test]
async fn whoever_signs_in_or_guesses_is_noted_and_unknown_names_are_not() {
    let bench = Bench::lively(false).await;
    bench.post("/sign-in", "name=office&password=guess").send().await.unwrap();
    bench.post("/sign-in", "name=my+password+by+mistake&password=x").send().await.unwrap();
    bench.sign_in().await;
    let noted: Vec<_> =
        bench.desk.audit.recent(10).into_iter().map(|entry| format!("{} {}", entry.who, entry.did)).collect();
    assert_eq!(noted, ["office signed_in", "office sign_in_refused"]);
}
