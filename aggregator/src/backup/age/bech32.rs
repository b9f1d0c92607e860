//! How keys are written in the age format: Bech32 (BIP 173), of any length.

const CHARSET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const CHECKSUM_LETTERS: usize = 6;

/// 32 bytes behind a prefix in lower case.
pub(super) fn encode(prefix: &str, bytes: &[u8; 32]) -> String {
    let (mut letters, left, bits) = regroup(bytes, 8, 5);
    if bits > 0 {
        letters.push(u8::try_from(left << (5 - bits)).unwrap_or_default());
    }
    let sum = checksum(expand(prefix).chain(letters.iter().copied()).chain([0; CHECKSUM_LETTERS])) ^ 1;
    let sum = (0..CHECKSUM_LETTERS).rev().map(|place| u8::try_from((sum >> (5 * place)) & 31).unwrap_or_default());
    let letter = |value: u8| char::from(CHARSET.get(usize::from(value)).copied().unwrap_or_default());
    format!("{prefix}1{}", letters.iter().copied().chain(sum).map(letter).collect::<String>())
}

/// The 32 bytes behind a prefix; `None` when the text is anything else.
pub(super) fn decode(prefix: &str, text: &str) -> Option<[u8; 32]> {
    let lower = text.to_ascii_lowercase();
    if lower != text && text.to_ascii_uppercase() != text {
        return None;
    }
    let letters = lower.strip_prefix(prefix)?.strip_prefix('1')?;
    let value =
        |letter: u8| CHARSET.iter().position(|known| *known == letter).and_then(|at| u8::try_from(at).ok());
    let values = letters.bytes().map(value).collect::<Option<Vec<u8>>>()?;
    if checksum(expand(prefix).chain(values.iter().copied())) != 1 {
        return None;
    }
    let (data, _) = values.split_at_checked(values.len().checked_sub(CHECKSUM_LETTERS)?)?;
    let (bytes, left, bits) = regroup(data, 5, 8);
    (left == 0 && bits < 5).then_some(())?;
    bytes.try_into().ok()
}

fn expand(prefix: &str) -> impl Iterator<Item = u8> {
    prefix.bytes().map(|byte| byte >> 5).chain([0]).chain(prefix.bytes().map(|byte| byte & 31))
}

fn checksum(values: impl Iterator<Item = u8>) -> u32 {
    const TERMS: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    values.fold(1, |sum, value| {
        let top = sum >> 25;
        let shifted = ((sum & 0x01ff_ffff) << 5) ^ u32::from(value);
        let terms = TERMS.iter().enumerate().filter(|(bit, _)| (top >> bit) & 1 == 1);
        terms.fold(shifted, |sum, (_, term)| sum ^ term)
    })
}

/// Groups of so many bits as groups of so many others, with the bits that are left and how many those are.
fn regroup(values: &[u8], from: u32, to: u32) -> (Vec<u8>, u32, u32) {
    let (mut held, mut bits, mut groups) = (0_u32, 0, Vec::new());
    for value in values {
        held = (held << from) | u32::from(*value);
        bits += from;
        while bits >= to {
            bits -= to;
            groups.push(u8::try_from((held >> bits) & ((1 << to) - 1)).unwrap_or_default());
            held &= (1 << bits) - 1;
        }
    }
    (groups, held, bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_one_wrong_letter_is_found() {
        let bytes = std::array::from_fn(|place| u8::try_from(place * 7).unwrap_or_default());
        let text = encode("age", &bytes);
        assert_eq!((text.len(), decode("age", &text)), (62, Some(bytes)));
        assert_eq!(decode("age", &text.to_ascii_uppercase()), Some(bytes));
        for (place, letter) in text.char_indices().skip(4) {
            let other = if letter == 'q' { 'p' } else { 'q' };
            let mut wrong = text.clone();
            wrong.replace_range(place..=place, &other.to_string());
            assert_eq!(decode("age", &wrong), None, "{wrong}");
        }
        let capital = text.replacen("age1", "Age1", 1);
        for wrong in ["", "age", "age1", "1", &text[..61], &format!("{text}q"), &capital] {
            assert_eq!(decode("age", wrong), None, "{wrong:?}");
        }
        assert_eq!(decode("other", &text), None);
    }
}
