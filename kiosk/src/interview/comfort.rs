//! How one person wants the screen: text size, contrast, movement, read aloud, and a single switch instead of a hand.
//!
//! It is the person's, not the kiosk's: it outlives a change of language and ends with the visit, so that the next person finds
//! the default. Somebody who sets it at rest and walks away leaves it for as long as an idle interview would wait.
//!
//! *Scanning* is for somebody who can work one switch. The focus goes from control to control by itself and the switch, which is
//! Enter or Space to the kiosk, chooses where it stands. A press of the switch where nothing has the focus begins it; Tab or an
//! arrow key ends it, as somebody who has those does not need it.

use super::view::names_a_page;
use super::{Action, DIM_AT_NIGHT_MS, Effect, Help, HelpStep, IDLE_MS, Interview, Stage};

/// How long the focus stays at a control while scanning.
pub const SCANNING_MS: u64 = 2_000;

/// How one person wants the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Comfort {
    /// How large the text is.
    pub text_size: TextSize,
    /// How strongly text stands out.
    pub contrast: Contrast,
    /// Whether things move.
    pub movement: Movement,
    /// Whether every screen that comes is read aloud.
    pub reads_aloud: bool,
    /// How long the focus stays at a control before it moves on by itself; it does not when absent.
    pub scanning_ms: Option<u64>,
}

/// How large the text is. The theme says why the kiosk begins with the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TextSize {
    /// 100 %.
    Normal,
    /// 125 %.
    #[default]
    Large,
    /// 150 %.
    Larger,
    /// 200 %.
    Largest,
}

/// How strongly text stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Contrast {
    /// Dark on light, at least 7:1.
    #[default]
    Light,
    /// Light on black.
    Strong,
}

/// Whether things move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Movement {
    /// Short and small.
    #[default]
    Gentle,
    /// Nothing does.
    None,
}

/// How bright the screen has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Light {
    /// As bright as staff chose.
    Day,
    /// Less: patients sleep.
    Night,
    /// Least: nobody has been here for long, and a touch only wakes the screen.
    Dimmed,
}

impl TextSize {
    /// Every size from the smallest.
    pub const ALL: [Self; 4] = [Self::Normal, Self::Large, Self::Larger, Self::Largest];

    /// Percent of the theme's sizes.
    pub fn percent(self) -> u16 {
        match self {
            Self::Normal => 100,
            Self::Large => 125,
            Self::Larger => 150,
            Self::Largest => 200,
        }
    }

    /// The next larger one; the smallest after the largest.
    pub(super) fn next(self) -> Self {
        match self {
            Self::Normal => Self::Large,
            Self::Large => Self::Larger,
            Self::Larger => Self::Largest,
            Self::Largest => Self::Normal,
        }
    }
}

impl Contrast {
    /// The one that is not shown.
    pub(super) fn other(self) -> Self {
        match self {
            Self::Light => Self::Strong,
            Self::Strong => Self::Light,
        }
    }
}

impl Interview {
    /// Takes an action that is about comfort or waking; whether it was one.
    pub(super) fn touch_comfort(&mut self, action: &Action) -> bool {
        let comfort = &mut self.comfort;
        match action {
            Action::TextSize => {
                let before = names_a_page(comfort.text_size);
                comfort.text_size = comfort.text_size.next();
                let now = names_a_page(comfort.text_size);
                if let Stage::Asking(asking) = &mut self.stage {
                    asking.place = asking.place.repaged(before, now);
                }
                if let Some(Help { step: HelpStep::Placing { page, .. }, .. }) = &mut self.help {
                    *page = *page * before / now;
                }
            }
            Action::Contrast => comfort.contrast = comfort.contrast.other(),
            Action::Movement => {
                comfort.movement = match comfort.movement {
                    Movement::Gentle => Movement::None,
                    Movement::None => Movement::Gentle,
                };
            }
            Action::Switch => comfort.scanning_ms = Some(comfort.scanning_ms.unwrap_or(SCANNING_MS)),
            Action::OtherKey => comfort.scanning_ms = None,
            Action::Wake => {}
            _ => return false,
        }
        true
    }

    /// Goes to rest for a person who is still there.
    pub(super) fn rest_with_comfort(&mut self) {
        let comfort = self.comfort;
        self.rest();
        self.comfort = comfort;
    }

    /// A touch of a dimmed screen wakes it and is nothing else; whether it was one.
    pub(super) fn wakes(&mut self) -> bool {
        std::mem::replace(&mut self.dimmed, false)
    }

    /// When rest goes on by itself: another person's comfort goes, later the screen dims.
    pub(super) fn rest_deadline_ms(&self) -> Option<u64> {
        if !self.is_at_rest() {
            return None;
        }
        let comfort = (self.comfort != Comfort::default()).then_some(self.touched_ms + IDLE_MS);
        let dim = (!self.dimmed).then_some(self.touched_ms + self.dims_after_ms());
        comfort.into_iter().chain(dim).min()
    }

    pub(super) fn tick_rest(&mut self, now_ms: u64) {
        if !self.is_at_rest() {
            return;
        }
        if now_ms >= self.touched_ms + IDLE_MS {
            self.comfort = Comfort::default();
        }
        self.dimmed |= now_ms >= self.touched_ms + self.dims_after_ms();
    }

    /// When the focus moves on by itself.
    pub(super) fn scan_deadline_ms(&self) -> Option<u64> {
        self.comfort.scanning_ms.map(|each_ms| self.scanned_ms + each_ms)
    }

    /// Moves the focus when it is due.
    pub(super) fn scan(&mut self, now_ms: u64, effects: &mut Vec<Effect>) {
        if self.scan_deadline_ms().is_some_and(|due_ms| now_ms >= due_ms) {
            self.scanned_ms = now_ms;
            effects.push(Effect::MoveFocus);
        }
    }

    /// How bright the screen has to be now.
    pub(super) fn light(&self) -> Light {
        match (self.dimmed, self.night) {
            (true, _) => Light::Dimmed,
            (false, true) => Light::Night,
            (false, false) => Light::Day,
        }
    }

    fn dims_after_ms(&self) -> u64 {
        let by_day_ms = self.setting.dims_after_ms();
        if self.night { by_day_ms.min(DIM_AT_NIGHT_MS) } else { by_day_ms }
    }

    fn is_at_rest(&self) -> bool {
        matches!(self.stage, Stage::Rest) && self.help.is_none()
    }
}
