"""Upstream: the server that a dialect imitates, which answers where the catalogue lacks something."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mediacanon.rest_compat.endpoint import Texts
from mediacanon.schema.context import Context


@dataclass(frozen=True, slots=True)
class Upstream:
    """A server with the same paths below its root.

    `root` is the path of the dialect that stands for the root of that server. `lacks` tells from an answer, as JSON,
    that the catalogue has nothing for it.
    """

    root: str
    lacks: Callable[[Any], bool]

    async def fetch(self, context: Context, path: str, texts: Texts) -> Any:  # noqa: ANN401 - any JSON
        """Return the answer of that server at a path of the dialect; None for none, or if the operator wants none."""
        if context.passthrough is None or not path.startswith(f"{self.root}/"):
            return None
        params = {name: given[0] for name, given in texts.items() if given and given[0]}
        return await context.passthrough.fetch(path.removeprefix(self.root), params)
