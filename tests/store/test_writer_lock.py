"""The lock that names the writer: one holds it, and it is free as soon as that one is gone, however it went."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.errors import StoreError
from gateway.store.writer_lock import WriterLock

HOLD = """
import subprocess, sys
from pathlib import Path
from gateway.store.writer_lock import WriterLock

assert WriterLock(Path(sys.argv[1])).take()
child = subprocess.Popen(["sleep", "60"], stdout=subprocess.DEVNULL)
print(child.pid, flush=True)
sys.stdin.read()
"""


def test_one_holds_it(tmp_path: Path) -> None:
    """Until it is released; whoever holds it may ask for it again, and nothing is left in the end."""
    one, other = WriterLock(tmp_path / "content.db"), WriterLock(tmp_path / "content.db")
    assert (one.take(), one.take(), other.take()) == (True, True, False)
    assert other.holder.startswith(f"process {os.getpid()} on ")
    one.release()
    one.release()
    assert (other.take(), one.take(), one.held) == (True, False, False)
    other.release()
    assert list(tmp_path.iterdir()) == []


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    """Nor do its children, that outlive it."""
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


def test_a_deleted_lock_is_made_anew(tmp_path: Path) -> None:
    """One that was deleted under its holder is not found by others; releasing it leaves theirs alone."""
    one, other, third = (WriterLock(tmp_path / "content.db") for _ in range(3))
    assert one.take()
    (tmp_path / "content.db-lock").unlink()
    assert other.take()
    one.release()
    assert not third.take()
    other.release()
    assert third.holder == "another process"


def test_where_there_can_be_no_lock(tmp_path: Path) -> None:
    """It is said why."""
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"file/content.db cannot be locked: Not a directory\."):
        WriterLock(tmp_path / "file/content.db").take()
