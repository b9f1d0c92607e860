//! Publishing from the office's page.

use std::fs;

use jiff::civil::date;

use super::*;
use crate::accounts::OFFICE;
use crate::publish::{Came, Edition, Publishing, Publishings};

/// The version that a page would publish.
fn version(page: &str) -> &str {
    let (_, rest) = page.split_once("name=\"version\" value=\"").unwrap();
    rest.split_once('"').unwrap().0
}

#[tokio::test]
async fn what_was_shown_is_published_as_by_the_command_and_nothing_else() {
    let bench = Bench::lively(false).await;
    bench.release(date(2026, 11, 8));
    let page = bench.office("/office/publish").await;
    assert!(page.contains("For everybody") && page.contains("Nothing is published there yet"));
    assert!(!page.contains("What would be published") && bench.office("/office").await.contains("To 1 folder"));
    let look = bench.office("/office/publish?look=public").await;
    let seen = bench.published(Edition::Public).version;
    assert_eq!(version(&look), seen, "{}", main_of(&look));
    assert!(look.contains("ward-W1.html") && look.contains("0</strong> as they are"), "{}", main_of(&look));

    // A ward has finished something in between.
    bench.change("W1", "Bins are loud.");
    let (status, text) = bench.office_sends("/office/publish", &format!("edition=public&version={seen}")).await;
    assert!(status == 422 && text.contains("something has come between"), "{status}");
    let folder = bench.desk.published[0].out.clone();
    let is_noted = || bench.desk.audit.recent(5).into_iter().find(|entry| entry.did == "published");
    assert!(!folder.exists() && is_noted().is_none());

    let site = bench.published(Edition::Public);
    assert_eq!(version(&text), site.version, "what it would be now is shown with the refusal");
    let form = format!("edition=public&version={}", site.version);
    let (status, location) = bench.office_sends("/office/publish", &form).await;
    assert_eq!((status, location.as_str()), (303, "/office/publish#public"));
    for file in site.files() {
        assert_eq!(fs::read_to_string(folder.join("site").join(&file.name)).unwrap(), file.text, "{}", file.name);
    }
    let noted = is_noted().unwrap();
    assert_eq!((noted.who.as_str(), noted.about.as_deref()), (OFFICE, Some("edition:public")));
    let page = bench.office("/office/publish?look=public").await;
    assert!(page.contains("Published just now by office"), "{}", main_of(&page));
    assert!(page.contains("What stands there is what would be published."), "{}", main_of(&page));
    let refused = bench.office_sends("/office/publish", "edition=trust&version=x").await;
    assert!(refused.0 == 400 && refused.1.contains("name no folder for the trust edition"), "{}", refused.1);
    assert_eq!(bench.office_sends("/office/publish", "edition=staff").await.0, 400);
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_said_on_the_page_and_what_stood_there_stands() {
    let bench = Bench::lively(false).await;
    let folder = bench.desk.published[0].out.clone();
    fs::write(&folder, "a file where a folder should be").unwrap();
    let look = bench.office("/office/publish?look=public").await;
    let form = format!("edition=public&version={}", version(&look));
    assert_eq!(bench.office_sends("/office/publish", &form).await.0, 303);
    let page = bench.office("/office/publish").await;
    assert!(page.contains("Not published, tried just now by office."), "{}", main_of(&page));
    assert!(page.contains("what was published before still stands"), "{}", main_of(&page));
    // After a restart it is known all the same.
    let file = folder.parent().unwrap().join("publishing.json");
    let Some(Publishing { came: Came::Failed { why }, .. }) = Publishings::open(file).of(Edition::Public) else {
        panic!("it is not kept")
    };
    assert!(why.contains("what was published before still stands"), "{why}");
    // It can be tried again as soon as the folder is one.
    fs::remove_file(&folder).unwrap();
    assert_eq!(bench.office_sends("/office/publish", &form).await.0, 303);
    assert!(bench.office("/office/publish").await.contains("Published just now by office"));
}

#[tokio::test]
async fn how_a_publishing_by_the_command_went_is_on_the_page() {
    let bench = Bench::lively(false).await;
    let failed = Publishing {
        since: noon() - SignedDuration::from_hours(10),
        who: "command".to_owned(),
        came: Came::failed("failed to put index.html to https://intranet.example/: the server says 403"),
    };
    bench.desk.publishings.note(Edition::Public, failed);
    let page = bench.office("/office/publish").await;
    assert!(page.contains("Not published, tried ") && page.contains(" by command."), "{}", main_of(&page));
    assert!(page.contains("the server says 403"), "{}", main_of(&page));
    let done = Came::Done { files: 3, is_new: true, put: None };
    let done = Publishing { since: noon(), who: "command".to_owned(), came: done };
    bench.desk.publishings.note(Edition::Public, done);
    let page = bench.office("/office/publish").await;
    assert!(page.contains("Published just now by command: 3 files."), "{}", main_of(&page));
}
