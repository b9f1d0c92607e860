//! From which address a request came, where proxies of the trust stand in front.
//!
//! Each proxy writes whom it got a request from to the right end of `X-Forwarded-For`; everything further left may have been written by
//! anybody. So the header is read from the right, past the proxies that the settings name, and the first address that is none of
//! them is the caller's. From a caller that is no such proxy itself, the header counts for nothing.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;

use crate::network::Network;

/// The most proxies that are passed on the way to the caller.
const MOST_HOPS: usize = 32;

/// The caller's address: that of the connection, or of whom the trusted proxies say.
pub(crate) fn caller(peer: Option<IpAddr>, headers: &HeaderMap, trusted: &[Network]) -> Option<IpAddr> {
    let peer = peer?.to_canonical();
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    if !is_trusted(peer) {
        return Some(peer);
    }
    let lines: Vec<&[u8]> =
        headers.get_all("x-forwarded-for").iter().map(axum::http::HeaderValue::as_bytes).collect();
    let entries = lines.iter().rev().flat_map(|line| line.rsplit(|byte| *byte == b','));
    let mut nearest = peer;
    for entry in entries.take(MOST_HOPS) {
        // What cannot be read was not written by a proxy of ours: whoever handed it on is as far as anybody can see.
        let Some(address) = std::str::from_utf8(entry).ok().and_then(|entry| read(entry.trim())) else { break };
        nearest = address;
        if !is_trusted(address) {
            break;
        }
    }
    Some(nearest)
}

/// An address, with or without a port: some proxies write one.
fn read(entry: &str) -> Option<IpAddr> {
    let bare = entry.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(entry);
    let address = bare.parse().ok().or_else(|| entry.parse::<SocketAddr>().ok().map(|with_port| with_port.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    #[test]
    fn the_right_most_address_that_is_no_proxy_of_ours_is_the_callers() {
        let trusted: Vec<Network> = ["10.0.0.0/24", "::1"].map(|text| text.parse().unwrap()).to_vec();
        let check = |peer: &str, forwarded: &[&str], expected: &str| {
            let mut headers = HeaderMap::new();
            for line in forwarded {
                headers.append("x-forwarded-for", line.parse().unwrap());
            }
            let found = caller(Some(peer.parse().unwrap()), &headers, &trusted);
            assert_eq!(found, Some(expected.parse().unwrap()), "{peer} {forwarded:?}");
        };
        check("192.0.2.7", &[], "192.0.2.7");
        check("192.0.2.7", &["203.0.113.9"], "192.0.2.7");
        check("10.0.0.1", &["203.0.113.9"], "203.0.113.9");
        check("::ffff:10.0.0.1", &["203.0.113.9"], "203.0.113.9");
        check("10.0.0.1", &[], "10.0.0.1");
        // What the caller wrote itself stands further left.
        check("10.0.0.1", &["198.51.100.1, 203.0.113.9"], "203.0.113.9");
        check("10.0.0.1", &["198.51.100.1", "203.0.113.9"], "203.0.113.9");
        check("10.0.0.1", &["198.51.100.1, 203.0.113.9, 10.0.0.2"], "203.0.113.9");
        check("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3");
        check("10.0.0.1", &["203.0.113.9:4711"], "203.0.113.9");
        check("::1", &["[2001:db8::1]:4711"], "2001:db8::1");
        check("::1", &["[2001:db8::1]"], "2001:db8::1");
        check("10.0.0.1", &["somebody, 10.0.0.2"], "10.0.0.2");
        check("10.0.0.1", &["203.0.113.9, "], "10.0.0.1");
        assert_eq!(caller(None, &HeaderMap::new(), &trusted), None);
    }
    proptest::proptest! {
        #[test]
        fn whatever_a_header_says_a_stranger_is_whoever_connected(
            lines in proptest::collection::vec(
                crate::garbled::text(&["203.0.113.9, 10.0.0.7", "[2001:db8::1]:443", "::ffff:10.0.0.1,,x", "10.0.0.1:99999"]),
                0..4,
            ),
        ) {
            let trusted: Vec<Network> = vec!["10.0.0.0/24".parse().unwrap()];
            let mut headers = HeaderMap::new();
            for line in lines {
                if let Ok(line) = axum::http::HeaderValue::from_bytes(line.as_bytes()) {
                    headers.append("x-forwarded-for", line);
                }
            }
            let stranger = "203.0.113.50".parse().unwrap();
            proptest::prop_assert_eq!(caller(Some(stranger), &headers, &trusted), Some(stranger));
            proptest::prop_assert!(caller(Some("10.0.0.7".parse().unwrap()), &headers, &trusted).is_some());
        }
    }
}
