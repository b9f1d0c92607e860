//! Signing in with the trust's own sign-in, against a provider that a test can make lie. The test is the browser.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;

use jiff::SignedDuration;
use reqwest::Response;
use serde_json::{Value, json};

use super::desk::{Bench, PASSWORD, Trust, noon};
use super::provider::{CLIENT, Mood, PAGES, Provider, SECRET, Signer};
use crate::config::{Config, ConfigFile};
use crate::openid::OpenId;

/// What a token is made to say: of its header and its claims.
type Change = Box<dyn FnOnce(&mut Value, &mut Value)>;

/// A server that trusts a provider.
async fn trusting(provider: &Provider) -> Bench {
    // Another test of this process may have chosen the provider of cryptography before.
    drop(rustls::crypto::ring::default_provider().install_default());
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, format!("{SECRET}\n")).unwrap();
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
    let file = format!(
        "[openid]\nissuer = {:?}\nclient_id = {CLIENT:?}\nclient_secret_file = {secret:?}\naddress = {PAGES:?}\nlabel = \"Trust ID\"\n\
         [openid.roles]\n\"wv-ward-*\" = [\"ward:*\"]\n\"wv-office\" = [\"office\"]\n",
        provider.issuer
    );
    let file: ConfigFile = toml::from_str(&file).unwrap();
    let openid = Config::try_from(file).unwrap().openid.map(|settings| OpenId::new(settings).unwrap());
    Bench::of(Trust { openid, ..Trust::default() }).await.filled()
}

/// What a browser knows after it was sent to the provider: its cookie, and what it was sent with.
struct SetOut {
    cookie: String,
    asked: BTreeMap<String, String>,
}

async fn sets_out(bench: &Bench, next: &str) -> SetOut {
    let response = bench.get(&format!("/sign-in/openid?next={next}")).send().await.unwrap();
    assert_eq!(response.status(), 303);
    let cookie = response.headers()["set-cookie"].to_str().unwrap();
    for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=600"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let address = response.headers()["location"].to_str().unwrap();
    let query = address.split_once('?').unwrap().1;
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let asked =
        pairs.map(|(name, value)| (name.to_owned(), value.replace("%3A", ":").replace("%2F", "/"))).collect();
    SetOut { cookie, asked }
}

async fn comes_back(bench: &Bench, cookie: &str, query: &str) -> Response {
    bench.get(&format!("/sign-in/openid/return?{query}")).header("cookie", cookie).send().await.unwrap()
}

/// The whole way, with a token that is changed as told.
async fn signs_in(
    bench: &Bench,
    provider: &Provider,
    key: &str,
    change: impl FnOnce(&mut Value, &mut Value),
) -> Response {
    let out = sets_out(bench, "/ward/W1").await;
    let code = provider.grants(&out.asked, key, change);
    comes_back(bench, &out.cookie, &format!("code={code}&state={}", out.asked["state"])).await
}

/// The session's cookie that an answer sets, if it sets one.
fn session_of(response: &Response) -> Option<String> {
    let cookies = response.headers().get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
    let session = cookies
        .filter(|cookie| cookie.starts_with("wardvoice_session="))
        .find(|cookie| !cookie.contains("Max-Age=0"));
    session.map(|cookie| {
        assert!(cookie.contains("SameSite=Strict") && cookie.contains("HttpOnly"), "{cookie}");
        cookie.split(';').next().unwrap().to_owned()
    })
}

async fn status(bench: &Bench, cookie: &str, path: &str) -> u16 {
    bench.get(path).header("cookie", cookie).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn whoever_the_trust_knows_is_signed_in_with_the_roles_of_their_groups() {
    for signer in [Signer::es256(), Signer::rs256()] {
        let provider = Provider::start(signer).await;
        let bench = trusting(&provider).await;
        let page = bench.text("/sign-in?next=/ward/W1").await;
        assert!(page.contains("href=\"/sign-in/openid?next=/ward/W1\"") && page.contains("Sign in with Trust ID"));

        let out = sets_out(&bench, "/ward/W1").await;
        for (name, value) in [
            ("response_type", "code"),
            ("client_id", CLIENT),
            ("scope", "openid"),
            ("code_challenge_method", "S256"),
            ("redirect_uri", "https://wardvoice.example/sign-in/openid/return"),
            ("tenant", "1"),
        ] {
            assert_eq!(out.asked[name], value, "{name}");
        }
        let code = provider.grants(&out.asked, "first", |_, _| ());
        let query = format!("code={code}&state={}&iss={}", out.asked["state"], provider.issuer);
        let response = comes_back(&bench, &out.cookie, &query).await;
        assert_eq!(response.status(), 200);
        assert_eq!(
            response.headers()["refresh"],
            "0; url=/ward/W1",
            "a redirect would come without the strict cookie"
        );
        let session = session_of(&response).unwrap();
        assert!(response.text().await.unwrap().contains("href=\"/ward/W1\""));
        assert_eq!(status(&bench, &session, "/ward/W1").await, 200);
        assert_eq!(status(&bench, &session, "/ward/W2").await, 403);
        assert_eq!(status(&bench, &session, "/office").await, 403);
        let noted = bench.desk.audit.recent(1).remove(0);
        assert_eq!((noted.who.as_str(), noted.did.as_str()), ("sso-subject-1", "signed_in"));
        assert!(noted.detail.unwrap().ends_with("from 127.0.0.1, as ward:W1"));

        let left = bench.post("/sign-out", "").header("cookie", &session).send().await.unwrap();
        assert_eq!(left.status(), 200);
        let end = format!("{}/end?client_id={CLIENT}", provider.issuer);
        assert!(left.text().await.unwrap().contains(&end), "there is a way to sign out there too");
        assert_eq!(status(&bench, &session, "/ward/W1").await, 303);
    }
}

#[tokio::test]
async fn accounts_of_our_own_go_on_beside_it_and_without_it_nothing_is_offered() {
    let provider = Provider::start(Signer::es256()).await;
    let bench = trusting(&provider).await;
    let office = bench.sign_in().await;
    assert_eq!(status(&bench, &office, "/office").await, 200);
    let left = bench.post("/sign-out", "").header("cookie", &office).send().await.unwrap();
    assert_eq!(left.headers()["location"], "/");
    let without = Bench::lively(false).await;
    assert!(!without.text("/sign-in").await.contains("/sign-in/openid"));
    for path in ["/sign-in/openid", "/sign-in/openid/return"] {
        assert_eq!(without.get(path).send().await.unwrap().status(), 404);
    }
}

#[tokio::test]
async fn what_the_provider_says_of_somebody_is_not_believed_unless_all_of_it_holds() {
    let provider = Provider::start(Signer::es256()).await;
    provider.hold("unpublished", Signer::es256());
    let bench = trusting(&provider).await;
    let now = noon().as_second();
    let claim = |name: &'static str, value: Value| -> Change { Box::new(move |_, claims| claims[name] = value) };
    let algorithm = |name: &'static str| -> Change { Box::new(move |header, _| header["alg"] = json!(name)) };
    let lies: Vec<(&str, &str, Change)> = vec![
        ("another sign-in's", "first", claim("nonce", json!("another"))),
        ("another program's", "first", claim("aud", json!("another"))),
        ("several programs', and not made for us", "first", claim("aud", json!([CLIENT, "another"]))),
        ("made for another", "first", claim("azp", json!("another"))),
        ("another provider's", "first", claim("iss", json!("https://evil.example"))),
        ("too old", "first", claim("exp", json!(now - 61))),
        ("too old, in quotes", "first", claim("exp", json!((now + 300).to_string()))),
        ("too young", "first", claim("nbf", json!(now + 61))),
        ("not signed", "first", algorithm("none")),
        ("signed by a secret", "first", algorithm("HS256")),
        (
            "signed by another key under this name",
            "unpublished",
            Box::new(|header, _| header["kid"] = json!("first")),
        ),
        ("signed by a key nobody knows", "unpublished", Box::new(|_, _| ())),
        ("nobody's", "first", claim("sub", Value::Null)),
    ];
    for (what, key, change) in lies {
        let response = signs_in(&bench, &provider, key, change).await;
        assert_eq!(response.status(), 403, "{what}");
        assert!(session_of(&response).is_none(), "{what}");
        let page = response.text().await.unwrap();
        assert!(page.contains("does not hold") && !page.contains("subject-1"), "{what}");
        let noted = bench.desk.audit.recent(1).remove(0);
        assert_eq!((noted.who.as_str(), noted.did.as_str()), ("unknown", "sign_in_refused"), "{what}");
    }
    assert!(session_of(&signs_in(&bench, &provider, "first", |_, _| ()).await).is_some(), "and the truth is");
}

#[tokio::test]
async fn a_key_that_was_changed_is_fetched_anew_but_not_for_every_token() {
    let provider = Provider::start(Signer::es256()).await;
    let bench = trusting(&provider).await;
    assert_eq!(signs_in(&bench, &provider, "first", |_, _| ()).await.status(), 200);
    provider.hold("second", Signer::rs256());
    provider.publish(&["second"]);
    assert_eq!(
        signs_in(&bench, &provider, "first", |_, _| ()).await.status(),
        200,
        "what is known is believed for a while"
    );
    assert_eq!(signs_in(&bench, &provider, "second", |_, _| ()).await.status(), 403, "it was asked only just now");
    *bench.now.lock().unwrap() = noon() + SignedDuration::from_secs(11);
    assert_eq!(signs_in(&bench, &provider, "second", |_, _| ()).await.status(), 200);
    assert_eq!(signs_in(&bench, &provider, "first", |_, _| ()).await.status(), 403, "the old one is gone");
}

#[tokio::test]
async fn a_return_counts_in_its_own_browser_and_once() {
    let provider = Provider::start(Signer::es256()).await;
    let bench = trusting(&provider).await;
    let (out, other) = (sets_out(&bench, "/").await, sets_out(&bench, "/").await);
    let code = provider.grants(&out.asked, "first", |_, _| ());
    let query = format!("code={code}&state={}", out.asked["state"]);
    for (cookie, query) in [
        ("", query.as_str()),
        (other.cookie.as_str(), query.as_str()),
        ("wardvoice_openid=guess", query.as_str()),
        (out.cookie.as_str(), &format!("code={code}&state=another")),
        (out.cookie.as_str(), &format!("code={code}")),
        (out.cookie.as_str(), ""),
    ] {
        let response = comes_back(&bench, cookie, query).await;
        assert_eq!(response.status(), 400, "{cookie} {query}");
        assert!(session_of(&response).is_none());
    }
    let response = comes_back(&bench, &out.cookie, &query).await;
    let session = session_of(&response).unwrap();
    assert!(
        response
            .headers()
            .get_all("set-cookie")
            .iter()
            .any(|cookie| cookie.to_str().unwrap().starts_with("wardvoice_openid=;"))
    );
    assert_eq!(comes_back(&bench, &out.cookie, &query).await.status(), 400, "not a second time");
    let again = comes_back(&bench, &other.cookie, &format!("code={code}&state={}", other.asked["state"])).await;
    assert_eq!(again.status(), 403, "the provider gives a token for a code once");
    assert_eq!(status(&bench, &session, "/ward/W1").await, 200);
    assert!(
        bench.desk.audit.recent(10).iter().all(|entry| entry.did != "sign_in_refused"),
        "anybody can send such things"
    );
}

#[tokio::test]
async fn a_code_is_worth_nothing_to_another_attempt_and_a_mixed_up_provider_is_noticed() {
    let provider = Provider::start(Signer::es256()).await;
    let bench = trusting(&provider).await;
    let (theirs, ours) = (sets_out(&bench, "/").await, sets_out(&bench, "/").await);
    let stolen = provider.grants(&theirs.asked, "first", |_, _| ());
    let response = comes_back(&bench, &ours.cookie, &format!("code={stolen}&state={}", ours.asked["state"])).await;
    assert_eq!(response.status(), 403);
    let out = sets_out(&bench, "/").await;
    let code = provider.grants(&out.asked, "first", |_, _| ());
    let mixed = format!("code={code}&state={}&iss=https://evil.example", out.asked["state"]);
    assert_eq!(comes_back(&bench, &out.cookie, &mixed).await.status(), 502);
    let out = sets_out(&bench, "/").await;
    let refused = format!("error=access_denied&error_description=<b>x</b>&state={}", out.asked["state"]);
    let response = comes_back(&bench, &out.cookie, &refused).await;
    assert_eq!(response.status(), 403);
    let page = response.text().await.unwrap();
    assert!(page.contains("Start again") && !page.contains("<b>x</b>"));
}

#[tokio::test]
async fn whoever_is_in_no_group_is_refused_with_words_that_help_and_is_noted() {
    let provider = Provider::start(Signer::es256()).await;
    let bench = trusting(&provider).await;
    for groups in [
        json!([]),
        json!(["everybody"]),
        json!(["wv-ward-W99"]),
        json!("wv-ward-"),
        json!({"wv-office": true}),
        Value::Null,
    ] {
        let response = signs_in(&bench, &provider, "first", |_, claims| claims["groups"] = groups.clone()).await;
        assert_eq!(response.status(), 403, "{groups}");
        assert!(session_of(&response).is_none());
        assert!(response.text().await.unwrap().contains("none of the groups"));
        let noted = bench.desk.audit.recent(1).remove(0);
        assert_eq!((noted.who.as_str(), noted.did.as_str()), ("sso-subject-1", "sign_in_refused"));
    }
    let response = signs_in(&bench, &provider, "first", |_, claims| {
        claims["groups"] = json!("wv-office");
        claims["sub"] = json!("somebody@example.org");
        claims["roles"] = json!(["administrator"]);
    });
    let session = session_of(&response.await).unwrap();
    assert_eq!(
        (status(&bench, &session, "/office").await, status(&bench, &session, "/office/accounts").await),
        (200, 403)
    );
    let who = bench.desk.audit.recent(1).remove(0).who;
    assert!(who.starts_with("sso_") && !who.contains("somebody"), "{who}");
}

#[tokio::test]
async fn signing_in_there_never_leads_to_another_site() {
    let provider = Provider::start(Signer::es256()).await;
    let bench = trusting(&provider).await;
    for next in [
        "//evil.example",
        "https://evil.example",
        "/%5Cevil.example",
        "%5C%5Cevil.example",
        "/a%0d%0arefresh:x",
        "javascript:x",
    ] {
        let out = sets_out(&bench, next).await;
        let code = provider.grants(&out.asked, "first", |_, _| ());
        let response = comes_back(&bench, &out.cookie, &format!("code={code}&state={}", out.asked["state"])).await;
        assert_eq!(response.headers()["refresh"], "0; url=/ward/W1", "{next}");
        assert!(!response.text().await.unwrap().contains("evil"), "{next}");
    }
    // Whoever can set the cookie can set where it leads: that is looked at again.
    let out = sets_out(&bench, "/").await;
    let secret = out.cookie.split('.').next().unwrap();
    let code = provider.grants(&out.asked, "first", |_, _| ());
    let cookie = format!("{secret}.{}", "Ly9ldmlsLmV4YW1wbGU"); // `//evil.example`
    let response = comes_back(&bench, &cookie, &format!("code={code}&state={}", out.asked["state"])).await;
    assert_eq!(response.headers()["refresh"], "0; url=/ward/W1");
}

#[tokio::test]
async fn a_provider_that_is_away_slow_or_lies_is_said_to_be_and_keeps_nobody_else_waiting() {
    for mood in [Mood::Broken, Mood::Silent, Mood::Endless, Mood::Another, Mood::Redirecting] {
        let provider = Provider::start(Signer::es256()).await;
        provider.be(mood);
        let bench = trusting(&provider).await;
        let (there, here) = tokio::join!(bench.get("/sign-in/openid").send(), bench.sign_in());
        let there = there.unwrap();
        assert_eq!(there.status(), 502, "{mood:?}");
        assert!(there.headers().get("location").is_none());
        assert!(there.text().await.unwrap().contains("cannot be used just now"), "{mood:?}");
        assert_eq!(status(&bench, &here, "/office").await, 200, "{mood:?}");
        provider.be(Mood::Honest);
        assert_eq!(
            bench.get("/sign-in/openid").send().await.unwrap().status(),
            502,
            "it is left alone for a moment"
        );
        *bench.now.lock().unwrap() = noon() + SignedDuration::from_secs(6);
        assert_eq!(signs_in(&bench, &provider, "first", |_, _| ()).await.status(), 200, "{mood:?}");
    }
}

#[tokio::test]
async fn a_session_of_the_trusts_sign_in_takes_the_place_of_an_old_one_and_ends_after_its_hours() {
    let provider = Provider::start(Signer::es256()).await;
    provider.take_no_basic();
    let bench = trusting(&provider).await;
    let old = bench.sign_in().await;
    let out = bench.get("/sign-in/openid").header("cookie", &old).send().await.unwrap();
    assert_eq!(out.status(), 303);
    assert_eq!(status(&bench, &old, "/office").await, 303, "whoever sets out has left");

    let session = session_of(&signs_in(&bench, &provider, "first", |_, _| ()).await).unwrap();
    for minutes in (0..=480).step_by(20) {
        *bench.now.lock().unwrap() = noon() + SignedDuration::from_mins(minutes);
        assert_eq!(status(&bench, &session, "/ward/W1").await, 200, "{minutes}");
    }
    *bench.now.lock().unwrap() = noon() + SignedDuration::from_mins(481);
    assert_eq!(status(&bench, &session, "/ward/W1").await, 303);
}

#[tokio::test]
async fn an_administrator_sees_who_came_from_the_trusts_sign_in_and_signs_them_out() {
    let provider = Provider::start(Signer::es256()).await;
    let bench = trusting(&provider).await;
    let proof = crate::accounts::Proof::Chosen(PASSWORD);
    bench.desk.accounts.add(&"root".parse().unwrap(), proof, &["administrator".parse().unwrap()]).unwrap();
    let root = bench.sign_in_as("root").await;
    let session = session_of(&signs_in(&bench, &provider, "first", |_, _| ()).await).unwrap();
    let page = bench.get("/office/accounts").header("cookie", &root).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("sso-subject-1"));
    let form = "name=sso-subject-1";
    let done = bench.post("/office/accounts/sign-out", form).header("cookie", &root).send().await.unwrap();
    assert_eq!(done.status(), 303);
    assert_eq!(status(&bench, &session, "/ward/W1").await, 303);
}
