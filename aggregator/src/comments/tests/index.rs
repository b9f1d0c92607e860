//! What stands in the index is what looking through everything gives.

use std::cmp::{Ordering, Reverse};
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

/// What wards and everybody are shown, and the newest of it, as looking through all comments gives it.
fn check_what_is_shown(office: &Office, ids: &[CommentId]) {
    let period = office.world.calendar.period("2026-F23").unwrap();
    let trust = format!("trust:{}", office.world.directory.file().trust.id);
    for (unit, audience) in ["ward:W1", "ward:W2", trust.as_str()]
        .into_iter()
        .flat_map(|unit| [Audience::Ward, Audience::Public].map(|audience| (unit, audience)))
    {
        let mut expected: Vec<(Tone, Found)> = Vec::new();
        for id in ids {
            let (found, history) = office.comments().one(id).unwrap();
            let is_of = unit == trust || unit == format!("ward:{}", found.ward);
            if let Standing::Released { tone, reach } = history.standing()
                && is_of
                && (audience == Audience::Ward || *reach == Reach::Everybody)
            {
                expected.push((*tone, found));
            }
        }
        expected.sort_by_key(|(tone, found)| (*tone, Reverse(found.day), Reverse(found.position)));
        let of = |tone: Tone| expected.iter().filter(move |(is, _)| *is == tone).map(|(_, found)| &found.text);
        let tones = [Tone::Praise, Tone::Mixed, Tone::Criticism];
        let parsed: Unit = unit.parse().unwrap();
        let shown = office.comments().released(&parsed, &period, audience).unwrap();
        let newest = office.comments().newest_released(&parsed, &period, audience, 2).unwrap();
        // Five answers are too few for the public, whatever was released.
        let is_told = !shown.is_empty() || audience == Audience::Ward;
        let texts: Vec<&String> = shown.iter().map(|one| &one.text).collect();
        let all: Vec<&String> = tones.into_iter().flat_map(of).filter(|_| is_told).collect();
        assert_eq!(texts, all, "{unit} {audience:?}");
        let texts: Vec<&String> = newest.listed.iter().map(|one| &one.text).collect();
        let first: Vec<&String> =
            tones.into_iter().flat_map(|tone| of(tone).take(2)).filter(|_| is_told).collect();
        assert_eq!(texts, first, "the newest of {unit} {audience:?}");
        for tone in tones {
            let many = if is_told { of(tone).count() as u64 } else { 0 };
            assert_eq!(newest.count(tone), many, "{unit} {audience:?} {tone:?}");
        }
        let three = office.comments().released_with_handles(&parsed, &period, audience, 3).unwrap();
        let three: Vec<&String> = three.iter().map(|(_, one)| &one.text).collect();
        assert_eq!(three, all.into_iter().take(3).collect::<Vec<_>>(), "the first of {unit} {audience:?}");
    }
}

fn check(office: &Office, ids: &[CommentId]) {
    check_what_is_shown(office, ids);
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
