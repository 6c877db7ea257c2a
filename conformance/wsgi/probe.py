"""The suite's own WSGI application: it reports what it saw, and behaves as it is asked to.

    /?token=TOKEN&STEP&STEP...   takes the steps, and reports what it saw (src/probe/step.rs, seen.rs);
                                 also at /probe and all that begins so
    /form                        the form of the form contract
    /                            a page

Where no step answers, the answer is a report in JSON. Files for the suite, and the other way round, lie in
the directory `side` beside that of this module; their names are TOKEN-NAME. All that is returned has a
close() which leaves the file TOKEN-closed. A query that begins with `lie=NAME&` puts a layer of
probe_lies.py between the server and this application.
"""

import builtins
import gc
import json
import os
import signal
import sys
import threading
import time
import weakref
import zlib

import probe_answers
import probe_form
from probe_environ import escaped, look, url_of

SIDE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "side")
REPORTED = 64 * 1024  # octets of input that are reported one by one
WAIT_LIMIT = 10  # seconds
SPIN_LIMIT = 60  # seconds
PERIOD = bytes(range(ord("a"), ord("a") + 23))
PAGE = b"<!DOCTYPE html>\n<title>Probe</title>\n<p>An application of the conformance suite.</p>\n"
STREAMS = {
    "wsgi.input": ("read", "readline", "readlines", "__iter__"),
    "wsgi.errors": ("flush", "write", "writelines"),
}


class Trouble(Exception):
    """What goes wrong on purpose."""


class Abort(BaseException):
    """What goes wrong on purpose, and is not an Exception."""


class Mute(Exception):
    """What can't say what is wrong."""

    def __str__(self):
        raise Trouble("no words for it")


def unhex(digits):
    return bytes.fromhex(digits)


def text(digits):
    """Text that is in the query as hex digits of UTF-8."""
    return unhex(digits).decode("utf-8", "surrogatepass")


def pattern(length):
    """Octets of a known pattern, from its beginning."""
    return (PERIOD * (length // len(PERIOD) + 1))[:length]


def given(arguments, named):
    """The environ and start_response, however they were passed. A server may try whether an application is a
    factory of applications: it gets what any function says that lacks an argument."""
    values = sorted([*arguments, *named.values()], key=callable)
    if len(values) < 2:
        raise TypeError("an application is called with an environ and start_response")
    return values[:2]


class Run:
    """One call of the application: the steps that are left, and what was seen so far."""

    def __init__(self, arguments, named, attributes):
        self.environ, self.start_response = given(arguments, named)
        self.input = self.environ.get("wsgi.input")
        self.errors = self.environ.get("wsgi.errors")
        self.content = b""
        self.write = self.file = None
        self.has_answered = self.is_trying = self.is_forked = False
        token, *steps = self.environ["QUERY_STRING"].split("&")
        self.steps = [step for step in steps if step]
        self.token = token[len("token="):]
        strings, objects, inherited = look(self.environ)
        self.seen = {
            "token": self.token,
            "arguments": [len(arguments), len(named)],
            "attributes": attributes,
            "environ_type": type(self.environ).__name__,
            "environ": strings,
            "objects": objects,
            "inherited": inherited,
            "flags": [flag for flag in ("multithread", "multiprocess", "run_once")
                      if self.environ.get("wsgi." + flag)],
            "lacking": [stream + "." + method for stream, methods in STREAMS.items() for method in methods
                        if not callable(getattr(self.environ.get(stream), method, None))],
            "url": url_of(self.environ),
            "reads": [],
            "input": "",
            "input_length": 0,
            "input_checksum": zlib.adler32(b""),
            "raised": [],
            "calls": None,
            "asked": 0,
            "closes": 0,
            "pid": os.getpid(),
            "thread": threading.get_ident(),
            "descriptors": [int(n) for n in os.listdir("/proc/self/fd")] if os.path.isdir("/proc/self/fd") else [],
            "side": escaped(os.fsencode(SIDE)) if os.path.isdir(SIDE) else None,
        }

    def respond(self):
        """Does the steps up to the one that says what to return; what is left is done block by block."""
        while self.steps:
            verb, _, argument = self.steps[0].partition("=")
            if verb in probe_answers.LAZY:
                return probe_answers.Body(self)
            self.steps.pop(0)
            if verb == "return":
                return self.returned(*argument.split(","))
            if verb == "wrap":
                return self.wrapped(*argument.split(","))
            self.take(verb, argument)
        if self.has_answered:
            return probe_answers.Blocks(self, [])
        report = self.report()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(report)))]
        self.start_response("200 OK", headers)
        return probe_answers.Blocks(self, [] if self.environ.get("REQUEST_METHOD") == "HEAD" else [report])

    def report(self):
        return json.dumps(self.seen).encode("ascii")

    def take(self, verb, argument):
        if verb == "try":
            self.is_trying = True
            return
        method = getattr(self, "step_" + verb.replace("-", "_"), None)
        if method is None:
            raise Trouble("there is no step " + ascii(verb))
        if not self.is_trying:
            return method(argument)
        self.is_trying = False
        try:
            method(argument)
            self.seen["raised"].append([])
        except BaseException as error:
            self.seen["raised"].append([kind.__name__ for kind in type(error).__mro__])

    # Input

    def step_read(self, size):
        self.has_read("read", size, self.input.read(*numbers(size)))

    def step_readline(self, size):
        self.has_read("readline", size, self.input.readline(*numbers(size)))

    def step_readlines(self, hint):
        self.has_read("readlines", hint, self.input.readlines(*numbers(hint)))

    def step_next(self, _):
        self.has_read("next", "", next(iter(self.input), b""))

    def step_lines(self, _):
        self.has_read("lines", "", list(self.input))

    def step_drain(self, size):
        """Reads so many octets at a time, as programs do."""
        self.has_read("drain", size, list(iter(lambda: self.input.read(int(size)), b"")))

    def has_read(self, method, size, result):
        blocks = result if type(result) is list else [result]
        odd = next((type(block).__name__ for block in blocks if type(block) is not bytes), "bytes")
        octets = b"".join(block for block in blocks if type(block) is bytes)
        self.seen["reads"].append({
            "step": method + ("=" + size if size else ""),
            "type": "list of " + odd if type(result) is list else odd,
            "length": len(octets),
            "blocks": [escaped(b) if type(b) is bytes else ascii(b) for b in blocks]
                      if len(octets) <= REPORTED and len(blocks) <= REPORTED else None,
        })
        self.content += octets[:REPORTED + 1 - len(self.content)]
        self.seen["input"] = escaped(self.content) if len(self.content) <= REPORTED else None
        self.seen["input_length"] += len(octets)
        self.seen["input_checksum"] = zlib.adler32(octets, self.seen["input_checksum"])

    # Output

    def step_start(self, argument, *exc_info):
        self.has_answered = True
        status, *fields = argument.split(",")
        # A list of its own for each call: the server may do with it what it likes.
        pairs = [field.split(":") for field in fields]
        self.write = self.start_response(text(status), [(text(n), text(v)) for n, v in pairs], *exc_info)

    def step_start_none(self, argument):
        self.step_start(argument, None)

    def step_start_exc(self, argument):
        try:
            raise Trouble("the response is another one now")
        except Trouble as trouble:
            try:
                self.step_start(argument, sys.exc_info())
            except Trouble as raised:
                # The very one that was handed over, or one like it.
                raise raised if raised is trouble else Abort("another Trouble")

    def step_start_odd(self, name):
        self.has_answered = True
        self.write = self.start_response(*probe_answers.ODD_ARGUMENTS[name]())

    def step_start_ref(self, argument):
        """Raises Abort where a reference to exc_info is left."""
        try:
            raise Trouble("the response is another one now")
        except Trouble as trouble:
            left = weakref.ref(trouble)
            self.step_start(argument, sys.exc_info())
        gc.collect()
        if left() is not None:
            raise Abort("somebody holds on to exc_info")

    def step_write(self, digits):
        self.write(unhex(digits))

    def step_write_fill(self, length):
        self.write(pattern(int(length)))

    def step_write_odd(self, name):
        self.write(probe_answers.ODD_BLOCKS[name])

    def block(self, verb, argument):
        """The block that a lazy step yields; None where it yields none."""
        if verb == "emit":
            return unhex(argument)
        if verb == "fill":
            return pattern(int(argument))
        if verb == "report":
            return self.report()
        if verb == "odd":
            return probe_answers.ODD_BLOCKS[argument]
        if verb == "echo":
            length = int(self.environ.get("CONTENT_LENGTH") or sys.maxsize)
            octets = self.input.read(min(int(argument), length - self.seen["input_length"]))
            self.seen["input_length"] += len(octets)
            if octets:
                self.steps.insert(0, "echo=" + argument)
                return octets
        return None

    def returned(self, kind, *digits):
        return probe_answers.RETURNED[kind](self, [unhex(block) for block in digits])

    def wrapped(self, kind, digits, *size):
        self.file = probe_answers.FILES[kind](self, unhex(digits))
        return self.environ["wsgi.file_wrapper"](self.file, *[int(n) for n in size])

    # Errors

    def step_error(self, digits):
        self.errors.write(text(digits))

    def step_error_lines(self, lines):
        self.errors.writelines([text(line) for line in lines.split(",")])

    def step_error_flush(self, _):
        self.errors.flush()

    def step_raise(self, name):
        own = {"Trouble": Trouble, "Abort": Abort, "Mute": Mute}
        raise (own.get(name) or getattr(builtins, name))("the probe was asked to raise this: " + self.token)

    # The rest of the world

    def step_clear(self, _):
        self.environ.clear()

    def step_spoil(self, _):
        self.environ.update({"probe.spoilt": "yes", "REQUEST_METHOD": "SPOILT", "HTTP_X_SPOILT": "yes"})
        del self.environ["PATH_INFO"], self.environ["wsgi.input"]

    def step_count(self, _):
        """Counts the calls with this token, in all processes."""
        with open(side_file(self.token, "calls"), "ab") as file:
            file.write(b".")
            file.flush()
            self.seen["calls"] = file.tell()

    def step_mark(self, name):
        if os.path.isdir(SIDE):
            path = side_file(self.token, name)
            draft = "%s.%d.%d" % (path, os.getpid(), threading.get_ident())
            with open(draft, "wb") as file:
                file.write(self.report())
            os.replace(draft, path)

    def step_wait(self, name):
        limit = time.monotonic() + WAIT_LIMIT
        # Where the directory is gone, so is the suite.
        while not os.path.exists(side_file(self.token, name)) and os.path.isdir(SIDE):
            if time.monotonic() > limit:
                raise Trouble("nobody left the file " + name)
            time.sleep(0.001)

    def step_spin(self, _):
        limit = time.monotonic() + SPIN_LIMIT
        while time.monotonic() < limit:
            pass

    def step_fork(self, _):
        self.is_forked = os.fork() == 0
        if self.is_forked:
            # A server that never calls close() is rid of it as well.
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(1)

    def step_exit(self, code):
        os._exit(int(code))

    def step_kill(self, number):
        # To this very thread: where another gets it, this one would go on for a moment.
        signal.pthread_kill(threading.get_ident(), int(number))

    def step_rest(self, _):
        self.steps.clear()

    def closed(self):
        """What close() does: the steps after `close`, once, and the mark."""
        if self.is_forked:
            self.step_mark("over")
            os._exit(0)
        self.seen["closes"] += 1
        after = self.steps[self.steps.index("close") + 1:] if "close" in self.steps else []
        self.steps = []
        try:
            for step in after:
                verb, _, argument = step.partition("=")
                self.take(verb, argument)
        finally:
            self.step_mark("closed")


def numbers(size):
    return [int(size)] if size else []


def side_file(token, name):
    return os.path.join(SIDE, "%s-%s" % (token, name))


class Application:
    """An object that can be called, and reports what else it was asked for."""

    def __init__(self):
        self.attributes = []

    def __getattr__(self, name):
        if len(self.attributes) < 20:
            self.attributes.append(name)
        raise AttributeError(name)

    def __call__(self, *arguments, **named):
        environ, _ = given(arguments, named)
        query = environ.get("QUERY_STRING", "")
        if query.startswith("lie="):
            import probe_lies_answers
            lie, _, environ["QUERY_STRING"] = query[len("lie="):].partition("&")
            return probe_lies_answers.LIES[lie](self.respond)(*arguments, **named)
        return self.respond(*arguments, **named)

    def respond(self, *arguments, **named):
        environ, start_response = given(arguments, named)
        path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        # A SCRIPT_NAME that is a slash makes two of one.
        is_probe = path in ("", "/", "//") or path.lstrip("/").startswith("probe")
        if is_probe and environ.get("QUERY_STRING", "").startswith("token="):
            return Run(arguments, named, list(self.attributes)).respond()
        if path == "/form":
            return probe_form.respond(environ, start_response)
        if path in ("", "/", "*", "/*"):
            return probe_form.resource(environ, start_response, "GET, HEAD, OPTIONS", lambda: PAGE)
        return probe_form.answer(environ, start_response, "404 Not Found", b"<p>There is no such page.</p>\n")


application = Application()
