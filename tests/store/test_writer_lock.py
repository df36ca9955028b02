"""The writer lock: one process holds it, and it is free as soon as that process ends in any way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.errors import StoreError
from gateway.store.sqlite.writer_lock import WriterLock

HOLD = """
import subprocess, sys
from pathlib import Path
from gateway.store.sqlite.writer_lock import WriterLock

assert WriterLock(Path(sys.argv[1])).take()
child = subprocess.Popen(["sleep", "60"], stdout=subprocess.DEVNULL)
print(child.pid, flush=True)
sys.stdin.read()
"""


def test_lock_has_one_holder(tmp_path: Path) -> None:
    """Until it is released. The holder may acquire it again, and no file remains."""
    one, other = WriterLock(tmp_path / "content.db"), WriterLock(tmp_path / "content.db")
    assert (one.take(), one.take(), other.take()) == (True, True, False)
    assert other.holder.startswith(f"process {os.getpid()} on ")
    one.release()
    one.release()
    assert (other.take(), one.take(), one.held) == (True, False, False)
    other.release()
    assert list(tmp_path.iterdir()) == []


def test_killed_process_releases_the_lock(tmp_path: Path) -> None:
    """Also if its children live on."""
    lock = WriterLock(tmp_path / "content.db")
    command = [sys.executable, "-c", HOLD, str(tmp_path / "content.db")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        child = int(process.stdout.readline())
        try:
            assert not lock.take()
            assert lock.holder.startswith(f"process {process.pid} on ")
            process.kill()
            process.wait()
            assert lock.take()
        finally:
            os.kill(child, 9)
    lock.release()


def test_deleted_lock_file_is_recreated(tmp_path: Path) -> None:
    """Others do not find the deleted file. Releasing it does not affect their lock."""
    one, other, third = (WriterLock(tmp_path / "content.db") for _ in range(3))
    assert one.take()
    (tmp_path / "content.db-lock").unlink()
    assert other.take()
    one.release()
    assert not third.take()
    other.release()
    assert third.holder == "another process"


def test_lock_that_cannot_be_created(tmp_path: Path) -> None:
    """The error has the reason."""
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"file/content.db cannot be locked: Not a directory\."):
        WriterLock(tmp_path / "file/content.db").take()
