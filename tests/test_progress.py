"""The progress line of a load: on a terminal, in its width, and nowhere else."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.commands.load import cpu_seconds
from gateway.commands.progress import MIN_BAR, progress_line
from tests.commands import COMMAND, environment, gateway

SEEDS = Path(__file__).parent.parent / "seeds"
NARROW, WIDE = 24, 120
REPORT = re.compile(r"^8 files found, 8 read, 8 parsed in [0-9.]+ s, ([0-9.]+) s of CPU time$", re.MULTILINE)


@contextmanager
def terminal(columns: int) -> Iterator[tuple[int, int]]:
    """The two ends of a terminal: the one that shows, and the one that programs write to."""
    shown, written = pty.openpty()
    fcntl.ioctl(written, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    try:
        yield shown, written
    finally:
        os.close(shown)
        os.close(written)


def test_the_line_has_everything() -> None:
    """A bar, the share, the time left, the rate and the number of files."""
    line = progress_line(2_500, 10_000, 5, WIDE)
    bar, *parts = line.split("  ")
    assert re.fullmatch(r"\[#+\.+\]", bar)
    assert bar.count("#") == pytest.approx((len(bar) - 2) / 4, abs=1)
    assert [part.strip() for part in parts] == ["25%", "0:00:15 left", "500 files/s", "2,500 of 10,000"]


def test_a_full_bar_is_full() -> None:
    """Files that are parsed are not yet saved, which takes a moment too."""
    assert re.fullmatch(
        r"\[#+\]  100%  saving  2,000 files/s  10,000 of 10,000", progress_line(10_000, 10_000, 5, WIDE)
    )


@pytest.mark.parametrize("width", range(1, WIDE))
def test_the_line_fits(width: int) -> None:
    """Into any width: parts are left out, and a bar is not shown unless it has room."""
    for done in (1, 50_000, 100_000):
        line = progress_line(done, 100_000, 12, width)
        assert len(line) <= width
        assert line.strip() or width < len("100%")
        assert "[" not in line or line.index("]") + 1 >= MIN_BAR


@pytest.mark.parametrize("columns", [NARROW, WIDE])
def test_a_terminal_shows_the_progress(tmp_path: Path, columns: int) -> None:
    """On one line, which is removed at the end, without escape codes. The report goes to standard output."""
    with terminal(columns) as (shown, written):
        done = subprocess.run(
            (*COMMAND, "load", str(SEEDS)),
            stdout=subprocess.PIPE,
            stderr=written,
            check=True,
            text=True,
            env=environment(tmp_path),
        )
        text = os.read(shown, 100_000).decode()
    assert REPORT.search(done.stdout)
    assert text.replace("\r", "").isprintable()
    before, *lines, after = text.split("\r")
    assert (before, after) == ("", "")
    assert "100%" in lines[-2]
    assert lines[-1] == " " * len(lines[-2])
    assert all(len(line) < columns for line in lines)
    assert ("8 of 8" in lines[-2]) is (columns == WIDE)


def test_other_outputs_have_the_report_only(tmp_path: Path) -> None:
    """It is the last line."""
    done = gateway("load", SEEDS, cache=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    report = REPORT.search(done.stdout)
    assert report
    assert done.stdout.endswith(f"{report[0]}\n")
    assert "\r" not in done.stdout


def test_the_time_of_ended_processes_counts() -> None:
    """The processes that parse end before the report."""
    before = cpu_seconds()
    subprocess.run([sys.executable, "-c", "import time\nwhile time.process_time() < 0.5: pass"], check=True)
    assert cpu_seconds() - before >= 0.4  # the clock ticks in hundredths
