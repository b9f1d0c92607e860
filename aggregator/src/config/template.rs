//! The settings in words: every one with its default and its meaning.

use super::{ConfigFile, ProgrammeFile};

/// The trust's own sign-in, which is not set up where nothing is said.
const OPENID: &str = r#"# Let people sign in with the accounts of the trust's own sign-in, over OpenID Connect, beside the accounts here: see docs/sign-in.md.
#[openid]
# Exactly as the provider writes it; https, or a loopback address.
#issuer = "https://login.example"
#client_id = "wardvoice"
# A file that only the user the aggregator runs as can read. Without it, Wardvoice is a public client.
#client_secret_file = "/etc/wardvoice/openid-secret"
# Where browsers reach these pages. Register this with /sign-in/openid/return behind it as the redirect address.
#address = "https://wardvoice.example"
# What the button says after "Sign in with".
#label = "your trust account"
# The certificate authority of the provider. Without it the system's are trusted.
#ca_file = "/etc/wardvoice/ca.pem"
#scopes = ["openid"]
# The claim that names a person in the audit: an id, nobody's real name.
#name_claim = "sub"
# The claim that lists somebody's groups; a dot leads into an object.
#groups_claim = "groups"
# After so many hours people sign in again, and their groups are looked at anew: 1 to 12.
#sign_in_again_after_hours = 8
# What whoever is in a group may be. A star at the end of a group stands for an id of a ward, department or consultant.
#[openid.roles]
#"wardvoice-office" = ["office"]
#"wardvoice-ward-*" = ["ward:*"]

"#;

/// What is kept, and for how long.
const KEEPING: &str = "[backup]
# The public keys that backups are sealed for, as `backup new-key` prints them: see docs/keeping.md. Their secret halves do not belong on this
# machine. Name two, so that one may be lost.
recipients = []

[retention]
# How many months what is kept, counted from the day of the answers; for ever without a line. What is due is deleted every day: see
# docs/keeping.md, and look first with `retention --dry-run`.
# The words of comments.
#comments_months = 24
# The detail of responses: what the kiosk sealed, how long it took, the time of day. No figure changes.
#responses_months = 36
# The same of contacts without a response.
#contacts_months = 12
# What figures are made of; with it go the figures of those days, but for what was released to the public.
#figures_months = 120

";

/// Every setting with its default and its meaning, as a file to start from.
pub fn template() -> String {
    let file = ConfigFile::default();
    let ProgrammeFile { fortnight_anchor, contacts_per_fortnight, final_after_days, .. } = &file.programme;
    format!(
        r#"# Settings of the Wardvoice aggregator. Save as config.toml in the data folder. Every line shows its default.

{places}[programme]
# A Monday from which fortnights are counted, for ever in both directions. Never change it once records exist.
fortnight_anchor = "{fortnight_anchor}"
# How many patients the trust means to approach in a fortnight; shared out over wards by their beds.
contacts_per_fortnight = {contacts_per_fortnight}
# A period is final this many days after its last day; what arrives later makes a numbered revision.
final_after_days = {final_after_days}
# The folder of your own questionnaires, a JSON file each, read at the start; without this line, questionnaires in the data
# folder. `kiosk add` and `kiosk assign` name one by its id and version. A version that was asked never changes.
#questionnaires = "/etc/wardvoice/questionnaires"
# The folder of your own scoring definitions, in the same manner; without this line, definitions in the data folder.
#definitions = "/etc/wardvoice/definitions"

[kiosks]
# The languages kiosks offer, the first is the default. Each must be complete in the questionnaire.
languages = ["{language}"]
# What kiosks are told to connect to, when it is not the address above (a proxy, another name).
#broker_url = "mqtts://wardvoice.example:8883"
# Let kiosks whose id starts with sim- introduce themselves. For demonstrations and tests only.
accept_simulated = {accept_simulated}
# Show whoever has answered a code with which the office can delete the answer without knowing whose it is. See docs/keeping.md.
#withdrawal_codes = true
# The kiosk's program, with which the office looks at translations; without this line, wardvoice-kiosk beside this program.
#preview_program = "/usr/bin/wardvoice-kiosk"

[volunteers]
# Whom a volunteer calls when somebody tells of harm: one line, shown on the kiosk. Set this before volunteers go round.
#safeguarding = "Safeguarding team: extension 4321, day and night"

[national]
# What the national friends and family return calls the board, the trust, and below its sites and specialties, by their ids in
# directory.json. What is missing is told when the return is checked.
#icb_code = "QXX"
#trust_code = "RXX"
#[national.sites]
#S1 = "RXX01"
#[national.specialties]
#general-medicine = "300 - GENERAL INTERNAL MEDICINE"

[consultants]
# To whom else a named consultant's figures are shown where the scoring definition says that it takes the trust's explicit policy (from 46
# patients in six months on): "board", "office", both or, as here, nobody. Below that nobody else is shown any, whatever stands here.
shown_to = []
# Six months of a consultant are the consultant's first. The appraiser may open them once the consultant has, or after so many days.
first_days = {first_days}

[comments]
# Whether two people have to pass a comment before it leaves the office.
two_person_release = {two_person_release}

[displays]
# Whether the screens in wards' corridors show their page only after `display token add` has let them in. Otherwise everybody can open it: it
# shows nothing but what was released to the public.
need_token = {need_token}

{keeping}{openid}{reach}
# From a day on, publish periods by a scoring definition; earlier ones, and all without these lines, by the newest for the
# inpatient questionnaire that is part of this program. A period stays with the definition that was in force on its first day.
#[[series]]
#from = "2027-01-04"
#definition = "inpatient@2"

# What a measure is to reach, in points or per cent: charts show it, and say whether it will be met. Without these lines there are
# no targets. Measures are those of `signal`: overall, domain:kindness, friends_and_family, problem:domain:kindness.
#[[targets]]
#measure = "overall"
#value = 8.5

# Where `publish` without --out and the office's page put the published sites, one entry an edition: "public" for everybody, "trust" for
# the intranet. The folder must be one that the aggregator can write to. See docs/publish.md.
#[[publish]]
#edition = "public"
#out = "/srv/www/wardvoice"
# Put it to a web server as well, and the file with name:password for that server.
#put = "https://intranet.example/wardvoice/"
#put_login = "/etc/wardvoice/publish-login"
# Switch by renaming folders, for file shares that do not follow links.
#folders = false
"#,
        places = places(&file),
        language = file.kiosks.languages.join("\", \""),
        accept_simulated = file.kiosks.accept_simulated,
        first_days = file.consultants.first_days,
        two_person_release = file.comments.two_person_release,
        need_token = file.displays.need_token,
        keeping = KEEPING,
        openid = OPENID,
        reach = reach(&file),
    )
}

/// Who is reached outside the pages.
fn reach(file: &ConfigFile) -> String {
    format!(
        r#"[delivery]
# How long a message to a contact is tried before it is given up and the office is told, in hours.
give_up_after_hours = {give_up_after_hours}
# A file that only the aggregator may read, with a table a contact: [site-manager] and below it token = "…", which is sent as a bearer
# token, or url = "…" where the address is a secret itself, as those of Teams are. Read at the start.
#secrets_file = "contact-secrets.toml"
# Where people reach the pages, for links in messages. Without it messages have none.
#pages_url = "https://wardvoice.example"
# The proxy on the way out. Without it there is none, whatever the environment says.
#proxy = "http://proxy.example:3128"

[help]
# Who is told of a request for help, by the names of contacts below: the first at once, each further one when nobody has seen it.
contacts = []
# How long until the next is told, in minutes.
escalate_after_minutes = {escalate_after_minutes}
# A ward's own contacts, who are told before those of the trust, and its own pace.
#[help.wards.W12]
#contacts = ["ward-12"]
#escalate_after_minutes = 3

[alerts]
# The local hour at which what is over the budget is told together.
digest_hour = {digest_hour}
# With fewer free megabytes the server's disk is nearly full; on a small disk, with less than a tenth of it.
disk_free_mb = {disk_free_mb}
# After so many days a backup is missing, and a first one after a week or so many days. 0: say nothing of backups, because the server is saved
# in another way.
backup_after_days = {backup_after_days}

[alerts.a_week]
# How many alerts each is told of at once in a week, each ward and department for itself. See docs/alerts.md.
ward = {ward}
department = {department}
office = {office}
board = {board}
it = {it}

# Who is told of alerts outside the pages, by the names of contacts below; ward and department are for
# every one that has none of its own.
#[alerts.tell]
#it = ["it-desk"]
#ward = ["site-manager"]
#"ward:W12" = ["ward-12"]
#"department:medicine" = ["site-manager"]

# Contacts: webhooks with a name. kind is "json", or "teams" for a card as Teams shows it. Without a url it stands in the secrets.
#[[contacts]]
#name = "ward-12"
#kind = "json"
#url = "https://bleep.example/wardvoice"
#[[contacts]]
#name = "site-manager"
#kind = "teams"
#url = "https://teams.example/hook"
#[[contacts]]
#name = "it-desk"
#url = "https://desk.example/alerts"
"#,
        give_up_after_hours = file.delivery.give_up_after_hours,
        escalate_after_minutes = file.help.escalate_after_minutes,
        digest_hour = file.alerts.digest_hour,
        disk_free_mb = file.alerts.disk_free_mb,
        backup_after_days = file.alerts.backup_after_days,
        ward = file.alerts.a_week.ward,
        department = file.alerts.a_week.department,
        office = file.alerts.a_week.office,
        board = file.alerts.a_week.board,
        it = file.alerts.a_week.it,
    )
}

/// Where everything is reached, and what is encrypted there.
fn places(file: &ConfigFile) -> String {
    format!(
        r#"[broker]
# Where kiosks reach the broker inside the aggregator. Port 0 takes a free port and keeps it over restarts.
# On a hospital network, give the server's address and port 8883, and encrypt.
listen = "{broker_listen}"
# Encrypt, and let in only kiosks with a certificate of the built-in authority (`kiosk enrol`). Needed anywhere but on loopback.
encrypted = {broker_encrypted}
# Use a broker of your own instead: mqtt://host:port or mqtts://host:port. The line above is then not used.
#url = "mqtt://127.0.0.1:1883"
# Who the aggregator is to that broker, and the file that holds its password.
#username = "aggregator"
#password_file = "/etc/wardvoice/broker-password"
# The certificate authority of an mqtts broker. Without it the system's are trusted.
#ca_file = "/etc/wardvoice/ca.pem"
# Show an mqtts broker a certificate of the built-in authority, named wardvoice-aggregator, and believe what that authority vouches
# for: see docs/enrolment.md and deploy/mosquitto.
show_certificate = {show_certificate}
# Where that broker reads which certificates were taken back (its crlfile): written anew whenever a kiosk is taken off. The user that the
# aggregator runs as must be able to write into the folder, and the broker to read there.
#revoked_file = "/var/lib/wardvoice-broker/revoked.pem"

[web]
# Where pages are served. Anything but a loopback address is encrypted.
listen = "{web_listen}"
# Encrypt with a certificate of the built-in authority; `authority show` prints what browsers have to trust.
encrypted = {web_encrypted}
# Or encrypt with a certificate of your own (PEM), which is read again when it has changed.
#certificate_file = "/etc/wardvoice/pages.pem"
#key_file = "/etc/wardvoice/pages.key"
# The proxies in front, by address or network. From those alone X-Forwarded-For is believed, for slowing down guessers and for the audit. Without
# this, everybody behind a proxy counts as one caller.
trusted_proxies = []

[authority]
# What browsers and kiosks call this machine, names and addresses: certificates of the built-in authority are for these. The first is
# what kiosks are told to connect to.
names = []

[enrolment]
# Where kiosks are taken in with a join code and get new certificates: an address and port, 8884 for example. Always encrypted. Without
# this line no kiosk can join.
#listen = "127.0.0.1:8884"

"#,
        broker_listen = file.broker.listen,
        broker_encrypted = file.broker.encrypted,
        show_certificate = file.broker.show_certificate,
        web_encrypted = file.web.encrypted,
        web_listen = file.web.listen,
    )
}
