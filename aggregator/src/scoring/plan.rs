//! The fortnight's plan: how many responses each ward should give.

use wardvoice_protocol::directory::Directory;

/// What a fortnight of the programme aims at, trust-wide.
pub const FORTNIGHT_RESPONSES: u32 = 400;

/// Quotas per ward, in the directory's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    quotas: Vec<u32>,
}

impl Plan {
    /// Splits a total over the wards by beds with the method of largest remainders; equal remainders go to the ward that
    /// stands first. Wards share equally where no ward has a bed.
    pub fn new(directory: &Directory, total: u32) -> Self {
        let mut beds: Vec<u64> = directory.wards().iter().map(|ward| u64::from(ward.beds)).collect();
        if beds.iter().all(|beds| *beds == 0) {
            beds.fill(1);
        }
        let all: u64 = beds.iter().sum::<u64>().max(1);
        let total = u64::from(total);
        let mut quotas: Vec<u64> = beds.iter().map(|beds| total * beds / all).collect();
        let left = total - quotas.iter().sum::<u64>();
        let mut order: Vec<(usize, u64)> = beds.iter().map(|beds| total * beds % all).enumerate().collect();
        order.sort_by_key(|(ward, remainder)| (std::cmp::Reverse(*remainder), *ward));
        // Fewer are left than there are wards, so each gets at most one more.
        for (ward, _) in order.iter().zip(0..left).map(|(entry, _)| entry) {
            if let Some(quota) = quotas.get_mut(*ward) {
                *quota += 1;
            }
        }
        Self { quotas: quotas.into_iter().map(|quota| u32::try_from(quota).unwrap_or(u32::MAX)).collect() }
    }

    /// A ward's quota by its place in the directory.
    pub fn quota(&self, ward_index: u16) -> u32 {
        self.quotas.get(usize::from(ward_index)).copied().unwrap_or(0)
    }

    /// Every ward's quota, in the directory's order.
    pub fn quotas(&self) -> &[u32] {
        &self.quotas
    }
}
