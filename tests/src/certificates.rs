//! A certificate authority of a story's own, made with the `openssl` command, and the broker's certificates it signs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use jiff::{SignedDuration, Timestamp};

use crate::programs;

/// What `openssl` is told: an authority that signs anything, and what its own certificate may do.
const CONFIGURATION: &str = "\
[ca]
default_ca = authority
[authority]
dir = .
new_certs_dir = .
database = index.txt
rand_serial = yes
certificate = ca.pem
private_key = ca.key
default_md = sha256
policy = anything
unique_subject = no
[anything]
commonName = supplied
[req]
distinguished_name = name
prompt = no
x509_extensions = of_an_authority
[name]
commonName = name
[of_an_authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
";

/// What is wrong with a broker's certificate, if anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// It is for `localhost` and 127.0.0.1, and valid.
    None,
    /// It is valid, for ten days more.
    RunsOutSoon,
    /// It was valid until the end of 2020.
    Expired,
    /// It will be valid from 2090 on.
    NotYetValid,
    /// It is for another host.
    AnotherName,
}

/// A broker's certificate and key, as PEM files.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The certificate.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// A certificate authority: a folder with its key and everything it has signed.
#[derive(Debug)]
pub struct Authority {
    folder: PathBuf,
}

impl Authority {
    /// Makes an authority with a name of its own in a new folder.
    pub fn make(folder: &Path, name: &str) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("failed to make {}", folder.display()))?;
        fs::write(folder.join("openssl.cnf"), CONFIGURATION)?;
        fs::write(folder.join("index.txt"), "")?;
        let authority = Self { folder: folder.to_path_buf() };
        let subject = format!("/CN={name}");
        let new = ["req", "-x509", "-days", "30", "-subj", &subject, "-keyout", "ca.key", "-out", "ca.pem"];
        authority.openssl(&[new.as_slice(), &KEY].concat())?;
        Ok(authority)
    }

    /// The authority that an aggregator has made, in a new folder: whatever is signed here the aggregator has never heard of.
    pub fn of_an_aggregator(folder: &Path, data: &Path) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("failed to make {}", folder.display()))?;
        fs::write(folder.join("openssl.cnf"), CONFIGURATION)?;
        fs::write(folder.join("index.txt"), "")?;
        for (name, to) in [("authority.pem", "ca.pem"), ("authority.key", "ca.key")] {
            fs::copy(data.join("authority").join(name), folder.join(to)).with_context(|| format!("no {name}"))?;
        }
        Ok(Self { folder: folder.to_path_buf() })
    }

    /// A certificate in a kiosk's name, until a moment.
    pub fn admit(&self, kiosk: &str, until: Timestamp) -> Result<Certificate> {
        let until = until.strftime("%Y%m%d%H%M%SZ").to_string();
        let [key, request, certificate, extensions] =
            ["key", "csr", "pem", "cnf"].map(|kind| format!("{kiosk}.{kind}"));
        let says = "basicConstraints = critical, CA:false\nextendedKeyUsage = clientAuth\n";
        fs::write(self.folder.join(&extensions), says)?;
        let subject = format!("/CN={kiosk}");
        let new = ["req", "-new", "-subj", &subject, "-keyout", &key, "-out", &request];
        self.openssl(&[new.as_slice(), &KEY].concat())?;
        let span = ["-startdate", "20200101000000Z", "-enddate", &until];
        let sign = ["ca", "-batch", "-notext", "-extfile", &extensions, "-in", &request, "-out", &certificate];
        self.openssl(&[sign.as_slice(), &span].concat())?;
        Ok(Certificate { certificate: self.folder.join(certificate), key: self.folder.join(key) })
    }

    /// The PEM file that whoever trusts it is given.
    pub fn pem(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// Signs a certificate for a broker.
    pub fn sign(&self, flaw: Flaw) -> Result<Certificate> {
        let name = format!("{flaw:?}").to_lowercase();
        let soon = (Timestamp::now() + SignedDuration::from_hours(10 * 24)).strftime("%Y%m%d%H%M%SZ").to_string();
        let (hosts, from, until) = match flaw {
            Flaw::None => ("DNS:localhost, IP:127.0.0.1", "20200101000000Z", "20991231235959Z"),
            Flaw::RunsOutSoon => ("DNS:localhost, IP:127.0.0.1", "20200101000000Z", soon.as_str()),
            Flaw::Expired => ("DNS:localhost, IP:127.0.0.1", "20200101000000Z", "20201231235959Z"),
            Flaw::NotYetValid => ("DNS:localhost, IP:127.0.0.1", "20900101000000Z", "20991231235959Z"),
            Flaw::AnotherName => ("DNS:broker.another-hospital.example", "20200101000000Z", "20991231235959Z"),
        };
        let [key, request, certificate, extensions] =
            ["key", "csr", "pem", "cnf"].map(|kind| format!("broker-{name}.{kind}"));
        let says = format!(
            "basicConstraints = critical, CA:false\nextendedKeyUsage = serverAuth\nsubjectAltName = {hosts}\n"
        );
        fs::write(self.folder.join(&extensions), says)?;
        let new = ["req", "-new", "-subj", "/CN=broker", "-keyout", &key, "-out", &request];
        self.openssl(&[new.as_slice(), &KEY].concat())?;
        let span = ["-startdate", from, "-enddate", until];
        let sign = ["ca", "-batch", "-notext", "-extfile", &extensions, "-in", &request, "-out", &certificate];
        self.openssl(&[sign.as_slice(), &span].concat())?;
        Ok(Certificate { certificate: self.folder.join(certificate), key: self.folder.join(key) })
    }

    fn openssl(&self, arguments: &[&str]) -> Result<()> {
        let output = Command::new(programs::installed("openssl", "openssl")?)
            .args(arguments)
            .args(["-config", "openssl.cnf"])
            .current_dir(&self.folder)
            .output()
            .context("failed to start openssl")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "openssl {} ended with {}: {said}", arguments.join(" "), output.status);
        Ok(())
    }
}

const KEY: [&str; 5] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
