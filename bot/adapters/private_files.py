"""Files for their owner alone: they are made so, whatever the umask is, and closed where they were open."""

import logging
import os
import stat
from contextlib import suppress
from pathlib import Path

log = logging.getLogger(__name__)

_FILE, _FOLDER = 0o600, 0o700
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def make_private_folder(folder: Path) -> None:
    """Make a folder, and those above it that are missing; one that exists stays as it is; raises `OSError`."""
    missing = [one for one in folder.parents if not one.exists()]
    for one in (*reversed(missing), folder):
        one.mkdir(mode=_FOLDER, exist_ok=True)


def make_private_file(path: Path) -> None:
    """Make an empty file; one that is there is closed to others, but not opened: that would end SQLite's locks on it.

    Raises `OSError`.  <https://sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_>
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, _FILE))
    close_to_others(path)


def write_private_file(path: Path, text: str) -> None:
    """Write a file that nobody else can read, not even while it is written; raises `OSError`."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _FILE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        close_to_others(path)
        file.write(text)


def close_to_others(path: Path) -> None:
    """Take what others may do with a file; where it is not ours, tell that they may.  Devices stay as they are."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) or not mode & _OTHERS:
        return
    try:
        path.chmod(stat.S_IMODE(mode) & ~_OTHERS)
    except OSError as error:
        about = {"file": str(path), "error": error.strerror}
        log.warning("others can read a file with ids, and the bot may not change that", extra=about)
    else:
        log.warning("a file with ids was open to others, and is not any more", extra={"file": str(path)})
