//! Reading JSON with the path of every field, so that a refusal can name it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::DeskError;

/// The most a count may be: whole numbers up to 2^53 survive every JSON reader.
const MOST_COUNT: u64 = 1 << 53;

const DEFAULT_LEVEL: f64 = 0.95;
const DEFAULT_TRIM: f64 = 0.1;

/// Different names in the order in which they first come, written as they came.
#[derive(Default)]
pub(super) struct Names {
    places: BTreeMap<String, usize>,
    written: Vec<Value>,
}

/// A JSON value and where it stands.
pub(super) struct Input<'a> {
    path: String,
    value: &'a Value,
}

impl Names {
    pub(super) fn len(&self) -> usize {
        self.written.len()
    }

    pub(super) fn written(&self) -> &[Value] {
        &self.written
    }

    fn place(&mut self, name: String, value: Value) -> usize {
        *self.places.entry(name).or_insert_with(|| {
            self.written.push(value);
            self.written.len() - 1
        })
    }
}

impl<'a> Input<'a> {
    pub(super) fn top(value: &'a Value) -> Self {
        Self { path: String::new(), value }
    }

    pub(super) fn value(&self) -> &'a Value {
        self.value
    }

    pub(super) fn refuse(&self, problem: impl Into<String>) -> DeskError {
        let field = if self.path.is_empty() { "input".to_owned() } else { self.path.clone() };
        DeskError::Field { field, problem: problem.into() }
    }

    /// Refuses an object with a field that is not among the known ones.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), DeskError> {
        match self.object()?.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) => Err(self.child(name, self.value).refuse(format!("is not one of {}", known.join(", ")))),
            None => Ok(()),
        }
    }

    pub(super) fn field(&self, name: &str) -> Result<Self, DeskError> {
        match self.object()?.get(name) {
            Some(value) => Ok(self.child(name, value)),
            None => Err(self.child(name, self.value).refuse("is missing")),
        }
    }

    /// A field that may be absent or `null`.
    pub(super) fn field_or_null(&self, name: &str) -> Result<Option<Self>, DeskError> {
        Ok(self.object()?.get(name).filter(|value| !value.is_null()).map(|value| self.child(name, value)))
    }

    /// An element of a list, for a refusal.
    pub(super) fn at(&self, place: usize) -> Self {
        let value = self.value.get(place).unwrap_or(&Value::Null);
        Self { path: format!("{}[{place}]", self.path), value }
    }

    /// Reads every element of a list.
    pub(super) fn each<T>(&self, read: impl Fn(Self) -> Result<T, DeskError>) -> Result<Vec<T>, DeskError> {
        let list = self.value.as_array().ok_or_else(|| self.refuse("must be a list"))?;
        (0..list.len()).map(|place| read(self.at(place))).collect()
    }

    /// Reads every entry of an object, in the input's order.
    pub(super) fn entries<T>(
        &self,
        read: impl Fn(Self) -> Result<T, DeskError>,
    ) -> Result<Vec<(String, T)>, DeskError> {
        let entries = self.object()?.iter();
        entries.map(|(name, value)| Ok((name.clone(), read(self.child(name, value))?))).collect()
    }

    pub(super) fn number(&self) -> Result<f64, DeskError> {
        self.value.as_f64().filter(|number| number.is_finite()).ok_or_else(|| self.refuse("must be a number"))
    }

    pub(super) fn number_or_null(&self) -> Result<Option<f64>, DeskError> {
        if self.value.is_null() {
            return Ok(None);
        }
        self.number().map(Some).map_err(|_| self.refuse("must be a number or null"))
    }

    pub(super) fn number_at_least_zero(&self) -> Result<f64, DeskError> {
        let number = self.number()?;
        if number >= 0.0 { Ok(number) } else { Err(self.refuse("must not be negative")) }
    }

    pub(super) fn number_above_zero(&self) -> Result<f64, DeskError> {
        let number = self.number()?;
        if number > 0.0 { Ok(number) } else { Err(self.refuse("must be above 0")) }
    }

    /// A whole number; `3.0` is one, because many programs write their numbers so.
    pub(super) fn count(&self) -> Result<u64, DeskError> {
        let whole = self.value.as_u64().or_else(|| self.value.as_f64().and_then(whole));
        whole.filter(|count| *count <= MOST_COUNT).ok_or_else(|| self.refuse("must be a whole number, 0 or more"))
    }

    /// A place in a list, from 0.
    pub(super) fn place(&self) -> Result<usize, DeskError> {
        usize::try_from(self.count()?).map_err(|_| self.refuse("is too large"))
    }

    pub(super) fn truth(&self) -> Result<bool, DeskError> {
        self.value.as_bool().ok_or_else(|| self.refuse("must be true or false"))
    }

    /// A name: a text, or a number as it is written; `1` and `1.0` are one name.
    pub(super) fn name(&self) -> Result<String, DeskError> {
        match self.value {
            Value::String(text) => Ok(text.clone()),
            Value::Number(number) => Ok(match number.as_f64().and_then(whole) {
                Some(whole) => whole.to_string(),
                None => number.to_string(),
            }),
            _ => Err(self.refuse("must be a text")),
        }
    }

    /// One of some words.
    pub(super) fn word<T: Copy>(&self, words: &[(&str, T)]) -> Result<T, DeskError> {
        let text = self.text()?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
        found.ok_or_else(|| {
            let words: Vec<_> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
            self.refuse(format!("must be {}", words.join(" or ")))
        })
    }

    pub(super) fn text(&self) -> Result<&'a str, DeskError> {
        self.value.as_str().ok_or_else(|| self.refuse("must be a text"))
    }

    /// The confidence level, strictly between 0 and 1.
    pub(super) fn level(&self) -> Result<f64, DeskError> {
        let Some(field) = self.field_or_null("level")? else { return Ok(DEFAULT_LEVEL) };
        let level = field.number()?;
        if level > 0.0 && level < 1.0 { Ok(level) } else { Err(field.refuse("must be between 0 and 1")) }
    }

    /// How much of the z scores is drawn in at each end, 0 to 0.5.
    pub(super) fn trim(&self) -> Result<f64, DeskError> {
        let Some(field) = self.field_or_null("trim")? else { return Ok(DEFAULT_TRIM) };
        let trim = field.number()?;
        if (0.0..=0.5).contains(&trim) { Ok(trim) } else { Err(field.refuse("must be between 0 and 0.5")) }
    }

    /// A list as long as another.
    pub(super) fn as_long_as<T>(&self, list: Vec<T>, name: &str, length: usize) -> Result<Vec<T>, DeskError> {
        if list.len() == length {
            return Ok(list);
        }
        Err(self.refuse(format!("has {} entries where {name} has {length}", list.len())))
    }

    /// Scores with their standard errors: `values` and `standard_errors`.
    pub(super) fn scores(&self) -> Result<Vec<(f64, f64)>, DeskError> {
        let values = self.field("values")?.each(|value| value.number())?;
        let field = self.field("standard_errors")?;
        let errors = field.as_long_as(field.each(|error| error.number_above_zero())?, "values", values.len())?;
        Ok(values.into_iter().zip(errors).collect())
    }

    /// Reads a list of names as places in the list of different names.
    pub(super) fn names(&self, known: &mut Names) -> Result<Vec<usize>, DeskError> {
        let names = self.each(|name| Ok((name.name()?, name.value.clone())))?;
        Ok(names.into_iter().map(|(name, value)| known.place(name, value)).collect())
    }

    /// A field for a refusal, there or not.
    pub(super) fn child_named(&self, name: &str) -> Self {
        self.child(name, self.value.get(name).unwrap_or(&Value::Null))
    }

    /// Two lists of whole numbers of one length, each of the first at most its neighbour in the second.
    pub(super) fn parts(&self, parts: &str, wholes: &str, whole: &str) -> Result<(Vec<u64>, Vec<u64>), DeskError> {
        let of = self.field(parts)?.each(|count| count.count())?;
        let all = self.field(wholes)?;
        let all = all.as_long_as(all.each(|count| count.count())?, parts, of.len())?;
        match of.iter().zip(&all).position(|(part, whole)| part > whole) {
            Some(place) => Err(self.field(parts)?.at(place).refuse(format!("is more than its {whole}"))),
            None => Ok((of, all)),
        }
    }

    fn object(&self) -> Result<&'a serde_json::Map<String, Value>, DeskError> {
        self.value.as_object().ok_or_else(|| self.refuse("must be an object"))
    }

    fn child(&self, name: &str, value: &'a Value) -> Self {
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        Self { path, value }
    }
}

/// A number without a fraction as what it counts.
fn whole(number: f64) -> Option<u64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole, not negative and at most 2^53"
    )]
    (number.fract().abs() <= 0.0 && (0.0..=MOST_COUNT as f64).contains(&number)).then_some(number as u64)
}
