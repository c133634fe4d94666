"""Running programs: what they say, how long they take, and the most memory that they hold."""

import json
import os
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Failure(Exception):
    """A program that did not do what it should, in words for the user."""


@dataclass
class Outcome:
    text: str
    seconds: float
    peak_bytes: int


def _words(command):
    return " ".join(map(str, command))


def run(command, environment=None):
    """Runs a program that must succeed. Its standard error goes to ours."""
    begin = time.perf_counter()
    with subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True,
                          env={**os.environ, **(environment or {})}) as process:
        text = process.stdout.read()
        # wait4 and not wait: it tells what the program used.
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - begin
    if process.returncode != 0:
        raise Failure(f"{_words(command)} ended with {process.returncode}, expected 0")
    return Outcome(text, seconds, usage.ru_maxrss * 1024)


def make(*arguments, errors=None):
    """Seconds that make takes, for which the make that may have called us does not exist. What it prints is dropped, and standard error
    goes to `errors`, or to ours."""
    environment = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MAKELEVEL")}
    begin = time.perf_counter()
    subprocess.run(["make", "--silent", *map(str, arguments)], check=True, stdout=subprocess.DEVNULL, stderr=errors,
                   env=environment)
    return time.perf_counter() - begin


def last_json(text):
    """The last JSON object that a program printed, on one line or over many; None if there is none."""
    decoder, found, place = json.JSONDecoder(), None, text.find("{")
    while place >= 0:
        try:
            value, end = decoder.raw_decode(text, place)
        except json.JSONDecodeError:
            end = place + 1
        else:
            found = value
        place = text.find("{", end)
    return found


def told(command, key, environment=None):
    """Runs a program and answers the JSON object that it printed, which must have `key`, and the outcome."""
    outcome = run(command, environment)
    said = last_json(outcome.text)
    if not isinstance(said, dict) or key not in said:
        raise Failure(f"{_words(command)}: expected a JSON object with '{key}', found: {outcome.text[-200:]!r}")
    return said, outcome


def seconds_until(command, is_it, environment=None):
    """Seconds from launch to the first line, on standard error or output, that `is_it` accepts; then the program is ended."""
    begin = time.perf_counter()
    with subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env={**os.environ, **(environment or {})}) as process:
        said, seconds = [], None
        for line in process.stdout:
            if is_it(line):
                seconds = time.perf_counter() - begin
                break
            said.append(line)
        _end(process)
    if seconds is None:
        raise Failure(f"{_words(command)} ended with {process.returncode} and never said what was waited for; it said: "
                      f"{''.join(said)[-500:]!r}")
    return seconds


def _end(process):
    """Asks a program to end, and ends it where it does not within half a minute."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


class Server:
    """A program that is made ready once, and then does its work each time that it is asked to.

    It says `{"ready": true, …}`, and for each line that it reads one JSON object with `seconds`. What it says on standard error is
    shown only where it fails.
    """

    def __init__(self, command):
        self.command = [str(part) for part in command]
        self.errors = tempfile.TemporaryFile(mode="w+")
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.errors, text=True)
        self.facts = self._answer("ready")

    def ask(self):
        try:
            self.process.stdin.write("run\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        return self._answer("seconds")

    def _answer(self, key):
        while line := self.process.stdout.readline():
            said = last_json(line)
            if isinstance(said, dict) and key in said:
                return said
        code = self.process.wait()
        self.errors.seek(0)
        words = self.errors.read()[-2000:]
        self.close()
        raise Failure(f"{_words(self.command)} ended with {code} before it said '{key}'; it said: {words}")

    def close(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.errors.close()
