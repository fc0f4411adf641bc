"""What the run prints: each step with its time, a sign of life every five seconds, and the findings at the end."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

SIGN_OF_LIFE_S = 5.0


class StepFailedError(Exception):
    """A step could not be done at all; the message is for the person who runs it."""


@dataclass
class Progress:
    """Prints steps and collects what was found wrong."""

    started: float = field(default_factory=time.monotonic)
    problems: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    now: str = ""

    def say(self, words: str) -> None:
        """One line, with the seconds since the start."""
        print(f"[{time.monotonic() - self.started:6.1f} s] {words}", flush=True)

    def problem(self, words: str) -> None:
        """Something is wrong: the run goes on and ends red."""
        self.problems.append(words)
        self.say(f"  PROBLEM  {words}")

    def notice(self, words: str) -> None:
        """Something that a person should know and that does not make the run red; said again at the end."""
        self.notices.append(words)
        self.say(f"  NOTICE   {words}")

    @contextmanager
    def step(self, words: str) -> Iterator[None]:
        """A step: printed at its start and end, and every five seconds while it lasts."""
        self.say(words)
        self.now = ""
        begun = time.monotonic()
        ended = threading.Event()
        watcher = threading.Thread(target=self._signs_of_life, args=(words, ended), daemon=True)
        watcher.start()
        try:
            yield
        finally:
            ended.set()
            watcher.join()
        self.say(f"  done in {time.monotonic() - begun:.1f} s")

    def _signs_of_life(self, words: str, ended: threading.Event) -> None:
        while not ended.wait(SIGN_OF_LIFE_S):
            self.say(f"  ... {self.now or words}")

    def close(self) -> int:
        """The last lines; gives the exit code."""
        for words in self.notices:
            print(f"notice: {words}")
        for words in self.problems:
            print(f"problem: {words}", file=sys.stderr)
        minutes, seconds = divmod(time.monotonic() - self.started, 60)
        print(f"interop: {len(self.problems)} problem(s), {minutes:.0f} min {seconds:.0f} s", flush=True)
        return 1 if self.problems else 0
