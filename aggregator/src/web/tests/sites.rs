//! Published sites as their readers have them: several wards and months, every language, from a folder on a share, and never too large.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::RangeInclusive;
use std::path::Path;

use jiff::civil::date;

use super::publish::file;
use super::*;
use crate::comments::{Reach, Tone, Wish};
use crate::publish::{By, Edition, Site, put_in_place};
use crate::scoring::LEVEL;
use crate::statistics::wilson;

const WARDS: [&str; 3] = ["W1", "W2", "W3"];
/// The heaviest page, uncompressed, of the busiest ward there can be, whose patients write nothing but signs that take six bytes.
const MOST_PAGE: usize = 160_000;

/// So many people on each ward in a month, of whom so many in a hundred are content.
fn month(bench: &Bench, month: i8, people: i8, well: u64) {
    for place in WARDS {
        (0..people).for_each(|person| bench.answers(place, date(2026, month, 1 + person % 28), well));
    }
}

/// Releases each of some months on the eighth day of the next.
fn released(bench: &Bench, months: RangeInclusive<i8>) {
    months.for_each(|month| drop(bench.release(date(2026, month + 1, 8))));
}

fn acts(bench: &Bench, said: &str, done: Date) {
    bench.acted("ward:W1", [said, "Soft shoes."], Some("domain:consistency"), [done, done]);
}

#[tokio::test]
async fn every_released_month_of_every_ward_is_on_its_page_with_its_people() {
    let bench = Bench::empty(false).await;
    (4..=9).for_each(|number| month(&bench, number, 60, 50));
    released(&bench, 1..=9);
    let site = bench.published(Edition::Public);
    let data: Value = serde_json::from_str(file(&site, "data.json")).unwrap();
    let index = file(&site, "index.html");
    for ward in data["wards"].as_array().unwrap() {
        let part = &ward["part"];
        let id = part["unit"].as_str().unwrap().replace(':', "-");
        assert!(index.contains(&format!("href=\"{id}.html\"")), "{id}");
        let page = file(&site, &format!("{id}.html"));
        let mut months = BTreeSet::new();
        for told in part["figures"].as_array().unwrap().iter().flat_map(|one| one["told"].as_array().unwrap()) {
            let Some(best) = told["best"].as_u64() else { continue };
            let (when, people) = (told["when"].as_str().unwrap(), told["people"].as_u64().unwrap());
            assert!(page.contains(when) && page.contains(&people.to_string()), "{id}: {told}");
            assert!(people > 5 && best <= people, "{id}: {told}");
            months.insert(when.to_owned());
        }
        assert!(months.len() >= 4, "{id}: only {months:?}");
    }
}

#[tokio::test]
async fn what_a_change_came_to_is_said_once_a_later_month_is_released_and_is_of_released_figures() {
    let bench = Bench::empty(false).await;
    (4..=6).for_each(|number| month(&bench, number, 120, 45));
    acts(&bench, "Nights are loud.", date(2026, 7, 1));
    (7..=8).for_each(|number| month(&bench, number, 120, 70));
    released(&bench, 1..=6);
    let page = |site: &Site| file(site, "ward-W1.html").to_owned();
    let before = page(&bench.published(Edition::Public));
    assert!(before.contains("Soft shoes.") && !before.contains("What patients say since"), "{before}");

    released(&bench, 7..=8);
    let site = bench.published(Edition::Public);
    let page = page(&site);
    let data: Value = serde_json::from_str(file(&site, "data.json")).unwrap();
    assert!(page.contains("What patients say since"), "{page}");
    let figures = data["wards"][0]["part"]["figures"].as_array().unwrap();
    let test = figures.iter().find(|figure| figure["subject"] == "consistency").unwrap();
    for (side, period, when) in [("Before", "2026-06", "June 2026"), ("After", "2026-08", "August 2026")] {
        let told = test["told"].as_array().unwrap().iter().find(|told| told["period"] == period).unwrap();
        let (best, people) = (told["best"].as_u64().unwrap(), told["people"].as_u64().unwrap());
        let percent = wilson(best, people, LEVEL).unwrap().estimate * 100.0;
        let said = format!("{side}, in {when}: {percent:.0}% of {people} people");
        assert!(page.contains(&said), "{said}: {page}");
    }
    // On a day before those figures there was nothing to say.
    let then = bench.published_until(Edition::Public, date(2026, 8, 1));
    assert!(!file(&then, "ward-W1.html").contains("What patients say since"));
}

#[tokio::test]
async fn what_patients_wrote_is_shown_in_their_own_script_and_direction() {
    let mut bench = Bench::lively(false).await;
    let written = [
        ("ar", "كان الطاقم لطيفًا جدًا <مع> الجميع."),
        ("bn", "সবাই খুব যত্ন নিয়েছেন।"),
        ("pl", "Wszyscy byli życzliwi & cierpliwi."),
        ("ur", "عملے نے بہت خیال رکھا۔"),
        ("pa", "ਸਾਰਿਆਂ ਨੇ ਧਿਆਨ ਰੱਖਿਆ।"),
    ];
    for (language, text) in written {
        let said = Some(("good", text));
        let id = bench.writes_in(&language.parse().unwrap(), None, "W1", "2026-11-12T10:15:00Z", said);
        bench.decides(&id, &Wish::Release(Tone::Praise, Reach::Everybody));
    }
    let folder = tempfile::tempdir().unwrap();
    for edition in Edition::ALL {
        let site = bench.published(edition);
        put_in_place(folder.path(), &site, By::Whatever).unwrap();
        let page = fs::read_to_string(folder.path().join("site/ward-W1.html")).unwrap();
        assert!(page.contains("<meta charset=\"utf-8\">"), "a share sends no header that says so");
        for (language, text) in written {
            let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            let said = format!("<blockquote lang=\"{language}\" dir=\"auto\">{text}</blockquote>");
            assert!(page.contains(&said), "{said}: {page}");
        }
        let data: Value =
            serde_json::from_str(&fs::read_to_string(folder.path().join("site/data.json")).unwrap()).unwrap();
        let comments = data["wards"][0]["comments"].as_array().unwrap();
        let texts: BTreeMap<&str, &str> = comments
            .iter()
            .map(|one| (one["language"].as_str().unwrap(), one["text"].as_str().unwrap()))
            .collect();
        let expected: BTreeMap<&str, &str> = written.into_iter().collect();
        assert_eq!(texts, expected, "data has it as it was written");
    }
}

/// Years of months, more comments of the longest kind and more changes than a page shows.
#[tokio::test]
async fn the_busiest_ward_has_a_page_that_a_slow_line_can_bear() {
    let mut bench = Bench::empty(false).await;
    (1..=9).for_each(|number| month(&bench, number, 60, 50));
    released(&bench, 1..=9);
    let longest = "<&\">".repeat(250);
    for number in 0..30 {
        let id = bench.writes("W1", "2026-11-12T10:15:00Z", Some(("good", &longest)));
        bench.decides(&id, &Wish::Release(Tone::Praise, Reach::Everybody));
        acts(&bench, &"<\">&".repeat(40), date(2026, 9, 1 + number % 28));
    }
    for edition in Edition::ALL {
        let site = bench.published(edition);
        let page = file(&site, "ward-W1.html");
        assert_eq!((page.matches("<blockquote").count(), page.matches("<dt>We did").count()), (24, 12));
        for one in site.files().iter().filter(|file| is_page(&file.text)) {
            assert!(one.text.len() < MOST_PAGE, "{} has {} bytes", one.name, one.text.len());
        }
        let (style, icon) = (file(&site, "style.css"), file(&site, "icon.svg"));
        let letters: usize = style.split('"').filter(|part| part.starts_with("data:font")).map(str::len).sum();
        assert!(letters > 10_000 && letters < 60_000, "the letters have {letters} bytes");
        let needed = style.len() - letters + icon.len();
        assert!(needed < 10_000, "what every page needs besides has {needed} bytes");
        assert!(
            !style.contains("url(\"letters")
                && file(&site, "letters-licence.txt").contains("SIL Open Font License")
        );
    }
}

fn is_page(text: &str) -> bool {
    text.starts_with("<!DOCTYPE")
}

/// What a page leads to or needs: values of attributes that are addresses.
fn addresses(page: &str) -> Vec<&str> {
    ["href=\"", "src=\"", "action=\"", "data=\"", "srcset=\""]
        .iter()
        .flat_map(|name| page.split(name).skip(1))
        .map(|rest| rest.split('"').next().unwrap())
        .collect()
}

/// Goes from page to page as somebody does who opened the first one by its file, and gives the names of all files that were reached.
fn walk(site: &Path) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut waiting = vec!["index.html".to_owned()];
    while let Some(name) = waiting.pop() {
        let page = fs::read_to_string(site.join(&name)).unwrap();
        if !reached.insert(name.clone()) || !is_page(&page) {
            continue;
        }
        for address in addresses(&page) {
            let (to, part) = address.split_once('#').unwrap_or((address, ""));
            assert!(!to.contains([':', '\\', '?', '%', '/']), "{name} leads to {address}, which is not beside it");
            let to = if to.is_empty() { name.as_str() } else { to };
            let there =
                fs::read_to_string(site.join(to)).unwrap_or_else(|error| panic!("{name}: {address}: {error}"));
            assert!(part.is_empty() || there.contains(&format!("id=\"{part}\"")), "{name}: there is no {address}");
            waiting.push(to.to_owned());
        }
    }
    reached
}

#[tokio::test]
async fn from_a_file_share_every_page_is_reached_and_every_link_leads_to_a_file() {
    let bench = Bench::lively(true).await;
    bench.release(date(2026, 11, 8));
    bench.change("W1", "Bins are loud.");
    let share = tempfile::tempdir().unwrap();
    for (edition, by) in
        Edition::ALL.into_iter().flat_map(|edition| [(edition, By::Whatever), (edition, By::Folders)])
    {
        let folder = share.path().join(format!("What patients say – {edition} {by:?}"));
        let published = bench.published(edition);
        put_in_place(&folder, &published, by).unwrap();
        let mut expected: BTreeSet<String> = published.files().iter().map(|file| file.name.clone()).collect();
        // Whoever checks a copy, or takes the letters for something else, knows where these are.
        assert!(expected.remove("manifest.json") && expected.remove("letters-licence.txt"));
        assert_eq!(walk(&folder.join("site")), expected, "{edition} {by:?}");
        let lower: BTreeSet<String> = expected.iter().map(|name| name.to_lowercase()).collect();
        assert_eq!(lower.len(), expected.len(), "a share may not tell capitals from small letters");
    }
}
