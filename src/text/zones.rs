//! The time zone a phone number suggests, for contacts who don't have one of their own (language §1).
//!
//! Texting somebody at six in the morning is what this avoids, so doubt makes the answer wider: an area code that spans
//! zones gives all of them, and a text must then find every window open. Mobile numbers move, so this is only the
//! fallback for contacts whose zone nobody told us.

use super::addresses::country_code;
use super::area_codes::AREA_CODES;

/// Countries small enough for their clocks, by calling code. Large ones with many zones are left to the workspace's zone.
const COUNTRY_ZONES: &[(&str, &[&str])] = &[
    ("20", &["Africa/Cairo"]),
    ("27", &["Africa/Johannesburg"]),
    ("30", &["Europe/Athens"]),
    ("31", &["Europe/Amsterdam"]),
    ("32", &["Europe/Brussels"]),
    ("33", &["Europe/Paris"]),
    ("34", &["Europe/Madrid", "Atlantic/Canary"]),
    ("36", &["Europe/Budapest"]),
    ("39", &["Europe/Rome"]),
    ("40", &["Europe/Bucharest"]),
    ("41", &["Europe/Zurich"]),
    ("43", &["Europe/Vienna"]),
    ("44", &["Europe/London"]),
    ("45", &["Europe/Copenhagen"]),
    ("46", &["Europe/Stockholm"]),
    ("47", &["Europe/Oslo"]),
    ("48", &["Europe/Warsaw"]),
    ("49", &["Europe/Berlin"]),
    ("51", &["America/Lima"]),
    ("53", &["America/Havana"]),
    ("54", &["America/Argentina/Buenos_Aires"]),
    ("57", &["America/Bogota"]),
    ("58", &["America/Caracas"]),
    ("60", &["Asia/Kuala_Lumpur"]),
    ("63", &["Asia/Manila"]),
    ("65", &["Asia/Singapore"]),
    ("66", &["Asia/Bangkok"]),
    ("81", &["Asia/Tokyo"]),
    ("82", &["Asia/Seoul"]),
    ("84", &["Asia/Ho_Chi_Minh"]),
    ("86", &["Asia/Shanghai"]),
    ("90", &["Europe/Istanbul"]),
    ("91", &["Asia/Kolkata"]),
    ("92", &["Asia/Karachi"]),
    ("94", &["Asia/Colombo"]),
    ("212", &["Africa/Casablanca"]),
    ("213", &["Africa/Algiers"]),
    ("216", &["Africa/Tunis"]),
    ("221", &["Africa/Dakar"]),
    ("225", &["Africa/Abidjan"]),
    ("233", &["Africa/Accra"]),
    ("234", &["Africa/Lagos"]),
    ("251", &["Africa/Addis_Ababa"]),
    ("254", &["Africa/Nairobi"]),
    ("255", &["Africa/Dar_es_Salaam"]),
    ("256", &["Africa/Kampala"]),
    ("351", &["Europe/Lisbon", "Atlantic/Azores"]),
    ("352", &["Europe/Luxembourg"]),
    ("353", &["Europe/Dublin"]),
    ("354", &["Atlantic/Reykjavik"]),
    ("355", &["Europe/Tirane"]),
    ("356", &["Europe/Malta"]),
    ("357", &["Asia/Nicosia"]),
    ("358", &["Europe/Helsinki"]),
    ("359", &["Europe/Sofia"]),
    ("370", &["Europe/Vilnius"]),
    ("371", &["Europe/Riga"]),
    ("372", &["Europe/Tallinn"]),
    ("373", &["Europe/Chisinau"]),
    ("375", &["Europe/Minsk"]),
    ("380", &["Europe/Kyiv"]),
    ("381", &["Europe/Belgrade"]),
    ("385", &["Europe/Zagreb"]),
    ("386", &["Europe/Ljubljana"]),
    ("387", &["Europe/Sarajevo"]),
    ("389", &["Europe/Skopje"]),
    ("420", &["Europe/Prague"]),
    ("421", &["Europe/Bratislava"]),
    ("423", &["Europe/Vaduz"]),
    ("501", &["America/Belize"]),
    ("502", &["America/Guatemala"]),
    ("503", &["America/El_Salvador"]),
    ("504", &["America/Tegucigalpa"]),
    ("505", &["America/Managua"]),
    ("506", &["America/Costa_Rica"]),
    ("507", &["America/Panama"]),
    ("509", &["America/Port-au-Prince"]),
    ("591", &["America/La_Paz"]),
    ("592", &["America/Guyana"]),
    ("595", &["America/Asuncion"]),
    ("598", &["America/Montevideo"]),
    ("852", &["Asia/Hong_Kong"]),
    ("853", &["Asia/Macau"]),
    ("855", &["Asia/Phnom_Penh"]),
    ("880", &["Asia/Dhaka"]),
    ("886", &["Asia/Taipei"]),
    ("961", &["Asia/Beirut"]),
    ("962", &["Asia/Amman"]),
    ("964", &["Asia/Baghdad"]),
    ("965", &["Asia/Kuwait"]),
    ("966", &["Asia/Riyadh"]),
    ("968", &["Asia/Muscat"]),
    ("971", &["Asia/Dubai"]),
    ("972", &["Asia/Jerusalem"]),
    ("973", &["Asia/Bahrain"]),
    ("974", &["Asia/Qatar"]),
    ("977", &["Asia/Kathmandu"]),
    ("994", &["Asia/Baku"]),
    ("995", &["Asia/Tbilisi"]),
    ("998", &["Asia/Tashkent"]),
];

/// The zones of an E.164 number: by area code in North America, by country elsewhere. Several mean that a text's hours
/// must be kept in each; none that the number does not tell.
pub fn zones_of_phone(phone: &str) -> Option<Vec<&'static str>> {
    let code = country_code(phone)?;
    let zones = if code == "1" {
        let area: u16 = phone.get(2..5)?.parse().ok()?;
        AREA_CODES.iter().find(|(_, codes)| codes.contains(&area))?.0
    } else {
        COUNTRY_ZONES.iter().find(|(country, _)| *country == code)?.1
    };
    Some(zones.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn area_codes_and_countries() {
        assert_eq!(zones_of_phone("+15125550111"), Some(vec!["America/Chicago"]));
        assert_eq!(zones_of_phone("+12125550100"), Some(vec!["America/New_York"]));
        assert_eq!(zones_of_phone("+18505550100"), Some(vec!["America/New_York", "America/Chicago"]));
        assert_eq!(zones_of_phone("+16045550100"), Some(vec!["America/Vancouver"]));
        assert_eq!(zones_of_phone("+18765550100"), Some(vec!["America/Jamaica"]));
        assert_eq!(zones_of_phone("+4930123456"), Some(vec!["Europe/Berlin"]));
        // Toll-free, Australia, and what is no number.
        assert_eq!(zones_of_phone("+18005550100"), None);
        assert_eq!(zones_of_phone("+61412345678"), None);
        assert_eq!(zones_of_phone("512"), None);
    }

    #[test]
    fn every_zone_exists_and_every_area_code_is_listed_once() {
        let mut seen = BTreeSet::new();
        for (zones, codes) in AREA_CODES {
            for code in *codes {
                assert!((200..1000).contains(code) && seen.insert(code), "{code}");
            }
            assert!(zones.iter().all(|zone| jiff::tz::TimeZone::get(zone).is_ok()), "{zones:?}");
        }
        for (country, zones) in COUNTRY_ZONES {
            assert!(zones.iter().all(|zone| jiff::tz::TimeZone::get(zone).is_ok()), "{country}");
        }
    }
}
