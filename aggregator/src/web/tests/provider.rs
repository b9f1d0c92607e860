//! A provider of OpenID Connect on loopback, with keys of its own, that lies as it is told.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::desk::noon;

pub(super) const CLIENT: &str = "wardvoice";
pub(super) const SECRET: &str = "a secret: of the client";
/// Where the provider is told that our pages are. Nobody connects to it: the test is the browser.
pub(super) const PAGES: &str = "https://wardvoice.example";

/// How the provider behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    Honest,
    /// It answers nothing, ever.
    Silent,
    /// It answers without end.
    Endless,
    /// It calls itself something else.
    Another,
    /// It sends whoever asks elsewhere.
    Redirecting,
    /// It answers that it is out of order.
    Broken,
}

/// A key that it signs with.
pub(super) enum Signer {
    Es256(Box<EcdsaKeyPair>),
    Rs256(Box<RsaKeyPair>),
}

struct Code {
    token: String,
    challenge: String,
    redirect: String,
}

struct Within {
    issuer: String,
    mood: Mood,
    signers: BTreeMap<String, Signer>,
    published: Vec<String>,
    codes: BTreeMap<String, Code>,
    takes_basic: bool,
}

type Shared = Arc<Mutex<Within>>;

/// The provider.
pub(super) struct Provider {
    within: Shared,
    pub(super) issuer: String,
}

impl Signer {
    pub(super) fn es256() -> Self {
        let random = SystemRandom::new();
        let drawn = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, drawn.as_ref(), &random).unwrap();
        Self::Es256(Box::new(pair))
    }

    /// Our library draws no such key, so the `openssl` command does.
    pub(super) fn rs256() -> Self {
        let asked = ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-outform", "DER"];
        let drawn =
            Command::new("openssl").args(asked).output().unwrap_or_else(|error| panic!("openssl: {error}"));
        assert!(drawn.status.success(), "{}", String::from_utf8_lossy(&drawn.stderr));
        // Some versions write the older form.
        let pair = RsaKeyPair::from_pkcs8(&drawn.stdout).or_else(|_| RsaKeyPair::from_der(&drawn.stdout));
        Self::Rs256(Box::new(pair.unwrap()))
    }

    fn algorithm(&self) -> &'static str {
        match self {
            Self::Es256(_) => "ES256",
            Self::Rs256(_) => "RS256",
        }
    }

    fn sign(&self, message: &str) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Es256(pair) => pair.sign(&random, message.as_bytes()).unwrap().as_ref().to_vec(),
            Self::Rs256(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message.as_bytes(), &mut signature).unwrap();
                signature
            }
        }
    }

    fn published(&self, id: &str) -> Value {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::Es256(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                json!({"kty": "EC", "crv": "P-256", "kid": id, "use": "sig", "alg": "ES256", "x": encode(x), "y": encode(y)})
            }
            Self::Rs256(pair) => {
                let PublicKeyComponents::<Vec<u8>> { n, e } = PublicKeyComponents::from(pair.public());
                json!({"kty": "RSA", "kid": id, "use": "sig", "n": encode(&n), "e": encode(&e)})
            }
        }
    }
}

impl Provider {
    pub(super) async fn start(signer: Signer) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let issuer = format!("http://{address}/trust");
        let within = Within {
            issuer: issuer.clone(),
            mood: Mood::Honest,
            signers: [("first".to_owned(), signer)].into(),
            published: vec!["first".to_owned()],
            codes: BTreeMap::new(),
            takes_basic: true,
        };
        let within = Arc::new(Mutex::new(within));
        let router = Router::new()
            .route("/trust/.well-known/openid-configuration", get(discovery))
            .route("/trust/keys", get(keys))
            .route("/trust/token", post(token))
            .with_state(Arc::clone(&within));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { within, issuer }
    }

    pub(super) fn be(&self, mood: Mood) {
        self.within.lock().unwrap().mood = mood;
    }

    /// From now on the secret is taken in the form alone.
    pub(super) fn take_no_basic(&self) {
        self.within.lock().unwrap().takes_basic = false;
    }

    /// Has a key that it does not tell anybody of yet.
    pub(super) fn hold(&self, id: &str, signer: Signer) {
        self.within.lock().unwrap().signers.insert(id.to_owned(), signer);
    }

    /// Tells everybody of these keys and no others.
    pub(super) fn publish(&self, ids: &[&str]) {
        self.within.lock().unwrap().published = ids.iter().map(|id| (*id).to_owned()).collect();
    }

    /// Somebody says there who they are: gives the code. `asked` is what the browser was sent with; header and claims are changed as told.
    pub(super) fn grants(
        &self,
        asked: &BTreeMap<String, String>,
        key: &str,
        change: impl FnOnce(&mut Value, &mut Value),
    ) -> String {
        let mut within = self.within.lock().unwrap();
        let signer = &within.signers[key];
        let now = noon().as_second();
        let mut header = json!({"alg": signer.algorithm(), "kid": key, "typ": "JWT"});
        let mut claims = json!({
            "iss": self.issuer, "sub": "subject-1", "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"],
            "groups": ["everybody", "wv-ward-W1"]
        });
        change(&mut header, &mut claims);
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(&header), part(&claims));
        let signature = if header["alg"] == "none" { Vec::new() } else { signer.sign(&message) };
        let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature));
        let code = format!("code-{}", within.codes.len());
        let (challenge, redirect) = (asked["code_challenge"].clone(), asked["redirect_uri"].clone());
        within.codes.insert(code.clone(), Code { token, challenge, redirect });
        code
    }
}

async fn discovery(State(within): State<Shared>) -> Response {
    let (mood, issuer, takes_basic) = {
        let within = within.lock().unwrap();
        (within.mood, within.issuer.clone(), within.takes_basic)
    };
    let methods = if takes_basic { json!(["client_secret_basic"]) } else { json!(["client_secret_post"]) };
    let honest = json!({
        "issuer": if mood == Mood::Another { "https://evil.example" } else { issuer.as_str() },
        "authorization_endpoint": format!("{issuer}/authorize?tenant=1"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "end_session_endpoint": format!("{issuer}/end"),
        "token_endpoint_auth_methods_supported": methods,
        "something": {"unheard": "of"}
    });
    match mood {
        Mood::Honest | Mood::Another => Json(honest).into_response(),
        Mood::Silent => std::future::pending().await,
        Mood::Endless => {
            let parts = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(" ".repeat(1_024)));
            axum::body::Body::from_stream(parts).into_response()
        }
        Mood::Redirecting => axum::response::Redirect::to("/elsewhere").into_response(),
        Mood::Broken => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn keys(State(within): State<Shared>) -> Json<Value> {
    let within = within.lock().unwrap();
    let keys: Vec<_> = within.published.iter().map(|id| within.signers[id].published(id)).collect();
    Json(json!({"keys": keys}))
}

/// Gives the token for a code, once, to whoever is the client and began the attempt.
async fn token(
    State(within): State<Shared>,
    headers: HeaderMap,
    Form(form): Form<BTreeMap<String, String>>,
) -> Response {
    let mut within = within.lock().unwrap();
    let refused = |error: &str| (StatusCode::BAD_REQUEST, Json(json!({"error": error}))).into_response();
    let is_client = if within.takes_basic {
        let expected = format!("Basic {}", STANDARD.encode(format!("{CLIENT}:a%20secret%3A%20of%20the%20client")));
        headers.get(header::AUTHORIZATION).is_some_and(|value| value.as_bytes() == expected.as_bytes())
    } else {
        form.get("client_secret").is_some_and(|secret| secret == SECRET) && form["client_id"] == CLIENT
    };
    if !is_client {
        return refused("invalid_client");
    }
    let Some(code) = within.codes.remove(&form["code"]) else { return refused("invalid_grant") };
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&form["code_verifier"]));
    let fits = challenge == code.challenge
        && form["redirect_uri"] == code.redirect
        && form["grant_type"] == "authorization_code";
    if fits {
        Json(json!({"id_token": code.token, "access_token": "x"})).into_response()
    } else {
        refused("invalid_grant")
    }
}
