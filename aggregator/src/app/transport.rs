//! What is encrypted: whose certificate pages, broker and enrolment show, by the settings.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use axum::Router;
use rustls::ServerConfig;
use rustls::server::ResolvesServerCert;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use wardvoice_protocol::id::KioskId;

use super::{Addresses, listen, place_of, tell};
use crate::authority::{FileCertificate, ServerCertificate, server_names};
use crate::broker::{Broker, Mutual};
use crate::config::{BrokerChoice, PagesTransport};
use crate::enrolment;
use crate::gate::{self, Gate, Passes};
use crate::ingest::mqtt::{self, Link, Messenger};
use crate::network::Network;
use crate::premises::{House, Premises, failed};
use crate::{reception, web};

/// What pages speak.
const HTTP: [&str; 1] = ["http/1.1"];

/// Where pages are served, and by which rules of TLS.
pub(super) struct Place {
    pub(super) listener: TcpListener,
    pub(super) rules: Option<Arc<ServerConfig>>,
}

impl Place {
    /// Serves pages until it is told that enough is drained.
    pub(super) async fn serve(
        self,
        router: Router,
        proxies: Vec<Network>,
        drained: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        let Some(rules) = self.rules else {
            return reception::serve(self.listener, router, &proxies, drained).await;
        };
        let gate = Gate::open(self.listener, rules)?;
        reception::serve(gate, web::over_tls(router), &proxies, drained).await
    }
}

/// By which rules of TLS pages are served; none where they are in the clear. The authority is made here at the first start.
pub(super) fn pages(house: &House) -> Result<Option<Arc<ServerConfig>>> {
    let premises = &house.premises;
    premises.authority()?;
    let shown: Arc<dyn ResolvesServerCert> = match &premises.config.web_transport {
        PagesTransport::Plain => return Ok(None),
        PagesTransport::BuiltIn => Arc::new(shown(premises, premises.config.web_listen)?),
        PagesTransport::Files { certificate, key } => {
            let [certificate, key] = [certificate, key].map(|path| premises.data.join(path));
            let shown = Arc::new(FileCertificate::open(&certificate, &key).map_err(failed)?);
            house.fleet.know_pages(&shown);
            shown
        }
    };
    gate::rules(shown, &Passes::None, &HTTP).map(Some).map_err(failed)
}

/// What kiosks are met with by the broker inside.
fn mutual(premises: &Premises, listen: SocketAddr) -> Result<Mutual> {
    Ok(Mutual { shown: Arc::new(shown(premises, listen)?), authority: premises.authority()? })
}

/// A certificate for what this machine is called.
fn shown(premises: &Premises, listen: SocketAddr) -> Result<ServerCertificate> {
    let names = server_names(&premises.config.names, &[listen.ip()]);
    ServerCertificate::new(premises.authority()?, names).map_err(failed)
}

/// The broker, and the link to it: the one inside is started here.
pub(super) fn broker(premises: &Premises) -> Result<(Link, String)> {
    match &premises.config.broker {
        BrokerChoice::External(external) => {
            let mut link = Link::external(external).map_err(failed)?;
            if external.show_certificate {
                link = link.showing_pass_of(&premises.authority()?);
            }
            Ok((link, external.url.to_string()))
        }
        BrokerChoice::Embedded { listen, encrypted } => {
            let mutual = if *encrypted { Some(mutual(premises, *listen)?) } else { None };
            let start = |address| match mutual.clone() {
                Some(mutual) => Broker::start_encrypted(address, mutual),
                None => Broker::start(address),
            };
            let remembered = Addresses::read(&premises.data)
                .and_then(|known| place_of(&known.mqtt))
                .filter(|known| listen.port() == 0 && known.ip() == listen.ip());
            let again = remembered.and_then(|address| {
                let started = start(address);
                started
                    .inspect_err(|error| tracing::warn!("kiosks must learn a new address: failed to {error}"))
                    .ok()
            });
            let broker = match again {
                Some(broker) => broker,
                None => start(*listen).map_err(failed)?,
            };
            let scheme = if *encrypted { "mqtts" } else { "mqtt" };
            Ok((broker.own_link().clone(), format!("{scheme}://{}", broker.address())))
        }
    }
}

/// Ends the connections of kiosks that are taken off, on a broker that asks for certificates and is no part of this process. It ends with
/// the threads of the pages.
pub(super) fn keep_out(house: &House, link: &Link, stopping: &CancellationToken) -> Result<()> {
    let premises = &house.premises;
    if let BrokerChoice::External(external) = &premises.config.broker
        && external.show_certificate
    {
        let fleet = Arc::clone(&house.fleet);
        let tell: mqtt::TellLingering = Arc::new(move |kiosk: &KioskId, why: Option<&str>| match why {
            Some(why) => fleet.lingers(kiosk, why),
            None => fleet.lingers_no_more(kiosk),
        });
        tokio::spawn(mqtt::keep_out(link.clone(), premises.authority()?, tell, stopping.clone()));
    }
    Ok(())
}

/// The desk where kiosks are taken in, if there is one, and where it is.
pub(super) async fn enrolment(
    house: &Arc<House>,
    messenger: &Messenger,
    known: Option<String>,
) -> Result<Option<(impl Future<Output = ()> + Send + use<>, SocketAddr)>> {
    let premises = &house.premises;
    let Some(wanted) = premises.config.enrolment_listen else { return Ok(None) };
    let authority = premises.authority()?;
    let remembered = known.and_then(|known| known.parse().ok());
    let listener = listen("enrolment.listen", wanted, remembered).await?;
    let shown = Arc::new(shown(premises, wanted)?);
    let rules = gate::rules(shown, &Passes::IfAny(&authority), &[]).map_err(failed)?;
    let gate = Gate::open(listener, rules).context("failed to open the desk where kiosks join")?;
    let address = gate.address();
    let (assignments, messenger) = (Arc::clone(&premises.assignments), messenger.clone());
    let joined = move |kiosk: &KioskId| tell(&assignments, &messenger, kiosk);
    let desk = enrolment::Desk::new(Arc::clone(house), Box::new(joined)).map_err(failed)?;
    Ok(Some((enrolment::serve(gate, desk), address)))
}
