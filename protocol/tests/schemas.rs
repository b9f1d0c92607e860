//! The checked-in schemas say what the types say.
#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn the_checked_in_schemas_are_those_of_the_types() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema");
    let mut expected = BTreeSet::new();
    for (name, schema) in wardvoice_protocol::schema::all() {
        let file = format!("{name}.json");
        let generated = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        let checked_in = std::fs::read_to_string(folder.join(&file)).unwrap_or_default();
        assert_eq!(
            checked_in, generated,
            "{file} has drifted from its type; run `cargo run -p wardvoice-protocol --example schemas`"
        );
        expected.insert(file);
    }
    let present: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(present, expected, "files in protocol/schema that no type stands behind");
}
