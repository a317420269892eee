"""The server's status, read over HTTP like any other client's data."""

import datetime as dt
from typing import Any

import httpx

from mediacanon.tray.menu import Counts

TIMEOUT = 3.0
STATS = "query Tray { stats { movies shows episodes lastImportAt } }"


class ServerStatus:
    """Client for the status of the server at an address."""

    def __init__(self, address: str) -> None:
        # Without the environment's proxy, which is for other machines.
        self._client = httpx.Client(base_url=address, timeout=TIMEOUT, trust_env=False)

    def readiness(self) -> dict[str, str] | None:
        """Return the states of database, schema and catalogue from /readyz, None if no MediaCanon answers."""
        states = self._request("GET", "/readyz")
        return states if isinstance(states, dict) and "catalogue" in states else None

    def counts(self) -> Counts | None:
        """Return the counts of the catalogue, None if the server does not answer the query."""
        response = self._request("POST", "/graphql", json={"query": STATS})
        try:
            stats = response["data"]["stats"]
            last = stats["lastImportAt"]
            return Counts(
                movies=stats["movies"],
                shows=stats["shows"],
                episodes=stats["episodes"],
                last_import_at=dt.datetime.fromisoformat(last).astimezone() if last else None,
            )
        except (KeyError, TypeError, ValueError):
            return None

    def _request(self, method: str, path: str, **body: Any) -> Any:  # noqa: ANN401 - JSON
        try:
            return self._client.request(method, path, **body).json()
        except (httpx.HTTPError, ValueError):
            return None
