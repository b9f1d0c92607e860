//! The figures of a site for programs: all of it as JSON, the figures as CSV.

use super::Material;
use crate::export::{Cell, Column, Form, Head, Kind};

/// Everything of a site as one JSON document.
pub(super) fn json(material: &Material) -> String {
    // Texts, numbers and lists are always JSON.
    serde_json::to_string_pretty(material).unwrap_or_default() + "\n"
}

/// Every released number: how many people of a unit gave which answer in a period. Its last line has their count and hash, as those of all our
/// tables.
pub(super) fn csv(material: &Material) -> String {
    let head = Head {
        name: "released",
        title: "Released figures".to_owned(),
        notes: Vec::new(),
        columns: vec![
            Column::new("unit", Kind::Text, "The unit."),
            Column::new("unit_name", Kind::Text, "What it is called."),
            Column::new("subject", Kind::Text, "The question's id, or friends_and_family."),
            Column::new("question", Kind::Text, "The question."),
            Column::new("period", Kind::Text, "The period."),
            Column::new("first_day", Kind::Day, "Its first day."),
            Column::new("last_day", Kind::Day, "Its last day."),
            Column::new("as_of", Kind::Day, "Whoever had arrived by the end of this day is in it."),
            Column::new("answers", Kind::Text, "Which answers."),
            Column::new("people", Kind::Count, "How many people gave them."),
            Column::new("of", Kind::Count, "Of how many who answered."),
        ],
    };
    let mut bytes = Vec::new();
    let written = Form::Csv.writer(&head, &mut bytes).and_then(|mut writer| {
        let wards = material.wards.iter().map(|ward| &ward.part);
        for part in [&material.trust].into_iter().chain(&material.units).chain(wards) {
            let unit = part.unit.to_string();
            for figure in &part.figures {
                for told in &figure.told {
                    for answers in &told.parts {
                        writer.row(&[
                            Cell::Text(&unit),
                            Cell::text(Some(&part.name)),
                            Cell::Text(&figure.subject),
                            Cell::text(Some(&figure.question)),
                            Cell::Text(&told.period),
                            Cell::Day(told.first_day),
                            Cell::Day(told.last_day),
                            Cell::Day(told.as_of),
                            Cell::Text(&answers.name),
                            Cell::Count(answers.people),
                            Cell::Count(told.people),
                        ])?;
                    }
                }
            }
        }
        writer.finish()
    });
    // Memory takes everything.
    drop(written);
    String::from_utf8(bytes).unwrap_or_default()
}
