//! A disk as POSIX promises it, and not a bit better: what was written is there after a power cut when it was synced.
//!
//! # Vocabulary
//! *Now* is what a running program sees. *Durable* is what a power cut cannot take. What lies between is *pending*: the
//! bytes of a file until an fsync or fdatasync of that file that began after they were written has come back; the names in
//! a directory until an fsync of that directory has; both until a `syncfs`. `sync_file_range` promises nothing and is not looked at.
//!
//! # What is stricter here than ext4
//! An fsync of a new file does not make its name durable; names may become durable in any order; a file may have grown
//! without the bytes that made it grow, and have bytes whose growth is lost. Whoever survives this survives every file
//! system that keeps to the standard.

use std::collections::{BTreeMap, HashMap};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};

use super::trace::{Call, Descriptor, Moment, Place};

/// What an fsync of a file is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Barriers {
    /// What it is.
    Honest,
    /// Nothing: the disk of somebody who relies on less. Names are still kept. It shows that a loss would be seen.
    Ignored,
}

/// What a moment did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Nothing that matters here.
    None,
    /// Something became pending or durable.
    Disk,
    /// Somebody outside was told something.
    Said(Descriptor, Vec<u8>),
    /// Somebody outside will be told nothing more there.
    Hung(Descriptor),
}

pub(super) type Number = usize;

/// A change of a file's bytes.
#[derive(Debug, Clone)]
pub(super) enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Resize(usize),
}

#[derive(Debug, Clone)]
struct Pending {
    change: Change,
    call: usize,
    ended: bool,
}

#[derive(Debug, Clone, Default)]
struct File {
    durable: Vec<u8>,
    now: Vec<u8>,
    pending: Vec<Pending>,
}

/// The names in a directory.
pub(super) type Names = BTreeMap<OsString, Number>;

#[derive(Debug, Clone, Default)]
struct Folder {
    durable: Names,
    now: Names,
}

#[derive(Debug, Clone)]
enum Node {
    File(File),
    Folder(Folder),
}

/// Names that change together: one, or both of a rename or of an exchange.
pub(super) type Naming = Vec<(Number, OsString, Option<Number>)>;

#[derive(Debug, Clone)]
struct Description {
    node: Number,
    place: usize,
    append: bool,
}

/// What is remembered of a call between its beginning and its end.
#[derive(Debug, Clone)]
enum Under {
    Call(Call),
    /// A sync, with what was pending and written when it began: calls of a file, or how many namings.
    Sync(Number, Vec<usize>, usize),
    /// The same of everything.
    SyncAll(BTreeMap<Number, Vec<usize>>, usize),
}

/// A directory of the machine and everything in it, as a program changes it.
#[derive(Debug, Clone)]
pub struct Disk {
    top: PathBuf,
    barriers: Barriers,
    nodes: Vec<Node>,
    namings: Vec<Naming>,
    descriptions: Vec<Description>,
    open: HashMap<Descriptor, usize>,
    under_way: HashMap<usize, Under>,
    /// Added to the numbers of calls, so that those of a later process are others.
    offset: usize,
}

const TOP: Number = 0;
/// More calls than any process makes here.
const CALLS_OF_A_PROCESS: usize = 1 << 32;

impl Disk {
    /// Takes a directory as it is; all of it is durable.
    pub fn of(top: &Path, barriers: Barriers) -> Result<Self> {
        let top = top.canonicalize().with_context(|| format!("failed to find {}", top.display()))?;
        let mut disk = Self {
            top: top.clone(),
            barriers,
            nodes: vec![Node::Folder(Folder::default())],
            namings: Vec::new(),
            descriptions: Vec::new(),
            open: HashMap::new(),
            under_way: HashMap::new(),
            offset: 0,
        };
        disk.load(&top, TOP)?;
        Ok(disk)
    }

    fn load(&mut self, path: &Path, folder: Number) -> Result<()> {
        for entry in fs::read_dir(path).with_context(|| format!("failed to read {}", path.display()))? {
            let entry = entry?;
            let kind = entry.file_type()?;
            let number = self.nodes.len();
            if kind.is_dir() {
                self.nodes.push(Node::Folder(Folder::default()));
                self.load(&entry.path(), number)?;
            } else if kind.is_file() {
                let bytes = fs::read(entry.path())?;
                self.nodes.push(Node::File(File { durable: bytes.clone(), now: bytes, pending: Vec::new() }));
            } else {
                continue;
            }
            let names = self.folder(folder)?;
            names.durable.insert(entry.file_name(), number);
            names.now.insert(entry.file_name(), number);
        }
        Ok(())
    }

    /// Lets one moment of a recording happen.
    pub fn play(&mut self, moment: &Moment) -> Result<Effect> {
        match moment {
            Moment::Begin(number, call) => self.begin(self.offset + *number, call),
            Moment::End(number, result) => self.end(self.offset + *number, *result),
        }
    }

    /// The process is gone, by itself or killed, and left the directory like this. What the system had not written yet is
    /// still pending, and the next process reads it as if it were there. Of the calls in which it was killed, only what
    /// is left says how far they came.
    pub fn process_ended(&mut self, left: &Path) -> Result<()> {
        self.open.clear();
        self.under_way.clear();
        for node in &mut self.nodes {
            if let Node::File(file) = node {
                file.pending.iter_mut().for_each(|change| change.ended = true);
            }
        }
        self.compare(TOP, left)?;
        self.offset += CALLS_OF_A_PROCESS;
        Ok(())
    }

    fn compare(&mut self, folder: Number, left: &Path) -> Result<()> {
        let names = self.folder(folder)?.now.clone();
        let call = self.offset + CALLS_OF_A_PROCESS - 1;
        for (name, node) in names {
            let path = left.join(&name);
            if matches!(self.node(node)?, Node::Folder(_)) {
                self.compare(node, &path)?;
                continue;
            }
            let bytes =
                fs::read(&path).with_context(|| format!("{} was played and is not there", path.display()))?;
            let file = self.file(node)?;
            if file.now != bytes {
                file.now.clone_from(&bytes);
                let length = bytes.len();
                for change in [Change::Write { at: 0, bytes }, Change::Resize(length)] {
                    file.pending.push(Pending { change, call, ended: true });
                }
            }
        }
        Ok(())
    }

    fn begin(&mut self, number: usize, call: &Call) -> Result<Effect> {
        match call {
            Call::Write { to, bytes, at } => {
                let Some(&description) = self.open.get(to) else { return Ok(Effect::Said(*to, bytes.clone())) };
                let Description { node, place, append } = self.description(description)?.clone();
                let length = self.file(node)?.now.len();
                let at = at.unwrap_or(if append { length } else { place });
                self.description(description)?.place = at + bytes.len();
                self.change(number, node, Change::Write { at, bytes: bytes.clone() })?;
                self.under_way.insert(number, Under::Call(call.clone()));
                Ok(Effect::Disk)
            }
            Call::Resize(file, length) => {
                let node = self.node_of(*file)?.context("a file that is not open here is resized")?;
                self.change(number, node, Change::Resize(*length))?;
                self.under_way.insert(number, Under::Call(call.clone()));
                Ok(Effect::Disk)
            }
            Call::Allocate { file, end, keeps_length } => {
                let node = self.node_of(*file)?.context("room is made in a file that is not open here")?;
                let length = self.file(node)?.now.len();
                self.change(number, node, Change::Resize(if *keeps_length { length } else { length.max(*end) }))?;
                self.under_way.insert(number, Under::Call(call.clone()));
                Ok(Effect::Disk)
            }
            Call::SyncAll => {
                let mut written = BTreeMap::new();
                for node in 0..self.nodes.len() {
                    written.insert(node, self.written(node)?);
                }
                self.under_way.insert(number, Under::SyncAll(written, self.namings.len()));
                Ok(Effect::None)
            }
            Call::Sync(file) => {
                let Some(node) = self.node_of(*file)? else { return Ok(Effect::None) };
                let written = self.written(node)?;
                self.under_way.insert(number, Under::Sync(node, written, self.namings.len()));
                Ok(Effect::None)
            }
            other => {
                self.under_way.insert(number, Under::Call(other.clone()));
                Ok(Effect::None)
            }
        }
    }

    fn end(&mut self, number: usize, result: i64) -> Result<Effect> {
        let call = match self.under_way.remove(&number) {
            None => return Ok(Effect::None),
            Some(Under::Sync(node, written, namings)) => return self.sync(node, &written, namings, result),
            Some(Under::SyncAll(written, namings)) => return self.sync_all(&written, namings, result),
            Some(Under::Call(call)) => call,
        };
        if result < 0 {
            let written = matches!(call, Call::Write { .. } | Call::Resize(..) | Call::Allocate { .. });
            // Not by accident: a run whose disk is full is another test.
            ensure!(!written, "a write failed, which is not played here: {call:.100?}");
            return Ok(Effect::None);
        }
        match call {
            Call::Write { bytes, to, .. } => {
                ensure!(usize::try_from(result)? == bytes.len(), "only a part of a write was taken");
                self.has_ended(to, number)
            }
            Call::Resize(file, _) | Call::Allocate { file, .. } => self.has_ended(file, number),
            Call::Open { place, create, truncate, append } => {
                self.opened(number, &place, [create, truncate, append], result)
            }
            Call::Close(file) => match self.open.remove(&file) {
                Some(_) => Ok(Effect::None),
                None => Ok(Effect::Hung(file)),
            },
            Call::Duplicate(file) => {
                match self.open.get(&file).copied() {
                    Some(description) => self.open.insert(result, description),
                    None => self.open.remove(&result),
                };
                Ok(Effect::None)
            }
            Call::Seek(file) => {
                if let Some(&description) = self.open.get(&file) {
                    self.description(description)?.place = usize::try_from(result)?;
                }
                Ok(Effect::None)
            }
            Call::Copy(from, to) => self.copied(number, from, to, usize::try_from(result)?),
            Call::Rename(from, to) => {
                let (Some(from), Some(to)) = (self.parent(&from)?, self.parent(&to)?) else {
                    return Ok(Effect::None);
                };
                let node = self.folder(from.0)?.now.get(&from.1).copied();
                node.with_context(|| format!("{} is renamed and not there", from.1.display()))?;
                self.name(vec![(to.0, to.1, node), (from.0, from.1, None)])
            }
            Call::Exchange(one, other) => {
                let (Some(one), Some(other)) = (self.parent(&one)?, self.parent(&other)?) else {
                    bail!("something is exchanged with what is not recorded, which is not understood here");
                };
                let node = |disk: &mut Self, (folder, name): &(Number, OsString)| -> Result<Number> {
                    let found = disk.folder(*folder)?.now.get(name).copied();
                    found.with_context(|| format!("{} is exchanged and not there", name.display()))
                };
                let (first, second) = (node(self, &one)?, node(self, &other)?);
                self.name(vec![(one.0, one.1, Some(second)), (other.0, other.1, Some(first))])
            }
            Call::Link(from, to) => {
                let (Some(from), Some(to)) = (self.parent(&from)?, self.parent(&to)?) else {
                    bail!("a name is given into or out of what is recorded, which is not understood here");
                };
                let node = self.folder(from.0)?.now.get(&from.1).copied();
                node.with_context(|| format!("{} gets a second name and is not there", from.1.display()))?;
                self.name(vec![(to.0, to.1, node)])
            }
            Call::Remove(place) => match self.parent(&place)? {
                Some((folder, name)) => self.name(vec![(folder, name, None)]),
                None => Ok(Effect::None),
            },
            Call::MakeFolder(place) => match self.parent(&place)? {
                Some((folder, name)) => {
                    self.nodes.push(Node::Folder(Folder::default()));
                    self.name(vec![(folder, name, Some(self.nodes.len() - 1))])
                }
                None => Ok(Effect::None),
            },
            Call::Sync(_) | Call::SyncAll | Call::Nothing => Ok(Effect::None),
        }
    }

    fn opened(&mut self, number: usize, place: &Place, how: [bool; 3], result: Descriptor) -> Result<Effect> {
        let [create, truncate, append] = how;
        self.open.remove(&result);
        let found = match self.parent(place)? {
            Some((folder, name)) if name.is_empty() => Some((folder, None)),
            Some((folder, name)) => match self.folder(folder)?.now.get(&name) {
                Some(node) => Some((*node, None)),
                None if create => Some((self.nodes.len(), Some((folder, name)))),
                None => bail!("{} is opened and not there", place.path.display()),
            },
            None => None,
        };
        let Some((node, new)) = found else { return Ok(Effect::None) };
        let made = new.is_some();
        if let Some((folder, name)) = new {
            self.nodes.push(Node::File(File::default()));
            self.name(vec![(folder, name, Some(node))])?;
        }
        self.open.insert(result, self.descriptions.len());
        self.descriptions.push(Description { node, place: 0, append });
        let emptied = truncate && matches!(self.node(node)?, Node::File(file) if !file.now.is_empty());
        if emptied {
            self.change(number, node, Change::Resize(0))?;
            self.has_ended(result, number)?;
        }
        Ok(if made || emptied { Effect::Disk } else { Effect::None })
    }

    fn copied(&mut self, number: usize, from: Descriptor, to: Descriptor, length: usize) -> Result<Effect> {
        let (Some(&from), Some(&to)) = (self.open.get(&from), self.open.get(&to)) else {
            bail!("bytes are copied into or out of what is recorded, which is not understood here");
        };
        let source = self.description(from)?.clone();
        let target = self.description(to)?.clone();
        let bytes = self.file(source.node)?.now.get(source.place..source.place + length);
        let bytes = bytes.context("more is copied than is there")?.to_vec();
        self.description(from)?.place += length;
        self.description(to)?.place += length;
        self.change(number, target.node, Change::Write { at: target.place, bytes })?;
        for pending in &mut self.file(target.node)?.pending {
            pending.ended |= pending.call == number;
        }
        Ok(Effect::Disk)
    }

    fn change(&mut self, call: usize, node: Number, change: Change) -> Result<()> {
        let file = self.file(node)?;
        apply(&mut file.now, &change);
        file.pending.push(Pending { change, call, ended: false });
        Ok(())
    }

    fn has_ended(&mut self, file: Descriptor, call: usize) -> Result<Effect> {
        if let Some(node) = self.node_of(file)? {
            for pending in &mut self.file(node)?.pending {
                pending.ended |= pending.call == call;
            }
        }
        Ok(Effect::None)
    }

    fn sync(&mut self, node: Number, written: &[usize], namings: usize, result: i64) -> Result<Effect> {
        ensure!(result == 0, "a sync failed, which is not played here");
        if let Node::Folder(_) = self.node(node)? {
            let later = self.namings.split_off(namings.min(self.namings.len()));
            let earlier = std::mem::take(&mut self.namings);
            for naming in earlier {
                if naming.iter().any(|(folder, _, _)| *folder == node) {
                    for (folder, name, number) in naming {
                        set(&mut self.folder(folder)?.durable, name, number);
                    }
                } else {
                    self.namings.push(naming);
                }
            }
            self.namings.extend(later);
            return Ok(Effect::Disk);
        }
        if self.barriers == Barriers::Ignored {
            return Ok(Effect::Disk);
        }
        let File { durable, pending, .. } = self.file(node)?;
        pending.retain(|change| {
            let reached = written.contains(&change.call);
            if reached {
                apply(durable, &change.change);
            }
            !reached
        });
        Ok(Effect::Disk)
    }

    /// The calls whose writes to a file have ended and are pending.
    fn written(&self, node: Number) -> Result<Vec<usize>> {
        Ok(match self.node(node)? {
            Node::File(file) => {
                file.pending.iter().filter(|change| change.ended).map(|change| change.call).collect()
            }
            Node::Folder(_) => Vec::new(),
        })
    }

    fn sync_all(&mut self, written: &BTreeMap<Number, Vec<usize>>, namings: usize, result: i64) -> Result<Effect> {
        let later = self.namings.split_off(namings.min(self.namings.len()));
        for (folder, name, node) in std::mem::replace(&mut self.namings, later).into_iter().flatten() {
            set(&mut self.folder(folder)?.durable, name, node);
        }
        for (node, written) in written {
            if matches!(self.node(*node)?, Node::File(_)) {
                self.sync(*node, written, 0, result)?;
            }
        }
        Ok(Effect::Disk)
    }

    fn name(&mut self, naming: Naming) -> Result<Effect> {
        for (folder, name, node) in &naming {
            set(&mut self.folder(*folder)?.now, name.clone(), *node);
        }
        self.namings.push(naming);
        Ok(Effect::Disk)
    }

    /// The directory that a path's last name is in, and that name; none when it is not in here. The top has an empty name.
    fn parent(&mut self, place: &Place) -> Result<Option<(Number, OsString)>> {
        let (mut folder, path) = match (&place.folder, place.path.is_absolute()) {
            (_, true) => match place.path.strip_prefix(&self.top) {
                Ok(path) => (TOP, path),
                Err(_) => return Ok(None),
            },
            (Some(descriptor), false) => match self.node_of(*descriptor)? {
                Some(node) => (node, place.path.as_path()),
                None => return Ok(None),
            },
            // Relative to the working directory, which is never in here.
            (None, false) => return Ok(None),
        };
        let mut names: Vec<&OsStr> = Vec::new();
        for component in path.components() {
            match component {
                Component::Normal(name) => names.push(name),
                Component::CurDir => {}
                _ => bail!("{} goes up, which is not understood here", place.path.display()),
            }
        }
        let Some((last, way)) = names.split_last() else { return Ok(Some((folder, OsString::new()))) };
        for name in way {
            let next = self.folder(folder)?.now.get(*name).copied();
            folder = next.with_context(|| format!("the way to {} is not there", place.path.display()))?;
        }
        Ok(Some((folder, last.to_os_string())))
    }

    fn node_of(&self, file: Descriptor) -> Result<Option<Number>> {
        let Some(&description) = self.open.get(&file) else { return Ok(None) };
        Ok(Some(self.descriptions.get(description).context("no such description")?.node))
    }

    fn description(&mut self, number: usize) -> Result<&mut Description> {
        self.descriptions.get_mut(number).context("no such description")
    }

    fn node(&self, number: Number) -> Result<&Node> {
        self.nodes.get(number).context("no such node")
    }

    fn file(&mut self, number: Number) -> Result<&mut File> {
        match self.nodes.get_mut(number) {
            Some(Node::File(file)) => Ok(file),
            _ => bail!("a directory is used as a file"),
        }
    }

    fn folder(&mut self, number: Number) -> Result<&mut Folder> {
        match self.nodes.get_mut(number) {
            Some(Node::Folder(folder)) => Ok(folder),
            _ => bail!("a file is used as a directory"),
        }
    }

    /// The names that no cut can change: of every directory by its number.
    pub(super) fn durable_names(&self) -> BTreeMap<Number, Names> {
        let folder = |(number, node): (Number, &Node)| match node {
            Node::Folder(folder) => Some((number, folder.durable.clone())),
            Node::File(_) => None,
        };
        self.nodes.iter().enumerate().filter_map(folder).collect()
    }

    /// The names that a cut may or may not keep, oldest first.
    pub(super) fn pending_names(&self) -> &[Naming] {
        &self.namings
    }

    /// A file's durable bytes and the changes that a cut may or may not keep; none for a directory.
    pub(super) fn bytes(&self, number: Number) -> Option<(&[u8], Vec<&Change>)> {
        match self.nodes.get(number) {
            Some(Node::File(file)) => {
                Some((&file.durable, file.pending.iter().map(|pending| &pending.change).collect()))
            }
            _ => None,
        }
    }
}

pub(super) fn set(names: &mut Names, name: OsString, node: Option<Number>) {
    match node {
        Some(node) => names.insert(name, node),
        None => names.remove(&name),
    };
}

pub(super) fn apply(bytes: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Resize(length) => bytes.resize(*length, 0),
        Change::Write { at, bytes: new } => {
            let end = at + new.len();
            if bytes.len() < end {
                bytes.resize(end, 0);
            }
            if let Some(target) = bytes.get_mut(*at..end) {
                target.copy_from_slice(new);
            }
        }
    }
}
