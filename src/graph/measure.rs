//! How wide text is, and where it breaks, without a font at hand: estimated by the widest of the usual system fonts (Verdana, DejaVu
//! Sans), so that no reader's font runs out of its box.

/// Width of a letter in parts of the font's size.
fn width_of(letter: char) -> f64 {
    match letter {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | ' ' => 0.37,
        'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '{' | '}' | '/' | '"' | '-' => 0.46,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 1.02,
        'A'..='Z' | '<' | '>' | '=' | '+' | '&' | '#' | '…' => 0.8,
        // From here on letters may be as wide as they are high: Chinese, emoji.
        '\u{2000}'.. => 1.3,
        _ => 0.66,
    }
}

/// Width of a line in pixels.
pub(super) fn width(line: &str, size: f64) -> f64 {
    line.chars().map(width_of).sum::<f64>() * size
}

/// A text in at most `max` lines of at most `room` pixels, cut with `…` where it is longer. Breaks between words; a word that is longer
/// than a line breaks anywhere.
pub(super) fn wrap(text: &str, size: f64, room: f64, max: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(line, size) + width_of(' ') * size + width(word, size) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(String::new()),
        }
        let placed = lines.last().is_some_and(|line| !line.is_empty());
        if placed {
            continue;
        }
        for letter in word.chars().map(|letter| if letter.is_control() { ' ' } else { letter }) {
            let full = lines.last().is_some_and(|line| width(line, size) + width_of(letter) * size > room);
            if full {
                lines.push(String::new());
            }
            if let Some(line) = lines.last_mut() {
                line.push(letter);
            }
        }
    }
    if lines.len() > max {
        lines.truncate(max);
        if let Some(line) = lines.last_mut() {
            while width(line, size) + width_of('…') * size > room && line.pop().is_some() {}
            line.push('…');
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_its_room() {
        for text in [
            "Hi there, are you planning a kitchen this year?",
            "https://a.example/averyveryverylongaddresswithoutend",
            "漢字漢字漢字漢字漢字漢字",
            "😀😀😀😀😀😀",
            "",
            "\u{7}",
        ] {
            for room in [40.0, 100.0, 200.0] {
                let lines = wrap(text, 13.0, room, 3);
                assert!(lines.len() <= 3 && lines.iter().all(|line| width(line, 13.0) <= room), "{lines:?}");
            }
        }
        assert_eq!(wrap("one two three", 10.0, 60.0, 2), ["one two", "three"]);
        assert_eq!(wrap("one two three fourteen", 10.0, 60.0, 2), ["one two", "three…"]);
    }
}
