//! Settings that work and may surprise: each gets a sentence when the daemon starts.

use super::{Config, Durability, StoreUrl, network};

/// The sentences.
pub(super) fn warnings(config: &Config) -> Vec<String> {
    let says = [
        (
            config.durability == Durability::Normal && matches!(config.store, StoreUrl::Sqlite(_)),
            "`durability: normal` survives a crash of the daemon, not a power cut: the last texts taken in may be lost then".to_owned(),
        ),
        (matches!(config.store, StoreUrl::Memory), "`store: memory` keeps nothing: all conversations end with the daemon".to_owned()),
        (
            !config.console.ip().is_loopback(),
            format!("`console` listens on {}, where others reach it: put TLS before it, and keep the token secret", config.console),
        ),
        (!config.pretend && network::is_open(&config.public_url), "`public_url` is not https: texts of contacts can be read on the way".to_owned()),
        (
            !config.pretend && network::is_open(&config.twilio.api_base),
            "`twilio.api_base` is not https: the account's credentials can be read on the way".to_owned(),
        ),
        (config.workspace.brand.is_empty(), "`brand` is not set: texts with `{{ brand }}` name nobody".to_owned()),
        (!config.workspace.sync.outbound, "`sync.direction: inbound`: nothing is sent, and what playbooks say is held".to_owned()),
        (!config.workspace.sync.inbound, "`sync.direction: outbound`: what contacts write moves no playbook".to_owned()),
    ];
    says.into_iter().filter(|(applies, _)| *applies).map(|(_, sentence)| sentence).collect()
}
