//! How many patients of each ward were eligible: the form, and what was written into it.

use std::collections::BTreeMap;

use maud::{Markup, html};
use wardvoice_protocol::fortnight::Period;
use wardvoice_protocol::id::{Hash, WardId};

use super::{Said, View};
use crate::national_return::MOST_ELIGIBLE;
use crate::web::failure::Failure;
use crate::web::{Web, words};

/// The form's fields with what is in them.
pub(super) struct Typed {
    fields: BTreeMap<WardId, Field>,
    /// What would be noted anew; none when a field is wrong.
    pub(super) counts: Option<BTreeMap<WardId, u64>>,
    /// Whether somebody else has noted something since the form was opened.
    pub(super) is_stale: bool,
    /// From what was noted when the form was opened, so that nobody undoes unseen what another has noted.
    seen: String,
}

#[derive(Default)]
struct Field {
    text: String,
    /// What is noted.
    known: Option<u64>,
    /// What is wrong with what was written.
    wrong: Option<String>,
}

impl Typed {
    /// What is noted, and nothing new.
    pub(super) fn known(web: &Web, month: &Period) -> Self {
        let known = web.desk.returns.eligible(&month.to_string());
        let said: Vec<_> = known.iter().map(|(ward, count)| format!("{ward} {count}\n")).collect();
        let said = said.concat();
        let fields = web.desk.world.directory.wards().iter().map(|ward| {
            let known = known.get(&ward.id).copied();
            let text = known.map(|count| count.to_string()).unwrap_or_default();
            (ward.id.clone(), Field { text, known, wrong: None })
        });
        Self {
            fields: fields.collect(),
            counts: Some(BTreeMap::new()),
            is_stale: false,
            seen: Hash::of(said.as_bytes()).to_string(),
        }
    }

    /// What was written into the form's fields.
    pub(super) fn read(web: &Web, month: &Period, pairs: &[(String, String)]) -> Result<Self, Failure> {
        let mut typed = Self::known(web, month);
        typed.is_stale = !pairs.iter().any(|(name, value)| name == "seen" && *value == typed.seen);
        let mut counts = BTreeMap::new();
        for (name, value) in pairs {
            let Some(id) = name.strip_prefix("eligible-") else { continue };
            let ward = WardId::new(id).ok();
            let known = ward.as_ref().and_then(|ward| typed.fields.get_mut(ward));
            let (Some(ward), Some(field)) = (ward, known) else { return Err(Failure::unknown_ward(id)) };
            field.write(value);
            if let (Some(count), None) = (field.new_count(), &field.wrong) {
                counts.insert(ward, count);
            }
        }
        let is_well = typed.fields.values().all(|field| field.wrong.is_none());
        typed.counts = is_well.then_some(counts);
        Ok(typed)
    }
}

impl Field {
    fn write(&mut self, value: &str) {
        value.trim().clone_into(&mut self.text);
        let is_number = self.count().is_some();
        self.wrong = match self.known {
            _ if is_number => None,
            None if self.text.is_empty() => None,
            Some(known) if self.text.is_empty() => Some(format!(
                "{} are noted, and a number that is noted cannot be taken back. Write the right one.",
                words::count(known)
            )),
            _ => Some(format!(
                "Write a whole number from 0 to {}, with nothing between its digits; you wrote “{}”.",
                words::count(MOST_ELIGIBLE),
                self.text
            )),
        };
    }

    fn count(&self) -> Option<u64> {
        let is_plain = !self.text.is_empty() && self.text.bytes().all(|byte| byte.is_ascii_digit());
        let count = is_plain.then(|| self.text.parse::<u64>().ok()).flatten();
        count.filter(|count| *count <= MOST_ELIGIBLE)
    }

    /// What the field says where that is not what is noted.
    fn new_count(&self) -> Option<u64> {
        self.count().filter(|count| Some(*count) != self.known)
    }
}

/// The form, a field for each ward.
pub(super) fn form(view: &View) -> Markup {
    let wrong = view.typed.fields.values().filter(|field| field.wrong.is_some()).count() as u64;
    html! {
        section #eligible.sheet.flows aria-labelledby="eligible-title" {
            h2 id="eligible-title" { "Eligible patients" }
            p.aside {
                "How many patients of each ward could have answered in " (words::period(&view.month)) ": the patient system knows. What is not known stays \
                 empty and is sent empty. The last word counts, and it is written down with your account."
            }
            @match view.said {
                Said::Noted(0) => p.problem role="status" { "Nothing was different, so nothing was noted." },
                Said::Noted(many) => p.problem role="status" { "Noted for " (words::of(many, "ward", "wards")) "." },
                Said::Wrong => p.problem role="alert" { "Nothing was noted yet: " (words::of(wrong, "field is", "fields are")) " not right. What is wrong stands beside each." },
                Said::Stale => p.problem role="alert" {
                    "Nothing was noted yet: somebody else has noted eligible patients since you opened this. What is noted now stands beside what you wrote. Look, then note \
                     again."
                },
                _ => {},
            }
            form method="post" action="/office/month/eligible" {
                input type="hidden" name="month" value=(view.month);
                input type="hidden" name="as_of" value=(view.checked.made.as_of);
                input type="hidden" name="seen" value=(view.typed.seen);
                div.scroller tabindex="0" role="group" aria-labelledby="eligible-title" {
                    table.cards {
                        thead { tr { th scope="col" { "Ward" } th.n scope="col" { "Answers" } th scope="col" { "Eligible patients" } } }
                        tbody {
                            @for ward in &view.checked.made.wards {
                                @if let Some(field) = view.typed.fields.get(&ward.ward) {
                                    tr {
                                        th scope="row" { (ward.ward_name) small { (ward.site_name) } }
                                        td.n data-label="Answers" { (words::count(ward.figures.total)) }
                                        td data-label="Eligible patients" { (input(&ward.ward, &ward.ward_name, field)) }
                                    }
                                }
                            }
                        }
                    }
                }
                p.buttons { button.action type="submit" { "Note the eligible patients" } }
            }
            p.small {
                "From a file with the columns ward and count: " code { "wardvoice-aggregator fft eligible import --month " (view.month) " FILE" } "."
            }
        }
    }
}

fn input(ward: &WardId, name: &str, field: &Field) -> Markup {
    let id = format!("eligible-{ward}");
    let wrong = format!("wrong-{ward}");
    let is_wrong = field.wrong.is_some();
    let known = field.known.filter(|known| field.text != known.to_string());
    html! {
        label.hidden for=(id) { "Eligible patients of " (name) }
        input id=(id) name=(id) type="text" inputmode="numeric" size="7" autocomplete="off" value=(field.text)
            aria-invalid=[is_wrong.then_some("true")] aria-describedby=[is_wrong.then_some(wrong.as_str())];
        @if let Some(says) = &field.wrong { p.wrong id=(wrong) { (says) } }
        @else if let Some(known) = known { small { "Noted now: " (words::count(known)) } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_holds_a_whole_number_or_says_what_is_wrong() {
        let check = |known: Option<u64>, value: &str, expected: Result<Option<u64>, &str>| {
            let mut field = Field { known, ..Field::default() };
            field.write(value);
            match (&field.wrong, expected) {
                (None, Ok(count)) => assert_eq!(field.new_count(), count, "{value}"),
                (Some(wrong), Err(says)) => assert!(wrong.contains(says), "{value}: {wrong}"),
                (wrong, expected) => unreachable!("{value}: {wrong:?}, not {expected:?}"),
            }
        };
        check(None, "", Ok(None));
        check(None, " 312 ", Ok(Some(312)));
        check(None, "0", Ok(Some(0)));
        check(Some(312), "312", Ok(None));
        check(Some(312), "0312", Ok(None));
        check(Some(312), "313", Ok(Some(313)));
        check(Some(312), "", Err("312 are noted"));
        for wrong in ["1,204", "-3", "+3", "3.5", "many", "100001", "99999999999999999999999"] {
            check(None, wrong, Err("from 0 to 100,000"));
        }
    }
}
