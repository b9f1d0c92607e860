//! A ward's public display.

use std::sync::Arc;

use jiff::civil::date;
use wardvoice_protocol::directory::Unit;

use super::*;
use crate::actions::{Cause, NewAction};
use crate::comments::{Reach, Tone, Wish};
use crate::line_file::LineFileError;
use crate::publication::{Ground, Release, Rhythm, plan};

impl Bench {
    /// Releases what may be released as of a day, and gives it.
    pub(super) fn release(&self, as_of: Date) -> Vec<Release> {
        let facts = self.desk.facts.read().unwrap();
        let planned = |released: &[Release]| {
            let ground = Ground {
                facts: &facts,
                directory: &self.desk.world.directory,
                calendar: &self.desk.world.calendar,
                final_after_days: 7,
                released,
                published_elsewhere: &[],
            };
            Ok::<_, LineFileError>(plan(&ground, Rhythm::Months, as_of).unwrap().releases)
        };
        self.desk.releases.release(planned).unwrap()
    }

    pub(super) fn change(&self, place: &str, said: &str) {
        let days = [date(2026, 11, 1), date(2026, 11, 2)];
        self.acted(&format!("ward:{place}"), [said, "Soft closing bins."], None, days);
    }

    /// Everything that a ward's display shows, in its turn.
    async fn turns(&self, place: &str) -> Vec<String> {
        let mut turns = Vec::new();
        let mut path = format!("/display/{place}?turn=0");
        loop {
            let page = self.text(&path).await;
            turns.push(main_of(&page).to_owned());
            let start = page.find("data-next=\"").unwrap() + "data-next=\"".len();
            path = page[start..]
                .chars()
                .take_while(|letter| *letter != '"')
                .collect::<String>()
                .replace("&amp;", "&");
            assert!(page.contains(&format!("url={path}\"")), "without a script the page goes on by itself");
            if path.ends_with("turn=0") || turns.len() > 50 {
                return turns;
            }
        }
    }
}

#[tokio::test]
async fn a_display_shows_what_was_released_and_nothing_else() {
    let bench = Bench::lively(false).await;
    let turns = bench.turns("W1").await;
    assert_eq!(turns.len(), 1, "nobody has released anything");
    assert!(turns[0].contains("Tell us about your care"));

    let released = bench.release(date(2026, 11, 8));
    let turns = bench.turns("W1").await;
    assert!(turns.len() > 3, "{} turns", turns.len());
    for turn in &turns {
        let (percent, people) = (turn.find('%').is_some(), turn.contains("people answered"));
        assert!(percent && people, "no figure without its n: {turn}");
        assert!(
            ["August 2026", "September 2026", "October 2026"].iter().any(|month| turn.contains(month)),
            "{turn}"
        );
    }
    let counts: Vec<String> =
        released.iter().map(|release| format!("{} people answered", release.people())).collect();
    assert!(turns.iter().all(|turn| counts.iter().any(|count| turn.contains(count.as_str()))));
    insta::assert_snapshot!("display", turns.last().unwrap().replace('>', ">\n"));

    // What came since is on the ward's page at once, and never here.
    (0..40).for_each(|_| bench.answers("W1", date(2026, 10, 20), 0));
    assert_eq!(bench.turns("W1").await, turns);
}

#[tokio::test]
async fn a_ward_without_figures_shows_those_of_its_site_under_that_name() {
    let bench = Bench::lively(false).await;
    bench.release(date(2026, 11, 8));
    let turns = bench.turns("W3").await;
    assert!(turns.iter().any(|turn| turn.contains("All our hospitals")), "{turns:?}");
    assert!(!turns.iter().any(|turn| turn.contains("This ward")));
}

#[tokio::test]
async fn what_a_ward_has_changed_is_shown_and_what_it_means_to_change_is_not() {
    let bench = Bench::lively(false).await;
    bench.change("W3", "Bins are loud & <b>bad</b>.");
    bench.change("W2", "Elsewhere.");
    let open = NewAction {
        unit: Unit::Ward(desk::ward("W3")),
        said: "Not done yet.".to_owned(),
        did: "Soon.".to_owned(),
        owner: None,
        about: None,
        due: None,
        cause: Cause::default(),
    };
    bench.desk.actions.add(open, date(2026, 11, 1)).unwrap();
    let turns = bench.turns("W3").await;
    assert_eq!(turns.len(), 1);
    assert!(turns[0].contains("You said") && turns[0].contains("Bins are loud &amp; &lt;b&gt;bad&lt;/b&gt;."));
}

#[tokio::test]
async fn a_display_can_be_held_and_knows_its_wards_only() {
    let bench = Bench::lively(false).await;
    bench.change("W3", "Bins are loud.");
    bench.change("W3", "Lights are on.");
    let page = bench.text("/display/W3?turn=1&stay=true").await;
    assert!(!page.contains("http-equiv") && !page.contains("<script") && page.contains("Go on"));
    assert!(bench.text("/display/W3?turn=18446744073709551615").await.contains("You said"));
    for (path, status) in [("/display/W99", 404), ("/display/%3Cscript%3E", 404), ("/display/W3?turn=x", 400)] {
        assert_eq!(bench.get(path).send().await.unwrap().status(), status, "{path}");
    }
}

#[tokio::test]
async fn a_display_shows_what_was_released_to_everybody_and_nothing_else_that_patients_wrote() {
    let mut bench = Bench::lively(false).await;
    let at = "2026-11-12T10:15:00Z";
    let everybody = bench.writes("W1", at, Some(("good", "They made me LAUGH & <b>rest</b>.")));
    let staff = bench.writes("W1", at, Some(("better", "FOR STAFF alone.")));
    bench.writes("W1", at, Some(("better", "PLANTED and never passed")));
    bench.decides(&everybody, &Wish::Release(Tone::Praise, Reach::Everybody));
    bench.decides(&staff, &Wish::Release(Tone::Criticism, Reach::Staff));
    let turns = bench.turns("W1").await;
    assert_eq!(turns.len(), 1, "{turns:?}");
    assert!(turns[0].contains("They made me LAUGH &amp; &lt;b&gt;rest&lt;/b&gt;."), "{turns:?}");
    assert!(turns[0].contains("A patient on this ward wrote") && turns[0].contains("lang=\"en\""));
    // On a ward where five people or fewer answered, nothing that one of them wrote is shown.
    let lonely = bench.writes("W3", at, Some(("good", "ALONE here.")));
    bench.decides(&lonely, &Wish::Release(Tone::Praise, Reach::Everybody));
    assert!(!bench.turns("W3").await.iter().any(|turn| turn.contains("ALONE")));
}

#[tokio::test]
async fn a_display_says_while_the_log_is_read_that_not_everything_patients_wrote_is_there() {
    let mut bench = Bench::lively(false).await;
    for _ in 0..3 {
        let said = Some(("good", "They made me LAUGH."));
        let comment = bench.writes("W1", "2026-11-12T10:15:00Z", said);
        bench.decides(&comment, &Wish::Release(Tone::Praise, Reach::Everybody));
    }
    let all = bench.text("/display/W1").await;
    assert!(all.contains("LAUGH") && !all.contains("is here yet"), "{all}");
    // More comes than a page reads itself, as after a start.
    for _ in 0..3 {
        bench.writes("W3", "2026-11-12T10:15:00Z", Some(("good", "Quiet.")));
    }
    let comments = Arc::clone(&bench.desk.comments);
    comments.pages_read_at_most(1);
    let beside = comments.reads_beside();
    let shown = bench.text("/display/W1").await;
    assert!(
        shown.contains("LAUGH") && shown.contains("Not everything that patients wrote is here yet."),
        "{shown}"
    );
    let nothing = bench.text("/display/W3").await;
    assert!(nothing.contains("is shown here soon") && !nothing.contains("when enough of them"), "{nothing}");
    comments.catch_up().unwrap();
    assert!(!bench.text("/display/W1").await.contains("is here yet"));
    assert!(bench.text("/display/W3").await.contains("when enough of them have answered"));
    drop(beside);
}

impl Bench {
    /// The cookie of a screen that has been let in.
    pub(super) async fn screen(&self, place: &str) -> String {
        let line = self.desk.display_tokens.add(&desk::ward(place), noon()).unwrap();
        let entered = self.get(line.path.as_deref().unwrap()).send().await.unwrap();
        assert_eq!(entered.status(), 303);
        assert_eq!(entered.headers()["location"], format!("/display/{place}"));
        let cookie = entered.headers()["set-cookie"].to_str().unwrap();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
        cookie.split(';').next().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_screen_is_let_in_once_by_an_address_stays_in_and_is_turned_out_at_once() {
    let bench = Bench::of(desk::Trust { displays_need_token: true, ..desk::Trust::default() }).await;
    let page = async |cookie: &str| bench.get("/display/W1").header("cookie", cookie).send().await.unwrap();
    let strange = page("wardvoice_display=guess").await;
    assert_eq!(strange.status(), 401);
    assert!(strange.headers().get("www-authenticate").is_none(), "nobody stands there to type a password");
    assert!(strange.text().await.unwrap().contains("display token add"));

    let line = bench.desk.display_tokens.add(&desk::ward("W1"), noon()).unwrap();
    let path = line.path.unwrap();
    let other = path.replace("/W1/", "/W2/");
    assert_eq!(bench.get(&other).send().await.unwrap().status(), 410);
    let entered = bench.get(&path).header("x-forwarded-proto", "https").send().await.unwrap();
    let cookie = entered.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.starts_with("__Host-wardvoice_display=") && cookie.contains("; Secure"), "{cookie}");
    assert!(!cookie.contains(path.rsplit('/').next().unwrap()), "what stood in an address opens nothing");
    assert_eq!(bench.get(&path).send().await.unwrap().status(), 410, "not a second time");

    let cookie = bench.screen("W1").await;
    let shown = page(&cookie).await;
    assert_eq!(shown.status(), 200);
    let renewed = shown.headers()["set-cookie"].to_str().unwrap();
    assert!(renewed.starts_with(&cookie) && renewed.contains("Max-Age=34560000"), "{renewed}");
    let noted = bench.desk.audit.recent(1).remove(0);
    assert_eq!((noted.who.as_str(), noted.about.as_deref()), ("screen-2", Some("display:W1")));
    bench.desk.display_tokens.revoke(2).unwrap();
    assert_eq!(page(&cookie).await.status(), 401);
}

#[tokio::test]
async fn the_worker_of_a_screen_sees_displays_and_no_other_page() {
    let bench = Bench::of(desk::Trust { displays_need_token: true, ..desk::Trust::default() }).await;
    let answer = bench.get("/display/worker.js").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    assert_eq!(header("content-type").as_deref(), Some("text/javascript; charset=utf-8"));
    assert_eq!(header("cache-control").as_deref(), Some("no-cache"));
    assert_eq!(header("service-worker-allowed"), None, "it must not see more than lies below it");
    assert!(header("content-security-policy").unwrap().contains("default-src 'none'"));
    let script = answer.text().await.unwrap();
    // Both scripts have to mean the same by a day, by a clock that was not set, and by where things are kept.
    let display = include_str!("../../../assets/display.js");
    for same in ["24 * 60 * 60 * 1000", "5 * 60 * 1000", "\"wardvoice-display\"", "\"x-wardvoice-got\""] {
        assert!(script.contains(same) && display.contains(same), "{same}");
    }
}
