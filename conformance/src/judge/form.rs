//! What a server must report of a form: the form contract.

use serde::Deserialize;

use crate::judge::failure::Failure;
use crate::judge::reply::STATUS_AT;
use crate::wire::octets::{escape_some, hex, unhex};
use crate::wire::reply::Reply;

/// How an expectation begins of which the status is not enough.
pub(crate) const REPORT_DUE: &str = "status 200 with a JSON report of the form";

/// How it is said of content that it is not such a report: it is not JSON, or not the right one.
pub(crate) const NO_REPORT: [&str; 2] = ["content that is not JSON", "JSON that is not the report"];

impl Reply {
    /// The form that the content reports, if it is such a report.
    pub fn form(&self) -> Option<Form> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The content reports exactly these fields, those of one name in this order.
    pub fn reports(&self, fields: &[(&[u8], &[u8])]) -> Result<(), Failure> {
        let expected: Vec<_> = fields.iter().map(|(name, value)| FormField::text(name, value)).collect();
        self.reports_one_of(&[expected])
    }

    /// The content reports one of these lists of fields. The order counts among fields of one name, and a
    /// media type only where one is expected.
    pub fn reports_one_of(&self, allowed: &[Vec<FormField>]) -> Result<(), Failure> {
        if self.status != 200 {
            return Err(self.wrong(REPORT_DUE, self.describe(), self.mark(STATUS_AT)));
        }
        let at = self.mark(self.head.len());
        let form = self.form();
        let actual = form.as_ref().map_or(&[][..], |form| &form.fields);
        if form.is_some() && allowed.iter().any(|fields| same_fields(fields, actual)) {
            return Ok(());
        }
        let compared = allowed.iter().map(|fields| {
            let order = arrange(actual, fields);
            let arranged: Vec<FormField> = order.iter().map(|at| actual[*at].clone()).collect();
            let parting = Parting::of(fields, &arranged);
            // What came is shown as it came.
            let field = order.get(parting.field).copied().unwrap_or(actual.len());
            (parting, parting.show(fields), Parting { field, ..parting }.show(actual))
        });
        let expected = compared.clone().map(|(_, expected, _)| expected).collect::<Vec<_>>().join(", or ");
        Err(match form {
            Some(_) => {
                let nearest = compared.max_by_key(|(parting, ..)| *parting);
                self.wrong(expected, nearest.map(|(.., actual)| actual).unwrap_or_default(), at)
            }
            None => {
                let actual = format!("{}: \"{}\"", self.no_report(), escape_some(&self.body, 200));
                self.wrong(format!("a JSON report of the form: {expected}"), actual, at)
            }
        })
    }

    /// What the content is instead of the report of a form.
    fn no_report(&self) -> String {
        let [not_json, not_the_report] = NO_REPORT;
        let wrong = serde_json::from_slice::<Form>(&self.body).err().filter(|wrong| wrong.is_data());
        match (wrong, self.field("Content-Type")) {
            (Some(wrong), _) => {
                let wrong = wrong.to_string();
                let wrong = wrong.split(" at line ").next().unwrap_or_default();
                format!("{not_the_report} ({})", escape_some(wrong.as_bytes(), 100))
            }
            (None, Some(media_type)) => {
                format!("{not_json}, but {}", escape_some(media_type, SHOWN_OCTETS))
            }
            (None, None) => format!("{not_json}, and has no Content-Type"),
        }
    }

    /// The content reports one of these lists of fields, or the form was refused: for input where strict parsers
    /// and limits are a good choice, as long as nothing is lost silently.
    pub fn reports_or_refuses(&self, allowed: &[Vec<FormField>]) -> Result<(), Failure> {
        match self.status {
            400..600 => Ok(()),
            _ => self.reports_one_of(allowed),
        }
    }

    /// The content reports exactly these fields, all in this order.
    pub fn reports_in_order(&self, fields: &[FormField]) -> Result<(), Failure> {
        self.reports_one_of(&[fields.to_vec()])?;
        let actual = self.form().map(|form| form.fields).unwrap_or_default();
        if fields.iter().zip(&actual).all(|(a, b)| same_field(a, b)) {
            Ok(())
        } else {
            let (expected, actual) = [fields, &actual].map(|list| Parting::default().show(list)).into();
            Err(self.wrong(expected, actual, self.mark(self.head.len())))
        }
    }

    /// The report says that the fields came in the `query`, or in the `body`.
    pub fn reports_source(&self, source: &str) -> Result<(), Failure> {
        let actual = self.form().map(|form| form.source).unwrap_or_default();
        if actual == source {
            Ok(())
        } else {
            let actual = format!("the source \"{}\"", escape_some(actual.as_bytes(), 40));
            Err(self.wrong(format!("the source \"{source}\""), actual, self.mark(self.head.len())))
        }
    }
}

/// The answer that the form contract asks for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Form {
    /// The fields in order of arrival.
    pub fields: Vec<FormField>,
    /// `query` or `body`.
    pub source: String,
}

/// One field of a form, in hex so that nothing is lost on the way.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct FormField {
    /// The name.
    pub name_hex: String,
    /// The file name; null if none was sent.
    pub filename_hex: Option<String>,
    /// The media type; null if none was sent.
    #[serde(rename = "type")]
    pub media_type: Option<String>,
    /// The value, or the content of the file.
    pub value_hex: String,
}

impl FormField {
    /// A field that is not a file.
    pub fn text(name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> FormField {
        let (name_hex, value_hex) = (hex(name.as_ref()), hex(value.as_ref()));
        FormField { name_hex, filename_hex: None, media_type: None, value_hex }
    }

    /// A file.
    pub fn file(
        name: impl AsRef<[u8]>,
        filename: impl AsRef<[u8]>,
        media_type: &str,
        content: impl AsRef<[u8]>,
    ) -> FormField {
        let filename_hex = Some(hex(filename.as_ref()));
        FormField { filename_hex, media_type: Some(media_type.into()), ..FormField::text(name, content) }
    }

    /// A form that is one text file in the field `f`, with the content `1`.
    pub fn lone_file(filename: &str) -> Vec<FormField> {
        vec![FormField::file("f", filename, "text/plain", "1")]
    }

    /// The octets of the name.
    pub fn name(&self) -> Vec<u8> {
        unhex(&self.name_hex).unwrap_or_default()
    }

    /// The octets of the file name.
    pub fn filename(&self) -> Option<Vec<u8>> {
        self.filename_hex.as_deref().and_then(unhex)
    }

    /// The octets of the value, or of the file.
    pub fn value(&self) -> Vec<u8> {
        unhex(&self.value_hex).unwrap_or_default()
    }
}

fn same_fields(expected: &[FormField], actual: &[FormField]) -> bool {
    expected.len() == actual.len()
        && expected.iter().zip(arrange(actual, expected)).all(|(a, b)| same_field(a, &actual[b]))
}

/// Positions of the fields, arranged like those that they are compared with as far as they have the same names: good
/// parsers may keep text fields and files, or the fields of each name, in separate lists.
fn arrange(fields: &[FormField], like: &[FormField]) -> Vec<usize> {
    let of_a_kind = |a: &FormField, b: &FormField| {
        a.name_hex.eq_ignore_ascii_case(&b.name_hex) && a.filename_hex.is_some() == b.filename_hex.is_some()
    };
    let mut rest: Vec<usize> = (0..fields.len()).collect();
    let mut arranged = Vec::new();
    for model in like {
        if let Some(at) = rest.iter().position(|at| of_a_kind(&fields[*at], model)) {
            arranged.push(rest.remove(at));
        }
    }
    arranged.extend(rest);
    arranged
}

fn same_field(expected: &FormField, actual: &FormField) -> bool {
    let essence =
        |media_type: &str| media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let hex = |field: &FormField| (field.name_hex.to_lowercase(), field.value_hex.to_lowercase());
    let file = |field: &FormField| field.filename_hex.as_ref().map(|name| name.to_lowercase());
    let media_type = |field: &FormField| field.media_type.as_deref().map(essence);
    hex(expected) == hex(actual)
        && file(expected) == file(actual)
        && (expected.media_type.is_none() || media_type(expected) == media_type(actual))
}

/// How many fields of a list, and how many octets of a value, are shown.
const SHOWN: usize = 8;
const SHOWN_OCTETS: usize = 60;

/// Where two lists of fields begin to differ: at which field, and at which octet of its value. Of long lists and
/// long values, that place is shown.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Parting {
    field: usize,
    octet: usize,
}

impl Parting {
    fn of(expected: &[FormField], actual: &[FormField]) -> Parting {
        let field = expected.iter().zip(actual).take_while(|(a, b)| same_field(a, b)).count();
        let digits =
            |fields: &[FormField]| fields.get(field).map_or(Vec::new(), |f| f.value_hex.clone().into());
        let same = digits(expected).iter().zip(&digits(actual)).take_while(|(a, b)| a == b).count();
        Parting { field, octet: same / 2 }
    }

    fn show(self, fields: &[FormField]) -> String {
        if fields.is_empty() {
            return "no fields".into();
        }
        let from = if fields.len() > SHOWN { self.field.saturating_sub(SHOWN / 2) } else { 0 };
        let shown = fields.iter().enumerate().skip(from).take(SHOWN);
        let shown = shown.map(|(at, field)| describe(field, if at == self.field { self.octet } else { 0 }));
        let shown = shown.collect::<Vec<_>>().join(", ");
        match fields.len() {
            ..=SHOWN => shown,
            many => format!("{many} fields, from number {}: {shown}", from + 1),
        }
    }
}

/// One field; of a long value, what is around `octet`.
fn describe(field: &FormField, octet: usize) -> String {
    let file = field.filename_hex.as_ref().map(|name| format!("file \"{}\"", text(name)));
    let facts: Vec<String> = file.into_iter().chain(field.media_type.as_deref().map(shorten)).collect();
    let facts = if facts.is_empty() { String::new() } else { format!(" ({})", facts.join(", ")) };
    let value = field.value();
    let from = if value.len() > SHOWN_OCTETS { octet.saturating_sub(SHOWN_OCTETS / 2) } else { 0 };
    let place = if from == 0 { String::new() } else { format!("from byte {from}: ") };
    let value = escape_some(value.get(from..).unwrap_or_default(), SHOWN_OCTETS);
    format!("\"{}\"{facts} = {place}\"{value}\"", text(&field.name_hex))
}

fn shorten(text: &str) -> String {
    escape_some(text.as_bytes(), SHOWN_OCTETS)
}

/// What hex digits mean, escaped and cut; or the text itself, if it is not hex digits.
fn text(digits: &str) -> String {
    escape_some(unhex(digits).as_deref().unwrap_or(digits.as_bytes()), SHOWN_OCTETS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::read::{Progress, read};

    #[test]
    fn what_is_shown_is_where_the_lists_part() {
        let many = |last: &str| {
            let names = (0..20).map(|at| if at == 19 { last.to_string() } else { format!("f{at}") });
            names.map(|name| FormField::text(name, "")).collect::<Vec<_>>()
        };
        let parting = Parting::of(&many("a"), &many("b"));
        let shown = parting.show(&many("b"));
        assert!(
            shown.starts_with("20 fields, from number 16: \"f15\"") && shown.ends_with("\"b\" = \"\""),
            "{shown}"
        );
        let long = |last: &str| vec![FormField::file("f", "x", "a/b", "x".repeat(1000) + last)];
        let parting = Parting::of(&long("a"), &long("b"));
        let shown = parting.show(&long("b"));
        assert_eq!(shown, format!("\"f\" (file \"x\", a/b) = from byte 970: \"{}b\"", "x".repeat(30)));
    }

    #[test]
    fn order_counts_among_fields_of_one_name() {
        let list = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, value)| FormField::text(name, value)).collect::<Vec<_>>()
        };
        let sent = list(&[("a", "1"), ("b", "2"), ("a", "3")]);
        assert!(same_fields(&sent, &list(&[("a", "1"), ("a", "3"), ("b", "2")])));
        assert!(!same_fields(&sent, &list(&[("a", "3"), ("b", "2"), ("a", "1")])));
        assert!(!same_fields(&sent, &list(&[("a", "1"), ("b", "2")])));
        assert!(!same_fields(&sent, &list(&[("a", "1"), ("b", "2"), ("a", "3"), ("a", "3")])));
    }

    #[test]
    fn what_came_is_shown_as_it_came() {
        let report = r#"{"fields":[
            {"name_hex":"62","filename_hex":null,"type":null,"value_hex":"32"},
            {"name_hex":"61","filename_hex":null,"type":null,"value_hex":"33"}],"source":"body"}"#;
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", report.len());
        let Progress::Whole(reply, _) = read(&[head.as_bytes(), report.as_bytes()].concat(), false, 1, 0)
        else {
            panic!("no reply")
        };
        match reply.reports(&[(b"a", b"1"), (b"b", b"2")]) {
            Err(Failure::Fail { expected, actual, .. }) => {
                assert_eq!(
                    (&expected[..], &actual[..]),
                    (r#""a" = "1", "b" = "2""#, r#""b" = "2", "a" = "3""#)
                );
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_no_report_is_named() {
        let found = |media_type: &str, content: &str| {
            let length = content.len();
            let head = format!("HTTP/1.1 200 OK\r\n{media_type}Content-Length: {length}\r\n\r\n");
            match read(&[head.as_bytes(), content.as_bytes()].concat(), false, 1, 0) {
                Progress::Whole(reply, _) => match reply.reports(&[]) {
                    Err(Failure::Fail { actual, .. }) => actual,
                    other => panic!("{other:?}"),
                },
                _ => panic!("no reply"),
            }
        };
        assert_eq!(
            [found("Content-Type: text/html\r\n", "<p>"), found("", "{"), found("", r#"{"fields":[]}"#)],
            [
                r#"content that is not JSON, but text/html: "<p>""#,
                r#"content that is not JSON, and has no Content-Type: "{""#,
                r#"JSON that is not the report (missing field `source`): "{"fields":[]}""#,
            ]
        );
    }

    #[test]
    fn a_media_type_counts_only_where_one_is_expected() {
        let text = FormField::text("a", "1");
        let typed = |media_type: &str| FormField { media_type: Some(media_type.into()), ..text.clone() };
        assert!(same_field(&text, &typed("text/plain")));
        assert!(same_field(&typed("text/plain"), &typed("Text/Plain; charset=utf-8")));
        assert!(!same_field(&typed("text/plain"), &text));
    }
}
