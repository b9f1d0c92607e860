//! Where the material comes from: the ledger of releases, the released comments and the list of actions; never the facts.

use jiff::civil::Date;
use wardvoice_protocol::directory::{Directory, Unit, WardEntry};
use wardvoice_protocol::fortnight::Calendar;

use super::effects::{self, FRIENDS_AND_FAMILY};
use super::{ChangeLine, Edition, Figure, Material, PlanLine, Told, UnitPart, WardPart};
use crate::actions::{Actions, over};
use crate::branding::Branding;
use crate::comments::{Comments, CommentsError};
use crate::facts::Vocabulary;
use crate::publication::{Question, Subject, questions};
use crate::releases::Releases;
use crate::web::words;

/// Comments of so many calendar months are shown.
const MONTHS: usize = 6;
/// So many comments of a ward are shown.
const MOST_COMMENTS: usize = 24;
/// So many changes of a ward are shown, the latest first.
const MOST_CHANGES: usize = 12;

/// Everything that material is gathered from.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    /// The trust.
    pub directory: &'a Directory,
    /// Days, months and fortnights.
    pub calendar: &'a Calendar,
    /// What questions are called.
    pub vocabulary: &'a Vocabulary,
    /// What everybody may see.
    pub releases: &'a Releases,
    /// What people wrote, and what was decided about it.
    pub comments: &'a Comments,
    /// What is done about what patients said.
    pub actions: &'a Actions,
    /// Whether everything is made up.
    pub demonstration: bool,
    /// The trust's own look, where it has one.
    pub branding: Option<&'a Branding>,
}

impl Sources<'_> {
    /// The material of an edition, as it stands on a day.
    pub fn gather(&self, edition: Edition, until: Date) -> Result<Material, CommentsError> {
        let file = self.directory.file();
        let questions = questions(self.vocabulary);
        let part = |unit: Unit, name: &str| self.part(unit, name, &questions, until);
        let trust = part(Unit::Trust(file.trust.id.clone()), &file.trust.name);
        let sites = file.sites.iter().map(|site| part(Unit::Site(site.id.clone()), &site.name));
        let departments =
            file.departments.iter().map(|entry| part(Unit::Department(entry.id.clone()), &entry.name));
        let units: Vec<UnitPart> = sites.chain(departments).collect();
        let wards = file.wards.iter().map(|ward| self.ward(ward, edition, &questions, until));
        let wards = wards.collect::<Result<Vec<_>, _>>()?;
        let all = [&trust].into_iter().chain(&units).chain(wards.iter().map(|ward| &ward.part));
        let told = all.flat_map(|part| &part.figures).flat_map(|figure| &figure.told);
        let as_of = told.map(|told| told.as_of).max();
        let (demonstration, branding) = (self.demonstration, self.branding.cloned());
        Ok(Material { edition, demonstration, branding, until, as_of, trust, units, wards })
    }

    fn part(&self, unit: Unit, name: &str, questions: &[Question], until: Date) -> UnitPart {
        let figure = |question: &Question| {
            let standing = self.releases.standing(&question.subject, &unit).into_iter();
            let told = standing.filter(|release| release.as_of <= until).map(|release| Told {
                when: self.when(&release.period),
                people: release.people(),
                best: question.people_of(&release, question.best_part()),
                first_day: release.first_day,
                last_day: release.last_day,
                as_of: release.as_of,
                period: release.period,
                parts: release.parts,
            });
            let told: Vec<Told> = told.collect();
            let subject = match &question.subject {
                Subject::FriendsAndFamily => FRIENDS_AND_FAMILY.to_owned(),
                Subject::Question { question, .. } => question.to_string(),
            };
            let figure =
                Figure { subject, question: question.text.clone(), said: question.best_said.clone(), told };
            (!figure.told.is_empty()).then_some(figure)
        };
        let figures = questions.iter().filter_map(figure).collect();
        UnitPart { unit, name: name.to_owned(), figures }
    }

    fn ward(
        &self,
        ward: &WardEntry,
        edition: Edition,
        questions: &[Question],
        until: Date,
    ) -> Result<WardPart, CommentsError> {
        let unit = Unit::Ward(ward.id.clone());
        let part = self.part(unit.clone(), &ward.name, questions, until);
        let site = self.directory.file().sites.iter().find(|site| site.id == ward.site);
        self.comments.catch_up()?;
        let audience = edition.audience();
        let comments =
            self.comments.released_lately(&unit, self.calendar, until, MONTHS, audience, MOST_COMMENTS)?;
        let units = over(self.directory, &unit);
        let mut actions = self.actions.list();
        actions.retain(|action| units.contains(&action.unit));
        let mut changes: Vec<ChangeLine> = Vec::new();
        for action in &actions {
            let Some(done) = action.done.filter(|done| *done <= until) else { continue };
            // The ward's figures say nothing of what was changed for more than the ward.
            let own = action.unit == unit;
            let effect = effects::in_words(&part.figures, &action.measure(), done, self.vocabulary);
            let effect = effect.filter(|_| own);
            changes.push(ChangeLine { said: action.said.clone(), did: action.did.clone(), done, effect });
        }
        changes.sort_by_key(|change| std::cmp::Reverse(change.done));
        changes.truncate(MOST_CHANGES);
        let is_open = |action: &&crate::actions::Action| {
            edition == Edition::Trust && action.opened <= until && action.done.is_none_or(|done| done > until)
        };
        let plans = actions.iter().filter(is_open);
        let plans =
            plans.map(|action| PlanLine { said: action.said.clone(), does: action.did.clone(), due: action.due });
        Ok(WardPart {
            plans: plans.collect(),
            site: site.map(|site| site.name.clone()).unwrap_or_default(),
            part,
            comments,
            changes,
        })
    }

    fn when(&self, period: &str) -> String {
        self.calendar.period(period).map_or_else(|_| period.to_owned(), |period| words::period(&period))
    }
}
