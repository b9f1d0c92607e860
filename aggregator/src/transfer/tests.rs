#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::convert::Infallible;

use super::*;
use crate::ingest::testing::{Trust, arrival, cleaning};
use crate::ingest::{Writer, judge};
use crate::log::Log;

#[expect(clippy::unnecessary_wraps, reason = "import asks for something that may fail")]
fn settle(writer: &mut Writer, trust: &Trust, arrivals: Vec<Arrival>) -> Result<Vec<Verdict>, Infallible> {
    let verdicts =
        arrivals.into_iter().map(|arrival| writer.decide(judge(arrival, &trust.world)).unwrap().verdict).collect();
    writer.commit().unwrap();
    Ok(verdicts)
}

#[expect(clippy::unnecessary_wraps, reason = "import asks for something that may fail")]
fn none_gone(gone: &[Gone]) -> Result<u64, Infallible> {
    assert!(gone.is_empty(), "{gone:?}");
    Ok(0)
}

fn exported(writer: &Writer) -> (String, Exported) {
    let mut bytes = Vec::new();
    let exported = export(&writer.reader(), &mut bytes).unwrap();
    (String::from_utf8(bytes).unwrap(), exported)
}

#[test]
fn an_export_imported_elsewhere_is_the_same_log() {
    let mut trust = Trust::new(1);
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [mut here, mut there] = folders.each_ref().map(|folder| Writer::new(Log::open(folder.path()).unwrap()));
    let mut arrivals = Vec::new();
    for name in ["k-1", "k-2"] {
        let mut tablet = trust.tablet(name);
        arrivals.extend(trust.contacts(&mut tablet, 30));
        arrivals.push(trust.seal_bytes(&mut tablet, b"{}"));
        arrivals.push(trust.seal(&mut tablet, &cleaning()));
        arrivals.push(arrival(&tablet.id, vec![0xff, 0, 1]));
    }
    // A payload that is not written the shortest way comes back as it was, too.
    let last = arrivals.iter_mut().find(|arrival| arrival.payload.len() > 100).unwrap();
    last.payload.push(b'\n');
    settle(&mut here, &trust, arrivals).unwrap();
    let (text, counts) = exported(&here);
    assert_eq!(counts, Exported { records: 62, quarantined: 4, forgotten: 0 });
    assert_eq!(text.lines().count(), 66);

    let mut lines = Vec::new();
    let imported = import(
        text.as_bytes(),
        None,
        |arrivals| settle(&mut there, &trust, arrivals),
        none_gone,
        |line| lines.push(line),
    )
    .unwrap();
    assert_eq!(imported, Imported { lines: 66, accepted: 62, known: 0, refused: 4, not_kept: 0, forgotten: 0 });
    assert_eq!(lines.last(), Some(&66));
    assert_eq!(exported(&there).0, text);

    let again =
        import(text.as_bytes(), None, |arrivals| settle(&mut there, &trust, arrivals), none_gone, |_| ()).unwrap();
    assert_eq!((again.accepted + again.known, again.refused), (62, 4));
    assert_eq!(exported(&there).0, text, "a second import changes nothing");
}

/// What was published from a log was published without what is brought into it afterwards.
#[test]
fn what_is_brought_into_a_log_counts_as_having_come_no_earlier_than_its_last_record() {
    let mut trust = Trust::new(4);
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [mut here, mut there] = folders.each_ref().map(|folder| Writer::new(Log::open(folder.path()).unwrap()));
    let mut tablet = trust.tablet("k-1");
    let arrivals = trust.contacts(&mut tablet, 2);
    settle(&mut here, &trust, arrivals).unwrap();
    let text = exported(&here).0;
    let later = Date::constant(2026, 12, 3);
    let old = text.replace("\"arrived\":\"2026-11-23\",", "");
    assert_ne!(old, text, "an export says when records came, and older ones do not");
    import(old.as_bytes(), Some(later), |arrivals| settle(&mut there, &trust, arrivals), none_gone, |_| ())
        .unwrap();
    let record = there.reader().record(2).unwrap().unwrap();
    assert_eq!((record.day, record.arrival_day), (Date::constant(2026, 11, 23), later));
    assert_eq!(there.reader().last_arrival_day().unwrap(), Some(later));
}

#[test]
fn a_line_that_was_changed_is_refused_and_a_broken_one_stops() {
    let mut trust = Trust::new(2);
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [mut here, mut there] = folders.each_ref().map(|folder| Writer::new(Log::open(folder.path()).unwrap()));
    let mut tablet = trust.tablet("k-1");
    let arrivals = trust.contacts(&mut tablet, 3);
    settle(&mut here, &trust, arrivals).unwrap();
    let (text, _) = exported(&here);
    let changed: Vec<_> =
        text.lines()
            .enumerate()
            .map(|(number, line)| {
                if number == 1 { line.replace(r#"\"sequence\":2"#, r#"\"sequence\":7"#) } else { line.to_owned() }
            })
            .collect();
    let imported = import(
        changed.join("\n").as_bytes(),
        None,
        |arrivals| settle(&mut there, &trust, arrivals),
        none_gone,
        |_| (),
    )
    .unwrap();
    assert_eq!((imported.accepted, imported.refused), (2, 1));
    let broken = format!("{text}{{\"kind\": \"record\"");
    let error =
        import(broken.as_bytes(), None, |arrivals| settle(&mut there, &trust, arrivals), none_gone, |_| ())
            .unwrap_err();
    assert!(error.to_string().contains("line 4"), "{error}");
    assert_eq!(there.reader().position(), 3, "the lines before it were taken");
}
