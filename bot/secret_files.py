"""Secrets that may be in files, which are read again where the old one is refused: they rotate without a restart."""

import threading
from functools import cached_property
from pathlib import Path

from bot.settings import environment


class Secret:
    """The secret of a setting as it is used now."""

    def __init__(self, name: str, value: str) -> None:
        self.value = value
        self._name = name
        self._seen: tuple[int, ...] | None = None
        """The mark of the file when it was read last."""
        self._lock = threading.Lock()

    def is_other_than(self, refused: str) -> bool:
        """Whether it is another one now than what was refused; then that is used from now on.

        Whoever is refused may ask each time: only a file that changed is read.
        """
        with self._lock:
            if self.value == refused and (mark := self._mark()) != self._seen:
                self._seen = mark
                self.value = environment().get(self._name, "").strip() or self.value
            return self.value != refused

    def _mark(self) -> tuple[int, ...] | None:
        """What changes with the file, and costs little to look at; None where there is none."""
        try:
            status = self._path.stat() if self._path is not None else None
        except OSError:
            return None
        return status and (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)

    @cached_property
    def _path(self) -> Path | None:
        path = environment().get(f"{self._name}_FILE", "").strip()
        return Path(path) if path else None
