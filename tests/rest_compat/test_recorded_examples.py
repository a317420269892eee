"""Consumers of the original notice nothing.

Its recorded requests, sent in order to the same database, are answered alike, except for what `replay.DEVIATIONS`
lists with its reason.
"""

from tests.rest_compat.conftest import CONTRACT
from tests.rest_compat.replay import DEVIATIONS, Deviation, differences, examples, expected, ordered_by
from tests.serving import app_of, client_of

AS_RECORDED = Deviation("as recorded")


async def test_recorded_requests_are_answered_alike(original: str):
    """Status, type, caching and every field of 120 answers."""
    app = app_of(original)
    problems = []
    async with client_of(app) as client:
        for example in examples(CONTRACT / "examples.jsonl"):
            response = await client.request(example.method, example.path, content=example.request_body)
            await app.state.server.engagement.write(app.state.server.pool)
            problems += compare(example, response)
    assert problems == []


def compare(example, response) -> list[str]:
    key = (example.method, example.path, example.status)
    deviation = DEVIATIONS.get(key, AS_RECORDED)
    where = f"{example.method} {example.path}"
    wanted_status = deviation.status or example.status
    if response.status_code != wanted_status:
        return [f"{where}: {wanted_status} != {response.status_code} {response.text[:100]}"]
    if wanted_status == 204:
        return [] if not response.content else [f"{where}: a body"]
    if response.headers["content-type"] != "application/json":
        return [f"{where}: {response.headers['content-type']}"]
    if wanted_status >= 400:
        error = deviation.error or (example.json["error"] if deviation is AS_RECORDED else None)
        return [] if error is None or response.json() == {"error": error} else [f"{where}: {response.text}"]
    wanted, found = expected(example), response.json()
    if isinstance(wanted, dict):
        wanted = {name: one for name, one in wanted.items() if name not in deviation.ignored}
        more = found.keys() - wanted.keys() if deviation.has_more else deviation.ignored
        found = {name: one for name, one in found.items() if name not in more}
    return [f"{where} {each}" for each in differences(wanted, found, order=ordered_by(example.path))]
