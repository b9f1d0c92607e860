//! Actions, as wards and larger units take them on.

use super::*;
use crate::accounts::Proof;
use crate::actions::{Cause, NewAction};
use crate::comments::{Reach, Tone, Wish};

impl Bench {
    /// An account of a ward, signed in.
    async fn staff_of(&self, ward: &str) -> String {
        self.holder_of(&format!("ward:{ward}")).await
    }

    /// An account with a role, signed in.
    async fn holder_of(&self, role: &str) -> String {
        let (_, whose) = role.split_once(':').unwrap();
        let name = format!("staff-{}", whose.to_lowercase());
        if self.desk.accounts.get(&name).is_none() {
            let proof = Proof::Chosen(PASSWORD);
            self.desk.accounts.add(&name.parse().unwrap(), proof, &[role.parse().unwrap()]).unwrap();
        }
        self.sign_in_as(&name).await
    }

    async fn acts(&self, cookie: &str, ward: &str, form: &str) -> (u16, String) {
        self.acts_at(cookie, &format!("/ward/{ward}/actions"), form).await
    }

    async fn acts_at(&self, cookie: &str, path: &str, form: &str) -> (u16, String) {
        let response = self.post(path, form).header("cookie", cookie).send().await.unwrap();
        let status = response.status().as_u16();
        match response.headers().get("location") {
            Some(location) => (status, location.to_str().unwrap().to_owned()),
            None => (status, response.text().await.unwrap()),
        }
    }

    async fn page_of(&self, cookie: &str, path: &str) -> String {
        let response = self.get(path).header("cookie", cookie).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.text().await.unwrap()
    }
}

#[tokio::test]
async fn a_ward_takes_an_action_on_changes_it_and_says_that_it_is_done() {
    let mut bench = Bench::lively(false).await;
    let comment = bench.writes("W1", "2026-11-16T10:00:00Z", Some(("better", "The bins are loud at night.")));
    let release = Wish::Release(Tone::Criticism, Reach::Staff);
    let office = "office".parse().unwrap();
    bench.desk.comments.decide(&comment.parse().unwrap(), 0, &office, &release, noon()).unwrap();
    let cookie = bench.staff_of("W1").await;
    assert!(bench.page_of(&cookie, "/ward/W1").await.contains("/ward/W1/actions"), "the ward's page leads there");
    let page = bench.page_of(&cookie, "/ward/W1/actions").await;
    assert!(page.contains("No action is open.") && page.contains("The bins are loud at night."));
    let start = page.find("name=\"comment\" value=\"").unwrap() + "name=\"comment\" value=\"".len();
    let handle = &page[start..start + 16];
    let form = format!(
        "what=add&said=Bins+are+loud.&did=Soft+closing+bins.&owner=ward+sister&due=2026-12-01&about=domain:kindness\
         &signal=overall%402026-F22&comment={handle}"
    );
    assert_eq!(bench.acts(&cookie, "W1", &form).await, (303, "/ward/W1/actions?done=add".to_owned()));
    let page = bench.page_of(&cookie, "/ward/W1/actions?done=add").await;
    for said in
        ["The action is taken on.", "Action 1", "due 1 December 2026", "(ward sister)", "fortnight 2026-F22"]
    {
        assert!(page.contains(said), "{said}");
    }
    assert!(page.contains("<blockquote lang=\"en\" dir=\"auto\">The bins are loud at night."));
    let editing = bench.page_of(&cookie, "/ward/W1/actions?edit=1").await;
    assert!(editing.contains("Change action 1") && editing.contains("value=\"2026-12-01\""));
    let change = form.replace("what=add", "what=change&number=1").replace("Soft+closing", "New");
    assert_eq!(bench.acts(&cookie, "W1", &change).await.0, 303);
    let changed = bench.desk.actions.list();
    assert_eq!((changed.len(), changed[0].did.as_str(), changed[0].cause.comments.len()), (1, "New bins.", 1));
    assert_eq!(bench.acts(&cookie, "W1", "what=done&number=1").await.0, 303);
    let page = bench.page_of(&cookie, "/ward/W1/actions?done=done").await;
    assert!(page.contains("Open again") && page.contains("1 done"));
    assert_eq!(bench.acts(&cookie, "W1", "what=reopen&number=1").await.0, 303);
    assert!(bench.desk.audit.recent(9).iter().any(|entry| {
        entry.did == "changed_action" && entry.about.as_deref() == Some("action:1") && entry.who == "staff-w1"
    }));
}

#[tokio::test]
async fn what_cannot_be_done_says_why_and_another_ward_is_another_wards() {
    let bench = Bench::lively(false).await;
    let cookie = bench.staff_of("W1").await;
    bench.acts(&cookie, "W1", "what=add&said=Noise.&did=Quiet.").await;
    for (form, status, says) in [
        ("what=add&said=&did=Quiet.", 400, "what patients said must have 1 to 160"),
        ("what=add&said=Noise.&did=", 400, "what the ward does must have"),
        ("what=add&said=a&did=b&due=soon", 400, "Due must be a day as 2026-12-01; you wrote “soon”"),
        ("what=add&said=a&did=b&about=domain:nothing", 400, "no measure"),
        ("what=add&said=a&did=b&signal=nothing", 400, "not a chart in a fortnight"),
        ("what=add&said=a&did=b&comment=0123456789abcdef", 400, "no released comment"),
        ("what=done&number=9", 404, "no action “9”"),
        ("what=reopen&number=1", 400, "open already"),
        ("what=burn&number=1", 400, "nothing that can be done"),
    ] {
        let (found, text) = bench.acts(&cookie, "W1", form).await;
        assert!(found == status && text.contains(says), "{form}: {found} {text}");
    }
    assert_eq!(bench.acts(&cookie, "W2", "what=done&number=1").await.0, 403);
    let office = bench.sign_in().await;
    assert_eq!(bench.acts(&office, "W2", "what=done&number=1").await.0, 404, "it is not of that ward");
    assert_eq!(bench.desk.actions.list().len(), 1);
}

#[tokio::test]
async fn a_department_takes_an_action_on_and_its_charts_show_what_it_came_to() {
    let bench = Bench::lively(false).await;
    let cookie = bench.holder_of("department:medicine").await;
    let page = bench.page_of(&cookie, "/department/medicine").await;
    assert!(
        page.contains("href=\"/department/medicine/actions\"")
            && page.contains("/department/medicine/you-said.pdf")
    );
    let path = "/department/medicine/actions";
    let form = "what=add&said=Tea+is+cold.&did=New+flasks.&owner=matron&due=2026-11-01&about=domain:kindness";
    assert_eq!(bench.acts_at(&cookie, path, form).await, (303, format!("{path}?done=add")));
    let page = bench.page_of(&cookie, path).await;
    for said in ["Tea is cold.", "(matron)", "overdue"] {
        assert!(page.contains(said), "{said}");
    }
    let page = bench.page_of(&cookie, "/department/medicine").await;
    assert!(page.contains("1 action open, 1 of them overdue; 0 done."), "it stands on the department's page");
    let board = bench.page_of(&bench.sign_in().await, "/board").await;
    let overdue = board.split("<h3>Overdue</h3>").nth(1).unwrap();
    assert!(overdue.contains("Medicine: overdue, due 1 November 2026 (matron)"), "the board sees whose it is");
    // Another was done between the fourth and the fifth fortnight.
    let days = [Date::constant(2026, 9, 1), Date::constant(2026, 9, 27)];
    bench.acted("department:medicine", ["Tea is cold.", "New flasks."], Some("domain:kindness"), days);
    let listed = bench.page_of(&cookie, path).await;
    assert!(listed.contains("Measured: "), "the step is measured over all its wards");
    let chart = bench.page_of(&cookie, "/signal?unit=department:medicine&measure=domain:kindness").await;
    assert!(chart.contains("Action 2 on 27 September 2026: New flasks."), "{chart}");
    let ward = bench.page_of(&cookie, "/signal?unit=ward:W1&measure=domain:kindness").await;
    assert!(ward.contains("Action 2 on 27 September 2026: Medicine: New flasks."), "a ward's patients feel it");
    let trust = bench.page_of(&bench.sign_in().await, "/signal?unit=trust:T1&measure=domain:kindness").await;
    assert!(!trust.contains("Action 2 on"), "the trust's charts have its own alone");
    let entries = bench.desk.audit.recent(9);
    assert!(entries.iter().any(|entry| entry.about.as_deref() == Some("department:medicine")));
}

#[tokio::test]
async fn a_larger_units_actions_are_its_own_and_the_offices() {
    let bench = Bench::lively(false).await;
    let (ward, office) = (bench.staff_of("W1").await, bench.sign_in().await);
    let form = "what=add&said=Parking.&did=More+places.";
    assert_eq!(bench.acts_at(&ward, "/department/medicine/actions", form).await.0, 403);
    assert_eq!(bench.acts_at(&ward, "/trust/actions", form).await.0, 403);
    let specialty = "/specialty/general-medicine/actions";
    assert_eq!(bench.acts_at(&bench.holder_of("department:medicine").await, specialty, form).await.0, 403);
    for path in ["/site/S1/actions", "/trust/actions", "/department/medicine/actions", specialty] {
        let (status, location) = bench.acts_at(&office, path, form).await;
        assert_eq!((status, location), (303, format!("{path}?done=add")));
        assert!(bench.page_of(&office, path).await.contains("More places."), "{path}");
    }
    assert_eq!(bench.acts_at(&office, "/trust/actions", "what=done&number=1").await.0, 404, "it is the site's");
    assert_eq!(bench.acts_at(&office, "/site/S1/actions", "what=done&number=1").await.0, 303);
    assert_eq!(bench.acts_at(&office, "/department/none/actions", form).await.0, 404);
    assert_eq!(bench.desk.actions.list().len(), 4);
}

/// A specialty is the wards that it leads, in what it does as in what its patients say.
#[tokio::test]
async fn what_a_specialty_did_is_on_its_charts_and_on_those_of_the_wards_that_it_leads() {
    let bench = Bench::lively(false).await;
    let office = bench.sign_in().await;
    let of = |whose: &str, did: &str| NewAction {
        unit: whose.parse().unwrap(),
        said: "Nobody explained my scan.".to_owned(),
        did: did.to_owned(),
        owner: None,
        about: Some("domain:kindness".parse().unwrap()),
        due: None,
        cause: Cause::default(),
    };
    for action in [of("specialty:general-medicine", "A leaflet."), of("department:medicine", "New flasks.")] {
        let number = bench.desk.actions.add(action, Date::constant(2026, 9, 1)).unwrap().number;
        bench.desk.actions.finish(number, Date::constant(2026, 9, 27)).unwrap();
    }
    let page = bench.page_of(&office, "/specialty/general-medicine").await;
    assert!(
        page.contains("/specialty/general-medicine/actions") && page.contains("general-medicine/you-said.pdf")
    );
    let chart = |unit: &str| format!("/signal?unit={unit}&measure=domain:kindness");
    let own = bench.page_of(&office, &chart("specialty:general-medicine")).await;
    assert!(own.contains("Action 1 on 27 September 2026: A leaflet."), "{own}");
    let whose = "Action 1 on 27 September 2026: General medicine: A leaflet.";
    // Nobody has answered on the other ward, so it has no chart yet.
    for unit in ["ward:W1", "department:medicine"] {
        let shown = bench.page_of(&office, &chart(unit)).await;
        assert!(shown.contains(whose), "{unit}: {shown}");
    }
    assert!(!bench.page_of(&office, &chart("ward:W2")).await.contains("A leaflet."), "another specialty leads it");
    // The department is of the same wards, over it and a part of it, and drawn once as the other is.
    assert!(own.contains("Action 2 on 27 September 2026: Medicine: New flasks."), "{own}");
    assert_eq!(own.matches("Action 2 on").count(), own.matches("Action 1 on").count(), "{own}");
}
