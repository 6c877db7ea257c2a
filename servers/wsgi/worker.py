"""A worker of server-wsgi: a process that hosts one WSGI application (PEP 3333).

usage: python3 - MODULE:CALLABLE THREADS FIELD..., in the directory to import the application from. This program,
exchange.py first, is standard input; connections come through standard output, a Unix socket. FIELD... are for the
server to send.

The server speaks HTTP; a worker never sees any of it. There are a connection and an inbox for each thread, and a
thread answers the requests of its inbox, one after the other:

  worker: READY
  inbox:  a request, with its content where that has arrived, in one message; of one that is larger than READ only the
          prefix, and the rest comes on the connection
  worker: WANTED, each time the application reads content that has not; the server sends some of it
  worker: FAILED, where there is no response; else
          ALL, the whole response; or FIRST, its head and the first block of its content, and then BLOCKs,
          which end with the length that was announced, or else with END, or with BROKEN
  worker: READY, once all is done

WHOLE is ALL and READY in one. Requests are numbered, and each frame has the number of the request that it belongs
to. It also belongs to this process: one that the application forks (os.fork, multiprocessing) inherits the
connections, and must not use them. Python closes them there, and where it is not asked, because a library has
forked, nothing is sent. So a process that comes back from the application beside the worker ends.

One more connection, the first of all, carries nothing: it ends when the server does, and the worker with it.
"""
import contextlib
import fcntl
import importlib
import io
import os
import select
import signal
import socket
import struct
import sys
import threading

# Before a request: its number, octets of its environment, octets of its content, which may be yet to come.
REQUEST = struct.Struct("!III")
TO_COME = 0xFFFFFFFF
# What comes with a connection: that of a thread, and its inbox.
DESCRIPTOR = struct.Struct("i")
# Octets of a message.
READ = 16 * 1024
# What connects it to the server, but for the connection that carries nothing: a fork is to end with the server.
connections = set()


def close_connections():
    """In a process that was forked: it has no requests, and the end of the worker is to be the end of these."""
    for connection in connections:
        connection.close()


def answer_requests(connection, inbox, application, shared):
    """Answers the requests of an inbox, until the server closes it or nobody waits for a response."""
    connection.sendall(FRAME.pack(READY, 0, 0, -1, 0))
    while True:
        data = inbox.recv(READ)
        if not data:
            return
        data = complete(inbox, data, REQUEST.size)
        number, environ_size, content_size = REQUEST.unpack_from(data)
        content_start = REQUEST.size + environ_size
        end = content_start + (0 if content_size == TO_COME else content_size)
        data = complete(inbox if end <= READ else connection, data, end)
        # Octets become characters one to one (PEP 3333, "Unicode Issues").
        parts = iter(data[REQUEST.size:content_start].decode("latin-1").split("\0"))
        environ = shared.copy()
        environ.update(zip(parts, parts))
        exchange = Exchange(connection, number, environ["REQUEST_METHOD"])
        if content_size == TO_COME:
            environ["wsgi.input"] = io.BufferedReader(Content(exchange), BLOCK_SIZE)
        else:
            environ["wsgi.input"] = io.BytesIO(data[content_start:])
        exchange.answer(application, environ)
        if exchange.lost:
            return


def work(control, application, shared):
    """The life of a thread."""
    while True:
        passed = next_connection(control)
        if not passed:
            return
        connection, inbox = passed
        connections.update(passed)
        # OSError: the server has dropped it, and makes another.
        with connection, inbox, contextlib.suppress(OSError):
            answer_requests(connection, inbox, application, shared)
        connections.difference_update(passed)


def next_connection(control):
    """A connection from the server, and the inbox that belongs to it; nothing when the server has ended."""
    _, passed, _, _ = control.recvmsg(1, socket.CMSG_SPACE(2 * DESCRIPTOR.size))
    sockets = [socket.socket(fileno=number) for number, in DESCRIPTOR.iter_unpack(passed[0][2])] if passed else []
    for each in sockets:
        # What the application starts must not keep it open.
        each.set_inheritable(False)
    return sockets


def end_with(lifeline):
    """Has the system kill this process, and its children, as soon as the server has ended, however it did.

    The main thread also watches, but an endless loop in C keeps it from running. Only Linux can do better.
    """
    if hasattr(fcntl, "F_SETSIG"):
        fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)


def find(name):
    """The application that MODULE:CALLABLE names."""
    module, _, path = name.partition(":")
    sys.path[0] = os.getcwd()
    found = importlib.import_module(module)
    for attribute in (path or "application").split("."):
        found = getattr(found, attribute)
    if not callable(found):
        raise TypeError(f"{name} is not callable")
    return found


def main():
    name, threads = sys.argv[1], int(sys.argv[2])
    HOP_BY_HOP.update(field.lower() for field in sys.argv[3:])
    # Standard output and input are for the application to use.
    control = socket.socket(fileno=os.dup(1))
    os.dup2(2, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    # What it says goes to the log, whatever the language of this machine.
    for stream in sys.stdout, sys.stderr:
        stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    # A worker that wakes need not push the server off its processor. Not all systems know or permit this.
    with contextlib.suppress(AttributeError, OSError):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    lifeline, = next_connection(control)
    end_with(lifeline)
    connections.add(control)
    os.register_at_fork(after_in_child=close_connections)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    application = find(name)
    if getpid() != PROCESS:
        leave()
    shared = {
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": threads > 1,
        # Even a single worker has a successor while it finishes what it has begun.
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": FileWrapper,
        # Content has an end, with or without CONTENT_LENGTH.
        "wsgi.input_terminated": True,
    }
    for _ in range(threads):
        threading.Thread(target=work, args=(control, application, shared), daemon=True).start()
    # Not recv: the system sends no signal about a socket that somebody reads from.
    select.select([lifeline], [], [])
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    main()
