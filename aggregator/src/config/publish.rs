//! Where published sites go.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Config, ConfigError, value};
use crate::publish::{By, Destination, Edition, Put};

/// A destination as the file says it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PublishFile {
    edition: String,
    out: PathBuf,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    put: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    put_login: Option<PathBuf>,
    #[serde(default)]
    folders: bool,
}

impl Config {
    /// Where published sites go, for a data folder.
    pub(crate) fn published_in(&self, data: &Path) -> Vec<Destination> {
        let at = |destination: &Destination| {
            let mut destination = destination.clone();
            destination.out = data.join(destination.out);
            if let Some(put) = &mut destination.put {
                put.login = put.login.take().map(|login| data.join(login));
            }
            destination
        };
        self.publish.iter().map(at).collect()
    }
}

/// Reads the destinations: one an edition at the most, and no folder twice.
pub(super) fn read(files: &[PublishFile]) -> Result<Vec<Destination>, ConfigError> {
    let mut all: Vec<Destination> = Vec::new();
    for file in files {
        let wrong = |rule: &str| value("publish.edition", &file.edition, rule);
        let edition: Edition = file.edition.parse().map_err(|_| wrong("write public or trust"))?;
        if all.iter().any(|known| known.edition == edition) {
            return Err(wrong("it stands twice"));
        }
        let out = file.out.display().to_string();
        if file.out.as_os_str().is_empty() {
            return Err(value("publish.out", out, "name a folder"));
        }
        if all.iter().any(|known| known.out == file.out) {
            return Err(value("publish.out", out, "each edition needs a folder of its own"));
        }
        if let (Some(login), None) = (&file.put_login, &file.put) {
            return Err(value("publish.put_login", login.display().to_string(), "it needs publish.put beside it"));
        }
        let put = file.put.clone().map(|url| Put { url, login: file.put_login.clone() });
        let by = if file.folders { By::Folders } else { By::Whatever };
        all.push(Destination { edition, out: file.out.clone(), put, by });
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::super::ConfigFile;
    use super::*;

    fn read(text: &str) -> Result<Config, String> {
        let file: ConfigFile = toml::from_str(text).map_err(|error| error.to_string())?;
        Config::try_from(file).map_err(|error| error.to_string())
    }

    #[test]
    fn each_edition_has_one_folder_of_its_own() {
        let both = "[[publish]]\nedition = \"public\"\nout = \"site\"\n[[publish]]\nedition = \"trust\"\nout = \"/mnt/intranet\"\n\
                    put = \"https://intranet.example/\"\nput_login = \"login\"\nfolders = true\n";
        let found = read(both).unwrap().published_in(Path::new("data"));
        let out: Vec<_> = found.iter().map(|one| (one.edition, one.out.as_path(), one.by)).collect();
        let expected = [
            (Edition::Public, Path::new("data/site"), By::Whatever),
            (Edition::Trust, Path::new("/mnt/intranet"), By::Folders),
        ];
        assert_eq!(out, expected);
        let login = found.iter().find_map(|one| one.put.as_ref()?.login.clone());
        assert_eq!(login.as_deref(), Some(Path::new("data/login")));
        let check = |text: &str, says: &str| {
            let error = read(text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        };
        check("[[publish]]\nedition = \"staff\"\nout = \"x\"", "write public or trust");
        check("[[publish]]\nedition = \"public\"", "out");
        check("[[publish]]\nedition = \"public\"\nout = \"\"", "name a folder");
        check("[[publish]]\nedition = \"public\"\nout = \"x\"\nput_login = \"y\"", "publish.put_login");
        check(&both.replace("trust", "public"), "it stands twice");
        check(&both.replace("/mnt/intranet", "site"), "a folder of its own");
    }
}
