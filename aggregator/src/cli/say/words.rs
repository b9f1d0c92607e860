//! Answers in words. Each reads the JSON that `--json` would print.

use std::fmt::Write as _;

use serde_json::Value;

pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or("")
}

pub(super) fn number(value: &Value, pointer: &str) -> u64 {
    value.pointer(pointer).and_then(Value::as_u64).unwrap_or(0)
}

pub(super) fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

pub(super) fn plural(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// `k-0017  W12  <fingerprint>  inpatient@1, asked`
pub(crate) fn kiosk(value: &Value) -> String {
    let kind = if value.pointer("/simulated").and_then(Value::as_bool) == Some(true) { "  simulated" } else { "" };
    let hash = |name: &str| value.pointer(name).and_then(Value::as_str);
    let asks = match (hash("/asked"), hash("/applied")) {
        (None, _) => "questionnaire not known here",
        (Some(asked), Some(applied)) if asked == applied => "asked",
        (Some(_), Some(_)) => "not asked yet",
        (Some(_), None) => "no word yet",
    };
    // The day is enough for whoever plans.
    let until = hash("/certificate_until").and_then(|until| until.split('T').next());
    let certificate = until.map_or_else(String::new, |day| format!("  certificate until {day}"));
    let forked = value.pointer("/forked").and_then(Value::as_u64).map_or_else(String::new, |records| {
        let records = plural(records, "record is", "records are");
        format!("\n      two tablets send in its name, {records} not counted: take it off and enrol it again")
    });
    format!(
        "{:<24} {:<12} {}  {}, {asks}{kind}{certificate}{forked}",
        text(value, "/id"),
        text(value, "/ward"),
        text(value, "/fingerprint"),
        text(value, "/questionnaire")
    )
}

/// `  7  W12  open, due 2026-12-01 (ward sister)` and the two texts below it.
pub(crate) fn action(value: &Value) -> String {
    let optional = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
    let standing = match (optional("/done"), optional("/due")) {
        (Some(done), _) => format!("done {done}"),
        (None, Some(due)) => format!("open, due {due}"),
        (None, None) => "open".to_owned(),
    };
    let late = if value.pointer("/overdue").and_then(Value::as_bool) == Some(true) { ", overdue" } else { "" };
    let owner = optional("/owner").map(|owner| format!(" ({owner})")).unwrap_or_default();
    let effect = optional("/effect/words").map(|words| format!("\n      {words}")).unwrap_or_default();
    format!(
        "{:>4}  {:<20} {standing}{late}{owner}\n      you said: {}\n      we did:   {}{effect}",
        number(value, "/number"),
        optional("/ward").unwrap_or_else(|| text(value, "/unit")),
        text(value, "/said"),
        text(value, "/did")
    )
}

/// The sentence, and what is to be reached.
pub(crate) fn signal(value: &Value) -> String {
    let at = |pointer: &str| value.pointer(pointer).and_then(Value::as_f64);
    let mut said = text(value, "/words").to_owned();
    if let Some(target) = at("/target") {
        let word = match text(value, "/assurance") {
            "pass" => "will be met",
            "fail" => "will be missed unless something changes",
            _ => "may be met or missed",
        };
        write!(said, " Target {target}: {word}.").unwrap_or_default();
    }
    said
}

/// `  1  ward:W1  every measure  from 2026-F12: the ward moved`
pub(crate) fn rebase(value: &Value) -> String {
    let optional = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
    let measure = optional("/measure").unwrap_or("every measure");
    let mut said = format!(
        "{:>4}  {:<16} {measure:<20} from {}: {}",
        number(value, "/number"),
        text(value, "/unit"),
        text(value, "/from"),
        text(value, "/reason")
    );
    if let Some(removed) = optional("/removed") {
        write!(said, "\n      removed {removed}").unwrap_or_default();
        if let Some(because) = optional("/removed_because") {
            write!(said, ": {because}").unwrap_or_default();
        }
    }
    said
}

/// `01a2…  W12  2026-11-23T10:15:00Z  drink  Bay 2`
pub(crate) fn help_request(value: &Value) -> String {
    format!(
        "{}  {:<12} {}  {:<8} {}",
        text(value, "/record"),
        text(value, "/ward"),
        text(value, "/asked"),
        text(value, "/need"),
        text(value, "/place")
    )
    .trim_end()
    .to_owned()
}

/// Who has seen a request first.
pub(crate) fn help_seen(value: &Value) -> String {
    format!("Seen by {} at {}.", text(value, "/seen/by"), text(value, "/seen/at"))
}

/// `sister-w12           ward:W12 ward:W13`, and the token below it when one was drawn.
pub(crate) fn account(value: &Value) -> String {
    let roles: Vec<_> = list(value, "/roles").iter().filter_map(Value::as_str).collect();
    let mut said = format!("{:<24} {}", text(value, "/name"), roles.join(" "));
    if value.pointer("/locked").and_then(Value::as_bool) == Some(true) {
        said.push_str("  (locked)");
    }
    if let Some(token) = value.pointer("/token").and_then(Value::as_str) {
        write!(said, "\nIts token, which is nowhere else: {token}").unwrap_or_default();
    }
    said
}

/// Whose sessions were ended, and how many there were.
pub(crate) fn signed_out(value: &Value) -> String {
    format!("{}: {} ended", text(value, "/name"), plural(number(value, "/sessions"), "session", "sessions"))
}

/// One screen's token: `   3  W12          let in 2026-11-23T08:00:00Z`.
pub(crate) fn display_token(value: &Value) -> String {
    let optional = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
    let standing = match (optional("/entered"), optional("/until")) {
        (Some(entered), _) => format!("let in {entered}"),
        (None, Some(until)) => format!("to be opened until {until}"),
        (None, None) => String::new(),
    };
    let mut said = format!("{:>4}  {:<12} {standing}", number(value, "/number"), text(value, "/ward"));
    if let Some(address) = optional("/address").or_else(|| optional("/path")) {
        write!(
            said,
            "\nOpen this once on the screen; it is nowhere else, and afterwards it opens nothing:\n{address}"
        )
        .unwrap_or_default();
    }
    said
}

/// One entry of the audit.
pub(crate) fn audited(value: &Value) -> String {
    let row = format!(
        "{:>6}  {}  {:<20} {:<16} {:<24} {}",
        number(value, "/number"),
        text(value, "/at"),
        text(value, "/who"),
        text(value, "/did"),
        text(value, "/about"),
        text(value, "/detail")
    );
    row.trim_end().to_owned()
}

/// What a check of the audit found.
pub(crate) fn audit_report(value: &Value) -> String {
    let mut said = format!(
        "{}; the last is {} {}",
        plural(number(value, "/entries"), "entry", "entries"),
        number(value, "/head/number"),
        text(value, "/head/hash")
    );
    for fault in list(value, "/faults") {
        write!(said, "\nFault: {}", fault.as_str().unwrap_or_default()).unwrap_or_default();
    }
    said.push_str(if list(value, "/faults").is_empty() {
        "\nEvery entry follows the one before. Keep the last line's number and hash elsewhere: `audit verify --expects NUMBER:HASH` proves later \
         that nothing up to it was taken away."
    } else {
        "\nSomebody has changed it. Keep the file as it is, and compare it with the last backup."
    });
    said
}

/// `  3  C07  2026-F23 W12 (roster)  open` and the reason below it; `6m-2026-11-22 W12 (all)` where it is about all contacts of six months.
pub(crate) fn dispute(value: &Value) -> String {
    let ruled = value.pointer("/ruled").filter(|ruled| !ruled.is_null());
    let standing = ruled.map_or_else(
        || "open".to_owned(),
        |ruled| format!("{} on {}", text(ruled, "/ruling"), text(ruled, "/on")),
    );
    let window = value.pointer("/window").and_then(Value::as_str);
    let when = window.unwrap_or_else(|| text(value, "/fortnight"));
    let ward = value.pointer("/ward").and_then(Value::as_str).unwrap_or("any ward");
    let who = window.map_or_else(|| text(value, "/source"), |_| "all");
    format!(
        "{:>4}  {:<12} {when} {ward} ({who})  {standing}\n      {}",
        number(value, "/number"),
        text(value, "/consultant"),
        text(value, "/reason")
    )
}

/// What an audience sees of a consultant.
pub(crate) fn appraisal(value: &Value) -> String {
    let mut said = format!(
        "{} ({}), six months {} to {}, as {}\n{}\n\n",
        text(value, "/label"),
        text(value, "/consultant"),
        text(value, "/first_day"),
        text(value, "/last_day"),
        text(value, "/audience"),
        text(value, "/why")
    );
    if let Some(instead) = value.pointer("/instead_of").filter(|one| !one.is_null()) {
        let (last, why) = (text(instead, "/last_day"), text(instead, "/why"));
        writeln!(said, "Shown instead of the six months to {last}: {why}.\n").unwrap_or_default();
    }
    line(&mut said, "Score", value.pointer("/score").filter(|score| !score.is_null()));
    if let Some(trusted) = value.pointer("/reliability").filter(|one| !one.is_null()) {
        let at = |pointer: &str| trusted.pointer(pointer).and_then(Value::as_f64);
        writeln!(said, "Reliability {:.2}, by {}.", at("/value").unwrap_or(0.0), text(trusted, "/source"))
            .unwrap_or_default();
        if let Some(shrunk) = at("/shrunk") {
            writeln!(said, "Best guess {shrunk:.1}.").unwrap_or_default();
        }
    }
    for question in list(value, "/domains").iter().flat_map(|domain| list(domain, "/questions")) {
        writeln!(said, "\n{}", text(question, "/label")).unwrap_or_default();
        for option in list(question, "/distribution") {
            writeln!(said, "  {:<40} {:>6}", text(option, "/label"), number(option, "/count")).unwrap_or_default();
        }
    }
    for withheld in list(value, "/withheld") {
        writeln!(said, "Withheld: {} ({})", text(withheld, "/what"), text(withheld, "/why")).unwrap_or_default();
    }
    said.trim_end().to_owned()
}

/// What a rebuild came to.
pub(crate) fn rebuilt(value: &Value) -> String {
    let seconds = value.pointer("/seconds").and_then(Value::as_f64).unwrap_or(0.0);
    let contacts = plural(number(value, "/contacts"), "contact", "contacts");
    let same = if value.pointer("/same").and_then(Value::as_bool) == Some(true) {
        "They are the same as the facts that were in use."
    } else {
        "They are not the same as the facts that were in use, which have been replaced. Run `verify --deep`."
    };
    format!(
        "Made the facts of {contacts} from {} in {seconds:.2} s.\n{same}",
        plural(number(value, "/records"), "record", "records")
    )
}

/// One line of the quarantine.
pub(crate) fn refused(value: &Value) -> String {
    format!(
        "{:>6}  {}  {:<20} {:<22} {}",
        number(value, "/number"),
        text(value, "/received"),
        text(value, "/kiosk"),
        text(value, "/reason"),
        text(value, "/detail")
    )
}

/// One entry of the quarantine with what came.
pub(crate) fn entry(value: &Value) -> String {
    let mut said = refused(value.pointer("/entry").unwrap_or(value));
    match value.pointer("/payload").and_then(Value::as_str) {
        Some(payload) => write!(said, "\n\n{payload}"),
        None => write!(said, "\n\nNot text; as base64:\n{}", text(value, "/payload_base64")),
    }
    .unwrap_or_default();
    said
}

/// What a replay of one entry came to.
pub(crate) fn replayed(value: &Value) -> String {
    let number = number(value, "/number");
    match value.pointer("/decision/refused") {
        Some(refusal) => {
            format!("{number:>6}  refused again: {} ({})", text(refusal, "/reason"), text(refusal, "/detail"))
        }
        None => format!("{number:>6}  {}", text(value, "/decision")),
    }
}

/// What a salvage came to.
pub(crate) fn salvaged(value: &Value) -> String {
    let promised = value.pointer("/promised").and_then(Value::as_u64);
    let mut said = format!(
        "Took over {} and {} in quarantine",
        plural(number(value, "/records"), "record", "records"),
        number(value, "/quarantined")
    );
    match promised {
        Some(promised) => write!(said, "; the old log promised {promised}."),
        None => write!(said, "; how many the old log promised cannot be read."),
    }
    .unwrap_or_default();
    if let Some(why) = value.pointer("/stopped_at").and_then(Value::as_str) {
        write!(said, "\nReading ended early: {why}").unwrap_or_default();
    }
    write!(said, "\nThe damaged log is kept in {}.", text(value, "/damaged")).unwrap_or_default();
    said
}

/// What an import came to.
pub(crate) fn imported(value: &Value) -> String {
    let mut said = format!(
        "Read {}: {} new, {} known, {} refused.",
        plural(number(value, "/lines"), "line", "lines"),
        number(value, "/accepted"),
        number(value, "/known"),
        number(value, "/refused")
    );
    if number(value, "/not_kept") > 0 {
        write!(said, " {} could not be kept: the quarantine is full.", number(value, "/not_kept"))
            .unwrap_or_default();
    }
    if number(value, "/refused") > 0 {
        said.push_str(" See `quarantine list`.");
    }
    if number(value, "/forgotten") > 0 {
        write!(
            said,
            " {} deleted, as where it comes from.",
            plural(number(value, "/forgotten"), "record is", "records are")
        )
        .unwrap_or_default();
    }
    said
}

/// What a verification found.
pub(crate) fn report(value: &Value) -> String {
    let is = |pointer: &str| value.pointer(pointer).and_then(Value::as_bool) == Some(true);
    let kiosks = list(value, "/kiosks");
    let mut said = format!(
        "{} from {}; {} in quarantine.\n",
        plural(number(value, "/records"), "record", "records"),
        plural(kiosks.len() as u64, "kiosk", "kiosks"),
        number(value, "/quarantined")
    );
    let what = if is("/deep") { "opened and judged again" } else { "read" };
    let (envelopes, sheets) = (number(value, "/envelopes_checked"), number(value, "/scores/compared"));
    writeln!(
        said,
        "{} {what}; {} compared.",
        plural(envelopes, "envelope", "envelopes"),
        plural(sheets, "score sheet", "score sheets")
    )
    .unwrap_or_default();
    if number(value, "/forgotten") > 0 {
        let forgotten = plural(number(value, "/forgotten"), "record was", "records were");
        writeln!(said, "{forgotten} deleted or reduced; their places are here.").unwrap_or_default();
    }
    for kiosk in kiosks {
        for gap in list(kiosk, "/gaps") {
            writeln!(
                said,
                "Missing of {}: {} to {}",
                text(kiosk, "/kiosk"),
                number(gap, "/first"),
                number(gap, "/last")
            )
            .unwrap_or_default();
        }
    }
    for fault in list(value, "/told") {
        writeln!(said, "Fault: {}", fault.as_str().unwrap_or_default()).unwrap_or_default();
    }
    let faults = number(value, "/faults");
    let untold = faults.saturating_sub(list(value, "/told").len() as u64);
    if untold > 0 {
        writeln!(said, "and {untold} more.").unwrap_or_default();
    }
    said.push_str(match (is("/sound"), is("/complete")) {
        (true, true) => "Proved: every record is here once, and every figure follows from them.",
        (true, false) => "Sound, but not complete: what is missing may still be in an outbox.",
        (false, _) => "Not sound: keep this log as it is, and restore the last backup beside it to compare.",
    });
    said
}

/// A score sheet: never a number without its n.
pub(crate) fn sheet(value: &Value) -> String {
    let mut said = format!(
        "{} ({}), {}: {} to {}\n",
        text(value, "/unit_name"),
        text(value, "/unit"),
        text(value, "/period"),
        text(value, "/first_day"),
        text(value, "/last_day")
    );
    if let Some(cut) = value.pointer("/cut").and_then(Value::as_str) {
        writeln!(said, "only {cut}").unwrap_or_default();
    }
    let revision = number(value, "/revision");
    let standing = match (text(value, "/standing"), revision) {
        ("final", 0 | 1) => "final".to_owned(),
        ("final", revision) => format!("final, revision {revision}"),
        (other, _) => other.to_owned(),
    };
    write!(said, "{standing}; {}", plural(number(value, "/responses"), "response", "responses"))
        .unwrap_or_default();
    if let Some(plan) = value.pointer("/plan").filter(|plan| !plan.is_null()) {
        write!(said, "; plan {} of {}", number(plan, "/done"), number(plan, "/quota")).unwrap_or_default();
    }
    said.push_str("\n\n");
    line(&mut said, "Overall", value.pointer("/overall"));
    norm(&mut said, value);
    for domain in list(value, "/domains") {
        scale(&mut said, domain, 0);
    }
    if let Some(standardised) = value.pointer("/standardised") {
        line(&mut said, "Overall, standardised", standardised.pointer("/overall"));
    }
    said.push('\n');
    line(&mut said, "Friends and family, % positive", value.pointer("/friends_and_family/positive"));
    line(&mut said, "Friends and family, % negative", value.pointer("/friends_and_family/negative"));
    for group in list(value, "/coverage/under_represented") {
        writeln!(said, "Too few of {}.", group.as_str().unwrap_or_default()).unwrap_or_default();
    }
    write!(
        said,
        "\ndefinition {} version {} {}\nquestionnaire {} version {} {}",
        text(value, "/definition/id"),
        number(value, "/definition/version"),
        text(value, "/definition/hash"),
        text(value, "/questionnaire/id"),
        number(value, "/questionnaire/version"),
        text(value, "/questionnaire/hash")
    )
    .unwrap_or_default();
    if let Some(from) = value.pointer("/provenance") {
        write!(
            said,
            "\nlog up to {} {}\nprogram {}",
            number(from, "/log_position"),
            text(from, "/log_hash"),
            text(from, "/code")
        )
        .unwrap_or_default();
    }
    said
}

/// A scale, and the scales inside it further in.
fn scale(said: &mut String, domain: &Value, depth: usize) {
    let label = format!("{}{}", "  ".repeat(depth), text(domain, "/label"));
    line(said, &label, domain.pointer("/figure"));
    norm(said, domain);
    for part in list(domain, "/parts") {
        scale(said, part, depth + 1);
    }
}

/// The norm that a score is compared with, named as what it is.
fn norm(said: &mut String, of: &Value) {
    let Some(norm) = of.pointer("/norm").filter(|norm| !norm.is_null()) else { return };
    let at = |pointer: &str| norm.pointer(pointer).and_then(Value::as_f64).unwrap_or(0.0);
    let source = text(norm, "/source");
    writeln!(said, "    norm {:.1}, standard deviation {:.1} ({source})", at("/mean"), at("/sd"))
        .unwrap_or_default();
}

/// A score and how it came to be.
pub(crate) fn explained(value: &Value) -> String {
    let mut said = value.pointer("/sheet").map(sheet).unwrap_or_default();
    for (place, step) in list(value, "/steps").iter().enumerate() {
        write!(said, "\n\n{}. {}", place + 1, text(step, "/title")).unwrap_or_default();
        for line in list(step, "/lines") {
            write!(said, "\n   {}", line.as_str().unwrap_or_default()).unwrap_or_default();
        }
    }
    said
}

fn line(said: &mut String, label: &str, figure: Option<&Value>) {
    let Some(figure) = figure else { return };
    let at = |pointer: &str| figure.pointer(pointer).and_then(Value::as_f64);
    let interval = match (at("/lower"), at("/upper")) {
        (Some(lower), Some(upper)) => format!("{lower:.1} to {upper:.1}"),
        _ => String::new(),
    };
    let shown = at("/value").map_or_else(|| "-".to_owned(), |value| format!("{value:.1}"));
    let why = text(figure, "/why");
    let row = format!("{label:<34} {shown:>6}  n {:<6} {interval:<14} {why}", number(figure, "/n"));
    writeln!(said, "{}", row.trim_end()).unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_sheet_shows_every_figure_with_its_n() {
        let figure =
            |value: f64| json!({"value": value, "n": 31, "lower": value - 0.5, "upper": 10.0, "why": null});
        let sheet = sheet(&json!({
            "period": "2026-F23", "first_day": "2026-11-09", "last_day": "2026-11-22", "unit": "ward:W1",
            "unit_name": "Ward 1", "standing": "final", "revision": 2, "responses": 31,
            "definition": {"id": "inpatient", "version": 1, "hash": "aa"},
            "questionnaire": {"id": "inpatient", "version": 1, "hash": "bb"},
            "plan": {"quota": 40, "done": 31},
            "overall": figure(8.4),
            "domains": [{"id": "kindness", "label": "Kindness", "figure":
                {"value": null, "n": 0, "lower": null, "upper": null, "why": "nobody answered"}}],
            "friends_and_family": {"positive": figure(9.0), "negative": figure(1.0)}
        }));
        insta::assert_snapshot!(sheet);
    }

    #[test]
    fn a_kiosk_with_two_tablets_in_its_name_says_what_to_do() {
        let line =
            |forked: Value| kiosk(&json!({"id": "k-1", "ward": "W1", "fingerprint": "1111", "forked": forked}));
        assert!(!line(Value::Null).contains("two tablets"));
        let said = line(json!(37));
        let told = "two tablets send in its name, 37 records are not counted: take it off and enrol it again";
        assert!(said.starts_with("k-1 ") && said.ends_with(told), "{said}");
    }

    #[test]
    fn an_import_says_what_it_deleted_where_it_did() {
        let said = |forgotten: u64| {
            imported(&json!({"lines": 3, "accepted": 2, "known": 0, "refused": 0, "forgotten": forgotten}))
        };
        assert_eq!(said(0), "Read 3 lines: 2 new, 0 known, 0 refused.");
        assert!(said(1).ends_with("refused. 1 record is deleted, as where it comes from."), "{}", said(1));
    }

    #[test]
    fn a_report_says_what_is_missing_and_what_is_wrong() {
        let gap = json!({"first": 4, "last": 6});
        let report = |sound: bool, complete: bool, gaps: &[Value], told: &[&str]| {
            report(&json!({
                "sound": sound, "complete": complete, "deep": true, "records": 10, "quarantined": 1,
                "envelopes_checked": 10, "kiosks": [{"kiosk": "k-1", "gaps": gaps}], "scores": {"compared": 31},
                "faults": told.len() * 2, "told": told
            }))
        };
        insta::assert_snapshot!(report(true, true, &[], &[]));
        insta::assert_snapshot!(report(false, false, &[gap], &["record 3 is not linked to record 2"]));
    }
}
