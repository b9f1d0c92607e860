//! Whether everything on a screen fits: every text has the room it needs, nothing lies over anything else, nothing is outside.
//!
//! It works on what the window itself says of its controls and texts, so that it can be given a broken screen and must object.

use wardvoice_kiosk_ui::FoundText;

/// The least height and width of what can be touched, and the least distance between two, in pixels.
pub(crate) const TARGET: f32 = 72.0;
pub(crate) const GAP: f32 = 16.0;
/// A keyboard's keys stand closer.
pub(crate) const KEY_GAP: f32 = 6.0;
/// For rounding.
const HAIR: f32 = 0.6;

/// A rectangle in the window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Area {
    pub(crate) x: f32,
    pub(crate) y: f32,
    pub(crate) width: f32,
    pub(crate) height: f32,
}

impl Area {
    pub(crate) fn new(x: f32, y: f32, width: f32, height: f32) -> Self {
        Self { x, y, width, height }
    }

    fn is_within(self, other: Self) -> bool {
        self.x >= other.x - HAIR
            && self.y >= other.y - HAIR
            && self.x + self.width <= other.x + other.width + HAIR
            && self.y + self.height <= other.y + other.height + HAIR
    }

    /// How far apart two are; negative where they overlap.
    fn distance(self, other: Self) -> f32 {
        let across = (other.x - self.x - self.width).max(self.x - other.x - other.width);
        let down = (other.y - self.y - self.height).max(self.y - other.y - other.height);
        across.max(down)
    }
}

/// Something that can be touched.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Touchable {
    pub(crate) label: String,
    pub(crate) area: Area,
}

/// What is wrong with a screen of that size; empty when nothing is.
pub(crate) fn faults(window: Area, controls: &[Touchable], texts: &[FoundText], gap: f32) -> Vec<String> {
    let mut faults = Vec::new();
    for (index, control) in controls.iter().enumerate() {
        let Touchable { label, area } = control;
        if label.is_empty() {
            faults.push(format!("the control at {area:?} says nothing"));
        }
        if area.width < TARGET - HAIR || area.height < TARGET - HAIR {
            faults.push(format!("{label:?} is {} by {}", area.width, area.height));
        }
        if !area.is_within(window) {
            faults.push(format!("{label:?} at {area:?} is off the screen"));
        }
        for other in controls.iter().skip(index + 1) {
            let apart = area.distance(other.area);
            if apart < gap - HAIR {
                faults.push(format!("{label:?} and {:?} are {apart} apart", other.label));
            }
        }
    }
    for (index, text) in texts.iter().enumerate() {
        let area = Area::new(text.x, text.y, text.width, text.height);
        if text.needs_width > text.width + HAIR || text.needs_height > text.height + HAIR {
            let (has, needs) = ((text.width, text.height), (text.needs_width, text.needs_height));
            faults.push(format!("{:?} has {has:?} and needs {needs:?}", text.text));
        }
        if !area.is_within(window) {
            faults.push(format!("the text {:?} at {area:?} is off the screen", text.text));
        }
        for control in controls.iter().filter(|control| area.distance(control.area) < -HAIR) {
            if !area.is_within(control.area) {
                faults.push(format!("the text {:?} at {area:?} lies over the edge of {control:?}", text.text));
            }
        }
        for other in texts.iter().skip(index + 1) {
            let beside = Area::new(other.x, other.y, other.width, other.height);
            if area.distance(beside) < -HAIR {
                faults.push(format!("{:?} at {area:?} lies over {:?} at {beside:?}", text.text, other.text));
            }
        }
    }
    faults
}
