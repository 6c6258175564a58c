"""Starts programs in process groups of their own, waits until they serve, and stops every one of them."""

import atexit
import contextlib
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

STOP_WITHIN = 5.0
INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Failed(Exception):
    """Something of the demo did not do what it must. Its text is for the person at the terminal."""


class Process:
    def __init__(self, name, command, log, environment):
        self.name = name
        self.log = log
        with open(log, "wb") as output:
            self.child = subprocess.Popen(
                [str(part) for part in command],
                env={**os.environ, **environment},
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def wait_until(self, serves, what, within=30.0):
        """Polls `serves()` until it answers true, the process ends, or the time is over."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            if self.child.poll() is not None:
                raise Failed(f"{self.name} ended with {self.child.returncode}: {self.last_lines()}")
            if serves():
                return
            time.sleep(0.05)
        raise Failed(f"{self.name}: {what} not within {within:.0f} s: {self.last_lines()}")

    def last_lines(self):
        lines = self.log.read_text(errors="replace").splitlines()[-12:]
        return "\n    ".join([f"see {self.log}", *lines])

    def stop(self):
        """SIGTERM to the whole group, SIGKILL to what is left of it."""
        self.signal(signal.SIGTERM)
        try:
            self.child.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            pass
        self.signal(signal.SIGKILL)
        self.child.wait()

    def signal(self, number):
        try:
            os.killpg(self.child.pid, number)
        except ProcessLookupError:
            pass


class Processes:
    """What was started, stopped in reverse order."""

    def __init__(self, folder):
        self.folder = folder
        self.running = []
        # The second belt: an interruption may fall between two lines of whoever calls `stop`.
        atexit.register(self.stop)

    def start(self, name, command, **environment):
        with uninterrupted():
            process = Process(name, command, self.folder / f"{name}.log", environment)
            self.running.append(process)
        return process

    def stop(self):
        while self.running:
            self.running.pop().stop()


@contextlib.contextmanager
def uninterrupted():
    """Puts an interruption off to the end of the block: no process may start and be forgotten."""
    caught = []
    handlers = {number: signal.signal(number, lambda number, _: caught.append(number)) for number in INTERRUPTIONS}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        if caught:
            os.kill(os.getpid(), caught[0])


def free_ports(count):
    """Ports that nobody has, held together so that they differ."""
    holders = [socket.socket() for _ in range(count)]
    try:
        for holder in holders:
            holder.bind(("127.0.0.1", 0))
        return [holder.getsockname()[1] for holder in holders]
    finally:
        for holder in holders:
            holder.close()


def listens(port):
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def answers(url):
    """Whether `url` answers 200."""
    return fetch(url) is not None


def fetch(url):
    # No proxy of the environment between us and loopback.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5) as response:
            return response.read()
    except (urllib.error.URLError, OSError):
        return None
