//! Whether everything on a page behind the door fits. A page may be longer than its place and scrolls then: what scrolls is judged
//! by itself, what stays is judged by itself, and neither may lie over the other.

use crate::patient::Patient;
use crate::patient::fit::{Area, Touchable, faults};
use wardvoice_kiosk_ui::{FoundControl, FoundPane, FoundText};

/// The least height of what a page that scrolls is seen through: two controls and the gap between them.
const LEAST_PANE: f32 = 160.0;
/// For rounding.
const HAIR: f32 = 0.6;

/// What was found about a page.
pub(crate) struct Judged {
    pub(crate) faults: Vec<String>,
    pub(crate) scrolls: bool,
}

/// Judges what a window of that size shows, with so much between two controls.
pub(crate) fn judge(patient: &Patient, width: u16, height: u16, gap: f32) -> Judged {
    let window = Area::new(0.0, 0.0, width.into(), height.into());
    let (controls, texts) = patient.surveys();
    let Some(pane) = patient.pane().filter(|pane| pane.content_height > pane.height + HAIR) else {
        return Judged { faults: judged(window, &controls, &texts, gap), scrolls: false };
    };
    patient.pulls(pane.content_height - pane.height);
    let (pulled_controls, pulled_texts) = patient.surveys();
    patient.pulls(0.0);
    let (moving, standing) = split(controls, &pulled_controls, |control| control.y);
    let (moving_texts, standing_texts) = split(texts, &pulled_texts, |text| text.y);
    let whole = Area::new(0.0, pane.y, width.into(), pane.content_height);
    let mut faults = judged(window, &standing, &standing_texts, gap);
    faults.extend(judged(whole, &moving, &moving_texts, gap));
    if pane.height < LEAST_PANE {
        faults.push(format!("a page is seen through {} pixels", pane.height));
    }
    let spans = standing.iter().map(|control| (&control.label, control.y, control.height));
    let spans = spans.chain(standing_texts.iter().map(|text| (&text.text, text.y, text.height)));
    let over = spans.filter(|(_, y, height)| lies_over(&pane, *y, *height));
    faults.extend(over.map(|(label, y, _)| format!("{label:?} at {y} lies over the page {pane:?}")));
    Judged { faults, scrolls: true }
}

fn judged(window: Area, controls: &[FoundControl], texts: &[FoundText], gap: f32) -> Vec<String> {
    let touchable = |control: &FoundControl| Touchable {
        label: control.label.to_string(),
        area: Area::new(control.x, control.y, control.width, control.height),
    };
    faults(window, &controls.iter().map(touchable).collect::<Vec<_>>(), texts, gap)
}

/// What moved when the page was pulled, and what stayed.
fn split<T>(found: Vec<T>, pulled: &[T], y: impl Fn(&T) -> f32) -> (Vec<T>, Vec<T>) {
    assert_eq!(found.len(), pulled.len(), "pulling a page changes nothing of what is on it");
    let moved: Vec<bool> =
        found.iter().zip(pulled).map(|(before, after)| (y(before) - y(after)).abs() > HAIR).collect();
    let mut moved = moved.into_iter();
    found.into_iter().partition(|_| moved.next().unwrap_or_default())
}

fn lies_over(pane: &FoundPane, y: f32, height: f32) -> bool {
    y + height > pane.y + HAIR && y < pane.y + pane.height - HAIR
}
