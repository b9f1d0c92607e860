//! Work that the processors share. What comes of it does not tell how many there were.

use std::num::NonZero;
use std::sync::LazyLock;
use std::{iter, panic, thread};

/// How many processors there are; finding out reads files.
pub(super) fn processors() -> usize {
    static COUNT: LazyLock<usize> = LazyLock::new(|| thread::available_parallelism().map_or(1, NonZero::get));
    *COUNT
}

/// What is made of each of some things, in their order. So many threads take them in turn, this one among them.
pub(super) fn each<T: Sync, R: Send>(things: &[T], threads: usize, make: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = threads.clamp(1, things.len().max(1));
    let turns = |first: usize| -> Vec<R> { things.iter().skip(first).step_by(threads).map(&make).collect() };
    let parts: Vec<Vec<R>> = thread::scope(|scope| {
        let turns = &turns;
        let others: Vec<_> = (1..threads).map(|first| scope.spawn(move || turns(first))).collect();
        let own = turns(0);
        let others = others.into_iter().map(|other| match other.join() {
            Ok(part) => part,
            Err(panic) => panic::resume_unwind(panic),
        });
        iter::once(own).chain(others).collect()
    });
    let mut parts: Vec<_> = parts.into_iter().map(Vec::into_iter).collect();
    let mut all = Vec::with_capacity(things.len());
    loop {
        let before = all.len();
        all.extend(parts.iter_mut().filter_map(Iterator::next));
        if all.len() == before {
            return all;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_threads_gives_the_same_in_the_same_order() {
        for many in [0, 1, 2, 7, 24] {
            let things: Vec<usize> = (0..many).collect();
            let expected: Vec<usize> = things.iter().map(|thing| thing * thing).collect();
            for threads in [0, 1, 2, 3, 16, 40] {
                assert_eq!(
                    each(&things, threads, |thing| thing * thing),
                    expected,
                    "{many} things, {threads} threads"
                );
            }
        }
    }
}
