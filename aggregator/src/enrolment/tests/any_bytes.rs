//! Whatever somebody says at the desk who has no code and no pass: nobody is taken in by it, and the code of somebody else is not spent.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::*;
use crate::garbled;

const TIMES: usize = 300;

#[test]
fn whatever_is_said_at_the_desk_takes_nobody_in() {
    let office = Office::open();
    let code = office.invite("k-1", Some(&office.ward));
    let (request, key) = (testing::request(), SigningKey::from_bytes(&[7; 32]));
    // Who has overheard the code and the key of another, and not that key's secret half.
    let stolen = key.sign(&proof("another code", &request));
    let joining = Joining { secret: code.secret().to_owned(), signing_key: key.verifying_key(), proof: stolen };
    let examples = [Purpose::Join(Box::new(joining)), Purpose::Renew].map(|purpose| {
        let ask = Ask { version: 1, request: STANDARD.encode(&request), purpose };
        serde_json::to_vec(&ask).unwrap()
    });
    let asked = garbled::bytes(examples.to_vec());
    let mut runner = TestRunner::deterministic();
    for _ in 0..TIMES {
        let asked = asked.new_tree(&mut runner).unwrap().current();
        let answer = office.desk.answer(&asked, HERE, None, Timestamp::now());
        assert!(
            matches!(answer, Answer::Refused(_)),
            "{} is answered {answer:?}",
            String::from_utf8_lossy(&asked)
        );
    }
    assert!(office.told.lock().unwrap().is_empty());
    office.join(&code, 3).unwrap();
}
