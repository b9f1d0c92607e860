//! What patients wrote, as far as it was released: the same as [`Comments::released`](crate::comments::Comments::released) gives to pages.

use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::Period;

use super::ground::{Progress, Rows, Take};
use super::{Asker, Cell, Column, ExportError, Ground, Head, Kind};
use crate::comments::Tone;

pub(super) struct Released<'a> {
    ground: Ground<'a>,
    asker: Asker<'a>,
    months: Vec<Period>,
}

impl<'a> Released<'a> {
    pub(super) fn new(ground: Ground<'a>, asker: Asker<'a>, months: Vec<Period>) -> Self {
        Self { ground, asker, months }
    }
}

impl Rows for Released<'_> {
    fn head(&self) -> Head {
        Head {
            name: "comments",
            title: "Comments that were released".to_owned(),
            notes: vec![
                "Each was read and passed by a person. Roles stand for names; […] is where something was left out.".to_owned(),
                "A comment says neither the day on which it was written nor who passed it.".to_owned(),
            ],
            columns: vec![
                Column::new("month", Kind::Text, "The month in which it was written."),
                Column::new("ward", Kind::Text, "The ward's id."),
                Column::new("ward_name", Kind::Text, "What the ward is called."),
                Column::new("tone", Kind::Text, "praise, mixed or criticism, in the eyes of whoever passed it."),
                Column::new("asked", Kind::Text, "What was asked."),
                Column::new("language", Kind::Text, "The tag of the language of the interview."),
                Column::new("themes", Kind::Text, "What it is about, as a person decided; a semicolon between themes."),
                Column::new("text", Kind::Text, "What was written, as it was released."),
            ],
        }
    }

    fn each(&self, take: &mut Take<'_>, progress: &mut Progress<'_>) -> Result<(), ExportError> {
        self.ground.comments.catch_up()?;
        let all = self.months.len() as u64;
        for (month, done) in self.months.iter().zip(1..) {
            let name = month.to_string();
            for ward in self.ground.world.directory().wards() {
                let unit = Unit::Ward(ward.id.clone());
                if !(self.asker.reads)(&unit) {
                    continue;
                }
                for comment in self.ground.comments.released(&unit, month, self.asker.audience)? {
                    let tone = match comment.tone {
                        Tone::Praise => "praise",
                        Tone::Mixed => "mixed",
                        Tone::Criticism => "criticism",
                    };
                    let themes = comment.themes.join("; ");
                    // One way to end a line, so that every program that writes and reads it has the same text.
                    let text = comment.text.replace("\r\n", "\n").replace('\r', "\n");
                    take(&[
                        Cell::Text(&name),
                        Cell::Text(ward.id.as_str()),
                        Cell::text(Some(&ward.name)),
                        Cell::Text(tone),
                        Cell::text(Some(&comment.asked)),
                        Cell::Text(&comment.language),
                        Cell::text(Some(&themes)),
                        Cell::text(Some(&text)),
                    ])?;
                }
            }
            progress(done, all);
        }
        Ok(())
    }
}
