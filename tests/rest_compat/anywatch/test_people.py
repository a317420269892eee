"""People, credits and names in REST."""

import httpx


async def test_people_are_found_and_shown_with_their_work(demo_client: httpx.AsyncClient):
    """By name and by number; a person's credit is the one of the title, whatever page it is on."""
    people = (await demo_client.get("/api/people?q=marlowe+ada&limit=3")).json()["people"]
    assert people[0]["name"] == "Ada Marlowe"
    person = (await demo_client.get("/api/people/99000001?per_page=2&page=2")).json()
    assert (person["imdb_id"], person["credits"]["page"], person["credits"]["per_page"]) == ("nm99000001", 2, 2)
    assert person["credits"]["total_pages"] == -(-person["credits"]["total"] // 2)
    assert people[0]["known_for"] == person["known_for"] != []
    credit = person["credits"]["items"][0]
    title = credit["title"]["title_id"]
    theirs = (await demo_client.get(f"/api/titles/{title}/credits?per_page=100")).json()
    assert theirs["total"] == len(theirs["credits"])
    mine = [one for one in theirs["credits"] if one["person"]["person_id"] == 99000001]
    assert credit["characters"] in [one["characters"] for one in mine]
    assert (await demo_client.get("/api/people")).status_code == 400
    assert (await demo_client.get("/api/people?q=zzzzzz")).json() == {"people": []}
    assert (await demo_client.get("/api/people/1")).status_code == 404
    assert (await demo_client.get("/api/titles/9999999/credits")).status_code == 404


async def test_names_of_a_title(demo_client: httpx.AsyncClient):
    """With region, language, kind and remarks; nulls are absent."""
    names = (await demo_client.get("/api/titles/1/names")).json()["names"]
    assert {"name": "Die Leuchtturmh\u00fcter", "region": "AT", "kind": "display", "attributes": []} in names
    assert (await demo_client.get("/api/titles/9999999/names")).status_code == 404
