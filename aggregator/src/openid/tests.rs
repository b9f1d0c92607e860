#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, decode_header};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};

use super::claims::Claims;
use super::keys::{Keys, KeysFile, verifier};
use super::token::check;
use super::*;

mod any_bytes;

fn keys(file: &Value) -> Keys {
    Keys::from(serde_json::from_value::<KeysFile>(file.clone()).unwrap())
}

fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

/// The published examples of RFC 7515, A.2 and A.3: a token each, signed with RS256 and ES256.
#[test]
fn published_signatures_hold_and_changed_ones_do_not() {
    let payload = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let rsa = (
        format!("eyJhbGciOiJSUzI1NiJ9.{payload}"),
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjb\
         KBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZES\
         c6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
        json!({"keys": [{
            "kty": "RSA",
            "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pC\
                  gNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg\
                  665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4F\
                  RWyuXpoQ",
            "e": "AQAB"
        }]}),
        Algorithm::RS256,
    );
    let elliptic = (
        format!("eyJhbGciOiJFUzI1NiJ9.{payload}"),
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
        json!({"keys": [{
            "kty": "EC",
            "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
        }]}),
        Algorithm::ES256,
    );
    for (message, signature, file, algorithm) in [rsa, elliptic] {
        let keys = keys(&file);
        let key = keys.find(None, algorithm).unwrap();
        let held = |message: &str, signature: &str| {
            let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
            verifier(&algorithm, key).unwrap().verify(message.as_bytes(), &signature).is_ok()
        };
        assert_eq!(decode_header(format!("{message}.{signature}")).unwrap().alg, algorithm);
        assert!(held(&message, signature), "{algorithm:?}");
        assert!(!held(&message.replace("pc19yb290", "pc19yb291"), signature), "{algorithm:?}");
        assert!(!held(&message, &signature.replacen('D', "E", 1).replacen("cC4", "cC5", 1)), "{algorithm:?}");
        for other in [Algorithm::HS256, Algorithm::RS512, Algorithm::ES384] {
            assert!(keys.find(None, other).is_none());
            let signed = URL_SAFE_NO_PAD.decode(signature).unwrap();
            assert!(verifier(&other, key).unwrap().verify(message.as_bytes(), &signed).is_err(), "{other:?}");
        }
    }
}

#[test]
fn a_key_is_used_for_what_it_is_for() {
    let point = json!({
        "kty": "EC", "crv": "P-256", "kid": "1",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
    });
    let with = |name: &str, value: Value| {
        let mut changed = point.clone();
        changed.as_object_mut().unwrap().insert(name.to_owned(), value);
        keys(&json!({"keys": [changed]}))
    };
    assert!(with("use", json!("sig")).find(Some("1"), Algorithm::ES256).is_some());
    assert!(with("alg", json!("ES256")).find(None, Algorithm::ES256).is_some());
    for (name, value) in [
        ("use", json!("enc")),
        ("alg", json!("ES384")),
        ("crv", json!("P-384")),
        ("kty", json!("oct")),
        ("kty", json!("RSA")),
        ("x", json!("AQAB")),
        ("y", json!("!")),
        ("kid", json!(1)),
    ] {
        assert!(with(name, value.clone()).is_empty(), "{name} {value}");
    }
    let two = keys(&json!({"keys": [point, with_kid(&point, "2"), {"kty": "unknown"}, "nonsense"]}));
    assert!(two.find(Some("2"), Algorithm::ES256).is_some() && two.find(Some("3"), Algorithm::ES256).is_none());
    assert!(two.find(None, Algorithm::ES256).is_none(), "nobody knows which");
}

fn with_kid(key: &Value, id: &str) -> Value {
    let mut key = key.clone();
    key.as_object_mut().unwrap().insert("kid".to_owned(), json!(id));
    key
}

/// A key of the test's own, and the set that it is published in.
fn signer() -> (EcdsaKeyPair, Keys) {
    let random = SystemRandom::new();
    let drawn = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, drawn.as_ref(), &random).unwrap();
    let point = pair.public_key().as_ref().to_vec();
    let (x, y) = point.get(1..).unwrap().split_at(32);
    let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
    (pair, keys(&json!({"keys": [{"kty": "EC", "crv": "P-256", "kid": "k", "x": x, "y": y}]})))
}

fn signed(pair: &EcdsaKeyPair, header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let signature = pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
}

#[test]
fn a_token_that_does_not_hold_in_one_thing_is_not_believed() {
    let (pair, keys) = signer();
    let expected = Expected { issuer: "https://login.example", client_id: "w", nonce: "n", now: now() };
    let second = now().as_second();
    let good = json!({
        "iss": "https://login.example", "sub": "s", "aud": "w", "nonce": "n", "exp": second + 300, "iat": second
    });
    let fault = |name: &str, value: Value| {
        let mut claims = good.clone();
        let object = claims.as_object_mut().unwrap();
        if value.is_null() {
            drop(object.remove(name));
        } else {
            drop(object.insert(name.to_owned(), value));
        }
        check(&signed(&pair, &json!({"alg": "ES256", "kid": "k"}), &claims), &keys, &expected).err()
    };
    for (name, value, expected) in [
        ("iss", json!("https://login.example"), None),
        ("iss", json!("https://login.example/"), Some(TokenFault::Issuer)),
        ("iss", Value::Null, Some(TokenFault::Issuer)),
        ("iss", json!(["https://login.example"]), Some(TokenFault::Issuer)),
        ("aud", json!(["w"]), None),
        ("aud", json!("x"), Some(TokenFault::Audience)),
        ("aud", json!(["x", "w"]), Some(TokenFault::Audience)),
        ("aud", json!([]), Some(TokenFault::Audience)),
        ("aud", Value::Null, Some(TokenFault::Audience)),
        ("azp", json!("w"), None),
        ("azp", json!("x"), Some(TokenFault::Audience)),
        ("exp", json!(second - 59), None),
        ("exp", json!(second - 60), Some(TokenFault::Expired)),
        ("exp", json!("tomorrow"), Some(TokenFault::Unreadable)),
        ("exp", json!((second + 300).to_string()), Some(TokenFault::Unreadable)),
        ("exp", Value::Null, Some(TokenFault::Unreadable)),
        ("nbf", json!(second + 60), None),
        ("nbf", json!(second + 61), Some(TokenFault::NotYet)),
        ("nbf", json!("now"), Some(TokenFault::Unreadable)),
        ("iat", json!(second + 61), Some(TokenFault::NotYet)),
        ("iat", Value::Null, Some(TokenFault::Unreadable)),
        ("nonce", json!("m"), Some(TokenFault::Nonce)),
        ("nonce", Value::Null, Some(TokenFault::Nonce)),
        ("sub", json!(""), Some(TokenFault::NoName)),
        ("sub", Value::Null, Some(TokenFault::NoName)),
    ] {
        assert_eq!(fault(name, value.clone()), expected, "{name} {value}");
    }
    let by_header = |header: Value| check(&signed(&pair, &header, &good), &keys, &expected).err();
    for (header, expected) in [
        (json!({"alg": "ES256", "kid": "k"}), None),
        (json!({"alg": "ES256"}), None),
        (json!({"alg": "ES256", "kid": "j"}), Some(TokenFault::UnknownKey)),
        (json!({"alg": "RS256", "kid": "k"}), Some(TokenFault::UnknownKey)),
        (json!({"alg": "none"}), Some(TokenFault::Unreadable)),
        (json!({"alg": "HS256", "kid": "k"}), Some(TokenFault::Algorithm)),
        (json!({"alg": "ES384", "kid": "k"}), Some(TokenFault::Algorithm)),
        (json!({"alg": "ES256", "kid": "k", "crit": ["b64"]}), Some(TokenFault::Critical)),
        (json!({"kid": "k"}), Some(TokenFault::Unreadable)),
    ] {
        assert_eq!(by_header(header.clone()), expected, "{header}");
    }
    let (other, _) = signer();
    let forged = signed(&other, &json!({"alg": "ES256", "kid": "k"}), &good);
    assert_eq!(check(&forged, &keys, &expected).err(), Some(TokenFault::Signature));
    for nonsense in ["", "a.b", "a.b.c", "a.b.c.d", &"x".repeat(70_000)] {
        assert_eq!(check(nonsense, &keys, &expected).err(), Some(TokenFault::Unreadable));
    }
}

#[test]
fn a_name_is_what_the_provider_says_or_a_hash_of_it_and_never_one_of_ours() {
    let file = "[openid]\nissuer = \"https://login.example\"\nclient_id = \"w\"\naddress = \"https://w.example\"\n\
                name_claim = \"staff.number\"\n[openid.roles]\n\"a\" = [\"office\"]\n";
    let file: crate::config::ConfigFile = toml::from_str(file).unwrap();
    let settings = crate::config::Config::try_from(file).unwrap().openid.unwrap();
    let name =
        |claims: Value| Claims(claims.as_object().unwrap().clone()).name(&settings).map(|name| name.to_string());
    assert_eq!(name(json!({"staff": {"number": 4711}})).unwrap(), "sso-4711");
    assert_eq!(name(json!({"staff.number": "C07"})).unwrap(), "sso-C07");
    assert_eq!(name(json!({"staff": {"number": "office"}})).unwrap(), "sso-office");
    let hashed = name(json!({"staff": {"number": "somebody@example.org"}})).unwrap();
    assert!(hashed.starts_with("sso_") && hashed.len() == 36 && !hashed.contains("somebody"), "{hashed}");
    assert_ne!(hashed, name(json!({"staff": {"number": "somebody.else@example.org"}})).unwrap());
    for nothing in
        [json!({}), json!({"staff": "4711"}), json!({"staff": {"number": ""}}), json!({"staff": {"number": []}})]
    {
        assert_eq!(name(nothing.clone()), Err(TokenFault::NoName), "{nothing}");
    }
    let claims = Claims(
        json!({"groups": ["a", 1, "b"], "realm": {"roles": ["c"]}, "one": "d"}).as_object().unwrap().clone(),
    );
    assert_eq!(claims.groups("groups"), ["a", "b"]);
    assert_eq!((claims.groups("realm.roles"), claims.groups("one")), (vec!["c"], vec!["d"]));
    assert!(claims.groups("none").is_empty() && claims.groups("realm.none").is_empty());
}

#[test]
fn a_secret_that_others_can_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    let read = |mode: u32, text: &str| {
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        Secret::read(&path).map(|Secret(secret)| secret).map_err(|error| error.to_string())
    };
    assert_eq!(read(0o600, "s3cret with spaces\n").unwrap(), "s3cret with spaces");
    for mode in [0o640, 0o604, 0o644, 0o666] {
        assert!(read(mode, "s3cret").unwrap_err().contains("others may read it"), "{mode:o}");
    }
    for text in ["", "\n", "two\nlines\n"] {
        let said = read(0o600, text).unwrap_err();
        assert!(said.contains("on one line") && !said.contains("two"), "{said}");
    }
    assert!(Secret::read(&folder.path().join("none")).is_err());
}

#[test]
fn an_attempt_is_read_as_it_was_written_and_its_parts_do_not_give_each_other_away() {
    let attempt = Attempt::draw("/ward/W1?period=2026-F23").unwrap();
    let again = Attempt::read(&attempt.cookie()).unwrap();
    let parts = |attempt: &Attempt| [attempt.state(), attempt.nonce(), attempt.verifier(), attempt.challenge()];
    assert_eq!((parts(&attempt), attempt.next()), (parts(&again), again.next()));
    let distinct: std::collections::BTreeSet<String> = parts(&attempt).into();
    assert_eq!(distinct.len(), 4);
    assert!(parts(&attempt).iter().all(|part| part.len() == 43 && !attempt.cookie().contains(part.as_str())));
    for wrong in ["", ".", "x.y", &format!("{}.", "A".repeat(42)), &format!("{}.!", "A".repeat(43))] {
        assert!(Attempt::read(wrong).is_none(), "{wrong}");
    }
    assert_eq!(Attempt::draw(&"x".repeat(2_000)).unwrap().next(), "");
}
