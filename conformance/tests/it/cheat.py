"""A small server, and what cheats try before it serves, or while it does: cheat.py TRICK PORT WORD.

A trick that works prints "did it".
"""

import contextlib
import ctypes
import glob
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time

TRICK, PORT, WORD = sys.argv[1], int(sys.argv[2]), sys.argv[3]


def say(*words):
    print(*words, flush=True)


def ancestors():
    process, found = os.getppid(), []
    while process > 1:
        found.append(process)
        with open(f"/proc/{process}/stat") as stat:
            process = int(stat.read().rsplit(")", 1)[1].split()[1])
    return found


def told(option):
    """What an ancestor was told on its command line."""
    for process in ancestors():
        words = open(f"/proc/{process}/cmdline").read().split("\0")
        for before, word in zip(words, words[1:]):
            if before == option:
                yield word


def overwrite_results():
    for out in told("--out"):
        say("results are in", out)
        os.makedirs(f"{out}/submissions/{TRICK}", exist_ok=True)
        with open(f"{out}/submissions/{TRICK}/report.json", "w") as report:
            report.write("{}")
        say("did it")


def forge_words():
    with open(f"/proc/{os.getppid()}/fd/1", "w") as channel:
        channel.write('{"Broken":"forged"}\n')
    say("did it")


def read_neighbours():
    for folder in told("--class"):
        say(open(f"{folder}/honest/cheat.py").read()[:10], "did it")


def read_environment():
    for process in ancestors():
        say(open(f"/proc/{process}/environ").read()[:10], "did it")


def kill_the_parent():
    # Only the worker: where there is no box, the others may be anybody's.
    os.kill(os.getppid(), signal.SIGKILL)
    say("did it")


def serve_with_the_suite():
    fixture = os.environ["PYTHONPATH"] + "/../cgi-bin/*"
    shutil.copy(next(path for path in glob.glob(fixture) if os.path.getsize(path) > 1_000_000), "suite")
    for suite in [f"/proc/{process}/exe" for process in ancestors()] + ["./suite"]:
        try:
            if os.spawnl(os.P_WAIT, suite, "conformance", "serve", "simple", "--port", str(PORT), "--root", "/") == 0:
                say("did it")
        except OSError as error:
            say(error)


def serve_from_another_root():
    """There it may read all, and nothing says that it is in a box."""
    fixture = os.environ["PYTHONPATH"] + "/../cgi-bin/*"
    shutil.copy(next(path for path in glob.glob(fixture) if os.path.getsize(path) > 1_000_000), "suite")
    for library in re.findall(r"(/\S+) \(", subprocess.run(["ldd", "suite"], capture_output=True, text=True).stdout):
        os.makedirs("." + os.path.dirname(library), exist_ok=True)
        shutil.copy(library, "." + library)
    folder, libc = os.getcwd(), ctypes.CDLL(None)
    child = os.fork()
    if child == 0:
        try:
            CLONE_NEWUSER = 0x10000000
            if libc.unshare(CLONE_NEWUSER) == 0 and libc.chroot(folder.encode()) == 0:
                os.chdir("/")
                os.execv("/suite", ["conformance", "serve", "simple", "--port", str(PORT), "--root", "/"])
        finally:
            os._exit(1)
    time.sleep(0.3)
    if os.waitpid(child, os.WNOHANG) == (0, 0):
        say("did it")
        os.kill(child, signal.SIGKILL)


def use_the_terminal():
    for terminal in ["/dev/tty", "/dev/ptmx"] + glob.glob("/dev/pts/*"):
        with contextlib.suppress(OSError):
            os.close(os.open(terminal, os.O_RDWR))
            say(terminal, "did it")


def use_what_is_open():
    """Beside its input and its output."""
    for number in range(3, 64):
        with contextlib.suppress(OSError):
            os.fstat(number)
            say("open:", number, os.readlink(f"/proc/self/fd/{number}"), "did it")


def limit_the_others():
    for process in ancestors():
        with contextlib.suppress(OSError):
            _, most = resource.prlimit(process, resource.RLIMIT_CORE)
            resource.prlimit(process, resource.RLIMIT_CORE, (0, most))
            say("did it")


def change_the_suite():
    """In its own place it may, and nobody else has that."""
    for program in ["../conformance"] + glob.glob(os.environ["PYTHONPATH"] + "/../cgi-bin/*"):
        os.chmod(program, 0o4755)


def plant_beside_the_copy():
    open("../planted", "w").close()
    say("did it")


def listen_elsewhere():
    socket.create_server(("127.0.0.1", PORT + 1))
    say("did it")


def ask_another_server():
    socket.create_connection(("127.0.0.1", int(open("neighbour").read())))
    say("did it")


def become_a_daemon():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execve(sys.executable, [sys.executable, "-c", "import time; time.sleep(600)", WORD], {})
        os._exit(0)


def fork_often():
    for _ in range(50):
        if os.fork() == 0:
            os.execve("/bin/sh", ["sh", "-c", "sleep 600; :", WORD], {})


def print_orders():
    for order in [
        "::error::forged", "##[error]forged", "Grade :=>> 100", '{"tests":[{"score":999}]}',
        '<testsuites tests="999"/>', '{"scores":{"all":999}}', "\x1b[2J",
    ]:
        say(order)


def print_200_mb():
    for _ in range(200):
        sys.stdout.write(("x" * 1023 + "\n") * 1024)


def take_2_gb():
    octets = bytearray(2 * 1024 ** 3)
    octets[:: 4096] = b"x" * len(octets[:: 4096])
    say("did it")


def fill_the_disk():
    with open("large", "wb") as file:
        for _ in range(512):
            file.write(b"x" * 1024 * 1024)
    say("did it")


def script(target):
    """What the suite's script would have written, without it."""
    if target.endswith("/source"):
        return b"it ran\n"
    token = re.search(r"token=([\w-]+)", target)
    side = os.path.realpath(os.environ["PYTHONPATH"] + "/../side")
    report = json.dumps({"token": token[1] if token else "", "side": side, "pid": os.getpid()})
    for name in re.findall(r"mark=(\w+)", target):
        with open(f"{side}/{token[1]}-{name}", "w") as file:
            file.write(report)
    return report.encode()


def answer(connection):
    """All that it can: GET, one request a connection."""
    head = b""
    while b"\r\n\r\n" not in head:
        octets = connection.recv(4096)
        if not octets:
            return
        head += octets
    content = b"hello\n"
    if TRICK == "make-up-scripts" and b"/cgi-bin/" in head:
        content = script(head.split(b" ")[1].decode())
    host = rb"(.*\r\n)*" if TRICK == "forget-hosts" else rb"(.*\r\n)*Host: [\w.:-]*\r\n"
    is_right = re.match(rb"(GET|HEAD) /\S* HTTP/1\.1\r\n" + host, head)
    response = b"HTTP/1.1 %s\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
    response %= (b"200 OK" if is_right else b"400 Bad Request", len(content), b"" if head.startswith(b"HEAD ") else content)
    if TRICK == "be-a-tar-pit":
        for octet in response:
            connection.sendall(bytes([octet]))
            time.sleep(0.5)
    connection.sendall(response)


def main():
    trick = globals().get(TRICK.replace("-", "_"))
    if trick:
        try:
            trick()
        except (OSError, MemoryError, StopIteration) as error:
            say("trick:", repr(error))
    server = socket.create_server(("127.0.0.1", PORT))
    while True:
        connection, _ = server.accept()
        with connection:
            try:
                answer(connection)
            except OSError:
                pass


main()
