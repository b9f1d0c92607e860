//! A patient wants back what they answered.

use super::super::desk::{given, taken_back};
use super::*;

#[tokio::test]
async fn an_answer_is_deleted_by_whoever_is_sure_and_what_cannot_be_is_said() {
    let bench = Bench::empty(false).await;
    let record = taken_back();
    assert!(bench.office("/office").await.contains("href=\"/office/withdrawal\""));
    let page = bench.office(&format!("/office/withdrawal?record={record}/better")).await;
    assert!(page.contains(&format!("value=\"{record}/better\"")) && page.contains("0 records have been deleted"));
    let (status, text) = bench.office_sends("/office/withdrawal", "record=somebody&sure=yes").await;
    assert!(
        status == 422 && text.contains("Write the record as it stands") && text.contains("value=\"somebody\"")
    );
    let form = format!("record={record}");
    let (status, text) = bench.office_sends("/office/withdrawal", &form).await;
    assert!(status == 422 && text.contains("Tick this to delete it."));
    let unknown = form.replace(&record.to_string(), "01a207d9-2100-7707-8707-070707070708");
    let (status, text) = bench.office_sends("/office/withdrawal", &format!("{unknown}&sure=yes")).await;
    assert!(status == 422 && text.contains("there is none in the log."), "{text}");
    let (status, location) = bench.office_sends("/office/withdrawal", &format!("{form}&sure=yes")).await;
    assert_eq!((status, location.as_str()), (303, "/office/withdrawal?done=2026-F23"));
    assert!(bench.office(&location).await.contains("Scores of 2026-F23 are made without it"));
    let noted = bench.desk.audit.recent(5);
    let about = format!("record:{record}");
    assert!(noted.iter().any(|entry| entry.did == "withdrew" && entry.about.as_deref() == Some(about.as_str())));
}

#[tokio::test]
async fn an_answer_is_deleted_by_its_code_and_a_code_that_finds_nothing_says_why() {
    let bench = Bench::empty(false).await;
    let code = given().to_string();
    let sends = async |form: String| bench.office_sends("/office/withdrawal", &form).await;
    let wrong = |text: &str, why: &str| {
        assert!(text.contains(why) && text.contains("aria-describedby=\"wrong\""), "{why}: {text}");
    };
    // Two letters have changed places.
    let (status, text) = sends("code=7R1E-3GW0-7R18&sure=yes".to_owned()).await;
    assert!(status == 422 && text.contains("value=\"7R1E-3GW0-7R18\""));
    wrong(&text, "one of its letters or digits is wrong, or two have changed places.");
    let (status, text) = sends("code=7R1E&sure=yes".to_owned()).await;
    assert_eq!(status, 422);
    wrong(&text, "it has 12 letters and digits, and here are 4.");
    let (status, text) = sends("code=0000-0000-0000&sure=yes".to_owned()).await;
    assert_eq!(status, 422);
    wrong(&text, "some wait on k-1.");
    let (status, text) = sends(format!("code={code}&record={}&sure=yes", taken_back())).await;
    assert_eq!(status, 422);
    wrong(&text, "leave the other empty");
    let (status, text) = sends(format!("code={code}")).await;
    assert!(status == 422 && text.contains("Tick this to delete it.") && text.contains(&code));
    assert!(bench.desk.audit.recent(5).iter().all(|entry| entry.did != "withdrew"), "nothing was deleted yet");

    let (status, location) = sends(format!("code={}&sure=yes", code.to_lowercase().replace('-', "+"))).await;
    assert_eq!((status, location.as_str()), (303, "/office/withdrawal?done=2026-F23"));
    let noted = bench.desk.audit.recent(5);
    let about = format!("record:{}", taken_back());
    assert!(noted.iter().any(|entry| entry.did == "withdrew" && entry.about.as_deref() == Some(about.as_str())));
    assert!(!format!("{noted:?}").contains(&code), "the audit names the record and not the code");
}
