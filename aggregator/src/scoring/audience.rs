//! Who may see what of a score, by the number of people behind it. The rules are rows of a definition; enforcing them
//! is the business of whatever shows a score.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::definition::UnitKind;

/// Who is looking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// The staff of a ward.
    Ward,
    /// The consultant the score is about.
    Consultant,
    /// Who appraises that consultant.
    Appraiser,
    /// The board.
    Board,
    /// Anybody at all.
    Public,
    /// The patient-experience team.
    Office,
}

/// How much is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Show {
    /// Nothing at all.
    Nothing,
    /// The aggregate of the specialty and nothing of the person.
    SpecialtyOnly,
    /// How many people answered.
    Count,
    /// The distribution, moderated comments, and the score greyed as "not reliable yet".
    GreyedScore,
    /// The score with its interval and reliability.
    Score,
    /// Everything, where the trust has an explicit policy for it; otherwise the aggregate of the specialty.
    ByPolicy,
    /// Everything.
    Everything,
}

/// A row of the table: from so many people on, this is shown of a unit of that kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AudienceRow {
    /// The kind of unit.
    pub unit: UnitKind,
    /// The smallest number of people.
    pub from: u64,
    /// What the consultant sees.
    pub consultant: Show,
    /// What the appraiser sees.
    pub appraiser: Show,
    /// What anyone else sees.
    pub others: Show,
}

/// What is shown of a unit with n people behind it; everything where no row speaks of its kind.
pub fn shown(rows: &[AudienceRow], unit: UnitKind, n: u64, audience: Audience) -> Show {
    let of_kind = rows.iter().filter(|row| row.unit == unit);
    if of_kind.clone().next().is_none() {
        return Show::Everything;
    }
    let row = of_kind.filter(|row| row.from <= n).max_by_key(|row| row.from);
    row.map_or(Show::Nothing, |row| match audience {
        Audience::Consultant => row.consultant,
        Audience::Appraiser => row.appraiser,
        Audience::Ward | Audience::Board | Audience::Public | Audience::Office => row.others,
    })
}

/// The table for named consultants: fewer than 5 a count, from 27 a reliability of 0.7, from 46 of 0.8 (M. J. Roberts and others,
/// BMJ 349, 2014, vector T-23).
pub(super) fn consultants_table() -> Vec<AudienceRow> {
    let row = |from, own, others| AudienceRow {
        unit: UnitKind::Consultant,
        from,
        consultant: own,
        appraiser: own,
        others,
    };
    vec![
        row(0, Show::Count, Show::Nothing),
        row(5, Show::GreyedScore, Show::Nothing),
        row(27, Show::Score, Show::SpecialtyOnly),
        row(46, Show::Everything, Show::ByPolicy),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consultants_are_shown_by_how_many_people_there_are() {
        let rows = consultants_table();
        let check = |n, own: Show, others: Show| {
            let of = |audience| shown(&rows, UnitKind::Consultant, n, audience);
            assert_eq!((of(Audience::Consultant), of(Audience::Appraiser)), (own, own), "{n}");
            for audience in [Audience::Ward, Audience::Board, Audience::Public, Audience::Office] {
                assert_eq!(of(audience), others, "{n}");
            }
        };
        check(0, Show::Count, Show::Nothing);
        check(4, Show::Count, Show::Nothing);
        check(5, Show::GreyedScore, Show::Nothing);
        check(26, Show::GreyedScore, Show::Nothing);
        check(27, Show::Score, Show::SpecialtyOnly);
        check(45, Show::Score, Show::SpecialtyOnly);
        check(46, Show::Everything, Show::ByPolicy);
        assert_eq!(shown(&rows, UnitKind::Ward, 0, Audience::Public), Show::Everything, "wards have no row here");
    }
}
