//! Work that the processors share. What comes of it does not tell how many there were.

use std::num::NonZero;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{panic, thread};

/// How many processors there are; finding out reads files.
pub(super) fn processors() -> usize {
    static COUNT: LazyLock<usize> = LazyLock::new(|| thread::available_parallelism().map_or(1, NonZero::get));
    *COUNT
}

/// What is made of each of some things, in their order. So many threads take one after another as each is done with the one before, this
/// one among them: a thread that starts late or is held up leaves its share to the others.
pub(super) fn each<T: Sync, R: Send>(things: &[T], threads: usize, make: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = threads.clamp(1, things.len().max(1));
    if threads == 1 {
        return things.iter().map(make).collect();
    }
    let next = AtomicUsize::new(0);
    let turns = || -> Vec<(usize, R)> {
        let mut done = Vec::with_capacity(things.len() / threads + 1);
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(thing) = things.get(place) else { return done };
            done.push((place, make(thing)));
        }
    };
    let done: Vec<(usize, R)> = thread::scope(|scope| {
        // A machine that gives no more threads at the moment gets the work done by those that it gave.
        let more = (1..threads).map_while(|_| thread::Builder::new().spawn_scoped(scope, turns).ok());
        let others: Vec<_> = more.collect();
        let mut done = turns();
        for other in others {
            match other.join() {
                Ok(part) => done.extend(part),
                Err(panic) => panic::resume_unwind(panic),
            }
        }
        done
    });
    let mut all: Vec<Option<R>> = things.iter().map(|_| None).collect();
    for (place, thing) in done {
        if let Some(slot) = all.get_mut(place) {
            *slot = Some(thing);
        }
    }
    all.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    /// A thread is held up by the first thing until every other one is made.
    #[test]
    fn who_is_held_up_leaves_the_rest_to_others() {
        let (made, began) = (AtomicUsize::new(0), Instant::now());
        let things: Vec<usize> = (0..50).collect();
        let all = each(&things, 2, |thing| {
            while *thing == 0 && made.load(Ordering::SeqCst) < 49 {
                assert!(began.elapsed() < Duration::from_mins(1), "nobody takes what is left");
                thread::yield_now();
            }
            made.fetch_add(1, Ordering::SeqCst);
            *thing
        });
        assert_eq!(all, things);
    }

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
