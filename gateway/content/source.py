"""Walks the content folder and reads the bytes of files. All reads of content are here."""

from __future__ import annotations

import errno
import os
import re
import stat
import time
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from operator import attrgetter
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from gateway.content.globs import Glob
from gateway.content.media_types import media_type
from gateway.errors import ContentFolderError
from gateway.model.problems import Problem, Severity

EXTENSIONS = (".md", ".markdown", ".mdx", ".txt")
DATA_EXTENSIONS = (".yaml", ".yml")
"""The extensions of files that are documents only if the site includes them."""
OTHER_EXTENSIONS = (".mkd", ".mkdn", ".mkdown", ".mdoc", ".qmd", ".rmd")
"""The extensions of Markdown files that are not read. They are reported."""
SITE_FILE = "gateway.yaml"
"""The file with the rules of the site. It is not a document."""
SET_APART = frozenset({"_includes", "_layouts", "_data", "_sass", "_site"})
"""Folders of other generators, whose files are not documents unless the site includes them."""
DEFAULT_MAX_BYTES = 4 * 1024 * 1024
MAX_INTEGER = 2**63 - 1
FRESH_NS = 20_000_000
"""A file modified within this time before it is read may be half written. It is read until two reads agree."""
MOST_READINGS = 100

SECTION, BUNDLE = "_index", "index"
"""The stems of the page of a folder: of a section in Hugo and Zola, and of a leaf bundle in Hugo."""
IGNORE_FILE = ".eleventyignore"
"""The file at the root with the paths that Eleventy does not read."""

_FOLDER_PAGE = re.compile(r"(_?index)(?:\.[\w-]+)?\.(?:md|markdown|mdx|txt)", re.IGNORECASE)
_CONFIGURATION = re.compile(
    r"_config\.(?:ya?ml|toml)|"  # Jekyll
    r"(?:(?:config/[^/]+/)?(?:hugo|config)|config/[^/]+/cascade)\.(?:ya?ml|toml|json)"  # Hugo
)

_AUTHOR_FILE = re.compile(
    r"(?:.*/)?authors\.ya?ml|"  # Docusaurus
    r"(?:(?:.*/)?_?data/)?authors\.(?:toml|json)|(?:.*/)?_?data/authors/[^/]+\.(?:ya?ml|toml|json)|"  # Jekyll, Hugo
    r"(?:.*/)?_?authors/(?!_?index\.)[^/]+\.(?:md|markdown|mdx)"
)
_DATA_FOLDER = re.compile(r"((?:.*/)?)_data(?:/authors)?")
"""The folders set apart that may hold files of authors."""

NOT_A_FILE = "NOT_A_FILE"
LINK = "LINK"
FILE_NAME = "FILE_NAME"
SAME_PATH = "SAME_PATH"
NOT_READ = "NOT_READ"
UNREADABLE = "UNREADABLE"
UNREADABLE_FOLDER = "UNREADABLE_FOLDER"
TOO_LARGE = "TOO_LARGE"
CHANGING = "CHANGING"

_NOT_REGULAR = "It is a pipe, a socket or a device."
_PLAIN = re.compile(r"(?!(?i:index)\.)[A-Za-z0-9][A-Za-z0-9_-]*+(?:\.md|(?:\.(?!11tydata\.)[A-Za-z0-9_-]*)*\.md)")
"""Names of documents that no rule of this module concerns. They do not hold rules for other documents."""
_PASSED_BY = frozenset({"node_modules", "#recycle", "#snapshot"})
"""Folders that authors do not write. Those with `#` are made by network storage."""


class WatchMode(StrEnum):
    """How the folder is followed."""

    AUTO = "auto"
    EVENTS = "events"
    POLL = "poll"
    OFF = "off"


class Stamp(NamedTuple):
    """The `stat` of a file. Equal stamps mean equal bytes, unless the file was changed within a clock tick."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        inode = status.st_ino & MAX_INTEGER  # overlay file systems use all 64 bits, and the store's integers are signed
        return cls(status.st_size, min(status.st_mtime_ns, MAX_INTEGER), status.st_ctime_ns, inode)


StampValues = tuple[int, int, int, int]
"""The values of a Stamp, which take less time to make."""


class ContentFile(NamedTuple):
    """A file that may contain a document."""

    path: str
    """NFC, POSIX, relative to the content folder: the natural key of an article."""
    name: str
    """The path as the file system spells it."""
    stamp: Stamp
    obstacle: str = ""
    """The reason why the file must not be opened. Only files that may contain rules are listed in spite of it."""


class FoundFiles(Mapping[str, ContentFile]):
    """The files that a walk found, by path. The folders are in the order of the walk.

    A walk of many files makes only their stamps. A ContentFile is made when it is looked up.
    """

    def __init__(self) -> None:
        self.folders: dict[str, dict[str, StampValues]] = {}
        """The stamp of each file by its name, by the path of its folder. Names are in NFC, and not sorted."""
        self._spellings: dict[str, str] = {}
        """The names of the files whose names are not in NFC, by path."""

    def add(self, path: str, name: str, stamp: StampValues) -> None:
        folder, _, last = path.rpartition("/")
        self.folders.setdefault(folder, {})[last] = stamp[:]  # a plain tuple
        if name != path:
            self._spellings[path] = name

    def beyond(self, other: FoundFiles) -> Iterator[ContentFile]:
        """The files that the other does not have in the same state."""
        for folder, files in self.folders.items():
            if files != other.folders.get(folder) or self._spellings != other._spellings:
                paths = (join(folder, name) for name in files)
                yield from (self[path] for path in paths if other.get(path) != self[path])

    def __getitem__(self, path: str) -> ContentFile:
        folder, _, last = path.rpartition("/")
        return ContentFile(path, self._spellings.get(path, path), Stamp._make(self.folders[folder][last]))

    def __contains__(self, path: object) -> bool:
        folder, _, last = str(path).rpartition("/")
        return last in self.folders.get(folder, ())

    def __iter__(self) -> Iterator[str]:
        return (join(folder, name) for folder, files in self.folders.items() for name in sorted(files))

    def __len__(self) -> int:
        return sum(map(len, self.folders.values()))

    def __eq__(self, other: object) -> bool:
        """Whether the same files were found in the same states."""
        if not isinstance(other, FoundFiles):
            return NotImplemented
        return (self.folders, self._spellings) == (other.folders, other._spellings)

    __hash__ = None  # type: ignore[assignment]


class FolderListing(NamedTuple):
    """The files that a walk found."""

    files: FoundFiles
    problems: tuple[Problem, ...]
    unlisted: tuple[str, ...]
    """The paths that could not be listed, `""` for the root. Their files are unknown."""
    root: str
    """The folder's path with links resolved."""
    device: int
    rules: Mapping[str, ContentFile] = MappingProxyType({})
    """The files that are not documents but may contain rules for them, by path."""
    pages: Mapping[str, ContentFile] = MappingProxyType({})
    """The documents that may contain rules for others, by path."""

    def hides(self, path: str) -> bool:
        """Whether the file may exist although it was not found."""
        return any(not folder or f"{path}/".startswith(f"{folder}/") for folder in self.unlisted)

    def unseen(self) -> FolderListing:
        """The listing with an unknown content."""
        return self._replace(files=FoundFiles(), rules={}, pages={}, unlisted=("",))


class ReadError(Exception):
    """A file cannot be read. The argument is the problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def folders_of(path: str) -> Iterator[str]:
    """The folders that contain a path, the nearest first, except the content folder."""
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def folder_of(path: str) -> str:
    """The folder that contains a path, "" for the content folder."""
    return path.rpartition("/")[0]


def lies_in(path: str, places: Collection[str]) -> bool:
    """Whether a path is one of `places` or below one."""
    return path in places or any(folder in places for folder in folders_of(path))


def join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def is_ignored(name: str) -> bool:
    """Whether walks skip a name, because it or a folder above it is hidden or not written by an author."""
    return name != IGNORE_FILE and any(
        part.startswith((".", "~$")) or part in _PASSED_BY or _is_editors(part) for part in name.split("/")
    )


def is_document(name: str, include: Sequence[Glob]) -> bool:
    """Whether a file's name makes it a document."""
    return not _has_hash(name) and _has_ending(name, include)


def why_not_read(name: str, include: Sequence[Glob]) -> tuple[str, str] | None:
    """The reason and the hint for a file that looks like a document and is not read, or None."""
    if name.lower().endswith(OTHER_EXTENSIONS):
        return "Files with this ending are not read.", "Rename the file so that it ends with `.md`."
    if _has_hash(name) and _has_ending(name, include):
        return "Names that begin with `#` are not read, because editors use them.", "Rename it without the `#`."
    return None


def _is_editors(part: str) -> bool:
    """Whether a name is that of an Emacs backup or lock file."""
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
    """Whether a name is, or is in, a folder in which only the files that the site includes are documents."""
    return not SET_APART.isdisjoint(name.split("/"))


def folder_page(name: str) -> str:
    """`_index` or `index` for the page of a folder in any language, or "" for another file."""
    found = _FOLDER_PAGE.fullmatch(name.rpartition("/")[2])
    return found[1].lower() if found else ""


def is_section(name: str) -> bool:
    """Whether a file is its folder's section page in Hugo or Zola, in any language."""
    return folder_page(name) == SECTION


def is_bundle(name: str) -> bool:
    """Whether a file may be the page of a leaf bundle in Hugo. At the root it is the home page of other generators."""
    return "/" in name and folder_page(name) == BUNDLE


def is_configuration(name: str) -> bool:
    """Whether a file is the configuration of a site of Jekyll or Hugo."""
    return _CONFIGURATION.fullmatch(name) is not None


def is_author_file(name: str) -> bool:
    """Whether a file contains authors whose keys documents name."""
    return _AUTHOR_FILE.fullmatch(name) is not None and _is_read(name.rpartition("/")[0])


def is_closed(name: str) -> bool:
    """Whether a name is, or is in, a folder that is set apart, and it neither is nor may hold a file of authors."""
    return is_set_apart(name) and not _is_read(name) and not is_author_file(name)


def _is_read(folder: str) -> bool:
    """Whether the files of authors in a folder are read."""
    data = _DATA_FOLDER.fullmatch(folder)
    return not is_set_apart(data[1] if data else folder)


def may_hold_rules(name: str) -> bool:
    """Whether a file's name allows it to contain another generator's rules for documents, or authors."""
    if is_author_file(name):
        return True
    last = name.rpartition("/")[2]
    is_data = last.lower().endswith(".json") or ".11tydata." in last or name == IGNORE_FILE
    return (is_data or is_section(last) or is_bundle(name) or is_configuration(name)) and not is_set_apart(name)


_Folder = tuple[str, tuple[str, ...]]
"""The name of a folder to enter, and the real paths of the folders above it."""
_Entry = os.DirEntry[str] | Path


class Walk:
    """One pass over the folder, in the order of the names.

    With `follow_links`, links to targets inside the folder are followed, except links inside a linked folder. `include`
    matches the files that are documents in spite of their extension or folder.
    """

    def __init__(
        self, root: Path, *, follow_links: bool = False, include: Sequence[Glob] = (), with_assets: bool = False
    ) -> None:
        """`with_assets` adds the files that documents may refer to."""
        self._root = Path(os.path.realpath(root))
        self._follow_links = follow_links
        self._include = include
        self._with_assets = with_assets
        self._files = FoundFiles()
        self._rules: dict[str, ContentFile] = {}
        self._pages: dict[str, ContentFile] = {}
        self._problems: list[Problem] = []
        self._unlisted: list[str] = []

    def run(self) -> FolderListing:
        """Walk the folder. Raises ContentFolderError if the root is missing or is not a folder."""
        return self._run([("", (str(self._root),))])

    def look(self, names: Collection[str]) -> FolderListing:
        """Walk only some names and everything below them, as far as `run` would reach it.

        Names are relative to the root, as the file system spells them. A name must not be below another one.
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
        return FolderListing(self._files, problems, unlisted, str(self._root), device, self._rules, self._pages)

    def _is_reached(self, name: str) -> bool:
        """Whether the walk reaches a name without a link. If this cannot be read, the name cannot be read either."""
        if is_ignored(name):
            return False
        folders = (self._root / folder for folder in folders_of(name))
        return not any(os.path.islink(folder) for folder in folders)  # noqa: PTH114 - Path.is_symlink raises on errors

    def _enter(self, folder: str, above: tuple[str, ...]) -> Iterator[_Folder]:
        """Add one folder's files. Yields the folders below it."""
        try:
            with os.scandir(self._root / folder) as entries:
                others = self._take_plain(folder, entries)
        except FileNotFoundError:
            if not folder:
                self._cannot_list(folder, "it does not exist")
            return
        except OSError as error:
            self._cannot_list(folder, error.strerror or "unknown error", _hint(error))
            return
        for entry in sorted(others, key=attrgetter("name")):
            if not is_ignored(entry.name):
                yield from self._try(entry, join(folder, entry.name), above)

    def _take_plain(self, folder: str, entries: Iterable[os.DirEntry[str]]) -> Sequence[os.DirEntry[str]]:
        """Add the regular files with plain names, as nearly all are. Returns the other entries.

        The loop does not call functions, because a folder may have very many files.
        """
        plain = join(folder, "a.md")
        if not folder.isascii() or not is_document(plain, ()) or is_author_file(plain):
            return list(entries)
        files, others, is_plain = dict[str, StampValues](), list[os.DirEntry[str]](), _PLAIN.fullmatch
        for entry in entries:
            name = entry.name
            if not is_plain(name) or not entry.is_file(follow_symlinks=False):
                others.append(entry)
                continue
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:  # it is tried again, and reported
                others.append(entry)
            else:
                modified, inode = min(status.st_mtime_ns, MAX_INTEGER), status.st_ino & MAX_INTEGER
                files[name] = status.st_size, modified, status.st_ctime_ns, inode
        if files:
            self._files.folders.setdefault(folder, {}).update(files)
        return others

    def _try(self, entry: _Entry, name: str, above: tuple[str, ...]) -> Iterator[_Folder]:
        """Add a file, or yield it if it is a folder to enter. Records errors as problems."""
        try:
            below = self._take(entry, name, above)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            self._unlisted.append(unicodedata.normalize("NFC", name))
            message = f"The file cannot be read: {error.strerror}."
            hint = _hint(error, "Fix the permissions of its folder.")
            self._add_problem(Severity.ERROR, UNREADABLE, name, message, hint)
            return
        if below:
            yield name, below

    def _take(self, entry: _Entry, name: str, above: tuple[str, ...]) -> tuple[str, ...] | None:
        """Add a file. For a folder to enter, returns the real paths down to it."""
        if is_closed(name) and not self._include:
            return None
        if entry.is_symlink() and (reason := self._why_not_followed(entry, name, above)):
            self._pass_by(entry, name, *reason)
            return None
        if entry.is_dir():
            return (*above, os.path.realpath(entry)) if self._follow_links else above
        if is_document(name, self._include) or (self._with_assets and media_type(name)):
            self._take_file(entry, name)
        elif _must_be_read(name):
            status = entry.stat()
            self._add_rules(name, status, "" if stat.S_ISREG(status.st_mode) else _NOT_REGULAR)
        elif reason := why_not_read(name, self._include):
            self._add_problem(Severity.INFO, NOT_READ, name, *reason)
        return None

    def _why_not_followed(self, entry: _Entry, name: str, above: tuple[str, ...]) -> tuple[str, str | None] | None:
        """The reason and the hint for a link that is not followed, or None."""
        if not self._follow_links:
            return "The link is not followed.", "Put the file itself here, or set follow_links."
        target = os.path.realpath(entry)
        if target in above:
            return "The link leads back to a folder that contains it.", None
        if entry.is_dir() and above[-1] != str((self._root / name).parent):
            # A few of them can multiply to millions.
            return "The link is inside a linked folder and is not followed.", None
        if not target.startswith(f"{self._root}{os.sep}"):
            return "The link leads out of the content folder and is not followed.", None
        if not os.path.lexists(target):
            return "The link leads to a missing file.", None
        return None

    def _pass_by(self, entry: _Entry, name: str, reason: str, hint: str | None) -> None:
        """Report a link that is not followed. A link to rules is listed, because they may hide documents."""
        if not entry.is_dir() and _must_be_read(name) and not is_author_file(name):
            self._add_rules(name, entry.stat(follow_symlinks=False), reason)
        elif entry.is_dir() or is_document(name, self._include) or is_author_file(name):
            self._add_problem(Severity.WARNING, LINK, name, reason, hint)

    def _add_rules(self, name: str, status: os.stat_result, obstacle: str = "") -> None:
        path = unicodedata.normalize("NFC", name)
        self._rules[path] = ContentFile(path, name, Stamp.of(status), obstacle)

    def _take_file(self, entry: _Entry, name: str) -> None:
        status = entry.stat()
        if not stat.S_ISREG(status.st_mode):
            if _must_be_read(name):
                self._add_rules(name, status, _NOT_REGULAR)
            else:
                self._add_problem(Severity.WARNING, NOT_A_FILE, name, f"{_NOT_REGULAR} It is skipped.")
            return
        path = unicodedata.normalize("NFC", name)
        if _legible(name) != name:
            hint = "Rename the file."
            self._add_problem(Severity.ERROR, FILE_NAME, name, "The file's name is not UTF-8.", hint)
        elif path in self._files:
            hint = "Rename one of them."
            message = f"Another file's name differs only in its Unicode normal form: {self._files[path].name!r}."
            self._add_problem(Severity.ERROR, SAME_PATH, name, message, hint)
        else:
            self._files.add(path, name, Stamp.of(status))
            if may_hold_rules(path):
                self._pages[path] = self._files[path]

    def _cannot_list(self, folder: str, reason: str, hint: str | None = None) -> None:
        self._unlisted.append(unicodedata.normalize("NFC", folder))
        message = f"The folder cannot be listed: {reason}. Articles loaded from it are retained."
        self._add_problem(Severity.ERROR, UNREADABLE_FOLDER, folder or ".", message, hint)

    def _add_problem(self, severity: Severity, code: str, name: str, message: str, hint: str | None = None) -> None:
        self._problems.append(Problem(severity, code, message, _legible(name), hint=hint))


def require_folder(root: Path) -> os.stat_result:
    """Return the `stat` of the content folder. Raises ContentFolderError if it is missing or is not a folder."""
    try:
        status = root.stat()
    except OSError as error:
        raise ContentFolderError(f"The content folder {root} cannot be opened: {error.strerror}.") from error
    if not stat.S_ISDIR(status.st_mode):
        raise ContentFolderError(f"{root} is not a folder.")
    return status


def _hint(error: OSError, usual: str | None = None) -> str | None:
    """The hint for a file or a folder that cannot be opened."""
    if error.errno in {errno.EMFILE, errno.ENFILE}:
        return "It is read again on the next run. Raise the limit of open files ('ulimit -n')."
    return usual


def _must_be_read(name: str) -> bool:
    """Whether a file may hold rules even if it is a link or a device. Hugo does not make a bundle of such a page."""
    return may_hold_rules(name) and not is_bundle(name) and _legible(name) == name


def _legible(name: str) -> str:
    """The name with bytes that are not UTF-8 escaped."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def read(
    root: Path | str, file: ContentFile, *, max_bytes: int = DEFAULT_MAX_BYTES, clock: Callable[[], int] = time.time_ns
) -> tuple[Stamp, bytes]:
    """Read a file's bytes and its stamp.

    Raises ReadError if it is too large, changes during the read or cannot be read, and FileNotFoundError if it is gone.
    """
    if file.obstacle:
        raise ReadError(Problem(Severity.ERROR, UNREADABLE, file.obstacle, file.path))
    before: tuple[Stamp, bytes] | None = None
    for _ in range(MOST_READINGS):
        stamp, data = _read_once(root, file, max_bytes)
        if stamp and (before == (stamp, data) or stamp.mtime_ns + FRESH_NS < clock()):
            return stamp, data
        before = (stamp, data) if stamp else None
        time.sleep(FRESH_NS / 1e9 / 2)
    message = "The file keeps changing while it is read."
    raise ReadError(Problem(Severity.ERROR, CHANGING, message, file.path, hint="It is read again on the next run."))


def open_inside(root: Path | str, name: str, *, follow_links: bool = False) -> tuple[int, str]:
    """The descriptor of a file in the folder, and the name of the file without links.

    With `follow_links`, links to targets inside the folder are followed, otherwise none. Files that walks skip are not
    opened. Raises OSError.
    """
    _check_name(name)
    if follow_links:
        real_root, real = os.path.realpath(root), os.path.realpath(f"{root}/{name}")
        if not real.startswith(f"{real_root}{os.sep}"):
            raise FileNotFoundError(errno.ENOENT, "The link leads out of the folder", name)
        name = real.removeprefix(f"{real_root}{os.sep}")
        _check_name(name)
    *folders, last = name.split("/")
    flags = os.O_RDONLY | os.O_CLOEXEC
    descriptor = os.open(root, flags | os.O_DIRECTORY)
    try:
        for folder in folders:
            outer, descriptor = descriptor, os.open(folder, flags | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=descriptor)
            os.close(outer)
        return os.open(last, flags | os.O_NONBLOCK | os.O_NOFOLLOW, dir_fd=descriptor), name
    finally:
        os.close(descriptor)


def _check_name(name: str) -> None:
    """Raises FileNotFoundError for a name that a walk does not give."""
    if is_ignored(name) or not {"", ".", ".."}.isdisjoint(name.split("/")):
        raise FileNotFoundError(errno.ENOENT, "The file is skipped", name)


def _read_once(root: Path | str, file: ContentFile, max_bytes: int) -> tuple[Stamp | None, bytes]:
    """The bytes, and the stamp if it did not change during the read, else None."""
    descriptor = _opened(root, file)
    try:
        return _read_open(descriptor, file, max_bytes)
    except OSError as error:
        message = f"The file cannot be read: {error.strerror}."
        raise ReadError(Problem(Severity.ERROR, UNREADABLE, message, file.path)) from error
    finally:
        os.close(descriptor)


def _opened(root: Path | str, file: ContentFile) -> int:
    """The descriptor of a file. Uses O_NONBLOCK, because opening a pipe would wait for a writer."""
    try:
        return os.open(f"{root}/{file.name}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:
        message, hint = f"The file cannot be read: {error.strerror}.", _hint(error, "Fix its permissions.")
        raise ReadError(Problem(Severity.ERROR, UNREADABLE, message, file.path, hint=hint)) from error


def _read_open(descriptor: int, file: ContentFile, max_bytes: int) -> tuple[Stamp | None, bytes]:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise ReadError(Problem(Severity.WARNING, NOT_A_FILE, "It is no longer a regular file.", file.path))
    stamp = Stamp.of(status)
    if stamp.size > max_bytes:
        message = f"The file has {stamp.size} bytes. The limit is {max_bytes}."
        hint = "Split it, or raise the setting max-file-bytes."
        raise ReadError(Problem(Severity.ERROR, TOO_LARGE, message, file.path, hint=hint))
    data = _bytes(descriptor, stamp.size)
    is_whole = len(data) == stamp.size and Stamp.of(os.fstat(descriptor)) == stamp
    return (stamp if is_whole else None), data


def _bytes(descriptor: int, size: int) -> bytes:
    """The bytes of a file, and one more of a file that has grown."""
    data = part = os.read(descriptor, size + 1)
    while part and len(data) <= size:
        part = os.read(descriptor, size + 1 - len(data))
        data += part
    return data
