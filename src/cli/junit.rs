//! `bridged test --junit FILE`: the report that build servers read. One suite a file. It has no times: a test at virtual time takes
//! none worth telling.

use super::test::Report;

/// The report as XML.
pub(super) fn xml(reports: &[Report]) -> String {
    let mut files: Vec<&str> = reports.iter().map(|report| report.file.as_str()).collect();
    // Tests of a file stand together, in order of running.
    files.dedup();
    let mut xml = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites{}>\n", counts(reports.iter()));
    for file in files {
        let of_file = || reports.iter().filter(|report| report.file == file);
        xml.push_str(&format!("  <testsuite name=\"{}\"{}>\n", escaped(file), counts(of_file())));
        of_file().for_each(|report| xml.push_str(&case(report)));
        xml.push_str("  </testsuite>\n");
    }
    xml + "</testsuites>\n"
}

/// The two numbers that every level of the report has.
fn counts<'r>(reports: impl Iterator<Item = &'r Report> + Clone) -> String {
    format!(" tests=\"{}\" failures=\"{}\"", reports.clone().count(), reports.filter(|report| !report.passed).count())
}

/// One test; the first thing wrong is its headline, all of it the text.
fn case(report: &Report) -> String {
    let head = format!("    <testcase classname=\"{}\" name=\"{}\"", escaped(&report.playbook), escaped(&report.test));
    let Some(first) = report.failures.first() else { return head + "/>\n" };
    let lines: String = report.failures.iter().map(|failure| format!("{}:{}: {}\n", report.file, failure.line, failure.message)).collect();
    let all = escaped(&format!("{lines}{}", report.situation));
    format!("{head}>\n      <failure message=\"{}\">{all}</failure>\n    </testcase>\n", escaped(&first.message))
}

/// Text in XML. What XML has no form for (control characters) is left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(letter),
            control if control.is_control() || matches!(control, '\u{fffe}' | '\u{ffff}') => {}
            other => escaped.push(other),
        }
    }
    escaped
}
