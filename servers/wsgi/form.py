"""Takes a form apart: what a browser sends when somebody presses the button.

A form comes in one of four ways: in the query of the address, or in the content of the request, as one of
three media types. Names and values are bytes, and stay what they are.
"""
import re
from typing import NamedTuple, Optional
from urllib.parse import unquote_to_bytes

# More fields than any form has.
MAX_FIELDS = 10_000

# A parameter of a header field, after its semicolon: name=value, name="value", or nothing at all. In a form
# a backslash means itself, unless a quote follows that does not end the value: some clients escape it.
PARAMETER = re.compile(rb"""
    ;\s* (?: ([^;=\s][^;=]*?) \s*=\s* (?: "((?:[^"]|(?<=\\)")*?)" | ([^";]*[^";\s]) ) \s* (?=;|\Z) )?
""", re.VERBOSE)


class Malformed(ValueError):
    """This cannot be read, or can be read in two ways."""


class Field(NamedTuple):
    name: bytes
    value: bytes
    # The name of the file and the media type, where the field is a file.
    filename: Optional[bytes] = None
    media_type: Optional[bytes] = None


def urlencoded(text):
    """b"name=Ren%C3%A9e+B.&colour=red" is two fields, the first of them with the value "Renée B."."""
    def decode(part):
        return unquote_to_bytes(part.replace(b"+", b" "))

    pairs = (pair.partition(b"=") for pair in text.split(b"&") if pair)
    return [Field(decode(name), decode(value)) for name, _, value in pairs]


def plain(text):
    """A line for each field. One without an equals sign can only be one more line of the value above it."""
    fields = []
    lines = text.split(b"\r\n")
    if not lines[-1]:
        lines.pop()
    for line in lines:
        name, equals, value = line.partition(b"=")
        if equals:
            fields.append(Field(name, value))
        elif fields:
            fields[-1] = Field(fields[-1].name, fields[-1].value + b"\r\n" + line)
        else:
            raise Malformed("The first line of this form has no equals sign.")
    return fields


def multipart(text, boundary):
    """Parts between lines that begin with two hyphens and the boundary (RFC 7578, RFC 2046 5.1.1)."""
    if not boundary:
        raise Malformed("A multipart form needs a boundary in its Content-Type.")
    delimiter = re.compile(
        rb"(?:\A|(?<=\r\n))--%b(?:(--)[ \t]*(?:\r\n|\Z)|[ \t]*\r\n)" % re.escape(boundary))
    fields = []
    start = None
    for line in delimiter.finditer(text):
        if start is not None:
            # The line break before a delimiter belongs to the delimiter, not to the value.
            fields.append(part(text[start:line.start() - 2]))
        if line[1]:
            return fields
        start = line.end()
    raise Malformed("The last part has no end: the closing delimiter line is missing.")


def part(text):
    """A header section, an empty line, and the value."""
    head, empty_line, value = text.partition(b"\r\n\r\n")
    if not empty_line:
        raise Malformed("A part has no empty line between its header fields and its value.")
    headers = {}
    # A line that begins with a blank goes on where the one before it ended.
    for line in re.sub(rb"\r\n(?=[ \t])", b"", head).split(b"\r\n"):
        name, colon, content = line.partition(b":")
        if not colon or not re.fullmatch(rb"[!-~]+", name) or re.search(rb"[\r\n]", content):
            raise Malformed("A header line of a part is not a header field.")
        name = name.lower()
        if name in headers and name in (b"content-disposition", b"content-type"):
            raise Malformed("A part has the same header field twice.")
        headers[name] = content.strip()
    kind, disposition = parameters(headers.get(b"content-disposition", b""))
    if kind != b"form-data" or b"name" not in disposition:
        raise Malformed("A part does not say which field of the form it is.")
    return Field(disposition[b"name"], value, disposition.get(b"filename"), headers.get(b"content-type"))


def parameters(field):
    """A header field with parameters: b"a/b; c=d" is (b"a/b", {b"c": b"d"})."""
    value = field.partition(b";")[0]
    found = {}
    at = len(value)
    while at < len(field):
        parameter = PARAMETER.match(field, at)
        if not parameter:
            raise Malformed("A header field has a parameter that cannot be read.")
        at = parameter.end()
        name, quoted, token = parameter.groups()
        if name:
            name = name.lower()
            if name in found:
                raise Malformed("A header field has the same parameter twice.")
            found[name] = quoted.replace(b'\\"', b'"') if quoted is not None else token
    return value.strip().lower(), found
