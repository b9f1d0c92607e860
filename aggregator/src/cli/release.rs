//! `release`: what the public may see.

use std::fmt::Write as _;

use jiff::civil::Date;
use serde_json::Value;

use super::say::Style;
use crate::operations::{ReleaseRequest, Request};

#[derive(Debug, Clone, clap::Subcommand)]
pub(super) enum ReleaseCommand {
    /// Show what may be released, and release nothing.
    Plan(ReleaseArguments),
    /// Release it: the display pages show it from then on. What was released cannot be taken back.
    Make(ReleaseArguments),
    /// List everything that was released, the oldest first.
    List {
        /// Print it as JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Clone, clap::Args)]
pub(super) struct ReleaseArguments {
    /// Leave out what arrived after a day; yesterday when absent.
    #[arg(long, value_name = "DATE")]
    until: Option<Date>,
    /// The periods that figures are about; two kinds beside each other hide most of the second.
    #[arg(long, value_enum, default_value_t = By::Month)]
    by: By,
    /// Print it as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum By {
    /// Months, and half years made of them.
    Month,
    /// Fortnights.
    Fortnight,
}

impl ReleaseCommand {
    pub(super) fn asked(&self) -> (Request, Style) {
        let (request, style) = match self {
            Self::Plan(asked) => {
                let fortnights = asked.by == By::Fortnight;
                (ReleaseRequest::Plan { until: asked.until, fortnights }, Style::one(asked.json, plan))
            }
            Self::Make(asked) => {
                let fortnights = asked.by == By::Fortnight;
                (ReleaseRequest::Make { until: asked.until, fortnights }, Style::one(asked.json, plan))
            }
            Self::List { json } => (ReleaseRequest::List, Style::list(*json, release)),
        };
        (Request::Release(request), style)
    }
}

fn subject(value: &Value) -> String {
    let question = value.pointer("/subject/question/question").and_then(Value::as_str);
    question.unwrap_or("friends and family test").to_owned()
}

/// `2026-10   ward:W12   kindness   n 31: best 25, other 6`
fn release(value: &Value) -> String {
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or("");
    let parts = value.get("parts").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let people = |part: &Value| part.get("people").and_then(Value::as_u64).unwrap_or(0);
    let all: u64 = parts.iter().map(people).sum();
    let mut said = format!("{:<9} {:<26} {:<24} n {all}", text("period"), text("unit"), subject(value));
    if parts.len() > 1 {
        let part = |part: &Value| {
            let name = part.get("name").and_then(Value::as_str).unwrap_or("");
            format!("{name} {}", people(part))
        };
        write!(said, ": {}", parts.iter().map(part).collect::<Vec<_>>().join(", ")).unwrap_or_default();
    }
    said
}

fn plan(value: &Value) -> String {
    let releases = value.get("releases").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let hidden = value.get("hidden").and_then(Value::as_array).map_or(0, Vec::len);
    let standing = value.get("standing").and_then(Value::as_u64).unwrap_or(0);
    let mut said = String::new();
    for one in releases {
        writeln!(said, "{}", release(one)).unwrap_or_default();
    }
    let as_of = value.get("as_of").and_then(Value::as_str).unwrap_or("");
    write!(
        said,
        "As of {as_of}: {} figures may be seen, {standing} were released before and stand, {hidden} are not shown.",
        releases.len()
    )
    .unwrap_or_default();
    said
}
