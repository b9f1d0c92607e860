#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics is a test that fails")]

use std::io::{Read as _, Write as _};

use wardvoice_protocol::id::Hash;

use super::*;

const CHUNK: usize = 64 * 1024;

fn seal(bytes: &[u8], recipients: &[Recipient]) -> (Vec<u8>, FileKey) {
    let (mut sealer, key) = Sealer::begin(Vec::new(), recipients).unwrap();
    // In pieces that do not fall together with the chunks.
    bytes.chunks(10_007).for_each(|piece| sealer.write_all(piece).unwrap());
    (sealer.finish().unwrap(), key)
}

fn open(sealed: &[u8], with: &OpenWith<'_>) -> Result<Vec<u8>, AgeError> {
    let mut bytes = Vec::new();
    match Opener::open(sealed, with)?.read_to_end(&mut bytes) {
        Ok(_) => Ok(bytes),
        Err(error) => Err(error.downcast::<AgeError>().unwrap_or_else(AgeError::File)),
    }
}

#[test]
fn what_is_sealed_is_opened_by_each_key_it_was_sealed_for_and_by_no_other() {
    let keys = [Identity::draw().unwrap(), Identity::draw().unwrap()];
    let recipients = keys.each_ref().map(Identity::recipient);
    for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 200_000] {
        let bytes: Vec<u8> = (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect();
        let (sealed, file_key) = seal(&bytes, &recipients);
        for key in &keys {
            assert_eq!(open(&sealed, &OpenWith::Identity(key)).unwrap(), bytes, "{length}");
        }
        assert_eq!(open(&sealed, &OpenWith::FileKey(&file_key)).unwrap(), bytes, "{length}");
        let other = Identity::draw().unwrap();
        assert!(matches!(open(&sealed, &OpenWith::Identity(&other)), Err(AgeError::OtherKey)), "{length}");
        let other = FileKey::draw().unwrap();
        assert!(matches!(open(&sealed, &OpenWith::FileKey(&other)), Err(AgeError::HeadChanged)), "{length}");
    }
    assert!(matches!(Sealer::begin(Vec::new(), &[]), Err(AgeError::NoRecipient)));
}

#[test]
fn every_changed_byte_and_every_cut_is_found() {
    let key = Identity::draw().unwrap();
    let (sealed, _) = seal(&vec![7; CHUNK + 500], &[key.recipient()]);
    let with = OpenWith::Identity(&key);
    for place in (0..300).chain((300..sealed.len()).step_by(997)).chain([sealed.len() - 1]) {
        let mut changed = sealed.clone();
        changed[place] ^= 1;
        assert!(open(&changed, &with).is_err(), "byte {place} was changed unseen");
        assert!(open(&sealed[..place], &with).is_err(), "what comes after byte {place} was cut off unseen");
    }
    let mut longer = sealed;
    longer.push(0);
    assert!(matches!(open(&longer, &with), Err(AgeError::Payload(_))));
}

#[test]
fn keys_are_read_as_they_are_written_and_secrets_stay_their_owners() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.txt");
    let key = Identity::draw().unwrap();
    key.write_new(&path).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let recipient = key.recipient().to_string();
    assert!(text.contains(&recipient) && text.contains("\nAGE-SECRET-KEY-1"), "{recipient}");
    assert_eq!(Identity::read(&path).unwrap().recipient(), key.recipient());
    assert_eq!(recipient.parse::<Recipient>().unwrap(), key.recipient());
    assert!(matches!(key.write_new(&path), Err(AgeError::File(_))), "the only copy of a key was written over");
    let shown = format!("{key:?}");
    assert!(!shown.to_ascii_uppercase().contains("SECRET"), "{shown}");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(Identity::read(&path), Err(AgeError::Exposed(0o640))));
    for nothing in ["", "# a comment\n", "age1qqqq\n", "\u{0}\n"] {
        durable_file::replace(&path, nothing.as_bytes(), Readers::Owner).unwrap();
        assert!(matches!(Identity::read(&path), Err(AgeError::NoIdentity)), "{nothing:?}");
    }
    for nothing in ["", "age1", "AGE-SECRET-KEY-1", &recipient[..61]] {
        assert!(nothing.parse::<Recipient>().is_err(), "{nothing:?}");
    }
}

/// The test vectors of the format (C2SP/CCTV, age): what other programs wrote is read, and what no program should read is not.
#[test]
fn the_formats_own_test_vectors_come_out_as_they_should() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/backup/age/vectors");
    let mut seen = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = fs::read(&path).unwrap();
        let end = bytes.windows(2).position(|two| two == b"\n\n").unwrap();
        let about = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let said = |what: &str| about.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(": "));
        let mut file = bytes[end + 2..].to_vec();
        if said("compressed") == Some("zlib") {
            file = Vec::new();
            flate2::read::ZlibDecoder::new(&bytes[end + 2..]).read_to_end(&mut file).unwrap();
        }
        let identity = said("identity").and_then(Identity::from_text).unwrap_or_else(|| Identity::draw().unwrap());
        let opened = open(&file, &OpenWith::Identity(&identity));
        let came = match &opened {
            Ok(_) => "success",
            Err(AgeError::Head(_)) => "header failure",
            Err(AgeError::OtherKey) => "no match",
            Err(AgeError::HeadChanged) => "HMAC failure",
            Err(AgeError::Payload(_)) => "payload failure",
            Err(_) => "another error",
        };
        assert_eq!(Some(came), said("expect"), "{name}: {opened:?}");
        if let Ok(payload) = opened {
            assert_eq!(Some(Hash::of(&payload).to_string().as_str()), said("payload"), "{name}");
        }
        seen += 1;
    }
    assert!(seen >= 60, "{seen} vectors were found");
}
