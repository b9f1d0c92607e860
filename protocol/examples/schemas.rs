//! Writes the JSON Schema of every message to `protocol/schema`.

use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema");
    for (name, schema) in wardvoice_protocol::schema::all() {
        let json = serde_json::to_string_pretty(&schema)?;
        std::fs::write(folder.join(format!("{name}.json")), json + "\n")?;
    }
    Ok(())
}
