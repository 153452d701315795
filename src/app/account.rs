//! The Twilio account of the settings, as the console's page shows and tests it.

use std::sync::Arc;

use async_trait::async_trait;

use crate::config::Config;
use crate::console::{Account, Change, Facts, Finding, Number};
use crate::model::Channel;
use crate::twilio::check::{self, Level, Sender};
use crate::twilio::{Client, Origin};

/// The account.
pub struct TwilioAccount {
    /// Asks.
    client: Arc<Client>,
    /// What is known anyway.
    facts: Facts,
    /// The senders of the settings.
    senders: Vec<Sender>,
    /// Calls are taken too.
    voice: bool,
}

impl TwilioAccount {
    /// The account of the settings.
    pub fn new(client: Arc<Client>, config: &Config, is_pretend: bool) -> TwilioAccount {
        let twilio = &config.twilio;
        let by_key = twilio.auth.user != twilio.account_sid;
        let facts = Facts {
            account: twilio.account_sid.clone(),
            sends_as: if by_key { format!("API key {}", twilio.auth.user) } else { "the account's auth token".to_owned() },
            tokens: twilio.tokens().len(),
            api_base: twilio.api_base.clone(),
            public_url: config.public_url.clone(),
            is_pretend,
        };
        let origins = |sender: &crate::playbook::Sender| {
            let numbers = sender.numbers.iter().map(|number| Origin::Number(number.0.clone()));
            numbers.chain(sender.service.clone().map(Origin::Service)).collect::<Vec<_>>()
        };
        let senders = config.workspace.senders.iter();
        let senders = senders.flat_map(|sender| origins(sender).into_iter().map(|from| Sender { name: sender.name.clone(), from })).collect();
        TwilioAccount { client, facts, senders, voice: config.workspace.sync.channels.contains(&Channel::Voice) }
    }
}

#[async_trait]
impl Account for TwilioAccount {
    fn facts(&self) -> Facts {
        self.facts.clone()
    }

    async fn test(&self) -> (Vec<Finding>, Vec<Number>) {
        let level = |level| match level {
            Level::Ok => "good",
            Level::Warn => "warn",
            Level::Fail => "bad",
        };
        let found = check::check(&self.client, &self.facts.public_url, &self.senders).await;
        let findings = found.into_iter().map(|finding| Finding { level: level(finding.level), text: finding.text }).collect();
        let mut numbers = Vec::new();
        for sender in &self.senders {
            let Origin::Number(number) = &sender.from else { continue };
            // What is not listed among the numbers stands in the findings.
            if let Ok(Some(found)) = self.client.phone_number(number).await {
                let changes = check::changes(&found, &self.facts.public_url, self.voice && found.voice).into_iter();
                let changes = changes.map(|change| Change { field: change.field, from: change.from, to: change.to }).collect();
                numbers.push(Number { sender: sender.name.clone(), number: number.clone(), changes });
            }
        }
        (findings, numbers)
    }

    async fn connect(&self, number: &str) -> Result<(), String> {
        let is_ours = self.senders.iter().any(|sender| sender.from == Origin::Number(number.to_owned()));
        let found = if is_ours { self.client.phone_number(number).await.map_err(|error| error.to_string())? } else { None };
        let found = found.ok_or_else(|| format!("`{number}` is not a number of this account"))?;
        let changes = check::changes(&found, &self.facts.public_url, self.voice && found.voice);
        let fields: Vec<(&str, &str)> = changes.iter().map(|change| (change.field, change.to.as_str())).collect();
        if fields.is_empty() {
            return Ok(());
        }
        self.client.update_number(&found.sid, &fields).await.map(drop).map_err(|error| error.to_string())
    }
}
