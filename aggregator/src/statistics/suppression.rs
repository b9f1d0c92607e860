//! Tables that strangers may see: small counts hidden so that nobody can work them out from the rest.
//!
//! A count is safe when it is 0 or at least `minimum`; counts from 1 to `minimum` - 1 are hidden, and as few others with them as it
//! takes. The totals of rows, columns and all are published. Against an attacker who knows every published count and
//! total, and that counts are whole and not negative, each hidden count below the minimum keeps, where the totals allow it,
//!
//! 1. an interval that reaches the minimum: it cannot be told from a count that would have been published. So neither can the
//!    sum of several hidden counts in a row or column be told to be small;
//! 2. else, where a total is itself below the minimum, an interval that reaches 0;
//! 3. else at least one other value.
//!
//! What reaches neither 1 nor 2 is *exposed* by the totals alone, whatever else is hidden, and is listed, so that the caller can
//! publish fewer totals. Counts of 0 are published unless they are needed as cover, as in the national
//! rules; other counts that are hidden as cover may be worked out. A count below the minimum is one that 1 to minimum -
//! 1 people made: our rule "5 or fewer" is a minimum of 6, the national one a minimum of 5.
//!
//! A total of one count is that count, and is hidden with it; so a table of one row is protected by the total of the row alone.
//! A count that is not in the table (rows need not have the same columns) is known to be 0.
//!
//! # How
//!
//! With fixed totals the hidden counts are a flow in the network whose nodes are rows and columns (L. H. Cox, *Network models for
//! complementary cell suppression*, JASA 90, 1995), so that the exact interval of a count is its value and what can flow
//! around it, and is whole. Cover is found by cheapest paths, pruned, and for small tables searched exhaustively: every set of
//! cover must contain a cell that crosses the cut which holds a count fast (M. Fischetti and J. J. Salazar, *Models and algorithms
//! for optimizing cell suppression in tabular data with linear constraints*, JASA 95, 2000). What is hidden does not depend on
//! chance or time.

use std::ops::RangeInclusive;

mod cover;
mod network;

use cover::Cover;
use network::{Edge, Network, Way};

/// A table of counts: rows of cells, `None` where there is none. Rows may differ in length.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    /// The rows.
    pub rows: Vec<Vec<Option<u64>>>,
}

/// A table that may be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Per row and column.
    pub cells: Vec<Vec<Cell>>,
    /// The total of each row; `None` when it is the total of one hidden count.
    pub rows: Vec<Option<u64>>,
    /// The total of each column; `None` when it is the total of one hidden count.
    pub columns: Vec<Option<u64>>,
    /// The total of all; `None` when it is the total of one hidden count.
    pub grand: Option<u64>,
    /// Row and column of the hidden counts that the totals alone show to be below the minimum and not 0.
    pub exposed: Vec<(usize, usize)>,
}

/// A cell of a published table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// Not in the table.
    Absent,
    /// Published.
    Shown(u64),
    /// Hidden, because it is small or to cover one that is.
    Hidden,
}

/// Hides what has to be hidden. A `minimum` of 0 or 1 hides nothing.
pub fn suppress(table: &Table, minimum: u64) -> Published {
    let layout = Layout::of(table);
    let cover = Cover::new(&layout.network, minimum);
    let is_hidden = cover.find();
    let hidden = |place: &Option<usize>| place.is_some_and(|place| is_hidden.get(place).copied().unwrap_or(false));
    let cells = layout.places.iter().zip(&table.rows).map(|(places, row)| {
        let cell = |(place, count): (&Option<usize>, &Option<u64>)| match count {
            None => Cell::Absent,
            Some(_) if hidden(place) => Cell::Hidden,
            Some(count) => Cell::Shown(*count),
        };
        places.iter().zip(row).map(cell).collect()
    });
    let total = |line: Vec<(Option<usize>, u64)>| match line.as_slice() {
        [(place, _)] if hidden(place) => None,
        line => Some(line.iter().map(|(_, count)| *count).fold(0, u64::saturating_add)),
    };
    let rows: Vec<_> = (0..table.rows.len()).map(|row| total(layout.row(table, row))).collect();
    let columns: Vec<_> = (0..layout.columns).map(|column| total(layout.column(table, column))).collect();
    let all = (0..table.rows.len()).flat_map(|row| layout.row(table, row)).collect();
    let exposed = layout.at.iter().enumerate().filter(|(place, _)| cover.is_exposed(*place)).map(|(_, at)| *at);
    Published { cells: cells.collect(), rows, columns, grand: total(all), exposed: exposed.collect() }
}

/// The exact interval in which an attacker finds a hidden count, when the cells of which `is_hidden` holds are hidden; a
/// published one has its own value. `None` where there is no cell. The upper end is bounded by `limit`.
pub fn interval(
    table: &Table,
    is_hidden: impl Fn(usize, usize) -> bool,
    (row, column): (usize, usize),
    limit: u64,
) -> Option<RangeInclusive<u64>> {
    let layout = Layout::of(table);
    let count = (*table.rows.get(row)?.get(column)?)?;
    let place = (*layout.places.get(row)?.get(column)?)?;
    let hidden: Vec<bool> = layout.at.iter().map(|(row, column)| is_hidden(*row, *column)).collect();
    if !hidden.get(place).copied().unwrap_or(false) {
        return Some(count..=count);
    }
    if layout.at.len() == 1 {
        return Some(0..=limit);
    }
    let room = limit.saturating_sub(count);
    let rise = layout.network.movement(&hidden, place, Way::Rise, room).amount;
    let fall = layout.network.movement(&hidden, place, Way::Fall, count).amount;
    Some(count.saturating_sub(fall)..=count.saturating_add(rise))
}

/// Where the cells of a table are in its network.
struct Layout {
    network: Network,
    /// Per row and column, the cell's place in the network.
    places: Vec<Vec<Option<usize>>>,
    /// Per cell of the network, its row and column.
    at: Vec<(usize, usize)>,
    columns: usize,
}

impl Layout {
    fn of(table: &Table) -> Self {
        let columns = table.rows.iter().map(Vec::len).max().unwrap_or(0);
        let mut in_column = vec![0_usize; columns];
        for row in &table.rows {
            for (size, _) in in_column.iter_mut().zip(row).filter(|(_, cell)| cell.is_some()) {
                *size += 1;
            }
        }
        // Lines of one cell share a node each way: their totals are hidden with the cell, and the total of all binds their sum.
        let (single_row, single_column) = (0, 1);
        let first_column = 2 + table.rows.len();
        let mut edges = Vec::new();
        let mut at = Vec::new();
        let mut places = Vec::new();
        for (row, cells) in table.rows.iter().enumerate() {
            let row_node = if cells.iter().flatten().count() == 1 { single_row } else { 2 + row };
            let mut row_places = Vec::new();
            for (column, cell) in cells.iter().enumerate() {
                row_places.push(cell.map(|count| {
                    let is_single = in_column.get(column) == Some(&1);
                    let column_node = if is_single { single_column } else { first_column + column };
                    edges.push(Edge { row: row_node, column: column_node, count });
                    at.push((row, column));
                    edges.len() - 1
                }));
            }
            places.push(row_places);
        }
        Self { network: Network::new(edges, first_column + columns), places, at, columns }
    }

    fn row(&self, table: &Table, row: usize) -> Vec<(Option<usize>, u64)> {
        let cells = table.rows.get(row).into_iter().flatten();
        let places = self.places.get(row).into_iter().flatten();
        cells.zip(places).filter_map(|(count, place)| Some((*place, (*count)?))).collect()
    }

    fn column(&self, table: &Table, column: usize) -> Vec<(Option<usize>, u64)> {
        let cells = table.rows.iter().zip(&self.places);
        cells.filter_map(|(row, places)| Some((*places.get(column)?, (*row.get(column)?)?))).collect()
    }
}

#[cfg(test)]
mod tests;
