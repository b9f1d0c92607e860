//! Hidden counts as a flow between rows and columns.
//!
//! A count that rises takes a unit from its row to its column, one that falls takes a unit back, and every total stays what it is
//! when as much comes to a node as leaves it. Without bound a count rises; it falls to 0. So a count can rise as far as
//! units flow from its column to its row through the other hidden cells, and fall as far as they flow the other way.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// A cell between the nodes of its row and its column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edge {
    pub(super) row: usize,
    pub(super) column: usize,
    pub(super) count: u64,
}

/// Which way a count moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Rise,
    Fall,
}

/// All cells of a table.
#[derive(Debug, Clone)]
pub(super) struct Network {
    edges: Vec<Edge>,
    /// Per node, the ways out of it.
    arcs: Vec<Vec<Arc>>,
}

/// How far a count can move.
#[derive(Debug, Clone)]
pub(super) struct Movement {
    pub(super) amount: u64,
    /// The cells that move with it.
    pub(super) with: Vec<usize>,
    /// The nodes on its side of the cut that holds it fast; meaningless when it moved as far as was wanted.
    pub(super) reached: Vec<bool>,
}

#[derive(Debug, Clone, Copy)]
struct Arc {
    cell: usize,
    to: usize,
    way: Way,
}

/// A step of a path: the node it comes from and the arc.
type Step = (usize, Arc);

impl Network {
    pub(super) fn new(edges: Vec<Edge>, nodes: usize) -> Self {
        let mut arcs = vec![Vec::new(); nodes];
        for (cell, edge) in edges.iter().enumerate() {
            if let Some(arcs) = arcs.get_mut(edge.row) {
                arcs.push(Arc { cell, to: edge.column, way: Way::Rise });
            }
            if let Some(arcs) = arcs.get_mut(edge.column) {
                arcs.push(Arc { cell, to: edge.row, way: Way::Fall });
            }
        }
        Self { edges, arcs }
    }

    pub(super) fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// How far a cell can move one way through hidden ones, up to what is wanted.
    pub(super) fn movement(&self, is_hidden: &[bool], cell: usize, way: Way, wanted: u64) -> Movement {
        let mut rooms = self.rooms();
        let mut amount = 0;
        let mut reached = Vec::new();
        while amount < wanted {
            let (came, found) = self.walk(is_hidden, &rooms, cell, way);
            let Some(path) = found else {
                reached = came.iter().map(Option::is_some).collect();
                break;
            };
            amount += push(&mut rooms, &path, wanted - amount);
        }
        let moved = rooms.iter().zip(&self.edges).enumerate().filter(|(_, (room, edge))| **room != edge.count);
        Movement { amount, with: moved.map(|(cell, _)| cell).collect(), reached }
    }

    /// The cells that would have to be hidden, besides hidden ones, for a cell to move as far as is wanted, found path by path, each
    /// the cheapest. `None` when even that is not enough.
    pub(super) fn cheapest_cover(
        &self,
        is_hidden: &[bool],
        price: impl Fn(usize) -> u64,
        (cell, way, wanted): (usize, Way, u64),
    ) -> Option<Vec<usize>> {
        let mut rooms = self.rooms();
        let mut is_hidden = is_hidden.to_vec();
        let mut taken = Vec::new();
        let mut amount = 0;
        while amount < wanted {
            let cost = |arc: &Arc| if is_hidden.get(arc.cell) == Some(&true) { 0 } else { price(arc.cell) };
            let left = wanted - amount;
            // Wide paths first, so that their number stays small however large counts are.
            let mut widths = std::iter::successors(Some(left), |width| (*width > 1).then_some(width / 2));
            let path = widths.find_map(|width| self.cheapest(&cost, &rooms, (cell, way), width))?;
            amount += push(&mut rooms, &path, left);
            for (_, arc) in &path {
                if let Some(hidden) = is_hidden.get_mut(arc.cell).filter(|hidden| !**hidden) {
                    *hidden = true;
                    taken.push(arc.cell);
                }
            }
        }
        Some(taken)
    }

    /// The cells that are not hidden and lead out of a set of nodes: hiding none of them leaves the cut as it is.
    pub(super) fn crossing(&self, is_hidden: &[bool], cell: usize, reached: &[bool]) -> Vec<usize> {
        let is_in = |node: usize| reached.get(node).copied().unwrap_or(false);
        let leads_out = |edge: &Edge| {
            (is_in(edge.row) && !is_in(edge.column)) || (is_in(edge.column) && !is_in(edge.row) && edge.count > 0)
        };
        let cells = self.edges.iter().zip(is_hidden).enumerate();
        let crossing =
            cells.filter(|(place, (edge, is_hidden))| !**is_hidden && *place != cell && leads_out(edge));
        crossing.map(|(place, _)| place).collect()
    }

    fn rooms(&self) -> Vec<u64> {
        self.edges.iter().map(|edge| edge.count).collect()
    }

    fn ends(&self, cell: usize, way: Way) -> Option<(usize, usize)> {
        let edge = self.edges.get(cell)?;
        Some(match way {
            Way::Rise => (edge.column, edge.row),
            Way::Fall => (edge.row, edge.column),
        })
    }

    /// The shortest path around a cell, and how each node was come to.
    fn walk(
        &self,
        is_hidden: &[bool],
        rooms: &[u64],
        cell: usize,
        way: Way,
    ) -> (Vec<Option<Step>>, Option<Vec<Step>>) {
        let mut came: Vec<Option<Step>> = vec![None; self.arcs.len()];
        let Some((from, to)) = self.ends(cell, way) else { return (came, None) };
        let mut next = VecDeque::from([from]);
        if let Some(start) = came.get_mut(from) {
            *start = Some((from, Arc { cell, to: from, way }));
        }
        while let Some(node) = next.pop_front() {
            for arc in self.arcs.get(node).into_iter().flatten() {
                let is_open = arc.cell != cell && is_hidden.get(arc.cell) == Some(&true) && room(rooms, arc) > 0;
                if let Some(step) = came.get_mut(arc.to).filter(|step| is_open && step.is_none()) {
                    *step = Some((node, *arc));
                    if arc.to == to {
                        let path = trace(&came, from, to);
                        return (came, Some(path));
                    }
                    next.push_back(arc.to);
                }
            }
        }
        (came, None)
    }

    /// The cheapest path around a cell through which at least so much flows; of equal ones the first.
    fn cheapest(
        &self,
        cost: &impl Fn(&Arc) -> u64,
        rooms: &[u64],
        (cell, way): (usize, Way),
        least: u64,
    ) -> Option<Vec<Step>> {
        let (from, to) = self.ends(cell, way)?;
        let mut came: Vec<Option<Step>> = vec![None; self.arcs.len()];
        let mut best = vec![u64::MAX; self.arcs.len()];
        let mut next = BinaryHeap::from([Reverse((0, from))]);
        if let Some(start) = best.get_mut(from) {
            *start = 0;
        }
        while let Some(Reverse((so_far, node))) = next.pop() {
            if node == to {
                return Some(trace(&came, from, to));
            }
            if best.get(node).is_none_or(|best| *best < so_far) {
                continue;
            }
            for arc in self.arcs.get(node).into_iter().flatten() {
                if arc.cell == cell || room(rooms, arc) < least {
                    continue;
                }
                let total = so_far.saturating_add(cost(arc));
                if let (Some(best), Some(step)) = (best.get_mut(arc.to), came.get_mut(arc.to))
                    && total < *best
                {
                    *best = total;
                    *step = Some((node, *arc));
                    next.push(Reverse((total, arc.to)));
                }
            }
        }
        None
    }
}

/// How much can go through an arc: a rise has no bound.
fn room(rooms: &[u64], arc: &Arc) -> u64 {
    match arc.way {
        Way::Rise => u64::MAX,
        Way::Fall => rooms.get(arc.cell).copied().unwrap_or(0),
    }
}

fn trace(came: &[Option<Step>], from: usize, to: usize) -> Vec<Step> {
    let mut path = Vec::new();
    let mut node = to;
    while node != from
        && let Some(Some(step)) = came.get(node)
    {
        path.push(*step);
        node = step.0;
    }
    path
}

/// Sends as much along a path as goes through and is wanted.
fn push(rooms: &mut [u64], path: &[Step], wanted: u64) -> u64 {
    let amount = path.iter().map(|(_, arc)| room(rooms, arc)).min().unwrap_or(0).min(wanted);
    for (_, arc) in path {
        if let Some(room) = rooms.get_mut(arc.cell) {
            *room = match arc.way {
                Way::Rise => room.saturating_add(amount),
                Way::Fall => room.saturating_sub(amount),
            };
        }
    }
    amount
}
