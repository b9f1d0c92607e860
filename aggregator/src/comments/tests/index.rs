//! What stands in the index is what looking through everything gives.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::*;

/// The comments of a list as looking through all of them gives them.
fn looked_through(office: &Office, ids: &[CommentId], which: &Which) -> Vec<CommentId> {
    let all = ids.iter().map(|id| office.comments().one(id).unwrap());
    let is_asked = |(found, history): &(Found, History)| {
        which.standing.as_ref().is_none_or(|asked| asked == history.standing().as_str())
            && which.ward.as_ref().is_none_or(|ward| found.ward == *ward)
    };
    let mut all: Vec<_> = all.filter(is_asked).collect();
    let waits = |history: &History| *history.standing() == Standing::Waiting;
    let urgency = |found: &Found| office.comments().urgency(found);
    all.sort_by(|(a, one), (b, other)| match (waits(one), waits(other)) {
        (true, true) => (urgency(a), a.position, &a.id).cmp(&(urgency(b), b.position, &b.id)),
        (false, false) => other.last().cmp(&one.last()),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
    });
    all.into_iter().map(|(found, _)| found.id).collect()
}

fn all_of(office: &Office, theme: &str) -> (u64, u64) {
    let trust: Unit = format!("trust:{}", office.world.directory.file().trust.id).parse().unwrap();
    let period = office.world.calendar.period("2026-F23").unwrap();
    let trends = office.comments().theme_trends(&trust, &[period]).unwrap();
    let counts = office.comments().theme_counts(&trust, &period).unwrap();
    let trend = trends.iter().find(|one| one.theme.as_str() == theme).map_or(0, ThemeTrend::all);
    let counted = counts.iter().find(|one| one.theme.as_str() == theme);
    (trend, counted.map_or(0, |one| one.praise + one.criticism + one.not_released))
}

fn check(office: &Office, ids: &[CommentId]) {
    let wards = [None, Some("W1".parse().unwrap()), Some("W2".parse().unwrap()), Some("W3".parse().unwrap())];
    let standings = ["waiting", "proposed", "escalated", "held", "released", "lost"].map(str::to_owned).map(Some);
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for (ward, standing) in
        wards.iter().flat_map(|ward| std::iter::once(&None).chain(&standings).map(move |one| (ward, one)))
    {
        let which = Which { standing: standing.clone(), ward: ward.clone() };
        let expected = looked_through(office, ids, &which);
        let listed = office.comments().list(&which).unwrap();
        let given: Vec<_> = listed.iter().map(|one| one.found.id.clone()).collect();
        assert_eq!(given, expected, "{which:?}");
        let mut leaves = Vec::new();
        let pages = expected.len().div_ceil(3).max(1);
        for page in 1..=pages {
            let leaf = office.comments().leaf(&which, page, 3).unwrap();
            assert_eq!((leaf.page, leaf.pages), (page, pages));
            leaves.extend(leaf.listed);
        }
        assert_eq!(leaves, listed);
        assert_eq!(office.comments().leaf(&which, pages + 7, 3).unwrap().page, pages);
        if ward.is_none()
            && let Some(standing) = standing
        {
            counts.insert(standing, expected.len() as u64);
        }
    }
    for (standing, count) in office.comments().counts().unwrap() {
        assert_eq!(Some(&count), counts.get(standing), "{standing}");
    }
}

/// Every comment, by everything that is asked of it: what a restart has to find again.
fn everything(office: &Office) -> String {
    let trust: Unit = format!("trust:{}", office.world.directory.file().trust.id).parse().unwrap();
    let calendar = &office.world.calendar;
    let periods = ["2026-F22", "2026-F23", "2026-11"].map(|name| calendar.period(name).unwrap());
    let all = office.comments().list(&Which { standing: None, ward: None }).unwrap();
    let mut told = format!("{all:?} {:?}", office.comments().counts().unwrap());
    for (period, unit) in periods.iter().flat_map(|period| [(period, "ward:W1"), (period, "ward:W2")]) {
        let unit: Unit = unit.parse().unwrap();
        for unit in [&unit, &trust] {
            let comments = office.comments();
            for audience in [Audience::Ward, Audience::Public] {
                write!(told, "{:?}", comments.released(unit, period, audience).unwrap()).unwrap();
            }
            write!(told, "{:?}", comments.theme_counts(unit, period).unwrap()).unwrap();
            write!(told, "{:?}", comments.theme_trends(unit, &periods).unwrap()).unwrap();
        }
    }
    told
}

#[test]
fn lists_counts_and_themes_are_what_looking_through_everything_gives() {
    let mut office = Office::new();
    let texts = ["Everybody was kind.", "A porter hit me.", "It was noisy.", "I was afraid.", "Thank you."];
    let mut ids: Vec<CommentId> = Vec::new();
    let theme = |id: &str| Wish::Code([id.parse().unwrap()].into());
    for step in 0..40_usize {
        let ward = *["W1", "W2", "W3"].get(step % 3).unwrap();
        ids.push(office.says(ward, "better", texts.get(step % 5).unwrap()));
        let earlier = ids.get(step * 7 % ids.len()).unwrap().clone();
        let standing = office.stands(&earlier);
        match step % 7 {
            0 => drop(office.decides(&earlier, &theme("noise"))),
            1 if !matches!(standing, Standing::Released { .. }) => {
                office.decides(&earlier, &Wish::Release(Tone::Praise, Reach::Everybody));
            }
            2 if !matches!(standing, Standing::Released { .. }) => {
                office.decides(&earlier, &Wish::Release(Tone::Criticism, Reach::Staff));
            }
            3 => drop(office.decides(&earlier, &Wish::Hold("seen to".to_owned()))),
            4 => drop(office.decides(&earlier, &Wish::Escalate(role("safeguarding lead"), "harm".to_owned()))),
            5 => drop(office.decides(&earlier, &theme("waiting"))),
            _ => {
                let last = office.comments().one(&earlier).unwrap().1.undoable().map(|last| last.number);
                if let Some(number) = last {
                    office.decides(&earlier, &Wish::Undo(number));
                }
            }
        }
        check(&office, &ids);
    }
    assert!(all_of(&office, "noise").1 > 0 && all_of(&office, "waiting").1 > 0, "nothing was coded");
    // A decision that cannot be taken changes nothing.
    let before = everything(&office);
    let id = ids.first().unwrap();
    assert!(office.comments().decide(id, 9_999, &role("office"), &theme("noise"), now()).is_err());
    assert_eq!(everything(&office), before);
    office.restarts();
    assert_eq!(everything(&office), before, "a restart finds another");
    check(&office, &ids);
}
