//! Bytes as they come from outside where something is wrong with them, for the tests of everything that reads some.

use proptest::prelude::*;

/// Any bytes, or one of the examples: as it is, or with some of its bytes damaged, cut out or doubled.
pub(crate) fn bytes(examples: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..4), 0..4);
    let damaged = (prop::sample::select(examples), changes).prop_map(|(mut bytes, changes)| {
        for (place, byte, how) in changes {
            let at = place.index(bytes.len() + 1);
            match how {
                0 => bytes.insert(at, byte),
                1 => {
                    let after = bytes.split_off(at);
                    bytes.extend(after.into_iter().skip(usize::from(byte)));
                }
                2 => {
                    let after = bytes.split_off(at);
                    let again: Vec<u8> = after.iter().take(usize::from(byte)).copied().collect();
                    bytes.extend(again);
                    bytes.extend(after);
                }
                _ => {
                    if let Some(known) = bytes.get_mut(at) {
                        *known = byte;
                    }
                }
            }
        }
        bytes
    });
    prop_oneof![1 => prop::collection::vec(any::<u8>(), 0..200), 6 => damaged]
}

/// The same as text; what is no text becomes some.
pub(crate) fn text(examples: &[&str]) -> impl Strategy<Value = String> + use<> {
    let examples: Vec<Vec<u8>> = examples.iter().map(|text| text.as_bytes().to_vec()).collect();
    bytes(examples).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}
