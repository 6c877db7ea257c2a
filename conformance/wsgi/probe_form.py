"""The form of the form contract, as an application answers it, and what any resource does.

What takes a form apart is probe_fields.py, the parser of the reference server.
"""

import html
import json
import string

import probe_fields

MAX_LOGGED = 200
TOKEN = set(string.digits + string.ascii_letters + "!#$%&'*+-.^_`|~")
KNOWN = {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}
ALLOW = "GET, HEAD, POST, OPTIONS"


class Refusal(Exception):
    """Why a form is not accepted: a status, and a sentence."""


def answer(environ, start_response, status, content, media_type="text/html; charset=utf-8", headers=()):
    length = ("Content-Length", str(len(content)))
    start_response(status, [("Content-Type", media_type), length, *headers])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [content]


def resource(environ, start_response, allow, content):
    """Answers GET and HEAD, and says what else there is. A method that is not even a word is for the server to
    refuse: an application that did so in its place would hide what is judged."""
    method = environ["REQUEST_METHOD"]
    if method in ("GET", "HEAD") or not TOKEN.issuperset(method):
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
            source, fields = "query", probe_fields.urlencoded(environ.get("QUERY_STRING", "").encode("latin-1"))
        elif method == "POST":
            source, fields = "body", submitted(environ)
        else:
            return other(environ, start_response, ALLOW)
        if len(fields) > probe_fields.MAX_FIELDS:
            raise Refusal("413 Content Too Large", "This form has too many fields.")
    except probe_fields.Malformed as error:
        return refuse(environ, start_response, "400 Bad Request", str(error))
    except Refusal as refusal:
        return refuse(environ, start_response, *refusal.args)
    log(environ["wsgi.errors"], fields)
    vary = [("Vary", "Accept")]
    if accepts_json(environ.get("HTTP_ACCEPT", "")):
        reported = {"fields": [described(field) for field in fields], "source": source}
        return answer(environ, start_response, "200 OK", json.dumps(reported).encode("ascii"), "application/json",
                      vary)
    return answer(environ, start_response, "200 OK", page(fields), headers=vary)


def refuse(environ, start_response, status, why):
    return answer(environ, start_response, status, b"<p>%s</p>\n" % why.encode("ascii"))


def accepts_json(accept):
    return any(part.split(";")[0].strip().lower() == "application/json" for part in accept.split(","))


def described(field):
    return {
        "name_hex": field.name.hex(),
        "filename_hex": None if field.filename is None else field.filename.hex(),
        "type": None if field.media_type is None else field.media_type.decode("utf-8", "replace"),
        "value_hex": field.value.hex(),
    }


def page(fields):
    shown = lambda octets: html.escape((octets or b"").decode("utf-8", "replace"))
    rows = "".join("<tr>" + "".join("<td>" + shown(part) for part in field) + "\n" for field in fields)
    text = '<!DOCTYPE html>\n<meta charset="utf-8">\n<title>Form</title>\n<table>\n' + rows + "</table>\n"
    return text.encode("utf-8")


def log(errors, fields):
    for field in fields:
        file = "" if field.filename is None else ", file " + logged(field.filename)
        errors.write("form: name %s%s, value %s\n" % (logged(field.name), file, logged(field.value)))
    errors.flush()


def logged(octets):
    """Nothing that a terminal or a reader of lines could mistake for an order."""
    return json.dumps(octets[:MAX_LOGGED].decode("utf-8", "replace")).replace("\x7f", "\\u007f")


def submitted(environ):
    """The fields in the content of a POST."""
    if environ.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
        raise Refusal("415 Unsupported Media Type", "A form comes here without a content coding.")
    content = read(environ)
    sent = environ.get("CONTENT_TYPE", "").encode("latin-1")
    if not sent and not content:
        return []
    media_type, parameters = probe_fields.parameters(sent)
    if media_type == b"application/x-www-form-urlencoded":
        return probe_fields.urlencoded(content)
    if media_type == b"multipart/form-data":
        return probe_fields.multipart(content, parameters.get(b"boundary"))
    if media_type == b"text/plain":
        return probe_fields.plain(content)
    raise Refusal("415 Unsupported Media Type", "This is none of the three kinds of form.")


def read(environ):
    """All of the content. Only where its end is certain is it read to the end. A length that is not a number is for
    the server to refuse: here it is as good as none."""
    length = environ.get("CONTENT_LENGTH", "").strip()
    if not length.isdecimal():
        length = ""
    is_terminated = environ.get("wsgi.input_terminated") or environ.get("HTTP_TRANSFER_ENCODING")
    try:
        if not length:
            return environ["wsgi.input"].read() if is_terminated else b""
        content = environ["wsgi.input"].read(int(length))
    except Exception:
        raise Refusal("400 Bad Request", "The content can't be read.")
    if len(content) != int(length):
        raise Refusal("400 Bad Request", "The request ended before its content was complete.")
    return content
