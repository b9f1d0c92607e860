//! A long log is read beside everything else, and nobody who only looks waits for it.

use super::*;

const ALL: Which = Which { standing: None, ward: None };

/// How many comments the office's page has in all.
fn on_the_page(office: &Office) -> usize {
    office.comments().leaf(&ALL, 1, usize::MAX).unwrap().listed.len()
}

#[test]
fn while_a_thread_reads_pages_show_what_was_found_and_decisions_wait_for_the_rest() {
    let mut office = Office::new();
    let ids: Vec<CommentId> = (0..12).map(|_| office.says("W1", "better", "It was noisy.")).collect();
    office.restarts();
    office.comments().pages_read_at_most(3);
    // Nobody reads beside: whoever looks reads.
    assert_eq!((office.comments().found_so_far(), office.comments().left()), (None, 12));
    assert_eq!((on_the_page(&office), office.comments().left()), (12, 0));

    office.restarts();
    office.comments().pages_read_at_most(3);
    let beside = office.comments().reads_beside();
    assert_eq!(office.comments().found_so_far(), Some(0));
    assert_eq!(on_the_page(&office), 0, "a page waited");
    assert_eq!(office.comments().counts().unwrap().iter().map(|(_, count)| count).sum::<u64>(), 0);
    office.comments().read_on(|| true).unwrap();
    assert_eq!(office.comments().left(), 12, "it was over before it began");
    // Whoever names a comment gets it, and whoever lists all of them to carry them out.
    assert_eq!(office.comments().one(ids.last().unwrap()).unwrap().0.text, "It was noisy.");
    assert_eq!((office.comments().found_so_far(), office.comments().left()), (None, 0));
    drop(beside);

    office.restarts();
    office.comments().pages_read_at_most(3);
    let beside = office.comments().reads_beside();
    assert_eq!(office.comments().list(&ALL).unwrap().len(), 12);
    drop(beside);
    // What comes afterwards are a few, which a page reads itself.
    office.says("W1", "better", "It was loud.");
    let beside = office.comments().reads_beside();
    assert_eq!((office.comments().left(), office.comments().found_so_far()), (1, None));
    assert_eq!(on_the_page(&office), 13);
    drop(beside);
}

#[test]
fn a_log_longer_than_a_span_is_read_to_its_end() {
    let mut office = Office::new();
    let many = 511;
    for number in 0..many {
        if number % 100 == 7 {
            office.says("W2", "better", "It was noisy.");
        } else {
            office.answers("W2");
        }
    }
    office.restarts();
    assert_eq!((on_the_page(&office), office.comments().left()), (6, 0));
}
