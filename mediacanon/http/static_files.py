"""/static: a file requested with its hash is cached for ever, any other is revalidated on each use."""

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOR_EVER = "public, max-age=31536000, immutable"


class HashedFiles(StaticFiles):
    """Starlette's static files with a cache policy."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return the file. With its hash in the query string the content never changes."""
        response = await super().get_response(path, scope)
        is_hashed = scope["query_string"].startswith(b"v=")
        response.headers["cache-control"] = FOR_EVER if is_hashed else "no-cache"
        return response
