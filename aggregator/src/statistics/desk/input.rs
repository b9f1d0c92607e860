//! Reading JSON with the path of every field, so that a refusal can name it.

use serde_json::Value;

use super::DeskError;

/// The most a count may be: whole numbers up to 2^53 survive every JSON reader.
const MOST_COUNT: u64 = 1 << 53;

/// A JSON value and where it stands.
pub(super) struct Input<'a> {
    path: String,
    value: &'a Value,
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

    pub(super) fn count(&self) -> Result<u64, DeskError> {
        let whole = self.value.as_u64().filter(|count| *count <= MOST_COUNT);
        whole.ok_or_else(|| self.refuse("must be a whole number, 0 or more"))
    }

    pub(super) fn text(&self) -> Result<&'a str, DeskError> {
        self.value.as_str().ok_or_else(|| self.refuse("must be a text"))
    }

    /// The confidence level, strictly between 0 and 1.
    pub(super) fn level(&self, default: f64) -> Result<f64, DeskError> {
        let Some(field) = self.field_or_null("level")? else { return Ok(default) };
        let level = field.number()?;
        if level > 0.0 && level < 1.0 { Ok(level) } else { Err(field.refuse("must be between 0 and 1")) }
    }

    fn object(&self) -> Result<&'a serde_json::Map<String, Value>, DeskError> {
        self.value.as_object().ok_or_else(|| self.refuse("must be an object"))
    }

    fn child(&self, name: &str, value: &'a Value) -> Self {
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        Self { path, value }
    }
}
