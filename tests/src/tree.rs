//! What a program and all it has started cost together: processor time and memory.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// A process with everything that descends from it.
#[derive(Debug, Clone, Copy)]
pub struct Tree {
    root: u32,
}

impl Tree {
    /// The tree under a process.
    pub fn of(root: u32) -> Self {
        Self { root }
    }

    /// The processor time of every thread that is there now, to the nanosecond as the scheduler counts it. Threads that have
    /// ended are not in it, so it is a lower bound for programs that start and end many.
    pub fn processor_time(self) -> Result<Duration> {
        let mut nanoseconds = 0;
        for process in self.processes()? {
            let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else { continue };
            for thread in threads.flatten() {
                let counted = fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
                let ran = counted.split_whitespace().next().and_then(|ran| ran.parse::<u64>().ok());
                nanoseconds += ran.unwrap_or(0);
            }
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// The proportional memory in bytes: pages that several processes share count in equal parts.
    pub fn proportional_bytes(self) -> Result<u64> {
        let mut kilobytes = 0;
        for process in self.processes()? {
            let rollup = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap_or_default();
            let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
            kilobytes +=
                line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()).unwrap_or(0);
        }
        Ok(kilobytes * 1024)
    }

    /// How many processes there are.
    pub fn count(self) -> Result<usize> {
        Ok(self.processes()?.len())
    }

    fn processes(self) -> Result<BTreeSet<u32>> {
        let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for entry in fs::read_dir("/proc").context("failed to list processes")?.flatten() {
            let Some(process) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
                continue;
            };
            let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
            // The name in parentheses may hold spaces; the parent is the second field after it.
            let parent =
                stat.rsplit_once(')').and_then(|(_, fields)| fields.split_whitespace().nth(1)?.parse().ok());
            children.entry(parent.unwrap_or(0)).or_default().push(process);
        }
        let (mut found, mut next) = (BTreeSet::new(), vec![self.root]);
        while let Some(process) = next.pop() {
            if found.insert(process) {
                next.extend(children.get(&process).into_iter().flatten());
            }
        }
        Ok(found)
    }
}
