"""What holds ids and e-mails is for its owner alone, from the moment it is made."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.adapters.private_files import write_private_file
from bot.adapters.store.database import Database


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=oct)
def _umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in sorted(folder.iterdir())}


def use(path: Path) -> dict[str, int]:
    """The modes of the files while a database is in use."""
    database = Database(f"sqlite:///{path}")
    database.migrate()
    with database.write():
        found = modes(path.parent)
    database.close()
    return found


@pytest.mark.usefixtures("_umask")
def test_a_database_and_its_folder_are_for_their_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"

    found = use(folder / "bot.db")

    assert found == dict.fromkeys(["bot.db", "bot.db-shm", "bot.db-wal"], 0o600)
    assert [path.stat().st_mode & 0o777 for path in (folder, folder.parent)] == [0o700, 0o700]


@pytest.mark.parametrize("mode", [0o755, 0o777, 0o700])
def test_a_folder_that_is_there_stays_as_it_is(tmp_path: Path, mode: int) -> None:
    tmp_path.chmod(mode)

    use(tmp_path / "bot.db")

    assert tmp_path.stat().st_mode & 0o777 == mode


def test_a_database_that_others_could_read_is_closed_and_the_log_tells(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "bot.db"
    other = Database(f"sqlite:///{path}")
    other.migrate()
    with other.read():  # so that the files beside it are there
        for file in tmp_path.iterdir():
            file.chmod(0o644)

        found = use(path)

    other.close()
    assert found == dict.fromkeys(["bot.db", "bot.db-shm", "bot.db-wal"], 0o600)
    assert "a file with ids was open to others, and is not any more" in [record.message for record in caplog.records]


@pytest.mark.usefixtures("_umask")
@pytest.mark.parametrize("before", [None, 0o644, 0o600])
def test_a_file_of_ids_is_for_its_owner_alone(tmp_path: Path, before: int | None) -> None:
    path = tmp_path / "ids.json"
    if before is not None:
        path.write_text("something longer than what comes")
        path.chmod(before)

    write_private_file(path, "[1]")

    assert path.read_text() == "[1]"
    assert modes(tmp_path) == {"ids.json": 0o600}


def test_what_is_no_file_stays_as_it_is(tmp_path: Path) -> None:
    null = tmp_path / "ids.json"
    null.symlink_to("/dev/null")
    before = Path("/dev/null").stat().st_mode

    write_private_file(null, "[1]")

    assert Path("/dev/null").stat().st_mode == before
