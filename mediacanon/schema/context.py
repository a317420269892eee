"""What every resolver of one request shares."""

from dataclasses import dataclass

import strawberry

from mediacanon.loaders import Loaders
from mediacanon.writes import Writes


@dataclass(slots=True)
class Context:
    """One request: the questions it may ask, the changes it may make, and its id in the log."""

    loaders: Loaders
    writes: Writes
    request_id: str = ""


Info = strawberry.Info[Context, None]
