//! Chance without dice: a draw is a hash of who, where and what, so the same contact always draws the same.

use sha2::{Digest, Sha256};

/// A number in [0, 1) for a contact at a step of a playbook.
pub fn draw(phone: &str, playbook: &str, step: &str) -> f64 {
    let hash = Sha256::digest(format!("{phone}\n{playbook}\n{step}"));
    let mut first = [0u8; 8];
    first.copy_from_slice(&hash[..8]);
    u64::from_be_bytes(first) as f64 / 2f64.powi(64)
}

#[cfg(test)]
mod tests {
    use super::draw;

    #[test]
    fn agrees_with_the_reference() {
        assert_eq!(draw("+15125550111", "activation", "offer"), 0.3235857849707295);
        assert_eq!(draw("+12125550100", "cart", "pitch"), 0.7423976139485974);
    }
}
