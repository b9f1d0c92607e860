//! The first page of help: every command on one screen, in the order of the work. What one of them takes is on its own page.

/// Commands that go together on a line, and what they do, in the same order.
type Line = (&'static [&'static str], &'static str);

/// What is done, and with which commands.
const GROUPS: [(&str, &[Line]); 6] = [
    (
        "Run it",
        &[
            (&["serve", "demo"], "Take records in and serve pages; the same with a made-up trust"),
            (&["config", "directory"], "Print or check the settings, and the directory of wards"),
            (&["kiosk", "authority", "pin"], "Take kiosks in and say what they ask; certificates; PINs of doors"),
            (&["user", "display"], "Say who may sign in, and which screens in corridors are let in"),
            (&["audit"], "See who did what, and prove that nobody has changed it"),
        ],
    ),
    (
        "Ask people",
        &[
            (&["plan", "translation"], "Change targets and beds; say which translations kiosks may offer"),
            (&["monitor"], "See what is odd in how answers were gathered"),
        ],
    ),
    (
        "Hear what they say",
        &[
            (&["scores", "signal"], "Print the scores of a unit; say what of it is signal or chance"),
            (&["rebase"], "Start control limits afresh where care is known to be another"),
            (&["appraisal", "dispute"], "See a consultant's figures; decide what consultants dispute"),
            (&["comments"], "Read what people wrote, and decide what of it may be shown"),
            (&["definition", "statistics"], "See and check how scores are made; run the formulas on your numbers"),
        ],
    ),
    (
        "Act on it",
        &[
            (&["help", "alert"], "See who asks for help and what needs a look; say that it was seen"),
            (&["delivery"], "Try whether messages reach a contact"),
            (&["action"], "Note what is done about what patients said"),
        ],
    ),
    (
        "Pass it on",
        &[
            (&["release", "publish"], "Decide what the public may see; write it as a site"),
            (&["report", "table"], "Make reports and posters as PDFs; write tables for spreadsheets"),
            (&["fft"], "Make and check the national friends and family return of a month"),
        ],
    ),
    (
        "Look after the records",
        &[
            (&["verify", "rebuild"], "Prove that every record is there; make the facts again from the log"),
            (&["withdraw", "retention"], "Delete what a patient wants back, and what was kept for long enough"),
            (&["backup", "restore"], "Write everything into one sealed file; make a data folder from one"),
            (&["export", "import"], "Write every record as it came; take what is new from such a file"),
            (&["quarantine", "log"], "Judge again what was refused; mend a log that does not open"),
        ],
    ),
];

/// The page as clap fills it in.
pub(super) fn page() -> String {
    let together = |names: &[&str]| names.join(", ");
    let all = GROUPS.iter().flat_map(|(_, lines)| lines.iter());
    let width = all.map(|(names, _)| together(names).len()).max().unwrap_or_default();
    let mut page = vec!["{about-with-newline}\n{usage-heading} {usage}\n\nCommands:".to_owned()];
    for (what, lines) in GROUPS {
        page.push(format!(" {what}:"));
        page.extend(lines.iter().map(|(names, words)| format!("  {:width$}  {words}", together(names))));
    }
    page.push("\nOptions:\n{options}".to_owned());
    page.join("\n")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use std::collections::BTreeSet;

    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Arguments;

    #[test]
    fn every_command_is_on_the_first_page_once() {
        let listed: Vec<&str> = GROUPS
            .iter()
            .flat_map(|(_, lines)| lines.iter())
            .flat_map(|(names, _)| names.iter().copied())
            .collect();
        let arguments = Arguments::command();
        let shown = arguments.get_subcommands().filter(|command| !command.is_hide_set());
        let commands: BTreeSet<&str> = shown.map(clap::Command::get_name).collect();
        assert_eq!(listed.iter().copied().collect::<BTreeSet<_>>(), commands);
        assert_eq!(listed.len(), commands.len());
    }

    #[test]
    fn the_first_page_fits_a_screen() {
        let page = Arguments::command().render_help().to_string();
        assert!(page.contains("\n  serve, demo "), "{page}");
        assert!(page.contains("\nOptions:\n") && page.contains("--data <DIR>"), "{page}");
        assert!(page.lines().count() <= 40, "{} lines", page.lines().count());
        let longest = page.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(longest <= 100, "{longest} columns");
    }
}
