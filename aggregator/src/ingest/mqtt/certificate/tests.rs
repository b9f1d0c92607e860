#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::*;

/// Made with `openssl req -x509 -days 400`: its times have two digits for the year.
const SOON: &str = "MIIBeDCCAR2gAwIBAgIUd09xN5XBhoghhvNn765Qm3deAZUwCgYIKoZIzj0EAwIwETEPMA0GA1UEAwwGYnJva2VyMB4XDTI2MTEy\
     NjExMTQ1MloXDTI3MTIzMTExMTQ1MlowETEPMA0GA1UEAwwGYnJva2VyMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEQBGWPtX\
     4+mgCsEgA8NqnTWVu4vlpgOCGNxRl8hO+QX8WiYXwFfuZLKbk/oINHHzaT0D04uV7RKS4vLt/LwRTKNTMFEwHQYDVR0OBBYEFKfa\
     JgjV1KyT3JHWOyClxJOeASv+MB8GA1UdIwQYMBaAFKfaJgjV1KyT3JHWOyClxJOeASv+MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZI\
     zj0EAwIDSQAwRgIhAIE63rz9DjV/FLP/XQimngcq/sz8LokNfWKa+1/PTd5LAiEAls+Geer7samvBQXR1IHmasQJ7j0ofOzMQIpL\
     o1oUsMA=";
/// With `-days 20000`: four digits.
const LATE: &str = "MIIBejCCAR+gAwIBAgIUDhuyVZ1G6PL8Co6t2Kd1oa27xc4wCgYIKoZIzj0EAwIwETEPMA0GA1UEAwwGYnJva2VyMCAXDTI2MTEy\
     NjExMTQ1MloYDzIwODEwODI5MTExNDUyWjARMQ8wDQYDVQQDDAZicm9rZXIwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASEWlMf\
     99dJ0CZ12kHgTGRxSS89bEyx6XW9C7gNdDgh9OEvxmFJJLjiLoDcSskY2uE1+Ih1xN5rDeDdMrEArIj5o1MwUTAdBgNVHQ4EFgQU\
     FCiFMRpmQncP+ZOA8AKAWhMaNb4wHwYDVR0jBBgwFoAUFCiFMRpmQncP+ZOA8AKAWhMaNb4wDwYDVR0TAQH/BAUwAwEB/zAKBggq\
     hkjOPQQDAgNJADBGAiEAyc60r8SUansdv2ANHi1sG35APEnEVuxgfLF8CYIHTAwCIQDMLUolPbtXmHXu8mqxKzmgeWg+NZOw1l97\
     mGSXcBvJ6w==";

fn certificate(text: &str) -> Vec<u8> {
    STANDARD.decode(text).unwrap()
}

#[test]
fn a_certificate_says_until_when_it_is_valid() {
    let check = |text: &str, expected: &str| {
        assert_eq!(not_after(&certificate(text)), Some(expected.parse().unwrap()));
    };
    check(SOON, "2027-12-31T11:14:52Z");
    check(LATE, "2081-08-29T11:14:52Z");
}

#[test]
fn an_end_that_is_none_or_no_moment_is_no_date() {
    let with = |end: &[u8; 15]| {
        let mut bytes = certificate(LATE);
        let at = bytes.windows(15).position(|window| window == b"20810829111452Z").unwrap();
        bytes.splice(at..at + 15, *end);
        not_after(&bytes)
    };
    assert_eq!(with(b"20800229235959Z"), Some("2080-02-29T23:59:59Z".parse().unwrap()));
    // RFC 5280 section 4.1.2.5: the first one never runs out.
    for none in
        [b"99991231235959Z", b"20810229111452Z", b"20811329111452Z", b"2081082911145+Z", b"208108291114520"]
    {
        assert_eq!(with(none), None, "{}", String::from_utf8_lossy(none));
    }
}

#[test]
fn a_certificate_that_is_cut_off_says_nothing() {
    let whole = certificate(SOON);
    for length in 0..whole.len() {
        assert_eq!(not_after(whole.get(..length).unwrap()), None, "{length} bytes");
    }
}

proptest! {
    #[test]
    fn no_bytes_are_too_strange_to_be_read(
        place in 0_usize..380,
        byte: u8,
        other in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut changed = certificate(SOON);
        if let Some(at) = changed.get_mut(place) {
            *at = byte;
        }
        for bytes in [changed, other] {
            let _date = not_after(&bytes);
        }
    }
}
