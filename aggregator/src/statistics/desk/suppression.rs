//! `suppress`.

use serde_json::{Map, Value, json};

use super::DeskError;
use super::input::Input;
use super::why::Why;
use crate::statistics::suppression::{Cell, Table, suppress};

/// The same for every hidden count: a reason that told small ones from their cover would publish what is hidden.
const HIDDEN: &str = "is hidden";
const EXPOSED: &str = "is hidden, and the totals alone show that it is below the minimum: publish fewer totals";
const ONE_COUNT: &str = "is the total of one hidden count";

pub(super) fn run(input: &Input<'_>) -> Result<Value, DeskError> {
    input.only(&["counts", "minimum"])?;
    let rows = input.field("counts")?.entries(|row| row.entries(|count| count.count()))?;
    let minimum = input.field("minimum")?.count()?;
    let mut columns: Vec<&str> = Vec::new();
    for (column, _) in rows.iter().flat_map(|(_, cells)| cells) {
        if !columns.contains(&column.as_str()) {
            columns.push(column);
        }
    }
    let place = |column: &str| columns.iter().position(|known| *known == column);
    let mut table = Table::default();
    for (_, cells) in &rows {
        let mut row = vec![None; columns.len()];
        for (column, count) in cells {
            if let Some(cell) = place(column).and_then(|place| row.get_mut(place)) {
                *cell = Some(*count);
            }
        }
        table.rows.push(row);
    }
    let found = suppress(&table, minimum);
    let mut why = Why::default();
    let mut published = Map::new();
    for (row, (name, cells)) in rows.iter().enumerate() {
        let mut written = Map::new();
        for (column, _) in cells {
            let place = place(column).unwrap_or_default();
            let cell = found.cells.get(row).and_then(|cells| cells.get(place)).copied();
            let value = if let Some(Cell::Shown(count)) = cell {
                Value::from(count)
            } else {
                let is_exposed = found.exposed.contains(&(row, place));
                why.say(format!("published.{name}.{column}"), if is_exposed { EXPOSED } else { HIDDEN });
                Value::Null
            };
            written.insert(column.clone(), value);
        }
        published.insert(name.clone(), Value::Object(written));
    }
    let mut total = |path: String, total: Option<u64>| {
        total.map_or_else(
            || {
                why.say(path, ONE_COUNT);
                Value::Null
            },
            Value::from,
        )
    };
    let mut line = |which: &str, names: Vec<&str>, totals: &[Option<u64>]| {
        let of = names.iter().zip(totals);
        of.map(|(name, count)| ((*name).to_owned(), total(format!("totals.{which}.{name}"), *count)))
            .collect::<Map<_, _>>()
    };
    let row_totals = line("rows", rows.iter().map(|(name, _)| name.as_str()).collect(), &found.rows);
    let column_totals = line("columns", columns, &found.columns);
    let grand = total("totals.grand".to_owned(), found.grand);
    Ok(why.close(json!({
        "published": published,
        "totals": { "rows": row_totals, "columns": column_totals, "grand": grand },
    })))
}
