//! What texts cost, by the country of the contact and the kind of sender, as `prices:` in the settings says.

use std::collections::BTreeMap;

use crate::model::SenderType;

/// A price of one segment (of one message on WhatsApp): carriers' fees differ, so it is a range.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Price {
    /// At least.
    pub low: f64,
    /// At most.
    pub high: f64,
}

impl Price {
    /// Reads `0.0079` or `0.0079-0.0129`.
    pub fn parse(text: &str) -> Option<Price> {
        let (low, high) = text.split_once('-').unwrap_or((text, text));
        let amount = |text: &str| text.trim().parse::<f64>().ok().filter(|amount| amount.is_finite() && *amount >= 0.0);
        let price = Price { low: amount(low)?, high: amount(high)? };
        (price.low <= price.high).then_some(price)
    }
}

/// The price list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prices {
    /// As shown behind amounts: `USD`.
    pub currency: String,
    /// A broadcast that may cost more is refused.
    pub max_cost: Option<f64>,
    /// By the beginning of the contact's number (`+1`, `+44`), then by kind of sender.
    pub per_segment: BTreeMap<String, BTreeMap<SenderType, Price>>,
}

impl Prices {
    /// The price of a segment to a number, by the longest beginning that is listed.
    pub fn of(&self, phone: &str, kind: SenderType) -> Option<Price> {
        let fits = self.per_segment.iter().filter(|(prefix, _)| phone.starts_with(prefix.as_str()));
        fits.max_by_key(|(prefix, _)| prefix.len()).and_then(|(_, kinds)| kinds.get(&kind).copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_beginning_counts() {
        let price = |text: &str| Price::parse(text).unwrap_or_default();
        let list = |text: &str| BTreeMap::from([(SenderType::LongCode, price(text))]);
        let prices =
            Prices { per_segment: [("+1".to_owned(), list("0.0079-0.0129")), ("+1876".to_owned(), list("0.2"))].into(), ..Prices::default() };
        assert_eq!(prices.of("+15125550111", SenderType::LongCode), Some(Price { low: 0.0079, high: 0.0129 }));
        assert_eq!(prices.of("+18765550111", SenderType::LongCode), Some(Price { low: 0.2, high: 0.2 }));
        assert_eq!((prices.of("+15125550111", SenderType::ShortCode), prices.of("+4915125550111", SenderType::LongCode)), (None, None));
        assert_eq!([Price::parse("0.2-0.1"), Price::parse("-1"), Price::parse("x")], [None, None, None]);
    }
}
