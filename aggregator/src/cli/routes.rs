//! `config routes`.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::Result;

use crate::web::every_route;

pub(super) fn run(json: bool) -> Result<ExitCode> {
    let routes = every_route();
    let said = if json {
        serde_json::to_string_pretty(&routes)? + "\n"
    } else {
        let mut said = String::new();
        for route in &routes {
            writeln!(said, "{:<5} {:<45} {}", route.method, route.path, route.door)?;
        }
        said
    };
    super::say::text(&said).map(|()| ExitCode::SUCCESS)
}
