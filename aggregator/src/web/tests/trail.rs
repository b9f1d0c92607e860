//! Who did what: by account, deed and consultant, a page at a time, without JavaScript.

use super::desk::{Bench, noon};
use crate::audit::Deed;

#[tokio::test]
async fn who_did_what_is_found_by_account_deed_and_consultant_and_read_page_by_page() {
    let bench = Bench::empty(false).await;
    let cookie = bench.sign_in().await;
    for number in 0..250 {
        let (who, about) =
            if number % 2 == 0 { ("appraiser", "consultant:C07") } else { ("board", "consultant:C7") };
        bench
            .desk
            .audit
            .note(noon(), who, Deed::SawConsultant, Some(about), Some(&format!("look {number}.")))
            .unwrap();
    }
    let page = async |path: &str| {
        let response = bench.get(path).header("cookie", &cookie).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    let (status, all) = page("/office/audit").await;
    assert_eq!(status, 200);
    assert!(all.contains("look 249.") && !all.contains("look 149.") && all.contains(">Older</a>"), "{all}");
    assert!(!all.contains("The newest"));
    let (_, of_one) = page("/office/audit?who=appraiser&did=saw_consultant&about=C07").await;
    assert!(of_one.contains("125 entries") && of_one.contains("look 248.") && !of_one.contains("look 249."));
    assert!(of_one.contains("<option value=\"saw_consultant\" selected>") && of_one.contains("value=\"C07\""));
    let next =
        of_one.split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
    let (_, last) = page(&next).await;
    assert!(last.contains("look 0.") && last.contains("look 48.") && !last.contains("look 50."), "{next}: {last}");
    assert!(last.contains("The newest") && !last.contains(">Older</a>"));
    assert!(page("/office/audit?who=nobody").await.1.contains("There is no such entry."));
    // Empty fields of the form say nothing.
    assert!(page("/office/audit?who=&did=&about=&before=").await.1.contains("look 249."));
    let long = format!("/office/audit?who={}", "a".repeat(201));
    for (path, says) in [
        ("/office/audit?before=now", "number of a line"),
        ("/office/audit?did=sneezed", "nothing that is noted"),
        (long.as_str(), "too long"),
    ] {
        let (status, said) = page(path).await;
        assert!(status == 400 && said.contains(says), "{path} {status} {said}");
    }
}
