"""Walks the content folder and reads bytes; nothing else reads content. It knows nothing of what the bytes mean."""

from __future__ import annotations

import errno
import os
import re
import stat
import time
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from gateway.content.globs import Glob
from gateway.errors import ContentFolderError
from gateway.model import Problem, Severity

EXTENSIONS = (".md", ".markdown", ".mdx", ".txt")
DATA_EXTENSIONS = (".yaml", ".yml")
"""Of files that are documents only where the site includes them."""
OTHER_EXTENSIONS = (".mkd", ".mkdn", ".mkdown", ".mdoc", ".qmd", ".rmd")
"""Of files of Markdown that are not read, and are reported."""
SITE_FILE = "gateway.yaml"
"""Holds the rules of the site, and is no document."""
SET_APART = frozenset({"_includes", "_layouts", "_data", "_sass", "_site"})
"""Folders of other generators that hold no documents, unless the site includes the files by name."""
DEFAULT_MAX_BYTES = 4 * 1024 * 1024
FRESH_NS = 20_000_000
"""A file written to within this time of being read may be half written, and is read until two readings agree."""
MOST_READINGS = 100

_SECTION = re.compile(r"_index(?:\.[\w-]+)?\.(?:md|markdown|mdx|txt)", re.IGNORECASE)
_CONFIGURATION = re.compile(
    r"_config\.(?:ya?ml|toml)|(?:config/[^/]+/)?(?:hugo|config)\.(?:ya?ml|toml|json)"  # Jekyll's, and Hugo's
)

NOT_A_FILE = "NOT_A_FILE"
LINK = "LINK"
FILE_NAME = "FILE_NAME"
SAME_PATH = "SAME_PATH"
NOT_READ = "NOT_READ"
UNREADABLE = "UNREADABLE"
UNREADABLE_FOLDER = "UNREADABLE_FOLDER"
TOO_LARGE = "TOO_LARGE"
CHANGING = "CHANGING"

_PASSED_BY = frozenset({"node_modules", "#recycle", "#snapshot"})
"""Folders that are not an author's; those with `#` are made by network storage."""


class Watching(StrEnum):
    """How the folder is followed."""

    AUTO = "auto"
    EVENTS = "events"
    POLL = "poll"
    OFF = "off"


class Stamp(NamedTuple):
    """What `stat` says of a file; two equal ones mean equal bytes, unless the file was changed within a clock tick."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        return cls(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


class ContentFile(NamedTuple):
    """A file that may hold a document."""

    path: str
    """NFC, POSIX, relative to the content folder: the natural key of an article."""
    name: str
    """The same as the file system spells it."""
    stamp: Stamp


class FolderListing(NamedTuple):
    """What a walk found."""

    files: dict[str, ContentFile]
    """By path, in the order of the walk."""
    problems: tuple[Problem, ...]
    unlisted: tuple[str, ...]
    """What could not be looked into, by path, `""` for the root: whether files are there is unknown."""
    root: str
    """The folder's path, links resolved."""
    device: int
    rules: Mapping[str, ContentFile] = MappingProxyType({})
    """The files that are not documents and may hold rules for them, by path."""

    def hides(self, path: str) -> bool:
        """Whether the file may exist although it was not found."""
        return any(not folder or f"{path}/".startswith(f"{folder}/") for folder in self.unlisted)

    def unseen(self) -> FolderListing:
        """The same where nothing was to be seen: what is there is unknown."""
        return self._replace(files={}, rules={}, unlisted=("",))


class ReadError(Exception):
    """A file cannot be read; the argument is the problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def folders_of(path: str) -> Iterator[str]:
    """The folders that a path lies in, the nearest first, but for the whole folder itself."""
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def lies_in(path: str, places: Collection[str]) -> bool:
    """Whether a path is one of some places, or below one."""
    return path in places or any(folder in places for folder in folders_of(path))


def is_ignored(name: str) -> bool:
    """Whether no walk comes to a name, since it, or a folder above it, is hidden or no work of an author."""
    return any(part.startswith((".", "~$")) or part in _PASSED_BY or _is_editors(part) for part in name.split("/"))


def is_document(name: str, include: Sequence[Glob]) -> bool:
    """Whether a file is a document by its name."""
    return not _has_hash(name) and _has_ending(name, include)


def why_not_read(name: str, include: Sequence[Glob]) -> tuple[str, str] | None:
    """For a file that looks like a document and is not read: the reason, and what to do."""
    if name.lower().endswith(OTHER_EXTENSIONS):
        return "Files with this ending are not read.", "Rename the file so that it ends with `.md`."
    if _has_hash(name) and _has_ending(name, include):
        return "Names that begin with `#` are not read, since editors use them.", "Rename it without the `#`."
    return None


def _is_editors(part: str) -> bool:
    """Whether a name is that of a copy that Emacs keeps of a file."""
    return part.startswith("#") and part.endswith("#")


def _has_hash(name: str) -> bool:
    return name.startswith("#") or "/#" in name


def _has_ending(name: str, include: Sequence[Glob]) -> bool:
    is_data = name.lower().endswith(DATA_EXTENSIONS)
    if not is_data and not name.lower().endswith(EXTENSIONS):
        return False
    if not is_data and not is_set_apart(name):
        return True
    path = unicodedata.normalize("NFC", name)
    return path != SITE_FILE and any(glob.matches(path) for glob in include)


def is_set_apart(name: str) -> bool:
    """Whether a name is, or lies in, a folder in which only the files that the site includes are documents."""
    return not SET_APART.isdisjoint(name.split("/"))


def is_section(name: str) -> bool:
    """Whether a file is the page of its folder's section, in any language, as in Hugo and Zola."""
    return _SECTION.fullmatch(name.rpartition("/")[2]) is not None


def is_configuration(name: str) -> bool:
    """Whether a file is the configuration of a site of Jekyll or Hugo."""
    return _CONFIGURATION.fullmatch(name) is not None


def may_hold_rules(name: str) -> bool:
    """Whether a file may hold rules of another generator for the documents beside and below it, by its name."""
    last = name.rpartition("/")[2]
    found = last.lower().endswith(".json") or ".11tydata." in last or is_section(last) or is_configuration(name)
    return found and not is_set_apart(name)


_Folder = tuple[str, tuple[str, ...]]
"""The name of a folder to enter, and the real paths that lead to it."""
_Entry = os.DirEntry[str] | Path


class Walk:
    """One pass over the folder, in the order of the names. With `follow_links`, links that stay inside it count, except
    links to folders that are reached by another link.

    `include` names the files that count in spite of their ending or their folder.
    """

    def __init__(self, root: Path, *, follow_links: bool = False, include: Sequence[Glob] = ()) -> None:
        self._root = Path(os.path.realpath(root))
        self._follow_links = follow_links
        self._include = include
        self._files: dict[str, ContentFile] = {}
        self._rules: dict[str, ContentFile] = {}
        self._problems: list[Problem] = []
        self._unlisted: list[str] = []

    def run(self) -> FolderListing:
        """Raises ContentFolderError where the root is missing or is no folder."""
        return self._run([("", (str(self._root),))])

    def look(self, names: Collection[str]) -> FolderListing:
        """The same for some names alone, and for all that lies below them, where the walk would come to it.

        A name is as the file system spells it, relative to the root. None may lie below another.
        """
        folders: list[_Folder] = []
        for name in names:
            if self._is_reached(name):
                folders.extend(self._try(self._root / name, name, (str(self._root),)))
        return self._run(folders)

    def _run(self, folders: list[_Folder]) -> FolderListing:
        device = require_folder(self._root).st_dev
        while folders:
            folder, above = folders.pop()
            folders.extend(reversed(list(self._enter(folder, above))))
        problems, unlisted = tuple(self._problems), tuple(self._unlisted)
        return FolderListing(self._files, problems, unlisted, str(self._root), device, self._rules)

    def _is_reached(self, name: str) -> bool:
        """Whether no link leads to a name. Where that cannot be told, the name itself cannot be looked at either."""
        if is_ignored(name):
            return False
        folders = (self._root / folder for folder in folders_of(name))
        return not any(os.path.islink(folder) for folder in folders)  # noqa: PTH114 - which raises where it cannot tell

    def _enter(self, folder: str, above: tuple[str, ...]) -> Iterator[_Folder]:
        """Take up one folder's files; yield the folders below it."""
        try:
            with os.scandir(self._root / folder) as scan:
                entries = sorted(scan, key=lambda entry: entry.name)
        except FileNotFoundError:
            if not folder:
                self._cannot_list(folder, "it is gone")
            return
        except OSError as error:
            self._cannot_list(folder, error.strerror or "unknown error", _hint(error))
            return
        for entry in entries:
            if not is_ignored(entry.name):
                yield from self._try(entry, f"{folder}/{entry.name}" if folder else entry.name, above)

    def _try(self, entry: _Entry, name: str, above: tuple[str, ...]) -> Iterator[_Folder]:
        """Take up a file; yield it where it is a folder to enter."""
        try:
            below = self._take(entry, name, above)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            self._unlisted.append(unicodedata.normalize("NFC", name))
            message = f"The file cannot be read: {error.strerror}."
            hint = _hint(error, "Mend the permissions of its folder.")
            self._add_problem(Severity.ERROR, UNREADABLE, name, message, hint)
            return
        if below:
            yield name, below

    def _take(self, entry: _Entry, name: str, above: tuple[str, ...]) -> tuple[str, ...] | None:
        """Take up a file; for a folder to enter answer with the real paths down to it."""
        is_link = entry.is_symlink()
        if is_link and not self._may_follow(entry, name, above):
            return None
        if entry.is_dir():
            if is_set_apart(name) and not self._include:
                return None
            return (*above, os.path.realpath(entry)) if self._follow_links else above
        if is_document(name, self._include):
            self._take_file(entry, name)
        elif may_hold_rules(name) and _legible(name) == name and stat.S_ISREG((status := entry.stat()).st_mode):
            path = unicodedata.normalize("NFC", name)
            self._rules[path] = ContentFile(path, name, Stamp.of(status))
        elif reason := why_not_read(name, self._include):
            self._add_problem(Severity.INFO, NOT_READ, name, *reason)
        return None

    def _may_follow(self, entry: _Entry, name: str, above: tuple[str, ...]) -> bool:
        if not entry.is_dir() and not is_document(name, self._include) and not may_hold_rules(name):
            return False
        if not self._follow_links:
            hint = "Put the file itself here, or set follow_links."
            self._add_problem(Severity.WARNING, LINK, name, "The link is not followed.", hint)
            return False
        target = os.path.realpath(entry)
        if target in above:
            self._add_problem(Severity.WARNING, LINK, name, "The link leads back to a folder that it lies in.")
            return False
        if entry.is_dir() and above[-1] != str((self._root / name).parent):
            message = "The link lies in a linked folder, and is not followed."  # a few of them would lead to millions
            self._add_problem(Severity.WARNING, LINK, name, message)
            return False
        if not target.startswith(f"{self._root}{os.sep}"):
            self._add_problem(
                Severity.WARNING, LINK, name, "The link leads out of the content folder, and is not followed."
            )
            return False
        return True

    def _take_file(self, entry: _Entry, name: str) -> None:
        status = entry.stat()
        if not stat.S_ISREG(status.st_mode):
            message = "It is a pipe, a socket or a device, and is passed over."
            self._add_problem(Severity.WARNING, NOT_A_FILE, name, message)
            return
        path = unicodedata.normalize("NFC", name)
        if _legible(name) != name:
            hint = "Rename the file."
            self._add_problem(Severity.ERROR, FILE_NAME, name, "The file's name is not UTF-8.", hint)
        elif path in self._files:
            hint = "Rename one of them."
            message = f"Another file has the same name but for Unicode's normal form: {self._files[path].name!r}."
            self._add_problem(Severity.ERROR, SAME_PATH, name, message, hint)
        else:
            self._files[path] = ContentFile(path, name, Stamp.of(status))

    def _cannot_list(self, folder: str, reason: str, hint: str | None = None) -> None:
        self._unlisted.append(unicodedata.normalize("NFC", folder))
        message = f"The folder cannot be listed: {reason}. What was loaded from it stays."
        self._add_problem(Severity.ERROR, UNREADABLE_FOLDER, folder or ".", message, hint)

    def _add_problem(self, severity: Severity, code: str, name: str, message: str, hint: str | None = None) -> None:
        self._problems.append(Problem(severity, code, message, _legible(name), hint=hint))


def require_folder(root: Path) -> os.stat_result:
    """Raises ContentFolderError where the content folder is missing or is no folder."""
    try:
        status = root.stat()
    except OSError as error:
        raise ContentFolderError(f"The content folder {root} cannot be opened: {error.strerror}.") from error
    if not stat.S_ISDIR(status.st_mode):
        raise ContentFolderError(f"{root} is not a folder.")
    return status


def _hint(error: OSError, usual: str | None = None) -> str | None:
    """What to do about a file or a folder that cannot be opened."""
    if error.errno in {errno.EMFILE, errno.ENFILE}:
        return "It is read again on the next run. Raise the limit of open files ('ulimit -n')."
    return usual


def _legible(name: str) -> str:
    """The name with the bytes that are not UTF-8 written as escapes."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def read(
    root: Path, file: ContentFile, *, max_bytes: int = DEFAULT_MAX_BYTES, clock: Callable[[], int] = time.time_ns
) -> tuple[Stamp, bytes]:
    """The file's bytes, and its stamp when they were read.

    Raises ReadError where it is too large, keeps changing or cannot be read, and FileNotFoundError where it is gone.
    """
    before: tuple[Stamp, bytes] | None = None
    for _ in range(MOST_READINGS):
        stamp, data = _read_once(root, file, max_bytes)
        if stamp and (before == (stamp, data) or stamp.mtime_ns + FRESH_NS < clock()):
            return stamp, data
        before = (stamp, data) if stamp else None
        time.sleep(FRESH_NS / 1e9 / 2)
    message = "The file keeps changing while it is read."
    raise ReadError(Problem(Severity.ERROR, CHANGING, message, file.path, hint="It is read again on the next run."))


def _read_once(root: Path, file: ContentFile, max_bytes: int) -> tuple[Stamp | None, bytes]:
    """The bytes, and the stamp where it did not move meanwhile: else the reading is torn."""
    with _reading(root, file) as descriptor:
        stamp = Stamp.of(os.fstat(descriptor))
        if stamp.size > max_bytes:
            message = f"The file has {stamp.size} bytes; {max_bytes} are allowed."
            hint = "Split it, or raise the setting max-file-bytes."
            raise ReadError(Problem(Severity.ERROR, TOO_LARGE, message, file.path, hint=hint))
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            data = stream.read(max_bytes + 1)
        after = Stamp.of(os.fstat(descriptor))
    return (None if after != stamp or len(data) != stamp.size else stamp), data


@contextmanager
def _reading(root: Path, file: ContentFile) -> Iterator[int]:
    """An open descriptor of a regular file; opening a pipe would wait for a writer for ever, hence O_NONBLOCK."""
    try:
        descriptor = os.open(root / file.name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:
        message, hint = f"The file cannot be read: {error.strerror}.", _hint(error, "Mend its permissions.")
        raise ReadError(Problem(Severity.ERROR, UNREADABLE, message, file.path, hint=hint)) from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ReadError(Problem(Severity.WARNING, NOT_A_FILE, "It is no regular file any more.", file.path))
        yield descriptor
    except OSError as error:
        message = f"The file cannot be read: {error.strerror}."
        raise ReadError(Problem(Severity.ERROR, UNREADABLE, message, file.path)) from error
    finally:
        os.close(descriptor)
