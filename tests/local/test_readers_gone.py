"""A reader that goes away before its answer has come costs the service nothing, and the user's screen no line."""

from __future__ import annotations

import logging
import socket
import struct
from urllib.parse import urlsplit

import pytest

from agentrun_nb import local
from agentrun_nb.local.routes import PIECE

RESET = struct.pack("ii", 1, 0)
"""Linger for 0 seconds: closing resets the connection, and whoever writes to it next fails."""


@pytest.mark.parametrize("manifest_bytes", [2_000, 20_000], ids=["many small runs", "large runs"])
def test_readers_that_are_gone_leave_no_line(manifest_bytes: int, caplog: pytest.LogCaptureFixture):
    with local.serve() as service, caplog.at_level(logging.WARNING):
        service.load(local.generate(2_000, manifest_bytes=manifest_bytes))
        deployment_id = service.client.list_deployments()["id"].iloc[0]
        page = service.client.list_runs(deployment_id, limit=200, progress=False)
        assert page["output_manifest"].str.len().sum() > PIECE  # or it would be sent in one piece
        address = urlsplit(service.base_url)
        request = (
            f"GET /v1/agent-deployments/{deployment_id}/runs?limit=200 HTTP/1.1\r\n"
            f"Host: {address.netloc}\r\nAuthorization: Bearer {service.api_key}\r\n\r\n"
        )
        for _ in range(20):
            reader = socket.create_connection((address.hostname, address.port))
            reader.sendall(request.encode())
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            reader.close()
        # It answers after them, so it has been through them all.
        assert len(service.client.list_runs(deployment_id, limit=1, progress=False)) == 1
    assert not caplog.messages
