"""How the server is, asked over HTTP like any other client."""

import datetime as dt
from typing import Any

import httpx

from mediacanon.tray.menu import Counts

PATIENCE = 3.0
STATS = "query Tray { stats { movies shows episodes lastImportAt } }"


class ServerStatus:
    """Asks the server at an address."""

    def __init__(self, address: str) -> None:
        # A proxy of the environment is for other machines.
        self._client = httpx.Client(base_url=address, timeout=PATIENCE, trust_env=False)

    def readiness(self) -> dict[str, str] | None:
        """Return what /readyz says of database, schema and catalogue; None when no MediaCanon answers."""
        answer = self._answer("GET", "/readyz")
        return answer if isinstance(answer, dict) and "catalogue" in answer else None

    def counts(self) -> Counts | None:
        """Return what the catalogue holds, None when the server does not say."""
        answer = self._answer("POST", "/graphql", json={"query": STATS})
        try:
            stats = answer["data"]["stats"]
            last = stats["lastImportAt"]
            return Counts(
                movies=stats["movies"],
                shows=stats["shows"],
                episodes=stats["episodes"],
                last_import_at=dt.datetime.fromisoformat(last).astimezone() if last else None,
            )
        except (KeyError, TypeError, ValueError):
            return None

    def _answer(self, method: str, path: str, **body: Any) -> Any:  # noqa: ANN401 - JSON
        try:
            return self._client.request(method, path, **body).json()
        except (httpx.HTTPError, ValueError):
            return None
