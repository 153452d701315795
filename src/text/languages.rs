//! Language tags, and how each language writes days and months.
//!
//! The lists serve both directions: the short names are what `day` and `day_time` write, the full ones are what contacts
//! may answer. More languages are more rows.

/// How one language writes dates in a text; the names of a list are parted by spaces. English is the language with the
/// month before the day and a 12-hour clock.
#[derive(Debug)]
pub(super) struct DateWords {
    /// First part of the tags this row is for.
    pub(super) language: &'static str,
    /// Short names of the days, Monday first, as texts show them.
    pub(super) days: &'static str,
    /// Short names of the months, January first, as texts show them.
    pub(super) months: &'static str,
    /// Full names of the days, Monday first, as contacts write them.
    pub(super) full_days: &'static str,
    /// Full names of the months, January first, as contacts write them.
    pub(super) full_months: &'static str,
}

/// The languages whose dates we write and read; the first row is the fallback.
pub(super) const DATE_WORDS: [DateWords; 5] = [
    DateWords {
        language: "en",
        days: "Mon Tue Wed Thu Fri Sat Sun",
        months: "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
        full_days: "monday tuesday wednesday thursday friday saturday sunday",
        full_months: "january february march april may june july august september october \
            november december",
    },
    DateWords {
        language: "es",
        days: "lun mar mié jue vie sáb dom",
        months: "ene feb mar abr may jun jul ago sep oct nov dic",
        full_days: "lunes martes miércoles jueves viernes sábado domingo",
        full_months: "enero febrero marzo abril mayo junio julio agosto septiembre octubre \
            noviembre diciembre",
    },
    DateWords {
        language: "fr",
        days: "lun mar mer jeu ven sam dim",
        months: "janv févr mars avr mai juin juil août sept oct nov déc",
        full_days: "lundi mardi mercredi jeudi vendredi samedi dimanche",
        full_months: "janvier février mars avril mai juin juillet août septembre octobre \
            novembre décembre",
    },
    // Nouns are written large in German, but the language of playbooks has all four in lower case.
    DateWords {
        language: "de",
        days: "mo di mi do fr sa so",
        months: "jan feb mär apr mai jun jul aug sep okt nov dez",
        full_days: "montag dienstag mittwoch donnerstag freitag samstag sonntag",
        full_months: "januar februar märz april mai juni juli august september oktober \
            november dezember",
    },
    DateWords {
        language: "pt",
        days: "seg ter qua qui sex sáb dom",
        months: "jan fev mar abr mai jun jul ago set out nov dez",
        // `segunda-feira` is two words; people write the first.
        full_days: "segunda terça quarta quinta sexta sábado domingo",
        full_months: "janeiro fevereiro março abril maio junho julho agosto setembro outubro \
            novembro dezembro",
    },
];

impl DateWords {
    /// The row for a language tag, English where there is none.
    pub(super) fn of(tag: &str) -> &'static DateWords {
        let language = first_part(tag);
        let [english, ..] = &DATE_WORDS;
        DATE_WORDS.iter().find(|row| row.language == language).unwrap_or(english)
    }

    /// The name at a place of one of the lists, counted from 0.
    pub(super) fn at(names: &'static str, place: i8) -> &'static str {
        let place = usize::try_from(place).ok();
        place.and_then(|place| names.split(' ').nth(place)).unwrap_or_default()
    }

    /// The place of a name in one of the lists, in any case.
    pub(super) fn place(names: &'static str, name: &str) -> Option<usize> {
        names.split(' ').position(|known| known == name || known.to_lowercase() == name)
    }

    /// Whether dates are written month first and times with am and pm.
    pub(super) fn is_english(&self) -> bool {
        self.language == "en"
    }
}

/// `es` of `es-MX`, in lower case.
pub fn first_part(tag: &str) -> String {
    tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase()
}

/// The tags to try for a contact, best first: its full tag, the first part of it, the playbook's, the workspace's.
/// Each is given once.
pub fn in_order<'a>(contact: &'a str, playbook: Option<&'a str>, workspace: &'a str) -> Vec<&'a str> {
    let first = contact.split(['-', '_']).next().unwrap_or_default();
    let mut tags: Vec<&str> = Vec::with_capacity(4);
    for tag in [Some(contact), Some(first), playbook, Some(workspace)].into_iter().flatten() {
        if !tag.is_empty() && !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_tried_from_the_most_exact_on() {
        assert_eq!(in_order("es-MX", Some("fr"), "en"), ["es-MX", "es", "fr", "en"]);
        assert_eq!(in_order("en", None, "en"), ["en"]);
        assert_eq!(in_order("", Some("de"), "en"), ["de", "en"]);
    }

    #[test]
    fn date_words_fall_back_to_english() {
        assert_eq!(DateWords::of("es-MX").language, "es");
        assert_eq!(DateWords::of("PT_br").language, "pt");
        assert!(DateWords::of("ja").is_english());
    }
}
