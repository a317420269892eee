"""The answers over the demo catalogue are the recorded ones, to the last field."""

from tests.rest_compat.anywatch.demo_requests import EXAMPLES, REQUESTS
from tests.rest_compat.anywatch.replay import compare, examples
from tests.serving import app_of, client_of, with_collections


async def test_the_demos_requests_are_answered_as_recorded(demo_database: str):
    """Reads and writes of every endpoint, in their order, have the recorded status, type and fields."""
    app = app_of(await with_collections(demo_database))
    problems = []
    async with client_of(app) as client:
        for example in examples(EXAMPLES):
            response = await client.request(example.method, example.path, content=example.request_body)
            await app.services.engagement.write(app.services.pool)
            problems += compare(example, response)
    assert problems == []


def test_the_record_is_of_all_requests():
    """A new request needs a record."""
    assert [(each.method, each.path, each.body) for each in examples(EXAMPLES)] == REQUESTS
