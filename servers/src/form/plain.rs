//! text/plain: easy to read for a person, and ambiguous for a program (HTML Living Standard, "Plain text form data").

use bytes::Bytes;

use super::field::{Field, MAX_FIELDS, Malformed, split_at_equals, split_line};

/// The fields of a form, in order, one a line. Nothing marks where a value ends, so a line without an
/// equals sign is one more line of the value above it.
pub(super) fn parse(content: &Bytes) -> Result<Vec<Field>, Malformed> {
    let mut fields: Vec<Field> = Vec::new();
    let (mut rest, mut value_start) = (&content[..], 0);
    while !rest.is_empty() && fields.len() <= MAX_FIELDS {
        let (line, after) = split_line(rest);
        let line_start = content.len() - rest.len();
        rest = after;
        if let Some((name, value)) = split_at_equals(line) {
            value_start = line_start + name.len() + 1;
            fields.push(Field::text(content.slice_ref(name), content.slice_ref(value)));
        } else {
            let field = fields.last_mut();
            let field = field.ok_or(Malformed("The first line of this form has no equals sign."))?;
            field.value = content.slice(value_start..line_start + line.len());
        }
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_has_a_line_for_each_field() {
        for (input, expected) in [
            ("", Some(&[][..])),
            ("a=b\r\nc=d=e\r\n", Some(&[("a", "b"), ("c", "d=e")])),
            ("a=b", Some(&[("a", "b")])),
            ("a=l1\r\nl2\r\n\r\nl4\r\nb=2\r\n", Some(&[("a", "l1\r\nl2\r\n\r\nl4"), ("b", "2")])),
            ("a=x+y%20\n&b=1\r\n", Some(&[("a", "x+y%20\n&b=1")])),
            ("no sign\r\na=b\r\n", None),
        ] {
            let field = |(name, value): &(&str, &str)| {
                Field::text(Bytes::copy_from_slice(name.as_bytes()), Bytes::copy_from_slice(value.as_bytes()))
            };
            let expected = expected.map(|list| list.iter().map(field).collect::<Vec<_>>());
            assert_eq!(parse(&Bytes::from_static(input.as_bytes())).ok(), expected, "{input:?}");
        }
    }
}
