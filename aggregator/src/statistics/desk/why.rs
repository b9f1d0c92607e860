//! The reasons why figures do not exist, by the figure's path.

use serde_json::{Map, Value};

/// The reason of a figure that the arithmetic of a computer does not reach.
const BEYOND: &str = "is beyond the numbers of a computer";

/// Reasons by path: `mean[2]`, `random.tau2`.
#[derive(Default)]
pub(super) struct Why(Map<String, Value>);

impl Why {
    /// Says why a figure is `null`, or what else there is to know of it.
    pub(super) fn say(&mut self, figure: impl Into<String>, reason: &str) {
        self.0.insert(figure.into(), Value::from(reason));
    }

    /// A figure, or `null` with its reason.
    pub(super) fn figure(&mut self, name: &str, figure: Result<f64, &str>) -> Value {
        figure.map_or_else(
            |reason| {
                self.say(name, reason);
                Value::Null
            },
            Value::from,
        )
    }

    /// A list of figures, each `null` with its reason where it does not exist.
    pub(super) fn list<'a>(
        &mut self,
        name: &str,
        figures: impl IntoIterator<Item = Result<f64, &'a str>>,
    ) -> Value {
        let places = figures.into_iter().enumerate();
        places.map(|(place, figure)| self.figure(&format!("{name}[{place}]"), figure)).collect()
    }

    /// The output with its reasons. A `null` without one is a figure that overflowed: JSON has no word for it.
    pub(super) fn close(mut self, mut output: Value) -> Value {
        self.explain(String::new(), &output);
        if let (false, Some(object)) = (self.0.is_empty(), output.as_object_mut()) {
            object.insert("why".to_owned(), Value::Object(self.0));
        }
        output
    }

    fn explain(&mut self, path: String, value: &Value) {
        match value {
            Value::Null if !self.0.contains_key(&path) => self.say(path, BEYOND),
            Value::Array(list) => {
                for (place, item) in list.iter().enumerate() {
                    self.explain(format!("{path}[{place}]"), item);
                }
            }
            Value::Object(object) => {
                for (name, item) in object {
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    self.explain(path, item);
                }
            }
            _ => {}
        }
    }
}
