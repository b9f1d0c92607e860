//! How many in a hundred, as a bar: what the published pages show, which everybody can see and which round to whole hundredths.

use maud::{Markup, html};

use super::palette::{INK, TEAL};
use crate::web::words;

/// How many in a hundred of so many people said something, "said “Yes, always”". More than a hundred fill the bar.
pub(crate) fn share(question: &str, said: &str, percent: u64, people: u64) -> Markup {
    let filled = 6 * percent.min(100);
    html! {
        svg role="img" viewBox="0 0 600 24" preserveAspectRatio="none" fill="none" {
            title { (question) }
            desc { (percent) "% of " (words::people(people)) " " (said) }
            rect x="0" y="0" width="600" height="24" fill=(INK) fill-opacity="0.12" {}
            rect x="0" y="0" width=(filled) height="24" fill=(TEAL) {}
        }
    }
}
