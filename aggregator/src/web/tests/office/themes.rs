//! The coding frame, and what comments are about.

use std::collections::BTreeSet;

use super::*;
use crate::comments::{Reach, Tone, Wish};

impl Bench {
    /// So many comments of a ward about noise, coded and released.
    fn releases_comments(&mut self, ward: &str, many: usize) {
        let office = "office".parse().unwrap();
        for _ in 0..many {
            let id = self
                .writes(ward, "2026-11-17T10:00:00Z", Some(("better", "It was noisy at night.")))
                .parse()
                .unwrap();
            let code = Wish::Code(BTreeSet::from(["noise".parse().unwrap()]));
            let coded = self.desk.comments.decide(&id, 0, &office, &code, noon()).unwrap();
            let release = Wish::Release(Tone::Criticism, Reach::Staff);
            self.desk.comments.decide(&id, coded.number, &office, &release, noon()).unwrap();
        }
    }

    /// The hash of the frame, as the page's form says it.
    async fn frame(&self) -> String {
        let page = self.office("/office/themes").await;
        let start = page.find("name=\"seen\" value=\"").unwrap() + "name=\"seen\" value=\"".len();
        page[start..start + 64].to_owned()
    }
}

#[tokio::test]
async fn the_office_changes_the_coding_frame_with_a_reason() {
    let bench = Bench::lively(false).await;
    let page = bench.office("/office/themes").await;
    assert!(page.contains("16 themes") && page.contains("Noise and rest") && page.contains("(n 0)"));
    let seen = bench.frame().await;
    let form = |what: &str, seen: &str| {
        format!(
            "what={what}&id=visiting&label=Visiting+times&terms=visit*%2C+visiting+hours&reason=Many+ask+for+it&seen={seen}"
        )
    };
    assert_eq!(
        bench.office_sends("/office/themes", &form("add", &seen)).await,
        (303, "/office/themes?done=add".to_owned())
    );
    let (status, text) = bench.office_sends("/office/themes", &form("change", &seen)).await;
    assert!(status == 409 && text.contains("Somebody was quicker"), "the form is of another frame");
    let page = bench.office("/office/themes?edit=visiting&done=add").await;
    for said in
        ["The theme is there.", "17 themes", "visit*, visiting hours", "Change “Visiting times”", "Retire it"]
    {
        assert!(page.contains(said), "{said}");
    }
    let seen = bench.frame().await;
    assert_eq!(bench.office_sends("/office/themes", &form("retire", &seen)).await.0, 303);
    assert!(bench.office("/office/themes").await.contains("16 themes"));
    assert!(bench.desk.audit.recent(9).iter().any(|entry| {
        entry.did == "changed_frame" && entry.detail.as_deref() == Some("retire: Many ask for it")
    }));
}

#[tokio::test]
async fn what_cannot_be_a_theme_says_why() {
    let bench = Bench::lively(false).await;
    let seen = bench.frame().await;
    for (form, says) in [
        ("what=add&id=Visiting&label=x&reason=x", "is not the id of a theme"),
        ("what=add&id=noise&label=x&reason=x", "there already"),
        ("what=add&id=visiting&label=&reason=x", "write a label"),
        ("what=add&id=visiting&label=x&terms=*&reason=x", "no term"),
        ("what=add&id=visiting&label=x&reason=", "Say why in 1 to 150"),
        ("what=burn&id=noise&label=x&reason=x", "nothing that can be done"),
    ] {
        let (status, text) = bench.office_sends("/office/themes", &format!("{form}&seen={seen}")).await;
        assert!(status == 400 && text.contains(says), "{form}: {status} {text}");
    }
    assert_eq!(bench.frame().await, seen);
}

#[tokio::test]
async fn themes_are_counted_and_few_are_left_blank_outside_the_office() {
    let mut bench = Bench::lively(false).await;
    bench.releases_comments("W1", 5);
    let office = bench.office("/office/themes").await;
    assert!(office.contains("Noise and rest: 5 comments in 1 fortnight, most in Fortnight 23 of 2026 (5)"));
    assert!(
        !bench.office("/ward/W1").await.contains("What comments are about"),
        "five are too few for a ward's page"
    );
    bench.releases_comments("W1", 1);
    for path in ["/ward/W1", "/department/medicine", "/trust"] {
        let page = bench.office(path).await;
        assert!(page.contains("Noise and rest: 6 comments in 1 fortnight"), "{path}");
        assert!(
            page.contains("Fortnights with 5 or fewer are left blank") && page.contains("n 6, highest 6"),
            "{path}"
        );
    }
    assert!(!bench.office("/ward/W2").await.contains("What comments are about"));
}
