"""All errors that this package raises.

AgentRunError
├── SettingsError                a setting is missing or unsafe; nothing was sent
│   ├── MissingKeyError
│   ├── UnsafeURLError
│   └── BadIdError
├── ServiceError                 the service answered, and the answer is not what was requested
│   ├── UnauthorizedError
│   ├── ForbiddenError
│   ├── NotFoundError
│   ├── NotOffered
│   ├── RateLimitedError
│   ├── ServerError
│   ├── BadResponseError
│   └── TooLargeError
├── ConnectionFailedError        no answer came
├── DeadlineExceededError        the answer did not come in time
├── DataError                    the data do not have what was requested
│   ├── PathNotFound
│   └── SchemaError
├── NotEndedError                runs that were waited for have not ended
└── ArchiveError
    ├── ArchiveDamagedError
    ├── ArchiveVersionError
    └── ArchiveWriteError
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_MOST = 2_000
"""So many characters of a message or a hint are shown."""


class AgentRunError(Exception):
    """The base of all errors of this package: one sentence on what happened, and a hint.

    Args:
        message: what happened, in a sentence.

    Attributes:
        kind: a short stable word, the same as the code in `fetch_error`.
        hint: one sentence on what to do next; may be empty.
        status: HTTP status of the answer, or None when there was none.
        request_id: the service's name for the request, for a report to its operators.
        method: HTTP method.
        route: path template, without ids and without a query.
        attempts: how many times the request was sent.
        elapsed: seconds from the first attempt to this error.
        retry_after: seconds the service asked to wait, when it did.
        code: the service's own code, such as `run_not_found`; None where the answer has none.

    Example:
        >>> try:
        ...     client.get_run(deployment_id, "no-such-run")
        ... except arn.AgentRunError as error:
        ...     print(error.kind, error.status)
        not_found 404
    """

    kind = "error"

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        status: int | None = None,
        request_id: str | None = None,
        method: str | None = None,
        route: str | None = None,
        attempts: int | None = None,
        elapsed: float | None = None,
        retry_after: float | None = None,
    ) -> None:
        # Both may hold what a record has, or somebody gave, and that may have any length.
        self.message, self.hint = _cut(message), _cut(hint)
        super().__init__(self.message)
        self.status, self.request_id, self.retry_after = status, request_id, retry_after
        self.code: str | None = None
        self.method, self.route = method, route
        self.attempts, self.elapsed = attempts, elapsed

    def __reduce__(self) -> tuple[Any, ...]:
        return _made_again, (type(self), *self.args), self.__dict__

    def __str__(self) -> str:
        parts = [self.message]
        if self.hint:
            parts.append(self.hint)
        facts = ", ".join(self._facts())
        if facts:
            parts.append(f"({facts})")
        return " ".join(parts)

    def _facts(self) -> Iterator[str]:
        """What is known of the request."""
        if self.route:
            yield f"{self.method} {self.route}"
        if self.status:
            yield f"status {self.status}"
        if self.request_id:
            yield f"request id {self.request_id}"
        if self.attempts and self.attempts > 1:
            yield f"{self.attempts} attempts in {self.elapsed or 0:.1f} s"


def _cut(text: str) -> str:
    hidden = len(text) - _MOST
    if hidden <= 0:
        return text
    # What is long is quoted in the middle; what is said of it stands around it.
    half = _MOST // 2
    return f"{text[:half]}… ({hidden:,} more characters) …{text[-half:]}"


def _made_again(kind: type[AgentRunError], *args: Any) -> AgentRunError:
    """An error as copies of it are made: without `__init__`, which may require more than these."""
    return kind.__new__(kind, *args)


class SettingsError(AgentRunError):
    """A setting is missing or unsafe; nothing was sent."""

    kind = "settings"


class MissingKeyError(SettingsError):
    """No API key was found in any of the places looked at."""

    kind = "missing_key"


class UnsafeURLError(SettingsError):
    """The URL would carry the key to a place it must not go."""

    kind = "unsafe_url"


class BadIdError(SettingsError):
    """An id that cannot be one part of a path."""

    kind = "bad_id"


class ServiceError(AgentRunError):
    """The service answered, and the answer is not what was requested."""

    kind = "service"


class UnauthorizedError(ServiceError):
    """The service did not accept the key."""

    kind = "unauthorized"


class ForbiddenError(ServiceError):
    """The key is valid and may not do this."""

    kind = "forbidden"


class NotFoundError(ServiceError):
    """There is no such run, deployment or file."""

    kind = "not_found"


class NotOffered(ServiceError):  # noqa: N818 - a fact about the service rather than a fault of it
    """This service does not have the route that the call needs."""

    kind = "not_offered"


class RateLimitedError(ServiceError):
    """The service asked to wait longer than the call may take."""

    kind = "rate_limited"


class ServerError(ServiceError):
    """The service failed, also after retries."""

    kind = "server"


class BadResponseError(ServiceError):
    """The answer is not what this API sends."""

    kind = "bad_response"


class TooLargeError(ServiceError):
    """The answer is larger than `max_bytes`."""

    kind = "too_large"


class ConnectionFailedError(AgentRunError, ConnectionError):
    """No answer came: refused, reset, not resolved, or not trusted. It is a ConnectionError too."""

    kind = "connection"


class DeadlineExceededError(AgentRunError, TimeoutError):
    """The whole call took longer than its deadline. It is a TimeoutError too."""

    kind = "deadline"


class DataError(AgentRunError):
    """The data do not have what was requested."""

    kind = "data"


class PathNotFound(DataError, KeyError):  # noqa: N818 - reads as the answer to a look-up, like KeyError
    """A path that matches nothing in the data; the message names the nearest that do."""

    kind = "path_not_found"

    __str__ = AgentRunError.__str__


class SchemaError(DataError):
    """A frame or a file that cannot be read as the table it should be."""

    kind = "schema"


class NotEndedError(AgentRunError, TimeoutError):
    """Runs that were waited for have not ended, and the wait has. It is a TimeoutError too.

    Attributes:
        runs: the runs as they were last seen, the RUNS table.
    """

    kind = "not_ended"

    def __init__(self, message: str, *, runs: Any, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.runs = runs


class ArchiveError(AgentRunError):
    """The local archive cannot do what was requested."""

    kind = "archive"


class ArchiveDamagedError(ArchiveError):
    """The archive's file is not whole."""

    kind = "archive_damaged"


class ArchiveVersionError(ArchiveError):
    """The archive was written by a newer version."""

    kind = "archive_version"


class ArchiveWriteError(ArchiveError):
    """The archive cannot be written to."""

    kind = "archive_write"


def __dir__() -> list[str]:
    """The errors alone, so that completion offers nothing else."""
    errors = []
    for name, value in globals().items():
        if isinstance(value, type) and issubclass(value, AgentRunError):
            errors.append(name)
    return sorted(errors)
