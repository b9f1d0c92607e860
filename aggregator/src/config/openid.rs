//! The trust's own sign-in: where it is, and what whoever it knows may be.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use wardvoice_protocol::directory::Directory;
use wardvoice_protocol::one_line;

use super::{ConfigError, value};
use crate::policy::Role;

/// Where browsers come back to, behind the address of the pages.
const RETURN_PATH: &str = "/sign-in/openid/return";
/// The most groups the settings may speak of.
const MOST_GROUPS: usize = 1_000;

/// The section as the file says it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OpenIdFile {
    issuer: String,
    client_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_secret_file: Option<PathBuf>,
    address: String,
    #[serde(default = "label")]
    label: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ca_file: Option<PathBuf>,
    #[serde(default = "scopes")]
    scopes: Vec<String>,
    #[serde(default = "name_claim")]
    name_claim: String,
    #[serde(default = "groups_claim")]
    groups_claim: String,
    #[serde(default = "hours")]
    sign_in_again_after_hours: u8,
    #[serde(default)]
    roles: BTreeMap<String, Vec<String>>,
}

fn label() -> String {
    "your trust account".to_owned()
}

fn scopes() -> Vec<String> {
    vec!["openid".to_owned()]
}

fn name_claim() -> String {
    "sub".to_owned()
}

fn groups_claim() -> String {
    "groups".to_owned()
}

fn hours() -> u8 {
    8
}

/// The section the program works by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenIdSettings {
    /// The provider, exactly as it calls itself.
    pub issuer: String,
    /// Who we are to it.
    pub client_id: String,
    /// The file with what proves that; we are a public client when absent.
    pub client_secret_file: Option<PathBuf>,
    /// Where browsers come back to.
    pub redirect: String,
    /// What the button says after "Sign in with".
    pub label: String,
    /// The certificate authority of the provider; the system's when absent.
    pub ca_file: Option<PathBuf>,
    /// What we ask for.
    pub scopes: Vec<String>,
    /// The claim that names a person.
    pub name_claim: String,
    /// The claim that lists groups; dots lead into objects.
    pub groups_claim: String,
    /// How long a session lasts at most.
    pub session_hours: u8,
    /// What whoever is in a group may be.
    pub roles: RoleRules,
}

/// What whoever is in a group may be. Whoever is in none may be nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleRules {
    plain: BTreeMap<String, BTreeSet<Role>>,
    /// The start of a group, and the kinds of the roles that its rest is the id of.
    starred: BTreeMap<String, BTreeSet<String>>,
}

/// The kinds of roles that have an id.
const WITH_ID: [&str; 5] = ["ward", "department", "consultant", "appraiser", "display"];

impl TryFrom<OpenIdFile> for OpenIdSettings {
    type Error = ConfigError;

    fn try_from(file: OpenIdFile) -> Result<Self, ConfigError> {
        if !cfg!(feature = "openid") {
            let rule = "this program was built without OpenID Connect: remove the section, or build with the feature openid";
            return Err(value("openid.issuer", file.issuer, rule));
        }
        if !is_safe_address(&file.issuer) || file.issuer.contains(['?', '#']) {
            let rule = "write the provider's address as it writes it itself, https:// (plain http:// only for a loopback address)";
            return Err(value("openid.issuer", file.issuer, rule));
        }
        let address = file.address.trim_end_matches('/');
        if !is_safe_address(address) || address.matches('/').count() != 2 || address.contains(['?', '#']) {
            let rule = "write where browsers reach these pages, as https://wardvoice.example, without a path";
            return Err(value("openid.address", file.address, rule));
        }
        let one_line = |setting: &'static str, text: &str, most: usize| {
            let fits = one_line::fits(text, most);
            if fits {
                Ok(())
            } else {
                Err(value(setting, text, format!("write one line of 1 to {most} characters")))
            }
        };
        one_line("openid.client_id", &file.client_id, 200)?;
        one_line("openid.label", &file.label, 60)?;
        one_line("openid.name_claim", &file.name_claim, 200)?;
        one_line("openid.groups_claim", &file.groups_claim, 200)?;
        let is_scope = |scope: &String| !scope.is_empty() && scope.bytes().all(|byte| byte.is_ascii_graphic());
        if !file.scopes.iter().all(is_scope) || !file.scopes.iter().any(|scope| scope == "openid") {
            return Err(value(
                "openid.scopes",
                file.scopes.join(" "),
                "name openid, and others without spaces in them",
            ));
        }
        if !(1..=12).contains(&file.sign_in_again_after_hours) {
            let hours = file.sign_in_again_after_hours.to_string();
            return Err(value("openid.sign_in_again_after_hours", hours, "write a number of hours from 1 to 12"));
        }
        let redirect = format!("{address}{RETURN_PATH}");
        Ok(Self {
            redirect,
            issuer: file.issuer,
            client_id: file.client_id,
            client_secret_file: file.client_secret_file,
            label: file.label,
            ca_file: file.ca_file,
            scopes: file.scopes,
            name_claim: file.name_claim,
            groups_claim: file.groups_claim,
            session_hours: file.sign_in_again_after_hours,
            roles: RoleRules::read(&file.roles)?,
        })
    }
}

/// Whether what is sent to an address can be read on the way by nobody: over TLS, or within this machine.
pub(crate) fn is_safe_address(address: &str) -> bool {
    let plain = address.bytes().all(|byte| byte.is_ascii_graphic()) && !address.contains(['@', '\\']);
    let host = |rest: &str| {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let bare = host.strip_prefix('[').and_then(|rest| rest.split(']').next());
        bare.unwrap_or_else(|| host.rsplit_once(':').map_or(host, |(host, _)| host)).to_owned()
    };
    let loopback =
        |host: &str| host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback());
    match address.split_once("://") {
        Some(("https", rest)) => plain && !host(rest).is_empty(),
        Some(("http", rest)) => plain && loopback(&host(rest)),
        _ => false,
    }
}

impl RoleRules {
    fn read(file: &BTreeMap<String, Vec<String>>) -> Result<Self, ConfigError> {
        let wrong = |group: &str, rule: &str| value("openid.roles", group, rule);
        if file.is_empty() || file.len() > MOST_GROUPS {
            let rule = format!(
                "say what members of 1 to {MOST_GROUPS} groups may be, as in \"wardvoice-office\" = [\"office\"]"
            );
            return Err(wrong("", &rule));
        }
        let mut rules = Self::default();
        for (group, roles) in file {
            let start = group.strip_suffix('*');
            let named = start.unwrap_or(group);
            if !one_line::fits(named, 400) || named.contains('*') || roles.is_empty() {
                return Err(wrong(
                    group,
                    "write a group with at most one star, at its end, and at least one role",
                ));
            }
            for role in roles {
                match (start, role.strip_suffix(":*")) {
                    (Some(start), Some(kind)) if WITH_ID.contains(&kind) => {
                        rules.starred.entry(start.to_owned()).or_default().insert(kind.to_owned());
                    }
                    (None, None) => {
                        let role: Role =
                            role.parse().map_err(|error| wrong(group, &format!("failed to {error}")))?;
                        rules.plain.entry(group.clone()).or_default().insert(role);
                    }
                    _ => {
                        let rule = format!(
                            "its role {role:?} needs a star exactly if the group has one, as in \"wardvoice-ward-*\" = [\"ward:*\"]"
                        );
                        return Err(wrong(group, &rule));
                    }
                }
            }
        }
        Ok(rules)
    }

    /// Whether the directory knows everybody and everything that is named.
    pub fn check(&self, directory: &Directory) -> Result<(), ConfigError> {
        for (group, roles) in &self.plain {
            for role in roles {
                role.check(directory)
                    .map_err(|error| value("openid.roles", group, format!("failed to {error}")))?;
            }
        }
        Ok(())
    }

    /// What somebody may be who is in these groups; what the directory does not know is left out.
    pub fn of<'a>(&self, groups: impl IntoIterator<Item = &'a str>, directory: &Directory) -> BTreeSet<Role> {
        let mut roles = BTreeSet::new();
        for group in groups {
            roles.extend(self.plain.get(group).into_iter().flatten().cloned());
            for (start, kinds) in &self.starred {
                let Some(id) = group.strip_prefix(start.as_str()).filter(|id| !id.is_empty()) else { continue };
                let named = kinds.iter().filter_map(|kind| format!("{kind}:{id}").parse().ok());
                roles.extend(named.filter(|role: &Role| role.check(directory).is_ok()));
            }
        }
        roles
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::super::{Config, ConfigFile};
    use super::*;
    use crate::directory;

    const GOOD: &str =
        "[openid]\nissuer = \"https://login.example/t\"\nclient_id = \"w\"\naddress = \"https://w.example/\"\n";
    const ROLES: &str =
        "[openid.roles]\n\"office\" = [\"office\", \"board\"]\n\"ward-*\" = [\"ward:*\", \"display:*\"]\n";

    fn read(text: &str) -> Result<OpenIdSettings, String> {
        let file: ConfigFile = toml::from_str(text).map_err(|error| error.to_string())?;
        Ok(Config::try_from(file).map_err(|error| error.to_string())?.openid.unwrap())
    }

    #[test]
    fn what_is_wrong_with_the_trusts_sign_in_is_named() {
        let check = |from: &str, to: &str, says: &str| {
            let text = format!("{GOOD}{ROLES}");
            assert!(text.contains(from), "{from}");
            let said = read(&text.replace(from, to)).unwrap_err();
            assert!(said.contains(says), "{to} said {said}");
        };
        check("https://login.example/t", "http://login.example/t", "openid.issuer");
        check("https://login.example/t", "https://", "openid.issuer");
        check("https://login.example/t", "http://127.0.0.1@evil.example", "openid.issuer");
        check("https://login.example/t", "https://login.example/t?a=b", "openid.issuer");
        check("https://w.example/", "http://w.example", "openid.address");
        check("https://w.example/", "https://w.example/under", "openid.address");
        check("client_id = \"w\"", "client_id = \"\"", "openid.client_id");
        check("client_id = \"w\"", "client = \"w\"", "unknown field");
        check("client_id = \"w\"\n", "", "missing field `client_id`");
        check("client_id = \"w\"\n", "client_id = \"w\"\nscopes = [\"profile\"]\n", "openid.scopes");
        check(
            "client_id = \"w\"\n",
            "client_id = \"w\"\nsign_in_again_after_hours = 13\n",
            "sign_in_again_after_hours",
        );
        check(ROLES, "", "openid.roles");
        check("[\"office\", \"board\"]", "[\"nurse\"]", "read the role \"nurse\"");
        check("[\"office\", \"board\"]", "[]", "at least one role");
        check("[\"office\", \"board\"]", "[\"ward:*\"]", "needs a star");
        check("[\"ward:*\", \"display:*\"]", "[\"office\"]", "needs a star");
        check("[\"ward:*\", \"display:*\"]", "[\"office:*\"]", "needs a star");
        check("\"ward-*\"", "\"*\"", "at most one star");
        check("\"ward-*\"", "\"a*b*\"", "at most one star");
    }

    #[test]
    fn loopback_may_be_plain_and_nothing_else() {
        for address in [
            "https://a.example",
            "https://a.example:8443/x",
            "http://127.0.0.1:80",
            "http://[::1]:1/x",
            "http://localhost:1",
        ] {
            assert!(is_safe_address(address), "{address}");
        }
        for address in [
            "",
            "a.example",
            "ftp://a",
            "http://a.example",
            "http://127.0.0.1.example",
            "http://localhost.example/",
            "https:///x",
        ] {
            assert!(!is_safe_address(address), "{address}");
        }
    }

    #[test]
    fn whoever_is_in_a_group_may_be_what_the_settings_say_and_nothing_more() {
        let settings = read(&format!("{GOOD}{ROLES}")).unwrap();
        assert_eq!(settings.redirect, "https://w.example/sign-in/openid/return");
        let (rules, directory) = (settings.roles, directory::example());
        let of = |groups: &[&str]| {
            let found = rules.of(groups.iter().copied(), &directory);
            found.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(of(&["office"]), "office board");
        assert_eq!(of(&["ward-W1", "ward-W2"]), "ward:W1 ward:W2 display:W1 display:W2");
        assert_eq!(of(&["office", "office", "ward-W1"]), "office board ward:W1 display:W1");
        for nothing in
            ["", "Office", "office ", "administrator", "ward-", "ward-W99", "ward-*", "ward-W1:x", "xward-W1"]
        {
            assert_eq!(of(&[nothing]), "", "{nothing:?}");
        }
        assert!(rules.check(&directory).is_ok());
        let elsewhere = read(&format!("{GOOD}[openid.roles]\n\"a\" = [\"ward:W99\"]\n")).unwrap().roles;
        assert!(elsewhere.check(&directory).unwrap_err().to_string().contains("ward:W99"));
    }
}
