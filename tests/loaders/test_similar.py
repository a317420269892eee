"""Similar titles."""

import httpx


async def test_a_title_has_similar_ones(demo_client: httpx.AsyncClient):
    """At most twelve others of its type, those with most of its genres first."""
    response = await demo_client.post(
        "/graphql",
        json={"query": '{ title(by: {imdbId: "tt99100001"}) { titleId type genres similar { titleId type genres } } }'},
    )
    title = response.json()["data"]["title"]
    shared = [len(set(title["genres"]) & set(each["genres"])) for each in title["similar"]]
    assert 0 < len(shared) <= 12
    assert shared == sorted(shared, reverse=True)
    assert shared[-1] > 0
    assert {each["type"] for each in title["similar"]} == {"show"}
    assert title["titleId"] not in {each["titleId"] for each in title["similar"]}
