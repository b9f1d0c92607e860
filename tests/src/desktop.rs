//! A display without a screen: Xvfb with openbox, real touches by xdotool, pictures by ImageMagick.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use crate::process::Process;
use crate::programs;
use crate::wait::{PATIENCE, until, until_true};

/// A display. Dropping it ends its server.
#[derive(Debug)]
pub struct Desktop {
    name: String,
    size: (u32, u32),
    _window_manager: Process,
    _server: Process,
}

/// A picture of the whole display, 8 bits a channel, red green blue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// The width in pixels.
    pub width: usize,
    /// The height in pixels.
    pub height: usize,
    pixels: Vec<u8>,
}

impl Desktop {
    /// Starts a display of a tablet's size; the server chooses a number nobody uses.
    pub fn start(width: u32, height: u32, directory: &Path) -> Result<Self> {
        let number_file = directory.join("display");
        let mut command = Command::new("sh");
        // The server writes the number it took to file descriptor 3 as soon as it accepts connections.
        command.arg("-c").arg("exec \"$0\" \"$@\" 3>display").arg(programs::installed("Xvfb", "xvfb")?);
        command.args(["-displayfd", "3", "-nolisten", "tcp", "-noreset", "-screen", "0"]);
        command.arg(format!("{width}x{height}x24")).current_dir(directory);
        let mut server = Process::start("xvfb", command, directory)?;
        let number = until("Xvfb to say its display's number", PATIENCE, || {
            server.must_be_running()?;
            let text = fs::read_to_string(&number_file).unwrap_or_default();
            Ok(text.strip_suffix('\n').map(|number| number.trim().to_owned()))
        })?;
        let name = format!(":{number}");
        let mut command = Command::new(programs::installed("openbox", "openbox")?);
        command.env("DISPLAY", &name);
        let window_manager = Process::start("openbox", command, directory)?;
        let desktop = Self { name, size: (width, height), _window_manager: window_manager, _server: server };
        programs::installed("xdotool", "xdotool")?;
        programs::installed("import", "imagemagick")?;
        // A window that asks to fill the screen before there is a window manager stays small.
        until_true("the window manager", PATIENCE, || {
            let desktops = desktop.xdotool(&["get_num_desktops"])?;
            Ok(desktops.trim().parse::<u32>().is_ok_and(|count| count > 0))
        })?;
        Ok(desktop)
    }

    /// What `DISPLAY` says to programs that should appear here.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its width and height.
    pub fn size(&self) -> (u32, u32) {
        self.size
    }

    /// Waits for a window with such a title.
    pub fn window(&self, title: &str) -> Result<()> {
        let what = format!("a window titled {title:?}");
        until_true(&what, PATIENCE, || {
            let output = self.xdotool(&["search", "--onlyvisible", "--name", title])?;
            Ok(!output.trim().is_empty())
        })
    }

    /// Touches the display at a point: the pointer goes there, presses and releases.
    pub fn touch(&self, x: usize, y: usize) -> Result<()> {
        // Without `--sync`, which waits for fifteen seconds where the pointer is already: the server takes both in their order.
        self.xdotool(&["mousemove", &x.to_string(), &y.to_string(), "click", "1"]).map(drop)
    }

    /// Presses a key by its X name.
    pub fn key(&self, name: &str) -> Result<()> {
        self.xdotool(&["key", "--clearmodifiers", name]).map(drop)
    }

    /// Types a text.
    pub fn type_text(&self, text: &str) -> Result<()> {
        self.xdotool(&["type", "--clearmodifiers", "--delay", "1", text]).map(drop)
    }

    /// Keeps a picture of the whole display as a file.
    pub fn keep(&self, path: &Path) -> Result<()> {
        let status = Command::new("import")
            .args(["-silent", "-window", "root", "-quality", "10"])
            .arg(path)
            .env("DISPLAY", &self.name)
            .status()
            .context("failed to run import")?;
        ensure!(status.success(), "import ended with {status}");
        Ok(())
    }

    /// A picture of the whole display.
    pub fn picture(&self) -> Result<Picture> {
        let mut child = Command::new("import")
            .args(["-silent", "-window", "root", "-depth", "8", "ppm:-"])
            .env("DISPLAY", &self.name)
            .stdout(Stdio::piped())
            .spawn()
            .context("failed to run import")?;
        let mut bytes = Vec::new();
        child.stdout.take().context("import has no output")?.read_to_end(&mut bytes)?;
        ensure!(child.wait()?.success(), "import failed");
        Picture::read(&bytes)
    }

    /// Waits until the display stands still: two pictures in a row are the same.
    pub fn still(&self) -> Result<Picture> {
        let mut last: Option<Picture> = None;
        until("the display to stand still", Duration::from_secs(20), || {
            let picture = self.picture()?;
            let same = last.as_ref() == Some(&picture);
            last = Some(picture);
            Ok(if same { last.take() } else { None })
        })
    }

    fn xdotool(&self, arguments: &[&str]) -> Result<String> {
        let output = Command::new("xdotool")
            .args(arguments)
            .env("DISPLAY", &self.name)
            .output()
            .context("failed to run xdotool")?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

impl Picture {
    fn read(ppm: &[u8]) -> Result<Self> {
        // P6, width, height, 255, one white space, then the pixels.
        let mut fields = Vec::new();
        let mut at = 0;
        while fields.len() < 4 {
            let rest = ppm.get(at..).context("the picture ends in its header")?;
            let start = rest.iter().position(|byte| !byte.is_ascii_whitespace()).context("no header")?;
            let word = rest.get(start..).unwrap_or_default();
            let length = word.iter().position(u8::is_ascii_whitespace).context("no header")?;
            fields.push(String::from_utf8_lossy(word.get(..length).unwrap_or_default()).into_owned());
            at += start + length;
        }
        let [magic, width, height, _] = &fields[..] else { bail!("the picture has no header") };
        ensure!(magic == "P6", "the picture is not a P6");
        let (width, height) = (width.parse()?, height.parse()?);
        let pixels = ppm.get(at + 1..).unwrap_or_default().to_vec();
        ensure!(pixels.len() >= width * height * 3, "the picture is cut short");
        Ok(Self { width, height, pixels })
    }

    /// The colour of a point; black outside.
    pub fn at(&self, x: usize, y: usize) -> [u8; 3] {
        let start = (y * self.width + x) * 3;
        self.pixels.get(start..start + 3).and_then(|pixel| pixel.try_into().ok()).unwrap_or_default()
    }

    /// How many points differ from another picture.
    pub fn differs(&self, other: &Self) -> usize {
        self.pixels.chunks(3).zip(other.pixels.chunks(3)).filter(|(a, b)| a != b).count()
    }
}

/// The numbered pictures of a story.
#[derive(Debug)]
pub struct Album {
    directory: PathBuf,
    count: usize,
}

impl Album {
    /// An empty album in `target/artefacts/<name>`.
    pub fn new(name: &str) -> Result<Self> {
        let directory = programs::artefacts(name)?;
        fs::remove_dir_all(&directory).context("failed to empty the album")?;
        fs::create_dir_all(&directory)?;
        Ok(Self { directory, count: 0 })
    }

    /// The path of the next picture.
    pub fn next(&mut self, caption: &str) -> PathBuf {
        self.count += 1;
        self.directory.join(format!("{:02}-{caption}.png", self.count))
    }
}
