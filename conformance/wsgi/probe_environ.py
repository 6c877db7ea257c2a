"""What the probe sees in its environ."""

import os
import urllib.parse


def escaped(octets):
    """Octets as text: what can be printed is as it is."""
    return octets.decode("latin-1").encode("unicode_escape").decode("ascii")


def described(value):
    """The type of an object, and what it says of itself."""
    return "%s %s" % (type(value).__name__, ascii(value)[:200])


def look(environ):
    """The environ: strings that stand for octets, apart from them all other objects, and the names of what is also in
    the environment of the process, which a server may hand on (PEP 3333, "environ Variables")."""
    strings, objects = [], {}
    inherited = [name for name, value in environ.items() if type(name) is str and os.environ.get(name) == value]
    for name, value in list(environ.items()):
        if type(name) is str and type(value) is str:
            try:
                strings.append(escaped((name + "=" + value).encode("latin-1")))
                continue
            except UnicodeEncodeError:
                pass
        objects[name if type(name) is str else described(name)] = described(value)
    return strings, objects, inherited


def url_of(environ):
    """The URL of the request, or why there is none."""
    try:
        return reconstructed(environ)
    except Exception as error:
        return described(error)


def reconstructed(environ):
    """What PEP 3333 has applications do ("URL Reconstruction")."""
    quote = lambda part: urllib.parse.quote(part, encoding="latin-1")
    scheme, port = environ["wsgi.url_scheme"], environ["SERVER_PORT"]
    host = environ.get("HTTP_HOST")
    if not host:
        usual = "443" if scheme == "https" else "80"
        host = environ["SERVER_NAME"] + (":" + port if port != usual else "")
    query = environ.get("QUERY_STRING")
    path = quote(environ.get("SCRIPT_NAME", "")) + quote(environ.get("PATH_INFO", ""))
    return scheme + "://" + host + path + ("?" + query if query else "")
