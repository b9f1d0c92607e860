//! The page of the word lists and of the names of staff.

use super::*;

const PATH: &str = "/office/comments/words";

#[tokio::test]
async fn the_office_sees_and_changes_words_and_names_and_the_queue_follows() {
    let mut bench = Bench::lively(false).await;
    bench.writes("W1", "2026-11-16T10:00:00Z", Some(("better", "Nurse Placeholder rattled the trolley.")));
    let page = bench.office(PATH).await;
    for said in ["Words of harm: ", "Words of distress: ", "bruis*", "No name is on the list.", "Yes."] {
        assert!(page.contains(said), "{said}");
    }
    let form = "what=add-word&language=en&kind=distress&word=trolley";
    let done = format!("{PATH}?language=en&done=add-word");
    assert_eq!(bench.office_sends(PATH, form).await, (303, done));
    assert!(bench.office("/office/comments").await.contains("<mark class=\"distress\">trolley</mark>"));
    let form = "what=add-name&name=Nurse+Placeholder&role=a+nurse";
    assert_eq!(bench.office_sends(PATH, form).await, (303, format!("{PATH}?done=add-name#names")));
    let page = bench.office(&format!("{PATH}?done=add-name")).await;
    assert!(page.contains("1 name") && page.contains("Nurse Placeholder → a nurse"));
    assert!(bench.office("/office/comments").await.contains("<mark class=\"name\">Nurse Placeholder</mark>"));
    let entries = bench.desk.audit.recent(20);
    let noted = |detail: &str| {
        entries.iter().any(|entry| entry.did == "changed_lists" && entry.detail.as_deref() == Some(detail))
    };
    assert!(noted("add distress: trolley") && noted("add a name"));
    assert!(!entries.iter().any(|entry| format!("{entry:?}").contains("Placeholder")), "no name is in the audit");
    for path in ["/office", "/office/audit", "/office/themes", "/office/comments/themes"] {
        assert!(!bench.office(path).await.contains("Placeholder"), "{path}");
    }
    assert_eq!(bench.office_sends(PATH, "what=remove-name&name=nurse+placeholder").await.0, 303);
    assert_eq!(bench.office_sends(PATH, "what=remove-word&language=en&kind=distress&word=trolley").await.0, 303);
    assert!(!bench.office("/office/comments").await.contains("<mark class=\"name\">Nurse Placeholder</mark>"));
}

#[tokio::test]
async fn what_cannot_be_done_with_a_list_says_why() {
    let bench = Bench::lively(false).await;
    for (form, says) in [
        ("what=add-word&language=en&kind=distress&word=", "write 1 to 60 characters"),
        ("what=add-word&language=en&kind=joy&word=a", "is no list"),
        ("what=add-word&language=!&kind=distress&word=a", "by its tag"),
        ("what=add-word&language=en&kind=safeguarding&word=Bruis*", "on the list already"),
        ("what=remove-word&language=en&kind=safeguarding&word=nothing", "not on the list any more"),
        ("what=checked&language=fi", "there is none for fi yet"),
        ("what=add-name&name=A", "a name of 2 to 60 characters"),
        ("what=remove-name&name=Nobody", "not on the list any more"),
        ("what=burn", "nothing that can be done with a list"),
    ] {
        let (status, text) = bench.office_sends(PATH, form).await;
        assert!(status == 400 && text.contains(says), "{form}: {status} {text}");
        assert!(text.contains("That was not done"), "{text}");
    }
}

#[tokio::test]
async fn a_language_without_a_list_gets_one_and_somebody_says_that_it_is_checked() {
    let bench = Bench::lively(false).await;
    let page = bench.office(&format!("{PATH}?language=fi")).await;
    assert!(page.contains("There is no list for") && page.contains("No word is on the list."));
    let form = "what=add-word&language=fi&kind=safeguarding&word=l%C3%B6i+minua";
    assert_eq!(bench.office_sends(PATH, form).await.0, 303);
    let page = bench.office(&format!("{PATH}?language=fi")).await;
    assert!(page.contains("löi minua") && page.contains("I speak it and have checked it"));
    assert_eq!(bench.office_sends(PATH, "what=checked&language=fi").await.0, 303);
    assert!(bench.office(&format!("{PATH}?language=fi")).await.contains("It has to be checked again"));
}
