"""Where the key and the URL come from, and that the key shows nowhere."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path

import httpx
import numpy as np
import pytest

from agentrun_nb.errors import MissingKeyError, SettingsError, UnsafeURLError
from agentrun_nb.http.secret import Secret
from agentrun_nb.http.settings import (
    DEFAULT_URL,
    MOST_CONFIG_BYTES,
    Settings,
    check_url,
    find_settings,
)
from tests.support.http import KEY

LIMITS = {"timeout": 1.0, "deadline": 1.0, "max_in_flight": 1, "max_bytes": 1, "verify": True}
VARIABLES = (
    "AGENTRUN_API_KEY",
    "NULLSPACE_API_KEY",
    "AGENTRUN_BASE_URL",
    "NULLSPACE_API_URL",
    "NULLSPACE_BASE_URL",
)


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A home of its own without any setting."""
    for name in (*VARIABLES, "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def found(
    key: str | None = None, url: str | None = None, proxy: str | None = None, **limits: object
) -> Settings:
    secret = None if key is None else Secret(key, "the argument api_key")
    return find_settings(secret, url, allow_http=False, proxy=proxy, **(LIMITS | limits))


def configure(folder: Path, content: object) -> None:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(
        content if isinstance(content, str) else json.dumps(content)
    )


def test_first_place_wins(monkeypatch: pytest.MonkeyPatch, nothing_set: Path) -> None:
    configure(nothing_set / ".nullspace", {"api_key": "k5", "base_url": "https://h5.test"})
    places = [(found(), "k5", "https://h5.test", "~/.nullspace/config.json")]
    configure(nothing_set / ".config/nullspace", {"api_key": "k4", "api_url": "https://h4.test"})
    places.append((found(), "k4", "https://h4.test", "~/.config/nullspace/config.json"))
    monkeypatch.setenv("NULLSPACE_BASE_URL", "https://h3b.test")
    places.append((found(), "k4", "https://h3b.test", "~/.config/nullspace/config.json"))
    monkeypatch.setenv("NULLSPACE_API_KEY", "k3")
    monkeypatch.setenv("NULLSPACE_API_URL", "https://h3.test")
    places.append((found(), "k3", "https://h3.test", "NULLSPACE_API_KEY"))
    monkeypatch.setenv("AGENTRUN_API_KEY", "k2")
    monkeypatch.setenv("AGENTRUN_BASE_URL", "https://h2.test")
    places.append((found(), "k2", "https://h2.test", "AGENTRUN_API_KEY"))
    places.append((found("k1", "https://h1.test"), "k1", "https://h1.test", "the argument api_key"))
    for settings, key, url, source in places:
        assert (settings.secret.reveal(), settings.base_url, settings.secret.source) == (
            key,
            url,
            source,
        )


def test_without_a_url_it_is_the_documented_one() -> None:
    assert found(KEY).base_url == DEFAULT_URL


def test_no_key_lists_every_place_and_two_ways_on() -> None:
    with pytest.raises(MissingKeyError) as caught:
        found()
    for place in (
        "the argument api_key",
        "AGENTRUN_API_KEY",
        "NULLSPACE_API_KEY",
        "api_key in ~/.config/nullspace/config.json",
        "api_key in ~/.nullspace/config.json",
        "getpass.getpass()",
        "local.serve().client",
    ):
        assert place in str(caught.value)


@pytest.mark.parametrize("folder", [".", "nullspace"])
def test_nothing_is_read_from_the_working_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: str
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / ".env").write_text(f"NULLSPACE_API_KEY={KEY}\nAGENTRUN_API_KEY={KEY}\n")
    configure(work / folder / "nullspace", {"api_key": KEY})
    monkeypatch.chdir(work)
    monkeypatch.setenv("XDG_CONFIG_HOME", folder)
    with pytest.raises(MissingKeyError):
        found()


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"api_key": 7}', "[" * 100_000, '{"api_key": ""}']
)
def test_a_broken_configuration_file_is_passed_over(nothing_set: Path, content: str) -> None:
    configure(nothing_set / ".nullspace", content)
    with pytest.raises(MissingKeyError):
        found()


def test_a_configuration_file_that_is_too_large_is_passed_over(nothing_set: Path) -> None:
    configure(nothing_set / ".nullspace", {"api_key": KEY, "rest": "x" * MOST_CONFIG_BYTES})
    with pytest.raises(MissingKeyError):
        found()


def test_a_relative_folder_of_settings_is_not_looked_at(
    monkeypatch: pytest.MonkeyPatch, nothing_set: Path
) -> None:
    """It would lie in the working folder; the usual one counts instead."""
    configure(nothing_set / ".config/nullspace", {"api_key": "usual"})
    configure(nothing_set / "here/nullspace", {"api_key": "planted"})
    monkeypatch.chdir(nothing_set)
    monkeypatch.setenv("XDG_CONFIG_HOME", "here")
    assert found().secret.reveal() == "usual"


@pytest.mark.parametrize("key", ["", "two words", "line\nbreak", "schlüssel", "tab\t", 7, b"bytes"])
def test_a_key_that_cannot_stand_in_a_header_is_refused_unseen(key: str) -> None:
    with pytest.raises(SettingsError) as caught:
        found(key)
    assert str(key) == "" or str(key) not in str(caught.value)


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        format,
        copy.copy,
        copy.deepcopy,
        dir,
        lambda secret: f"{secret!r:>80}",
        lambda secret: [secret],
    ],
)
def test_a_secret_shows_nothing(show: object) -> None:
    secret = Secret(KEY, "here")
    assert KEY not in repr(show(secret))
    assert "here" in repr(secret)
    assert secret.reveal() == KEY
    assert not hasattr(secret, "__dict__")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_secret_is_never_pickled(protocol: int) -> None:
    with pytest.raises(TypeError, match="never pickled"):
        pickle.dumps(Secret(KEY, "here"), protocol)


def test_a_function_is_asked_each_time() -> None:
    keys = iter(["first", "second"])
    secret = Secret(lambda: next(keys), "a function")
    assert [secret.reveal(), secret.reveal()] == ["first", "second"]
    with pytest.raises(SettingsError, match="StopIteration"):
        secret.reveal()


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("https://api.test", "https://api.test"),
        ("https://api.test/", "https://api.test"),
        ("https://api.test:8443/prefix/", "https://api.test:8443/prefix"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://127.9.9.9", "http://127.9.9.9"),
        ("http://[::1]:80", "http://[::1]:80"),
        ("http://localhost:1", "http://localhost:1"),
    ],
)
def test_safe_urls_are_kept(url: str, plain: str) -> None:
    assert check_url(url) == plain


@pytest.mark.parametrize(
    "url",
    [
        "http://api.test",
        "http://localhost.evil.test",
        "http://127.0.0.1.evil.test",
        "http://0.0.0.0",
        "http://10.0.0.1",
        "ftp://api.test",
        "api.test",
        "",
        "https://",
        f"https://{KEY}@api.test",
        "https://user:pass@api.test",
        "https://api.test?x=1",
        "https://api.test#x",
        "https://api.test\\@evil.test",
        "https://api.test/\r\nX: y",
        "https://api.test/a b",
        "https://api.test/../x",
        "https://аpi.test",
        "https://api.test:99999",
        "https://api.test:0",
        "https://[::1",
        "https://api.test/%2e%2e",
    ],
)
def test_urls_that_a_key_must_not_go_to_are_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(UnsafeURLError) as caught:
        check_url(url)
    assert "pass" not in caught.value.message.replace("password", "")
    assert KEY not in str(caught.value)


def test_http_to_another_machine_only_when_it_is_said() -> None:
    assert check_url("http://api.test", allow_http=True) == "http://api.test"


def test_a_proxy_only_when_asked_for_and_then_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:pass@proxy.test:3128")
    assert found(KEY).proxy is None
    for proxy in ("env", "http://user:pass@proxy.test:3128"):
        told = repr(found(KEY, proxy=proxy))
        assert "proxy.test:3128" in told
        assert "pass" not in told
    monkeypatch.setenv("NO_PROXY", "api.test")
    assert found(KEY, "https://api.test", proxy="env").proxy is None
    with pytest.raises(UnsafeURLError):
        found(KEY, "http://127.0.0.1:1", proxy="http://proxy.test:3128")
    for odd in ("socks5://proxy.test", "http://[", "http://proxy.test:99999", 5):
        with pytest.raises(SettingsError):
            found(KEY, proxy=odd)


@pytest.mark.parametrize("name", ["timeout", "deadline", "max_in_flight", "max_bytes"])
@pytest.mark.parametrize("value", [0, -1, None, "5", True, float("nan")])
def test_limits_are_numbers_above_zero(name: str, value: object) -> None:
    with pytest.raises(SettingsError, match=name):
        found(KEY, **{name: value})


def test_a_limit_may_be_a_number_of_numpy_but_none_that_no_clock_counts() -> None:
    assert found(KEY, timeout=np.int64(3), max_bytes=np.int64(5)).timeout == 3
    with pytest.raises(SettingsError, match="timeout is to be a number of seconds"):
        found(KEY, timeout=10**400)


def test_what_is_no_text_is_called_so_and_not_a_wrong_address() -> None:
    with pytest.raises(UnsafeURLError, match="is not text but URL"):
        check_url(httpx.URL("https://api.test"))  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="is not text but URL"):
        found(KEY, proxy=httpx.URL("http://proxy.test:3128"))
    with pytest.raises(UnsafeURLError, match="blank"):
        check_url("https://api.test\n")


def test_only_a_plain_yes_sends_the_key_unencrypted() -> None:
    """A text such as "no" is true to Python."""
    for odd in ("no", "yes", None, 2, [1]):
        with pytest.raises(SettingsError, match="allow_http"):
            find_settings(
                Secret(KEY, "a test"), "http://api.test", allow_http=odd, proxy=None, **LIMITS
            )


def test_a_password_that_no_header_can_hold_is_refused_unseen() -> None:
    with pytest.raises(SettingsError) as caught:
        found(KEY, proxy="http://user:hidden\ud800@proxy.test:3128")
    assert "hidden" not in repr(caught.value)


def test_the_repr_says_host_source_and_limits_and_not_the_key() -> None:
    told = repr(found(KEY, "https://api.test", max_in_flight=7, verify=False))
    assert KEY not in told
    for part in ("api.test", "the argument api_key", "7 requests", "NOT checked"):
        assert part in told


@pytest.mark.parametrize(("beyond", "read"), [(0, True), (1, False)])
def test_a_configuration_file_is_read_up_to_its_largest_size(
    nothing_set: Path, beyond: int, read: bool
) -> None:
    text = json.dumps({"api_key": KEY})
    configure(nothing_set / ".nullspace", text.ljust(MOST_CONFIG_BYTES + beyond))
    if read:
        assert found().secret.reveal() == KEY
    else:
        with pytest.raises(MissingKeyError):
            found()


def test_a_home_that_is_no_absolute_folder_is_not_looked_at(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It would lie in the working folder."""
    configure(tmp_path / "here/.nullspace", {"api_key": KEY})
    configure(tmp_path / "here/.config/nullspace", {"api_key": KEY})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "here")
    with pytest.raises(MissingKeyError):
        found()


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:0", "https://api.test:00", "https://[::1]:0", "https://api.test:-1"]
)
def test_a_port_that_nobody_can_listen_at_is_refused(url: str) -> None:
    with pytest.raises(UnsafeURLError):
        check_url(url)
