//! What a server must report of a form: the form contract.

use serde::Deserialize;

use crate::check::Failure;
use crate::reply::Reply;
use crate::transcript::escape_some;

impl Reply {
    /// The fields of a form that the content reports, where it is such a report.
    pub fn form(&self) -> Option<Form> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The content reports just these fields, in this order.
    pub fn reports(&self, fields: &[(&[u8], &[u8])]) -> Result<(), Failure> {
        let expected: Vec<_> = fields.iter().map(|(name, value)| FormField::text(name, value)).collect();
        self.reports_one_of(&[expected])
    }

    /// The content reports one of these lists of fields; a media type counts only where one is expected.
    pub fn reports_one_of(&self, allowed: &[Vec<FormField>]) -> Result<(), Failure> {
        self.status_is(&[200])?;
        let at = self.mark(self.head.len());
        let expected = allowed.iter().map(|fields| describe_fields(fields)).collect::<Vec<_>>().join(", or ");
        let Some(form) = self.form() else {
            let actual = format!("\"{}\"", escape_some(&self.body, 200));
            return Err(self.wrong(format!("a JSON report of the form: {expected}"), actual, at));
        };
        match allowed.iter().any(|fields| same_fields(fields, &form.fields)) {
            true => Ok(()),
            false => Err(self.wrong(expected, describe_fields(&form.fields), at)),
        }
    }

    /// The content reports one of these lists of fields, or the form was refused: where limits and strict
    /// parsers are as good as any, as long as nothing is lost without a word.
    pub fn reports_or_refuses(&self, allowed: &[Vec<FormField>]) -> Result<(), Failure> {
        match self.status {
            400..500 => Ok(()),
            _ => self.reports_one_of(allowed),
        }
    }

    /// The report says that the fields came in the `query`, or in the `body`.
    pub fn reports_source(&self, source: &str) -> Result<(), Failure> {
        let actual = self.form().map(|form| form.source).unwrap_or_default();
        match actual == source {
            true => Ok(()),
            false => {
                let actual = format!("the source \"{}\"", escape_some(actual.as_bytes(), 40));
                Err(self.wrong(format!("the source \"{source}\""), actual, self.mark(self.head.len())))
            }
        }
    }
}

/// What the form contract has a server answer.
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
    /// The file name; null where none was sent.
    pub filename_hex: Option<String>,
    /// The media type; null where none was sent.
    #[serde(rename = "type")]
    pub media_type: Option<String>,
    /// The value, or the content of the file.
    pub value_hex: String,
}

impl FormField {
    /// A field that is no file.
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
    let essence =
        |media_type: &str| media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    expected.len() == actual.len()
        && expected.iter().zip(actual).all(|(expected, actual)| {
            let hex = |field: &FormField| (field.name_hex.to_lowercase(), field.value_hex.to_lowercase());
            let file = |field: &FormField| field.filename_hex.as_ref().map(|name| name.to_lowercase());
            let media_type = |field: &FormField| field.media_type.as_deref().map(essence);
            hex(expected) == hex(actual)
                && file(expected) == file(actual)
                && (expected.media_type.is_none() || media_type(expected) == media_type(actual))
        })
}

fn describe_fields(fields: &[FormField]) -> String {
    let field = |field: &FormField| {
        let file =
            field.filename_hex.as_ref().map_or(String::new(), |name| format!(" (file \"{}\")", text(name)));
        format!("\"{}\"{file} = \"{}\"", text(&field.name_hex), text(&field.value_hex))
    };
    match fields {
        [] => "no fields".into(),
        _ => fields.iter().take(8).map(field).collect::<Vec<_>>().join(", "),
    }
}

/// Octets as lower-case hex digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The octets that hex digits stand for; `None` where they are none.
fn unhex(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// What hex digits stand for, escaped and cut; or the digits themselves, where they are none.
fn text(digits: &str) -> String {
    escape_some(unhex(digits).as_deref().unwrap_or(digits.as_bytes()), 60)
}
