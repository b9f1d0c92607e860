//! Places for a bounded number, of which one address has its share and no more: whoever takes what there is takes it from itself.
//!
//! Addresses of this machine and of proxies that the settings name have no share of their own: behind them stand many.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::network::{Network, neighbourhood};

/// The places. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Places(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    free: Arc<Semaphore>,
    share: usize,
    proxies: Vec<Network>,
    taken: Mutex<HashMap<IpAddr, usize>>,
}

/// A place that is free, before it is known for whom.
#[derive(Debug)]
pub(crate) struct FreePlace {
    _permit: OwnedSemaphorePermit,
}

/// A place that is taken, until this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    _place: FreePlace,
    whose: Option<(IpAddr, Places)>,
}

impl Places {
    /// So many places, of which one address has a share.
    pub(crate) fn new(many: usize, share: usize, proxies: &[Network]) -> Self {
        let (free, proxies) = (Arc::new(Semaphore::new(many)), proxies.to_vec());
        Self(Arc::new(Inner { free, share, proxies, taken: Mutex::default() }))
    }

    /// Waits until there is a place.
    pub(crate) async fn free(&self) -> FreePlace {
        match Arc::clone(&self.0.free).acquire_owned().await {
            Ok(permit) => FreePlace { _permit: permit },
            // Nobody closes it.
            Err(_) => std::future::pending().await,
        }
    }

    /// Gives the place to whoever comes from an address; none when it has its share.
    pub(crate) fn take(&self, place: FreePlace, from: IpAddr) -> Option<Place> {
        let many_behind =
            from.to_canonical().is_loopback() || self.0.proxies.iter().any(|proxy| proxy.contains(from));
        if many_behind {
            return Some(Place { _place: place, whose: None });
        }
        let whose = neighbourhood(from);
        let mut taken = self.taken();
        let count = taken.entry(whose).or_default();
        if *count >= self.0.share {
            return None;
        }
        *count += 1;
        Some(Place { _place: place, whose: Some((whose, self.clone())) })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((whose, places)) = &self.whose else { return };
        let mut taken = places.taken();
        if let Some(count) = taken.get_mut(whose) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                taken.remove(whose);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use futures_util::FutureExt as _;

    use super::*;

    fn take(places: &Places, from: &str) -> Option<Place> {
        let free = places.free().now_or_never()?;
        places.take(free, from.parse().unwrap())
    }

    #[test]
    fn one_address_gets_its_share_and_leaves_the_others_theirs() {
        let places = Places::new(4, 2, &["10.9.0.1".parse().unwrap()]);
        let (first, second) = (take(&places, "10.0.0.1").unwrap(), take(&places, "::ffff:10.0.0.1").unwrap());
        assert!(take(&places, "10.0.0.1").is_none(), "it has its share");
        let other = take(&places, "10.0.0.2").unwrap();
        let last = take(&places, "10.0.0.2").unwrap();
        assert!(take(&places, "10.0.0.3").is_none(), "there are no more");
        drop((first, second));
        assert!(take(&places, "10.0.0.1").is_some());
        drop((other, last));
        assert!(places.taken().is_empty(), "nothing is left of whoever has gone");
    }

    #[test]
    fn a_network_of_addresses_has_one_share_and_whoever_stands_for_many_has_none() {
        let places = Places::new(10, 1, &["10.9.0.1".parse().unwrap()]);
        let one = take(&places, "2001:db8::1");
        assert!(one.is_some() && take(&places, "2001:db8::2").is_none());
        for many in ["127.0.0.1", "::1", "10.9.0.1", "::ffff:10.9.0.1"] {
            let both = (take(&places, many), take(&places, many));
            assert!(both.0.is_some() && both.1.is_some(), "{many}");
        }
    }
}
