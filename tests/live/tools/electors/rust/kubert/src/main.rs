//! kubert's LeaseManager, with a lease of 15 s that is renewed 5 s before its end.

use k8s_openapi::api::coordination::v1::Lease;
use kubert::lease::{ClaimParams, LeaseManager};
use report::{Flags, Reporter, BELIEF_PERIOD};
use std::time::Duration;
use tokio::signal::unix::{signal, SignalKind};

fn client(flags: &Flags) -> kube_client::Client {
    let uri = flags.get("url").parse::<http::Uri>().expect("a URL");
    let mut config = kube_client::Config::new(uri);
    let authority = pem::parse_many(flags.file("ca")).expect("PEM");
    config.root_cert = Some(authority.into_iter().map(pem::Pem::into_contents).collect());
    let token = String::from_utf8(flags.file("token-file")).expect("a token");
    config.auth_info.token = Some(token.trim().to_string().into());
    kube_client::Client::try_from(config).expect("a client")
}

#[tokio::main]
async fn main() {
    let flags = Flags::read();
    let id = flags.get("id");
    let mut reporter = Reporter::new(id);
    let api: kube_client::Api<Lease> = kube_client::Api::namespaced(client(&flags), "leasehold");
    let manager = loop {
        // It wants the Lease to be there.
        match LeaseManager::init(api.clone(), flags.get("lease")).await {
            Ok(manager) => break manager,
            Err(_) => tokio::time::sleep(Duration::from_secs(1)).await,
        }
    };
    let parameters = ClaimParams {
        lease_duration: Duration::from_secs(15),
        renew_grace_period: Duration::from_secs(5),
    };
    let (mut claims, task) = manager.spawn(id, parameters).await.expect("a first look");
    let mut asked_to_stop = signal(SignalKind::terminate()).expect("a handler");
    let mut ticks = tokio::time::interval(BELIEF_PERIOD);
    loop {
        tokio::select! {
            _ = ticks.tick() => reporter.leads(claims.borrow_and_update().is_current_for(id)),
            _ = asked_to_stop.recv() => break,
        }
    }
    reporter.leads(false);
    if flags.is("release-on-cancel") {
        drop(claims); // then it vacates
        let _ = task.await;
    }
    std::process::exit(0)
}
