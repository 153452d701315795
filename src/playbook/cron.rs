//! Cron lines as far as checking goes: five fields within their ranges, and a date that comes.

/// Shortest and longest month days, February as in leap years: "the next 4 years" always hold one but at the turn of most centuries.
const LONGEST: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
/// Names of months in a line, January first.
const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
/// Months as messages say them.
const MONTH_WORDS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
/// Names of weekdays in a line; 0 and 7 are Sunday.
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// What is wrong with a line.
#[derive(Debug, PartialEq)]
pub enum CronFault {
    /// It has so many fields instead of five.
    Fields(usize),
    /// This field can't be read or is out of range.
    Range(String),
    /// This date is in no calendar.
    Never(String),
}

/// Reads a line; `Ok` if it is good.
pub fn read(line: &str) -> Result<(), CronFault> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [minute, hour, day, month, weekday] = fields.as_slice() else { return Err(CronFault::Fields(fields.len())) };
    field(minute, 0, 59, &[], 0)?;
    field(hour, 0, 23, &[], 0)?;
    let days = field(day, 1, 31, &[], 0)?;
    let months = field(month, 1, 12, &MONTHS, 1)?;
    field(weekday, 0, 7, &DAYS, 0)?;
    // With a weekday given as well either one suffices, so some day always comes. `*/2` does not count as given, as in Vixie cron.
    if !weekday.starts_with('*') {
        return Ok(());
    }
    let comes = |month: &u32, day: &u32| LONGEST.get(*month as usize - 1).is_some_and(|last| day <= last);
    if months.iter().any(|month| days.iter().any(|day| comes(month, day))) {
        return Ok(());
    }
    let day = days.first().copied().unwrap_or_default();
    let name = months.first().and_then(|month| MONTH_WORDS.get(*month as usize - 1)).copied().unwrap_or_default();
    Err(CronFault::Never(format!("{day} {name}")))
}

/// The values of a field: `*`, `5`, `1-5`, `*/15`, `1-31/2`, names, and lists of these.
fn field(text: &str, min: u32, max: u32, names: &[&str], first_name: u32) -> Result<Vec<u32>, CronFault> {
    let bad = || CronFault::Range(text.to_owned());
    let number = |word: &str| -> Option<u32> {
        let named = names.iter().zip(first_name..).find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, value)| value);
        named.or_else(|| word.parse().ok().filter(|_| word.bytes().all(|digit| digit.is_ascii_digit()))).filter(|value| (min..=max).contains(value))
    };
    let mut values = Vec::new();
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse().ok().filter(|step| *step > 0).ok_or_else(bad)?),
            None => (part, 1),
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (min, max),
            Some((from, to)) => (number(from).ok_or_else(bad)?, number(to).ok_or_else(bad)?),
            None => {
                let value = number(range).ok_or_else(bad)?;
                // `5/10` counts on from 5, as cron does.
                (value, if part.contains('/') { max } else { value })
            }
        };
        if from > to {
            return Err(bad());
        }
        values.extend((from..=to).step_by(step));
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_fields_in_range() {
        for line in ["0 10 * * 2", "*/15 8-18 * jan-mar mon-fri", "0 0 29 2 *", "0 0 31 2 mon", "0 0 1,15 * *", "5/10 * * * 7"] {
            assert_eq!(read(line), Ok(()), "{line}");
        }
        assert_eq!(read("0 10 * *"), Err(CronFault::Fields(4)));
        assert_eq!(read("0 24 * * *"), Err(CronFault::Range("24".to_owned())));
        assert_eq!(read("0 10 * * tues"), Err(CronFault::Range("tues".to_owned())));
        assert_eq!(read("0 0 31 2 *"), Err(CronFault::Never("31 February".to_owned())));
        assert_eq!(read("0 0 31 2 */2"), Err(CronFault::Never("31 February".to_owned())));
        assert_eq!(read("0 0 31 4,6 *"), Err(CronFault::Never("31 April".to_owned())));
    }
}
