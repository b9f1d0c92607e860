//! The tables as a page.

use std::fmt::Write as _;

use super::super::{DefinitionFile, NotApplicablePolicy, Order, PopulationFile, RuleFile, ScalePartFile};
use super::Table;
use super::worked::{self, Worked};

const HEAD: &str = "# How scores are made

This page is printed from the tables that test the scores, so it cannot say anything else. Write it again with

    WARDVOICE_WRITE_PAGES=1 cargo test --workspace --lib specification

Each table says how many people gave which answers and what must come out, to the digits that are written. `na` is not applicable, `dk` I do
not know, `declined` prefer not to say, `-` never asked: missing is never zero. n is the number of people behind a figure. Intervals
are at 95 %. The vectors (T-01 …) are numbered as in the project's list of published and worked examples.

`wardvoice-aggregator scores --period 2026-F23 --unit ward:W12 --explain` prints the same steps for a score of one's own, and
`wardvoice-aggregator statistics mean` and its like run each formula on any numbers.

Scoring is data: a definition is a JSON file with a version and a hash, checked when it is loaded. A trust's own stand in the folder
`definitions` of the data folder; those of this project are in `aggregator/definitions`.
";

const MADE_OF_SCORES: &str = "
# What is made of scores

The tables below are of control charts, units beside each other, named consultants and small numbers. They give numbers where those above
give people; [statistics.md](statistics.md) says what each method takes, and [signal.md](signal.md), [consultants.md](consultants.md) and
[small-numbers.md](small-numbers.md) where each is used.
";

pub(super) fn page(tables: &[Table], examples: &[Worked]) -> String {
    let mut page = HEAD.to_owned();
    for (place, table) in tables.iter().enumerate() {
        write(&mut page, place + 1, table);
    }
    page.push_str(MADE_OF_SCORES);
    for (place, example) in examples.iter().enumerate() {
        worked::write(&mut page, tables.len() + place + 1, example);
    }
    page
}

fn write(page: &mut String, number: usize, table: &Table) {
    let vectors = if table.vectors.is_empty() { String::new() } else { format!(" ({})", table.vectors) };
    writeln!(page, "\n## {number}. {}{vectors}\n\n{}\n", table.title, table.says).unwrap();
    writeln!(page, "Formula: {}  \nSource: {}\n", table.formula, table.source).unwrap();
    rules(page, &table.definition);
    let header = table.columns.join(" | ");
    writeln!(page, "\n| people | {header} |\n|---|{}", "---|".repeat(table.columns.len())).unwrap();
    for (count, answers) in &table.people {
        writeln!(page, "| {count} | {} |", answers.join(" | ")).unwrap();
    }
    if table.people.is_empty() {
        writeln!(page, "| 0 |{}", " |".repeat(table.columns.len())).unwrap();
    }
    page.push_str("\n| figure | must be | n | interval |\n|---|---|---|---|\n");
    for expected in &table.expected {
        writeln!(page, "| {} | {} | {} | {} |", expected.what, expected.value, expected.n, expected.interval)
            .unwrap();
    }
}

fn rules(page: &mut String, file: &DefinitionFile) {
    let order = match file.order {
        Order::OverPeople => "over people first",
        Order::PerPerson => "person by person first",
    };
    write!(page, "Order: {order}.").unwrap();
    if let Some(reported) = file.reported {
        let ends = |scale: super::super::ScaleFile| {
            format!("{} to {}", points(scale.lowest_milli), points(scale.highest_milli))
        };
        write!(page, " Points {} are reported as {}.", ends(file.scale), ends(reported)).unwrap();
    }
    if let Some(overall) = &file.overall
        && overall.minimum_answered > 1
    {
        write!(page, " Overall needs {} scales.", overall.minimum_answered).unwrap();
    }
    let least = file.minimum_people;
    if least.question.max(least.scale).max(least.overall) > 1 {
        let (question, scale, overall) = (least.question, least.scale, least.overall);
        write!(page, " People needed: question {question}, scale {scale}, overall {overall}.").unwrap();
    }
    if let Some(mix) = &file.case_mix {
        let by: Vec<_> = mix.by.iter().map(ToString::to_string).collect();
        write!(page, " Cells by {}, cap {}.", by.join(" and "), f64::from(mix.cap_milli) / 1000.0).unwrap();
        if let PopulationFile::Counts(counts) = &mix.population {
            let cells = counts.iter().map(|entry| {
                let cell: Vec<_> = entry.cell.iter().map(ToString::to_string).collect();
                format!("{} {}", cell.join("/"), entry.count)
            });
            write!(page, " Standard population: {}.", cells.collect::<Vec<_>>().join(", ")).unwrap();
        }
    }
    page.push_str("\n\n");
    if file.scales.is_empty() {
        return;
    }
    page.push_str("| scale | question | points | not applicable |\n|---|---|---|---|\n");
    file.scales.iter().for_each(|scale| scale_rows(page, scale, ""));
}

fn scale_rows(page: &mut String, scale: &ScalePartFile, inside: &str) {
    let least =
        if scale.minimum_answered > 1 { format!(" (needs {})", scale.minimum_answered) } else { String::new() };
    let name = format!("{inside}{}{least}", scale.id);
    scale.questions.iter().for_each(|rule| rule_row(page, &name, rule));
    scale.scales.iter().for_each(|inner| scale_rows(page, inner, &format!("{} › ", scale.id)));
}

fn rule_row(page: &mut String, scale: &str, rule: &RuleFile) {
    let worth = rule.options.iter().map(|worth| match worth.score {
        wardvoice_protocol::questionnaire::OptionScore::Milli(milli) => format!("{} {}", worth.id, points(milli)),
        wardvoice_protocol::questionnaire::OptionScore::Unscored => format!("{} unscored", worth.id),
    });
    let worth = worth.collect::<Vec<_>>().join(", ");
    let reversed = if rule.reversed { ", reversed" } else { "" };
    let policy = match rule.not_applicable {
        NotApplicablePolicy::Missing => "missing",
        NotApplicablePolicy::NoProblem => "no problem: the best",
    };
    writeln!(page, "| {scale} | {} | {worth}{reversed} | {policy} |", rule.id).unwrap();
}

fn points(milli: i32) -> f64 {
    f64::from(milli) / 1000.0
}
