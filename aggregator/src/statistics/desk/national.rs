//! `fft_suppress`.

use serde_json::{Map, Value, json};

use super::DeskError;
use super::input::Input;
use super::why::Why;
use crate::statistics::national_suppression::{Row, Verdict, suppress_nationally};

/// What is published in place of a figure.
const MASK: &str = "*";

struct Level {
    name: Value,
    rows: Vec<Given>,
}

/// A row with what is published of it unless it is suppressed.
struct Given {
    row: Row,
    code: Value,
    counts: Vec<(String, u64)>,
    percentages: [(&'static str, Option<f64>); 2],
}

pub(super) fn run(input: &Input<'_>) -> Result<Value, DeskError> {
    input.only(&["levels"])?;
    let levels = input.field("levels")?.each(|level| {
        level.only(&["name", "rows"])?;
        let name = level.field("name")?;
        name.name()?;
        Ok(Level { name: name.value().clone(), rows: level.field("rows")?.each(|row| given(&row))? })
    })?;
    let rows: Vec<Vec<Row>> =
        levels.iter().map(|level| level.rows.iter().map(|given| given.row.clone()).collect()).collect();
    let mut why = Why::default();
    let written = levels.iter().zip(suppress_nationally(&rows)).enumerate();
    let written =
        written.map(|(place, (level, verdicts))| write(&mut why, place, level, &verdicts)).collect::<Vec<_>>();
    Ok(why.close(json!({ "levels": written })))
}

fn given(input: &Input<'_>) -> Result<Given, DeskError> {
    input.only(&["code", "parent", "total", "counts", "positive", "negative", "tie_break"])?;
    let code = input.field("code")?;
    let percentage = |name: &'static str| -> Result<_, DeskError> {
        Ok((name, input.field_or_null(name)?.map(|number| number.number()).transpose()?))
    };
    let text = |text: Input<'_>| if text.value().is_null() { Ok(String::new()) } else { text.name() };
    Ok(Given {
        row: Row {
            code: code.name()?,
            parent: input.field_or_null("parent")?.map(|parent| parent.name()).transpose()?,
            total: input.field("total")?.count()?,
            tie_break: input.field_or_null("tie_break")?.map_or(Ok(Vec::new()), |list| list.each(text))?,
        },
        code: code.value().clone(),
        counts: input
            .field_or_null("counts")?
            .map_or(Ok(Vec::new()), |counts| counts.entries(|count| count.count()))?,
        percentages: [percentage("positive")?, percentage("negative")?],
    })
}

fn write(why: &mut Why, place: usize, level: &Level, verdicts: &[Verdict]) -> Value {
    let rows = || level.rows.iter().zip(verdicts).enumerate();
    for (row, (given, verdict)) in rows() {
        if verdict.rank.is_none() {
            why.say(format!("levels[{place}].rank[{row}]"), "nobody answered");
        }
        for (name, _) in given.percentages.iter().filter(|(_, figure)| figure.is_none() && !verdict.first) {
            why.say(format!("levels[{place}].published[{row}].{name}"), "the input has none");
        }
    }
    let flags = |get: fn(&Verdict) -> bool| verdicts.iter().map(get).collect::<Vec<_>>();
    let published: Vec<Value> = rows().map(|(_, (given, verdict))| publish(given, *verdict)).collect();
    json!({
        "name": level.name,
        "code": level.rows.iter().map(|given| &given.code).collect::<Vec<_>>(),
        "rank": verdicts.iter().map(|verdict| verdict.rank).collect::<Vec<_>>(),
        "first": flags(|verdict| verdict.first),
        "second": flags(|verdict| verdict.second),
        "cascade": flags(|verdict| verdict.cascade),
        "suppressed": flags(Verdict::is_suppressed),
        "published": published,
    })
}

/// The total is published whatever the rules say, as nationally; counts are masked in a suppressed row, and percentages only in
/// one that is suppressed for its own small number.
fn publish(given: &Given, verdict: Verdict) -> Value {
    let mask = |is_masked: bool, figure: Value| if is_masked { Value::from(MASK) } else { figure };
    let counts: Map<String, Value> = given
        .counts
        .iter()
        .map(|(name, count)| (name.clone(), mask(verdict.is_suppressed(), Value::from(*count))))
        .collect();
    let mut published = Map::new();
    published.insert("total".to_owned(), Value::from(given.row.total));
    published.insert("counts".to_owned(), Value::Object(counts));
    for (name, figure) in given.percentages {
        published.insert(name.to_owned(), mask(verdict.first, figure.map_or(Value::Null, Value::from)));
    }
    Value::Object(published)
}
