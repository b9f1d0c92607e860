//! The journey that is drawn: every question, whatever branches there are, and the screens around them.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use slint::ComponentHandle as _;
use wardvoice_kiosk_ui::Theme;
use wardvoice_protocol::id::Language;

use super::{MOST_SCREENS, Screen, Screenshot};
use crate::interview::{Action, Carriage, Happening, Screen as Shown, Setting};
use crate::screens::ScreenName;

/// Walks from rest to rest, and draws each screen.
pub(super) fn walk(screen: &Screen, language: &Language, folder: &Path) -> anyhow::Result<Vec<Screenshot>> {
    Walk { screen, folder, drawn: Vec::new() }.whole(language)
}

struct Walk<'a> {
    screen: &'a Screen,
    folder: &'a Path,
    drawn: Vec<Screenshot>,
}

impl Walk<'_> {
    fn whole(mut self, language: &Language) -> anyhow::Result<Vec<Screenshot>> {
        self.screen.stage.meet(Happening::Carriage(Carriage { connected: true, waiting: 0 }));
        self.draw()?;
        self.touch(Action::Start);
        if matches!(self.shown(), Shown::Language { .. }) {
            self.draw()?;
            self.touch(Action::ChooseLanguage(language.clone()));
        }
        ensure!(matches!(self.shown(), Shown::Consent), "the journey does not come to the consent in {language}");
        self.draw()?;
        self.aside(Action::Help, Action::CloseHelp)?;
        self.touch(Action::Agree);
        self.aside(Action::Stop, Action::CarryOn)?;
        while matches!(self.shown(), Shown::Question(_) | Shown::Comment(_)) {
            ensure!(self.drawn.len() < MOST_SCREENS, "the journey has more than {MOST_SCREENS} screens");
            self.draw()?;
            // Whoever says nothing is asked everything, also what depends on an earlier answer.
            self.touch(Action::Skip);
        }
        self.saved();
        ensure!(
            matches!(self.shown(), Shown::Thanks { .. }),
            "the journey does not come to its end in {language}"
        );
        self.draw()?;
        self.touch(Action::Dismiss);
        if matches!(self.shown(), Shown::Wipe) {
            self.draw()?;
            self.touch(Action::Wiped);
        }
        self.given_a_code(language)?;
        Ok(self.drawn)
    }

    /// The thanks of a trust that gives a code with them, after a shorter journey.
    fn given_a_code(&mut self, language: &Language) -> anyhow::Result<()> {
        let giving = Setting::clone(&self.screen.setting).with_withdrawal_codes(true);
        self.screen.stage.meet(Happening::Assigned(Arc::new(giving)));
        self.touch(Action::Start);
        if matches!(self.shown(), Shown::Language { .. }) {
            self.touch(Action::ChooseLanguage(language.clone()));
        }
        for action in [Action::Agree, Action::Stop, Action::StopNow] {
            self.touch(action);
        }
        self.saved();
        ensure!(matches!(self.shown(), Shown::Thanks { code: Some(_), .. }), "no code is given in {language}");
        self.draw()
    }

    fn saved(&self) {
        while matches!(self.shown(), Shown::Saving) {
            self.screen.wait(50);
        }
    }

    /// A screen beside the journey, and back.
    fn aside(&mut self, there: Action, back: Action) -> anyhow::Result<()> {
        self.touch(there);
        self.draw()?;
        self.touch(back);
        Ok(())
    }

    fn shown(&self) -> Shown {
        self.screen.stage.view().screen
    }

    fn touch(&self, action: Action) {
        self.screen.stage.meet(Happening::Touch(action));
        self.screen.wait(500);
    }

    fn draw(&mut self) -> anyhow::Result<()> {
        let ScreenName { screen: name, question } = ScreenName::of(&self.shown());
        // Nothing is caught in the middle of a movement.
        self.screen.window.global::<Theme>().set_still(true);
        self.screen.wait(100);
        let mut file = format!("{:02}-{name}", self.drawn.len() + 1);
        if let Some(question) = &question {
            file.push('-');
            file.push_str(question);
        }
        file.push_str(".png");
        self.write(&self.folder.join(&file))?;
        self.drawn.push(Screenshot { screen: name.to_owned(), question, file });
        Ok(())
    }

    fn write(&self, path: &Path) -> anyhow::Result<()> {
        // What a list shows comes into being when it is drawn, and stands where it belongs the second time.
        self.screen.window.window().take_snapshot().context("draw the screen")?;
        self.screen.wait(50);
        let picture = self.screen.window.window().take_snapshot().context("draw the screen")?;
        let file = File::create(path).with_context(|| format!("write {}", path.display()))?;
        let mut encoder = png::Encoder::new(BufWriter::new(file), picture.width(), picture.height());
        encoder.set_color(png::ColorType::Rgba);
        encoder.set_compression(png::Compression::Balanced);
        let mut writer = encoder.write_header().with_context(|| format!("write {}", path.display()))?;
        writer.write_image_data(picture.as_bytes()).with_context(|| format!("write {}", path.display()))
    }
}
