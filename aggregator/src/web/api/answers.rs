//! What holds for every operation of the description: how to say who one is, and which answers there are besides an operation's own.
//!
//! These follow from what stands before every operation (the door, the doorkeeper, the reading of parameters) and not from the operation,
//! so they are written here once, from the list of routes, and an operation says only what it means by them where that is more.

use serde_json::{Map, Value, json};

use crate::policy::{self, Entrance};
use crate::web::Web;
use crate::web::routes::{self, Door};

/// The description with what holds for every operation.
pub(super) fn with_what_holds_everywhere(mut description: Value, web: &Web) -> Value {
    if let Some(components) = description.pointer_mut("/components").and_then(Value::as_object_mut) {
        components.insert("securitySchemes".to_owned(), ways_in());
    }
    let routes = routes::all();
    let paths = description.pointer_mut("/paths").and_then(Value::as_object_mut);
    for (path, methods) in paths.into_iter().flatten() {
        for (method, operation) in methods.as_object_mut().into_iter().flatten() {
            let is_it = |route: &&routes::Route| route.path == path && route.method.eq_ignore_ascii_case(method);
            if let (Some(operation), Some(route)) = (operation.as_object_mut(), routes.iter().find(is_it)) {
                complete(operation, route.door, is_everybodys(web, route.door));
            }
        }
    }
    description
}

/// How to say who one is.
fn ways_in() -> Value {
    json!({
        "password": { "type": "http", "scheme": "basic", "description": "An account's name and password." },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "__Host-wardvoice_session",
            "description": "The cookie of whoever has signed in on the pages; without TLS, on a loopback address, it is `wardvoice_session`.",
        },
    })
}

/// Whether a door is open to somebody whom nobody knows, as wards' are in a demonstration.
fn is_everybodys(web: &Web, door: Door) -> bool {
    let nobody = policy::Viewer::Nobody;
    let enter =
        |place: policy::Place<'_>| policy::enter(&nobody, place, &web.desk.policy, &web.desk.world.directory);
    matches!(door.place("", enter), Entrance::Open)
}

fn complete(operation: &mut Map<String, Value>, door: Door, is_everybodys: bool) {
    let mut ways = vec![json!({ "password": [] }), json!({ "session": [] })];
    if is_everybodys {
        ways.push(json!({}));
    }
    operation.insert("security".to_owned(), Value::Array(ways));
    let has_parameters = operation.get("parameters").and_then(Value::as_array).is_some_and(|all| !all.is_empty());
    let Some(answers) = operation.get_mut("responses").and_then(Value::as_object_mut) else { return };
    let mut add = |status: &str, says: &str| {
        answers.entry(status).or_insert_with(|| problem(says));
    };
    if has_parameters {
        add("400", "A parameter cannot be read");
    }
    add("401", "Sign in first, or name and password do not belong together");
    // Behind the others, what is asked for decides; they say it themselves.
    if !matches!(door, Door::Open | Door::Description) {
        add("403", "Not for this account");
    }
    add("429", "There were too many wrong passwords");
    if let Some(wait) = answers.get_mut("429").and_then(Value::as_object_mut) {
        let says = "How many seconds to wait.";
        wait.insert(
            "headers".to_owned(),
            json!({ "Retry-After": { "description": says, "schema": { "type": "integer", "minimum": 0 } } }),
        );
    }
    answers.sort_keys();
}

fn problem(says: &str) -> Value {
    json!({
        "description": says,
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
    })
}
