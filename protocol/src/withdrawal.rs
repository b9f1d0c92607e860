//! The code with which a patient can have an answer deleted, although nobody knows whose it is.
//!
//! A kiosk draws a code for a finished interview, makes the random part of the record's id of it ([`WithdrawalCode::randomness`]),
//! shows the code once and forgets it. So nothing is on the wire or in any store that was not there before: an id of a record with a
//! code looks like any other, and whoever has the code finds the record by computing.
//!
//! The way back is closed. A code has 55 bits, and each try costs a pass of argon2id, so that nobody who sees ids finds the code of
//! one and has the answer of somebody else deleted. 55 bits are also enough that no two of a trust's records have one code.
//!
//! Form: twelve letters and digits in three groups, `7R1E-G3W0-7R18`, of Crockford's base 32, which has no I, L, O and U. The last
//! one checks the others: any one that is wrong and any two that changed places are noticed.

use std::fmt;
use std::str::FromStr;

use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};

/// How many letters and digits a code has.
pub const CHARACTERS: usize = 12;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// So many stand together.
const GROUP: usize = 4;
/// What stands between groups, as people write it.
const SEPARATORS: &str = "-\u{2010}\u{2011}\u{2012}\u{2013}\u{2014}_.,;:/·";

/// The same for every code, because whoever looks for a record knows the code and nothing else.
const SALT: &[u8] = b"wardvoice withdrawal code 1";
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;

/// A withdrawal code. Its debug form does not show it, so that no log does.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WithdrawalCode([u8; CHARACTERS]);

/// Why a text is not a code, or a code makes no record id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WithdrawalCodeError {
    /// There are too few or too many letters and digits.
    #[error("read the code: it has {CHARACTERS} letters and digits, and here are {0}")]
    Length(usize),
    /// Something that no code has.
    #[error("read the code: no code has {0:?} in it")]
    Character(char),
    /// The last character does not fit the others.
    #[error("read the code: one of its letters or digits is wrong, or two have changed places")]
    Check,
    /// There is no memory for it.
    #[error("compute which record has the code: {0}")]
    Compute(String),
}

impl WithdrawalCode {
    /// Makes a code of seven bytes from the operating system's randomness, of which one bit is left over.
    pub fn from_random(random: [u8; 7]) -> Self {
        let mut bits = random.into_iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(byte));
        let mut symbols = [0; CHARACTERS];
        for symbol in symbols.iter_mut().take(CHARACTERS - 1) {
            [*symbol, ..] = (bits & 31).to_le_bytes();
            bits >>= 5;
        }
        // As long as the last symbol is zero, what is left over is what it has to be.
        let check = remainder(&symbols);
        if let Some(last) = symbols.last_mut() {
            *last = check;
        }
        Self(symbols)
    }

    /// The random part of the id of the record that has this code. Takes some ten milliseconds, on purpose.
    pub fn randomness(&self) -> Result<[u8; 10], WithdrawalCodeError> {
        let failed = |error: argon2::Error| WithdrawalCodeError::Compute(error.to_string());
        let mut random = [0; 10];
        let params = Params::new(MEMORY_KIB, PASSES, 1, Some(random.len())).map_err(failed)?;
        let written: String = self.characters().collect();
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(written.as_bytes(), SALT, &mut random)
            .map_err(failed)?;
        Ok(random)
    }

    /// Its letters and digits one by one, for whoever spells it.
    pub fn characters(&self) -> impl Iterator<Item = char> + use<> {
        self.0.into_iter().map(|symbol| ALPHABET.get(usize::from(symbol)).map_or('0', |byte| char::from(*byte)))
    }
}

impl FromStr for WithdrawalCode {
    type Err = WithdrawalCodeError;

    /// Reads a code as people write it: in small letters, in other groups, with I for 1 or O for 0.
    fn from_str(text: &str) -> Result<Self, WithdrawalCodeError> {
        let mut symbols = [0; CHARACTERS];
        let mut count = 0;
        for character in text.chars().filter(|one| !one.is_whitespace() && !SEPARATORS.contains(*one)) {
            let symbol = symbol_of(character).ok_or(WithdrawalCodeError::Character(character))?;
            if let Some(place) = symbols.get_mut(count) {
                *place = symbol;
            }
            count += 1;
        }
        if count != CHARACTERS {
            return Err(WithdrawalCodeError::Length(count));
        }
        if remainder(&symbols) == 0 { Ok(Self(symbols)) } else { Err(WithdrawalCodeError::Check) }
    }
}

impl TryFrom<String> for WithdrawalCode {
    type Error = WithdrawalCodeError;

    fn try_from(text: String) -> Result<Self, WithdrawalCodeError> {
        text.parse()
    }
}

impl From<WithdrawalCode> for String {
    fn from(code: WithdrawalCode) -> String {
        code.to_string()
    }
}

impl fmt::Display for WithdrawalCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, character) in self.characters().enumerate() {
            if place > 0 && place.is_multiple_of(GROUP) {
                formatter.write_str("-")?;
            }
            write!(formatter, "{character}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for WithdrawalCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("WithdrawalCode(…)")
    }
}

fn symbol_of(character: char) -> Option<u8> {
    let meant = match character.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    let place = ALPHABET.iter().position(|known| char::from(*known) == meant)?;
    u8::try_from(place).ok()
}

/// What is left of the symbols as a polynomial over the field of 32 elements, taken at one that generates the field: zero for a code.
/// Each place has another weight and none is zero, so that a single wrong symbol and two that changed places leave something.
fn remainder(symbols: &[u8; CHARACTERS]) -> u8 {
    symbols.iter().fold(0, |sum, symbol| doubled(sum) ^ symbol)
}

/// Times the generator: the field is made by x⁵ + x² + 1.
fn doubled(element: u8) -> u8 {
    let shifted = element << 1;
    if shifted & 0b10_0000 == 0 { shifted } else { shifted ^ 0b10_0101 }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics is a test that fails")]

    use proptest::prelude::*;

    use super::*;
    use crate::id::RecordId;

    fn code() -> impl Strategy<Value = WithdrawalCode> {
        any::<[u8; 7]>().prop_map(WithdrawalCode::from_random)
    }

    /// Computed by an independent implementation: argon2-cffi 25.1 and twenty lines of Python.
    #[test]
    fn codes_and_what_they_make_are_those_of_another_program() {
        let check = |random: [u8; 7], written: &str, made: &str| {
            let code = WithdrawalCode::from_random(random);
            assert_eq!(code.to_string(), written);
            let bytes = code.randomness().unwrap();
            let number = bytes.iter().fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
            assert_eq!(format!("{number:020x}"), made, "{written}");
        };
        check([7; 7], "7R1E-G3W0-7R18", "071f9e8c255874dc2109");
        check([1, 2, 3, 4, 5, 6, 7], "7G1A-02C0-280Q", "688a11c6d18be3a8a31a");
        check([255; 7], "ZZZZ-ZZZZ-ZZZK", "7d9703b0fc207cdb63db");
        check([0; 7], "0000-0000-0000", "2e2af49dde0f80e24a11");
    }

    #[test]
    fn a_code_reads_as_people_write_it_and_what_is_none_says_why() {
        let code = WithdrawalCode::from_random([7; 7]);
        for text in
            ["7R1E-G3W0-7R18", "7r1eg3w07r18", " 7r 1e g3 w0 7r 18 ", "7RIE–G3WO–7RL8", "7.R.1.E.G.3.W.0.7.R.1.8"]
        {
            assert_eq!(text.parse(), Ok(code), "{text}");
        }
        let check = |text: &str, expected: WithdrawalCodeError| {
            assert_eq!(text.parse::<WithdrawalCode>(), Err(expected), "{text}");
        };
        check("", WithdrawalCodeError::Length(0));
        check("7R1E-G3W0-7R1", WithdrawalCodeError::Length(11));
        check("7R1E-G3W0-7R188", WithdrawalCodeError::Length(13));
        check("7R1E-G3W0-7R1U", WithdrawalCodeError::Character('U'));
        check("7R1E-G3W0-7R1é", WithdrawalCodeError::Character('é'));
        check("7R1E-G3W0-7R19", WithdrawalCodeError::Check);
        check("7R1E-3GW0-7R18", WithdrawalCodeError::Check);
    }

    #[test]
    fn no_log_shows_a_code() {
        let code = WithdrawalCode::from_random([7; 7]);
        assert_eq!(format!("{code:?} {:?}", Some(code)), "WithdrawalCode(…) Some(WithdrawalCode(…))");
    }

    /// One pass of argon2id is a price on purpose, so this is not a property of many.
    #[test]
    fn a_record_is_found_by_its_code_and_by_no_other_whatever_the_hour() {
        let [one, other] =
            [[7; 7], [8; 7]].map(|random| WithdrawalCode::from_random(random).randomness().unwrap());
        for unix_ms in [0, 1_795_428_000_000, 1_895_428_000_000] {
            let id = RecordId::new(unix_ms, one);
            assert!(id.is_made_of(one) && !id.is_made_of(other));
            assert_eq!(id.to_string().parse(), Ok(id), "an id with a code is an id");
        }
    }

    proptest! {
        #[test]
        fn codes_round_trip_and_have_nothing_that_can_be_misread(code in code()) {
            let written = code.to_string();
            prop_assert_eq!(written.len(), CHARACTERS + 2);
            prop_assert!(!written.contains(['I', 'L', 'O', 'U']));
            prop_assert_eq!(written.parse(), Ok(code));
            prop_assert_eq!(written.to_lowercase().parse(), Ok(code));
            let json = serde_json::to_string(&code).unwrap();
            prop_assert_eq!(serde_json::from_str::<WithdrawalCode>(&json).unwrap(), code);
        }

        #[test]
        fn one_wrong_character_and_two_that_changed_places_are_noticed(
            code in code(), place in 0..CHARACTERS, other in 0..CHARACTERS, wrong in 0..32_usize,
        ) {
            let right: Vec<char> = code.characters().collect();
            let mut slipped = right.clone();
            slipped[place] = char::from(ALPHABET[wrong]);
            let mut swapped = right.clone();
            swapped.swap(place, other);
            for typed in [slipped, swapped] {
                let read = typed.iter().collect::<String>().parse::<WithdrawalCode>();
                let expected = if typed == right { Ok(code) } else { Err(WithdrawalCodeError::Check) };
                prop_assert_eq!(read, expected);
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
            if let Ok(code) = text.parse::<WithdrawalCode>() {
                prop_assert_eq!(code.to_string().parse(), Ok(code));
            }
        }
    }
}
