//! Addresses of machines, one or a network of them: `10.1.2.3`, `10.1.0.0/16`, `fd00::/8`.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// One address, or all that begin alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    /// How many leading bits all of them share.
    bits: u8,
}

/// Why a text is no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no address and no network: write 10.1.2.3, 10.1.0.0/16 or fd00::/8, without bits set behind the prefix"
)]
pub struct NetworkError(String);

impl Network {
    /// Whether an address is one of them. An IPv4 address that came as IPv6 (`::ffff:10.1.2.3`) is the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.first.is_ipv4() && leading(address, self.bits) == leading(self.first, self.bits)
    }
}

/// Whoever counts callers counts these: an IPv4 address alone, of an IPv6 address the half that names a network, because whoever has
/// one address of it has all of them.
pub fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        alone @ IpAddr::V4(_) => alone,
    }
}

/// The first so many bits of an address, at the top of a number.
fn leading(address: IpAddr, bits: u8) -> u128 {
    let all = match address {
        IpAddr::V4(address) => u128::from(address.to_bits()) << 96,
        IpAddr::V6(address) => address.to_bits(),
    };
    // Shifting by everything there is would be no shift at all.
    all.checked_shr(128 - u32::from(bits)).unwrap_or(0)
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let wrong = || NetworkError(text.to_owned());
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u8>().map_err(|_| wrong())?)),
            None => (text, None),
        };
        let first: IpAddr = address.parse().map_err(|_| wrong())?;
        let bits = bits.unwrap_or(width(first));
        if bits > width(first) {
            return Err(wrong());
        }
        // 10.1.2.3/16 is a slip for one of two things, and only one of them is meant.
        let shared = leading(first, bits).checked_shl(128 - u32::from(bits)).unwrap_or(0);
        if shared == leading(first, 128) { Ok(Self { first, bits }) } else { Err(wrong()) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.bits == width(self.first) {
            write!(formatter, "{}", self.first)
        } else {
            write!(formatter, "{}/{}", self.first, self.bits)
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    #[test]
    fn a_network_holds_what_begins_alike() {
        let check = |network: &str, address: &str, expected: bool| {
            let network: Network = network.parse().unwrap();
            assert_eq!(network.contains(address.parse().unwrap()), expected, "{network} {address}");
        };
        check("10.1.2.3", "10.1.2.3", true);
        check("10.1.2.3", "10.1.2.4", false);
        check("10.1.0.0/16", "10.1.255.255", true);
        check("10.1.0.0/16", "10.2.0.0", false);
        check("10.1.0.0/16", "::ffff:10.1.2.3", true);
        check("0.0.0.0/0", "203.0.113.9", true);
        check("0.0.0.0/0", "::1", false);
        check("::/0", "10.1.2.3", false);
        check("::/0", "2001:db8::1", true);
        check("::1", "::1", true);
        check("fd00::/8", "fdff::1", true);
        check("fd00::/8", "fe00::1", false);
        check("192.0.2.128/25", "192.0.2.127", false);
    }

    #[test]
    fn a_network_is_written_as_it_is_read_and_nothing_else_is_one() {
        for text in ["10.1.2.3", "10.1.0.0/16", "fd00::/8", "::1", "0.0.0.0/0"] {
            assert_eq!(text.parse::<Network>().unwrap().to_string(), text);
        }
        assert_eq!("10.1.2.3/32".parse::<Network>().unwrap().to_string(), "10.1.2.3");
        for text in ["", "proxy", "10.1.2", "10.1.2.3/33", "10.1.2.3/16", "::1/129", "10.0.0.0/-1", "10.0.0.0/8/8"]
        {
            assert!(text.parse::<Network>().is_err(), "{text:?}");
        }
    }
}
