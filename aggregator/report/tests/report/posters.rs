//! Posters in every script, as they are and as they are read out.

use crate::support::{info, paper, printed, text};
use serde_json::{Value, json};

fn figure(question: &str, answer: &str) -> Value {
    json!({
        "question": question, "answer": answer, "percent": 92, "people": 61, "of": "this_ward",
        "first_day": "2026-10-26", "last_day": "2026-11-08"
    })
}

fn poster(language: &str, figures: &[Value], size: &str) -> Value {
    let changes = json!([{"said": "It is loud at night.", "did": "We fitted soft bins and dim the lights at ten.", "language": "en"}]);
    paper(language, "ward_poster", &json!({"size": size, "figures": figures, "changes": changes}))
}

#[test]
fn a_ward_poster_in_latin_says_what_it_should() {
    let figures = [
        figure("Overall, how was your experience of our service?", "said very good or good"),
        figure("Have staff been kind to you?", "said “Yes, always”"),
        json!({
            "question": "Have you been able to rest at night?", "answer": "said “Yes, always”", "percent": 48, "people": 212,
            "of": {"unit": "Northern Infirmary"}, "first_day": "2026-07-01", "last_day": "2026-12-31"
        }),
    ];
    let printed = printed("poster-en", &poster("en", &figures, "a3"));
    assert_eq!(printed.pages, 1);
    let text = text("poster-en");
    for said in [
        "What patients say",
        "Ward 7, Acute Respiratory",
        "92%",
        "said very good or good",
        "Have staff been kind to you?",
        "This ward",
        "People who answered: 61",
        "26 October to 8 November 2026",
        "Northern Infirmary",
        "1 July to 31 December 2026",
        "You said",
        "We fitted soft bins",
        "Figures of 5 or fewer people are not shown.",
        "Example Hospitals",
        "20/11/2026",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let about = info("poster-en", None);
    for said in ["Title: Ward 7: fortnight 23 of 2026", "Tagged: yes", "841.89 x 1190.55 pts (A3)"] {
        let squeezed = about.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(squeezed.contains(said), "{said}: {about}");
    }
}

#[test]
fn posters_in_every_script_are_set_and_tagged_in_their_language() {
    let wordings = [
        ("ar", "هل كان الموظفون لطفاء معك؟", "نعم، دائمًا", "ماذا يقول المرضى"),
        ("ur", "کیا عملے کا برتاؤ آپ کے ساتھ شفقت بھرا رہا ہے؟", "جی ہاں، ہمیشہ", "مریض کیا کہتے ہیں"),
        ("bn", "কর্মীরা কি আপনার প্রতি সদয় ছিলেন?", "হ্যাঁ, সব সময়", "রোগীরা কী বলেন"),
        ("pa", "ਕੀ ਸਟਾਫ਼ ਤੁਹਾਡੇ ਨਾਲ ਦਿਆਲੂ ਰਿਹਾ ਹੈ?", "ਹਾਂ, ਹਮੇਸ਼ਾ", "ਮਰੀਜ਼ ਕੀ ਕਹਿੰਦੇ ਹਨ"),
        ("gu", "શું સ્ટાફ તમારી સાથે દયાળુ રહ્યો છે?", "હા, હંમેશા", "દર્દીઓ શું કહે છે"),
        ("pl", "Czy personel był dla Pani/Pana życzliwy?", "Tak, zawsze", "Co mówią pacjenci"),
        ("ro", "Personalul s-a purtat cu bunătate?", "Da, întotdeauna", "Ce spun pacienții"),
        ("cy", "A yw staff wedi bod yn garedig wrthych?", "Ydynt, bob amser", "Beth mae cleifion yn ei ddweud"),
    ];
    for (language, question, answer, title) in wordings {
        let name = format!("poster-{language}");
        let figures = [figure(question, answer), figure(question, answer)];
        let printed = printed(&name, &poster(language, &figures, "a4"));
        assert_eq!(printed.pages, 1, "{language}");
        // What is joined or reordered when it is drawn is still the same letters when it is read out.
        let text = text(&name);
        let letters = |words: &str| -> Vec<char> {
            let mut letters: Vec<char> = words.chars().filter(|letter| letter.is_alphanumeric()).collect();
            letters.sort_unstable();
            letters
        };
        let there = letters(&text);
        for words in [question, answer, title] {
            for letter in letters(words) {
                assert!(there.contains(&letter), "{language}: {letter} of {words} is not in {text}");
            }
        }
        let catalogue = String::from_utf8_lossy(&printed.pdf).into_owned();
        assert!(
            catalogue.contains(&format!("/Lang({language}")) || catalogue.contains(&format!("/Lang ({language}")),
            "{language}"
        );
        let from_the_right = ["ar", "ur"].contains(&language);
        assert_eq!(catalogue.contains("/Direction/R2L"), from_the_right, "{language}");
    }
}

#[test]
fn you_said_we_did_holds_one_to_four_changes_on_one_page() {
    let long = "Patients told us again and again that nobody explained what would happen next, and that they learnt of their \
                discharge only when the porter came to fetch them away.";
    let change = json!({"said": long, "did": long});
    for many in 1..=4_usize {
        let name = format!("you-said-{many}");
        let report = json!({"size": "a3", "changes": vec![change.clone(); many]});
        let printed = printed(&name, &paper("en", "you_said_we_did", &report));
        assert_eq!(printed.pages, 1);
        assert_eq!(text(&name).matches("We did").count(), many, "a heading for each");
    }
}

#[test]
fn variation_selectors_and_signs_without_a_glyph_do_not_break_a_poster() {
    let report = json!({"size": "a4", "changes": [{"said": "Thank you \u{2764}\u{fe0f} to all \u{1f600}", "did": "1\u{fe0f}\u{20e3} more nurse"}]});
    printed("poster-signs", &paper("en", "you_said_we_did", &report));
    assert!(text("poster-signs").contains("Thank you [?]"), "{}", text("poster-signs"));
}

#[test]
fn a_poster_without_figures_says_so() {
    printed("poster-empty", &paper("en", "ward_poster", &json!({"size": "a4", "figures": []})));
    assert!(text("poster-empty").contains("when enough of them have answered"));
}
