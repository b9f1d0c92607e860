#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics is a test that fails")]

use proptest::prelude::*;

use super::*;

fn full(rows: &[&[u64]]) -> Table {
    Table { rows: rows.iter().map(|row| row.iter().copied().map(Some).collect()).collect() }
}

/// What is published when the cells of which `is_hidden` holds are hidden and nothing else is thought of.
fn publish(table: &Table, is_hidden: impl Fn(usize, usize) -> bool) -> Published {
    let place = |row, (column, cell): (usize, &Option<u64>)| match cell {
        None => Cell::Absent,
        Some(_) if is_hidden(row, column) => Cell::Hidden,
        Some(count) => Cell::Shown(*count),
    };
    let rows = table.rows.iter().enumerate();
    let cells: Vec<Vec<Cell>> =
        rows.map(|(row, cells)| cells.iter().enumerate().map(|cell| place(row, cell)).collect()).collect();
    let total = |line: Vec<(usize, usize)>| {
        let sum = line.iter().filter_map(|(row, column)| table.rows[*row][*column]).sum();
        (line.len() != 1 || !is_hidden(line[0].0, line[0].1)).then_some(sum)
    };
    let places = |keep: &dyn Fn(usize, usize) -> bool| {
        let all =
            (0..table.rows.len()).flat_map(|row| (0..table.rows[row].len()).map(move |column| (row, column)));
        all.filter(|(row, column)| table.rows[*row][*column].is_some() && keep(*row, *column)).collect::<Vec<_>>()
    };
    let columns = table.rows.iter().map(Vec::len).max().unwrap_or(0);
    Published {
        cells,
        rows: (0..table.rows.len()).map(|row| total(places(&|r, _| r == row))).collect(),
        columns: (0..columns).map(|column| total(places(&|_, c| c == column))).collect(),
        grand: total(places(&|_, _| true)),
        exposed: Vec::new(),
    }
}

/// The attack, slow and obvious: every way of filling the hidden cells that fits all that is published, and nothing of ours.
struct Attack {
    hidden: Vec<(usize, usize)>,
    rows: Vec<Option<u64>>,
    columns: Vec<Option<u64>>,
    grand: Option<u64>,
    low: Vec<u64>,
    high: Vec<u64>,
    left: u64,
}

/// Per hidden cell, its lowest and highest count.
type Intervals = Vec<((usize, usize), (u64, u64))>;

/// More than any count of the tests.
const FAR: u64 = 60;

impl Attack {
    /// The interval of every hidden cell; `None` when there are too many ways to try.
    fn on(published: &Published) -> Option<Intervals> {
        let mut attack = Self {
            hidden: Vec::new(),
            rows: published.rows.clone(),
            columns: published.columns.clone(),
            grand: published.grand,
            low: Vec::new(),
            high: Vec::new(),
            left: 30_000,
        };
        for (row, cells) in published.cells.iter().enumerate() {
            for (column, cell) in cells.iter().enumerate() {
                match cell {
                    Cell::Absent => {}
                    Cell::Shown(count) => {
                        for total in [&mut attack.rows[row], &mut attack.columns[column], &mut attack.grand] {
                            *total = total.map(|total| total - count);
                        }
                    }
                    Cell::Hidden => attack.hidden.push((row, column)),
                }
            }
        }
        attack.low = vec![u64::MAX; attack.hidden.len()];
        attack.high = vec![0; attack.hidden.len()];
        attack.fill(&mut Vec::new())?;
        let found = attack.hidden.iter().zip(attack.low.iter().zip(&attack.high));
        Some(found.map(|(cell, (low, high))| (*cell, (*low, *high))).collect())
    }

    fn fill(&mut self, counts: &mut Vec<u64>) -> Option<()> {
        self.left = self.left.checked_sub(1)?;
        let Some((row, column)) = self.hidden.get(counts.len()).copied() else {
            if [&self.rows, &self.columns].iter().all(|totals| totals.iter().all(|total| total.unwrap_or(0) == 0))
                && self.grand.unwrap_or(0) == 0
            {
                for (place, count) in counts.iter().enumerate() {
                    self.low[place] = self.low[place].min(*count);
                    self.high[place] = self.high[place].max(*count);
                }
            }
            return Some(());
        };
        let most = [self.rows[row], self.columns[column], self.grand].into_iter().flatten().min().unwrap_or(FAR);
        let is_last = |of: &dyn Fn(&(usize, usize)) -> bool| !self.hidden[counts.len() + 1..].iter().any(of);
        // The last cell of a line with a total takes what is left.
        let forced = if is_last(&|cell| cell.0 == row) { self.rows[row] } else { None };
        let forced = forced.or(if is_last(&|cell| cell.1 == column) { self.columns[column] } else { None });
        let range = forced.map_or(0..=most, |count| count..=count);
        for count in range.filter(|count| *count <= most) {
            let before = (self.rows[row], self.columns[column], self.grand);
            for total in [&mut self.rows[row], &mut self.columns[column], &mut self.grand] {
                *total = total.map(|total| total - count);
            }
            counts.push(count);
            let went_on = self.fill(counts);
            counts.pop();
            (self.rows[row], self.columns[column], self.grand) = before;
            went_on?;
        }
        Some(())
    }
}

/// The attack on what we publish fails: every small count keeps a safe value that the totals allow it.
#[track_caller]
fn withstands(table: &Table, minimum: u64) -> Option<usize> {
    let published = suppress(table, minimum);
    let found = Attack::on(&published)?;
    let everything = Attack::on(&publish(table, |_, _| true))?;
    for ((row, column), (low, high)) in &found {
        let count = table.rows[*row][*column].unwrap();
        if !(1..minimum).contains(&count) {
            continue;
        }
        let (lowest, highest) = everything.iter().find(|(cell, _)| cell == &(*row, *column)).unwrap().1;
        let is_exposed = published.exposed.contains(&(*row, *column));
        if highest >= minimum {
            assert!(*high >= minimum, "{table:?}: {published:?}: {count} at {row}, {column} is in {low}..={high}");
        } else if lowest == 0 {
            assert_eq!(*low, 0, "{table:?}: {published:?}: {count} at {row}, {column} is in {low}..={high}");
        } else {
            assert!(is_exposed && (low < high || lowest == highest), "{table:?}: {published:?}");
        }
        assert_eq!(is_exposed, highest < minimum && lowest > 0);
    }
    for (row, cells) in table.rows.iter().enumerate() {
        for (column, cell) in cells.iter().enumerate().filter(|(_, cell)| cell.is_some()) {
            let is_small = (1..minimum).contains(&cell.unwrap());
            assert!(!is_small || published.cells[row][column] == Cell::Hidden, "a small count is published");
        }
    }
    let shown = publish(table, |row, column| published.cells[row][column] == Cell::Hidden);
    assert_eq!((&published.rows, &published.columns, published.grand), (&shown.rows, &shown.columns, shown.grand));
    let is_cover = |(row, column): &(usize, usize)| !(1..minimum).contains(&table.rows[*row][*column].unwrap());
    Some(found.iter().map(|(cell, _)| cell).filter(|cell| is_cover(cell)).count())
}

#[test]
fn nothing_small_hides_nothing() {
    let table = full(&[&[10, 20, 0], &[7, 0, 9]]);
    let published = suppress(&table, 5);
    assert!(published.cells.iter().flatten().all(|cell| matches!(cell, Cell::Shown(_))));
    assert_eq!(
        (published.rows, published.columns, published.grand),
        (vec![Some(30), Some(16)], vec![Some(17), Some(20), Some(9)], Some(46))
    );
    assert_eq!(suppress(&Table::default(), 5).grand, Some(0));
    assert_eq!(suppress(&full(&[&[1, 2]]), 1).cells, [[Cell::Shown(1), Cell::Shown(2)]]);
}

#[test]
fn one_small_count_takes_three_others() {
    let table = full(&[&[3, 9, 8], &[7, 6, 9]]);
    assert_eq!(withstands(&table, 5), Some(3));
    let published = suppress(&table, 5);
    assert_eq!(published.cells[0][0], Cell::Hidden);
    assert!(published.exposed.is_empty());
}

/// The wards of 3, 12 and 31 answers that the national rule gives away.
#[test]
fn a_table_of_one_row_or_column_keeps_its_total_only() {
    let row = suppress(&full(&[&[3, 12, 31]]), 5);
    assert_eq!(row.cells, [[Cell::Hidden, Cell::Hidden, Cell::Shown(31)]]);
    assert_eq!((row.rows, row.columns, row.grand), (vec![Some(46)], vec![None, None, Some(31)], Some(46)));
    assert_eq!(withstands(&full(&[&[3, 12, 31]]), 5), Some(1));
    assert_eq!(withstands(&full(&[&[3], &[4], &[31]]), 5), Some(0));
    assert_eq!(withstands(&full(&[&[1], &[2], &[31]]), 5), Some(1), "a pair of 3 people is small too");
    let one = suppress(&full(&[&[3]]), 5);
    assert_eq!(
        (one.cells, one.rows, one.columns, one.grand),
        (vec![vec![Cell::Hidden]], vec![None], vec![None], None)
    );
}

/// Where a total is small, nothing can make a count look large; with a 0 for cover it can still be nobody.
#[test]
fn small_totals_leave_nought_or_expose() {
    let table = full(&[&[3, 0], &[20, 30]]);
    let published = suppress(&table, 5);
    assert!(published.exposed.is_empty());
    assert_eq!(withstands(&table, 5), Some(3));
    let exposed = suppress(&full(&[&[3, 1], &[1, 0]]), 5);
    assert_eq!(exposed.exposed, [(0, 0)], "of 5 people 4 are in its row and 4 in its column");
}

#[test]
fn ragged_rows_are_covered_by_what_is_there() {
    let table = Table {
        rows: vec![
            vec![Some(3), Some(20)],
            vec![Some(9), Some(8), None, Some(7)],
            vec![None, Some(6), Some(2), Some(11)],
        ],
    };
    assert!(withstands(&table, 5).is_some());
    let published = suppress(&table, 5);
    assert_eq!(published.cells[1][2], Cell::Absent);
    assert_eq!(published.exposed, [(2, 2)], "the one count of its column is what the other totals leave");
}

#[test]
fn a_large_table_is_quick() {
    let mut state = 7_u64;
    let mut dice = |sides: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % sides
    };
    let mut count = || match dice(4) {
        0 => dice(3),
        1 => dice(8),
        2 => dice(40),
        _ => dice(200),
    };
    let rows = (0..50).map(|_| (0..12).map(|_| Some(count())).collect()).collect();
    let table = Table { rows };
    let published = suppress(&table, 6);
    let is_hidden = |row: usize, column: usize| published.cells[row][column] == Cell::Hidden;
    for (row, cells) in table.rows.iter().enumerate() {
        for (column, cell) in cells.iter().enumerate().filter(|(_, cell)| (1..6).contains(&cell.unwrap())) {
            let interval = interval(&table, is_hidden, (row, column), 6).unwrap();
            assert!(interval.contains(&6), "{cell:?} at {row}, {column} is in {interval:?}");
        }
    }
}

fn tables() -> impl Strategy<Value = Table> {
    let shapes = prop_oneof![
        Just((1, 4)),
        Just((4, 1)),
        Just((2, 2)),
        Just((2, 3)),
        Just((3, 2)),
        Just((2, 5)),
        Just((3, 3)),
        Just((4, 3))
    ];
    (shapes, any::<bool>(), 1_u64..4).prop_flat_map(|((rows, columns), is_ragged, scale)| {
        let count = prop_oneof![2 => Just(0), 3 => 1_u64..5, 4 => 0..6 * scale];
        let cell = (count, 0_u8..10).prop_map(move |(count, gap)| (!is_ragged || gap > 0).then_some(count));
        prop::collection::vec(prop::collection::vec(cell, columns), rows).prop_map(|rows| Table { rows })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn attacks_fail(table in tables(), minimum in 2_u64..8) {
        withstands(&table, minimum);
    }

    /// The network's intervals are those of every way of filling the table.
    #[test]
    fn intervals_agree_with_enumeration(table in tables(), hidden in prop::collection::vec(any::<bool>(), 16)) {
        let is_hidden = |row: usize, column: usize| hidden[(row * 5 + column) % 16];
        if let Some(found) = Attack::on(&publish(&table, is_hidden)) {
            for (cell, (low, high)) in found {
                let interval = interval(&table, is_hidden, cell, FAR).unwrap();
                prop_assert_eq!((*interval.start(), *interval.end()), (low, high), "{:?}", cell);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Slow and obvious: no smaller set of others would do.
    #[test]
    fn as_few_as_can_be(table in tables(), minimum in 3_u64..6) {
        let Some(used) = withstands(&table, minimum) else { return Ok(()) };
        let Some(everything) = Attack::on(&publish(&table, |_, _| true)) else { return Ok(()) };
        let small = |count: u64| (1..minimum).contains(&count);
        let count = |(row, column): (usize, usize)| table.rows[row][column].unwrap();
        let others: Vec<_> = everything.iter().map(|(cell, _)| *cell).filter(|cell| !small(count(*cell))).collect();
        let protects = |chosen: u32| {
            let is_hidden = |row: usize, column: usize| {
                small(count((row, column))) || others.iter().position(|cell| *cell == (row, column)).is_some_and(|place| chosen >> place & 1 == 1)
            };
            everything.iter().filter(|(cell, _)| small(count(*cell))).all(|(cell, (lowest, highest))| {
                let found = interval(&table, is_hidden, *cell, FAR).unwrap();
                if *highest >= minimum { *found.end() >= minimum } else if *lowest == 0 { *found.start() == 0 } else { found.start() < found.end() || lowest == highest }
            })
        };
        for chosen in (0..1_u32 << others.len()).filter(|chosen| (chosen.count_ones() as usize) < used) {
            prop_assert!(!protects(chosen), "{:b} of {:?} would do", chosen, others);
        }
    }
}
