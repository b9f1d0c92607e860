//! Who may sign in, and as what, for administrators: add, change, lock, remove, sign out everywhere. Each change is noted before it is made.
//!
//! Passwords are drawn here and shown once, so that nobody types one for somebody else. Who comes from the trust's own sign-in is listed
//! while signed in, and can only be signed out: what such people may be is in the settings.

use std::collections::BTreeMap;

use axum::Form;
use axum::extract::{Extension, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::failure::Failure;
use super::layout::{self, Page, Place};
use super::routes::{Door, Route, does, reads};
use super::viewer::Viewer;
use super::ward::{off_thread, page_off_thread, sentence};
use super::{Shared, Web, words};
use crate::accounts::{Account, AccountName, AccountsError, Proof, Source};
use crate::audit::Deed;
use crate::policy::Role;

/// So many accounts are shown; the others are found by their names.
const SHOWN: usize = 200;
/// The longest list of roles that is read, in bytes.
const MAX_ROLES_BYTES: usize = 4_000;

/// The routes of this page.
pub(super) fn routes() -> Vec<Route> {
    vec![
        reads("/office/accounts", Door::Accounts, page),
        does("/office/accounts/add", Door::Accounts, add),
        does("/office/accounts/roles", Door::Accounts, roles),
        does("/office/accounts/password", Door::Accounts, password),
        does("/office/accounts/lock", Door::Accounts, lock),
        does("/office/accounts/unlock", Door::Accounts, unlock),
        does("/office/accounts/remove", Door::Accounts, remove),
        does("/office/accounts/sign-out", Door::Accounts, sign_out),
    ]
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Wanted {
    /// A part of a name or of a role.
    #[serde(default)]
    find: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Given {
    name: String,
    #[serde(default)]
    roles: String,
}

/// What is to be done with an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Add,
    Roles,
    Password,
    Lock,
    Unlock,
    Remove,
    SignOut,
}

/// What is said above the list.
enum Said {
    Nothing,
    /// Why it was not done.
    Problem(String),
    /// A password, once.
    Password {
        name: AccountName,
        password: String,
    },
}

pub(crate) async fn page(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failure> {
    page_off_thread(&web, move |web| Ok(render(web, &viewer, &wanted.find, &Said::Nothing))).await
}

async fn add(web: State<Shared>, viewer: Extension<Viewer>, given: Form<Given>) -> Result<Response, Failure> {
    perform(web, viewer, given, What::Add).await
}

async fn roles(web: State<Shared>, viewer: Extension<Viewer>, given: Form<Given>) -> Result<Response, Failure> {
    perform(web, viewer, given, What::Roles).await
}

async fn password(web: State<Shared>, viewer: Extension<Viewer>, given: Form<Given>) -> Result<Response, Failure> {
    perform(web, viewer, given, What::Password).await
}

async fn lock(web: State<Shared>, viewer: Extension<Viewer>, given: Form<Given>) -> Result<Response, Failure> {
    perform(web, viewer, given, What::Lock).await
}

async fn unlock(web: State<Shared>, viewer: Extension<Viewer>, given: Form<Given>) -> Result<Response, Failure> {
    perform(web, viewer, given, What::Unlock).await
}

async fn remove(web: State<Shared>, viewer: Extension<Viewer>, given: Form<Given>) -> Result<Response, Failure> {
    perform(web, viewer, given, What::Remove).await
}

async fn sign_out(web: State<Shared>, viewer: Extension<Viewer>, given: Form<Given>) -> Result<Response, Failure> {
    perform(web, viewer, given, What::SignOut).await
}

async fn perform(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Form(given): Form<Given>,
    what: What,
) -> Result<Response, Failure> {
    off_thread(&web, move |web| {
        Ok(match act(web, &viewer, what, &given)? {
            Said::Nothing => Redirect::to("/office/accounts").into_response(),
            said @ Said::Password { .. } => render(web, &viewer, "", &said).into_response(),
            said @ Said::Problem(_) => {
                (StatusCode::UNPROCESSABLE_ENTITY, render(web, &viewer, "", &said)).into_response()
            }
        })
    })
    .await
}

fn act(web: &Web, viewer: &Viewer, what: What, given: &Given) -> Result<Said, Failure> {
    let (name, roles) = match read(web, what, given) {
        Ok(read) => read,
        Err(why) => return Ok(Said::Problem(sentence(&why))),
    };
    let listed = roles.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let detail = match what {
        What::Add | What::Roles => listed.as_str(),
        What::Password => "a new password",
        What::Lock => "locked",
        What::Unlock => "unlocked",
        What::Remove => "removed",
        What::SignOut => "signed out everywhere",
    };
    web.note(viewer.name(), Deed::ChangedAccount, Some(&format!("account:{name}")), Some(detail))?;
    let accounts = &web.desk.accounts;
    let done = match what {
        What::Add | What::Password => accounts.add(&name, Proof::Drawn, &roles),
        What::Roles => accounts.set_roles(&name, &roles).map(|()| None),
        What::Lock => accounts.lock(&name).map(|()| None),
        What::Unlock => accounts.unlock(&name).map(|()| None),
        What::Remove => accounts.remove(&name).map(|()| None),
        What::SignOut => Ok(None),
    };
    match done {
        Ok(drawn) => {
            web.desk.sessions.end_of(&name);
            Ok(drawn.map_or(Said::Nothing, |password| Said::Password { name, password }))
        }
        Err(error @ AccountsError::File { .. }) => Err(Failure::internal(&error)),
        Err(error) => Ok(Said::Problem(sentence(&format!("this was not done: failed to {error}")))),
    }
}

/// Whom it is about and what they are to be; why it cannot be done, before anything is noted.
fn read(web: &Web, what: What, given: &Given) -> Result<(AccountName, Vec<Role>), String> {
    let name: AccountName = given.name.trim().parse().map_err(|error| format!("{error}"))?;
    let there = web.desk.accounts.get(name.as_str()).is_some();
    match (what, there) {
        (What::Add, true) => return Err(format!("there is an account {name} already: change its roles below")),
        (What::Roles | What::Password | What::Lock | What::Unlock | What::Remove, false) => {
            return Err(format!("there is no account {name} any more"));
        }
        _ => {}
    }
    if !matches!(what, What::Add | What::Roles) {
        return Ok((name, Vec::new()));
    }
    if given.roles.len() > MAX_ROLES_BYTES {
        return Err("there are too many roles".to_owned());
    }
    let texts = given.roles.split([' ', ',', '\t', '\r', '\n']).filter(|text| !text.is_empty());
    let roles: Vec<Role> =
        texts.map(str::parse).collect::<Result<_, _>>().map_err(|error| format!("failed to {error}"))?;
    for role in &roles {
        role.check(&web.desk.world.directory).map_err(|error| format!("failed to {error}"))?;
    }
    if roles.is_empty() { Err(format!("say what {name} may be, as in ward:W12")) } else { Ok((name, roles)) }
}

fn render(web: &Web, viewer: &Viewer, find: &str, said: &Said) -> Markup {
    let mut sessions: BTreeMap<AccountName, (Account, u64)> = BTreeMap::new();
    for open in web.desk.sessions.all(web.now()) {
        sessions.entry(open.account.name.clone()).or_insert((open.account, 0)).1 += 1;
    }
    let find = find.trim();
    let matches = |account: &Account| {
        let role = |role: &Role| role.to_string().contains(find);
        find.is_empty() || account.name.as_str().contains(find) || account.roles.iter().any(role)
    };
    let all = web.desk.accounts.all();
    let found: Vec<&Account> = all.iter().filter(|account| matches(account)).collect();
    let shown = found.get(..found.len().min(SHOWN)).unwrap_or_default();
    let content = html! {
        p.crumbs { a href="/office" { "Office" } " › Who may sign in" }
        div.head { h1 { "Who may sign in" } }
        (above(said))
        div.stack {
            section.sheet.flows aria-labelledby="add" {
                h2 id="add" { "Add an account" }
                p.aside { "Its name is an id and nobody’s real name. A password is drawn and shown once." }
                form method="post" action="/office/accounts/add" {
                    div.field { label for="name" { "Name" } input id="name" name="name" type="text" maxlength="40" autocapitalize="none" spellcheck="false" required; }
                    (roles_field("roles", "", "Roles, for example ward:W12 or consultant:C07"))
                    button.action type="submit" { "Add" }
                }
            }
            section.sheet.flows aria-labelledby="accounts" {
                h2 id="accounts" { (words::of(all.len() as u64, "account", "accounts")) }
                form method="get" action="/office/accounts" {
                    div.field { label for="find" { "Part of a name or of a role" } input id="find" name="find" type="text" value=(find) maxlength="80"; }
                    button.action.quiet type="submit" { "Find" }
                }
                @if found.len() > shown.len() {
                    p { "The first " (shown.len()) " of " (words::count(found.len() as u64)) " are shown." }
                }
                @if shown.is_empty() { p { "None is called so." } } @else { (table(shown, &sessions)) }
            }
            section.sheet.flows aria-labelledby="elsewhere" {
                h2 id="elsewhere" { "Signed in with the trust’s own sign-in" }
                (others(&sessions))
            }
        }
    };
    layout::frame(web, viewer, &Page { title: "Who may sign in", place: Place::Office, live: false }, &content)
}

fn above(said: &Said) -> Markup {
    html! {
        @match said {
            Said::Nothing => {},
            Said::Problem(why) => { p.problem role="alert" { (why) } },
            Said::Password { name, password } => {
                div.note role="status" {
                    p { "The password of " strong { (name) } " is " code { (password) } }
                    p { "It is shown here once and stands nowhere. Hand it over in person or by a way that only they read." }
                }
            },
        }
    }
}

fn roles_field(id: &str, value: &str, label: &str) -> Markup {
    html! {
        div.field { label for=(id) { (label) } input id=(id) name="roles" type="text" value=(value) autocapitalize="none" spellcheck="false" required; }
    }
}

fn table(accounts: &[&Account], sessions: &BTreeMap<AccountName, (Account, u64)>) -> Markup {
    html! {
        div.scroller tabindex="0" role="group" aria-labelledby="accounts" {
            table.cards {
                thead { tr { th scope="col" { "Name" } th scope="col" { "May be" } th.n scope="col" { "Signed in" } th scope="col" { "Change" } } }
                tbody {
                    @for account in accounts {
                        @let name = account.name.as_str();
                        @let listed = account.roles.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
                        tr {
                            th scope="row" { (name) @if account.locked { " " span.tag.silent { "Locked" } } }
                            td data-label="May be" { (listed) }
                            td.n data-label="Signed in" { (sessions.get(&account.name).map_or(0, |(_, many)| *many)) }
                            td {
                                details {
                                    summary { "Change" span.hidden { " " (name) } }
                                    form method="post" action="/office/accounts/roles" {
                                        input type="hidden" name="name" value=(name);
                                        (roles_field(&format!("roles-{name}"), &listed, "Roles"))
                                        button.action.quiet type="submit" { "Save roles" span.hidden { " of " (name) } }
                                    }
                                    (button("sign-out", name, "Sign out everywhere"))
                                    (button("password", name, "Draw a new password"))
                                    @if account.locked { (button("unlock", name, "Unlock")) } @else { (button("lock", name, "Lock")) }
                                    (button("remove", name, "Remove"))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn button(does: &str, name: &str, text: &str) -> Markup {
    html! {
        form method="post" action=(format!("/office/accounts/{does}")) {
            input type="hidden" name="name" value=(name);
            button.action.quiet type="submit" { (text) span.hidden { ": " (name) } }
        }
    }
}

fn others(sessions: &BTreeMap<AccountName, (Account, u64)>) -> Markup {
    let others: Vec<_> = sessions.values().filter(|(account, _)| account.source == Source::Elsewhere).collect();
    html! {
        @if others.is_empty() { p { "Nobody is, at this moment." } } @else {
            div.scroller tabindex="0" role="group" aria-labelledby="elsewhere" {
                table.cards {
                    thead { tr { th scope="col" { "Name" } th scope="col" { "Is" } th.n scope="col" { "Signed in" } th scope="col" { "Change" } } }
                    tbody {
                        @for (account, many) in others {
                            tr {
                                th scope="row" { (account.name) }
                                td data-label="Is" { (account.roles.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")) }
                                td.n data-label="Signed in" { (many) }
                                td { (button("sign-out", account.name.as_str(), "Sign out everywhere")) }
                            }
                        }
                    }
                }
            }
        }
    }
}
