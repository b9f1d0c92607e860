//! Pictures of every screen in every language, and of every page of volunteers and staff, on contact sheets.
//!
//! ```text
//! cargo build --workspace --locked --examples
//! target/debug/examples/screens DIR [LANGUAGE …]
//! ```
//!
//! writes `DIR/en-lying-1.png`, `DIR/en-standing-1.png` and so on: a row is a screen, in the order of `DIR/en.txt`; its pictures are
//! light at 100 and 200 %, then with strong contrast at 100 and 200 %. `en+mirrored` shows English as a
//! language that is written from right to left is shown, `en+drawn` with the drawings of easy read. Behind the screens of `en` come
//! the pages in front of the door and behind it. With `--half` each picture is
//! also kept by itself at half its size. Languages are drawn side by side, each by a process of its own.
#![expect(
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a tool for developers may stop at what is wrong"
)]

#[path = "../tests/attending/mod.rs"]
mod attending;
#[path = "../tests/patient/mod.rs"]
mod patient;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::Arc;

use patient::walk::walk;
use patient::{Patient, ward_with_bays};
use slint::ComponentHandle as _;
use wardvoice_kiosk::interview::comfort::TextSize;
use wardvoice_kiosk::interview::volunteer::Word;
use wardvoice_kiosk::interview::{Action, Happening};
use wardvoice_kiosk_ui::{Theme, words};

const SIZES: [TextSize; 2] = [TextSize::Normal, TextSize::Largest];
/// A picture on a sheet is a third of the screen.
const SHRINKING: usize = 3;
const ROWS: usize = 6;
const BETWEEN: u32 = 8;

struct Picture {
    width: u32,
    height: u32,
    /// Red, green and blue.
    pixels: Vec<u8>,
}

fn main() {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let half = arguments.iter().any(|argument| argument == "--half");
    arguments.retain(|argument| argument != "--half");
    let Some((directory, languages)) = arguments.split_first() else {
        println!("usage: screens DIR [LANGUAGE …] [--half]");
        std::process::exit(2);
    };
    let directory = PathBuf::from(directory);
    fs::create_dir_all(&directory).expect("the directory can be made");
    match languages {
        [] => every_language(&directory, &words::LANGUAGES.map(str::to_owned), half),
        [language] => draw(&directory, language, half),
        languages => every_language(&directory, languages, half),
    }
}

/// As many languages at once as there are processors.
fn every_language(directory: &Path, languages: &[String], half: bool) {
    let at_once = std::thread::available_parallelism().map_or(1, usize::from);
    for some in languages.chunks(at_once) {
        let start = |language: &String| {
            let mut command = Command::new(std::env::current_exe().expect("this program has a path"));
            command.arg(directory).arg(language).args(half.then_some("--half"));
            command.spawn().expect("this program can be started")
        };
        let children: Vec<Child> = some.iter().map(start).collect();
        for mut child in children {
            assert!(child.wait().expect("it ends").success(), "a language could not be drawn");
        }
    }
}

fn draw(directory: &Path, language: &str, half: bool) {
    let (tag, showing) = language.split_once('+').unwrap_or((language, ""));
    let patient = Patient::arrives_at(ward_with_bays(), 1280, 800);
    for (way, width, height) in [("lying", 1280, 800), ("standing", 800, 1280)] {
        // Screens by name in the order of the walk, each with its pictures.
        let mut rows: Vec<(String, Vec<Picture>)> = Vec::new();
        for contrast in [false, true] {
            for size in SIZES {
                let prepare = |patient: &Patient| {
                    while patient.view().comfort.text_size != size {
                        patient.meets(Happening::Touch(Action::TextSize));
                    }
                };
                patient.turns(width, height);
                let mut position = 0;
                let mut look = |patient: &Patient, screen: &str| {
                    let theme = patient.window.global::<Theme>();
                    theme.set_contrast(contrast);
                    theme.set_rtl(theme.get_rtl() || showing == "mirrored");
                    theme.set_pictures(theme.get_pictures() || showing == "drawn");
                    // Nothing is caught in the middle of a movement, and no choice moves on before its picture is taken.
                    theme.set_still(true);
                    patient.passes(20);
                    if rows.len() == position {
                        rows.push((screen.to_owned(), Vec::new()));
                    }
                    if half {
                        let palette = if contrast { "contrast" } else { "light" };
                        let name = format!("{language}-{screen}-{}-{palette}-{way}.png", size.percent());
                        write(&directory.join(name), &photograph(patient, 2));
                    }
                    rows.get_mut(position).unwrap().1.push(photograph(patient, SHRINKING));
                    position += 1;
                };
                walk(&patient, tag, &prepare, &mut look);
                if language == "en" {
                    attending::walk::walk(&patient, size, &mut look);
                    // The ward's board has brought bays and changes of its own to the patients' screens.
                    patient.meets(Happening::Volunteer(Word::Briefed(Arc::default())));
                    patient.meets(Happening::Assigned(Arc::new(ward_with_bays())));
                }
            }
        }
        for (page, some) in rows.chunks(ROWS).enumerate() {
            write(&directory.join(format!("{language}-{way}-{}.png", page + 1)), &sheet(some));
        }
        let names: Vec<String> =
            rows.iter().enumerate().map(|(at, (name, _))| format!("{} {name}\n", at / ROWS + 1)).collect();
        fs::write(directory.join(format!("{language}.txt")), names.concat()).expect("the list can be written");
    }
}

/// The screen, smaller: each pixel is the mean of those on the diagonal of its square, as this is not compiled for speed.
fn photograph(patient: &Patient, by: usize) -> Picture {
    let taken = patient.window.window().take_snapshot().expect("the screen can be drawn");
    let (across, bytes) = (taken.width() as usize, taken.as_bytes());
    let (width, height) = (across / by, taken.height() as usize / by);
    let mut pixels = Vec::with_capacity(width * height * 3);
    for row in 0..height {
        for column in 0..width {
            let (mut red, mut green, mut blue) = (0usize, 0usize, 0usize);
            for step in 0..by {
                let at = ((row * by + step) * across + column * by + step) * 4;
                red += usize::from(bytes[at]);
                green += usize::from(bytes[at + 1]);
                blue += usize::from(bytes[at + 2]);
            }
            pixels.extend([(red / by) as u8, (green / by) as u8, (blue / by) as u8]);
        }
    }
    Picture { width: u32::try_from(width).unwrap(), height: u32::try_from(height).unwrap(), pixels }
}

fn sheet(rows: &[(String, Vec<Picture>)]) -> Picture {
    let across = |pictures: &[Picture]| pictures.iter().map(|picture| picture.width + BETWEEN).sum::<u32>();
    let tall = |pictures: &[Picture]| pictures.iter().map(|picture| picture.height).max().unwrap_or(0) + BETWEEN;
    let width = rows.iter().map(|(_, pictures)| across(pictures)).max().unwrap_or(0);
    let height = rows.iter().map(|(_, pictures)| tall(pictures)).sum();
    let mut sheet = Picture { width, height, pixels: vec![128; (width * height * 3) as usize] };
    let mut top = 0;
    for (_, pictures) in rows {
        let mut left = 0;
        for picture in pictures {
            for line in 0..picture.height {
                let from = (line * picture.width * 3) as usize;
                let to = (((top + line) * width + left) * 3) as usize;
                let length = (picture.width * 3) as usize;
                sheet.pixels[to..to + length].copy_from_slice(&picture.pixels[from..from + length]);
            }
            left += picture.width + BETWEEN;
        }
        top += tall(pictures);
    }
    sheet
}

fn write(path: &Path, picture: &Picture) {
    let file = std::io::BufWriter::new(fs::File::create(path).expect("the file can be made"));
    let mut encoder = png::Encoder::new(file, picture.width, picture.height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_compression(png::Compression::Balanced);
    encoder.write_header().unwrap().write_image_data(&picture.pixels).expect("the picture can be written");
}
