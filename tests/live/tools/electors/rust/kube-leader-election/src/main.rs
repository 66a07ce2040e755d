//! kube-leader-election's LeaseLock in the loop of its README: every 5 s, and an error keeps the flag.

use kube_leader_election::{LeaseLock, LeaseLockParams, LeaseLockResult};
use report::{Flags, Reporter, BELIEF_PERIOD};
use std::{
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc,
    },
    time::Duration,
};
use tokio::signal::unix::{signal, SignalKind};

fn client(flags: &Flags) -> kube::Client {
    let uri = flags.get("url").parse::<http::Uri>().expect("a URL");
    let mut config = kube::Config::new(uri);
    let authority = pem::parse_many(flags.file("ca")).expect("PEM");
    config.root_cert = Some(authority.into_iter().map(pem::Pem::into_contents).collect());
    let token = String::from_utf8(flags.file("token-file")).expect("a token");
    config.auth_info.token = Some(token.trim().to_string().into());
    kube::Client::try_from(config).expect("a client")
}

#[tokio::main]
async fn main() {
    let flags = Flags::read();
    let mut reporter = Reporter::new(flags.get("id"));
    let lock = Arc::new(LeaseLock::new(
        client(&flags),
        "leasehold",
        LeaseLockParams {
            holder_id: flags.get("id").into(),
            lease_name: flags.get("lease").into(),
            lease_ttl: Duration::from_secs(15),
        },
    ));
    let is_leader = Arc::new(AtomicBool::new(false));
    tokio::spawn({
        let (lock, is_leader) = (lock.clone(), is_leader.clone());
        async move {
            loop {
                if let Ok(result) = lock.try_acquire_or_renew().await {
                    let acquired = matches!(result, LeaseLockResult::Acquired(_));
                    is_leader.store(acquired, Ordering::Relaxed);
                }
                tokio::time::sleep(Duration::from_secs(5)).await;
            }
        }
    });
    let mut asked_to_stop = signal(SignalKind::terminate()).expect("a handler");
    let mut ticks = tokio::time::interval(BELIEF_PERIOD);
    loop {
        tokio::select! {
            _ = ticks.tick() => reporter.leads(is_leader.load(Ordering::Relaxed)),
            _ = asked_to_stop.recv() => break,
        }
    }
    reporter.leads(false);
    if flags.is("release-on-cancel") {
        let _ = lock.step_down().await;
    }
    std::process::exit(0)
}
