#!/usr/bin/env python3
"""Hours in minutes: many requests, scripts or connections, and what the server holds after the first minute and at the end.

usage: servers/endurance.py requests simple|cgi|wsgi [NUMBER]    requests, most of which the client breaks off (1,000,000)
       servers/endurance.py scripts [NUMBER]                     scripts, some of which lose their client (100,000)
       servers/endurance.py idle simple|cgi|wsgi [NUMBER]        connections without a word (10,000), for two minutes

The servers are those of `cargo build --release -p servers --bins`. Memory is that of the server and all processes that it
has started (Linux only). It should not grow from the first line to the last, nor should the descriptors: exit code 1 if
memory has grown by a quarter and 4 MB, or descriptors by 16, or if the server does not answer afterwards.
"""

import http.client
import multiprocessing
import os
import random
import re
import resource
import selectors
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

BINARIES = Path(__file__).parent.parent / "target" / "release"
CLIENTS = 4
FORMS = {"simple": "/form", "cgi": "/cgi-bin/echo", "wsgi": "/form"}
RESET = struct.pack("ii", 1, 0)


class Server:
    def __init__(self, name):
        command = [BINARIES / f"server-{name}", "--quiet", "--port", "0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.address = ("127.0.0.1", int(re.search(r":(\d+)/", self.process.stdout.readline())[1]))
        self.form = FORMS[name]
        self.begun = time.monotonic()
        self.samples = []

    def family(self):
        parents = {}
        for status in Path("/proc").glob("[0-9]*/stat"):
            try:
                parents[int(status.parent.name)] = int(status.read_text().rsplit(")", 1)[1].split()[1])
            except OSError:
                pass
        family = [self.process.pid]
        for process in family:
            family += [child for child, parent in parents.items() if parent == process]
        return family

    def sample(self, what):
        """Megabytes and descriptors, now."""
        memory = descriptors = processes = 0
        for process in self.family():
            try:
                memory += int(re.search(r"Pss:\s+(\d+)", Path(f"/proc/{process}/smaps_rollup").read_text())[1])
                descriptors += len(os.listdir(f"/proc/{process}/fd"))
                processes += 1
            except (OSError, TypeError):
                pass
        self.samples.append((memory / 1024, descriptors))
        seconds = time.monotonic() - self.begun
        print(f"{seconds:6.0f} s  {memory / 1024:7.1f} MB  {descriptors:5} descriptors  {processes:3} processes  {what}", flush=True)

    def end(self):
        """Once nothing goes on any more: it answers, and holds what it held."""
        with socket.create_connection(self.address, 60) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
            answers = client.recv(12) == b"HTTP/1.1 200"
        self.process.terminate()
        ended = self.process.wait(30) == 0
        (memory, descriptors), (at_end, descriptors_at_end) = self.samples[0], self.samples[-1]
        same = at_end < memory * 1.25 + 4 and descriptors_at_end <= descriptors + 16
        print("answers, and ended well" if answers and ended else "DOES NOT ANSWER, OR DID NOT END")
        print("holds no more than before" if same else "HOLDS MORE THAN BEFORE")
        return 0 if answers and ended and same else 1


def connect(address):
    client = socket.create_connection(address, 60)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def answer(client):
    """Reads one response, and returns its status."""
    response = http.client.HTTPResponse(client)
    response.begin()
    response.read()
    return response.status


def break_off(address, form, chance):
    """One request that does not come to its end, in one of many ways."""
    post = (f"POST {form} HTTP/1.1\r\nHost: t\r\nContent-Type: application/x-www-form-urlencoded\r\n").encode()
    request = chance.choice([
        b"GET / HTTP/1.1\r\nHost: t\r\n\r\n",
        post + b"Content-Length: 100000\r\n\r\n" + b"a=" + b"b" * 99998,
        post + b"Content-Length: 20\r\n\r\nname=Joe&word=hello.",
        post + b"Transfer-Encoding: chunked\r\n\r\n5\r\nname=\r\n3\r\nJoe\r\n0\r\n\r\n",
    ])
    client = connect(address)
    client.sendall(request[:chance.randrange(len(request) + 1)] if chance.random() < 0.8 else request)
    ending = chance.randrange(3)
    if ending == 0:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    elif ending == 1:
        client.shutdown(socket.SHUT_WR)
    client.close()


def requests(address, form, number, chance):
    done = 0
    while done < number:
        try:
            with connect(address) as client:
                for _ in range(chance.randrange(4)):
                    client.sendall(f"GET {form}?name=Joe HTTP/1.1\r\nHost: t\r\n\r\n".encode())
                    assert answer(client) in (200, 503)
                    done += 1
        except (ConnectionError, http.client.BadStatusLine):
            pass
        for _ in range(4):
            try:
                break_off(address, form, chance)
            except ConnectionError:
                pass
            done += 1


def scripts(address, form, number, chance):
    client = connect(address)
    for _ in range(number):
        client.sendall(f"GET {form}?name=Joe HTTP/1.1\r\nHost: t\r\n\r\n".encode())
        if chance.randrange(10):
            assert answer(client) == 200
        else:
            client.close()
            client = connect(address)


def idle(server, number):
    """Opens connections, and others in place of those that the server closes."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    selector, opened = selectors.DefaultSelector(), 0
    end, first = server.begun + 120, False
    while time.monotonic() < end:
        while len(selector.get_map()) < number and opened < 100 * number:
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(server.address)
            selector.register(client, selectors.EVENT_READ)
            opened += 1
        for key, _ in selector.select(0.5):
            selector.unregister(key.fileobj)
            key.fileobj.close()
        if not first and time.monotonic() > server.begun + 60:
            first = True
            server.sample(f"{number} connections open, {opened} so far")
    server.sample(f"{number} connections open, {opened} so far")
    for key in list(selector.get_map().values()):
        key.fileobj.close()


def many(server, work, number):
    share = number // CLIENTS
    clients = [
        multiprocessing.Process(target=work, args=(server.address, server.form, share, random.Random(seed)))
        for seed in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    until = server.begun + 60
    while any(client.is_alive() for client in clients) and time.monotonic() < until:
        time.sleep(0.1)
    server.sample("after the first minute")
    for client in clients:
        client.join()
    server.sample(f"after {number} of them")
    return all(client.exitcode == 0 for client in clients)


def main():
    arguments = sys.argv[1:]
    kind = arguments.pop(0) if arguments else None
    name = "cgi" if kind == "scripts" else arguments.pop(0) if arguments else None
    number = {"requests": 1_000_000, "scripts": 100_000, "idle": 10_000}.get(kind)
    if number is None or name not in FORMS:
        sys.exit(__doc__)
    number = int(arguments[0]) if arguments else number
    server = Server(name)
    well = True
    if kind == "idle":
        idle(server, number)
    else:
        well = many(server, {"requests": requests, "scripts": scripts}[kind], number)
    if not well:
        print("A CLIENT WAS NOT ANSWERED AS IT SHOULD BE")
    return server.end() or (0 if well else 1)


if __name__ == "__main__":
    sys.exit(main())
