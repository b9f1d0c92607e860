//! The administrators' page of accounts.

use super::desk::{Bench, PASSWORD};
use crate::accounts::Proof;

/// A server with an administrator who is signed in.
async fn administered() -> (Bench, String) {
    let bench = Bench::empty(false).await;
    let name = "root".parse().unwrap();
    bench.desk.accounts.add(&name, Proof::Chosen(PASSWORD), &["administrator".parse().unwrap()]).unwrap();
    let cookie = bench.sign_in_as("root").await;
    (bench, cookie)
}

/// What became of a form: the status and the page.
async fn send(bench: &Bench, cookie: &str, what: &str, form: &str) -> (u16, String) {
    let request = bench.post(&format!("/office/accounts/{what}"), form).header("cookie", cookie);
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

#[tokio::test]
async fn an_administrator_adds_an_account_whose_password_is_shown_once() {
    let (bench, cookie) = administered().await;
    let (status, page) = send(&bench, &cookie, "add", "name=sister&roles=ward:W1+display:W1").await;
    assert_eq!(status, 200);
    let start = page.find("<code>").unwrap() + "<code>".len();
    let password: String = page[start..].chars().take_while(|letter| *letter != '<').collect();
    assert_eq!(password.len(), 43);
    let account = bench.desk.accounts.verify("sister", &password).unwrap();
    assert_eq!(account.roles.len(), 2);
    let list = bench.get("/office/accounts").header("cookie", &cookie).send().await.unwrap().text().await.unwrap();
    assert!(list.contains("sister") && list.contains("ward:W1 display:W1") && !list.contains(&password));
    let noted = bench.desk.audit.recent(1).remove(0);
    assert_eq!((noted.who.as_str(), noted.did.as_str()), ("root", "changed_account"));
    assert_eq!(
        (noted.about.as_deref(), noted.detail.as_deref()),
        (Some("account:sister"), Some("ward:W1 display:W1"))
    );
    let (status, page) = send(&bench, &cookie, "password", "name=sister").await;
    assert!(status == 200 && !page.contains(&password));
    assert!(bench.desk.accounts.verify("sister", &password).is_none());
}

#[tokio::test]
async fn what_an_administrator_changes_counts_at_once() {
    let (bench, cookie) = administered().await;
    let sister = "sister".parse().unwrap();
    bench.desk.accounts.add(&sister, Proof::Chosen(PASSWORD), &["ward:W1".parse().unwrap()]).unwrap();
    let status = async |cookie: &str, path: &str| {
        bench.get(path).header("cookie", cookie).send().await.unwrap().status().as_u16()
    };
    for (what, form) in
        [("roles", "name=sister&roles=ward:W2"), ("sign-out", "name=sister"), ("remove", "name=sister")]
    {
        let theirs = bench.sign_in_as("sister").await;
        assert_ne!(status(&theirs, "/").await, 303);
        assert_eq!(send(&bench, &cookie, what, form).await.0, 303, "{what}");
        assert_eq!(status(&theirs, "/").await, 303, "{what}");
    }
    assert!(bench.desk.accounts.get("sister").is_none());
    let noted = bench.desk.audit.recent(10);
    let details: Vec<_> = noted
        .iter()
        .filter(|entry| entry.did == "changed_account")
        .filter_map(|entry| entry.detail.as_deref())
        .collect();
    assert_eq!(details, ["removed", "signed out everywhere", "ward:W2"]);
}

#[tokio::test]
async fn a_locked_account_is_out_at_once_and_in_again_once_it_is_unlocked() {
    let (bench, cookie) = administered().await;
    let sister = "sister".parse().unwrap();
    bench.desk.accounts.add(&sister, Proof::Chosen(PASSWORD), &["ward:W1".parse().unwrap()]).unwrap();
    let status = async |cookie: &str, path: &str| {
        bench.get(path).header("cookie", cookie).send().await.unwrap().status().as_u16()
    };
    let theirs = bench.sign_in_as("sister").await;
    assert_eq!(status(&theirs, "/ward/W1").await, 200);
    assert_eq!(send(&bench, &cookie, "lock", "name=sister").await.0, 303);
    assert_eq!(status(&theirs, "/ward/W1").await, 303, "the session ends at once");
    let form = format!("name=sister&password={}&next=/", PASSWORD.replace(' ', "+"));
    let refused = bench.post("/sign-in", &form).send().await.unwrap();
    assert_eq!(refused.status(), 422);
    assert!(refused.text().await.unwrap().contains("do not belong together"), "it is not told that it is locked");
    let list = bench.get("/office/accounts").header("cookie", &cookie).send().await.unwrap().text().await.unwrap();
    assert!(list.contains("Locked") && list.contains("/office/accounts/unlock"), "{list}");
    assert_eq!(send(&bench, &cookie, "unlock", "name=sister").await.0, 303);
    assert_eq!(status(&theirs, "/ward/W1").await, 303, "and does not come back with the account");
    let again = bench.sign_in_as("sister").await;
    assert_eq!(status(&again, "/ward/W1").await, 200);
    let noted = bench.desk.audit.recent(20);
    let details: Vec<_> = noted.iter().filter_map(|entry| entry.detail.as_deref()).collect();
    assert!(details.contains(&"locked") && details.contains(&"unlocked"), "{details:?}");
}

#[tokio::test]
async fn what_cannot_be_done_with_an_account_is_said_and_changes_nothing() {
    let (bench, cookie) = administered().await;
    let before = bench.desk.accounts.all();
    for (what, form, says) in [
        ("remove", "name=root", "the last to have it"),
        ("lock", "name=root", "the last to have it"),
        ("lock", "name=nobody", "There is no account nobody any more"),
        ("roles", "name=root&roles=office", "the last to have it"),
        ("remove", "name=nobody", "There is no account nobody any more"),
        ("roles", "name=nobody&roles=office", "There is no account nobody any more"),
        ("add", "name=root&roles=office", "There is an account root already"),
        ("add", "name=a+b&roles=office", "no name of an account"),
        ("add", "name=sso-c07&roles=office", "kept for others"),
        ("add", "name=sister&roles=nurse", "Failed to read the role"),
        ("add", "name=sister&roles=ward:W99", "the directory has no such ward"),
        ("add", "name=sister&roles=+", "Say what sister may be"),
    ] {
        let (status, page) = send(&bench, &cookie, what, form).await;
        assert_eq!(status, 422, "{what} {form}");
        assert!(page.contains(says), "{what} {form}: {page}");
    }
    assert_eq!(bench.desk.accounts.all(), before);
}

#[tokio::test]
async fn what_cannot_be_noted_about_accounts_is_not_done() {
    let (bench, cookie) = administered().await;
    bench.desk.audit.break_for_a_test();
    assert_eq!(send(&bench, &cookie, "add", "name=sister&roles=ward:W1").await.0, 503);
    assert!(bench.desk.accounts.get("sister").is_none());
}

#[tokio::test]
async fn accounts_are_found_by_a_part_of_their_name_or_role() {
    let (bench, cookie) = administered().await;
    for number in 0..3 {
        let name = format!("ward-{number}").parse().unwrap();
        bench.desk.accounts.add(&name, Proof::Chosen(PASSWORD), &["ward:W2".parse().unwrap()]).unwrap();
    }
    let find = async |part: &str| {
        let path = format!("/office/accounts?find={part}");
        bench.get(&path).header("cookie", &cookie).send().await.unwrap().text().await.unwrap()
    };
    let page = find("ward-1").await;
    assert!(page.contains("roles-ward-1") && !page.contains("roles-ward-2"));
    assert!(find("ward:W2").await.contains("roles-ward-2"));
    assert!(find("%3Cscript%3E").await.contains("None is called so."));
}
