//! Where messages come from: the broker inside, or the address of another one.

use std::fmt;
use std::net::IpAddr;

use super::transport::only_here;
use super::{BrokerChoice, BrokerFile, ConfigError, ExternalBroker, address, value};

/// `mqtt://host:port` or `mqtts://host:port`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerUrl {
    /// Whether the connection is encrypted.
    pub tls: bool,
    /// The host, an IPv6 address without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl TryFrom<BrokerFile> for BrokerChoice {
    type Error = ConfigError;

    fn try_from(file: BrokerFile) -> Result<Self, ConfigError> {
        let Some(url) = file.url else {
            if file.username.is_some() || file.password_file.is_some() || file.ca_file.is_some() {
                let rule = "username, password_file and ca_file are for a broker with a url; set broker.url";
                return Err(value("broker.username", file.username.unwrap_or_default(), rule));
            }
            if file.show_certificate {
                let rule = "it is for a broker with a url; the one inside has broker.encrypted";
                return Err(value("broker.show_certificate", "true", rule));
            }
            if let Some(path) = file.revoked_file {
                let rule = "it is for a broker with a url; the one inside knows what was taken back";
                return Err(value("broker.revoked_file", path.display().to_string(), rule));
            }
            let (listen, encrypted) = (address("broker.listen", &file.listen)?, file.encrypted);
            if !encrypted {
                let rule = "a broker on a network is encrypted: set broker.encrypted = true, and give each kiosk a certificate with \
                            `kiosk enrol`; or listen on 127.0.0.1";
                only_here("broker.listen", listen, rule)?;
            }
            return Ok(Self::Embedded { listen, encrypted });
        };
        if file.encrypted {
            let rule = "it is for the broker inside; for one with a url write mqtts:// there";
            return Err(value("broker.encrypted", "true", rule));
        }
        if file.username.is_some() != file.password_file.is_some() {
            let rule = "username and password_file go together";
            return Err(value("broker.username", file.username.unwrap_or_default(), rule));
        }
        let url = BrokerUrl::parse("broker.url", &url)?;
        let show_certificate = file.show_certificate;
        if show_certificate && !url.tls {
            let rule = "a certificate can only be shown to a broker with TLS; write mqtts:// in broker.url";
            return Err(value("broker.show_certificate", "true", rule));
        }
        if let Some(path) = file.revoked_file.as_ref().filter(|_| !show_certificate) {
            let rule = "the list is of the built-in authority, which that broker does not ask for: set broker.show_certificate = true";
            return Err(value("broker.revoked_file", path.display().to_string(), rule));
        }
        let revoked_file = file.revoked_file;
        let (username, password_file, ca_file) = (file.username, file.password_file, file.ca_file);
        Ok(Self::External(ExternalBroker {
            url,
            username,
            password_file,
            ca_file,
            show_certificate,
            revoked_file,
        }))
    }
}

impl BrokerUrl {
    /// Reads an address; `setting` names where it stood, for the error.
    pub fn parse(setting: &'static str, text: &str) -> Result<Self, ConfigError> {
        let wrong = || value(setting, text, "write mqtt://host:port or mqtts://host:port");
        let (scheme, rest) = text.split_once("://").ok_or_else(wrong)?;
        let tls = match scheme {
            "mqtt" | "tcp" => false,
            "mqtts" | "ssl" => true,
            _ => return Err(wrong()),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !host.ends_with(':') && !port.ends_with(']') => {
                (host, port.parse().map_err(|_| wrong())?)
            }
            _ => (rest, if tls { 8883 } else { 1883 }),
        };
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let plain = !host.is_empty() && !host.contains(['/', '@', '?', '#', ' ', '[', ']']);
        if !plain || port == 0 {
            return Err(wrong());
        }
        let url = Self { tls, host: host.to_owned(), port };
        if !url.tls && !url.is_here() {
            let rule = "what goes over a network is encrypted: write mqtts:// (mqtt:// is for this machine alone)";
            return Err(value(setting, text, rule));
        }
        Ok(url)
    }

    /// Whether it is on this machine.
    fn is_here(&self) -> bool {
        let is_loopback = |address: IpAddr| address.to_canonical().is_loopback();
        self.host == "localhost" || self.host.parse().is_ok_and(is_loopback)
    }
}

impl fmt::Display for BrokerUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "mqtts" } else { "mqtt" };
        if self.host.contains(':') {
            write!(formatter, "{scheme}://[{}]:{}", self.host, self.port)
        } else {
            write!(formatter, "{scheme}://{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broker_addresses() {
        let check = |text: &str, expected: Option<&str>| {
            let url = BrokerUrl::parse("x", text).ok().map(|url| url.to_string());
            assert_eq!(url.as_deref(), expected, "{text}");
        };
        check("mqtt://127.0.0.1:1884", Some("mqtt://127.0.0.1:1884"));
        check("mqtt://localhost", Some("mqtt://localhost:1883"));
        check("mqtt://broker", None);
        check("mqtts://broker/", Some("mqtts://broker:8883"));
        check("mqtt://[::1]:1885", Some("mqtt://[::1]:1885"));
        check("mqtt://[::1]", Some("mqtt://[::1]:1883"));
        check("tcp://localhost:99", Some("mqtt://localhost:99"));
        for wrong in
            ["", "broker:1883", "http://a", "mqtt://", "mqtt://a:b", "mqtt://a:0", "mqtt://u@a:1", "mqtt://a/b"]
        {
            check(wrong, None);
        }
    }
}
