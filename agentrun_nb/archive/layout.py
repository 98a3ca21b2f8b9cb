"""The tables of an archive's file.

An archive is one SQLite file. Whoever reads it without this package finds here what is in it. All
moments are microseconds since 1970 (UTC). Records stand in `batches`, byte for byte as they came:
`body` is a MessagePack array of byte strings, compressed with zstd, and `size` is its length before
that. A record of `records` is the element `position` of one batch.
"""

from __future__ import annotations

APPLICATION_ID = 0x41524E42
"""Says in the file's header that it is an archive: the letters ARNB."""

VERSION = 1
"""The version of these tables, in the file's header too."""

TABLES = {
    # What holds for the whole archive: `service` is that of its runs; `deployments` is there once
    # those of the service were listed; `state` is another one after each change; `identity` stays.
    "facts": "name TEXT PRIMARY KEY, value TEXT NOT NULL",
    # One row a deployment: its record, and how far its runs were read. `walk` is the number of a
    # walk through its runs that has not come to its end, `cursor` where it goes on. `walked_at` is
    # when a walk last came to its end, or to runs of one that had, by our clock; `full_walk_at` is
    # when one last read all pages.
    "deployments": """
        deployment_id TEXT PRIMARY KEY, position INTEGER, body BLOB,
        walk INTEGER NOT NULL DEFAULT 0, cursor TEXT, walked_at INTEGER, full_walk_at INTEGER,
        order_verified INTEGER
    """,
    # The versions of a deployment, in the order of the service.
    "versions": """
        deployment_id TEXT NOT NULL, position INTEGER NOT NULL, version_id TEXT, body BLOB NOT NULL,
        PRIMARY KEY (deployment_id, position)
    """,
    # Records byte for byte, many in one.
    "batches": "batch INTEGER PRIMARY KEY, size INTEGER NOT NULL, body BLOB NOT NULL",
    # One row a run: what it is selected by, and its latest record. `run_id` is NULL for a record
    # that names no run. `walk` is 0 once a walk that read the run has come to its end, and -1 while
    # none has read it, since it came by its id. `gone_at` is when the service first did not have it
    # any more.
    "runs": """
        run INTEGER PRIMARY KEY, deployment_id TEXT NOT NULL, run_id TEXT, version_id TEXT,
        status TEXT, created_at INTEGER, ended INTEGER NOT NULL, record INTEGER NOT NULL,
        walk INTEGER NOT NULL, gone_at INTEGER, UNIQUE (deployment_id, run_id)
    """,
    # Every record of a run that ever came. `digest` is the SHA-256 of its bytes; `first_seen` and
    # `last_seen` bound the looks that brought just these bytes, by the service's clock.
    "records": """
        record INTEGER PRIMARY KEY, run INTEGER NOT NULL, batch INTEGER NOT NULL,
        position INTEGER NOT NULL, status TEXT, updated_at INTEGER, first_seen INTEGER NOT NULL,
        last_seen INTEGER NOT NULL, digest BLOB NOT NULL
    """,
    # Looks that saw a status of a run without the bytes of its record, such as those of a watch.
    "looks": """
        run INTEGER NOT NULL, status TEXT NOT NULL, seen_at INTEGER NOT NULL, updated_at INTEGER,
        PRIMARY KEY (run, seen_at, status)
    """,
    # The events of a run's log: a batch like those of `batches`. `whole` says whether all came.
    "logs": """
        run INTEGER PRIMARY KEY, seen_at INTEGER NOT NULL, whole INTEGER NOT NULL,
        size INTEGER NOT NULL, body BLOB NOT NULL
    """,
    # The files of outputs, each content once, compressed with zstd. `digest` is its SHA-256.
    "files": "digest BLOB PRIMARY KEY, size INTEGER NOT NULL, body BLOB NOT NULL",
    # Which file an output of a run is, by its place in the manifest.
    "outputs": """
        run INTEGER NOT NULL, position INTEGER NOT NULL, digest BLOB NOT NULL,
        seen_at INTEGER NOT NULL, PRIMARY KEY (run, position)
    """,
    # Runs that are not to come back: SHA-256 of the deployment, a null byte and the run.
    "forgotten": "digest BLOB PRIMARY KEY",
}
"""The columns of each table."""

INDEXES = {
    "runs_by_time": "runs (deployment_id, created_at)",
    "runs_not_ended": "runs (deployment_id) WHERE ended = 0",
    "runs_in_walk": "runs (deployment_id, walk) WHERE walk <> 0",
    "records_by_run": "records (run)",
    "records_by_batch": "records (batch)",
    "outputs_by_file": "outputs (digest)",
}


def statements() -> list[str]:
    """The statements that make the tables of an empty file."""
    made = [f"CREATE TABLE {name} ({columns})" for name, columns in TABLES.items()]
    made += [f"CREATE INDEX {name} ON {place}" for name, place in INDEXES.items()]
    made += [f"PRAGMA application_id = {APPLICATION_ID}", f"PRAGMA user_version = {VERSION}"]
    return made
