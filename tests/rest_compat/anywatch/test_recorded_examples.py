"""Clients of the original notice nothing.

Its recorded requests, sent in order to the same database, are answered alike, except for what `replay.DEVIATIONS`
lists with its reason.
"""

from tests.rest_compat.anywatch.conftest import CONTRACT
from tests.rest_compat.anywatch.replay import AS_RECORDED, DEVIATIONS, compare, examples
from tests.serving import app_of, client_of


async def test_recorded_requests_are_answered_alike(original: str):
    """Status, type, caching and every field of 120 answers are the recorded ones."""
    app = app_of(original)
    problems = []
    async with client_of(app) as client:
        for example in examples(CONTRACT / "examples.jsonl"):
            response = await client.request(example.method, example.path, content=example.request_body)
            await app.services.engagement.write(app.services.pool)
            deviation = DEVIATIONS.get((example.method, example.path, example.status), AS_RECORDED)
            problems += compare(example, response, deviation)
    assert problems == []
