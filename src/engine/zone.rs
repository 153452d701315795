//! The zone a contact lives in: its own, else its area code's, else the workspace's.

use jiff::tz::TimeZone;

use crate::model::Contact;
use crate::text::zones_of_phone;

/// All zones the contact may be in; several where its area code spans zones, and then a window is open only when it is open in all.
pub fn zones(contact: &Contact, workspace: &TimeZone) -> Vec<TimeZone> {
    if let Some(zone) = contact.text("timezone").and_then(|name| TimeZone::get(name).ok()) {
        return vec![zone];
    }
    let by_phone: Vec<TimeZone> =
        zones_of_phone(contact.phone.as_str()).unwrap_or_default().iter().filter_map(|name| TimeZone::get(name).ok()).collect();
    if by_phone.is_empty() { vec![workspace.clone()] } else { by_phone }
}
