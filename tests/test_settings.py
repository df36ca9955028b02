"""Sources of settings, and messages for wrong ones."""

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
from gateway.option_types import BOOLEAN, DatabaseUrl
from gateway.settings import LIMITS, OPTIONS, RENAMED, Group, Mode, Option, Settings, present_name, variable_of
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


def test_defaults_of_serve() -> None:
    """Without settings the server listens on loopback, with everything optional off."""
    found = settings()
    assert (found.host, found.port, found.introspection, found.explorer, found.tokens) == (
        "127.0.0.1",
        8000,
        False,
        False,
        (),
    )
    assert (found.mode, found.content, found.parsers) == (Mode.SERVE, CONTENT, os.cpu_count())


def test_defaults_of_dev() -> None:
    """Only the defaults of introspection and explorer differ."""
    changed = {option.name for option in OPTIONS if option.default_of(Mode.DEV) != option.default_of(Mode.SERVE)}
    assert changed == {"introspection", "explorer"}
    assert settings(Mode.DEV).explorer
    assert not settings(Mode.DEV, explorer=False).explorer


@pytest.mark.parametrize("name", ["gateway.toml", "gateway.yaml", "GATEWAY.YML"])
def test_precedence_of_sources(tmp_path: Path, name: str) -> None:
    """Flags, then environment, then file, then defaults, per option."""
    sign = "=" if name.endswith("toml") else ":"
    file = written(tmp_path, name, f"port{sign} 1\nreaders{sign} 1\nparsers{sign} 1\nstrict{sign} true\n")
    found = settings(environ={"GATEWAY_PORT": "2", "GATEWAY_READERS": "2"}, port=3, config=str(file))
    assert (found.port, found.readers, found.parsers, found.strict) == (3, 2, 1, True)


def test_settings_file_from_the_environment(tmp_path: Path) -> None:
    """GATEWAY_CONFIG acts as `--config`, which overrides it."""
    first = written(tmp_path, "first.toml", "port = 1\n")
    second = written(tmp_path, "second.toml", "port = 2\n")
    environ = {"GATEWAY_CONFIG": str(first)}
    assert settings(environ=environ).port == 1
    assert settings(environ=environ, config=str(second)).port == 2


def test_absent_values_fall_through() -> None:
    """A missing flag and an empty variable defer to the next source."""
    found = settings(environ={"GATEWAY_HOST": "", "GATEWAY_PORT": "81"}, port=None, allowed_hosts=())
    assert (found.host, found.port, found.allowed_hosts) == ("127.0.0.1", 81, ())


def test_process_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read if no mapping is given."""
    monkeypatch.setenv("GATEWAY_PORT", "8123")
    assert read(Mode.SERVE, CONTENT, {}).port == 8123


def test_lists_are_separated_by_white_space(tmp_path: Path) -> None:
    """A variable and a list in the file are equal."""
    file = written(tmp_path, "list.yaml", "allowed-hosts: [a.example, b.example]\n")
    from_variable = settings(environ={"GATEWAY_ALLOWED_HOSTS": " a.example\n b.example "})
    assert settings(config=str(file)).allowed_hosts == from_variable.allowed_hosts == ("a.example", "b.example")


def test_tokens_are_kept_as_digests() -> None:
    """A token and its digest give equal grants, and no text of the settings has the token."""
    digest = sha256(b"sesame").hexdigest()
    plain = settings(environ={"GATEWAY_TOKENS": "sesame:preview,secured:read"})
    hashed = settings(environ={"GATEWAY_TOKENS": f"sha256:{digest}:preview,secured:read"})
    assert plain.tokens == hashed.tokens == (api_token("sesame", {Scope.PREVIEW, Scope.SECURED_READ}),)
    assert "sesame" not in repr(plain)


@pytest.mark.parametrize(
    "token",
    ["sesame", "sesame:", "sesame:all", "sesame:open:preview", ":preview:sesame", "sha256:sesame:preview", "a:sesame"],
)
def test_wrong_token_is_not_quoted(token: str) -> None:
    """The message has the variable and the format, and no part of the token."""
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
def test_invalid_webhook_urls(url: str) -> None:
    """They are refused at the start, also with `preview:`."""
    for value in (url, f"preview:{url}"):
        assert complaints(webhooks=["https://build.example/hook", value]) == [
            f"--webhooks: {value!r} is not an http or https URL, with or without the prefix 'preview:'."
        ]


@given(st.from_regex(r"https?://([a-z]*@)?([a-z0-9._-]*|\[[0-9a-f:.]*\])(:[0-9]{0,6})?([/?#].*)?", fullmatch=True))
def test_accepted_webhook_urls_are_valid_for_httpx(url: str) -> None:
    """Each has a host for the HTTP client too."""
    try:
        found = settings(environ={"GATEWAY_WEBHOOKS": url}).webhooks
    except SettingsError:
        return
    assert all(httpx.URL(webhook.url).host for webhook in found)


def test_settings_import_little() -> None:
    """Every command imports the table, also for `--help`."""
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
def test_misspelt_variable_is_found(variable: str, meant: str) -> None:
    """It is one edit away from that of an option."""
    assert [*misnamed({variable: "1"})] == [(variable, meant)]


@pytest.mark.parametrize(
    "variable", ["GATEWAY_PORT", "GATEWAY_SERVICE_HOST", "GATEWAY_", "GATEWAY", "PROT", "gateway_prot"]
)
def test_other_variables_give_no_warning(variable: str) -> None:
    """Options themselves, and unrelated names."""
    assert [*misnamed({variable: "1", "GATEWAY_PROT": ""})] == []


@pytest.mark.parametrize(("earlier", "present"), RENAMED.items())
def test_an_earlier_name_is_an_error_that_gives_the_present_one(tmp_path: Path, earlier: str, present: str) -> None:
    """In the environment and in a file, since the value would silently have no effect; a warning does not repeat it."""
    variable = f"GATEWAY_{earlier.upper()}"
    assert complaints(environ={variable: "1"}) == [f"{variable}: It {present_name(earlier, variable_of)}"]
    assert f"is called GATEWAY_{present.upper()} now." in present_name(earlier, variable_of)
    assert [*misnamed({variable: "1"})] == []
    assert settings(environ={variable: ""}) == settings()
    file = written(tmp_path, "earlier.toml", f"{earlier} = 1\n")
    [complaint] = complaints(config=str(file))
    assert complaint.startswith(f"{file}: {earlier}: It is called '{present}' now.")


def test_every_group_has_options() -> None:
    """The limits are a group, and no group is empty."""
    assert {option.group for option in OPTIONS} == {*Group}
    assert all(option.group is Group.LIMITS for option in LIMITS)


def test_all_errors_are_reported_at_once(tmp_path: Path) -> None:
    """Each wrong value has a line with its flag, its variable, or its file and key."""
    file = written(tmp_path, "wrong.toml", "readers = 0\nstrict = 'perhaps'\nprot = 1\nparsers = [1, 2]\n")
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
            f"{file}: parsers: It is a list. Write a single value.",
        ]
    )


def test_overridden_wrong_value_is_ignored() -> None:
    """Only used values are checked."""
    assert settings(environ={"GATEWAY_PORT": "wrong"}, port=8001).port == 8001


def test_database_url() -> None:
    """It is of PostgreSQL, and names one schema."""
    found = settings(database="postgresql://gateway@host/db?search_path=site").database
    assert isinstance(found, DatabaseUrl)
    assert (found.complete, found.schema) == ("postgresql://gateway@host/db?search_path=site", "site")
    assert DatabaseUrl("postgres://host").schema == "gateway"
    pooled = DatabaseUrl("postgres://host/db?statement_cache_size=0&search_path=site&sslmode=require")
    assert (pooled.is_pooled, pooled.for_driver) == (True, "postgres://host/db?sslmode=require")
    assert DatabaseUrl("postgres://host/db?search_path=a").for_driver == "postgres://host/db"
    meant = "Its statement_cache_size is not a whole number."
    assert complaints(database="postgresql://host/db?statement_cache_size=x") == [f"--database: {meant}"]
    meant = "It is a URL, but not of PostgreSQL. Write postgresql://..., or the path of a SQLite file."
    assert complaints(database="mysql://host/db") == [f"--database: {meant}"]
    for schema in ("a,b", "A", "'a'", "1"):
        wrong = complaints(database=f"postgresql://:sesame@host/db?search_path={schema}&a=b")
        assert wrong == ["--database: Its search_path is not the name of one schema: small letters, digits and _."]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://gateway:sesame@host:5432/db", "postgresql://gateway:***@host:5432/db"),
        ("postgresql://:sesame@host/db", "postgresql://:***@host/db"),
        ("postgresql://gateway:ses@me@host/db", "postgresql://gateway:***@host/db"),
        ("postgresql://gateway:ses/me@host/db", "postgresql://gateway:***@host/db"),
        ("postgresql://gateway@one:1,two:2/db", "postgresql://gateway@one:1,two:2/db"),
        ("postgresql:///db?password=sesame&host=a", "postgresql:///db?password=***&host=a"),
        ("postgresql:///db?sslpassword=sesame", "postgresql:///db?sslpassword=***"),
    ],
)
def test_password_of_a_database_is_not_shown(url: str, shown: str) -> None:
    """Neither in messages nor where all settings are shown."""
    found = settings(database=url)
    assert str(found.database) == shown
    assert "sesame" not in repr(found)
    assert "ses" not in str(found.database)


def test_working_file_of_a_database() -> None:
    """A loader has a file for each folder and database, whatever the password is."""
    one = settings(database="postgresql://gateway:one@host/db").working_path
    assert one == settings(database="postgresql://gateway:two@host/db").working_path
    others = [settings(database="postgresql://gateway:one@host/other").working_path, settings().database_path]
    assert one not in others
    assert settings(database="postgresql://gateway:one@host/db").local_path == one
    with pytest.raises(SettingsError, match=r"does not use PostgreSQL \(postgresql://gateway:\*\*\*@host/db\)"):
        _ = settings(database="postgresql://gateway:one@host/db").database_path


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
def test_unreadable_settings_file(tmp_path: Path, name: str, data: bytes, complaint: str) -> None:
    """The message does not quote the content."""
    file = tmp_path / name
    file.write_bytes(data)
    assert complaints(config=str(file)) == [f"{file}: {complaint}"]


def test_missing_settings_file(tmp_path: Path) -> None:
    """A named file must exist."""
    file = tmp_path / "missing.toml"
    assert complaints(config=str(file)) == [f"{file}: The file cannot be read: No such file or directory."]


def test_empty_settings_file(tmp_path: Path) -> None:
    """The file may contain only comments."""
    assert settings(config=str(written(tmp_path, "a.yaml", "# later\n"))) == settings()


def test_default_database_of_a_folder(tmp_path: Path) -> None:
    """All paths of a folder give one database, and another folder another."""
    (tmp_path / "one").mkdir()
    (tmp_path / "link").symlink_to("one")
    assert default_database(tmp_path / "one") == default_database(tmp_path / "link")
    assert default_database(tmp_path / "one") != default_database(tmp_path / "two")


def test_every_limit_is_an_option() -> None:
    """Its default is that of the table of limits. Values below the minimum are refused."""
    for option in LIMITS:
        assert value_of(option, settings()) == option.default, option.name
        assert value_of(option, settings(environ={option.variable: "123456"})) == 123456, option.name
        [complaint] = complaints(environ={option.variable: "-1"})
        assert complaint.startswith(f"{option.variable}: '-1' is not a ")


def test_every_option_has_a_help_sentence() -> None:
    """And a flag and a variable by its name."""
    for option in OPTIONS:
        assert option.help.endswith("."), option.name
        name = option.flag.removeprefix("--").replace("-", "_").upper()
        assert name == option.variable.removeprefix("GATEWAY_")


@given(st.sampled_from(OPTIONS), st.text())
def test_arbitrary_values_give_settings_errors(option: Option, text: str) -> None:
    """Any value is accepted, or refused in one line that begins with its name."""
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
def test_origins_are_normalised(given: str, kept: str) -> None:
    """In the form that browsers send."""
    assert settings(allowed_origins=[given]).allowed_origins == (kept,)


@pytest.mark.parametrize(
    "given",
    ["news.example", "null", "https://", "https://a/b", "https://a?b", "https://a@b", "//a", "https://*.a", "a:1"],
)
def test_invalid_origins_are_refused(given: str) -> None:
    """Values that match nothing, or more than intended, stop the start."""
    assert complaints(allowed_origins=[given]) == [
        f"--allowed-origins: {given!r} is neither an origin such as 'https://news.example' nor '*'."
    ]
