"""The form of the form contract, as an application answers it, and what any resource does."""

import html
import json
import urllib.parse

MAX_FIELDS = 10000
MAX_PART_HEADER = 16 * 1024
MAX_LOGGED = 200
KNOWN = {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}
ALLOW = "GET, HEAD, POST, OPTIONS"
ACCEPT = "application/x-www-form-urlencoded, multipart/form-data, text/plain"


class Refusal(Exception):
    """Why a form can't be taken: a status, and a sentence."""


def malformed(why):
    return Refusal("400 Bad Request", why)


def answer(environ, start_response, status, content, media_type="text/html; charset=utf-8", headers=()):
    length = ("Content-Length", str(len(content)))
    start_response(status, [("Content-Type", media_type), length, *headers])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [content]


def resource(environ, start_response, allow, content):
    """Answers GET and HEAD, and says what else there is."""
    method = environ["REQUEST_METHOD"]
    if method in ("GET", "HEAD"):
        return answer(environ, start_response, "200 OK", content())
    return other(environ, start_response, allow)


def other(environ, start_response, allow):
    """Answers a method that the resource lacks."""
    method, allowed = environ["REQUEST_METHOD"], [("Allow", allow)]
    if method == "OPTIONS":
        return answer(environ, start_response, "200 OK", b"", headers=allowed)
    status = "405 Method Not Allowed" if method in KNOWN else "501 Not Implemented"
    return answer(environ, start_response, status, b"<p>No such method here.</p>\n", headers=allowed)


def respond(environ, start_response):
    """Answers the form with what it holds."""
    method = environ["REQUEST_METHOD"]
    try:
        if method in ("GET", "HEAD"):
            source, fields = "query", urlencoded(environ.get("QUERY_STRING", "").encode("latin-1"))
        elif method == "POST":
            source, fields = "body", submitted(environ)
        else:
            return other(environ, start_response, ALLOW)
        if len(fields) > MAX_FIELDS:
            raise Refusal("413 Content Too Large", "This form has too many fields.")
    except Refusal as refusal:
        status, why = refusal.args
        return answer(environ, start_response, status, b"<p>%s</p>\n" % why.encode("ascii"))
    log(environ["wsgi.errors"], fields)
    vary = [("Vary", "Accept")]
    if accepts_json(environ.get("HTTP_ACCEPT", "")):
        content = json.dumps({"fields": [told(*field) for field in fields], "source": source}).encode("ascii")
        return answer(environ, start_response, "200 OK", content, "application/json", vary)
    return answer(environ, start_response, "200 OK", page(fields), headers=vary)


def accepts_json(accept):
    return any(part.split(";")[0].strip().lower() == "application/json" for part in accept.split(","))


def told(name, filename, media_type, value):
    return {
        "name_hex": name.hex(),
        "filename_hex": None if filename is None else filename.hex(),
        "type": None if media_type is None else media_type.decode("utf-8", "replace"),
        "value_hex": value.hex(),
    }


def page(fields):
    shown = lambda octets: html.escape((octets or b"").decode("utf-8", "replace"))
    rows = "".join("<tr>" + "".join("<td>" + shown(part) for part in field) + "\n" for field in fields)
    text = '<!DOCTYPE html>\n<meta charset="utf-8">\n<title>Form</title>\n<table>\n' + rows + "</table>\n"
    return text.encode("utf-8")


def log(errors, fields):
    for name, filename, _, value in fields:
        file = "" if filename is None else ", file " + logged(filename)
        errors.write("form: name %s%s, value %s\n" % (logged(name), file, logged(value)))
    errors.flush()


def logged(octets):
    """Nothing that a terminal or a reader of lines could take for an order."""
    return json.dumps(octets[:MAX_LOGGED].decode("utf-8", "replace")).replace("\x7f", "\\u007f")


def submitted(environ):
    """The fields in the content of a POST."""
    if environ.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
        raise Refusal("415 Unsupported Media Type", "Forms are taken without a content coding.")
    content = read(environ)
    sent = environ.get("CONTENT_TYPE", "").encode("latin-1")
    if not sent and not content:
        return []
    media_type, parameters = parameters_of(sent, "The Content-Type can't be read.")
    if media_type == b"application/x-www-form-urlencoded":
        return urlencoded(content)
    if media_type == b"multipart/form-data":
        if not parameters.get(b"boundary"):
            raise malformed("A multipart form needs a boundary.")
        return [part_of(part) for part in parts(content, parameters[b"boundary"])]
    if media_type == b"text/plain":
        return plain(content)
    raise Refusal("415 Unsupported Media Type", "This is none of the three kinds of form: " + ACCEPT)


def read(environ):
    """All of the content. Only where its end is certain is it read to the end."""
    length = environ.get("CONTENT_LENGTH")
    is_terminated = environ.get("wsgi.input_terminated") or environ.get("HTTP_TRANSFER_ENCODING")
    try:
        if not length:
            return environ["wsgi.input"].read() if is_terminated else b""
        content = environ["wsgi.input"].read(int(length))
    except Exception:
        raise malformed("The content can't be read.")
    if len(content) != int(length):
        raise malformed("The request ended before its content was complete.")
    return content


def urlencoded(content):
    decoded = lambda part: urllib.parse.unquote_to_bytes(part.replace(b"+", b" "))
    pairs = [pair.partition(b"=") for pair in content.split(b"&", MAX_FIELDS + 1) if pair]
    return [(decoded(name), None, None, decoded(value)) for name, _, value in pairs]


def plain(content):
    """A line for each field; a line without an equals sign goes on with the value above it."""
    fields = []
    lines = content.split(b"\r\n")
    for line in lines[:-1] if not lines[-1] else lines:
        name, equals, value = line.partition(b"=")
        if equals:
            fields.append((name, None, None, value))
        elif fields:
            name, _, _, above = fields.pop()
            fields.append((name, None, None, above + b"\r\n" + line))
        else:
            raise malformed("The first line of this form has no equals sign.")
    return fields


def parts(content, boundary):
    """What lies between the delimiter lines (RFC 2046 5.1.1)."""
    delimiter, found, start, line = b"--" + boundary, [], None, 0
    while True:
        end = content.find(b"\r\n", line)
        text = content[line:] if end < 0 else content[line:end]
        if text.startswith(delimiter):
            rest = text[len(delimiter):].rstrip(b" \t")
            if rest == b"--" or not rest and end >= 0:
                if start is not None:
                    # The line break in front of a delimiter belongs to the delimiter.
                    found.append(content[start:max(line - 2, start)])
                if rest:
                    return found
                start = end + 2
        if end < 0:
            raise malformed("The closing delimiter line is missing.")
        # Most lines of a large file are none of ours.
        line = content.find(b"\r\n" + delimiter, end) + 2 if start is not None else end + 2
        if line < 2:
            raise malformed("The closing delimiter line is missing.")


def part_of(part):
    """One part (RFC 7578 4.2)."""
    # Where there are no header fields the empty line is all that stands in front of the value.
    end = part.find(b"\r\n\r\n", 0, MAX_PART_HEADER)
    if end < 0:
        raise malformed("A part has no empty line behind its header fields.")
    fields = {}
    for line in part[:end].replace(b"\r\n ", b" ").replace(b"\r\n\t", b"\t").split(b"\r\n"):
        name, colon, value = line.partition(b":")
        key = name.lower()
        is_name = name and all(0x21 <= octet <= 0x7E for octet in name)
        if not colon or not is_name or b"\r" in line or b"\n" in line:
            raise malformed("A header line of a part is not a header field.")
        if key in fields and key in (b"content-disposition", b"content-type"):
            raise malformed("A part has the same header field twice.")
        fields[key] = value.strip()
    disposition, parameters = parameters_of(fields.get(b"content-disposition", b""), "No Content-Disposition.")
    if disposition != b"form-data" or b"name" not in parameters:
        raise malformed("The Content-Disposition of a part is not that of a form.")
    return parameters[b"name"], parameters.get(b"filename"), fields.get(b"content-type"), part[end + 4:]


def parameters_of(field, why):
    """A value in lower case, and its parameters; what can be read in two ways is refused."""
    value, semicolon, rest = field.partition(b";")
    parameters = {}
    while semicolon:
        rest = rest.lstrip()
        if not rest or rest.startswith(b";"):
            _, semicolon, rest = rest.partition(b";")
            continue
        name, equals, rest = rest.partition(b"=")
        name = name.strip().lower()
        if not equals or not name or b";" in name or name in parameters:
            raise malformed(why)
        rest = rest.lstrip()
        parameters[name], rest = quoted(rest[1:], why) if rest.startswith(b'"') else unquoted(rest, why)
        rest = rest.lstrip()
        if rest and not rest.startswith(b";"):
            raise malformed(why)
        semicolon, rest = rest[:1], rest[1:]
    return value.strip().lower(), parameters


def unquoted(text, why):
    value, semicolon, rest = text.partition(b";")
    if not value.strip() or b'"' in value:
        raise malformed(why)
    return value.strip(), semicolon + rest


def quoted(text, why):
    """A backslash is an ordinary character, for browsers; only in front of a quote that ends nothing it is not."""
    value = bytearray()
    for at, octet in enumerate(text):
        if octet != ord('"'):
            value.append(octet)
        elif text[at + 1:].lstrip()[:1] in (b"", b";"):
            return bytes(value), text[at + 1:]
        elif value.endswith(b"\\"):
            value[-1:] = b'"'
        else:
            break
    raise malformed(why)
