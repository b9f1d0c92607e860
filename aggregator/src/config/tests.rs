#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use super::*;

fn read(text: &str) -> Result<Config, String> {
    let file: ConfigFile = toml::from_str(text).map_err(|error| error.to_string())?;
    Config::try_from(file).map_err(|error| error.to_string())
}

#[test]
fn the_template_is_the_defaults() {
    assert_eq!(toml::from_str::<ConfigFile>(&template()).unwrap(), ConfigFile::default());
    let uncommented: String = template()
        .lines()
        .map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line))
        .fold(String::new(), |text, line| text + line + "\n")
        // A list of what was taken back is for a broker that asks for certificates.
        .replace("url = \"mqtt://", "url = \"mqtts://")
        .replace("show_certificate = false", "show_certificate = true");
    assert!(matches!(read(&uncommented).unwrap().broker, BrokerChoice::External(_)), "every line is usable");
}

#[test]
fn a_demonstration_offers_every_language_unless_told_otherwise() {
    let languages = |file: ConfigFile| file.for_demonstration().kiosks.languages;
    let questionnaire = wardvoice_protocol::questionnaire::Questionnaire::inpatient().unwrap();
    let mut shipped: Vec<&str> = questionnaire.file().languages.keys().map(Language::as_str).collect();
    let mut offered = languages(ConfigFile::default());
    assert_eq!(offered.first().map(String::as_str), Some("en"));
    shipped.sort_unstable();
    offered.sort_unstable();
    assert_eq!(offered, shipped);
    let chosen = toml::from_str("[kiosks]\nlanguages = [\"cy\", \"en\"]").unwrap();
    assert_eq!(languages(chosen), ["cy", "en"]);
}

#[test]
fn kiosks_give_withdrawal_codes_where_the_trust_says_so_and_in_a_demonstration() {
    let gives = |text: &str| read(text).unwrap().withdrawal_codes;
    assert!(!gives("") && gives("[kiosks]\nwithdrawal_codes = true"));
    let demonstration = |text: &str| {
        let file: ConfigFile = toml::from_str(text).unwrap();
        Config::try_from(file.for_demonstration()).unwrap().withdrawal_codes
    };
    assert!(demonstration("") && !demonstration("[kiosks]\nwithdrawal_codes = false"));
}

#[test]
fn a_demonstration_has_targets_unless_others_were_chosen() {
    let targets = |file: ConfigFile| Config::try_from(file.for_demonstration()).unwrap().targets;
    let made_up = targets(ConfigFile::default());
    let measures: Vec<String> = made_up.keys().map(ToString::to_string).collect();
    for measure in ["overall", "domain:noise", "friends_and_family"] {
        assert!(measures.iter().any(|known| known == measure), "{measure} has none in {measures:?}");
    }
    let chosen = toml::from_str("[[targets]]\nmeasure = \"domain:kindness\"\nvalue = 9.0").unwrap();
    assert_eq!(targets(chosen).len(), 1);
    assert!(read("").unwrap().targets.is_empty(), "what is no demonstration has none");
}

#[test]
fn an_empty_file_is_the_defaults() {
    assert_eq!(read("").unwrap(), Config::try_from(ConfigFile::default()).unwrap());
}

#[test]
fn what_is_on_a_network_is_encrypted() {
    let pages = |text: &str| read(text).unwrap().web_transport;
    assert_eq!(pages(""), PagesTransport::Plain);
    assert_eq!(pages("[web]\nlisten = \"[::1]:8080\""), PagesTransport::Plain);
    assert_eq!(pages("[web]\nlisten = \"10.1.2.3:443\"\nencrypted = true"), PagesTransport::BuiltIn);
    let own = "[web]\nlisten = \"10.1.2.3:443\"\ncertificate_file = \"a\"\nkey_file = \"b\"";
    assert_eq!(pages(own), PagesTransport::Files { certificate: "a".into(), key: "b".into() });
    let broker = read("[broker]\nlisten = \"10.1.2.3:8883\"\nencrypted = true").unwrap().broker;
    assert!(matches!(broker, BrokerChoice::Embedded { encrypted: true, .. }));
    assert!(read("[broker]\nurl = \"mqtts://broker.example\"\nshow_certificate = true").is_ok());
}

#[test]
fn what_is_wrong_is_named() {
    let check = |text: &str, says: &str| {
        let said = read(text).unwrap_err();
        assert!(said.contains(says), "{text} said {said}");
    };
    check("[web]\nlisten = \"8080\"", "web.listen");
    check("[web]\nport = 8080", "unknown field `port`");
    check("[web]\ntrusted_proxies = [\"10.1.2.3/16\"]", "web.trusted_proxies");
    check("[retention]\ncomments_months = 0", "retention.comments_months");
    check("[retention]\nresponses_months = 601", "retention.responses_months");
    check("[retention]\nfigures_months = 60\ncomments_months = 12", "retention.responses_months");
    check("[backup]\nrecipients = [\"age1\"]", "backup.recipients");
    check("[displays]\nneed_token = \"yes\"", "need_token");
    check("[broker]\nlisten = \"localhost\"", "broker.listen");
    check("[broker]\nlisten = \"10.1.2.3:1883\"", "broker.encrypted = true");
    check("[broker]\nlisten = \"0.0.0.0:1883\"", "broker.encrypted = true");
    check("[broker]\nurl = \"mqtt://broker.example\"", "write mqtts://");
    check("[broker]\nurl = \"mqtt://127.0.0.1\"\nshow_certificate = true", "broker.show_certificate");
    check("[broker]\nrevoked_file = \"/list.pem\"", "broker.revoked_file");
    check("[broker]\nurl = \"mqtts://a\"\nrevoked_file = \"/list.pem\"", "broker.show_certificate = true");
    check("[kiosks]\nbroker_url = \"mqtt://10.1.2.3\"", "kiosks.broker_url");
    check("[web]\nlisten = \"[::]:443\"", "web.encrypted = true");
    check("[web]\ncertificate_file = \"a.pem\"", "go together");
    check("[authority]\nnames = [\"a b\"]", "authority.names");
    check("[enrolment]\nlisten = \"soon\"", "enrolment.listen");
    check("[broker]\nurl = \"http://a:1\"", "broker.url");
    check("[broker]\nusername = \"a\"", "set broker.url");
    check("[broker]\nurl = \"mqtt://a\"\nusername = \"a\"", "go together");
    check("[programme]\nfortnight_anchor = \"2026-01-06\"", "must be a Monday");
    check("[programme]\nfortnight_anchor = \"soon\"", "write a date");
    check("[programme]\ncontacts_per_fortnight = 0", "contacts_per_fortnight");
    check("[programme]\nfinal_after_days = 61", "final_after_days");
    check("[[series]]\nfrom = \"soon\"\ndefinition = \"inpatient@2\"", "series.from");
    check("[[series]]\nfrom = \"2027-01-04\"\ndefinition = \"inpatient\"", "series.definition");
    check("[[targets]]\nmeasure = \"kindness\"\nvalue = 9", "targets.measure");
    check("[[targets]]\nmeasure = \"overall\"\nvalue = nan", "targets.value");
    check("[[targets]]\nmeasure = \"friends_and_family\"\nvalue = 101", "targets.value");
    check("[kiosks]\nlanguages = []", "at least one language");
    check("[volunteers]\nsafeguarding = \"\"", "volunteers.safeguarding");
    check("[national]\ntrust_code = \"\"", "national.trust_code");
    check("[national.sites]\n\"S 1\" = \"RXX01\"", "national.sites");
    check("[kiosks]\nlanguages = [\"e n\"]", "kiosks.languages");
    check("[consultants]\nshown_to = [\"public\"]", "consultants.shown_to");
    check("[consultants]\nfirst_days = 201", "consultants.first_days");
}
