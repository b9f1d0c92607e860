//! Questionnaires, approvals and previews.

use super::*;

const PAGE: &str = "/office/questionnaires/inpatient@1";

#[tokio::test]
async fn every_questionnaire_says_where_it_is_asked_and_how_its_languages_stand() {
    let bench = Bench::lively(false).await;
    bench.asks("k-1", bench.desk.world.questionnaires[0].hash());
    let list = bench.office("/office/questionnaires").await;
    for said in
        ["inpatient@1", "3 kiosks of 2 wards", "1 of 13 approved", "staff, never near patients", "no kiosk"]
    {
        assert!(list.contains(said), "{said}");
    }
    let page = bench.office(&format!("{PAGE}?language=pl")).await;
    for said in [
        "3 kiosks are told to ask it, and 1 said that it does",
        "Ward 1 (2), Ward 2 (1)",
        "Machine translation, not approved",
        "Nobody has drawn it yet.",
        "What is asked, side by side",
        "lang=\"pl\" dir=\"auto\"",
        "Have you been treated with respect?",
        "Nothing yet: each language stands as the questionnaire’s file says.",
    ] {
        assert!(page.contains(said), "{said}");
    }
    let hash = bench.desk.world.questionnaires[0].hash().to_string();
    assert!(page.contains(&hash) && !page.contains("style="));
}

#[tokio::test]
async fn a_preview_is_drawn_by_the_kiosks_program_and_shown() {
    let bench = Bench::lively(false).await;
    let (status, location) = bench.office_sends(&format!("{PAGE}/preview"), "language=pl").await;
    assert_eq!((status, location.as_str()), (303, "/office/questionnaires/inpatient@1?language=pl#preview"));
    let page = bench.office(&format!("{PAGE}?language=pl")).await;
    assert!(
        page.contains("1 screen, drawn by the kiosk’s own program (version 0.1.0)") && page.contains("Wstecz")
    );
    assert!(page.contains("alt=\"What this is, and whether the patient agrees, in Polish\""));
    let start = page.find("/office/previews/").unwrap();
    let address: String = page[start..].chars().take_while(|letter| *letter != '"').collect();
    let cookie = bench.sign_in().await;
    let picture = bench.get(&address).header("cookie", &cookie).send().await.unwrap();
    assert_eq!(picture.headers()["content-type"], "image/png");
    assert_eq!(picture.bytes().await.unwrap().as_ref(), b"PNG");
    let gone = bench.get("/office/previews/00/../../secret.png").header("cookie", &cookie).send().await.unwrap();
    assert_eq!(gone.status(), 404);
}

#[tokio::test]
async fn the_office_approves_what_it_has_seen_and_can_withdraw_it() {
    let bench = Bench::lively(false).await;
    let decide = format!("{PAGE}/decide");
    let zeros = Hash::ZERO.to_string();
    let form = |words: &str| format!("language=pl&ruling=approve&words={words}&reason=The+interpreting+service");
    let (status, text) = bench.office_sends(&decide, &form(&zeros)).await;
    assert!(
        status == 409 && text.contains("Draw the preview again"),
        "what nobody has drawn nobody has seen: {text}"
    );
    bench.office_sends(&format!("{PAGE}/preview"), "language=pl").await;
    let (status, location) = bench.office_sends(&decide, &form(&zeros)).await;
    assert_eq!((status, location.as_str()), (303, "/office/questionnaires/inpatient@1?language=pl&done=approved"));
    let page = bench.office(&location).await;
    for said in [
        "Kiosks offer it between two patients.",
        "The interpreting service",
        "approved, with the kiosk’s own words",
        "Withdraw Polish",
    ] {
        assert!(page.contains(said), "{said}");
    }
    assert!(!page.contains(">Approve Polish<"), "there is nothing left to approve");
    let hash = bench.desk.world.questionnaires[0].hash();
    let approved = bench.desk.translations.approved(hash).unwrap();
    assert_eq!(approved.values().next().unwrap().words, Some(Hash::ZERO));
    let (_, location) =
        bench.office_sends(&decide, "language=pl&ruling=withdraw&reason=Question+4+is+wrong").await;
    assert!(location.ends_with("done=withdrawn"));
    assert!(bench.office(PAGE).await.contains("Withdrawn"));
    assert!(bench.desk.audit.recent(9).iter().any(|entry| {
        entry.did == "changed_approval"
            && entry.about.as_deref() == Some("translation:inpatient@1/pl")
            && entry.detail.as_deref() == Some("withdraw: Question 4 is wrong")
    }));
}

#[tokio::test]
async fn what_cannot_be_decided_says_why() {
    let bench = Bench::lively(false).await;
    let decide = format!("{PAGE}/decide");
    for (form, status, says) in [
        ("language=pl&ruling=approve&reason=", 400, "the reason must have 1 to 200 characters"),
        ("language=pl&ruling=withdraw&reason=x", 400, "not approved"),
        ("language=en&ruling=withdraw&reason=x", 400, "translated from"),
        ("language=pl&ruling=maybe&reason=x", 400, "no decision"),
        ("language=xx&ruling=approve&reason=x", 404, "no text in"),
    ] {
        let (found, text) = bench.office_sends(&decide, form).await;
        assert!(found == status && text.contains(says), "{form}: {found} {text}");
    }
    let cookie = bench.sign_in().await;
    for path in [
        "/office/questionnaires/inpatient@9",
        "/office/questionnaires/none",
        "/office/questionnaires/inpatient@1?language=xx",
    ] {
        assert_eq!(bench.get(path).header("cookie", &cookie).send().await.unwrap().status(), 404, "{path}");
    }
}
