//! Which cells to hide besides the small ones, and as few as it takes.

use super::network::{Movement, Network, Way};

/// What a hidden cell costs more than any sum of counts: first the number of hidden cells, then what is lost with them.
const CELL_PRICE: u64 = 1 << 40;

/// A count dearer than this is not dearer still.
const DEAREST: u64 = 1 << 20;

/// How many counts times cells an exhaustive search may look at before the heuristic's answer stands.
const SEARCH_BUDGET: u64 = 200_000;

/// What a small count needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    /// To be able to rise so far, to the minimum.
    Rise(u64),
    /// To be able to fall so far, to 0, since it cannot rise to the minimum.
    Fall(u64),
    /// To be able to move at all, since it can do neither.
    Move,
    /// Nothing: the totals hold it fast.
    Nothing,
}

/// A table with its small counts and their needs.
pub(super) struct Cover<'a> {
    network: &'a Network,
    is_small: Vec<bool>,
    /// Per small count, what it needs.
    needs: Vec<(usize, Need)>,
    /// Those that small counts do not meet among themselves: no cover unmeets the others.
    unmet: Vec<(usize, Need)>,
}

/// Why a need is not met: the cells of which every cover has at least one.
struct Held {
    crossing: Vec<usize>,
}

impl<'a> Cover<'a> {
    pub(super) fn new(network: &'a Network, minimum: u64) -> Self {
        let is_small: Vec<bool> = network.edges().iter().map(|edge| (1..minimum).contains(&edge.count)).collect();
        let everything = vec![true; is_small.len()];
        let is_alone = is_small.len() == 1;
        let reaches = |cell, way, wanted| network.movement(&everything, cell, way, wanted).amount >= wanted;
        let need = |cell: usize, count: u64| {
            let missing = minimum.saturating_sub(count);
            if is_alone || reaches(cell, Way::Rise, missing) {
                Need::Rise(missing)
            } else if reaches(cell, Way::Fall, count) {
                Need::Fall(count)
            } else if reaches(cell, Way::Rise, 1) || reaches(cell, Way::Fall, 1) {
                Need::Move
            } else {
                Need::Nothing
            }
        };
        let cells = network.edges().iter().enumerate().zip(&is_small).filter(|(_, is_small)| **is_small);
        // A table of one cell hides all its totals too, and needs no more.
        let needs: Vec<(usize, Need)> = if is_alone {
            Vec::new()
        } else {
            cells.map(|((cell, edge), _)| (cell, need(cell, edge.count))).collect()
        };
        let mut cover = Self { network, is_small, needs, unmet: Vec::new() };
        let is_unmet = |(cell, need): &&(usize, Need)| cover.is_met(&cover.is_small, *cell, *need).is_err();
        cover.unmet = cover.needs.iter().filter(is_unmet).copied().collect();
        cover
    }

    /// Whether the totals alone show a count to be small.
    pub(super) fn is_exposed(&self, cell: usize) -> bool {
        let need = self.needs.iter().find(|(place, _)| *place == cell).map(|(_, need)| need);
        need.is_some_and(|need| matches!(need, Need::Move | Need::Nothing))
    }

    /// Per cell, whether it is hidden.
    pub(super) fn find(&self) -> Vec<bool> {
        let mut dearest_first = self.unmet.clone();
        dearest_first.sort_by_key(|(_, need)| std::cmp::Reverse(need.amount()));
        let mut cheapest_first = self.unmet.clone();
        cheapest_first.sort_by_key(|(_, need)| need.amount());
        let backwards: Vec<_> = self.unmet.iter().rev().copied().collect();
        let orders = [dearest_first, cheapest_first, self.unmet.clone(), backwards];
        let found = orders.iter().map(|order| self.prune(self.hide(order)));
        let best = found.min_by_key(|is_hidden| self.price(is_hidden)).unwrap_or_else(|| self.is_small.clone());
        self.search(best)
    }

    fn price(&self, is_hidden: &[bool]) -> u64 {
        let cells = is_hidden.iter().enumerate().filter(|(_, is_hidden)| **is_hidden);
        cells.map(|(cell, _)| self.cell_price(cell)).fold(0, u64::saturating_add)
    }

    fn cell_price(&self, cell: usize) -> u64 {
        CELL_PRICE + self.network.edges().get(cell).map_or(0, |edge| edge.count.min(DEAREST))
    }

    /// Hides what small counts need, one after the other, each as cheaply as can be.
    fn hide(&self, order: &[(usize, Need)]) -> Vec<bool> {
        let mut is_hidden = self.is_small.clone();
        for (cell, need) in order {
            if self.is_met(&is_hidden, *cell, *need).is_ok() {
                continue;
            }
            let price = |cell| self.cell_price(cell);
            let covers = need
                .ways()
                .into_iter()
                .filter_map(|(way, wanted)| self.network.cheapest_cover(&is_hidden, price, (*cell, way, wanted)));
            let cheapest = covers.min_by_key(|cells| cells.iter().map(|cell| price(*cell)).sum::<u64>());
            for cell in cheapest.unwrap_or_default() {
                set(&mut is_hidden, cell, true);
            }
        }
        is_hidden
    }

    /// Shows again, dearest first, whatever is not needed. Only needs that moved through a cell can miss it.
    fn prune(&self, mut is_hidden: Vec<bool>) -> Vec<bool> {
        let witness = |is_hidden: &[bool], (cell, need): &(usize, Need)| self.is_met(is_hidden, *cell, *need);
        let mut witnesses: Vec<Vec<usize>> =
            self.unmet.iter().map(|need| witness(&is_hidden, need).unwrap_or_default()).collect();
        let mut others: Vec<usize> = (0..is_hidden.len())
            .filter(|cell| is_hidden.get(*cell) == Some(&true) && self.is_small.get(*cell) == Some(&false))
            .collect();
        others.sort_by_key(|cell| std::cmp::Reverse(self.cell_price(*cell)));
        for other in others {
            set(&mut is_hidden, other, false);
            let mut moved = Vec::new();
            let mut is_needed = false;
            for (place, need) in self.unmet.iter().enumerate() {
                if witnesses.get(place).is_some_and(|cells| cells.contains(&other)) {
                    let Ok(cells) = witness(&is_hidden, need) else {
                        is_needed = true;
                        break;
                    };
                    moved.push((place, cells));
                }
            }
            if is_needed {
                set(&mut is_hidden, other, true);
            } else {
                for (place, cells) in moved {
                    if let Some(witness) = witnesses.get_mut(place) {
                        *witness = cells;
                    }
                }
            }
        }
        is_hidden
    }

    /// A cover with fewer cells if there is one and it is found within the budget: deeper and deeper, each time for the count
    /// that is held fast by few, through the cells that cross its cut.
    fn search(&self, best: Vec<bool>) -> Vec<bool> {
        let count = |is_hidden: &[bool]| is_hidden.iter().filter(|is_hidden| **is_hidden).count();
        let others = count(&best) - count(&self.is_small);
        let mut budget = SEARCH_BUDGET / (self.is_small.len() as u64).max(1);
        for allowed in 0..others {
            let mut is_hidden = self.is_small.clone();
            let mut is_barred = vec![false; is_hidden.len()];
            match self.deepen(&mut is_hidden, &mut is_barred, allowed, &mut budget) {
                Some(true) => return is_hidden,
                Some(false) => {}
                None => break,
            }
        }
        best
    }

    /// Whether needs can be met with so many cells more; `None` when the budget is spent.
    fn deepen(
        &self,
        is_hidden: &mut [bool],
        is_barred: &mut [bool],
        allowed: usize,
        budget: &mut u64,
    ) -> Option<bool> {
        let mut branch: Option<Vec<usize>> = None;
        let (mut apart, mut least) = (vec![false; is_hidden.len()], 0);
        for (cell, need) in &self.unmet {
            *budget = budget.checked_sub(1)?;
            let Err(mut held) = self.is_met(is_hidden, *cell, *need) else { continue };
            held.crossing.retain(|cell| is_barred.get(*cell) == Some(&false));
            // Counts that are held by cells of their own take a cell each.
            if held.crossing.iter().all(|cell| apart.get(*cell) == Some(&false)) {
                held.crossing.iter().for_each(|cell| set(&mut apart, *cell, true));
                least += 1;
            }
            if least > allowed || held.crossing.is_empty() {
                return Some(false);
            }
            if branch.as_ref().is_none_or(|branch| held.crossing.len() < branch.len()) {
                branch = Some(held.crossing);
            }
        }
        let Some(mut crossing) = branch else { return Some(true) };
        crossing.sort_by_key(|cell| self.cell_price(*cell));
        let mut found = Some(false);
        let mut barred = Vec::new();
        for cell in crossing {
            set(is_hidden, cell, true);
            found = self.deepen(is_hidden, is_barred, allowed - 1, budget);
            if found != Some(false) {
                break;
            }
            set(is_hidden, cell, false);
            // Every cover with this cell has been looked at.
            set(is_barred, cell, true);
            barred.push(cell);
        }
        for cell in barred {
            set(is_barred, cell, false);
        }
        found
    }

    /// The cells a count moves with when its need is met.
    fn is_met(&self, is_hidden: &[bool], cell: usize, need: Need) -> Result<Vec<usize>, Held> {
        let mut crossing = Vec::new();
        for (way, wanted) in need.ways() {
            let Movement { amount, with, reached } = self.network.movement(is_hidden, cell, way, wanted);
            if amount >= wanted {
                return Ok(with);
            }
            crossing.extend(self.network.crossing(is_hidden, cell, &reached));
        }
        if need == Need::Nothing { Ok(Vec::new()) } else { Err(Held { crossing }) }
    }
}

impl Need {
    /// What meets it, either of several.
    fn ways(self) -> Vec<(Way, u64)> {
        match self {
            Self::Rise(amount) => vec![(Way::Rise, amount)],
            Self::Fall(amount) => vec![(Way::Fall, amount)],
            Self::Move => vec![(Way::Rise, 1), (Way::Fall, 1)],
            Self::Nothing => Vec::new(),
        }
    }

    fn amount(self) -> u64 {
        self.ways().iter().map(|(_, amount)| *amount).max().unwrap_or(0)
    }
}

fn set(flags: &mut [bool], place: usize, to: bool) {
    if let Some(flag) = flags.get_mut(place) {
        *flag = to;
    }
}
