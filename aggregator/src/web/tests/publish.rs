//! Published sites: what is in them, and above all what is not.

use std::collections::BTreeSet;

use jiff::civil::date;

use super::*;
use crate::comments::{Reach, Tone, Wish};
use crate::publish::{Edition, Site, site};

const AT: &str = "2026-11-12T10:15:00Z";

impl Bench {
    pub(super) fn published(&self, edition: Edition) -> Site {
        self.published_until(edition, date(2026, 11, 19))
    }

    pub(super) fn published_until(&self, edition: Edition, until: Date) -> Site {
        site(&self.desk.site_sources().gather(edition, until).unwrap())
    }
}

pub(super) fn file<'s>(site: &'s Site, name: &str) -> &'s str {
    let file = site.files().iter().find(|file| file.name == name);
    &file.unwrap_or_else(|| panic!("{name} is not there")).text
}

fn says(site: &Site, text: &str) -> bool {
    site.files().iter().any(|file| file.text.contains(text))
}

#[tokio::test]
async fn nothing_that_was_not_released_is_in_any_byte_of_a_site() {
    let mut bench = Bench::lively(false).await;
    let everybody = bench.writes("W1", AT, Some(("good", "They made me LAUGH.")));
    let staff = bench.writes("W1", AT, Some(("better", "FOR STAFF alone.")));
    let held = bench.writes("W1", AT, Some(("better", "HELD back, about Nurse Placeholder.")));
    let lonely = bench.writes("W3", AT, Some(("good", "ALONE on this ward.")));
    bench.writes("W1", AT, Some(("better", "PLANTED and never read")));
    bench.decides(&everybody, &Wish::Release(Tone::Praise, Reach::Everybody));
    bench.decides(&staff, &Wish::Release(Tone::Criticism, Reach::Staff));
    bench.decides(&held, &Wish::Hold("names somebody".to_owned()));
    bench.decides(&lonely, &Wish::Release(Tone::Praise, Reach::Everybody));
    let released = bench.release(date(2026, 11, 8));
    bench.change("W1", "Bins are loud.");
    let sites = [bench.published(Edition::Public), bench.published(Edition::Trust)];
    for (site, expected) in sites.iter().zip([false, true]) {
        for never in ["PLANTED", "HELD", "Placeholder", "names somebody"] {
            assert!(!says(site, never), "{never} is in the {} edition", site.edition);
        }
        assert!(says(site, "LAUGH") && file(site, "ward-W1.html").contains("Bins are loud."));
        assert_eq!(says(site, "FOR STAFF"), expected, "{}", site.edition);
        assert_eq!(says(site, "ALONE"), expected, "{}: too few answered on that ward", site.edition);
    }
    // Every number of people is one of the ledger's, with its unit and period.
    let ledger: BTreeSet<(String, String, u64)> = released
        .iter()
        .map(|release| (release.unit.to_string(), release.period.clone(), release.people()))
        .collect();
    for site in &sites {
        let data: Value = serde_json::from_str(file(site, "data.json")).unwrap();
        let wards = data["wards"].as_array().unwrap().iter().map(|ward| &ward["part"]);
        let parts = wards.chain(data["units"].as_array().unwrap()).chain([&data["trust"]]);
        let mut told = 0;
        for part in parts {
            for one in
                part["figures"].as_array().unwrap().iter().flat_map(|figure| figure["told"].as_array().unwrap())
            {
                let unit = part["unit"].as_str().unwrap().to_owned();
                let known = (unit, one["period"].as_str().unwrap().to_owned(), one["people"].as_u64().unwrap());
                assert!(ledger.contains(&known), "{known:?} was not released");
                told += 1;
            }
        }
        assert!(told > 10, "only {told} figures");
        assert!(!file(site, "ward-W3.html").contains('%'), "nothing of ward 3 was released");
    }
}

#[tokio::test]
async fn what_comes_after_the_release_changes_no_byte_until_it_is_released() {
    let bench = Bench::lively(false).await;
    bench.release(date(2026, 11, 8));
    let before = bench.published(Edition::Public);
    assert_eq!(bench.published(Edition::Public), before, "the same twice");
    for place in ["W1", "W2", "W3"] {
        (0..3).for_each(|_| bench.answers(place, date(2026, 10, 20), 0));
    }
    assert_eq!(bench.published(Edition::Public), before);
}

#[tokio::test]
async fn a_site_works_from_a_file_share_without_a_script_and_knows_no_other_host() {
    let bench = Bench::lively(true).await;
    bench.release(date(2026, 11, 8));
    for edition in Edition::ALL {
        let site = bench.published(edition);
        let names: BTreeSet<&str> = site.files().iter().map(|file| file.name.as_str()).collect();
        for file in site.files().iter().filter(|file| file.text.starts_with("<!DOCTYPE")) {
            for never in ["<script", "http://", "https://", "//", "style=\"", "@import", "url("] {
                assert!(!file.text.contains(never), "{} has {never}", file.name);
            }
            for part in file.text.split("href=\"").skip(1) {
                let address = part.split('"').next().unwrap();
                assert!(address.starts_with('#') || names.contains(address), "{} leads to {address}", file.name);
            }
            assert!(file.text.contains("Everything here is made up by a computer"), "{}", file.name);
        }
        let index = file(&site, "index.html");
        assert!(index.contains("href=\"ward-W1.html\"") && index.contains("Figures of whoever had answered by"));
        assert_eq!(index.contains("noindex"), edition == Edition::Trust);
    }
    let page = file(&bench.published(Edition::Public), "ward-W1.html").replace('>', ">\n");
    insta::assert_snapshot!("published_ward", page);
}

#[tokio::test]
async fn nothing_is_said_of_what_a_change_came_to_before_a_month_after_it_is_released() {
    let bench = Bench::lively(false).await;
    let released = bench.release(date(2026, 11, 8));
    let days = [date(2026, 8, 31), date(2026, 9, 1)];
    bench.acted("ward:W1", ["Nights are loud.", "Soft shoes."], None, days);
    let test = |release: &&crate::publication::Release| {
        release.unit.to_string() == "ward:W1"
            && release.subject == crate::publication::Subject::FriendsAndFamily
            && release.parts.len() > 1
    };
    let tested: Vec<_> =
        released.iter().filter(test).map(|release| (release.period.as_str(), release.people())).collect();
    let page = file(&bench.published(Edition::Public), "ward-W1.html").to_owned();
    assert!(
        tested.iter().all(|(period, _)| *period < "2026-09"),
        "a month after the change was released: {tested:?}"
    );
    assert!(page.contains("Soft shoes."), "{page}");
    assert!(!page.contains("What patients say since"), "nothing was released since: {page}");
}

#[tokio::test]
async fn before_anything_is_released_a_site_says_so() {
    let bench = Bench::lively(false).await;
    let site = bench.published(Edition::Public);
    assert!(file(&site, "index.html").contains("No figures have been released yet."));
    assert!(file(&site, "ward-W1.html").contains("Nothing is shown here yet."));
    assert!(!says(&site, "people answered"));
}
