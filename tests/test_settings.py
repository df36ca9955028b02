"""Where settings come from, and what is said of wrong ones."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.access.tokens import Scope, api_token
from gateway.errors import SettingsError
from gateway.option_types import BOOLEAN
from gateway.settings import LIMITS, OPTIONS, RENAMED, Group, Mode, Option, Settings
from gateway.settings_sources import default_database, misnamed, read
from tests.commands import imported

CONTENT = Path("content")


def settings(mode: Mode = Mode.SERVE, *, environ: dict[str, str] | None = None, **flags: object) -> Settings:
    return read(mode, CONTENT, flags, environ or {})


def complaints(*, environ: dict[str, str] | None = None, **flags: object) -> list[str]:
    with pytest.raises(SettingsError) as raised:
        read(Mode.SERVE, CONTENT, flags, environ or {})
    return raised.value.message.splitlines()


def value_of(option: Option, found: Settings) -> object:
    is_limit = option in LIMITS
    return getattr(found.limits if is_limit else found, option.name.removeprefix("limit_") if is_limit else option.name)


def written(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def test_nothing_need_be_said() -> None:
    """Under `serve` a server without settings listens on loopback and gives nothing away."""
    found = settings()
    assert (found.host, found.port, found.introspection, found.explorer, found.tokens) == (
        "127.0.0.1",
        8000,
        False,
        False,
        (),
    )
    assert (found.mode, found.content, found.workers) == (Mode.SERVE, CONTENT, os.cpu_count())


def test_dev_opens_the_explorer() -> None:
    """The modes differ in the defaults of introspection and explorer, and in nothing else that the table holds."""
    changed = {option.name for option in OPTIONS if option.default_of(Mode.DEV) != option.default_of(Mode.SERVE)}
    assert changed == {"introspection", "explorer"}
    assert settings(Mode.DEV).explorer
    assert not settings(Mode.DEV, explorer=False).explorer


@pytest.mark.parametrize("name", ["gateway.toml", "gateway.yaml", "GATEWAY.YML"])
def test_flags_beat_the_environment_and_that_the_file(tmp_path: Path, name: str) -> None:
    """Of flags, environment, file and defaults the first that says something counts, option by option."""
    sign = "=" if name.endswith("toml") else ":"
    file = written(tmp_path, name, f"port{sign} 1\nreaders{sign} 1\nworkers{sign} 1\nstrict{sign} true\n")
    found = settings(environ={"GATEWAY_PORT": "2", "GATEWAY_READERS": "2"}, port=3, config=str(file))
    assert (found.port, found.readers, found.workers, found.strict) == (3, 2, 1, True)


def test_a_variable_names_the_file(tmp_path: Path) -> None:
    """GATEWAY_CONFIG stands for `--config`, and the flag beats it."""
    first = written(tmp_path, "first.toml", "port = 1\n")
    second = written(tmp_path, "second.toml", "port = 2\n")
    environ = {"GATEWAY_CONFIG": str(first)}
    assert settings(environ=environ).port == 1
    assert settings(environ=environ, config=str(second)).port == 2


def test_an_absent_value_hides_no_other() -> None:
    """A flag that was not given and a variable that is empty leave the word to the next source."""
    found = settings(environ={"GATEWAY_HOST": "", "GATEWAY_PORT": "81"}, port=None, allowed_hosts=())
    assert (found.host, found.port, found.allowed_hosts) == ("127.0.0.1", 81, ())


def test_the_process_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a mapping the variables of the process itself are read."""
    monkeypatch.setenv("GATEWAY_PORT", "8123")
    assert read(Mode.SERVE, CONTENT, {}).port == 8123


def test_lists_are_separated_by_white_space(tmp_path: Path) -> None:
    """A variable and a file's list say the same."""
    file = written(tmp_path, "list.yaml", "allowed-hosts: [a.example, b.example]\n")
    from_variable = settings(environ={"GATEWAY_ALLOWED_HOSTS": " a.example\n b.example "})
    assert settings(config=str(file)).allowed_hosts == from_variable.allowed_hosts == ("a.example", "b.example")


def test_a_token_is_kept_as_its_digest() -> None:
    """A token and its digest are the same grant, and no text of the settings shows the token."""
    digest = sha256(b"sesame").hexdigest()
    plain = settings(environ={"GATEWAY_TOKENS": "sesame:preview,secured:read"})
    hashed = settings(environ={"GATEWAY_TOKENS": f"sha256:{digest}:preview,secured:read"})
    assert plain.tokens == hashed.tokens == (api_token("sesame", {Scope.PREVIEW, Scope.SECURED_READ}),)
    assert "sesame" not in repr(plain)


@pytest.mark.parametrize(
    "token",
    ["sesame", "sesame:", "sesame:all", "sesame:open:preview", ":preview:sesame", "sha256:sesame:preview", "a:sesame"],
)
def test_a_wrong_token_is_not_quoted(token: str) -> None:
    """The message for a token names the variable and how a token is written, and shows no part of it."""
    (complaint,) = complaints(environ={"GATEWAY_TOKENS": f"good:reload {token}"})
    assert complaint.startswith("GATEWAY_TOKENS: A token")
    assert "sesame" not in complaint


@pytest.mark.parametrize(
    "url",
    [
        "build.example/hook",
        "ftp://build.example",
        "https://build.example:port/hook",
        "https://build.example:65536/hook",
        "https:///hook",
        "http://[::1/",
        "http://[::x]/",
        "http://999.1.1.1/",
        "https://bücher.example/",
        "https://build.example/\x01",
    ],
)
def test_a_webhook_that_nothing_can_be_sent_to(url: str) -> None:
    """It is refused at the start, and not when there is something to tell; with `preview:` before it too."""
    for value in (url, f"preview:{url}"):
        assert complaints(webhooks=["https://build.example/hook", value]) == [
            f"--webhooks: {value!r} is not an http or https URL, with or without the prefix 'preview:'."
        ]


@given(st.from_regex(r"https?://([a-z]*@)?([a-z0-9._-]*|\[[0-9a-f:.]*\])(:[0-9]{0,6})?([/?#].*)?", fullmatch=True))
def test_a_webhook_is_a_url_to_what_sends(url: str) -> None:
    """Every URL that the settings accept has a host for the HTTP client too."""
    try:
        found = settings(environ={"GATEWAY_WEBHOOKS": url}).webhooks
    except SettingsError:
        return
    assert all(httpx.URL(webhook.url).host for webhook in found)


def test_the_table_is_light() -> None:
    """Every command imports it, also one that only prints its help."""
    heavy = {"httpx", "jwt", "watchfiles", "yaml", "asyncio", "orjson"}
    assert imported("import gateway.settings_sources") & heavy == set()


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("GATEWAY_PROT", "GATEWAY_PORT"),
        ("GATEWAY_LOGLEVEL", "GATEWAY_LOG_LEVEL"),
        ("GATEWAY_ALLOWED_ORIGIN", "GATEWAY_ALLOWED_ORIGINS"),
        ("GATEWAY_LIMIT_COSTS", "GATEWAY_LIMIT_COST"),
        ("GATEWAY_CONFIGS", "GATEWAY_CONFIG"),
        ("GATEWAY_Port", "GATEWAY_PORT"),
    ],
)
def test_a_misspelt_variable_is_found(variable: str, meant: str) -> None:
    """A variable that is one edit from that of an option, which it would otherwise silently not set."""
    assert [*misnamed({variable: "1"})] == [(variable, meant)]


@pytest.mark.parametrize(
    "variable", ["GATEWAY_PORT", "GATEWAY_SERVICE_HOST", "GATEWAY_", "GATEWAY", "PROT", "gateway_prot"]
)
def test_other_variables_are_not_warned_about(variable: str) -> None:
    """Options themselves, and names that resemble none."""
    assert [*misnamed({variable: "1", "GATEWAY_PROT": ""})] == []


@pytest.mark.parametrize(("earlier", "present"), RENAMED.items())
def test_an_earlier_name_is_an_error_that_gives_the_present_one(tmp_path: Path, earlier: str, present: str) -> None:
    """In the environment and in a file, since the value would silently have no effect; a warning does not repeat it."""
    variable = f"GATEWAY_{earlier.upper()}"
    assert complaints(environ={variable: "1"}) == [f"{variable}: It is called GATEWAY_{present.upper()} now."]
    assert [*misnamed({variable: "1"})] == []
    assert settings(environ={variable: ""}) == settings()
    file = written(tmp_path, "earlier.toml", f"{earlier} = 1\n")
    assert complaints(config=str(file)) == [f"{file}: {earlier}: It is called '{present}' now."]


def test_every_group_has_options() -> None:
    """The limits are a group; no group is empty."""
    assert {option.group for option in OPTIONS} == {*Group}
    assert all(option.group is Group.LIMITS for option in LIMITS)


def test_all_errors_are_told_at_once(tmp_path: Path) -> None:
    """Each wrong value has a line that names its flag, its variable, or its file and key."""
    file = written(tmp_path, "wrong.toml", "readers = 0\nstrict = 'perhaps'\nprot = 1\nworkers = [1, 2]\n")
    found = complaints(
        environ={"GATEWAY_LOG_LEVEL": "loud", "GATEWAY_LIMIT_OPERATION_SECONDS": "nan"}, port="65536", config=str(file)
    )
    assert sorted(found) == sorted(
        [
            "--port: '65536' is not a whole number from 0 to 65535.",
            "GATEWAY_LOG_LEVEL: 'loud' is not one of debug, info, warning, error.",
            "GATEWAY_LIMIT_OPERATION_SECONDS: 'nan' is not a number of seconds above 0.",
            f"{file}: readers: '0' is not a whole number of at least 1.",
            f"{file}: strict: 'perhaps' is neither true nor false.",
            f"{file}: prot: Unknown setting. Did you mean 'port'?",
            f"{file}: workers: It is a list. Write a single value.",
        ]
    )


def test_a_value_that_is_overruled_does_no_harm() -> None:
    """A wrong value counts only where it is the one to be used."""
    assert settings(environ={"GATEWAY_PORT": "wrong"}, port=8001).port == 8001


def test_a_url_is_no_database() -> None:
    """A database is a file; what looks like an address is refused rather than made a file of that name."""
    assert complaints(database="postgresql://host/db") == ["--database: It is a URL. Write the path of a file."]


@pytest.mark.parametrize(
    ("name", "data", "complaint"),
    [
        (
            "a.toml",
            b"port = 1\n'sesame'\n",
            "The file is not TOML: Expected '=' after a key in a key/value pair (at line 2, column 9).",
        ),
        ("a.yaml", b"port: 1\ntokens: 'sesame\n", "Line 3 is not YAML."),
        ("a.yaml", b"tokens: \x01", "The file is not YAML."),
        ("a.yaml", b"- sesame", "The file is not a mapping of settings to values."),
        ("a.yaml", b"\xff", "The file is not UTF-8."),
        ("a.ini", b"", "The file's name ends in neither .toml nor .yaml."),
    ],
)
def test_an_unreadable_file_is_one_line(tmp_path: Path, name: str, data: bytes, complaint: str) -> None:
    """What is wrong with the file is said without quoting what it holds."""
    file = tmp_path / name
    file.write_bytes(data)
    assert complaints(config=str(file)) == [f"{file}: {complaint}"]


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    """A file that is named must be there."""
    file = tmp_path / "missing.toml"
    assert complaints(config=str(file)) == [f"{file}: The file cannot be read: No such file or directory."]


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    """A settings file may hold comments alone."""
    assert settings(config=str(written(tmp_path, "a.yaml", "# later\n"))) == settings()


def test_a_folder_has_one_database(tmp_path: Path) -> None:
    """By whatever path a folder is named its database is one, and another folder has another."""
    (tmp_path / "one").mkdir()
    (tmp_path / "link").symlink_to("one")
    assert default_database(tmp_path / "one") == default_database(tmp_path / "link")
    assert default_database(tmp_path / "one") != default_database(tmp_path / "two")


def test_every_limit_is_an_option() -> None:
    """Its default is that of the table of limits, any larger number is taken, and one below its least is not."""
    for option in LIMITS:
        assert value_of(option, settings()) == option.default, option.name
        assert value_of(option, settings(environ={option.variable: "123456"})) == 123456, option.name
        [complaint] = complaints(environ={option.variable: "-1"})
        assert complaint.startswith(f"{option.variable}: '-1' is not a ")


def test_every_option_is_told_in_a_sentence() -> None:
    """Each row of the table has a help that ends as a sentence does, and a flag and a variable of its name."""
    for option in OPTIONS:
        assert option.help.endswith("."), option.name
        name = option.flag.removeprefix("--").replace("-", "_").upper()
        assert name == option.variable.removeprefix("GATEWAY_")


@given(st.sampled_from(OPTIONS), st.text())
def test_no_text_is_more_than_a_settings_error(option: Option, text: str) -> None:
    """Whatever a variable holds, it is taken or refused in one line that begins with its name."""
    try:
        found = settings(environ={option.variable: text})
    except SettingsError as error:
        assert error.message.startswith(f"{option.variable}: ")
    else:
        assert isinstance(value_of(option, found), bool) is (option.kind is BOOLEAN)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://News.example:443/", "https://news.example"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://[::1]:80", "http://[::1]"),
        ("capacitor://localhost", "capacitor://localhost"),
        ("*", "*"),
    ],
)
def test_origins_are_kept_as_browsers_write_them(given: str, kept: str) -> None:
    """So that one that is allowed is known again."""
    assert settings(allowed_origins=[given]).allowed_origins == (kept,)


@pytest.mark.parametrize(
    "given",
    ["news.example", "null", "https://", "https://a/b", "https://a?b", "https://a@b", "//a", "https://*.a", "a:1"],
)
def test_what_is_no_origin_is_refused(given: str) -> None:
    """What could never match, or more than was meant, stops the start."""
    assert complaints(allowed_origins=[given]) == [
        f"--allowed-origins: {given!r} is neither an origin such as 'https://news.example' nor '*'."
    ]
