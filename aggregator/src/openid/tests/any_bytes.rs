//! Whatever a provider, or whoever calls himself that, says: nobody is signed in by it who should not be.

use proptest::prelude::*;

use super::super::attempt::Attempt;
use super::super::token::Expected;
use super::*;
use crate::garbled;

/// The examples of RFC 7515, A.1 to A.3 and A.5: of an algorithm that signs for whoever checks, of two that are known, and of none.
const TOKENS: [&str; 4] = [
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
    "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEiLCJjcml0IjpbIngiXX0.e30.",
    "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.",
];

const KEYS: [&str; 3] = [
    r#"{"keys":[{"kty":"EC","crv":"P-256","kid":"1","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#,
    r#"{"keys":[{"kty":"RSA","use":"sig","alg":"RS256","kid":"1","n":"AA","e":"AQAB"},{"kty":"oct","k":"AyM1"},7]}"#,
    r#"{"keys":[{"kty":"EC","crv":"P-256","x":"","y":""}]}"#,
];

fn keys_of(text: &str) -> Keys {
    serde_json::from_str::<KeysFile>(text).map(Keys::from).unwrap_or_default()
}

proptest! {
    #[test]
    fn no_token_that_nobody_made_for_this_sign_in_is_believed(
        token in garbled::text(&TOKENS),
        keys in garbled::text(&KEYS),
    ) {
        let expected = Expected { issuer: "https://id.example", client_id: "wardvoice", nonce: "n", now: now() };
        for keys in [keys_of(&keys), keys_of(KEYS[0])] {
            prop_assert!(check(&token, &keys, &expected).is_err());
        }
    }

    #[test]
    fn a_cookie_that_reads_is_written_the_same(
        cookie in garbled::text(&[
            "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8.L3dhcmQvVzE",
            "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8.",
        ]),
    ) {
        if let Some(attempt) = Attempt::read(&cookie) {
            prop_assert_eq!(attempt.cookie(), cookie);
        }
    }
}
