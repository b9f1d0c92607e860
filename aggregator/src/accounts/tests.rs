#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use super::*;

const PASSWORD: &str = "correct horse battery";

fn name(text: &str) -> AccountName {
    text.parse().unwrap()
}

fn roles(texts: &[&str]) -> Vec<Role> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn opened() -> (tempfile::TempDir, Accounts) {
    let folder = tempfile::tempdir().unwrap();
    let accounts = Accounts::open(folder.path().join("accounts.json")).unwrap();
    (folder, accounts)
}

#[test]
fn only_the_password_opens_and_it_is_not_in_the_file() {
    let (folder, accounts) = opened();
    assert!(accounts.is_empty());
    assert!(accounts.verify(OFFICE, PASSWORD).is_none());
    accounts.add(&name(OFFICE), Proof::Chosen(PASSWORD), &[]).unwrap();
    let path = folder.path().join("accounts.json");
    let again = Accounts::open(&path).unwrap();
    assert_eq!(again.verify(OFFICE, PASSWORD).unwrap().roles, BTreeSet::from([Role::Office]));
    assert!(again.verify(OFFICE, "correct horse batterY").is_none());
    assert!(again.verify("somebody", PASSWORD).is_none());
    assert!(again.verify("no name at all", PASSWORD).is_none());
    assert!(!fs::read_to_string(&path).unwrap().contains("horse"));
}

#[test]
fn the_file_is_as_it_was_until_there_are_roles_and_both_are_read() {
    let (folder, accounts) = opened();
    let path = folder.path().join("accounts.json");
    let says = |text: &str| fs::read_to_string(&path).unwrap().contains(text);
    accounts.add(&name(OFFICE), Proof::Chosen(PASSWORD), &[]).unwrap();
    assert!(says("\"version\": 1") && !says("roles"), "as it was before there were roles");
    accounts.add(&name("sister-w12"), Proof::Chosen(PASSWORD), &roles(&["ward:W12", "ward:W13"])).unwrap();
    assert!(says("\"version\": 2") && says("\"ward:W13\""));
    let again = Accounts::open(&path).unwrap();
    assert_eq!(again.all(), accounts.all());
    assert_eq!(again.get("sister-w12").unwrap().roles.len(), 2);
    accounts.remove(&name("sister-w12")).unwrap();
    assert!(says("\"version\": 1"));
    for broken in
        ["", "{}", "{\"version\": 4, \"accounts\": {}}", "{\"version\": 1, \"accounts\": {\"a b\": \"\"}}"]
    {
        fs::write(&path, broken).unwrap();
        assert!(matches!(Accounts::open(&path), Err(AccountsError::Unreadable { .. })), "{broken:?}");
    }
}

#[test]
fn what_cannot_be_an_account_is_refused_and_changes_nothing() {
    let (_folder, accounts) = opened();
    assert!(matches!(accounts.add(&name(OFFICE), Proof::Chosen("short"), &[]), Err(AccountsError::TooShort)));
    assert!(matches!(accounts.add(&name("sister"), Proof::Chosen(PASSWORD), &[]), Err(AccountsError::NoRole(_))));
    assert!(matches!(accounts.remove(&name("sister")), Err(AccountsError::NotThere(_))));
    assert!(matches!(accounts.set_roles(&name("sister"), &roles(&["board"])), Err(AccountsError::NotThere(_))));
    assert!(accounts.is_empty());
    for text in ["", "two words", "-x", "a@b.example", &"x".repeat(41)] {
        assert!(text.parse::<AccountName>().is_err(), "{text:?}");
    }
}

#[test]
fn a_stamp_changes_with_the_password_and_with_the_roles() {
    let (_folder, accounts) = opened();
    let (who, stamp) = (name("board"), || accounts.get("board").unwrap().stamp);
    accounts.add(&who, Proof::Chosen(PASSWORD), &roles(&["board"])).unwrap();
    let first = stamp();
    accounts.set_roles(&who, &roles(&["board", "office"])).unwrap();
    let second = stamp();
    assert_ne!(first, second);
    accounts.add(&who, Proof::Chosen(PASSWORD), &[]).unwrap();
    assert_ne!(second, stamp(), "a new salt is a new stamp");
    assert_eq!(accounts.get("board").unwrap().roles.len(), 2, "a new password leaves the roles");
}

#[test]
fn a_drawn_token_is_given_once_and_opens() {
    let (folder, accounts) = opened();
    let token = accounts.add(&name("corridor"), Proof::Drawn, &roles(&["display:W1"])).unwrap().unwrap();
    assert_eq!(token.len(), 43);
    assert!(accounts.verify("corridor", &token).is_some());
    assert!(!fs::read_to_string(folder.path().join("accounts.json")).unwrap().contains(&token));
}

impl Accounts {
    /// Counts a password that was worked out to its end, with what that cost: an error on the way is cheaper.
    pub(super) fn count(&self, hash: &PasswordHash, tried: &Result<(), argon2::password_hash::Error>) {
        if matches!(tried, Ok(()) | Err(argon2::password_hash::Error::PasswordInvalid)) {
            let cost = format!("{:?} {:?} {:?}", hash.algorithm, hash.version, hash.params);
            self.worked_out.lock().unwrap().push(cost);
        }
    }

    /// What was worked out since the last time.
    pub(crate) fn worked_out(&self) -> Vec<String> {
        std::mem::take(&mut *self.worked_out.lock().unwrap())
    }
}

/// Counted and not timed.
#[test]
fn every_try_works_out_one_password_whoever_it_is_for() {
    let (_folder, accounts) = opened();
    for known in [OFFICE, "shut"] {
        accounts.add(&name(known), Proof::Chosen(PASSWORD), &roles(&["office"])).unwrap();
    }
    accounts.lock(&name("shut")).unwrap();
    let long = "x".repeat(41);
    let mut costs = BTreeSet::new();
    for (who, password) in [
        (OFFICE, PASSWORD),
        (OFFICE, "guess"),
        (OFFICE, ""),
        ("nobody", PASSWORD),
        ("no name at all", PASSWORD),
        (long.as_str(), PASSWORD),
        ("", ""),
        ("shut", PASSWORD),
        ("shut", "guess"),
    ] {
        accounts.verify(who, password);
        let worked_out = accounts.worked_out();
        assert_eq!(worked_out.len(), 1, "{who:?} {password:?}");
        costs.extend(worked_out);
    }
    assert_eq!(costs.len(), 1, "{costs:?}");
}

#[test]
fn an_unknown_name_costs_the_same_work() {
    let (_folder, accounts) = opened();
    accounts.add(&name(OFFICE), Proof::Chosen(PASSWORD), &[]).unwrap();
    let known = accounts.known.read().unwrap().get(&name(OFFICE)).unwrap().password.clone();
    let (known, nobody) = (PasswordHash::new(&known).unwrap(), PasswordHash::new(NOBODY).unwrap());
    assert_eq!((nobody.algorithm, nobody.version), (known.algorithm, known.version));
    assert_eq!(nobody.params, known.params, "19 MiB, twice over");
    assert_eq!(nobody.hash.unwrap().len(), known.hash.unwrap().len());
}

#[test]
fn the_last_administrator_stays() {
    let (_folder, accounts) = opened();
    let last = |result: Result<(), AccountsError>| matches!(result, Err(AccountsError::LastAdministrator(_)));
    accounts.add(&name("one"), Proof::Chosen(PASSWORD), &roles(&["administrator"])).unwrap();
    assert!(last(accounts.remove(&name("one"))));
    assert!(last(accounts.set_roles(&name("one"), &roles(&["office"]))));
    assert!(last(accounts.add(&name("one"), Proof::Chosen(PASSWORD), &roles(&["office"])).map(drop)));
    accounts.set_roles(&name("one"), &roles(&["office", "administrator"])).unwrap();
    accounts.add(&name("two"), Proof::Chosen(PASSWORD), &roles(&["administrator"])).unwrap();
    accounts.remove(&name("one")).unwrap();
    assert!(last(accounts.remove(&name("two"))), "and so does the next");
    assert_eq!(accounts.all().len(), 1);
}

#[test]
fn names_that_say_of_others_who_they_are_are_nobodys_here() {
    let (_folder, accounts) = opened();
    for text in ["sso-c07", "sso_0123", "screen-1", "command", "unknown"] {
        let added = accounts.add(&name(text), Proof::Chosen(PASSWORD), &roles(&["board"]));
        assert!(matches!(added, Err(AccountsError::Reserved(_))), "{text}");
    }
    accounts.add(&name("ssober"), Proof::Chosen(PASSWORD), &roles(&["board"])).unwrap();
}

#[test]
fn a_locked_account_opens_nothing_until_it_is_unlocked_also_after_a_restart() {
    let (folder, accounts) = opened();
    let path = folder.path().join("accounts.json");
    let who = name("sister");
    accounts.add(&who, Proof::Chosen(PASSWORD), &roles(&["ward:W1"])).unwrap();
    let then = accounts.get("sister").unwrap();
    accounts.lock(&who).unwrap();
    let says = |text: &str| fs::read_to_string(&path).unwrap().contains(text);
    assert!(says("\"version\": 3") && says("\"locked\": true"), "a program that knows no locks refuses it");
    for accounts in [&accounts, &Accounts::open(&path).unwrap()] {
        assert!(accounts.verify("sister", PASSWORD).is_none());
        assert_eq!(accounts.still(&then), None, "its sessions end");
        assert!(accounts.get("sister").unwrap().locked);
    }
    accounts.add(&who, Proof::Chosen("another password"), &[]).unwrap();
    assert!(accounts.verify("sister", "another password").is_none(), "a new password is no key to it");
    accounts.lock(&who).unwrap();
    accounts.unlock(&who).unwrap();
    assert!(accounts.verify("sister", "another password").is_some());
    assert!(says("\"version\": 2") && !says("locked"), "as it was before there were locks");
    assert!(matches!(accounts.lock(&name("nobody")), Err(AccountsError::NotThere(_))));
}

#[test]
fn the_last_administrator_is_not_locked_out() {
    let (_folder, accounts) = opened();
    for who in ["one", "two"] {
        accounts.add(&name(who), Proof::Chosen(PASSWORD), &roles(&["administrator"])).unwrap();
    }
    accounts.lock(&name("one")).unwrap();
    assert!(matches!(accounts.lock(&name("two")), Err(AccountsError::LastAdministrator(_))));
    assert!(matches!(accounts.remove(&name("two")), Err(AccountsError::LastAdministrator(_))));
    accounts.unlock(&name("one")).unwrap();
    accounts.lock(&name("two")).unwrap();
}
