"""Addresses of this server in answers: its files, and its copies of TMDB's images where it has any."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from starlette.requests import Request

from mediacanon.http.proxies import base_path
from mediacanon.rest_compat.endpoint import Endpoint
from mediacanon.tmdb.image_urls import SIZE

# The kind of an address that is a path of this server; the others are kinds of images.
FILE: Final = "file"


class Addresses:
    """Puts addresses of this server under the keys that a row names.

    `images` returns the path of the copy of an image by its address, size and kind; without it, images stay at TMDB.
    """

    def __init__(self, images: Callable[[str, str, str], str] | None) -> None:
        self._images = images

    def names_server(self, row: Endpoint) -> bool:
        """Return whether answers of the row hold the address that this server was asked at."""
        return bool(row.addresses) and not row.redirects and bool(self._kinds(row))

    def put(self, request: Request, row: Endpoint, answer: Any) -> Any:  # noqa: ANN401 - any JSON
        """Return the answer with the addresses in it, absolute; that of a redirect is relative to its own path."""
        if not row.addresses or not (kinds := self._kinds(row)):
            return answer
        if row.redirects:
            return self._address(answer, *kinds.values(), here="../" * (row.path.count("/") - 2) + "..")
        here = f"{request.url.scheme}://{request.url.netloc}{base_path(request.scope)}"
        self._put(answer, kinds, here)
        return answer

    def _kinds(self, row: Endpoint) -> Mapping[str, str]:
        return {key: kind for key, kind in row.addresses.items() if self._images or kind == FILE}

    def _put(self, value: Any, kinds: Mapping[str, str], here: str) -> None:  # noqa: ANN401 - any JSON
        if isinstance(value, dict):
            for key, one in value.items():
                if isinstance(one, str):
                    if key in kinds:
                        value[key] = self._address(one, kinds[key], here=here)
                else:
                    self._put(one, kinds, here)
        elif isinstance(value, list):
            for one in value:
                self._put(one, kinds, here)

    def _address(self, address: str, kind: str, *, here: str) -> str:
        if kind != FILE and self._images:
            size = SIZE.search(address)
            path = self._images(address, size[0], kind) if size else address
        else:
            path = address
        return f"{here}{path}" if path.startswith("/") else path
