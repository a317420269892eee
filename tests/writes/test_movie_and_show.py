"""Movies and shows: created with their title, changed through it, deleted with it."""

import pytest

from mediacanon.errors import BadArgument, Conflict, NotFound

KINDS = ["movie", "show"]
kinds = pytest.mark.parametrize("kind", KINDS)


def of(writes, verb, kind):
    return getattr(writes, f"{verb}_{kind}")


async def title_of(pool, kind, entity_id):
    return dict(
        await pool.fetchrow(f"SELECT t.* FROM titles t JOIN {kind}s k ON k.title_id = t.id WHERE k.id = $1", entity_id)
    )


@kinds
async def test_it_is_created_with_its_title(pool, writes, published, counts, kind):
    """One title of its type and one row in its own table are created together."""
    entity_id = await of(writes, "create", kind)({"display_name": "Fresh", "start_year": 2026})
    title = await title_of(pool, kind, entity_id)
    assert (title["type"], title["display_name"], title["start_year"]) == (kind, "Fresh", 2026)
    assert await counts() == {"titles": 1, f"{kind}s": 1}
    assert await published() == [{"tags": ["lists", f"title:{title['id']}"]}]


@kinds
async def test_a_failing_second_statement_leaves_nothing(pool, writes, published, counts, kind):
    """A failure to insert the movie or show rolls back the title and publishes nothing."""
    await pool.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$;"
        f"CREATE TRIGGER refuse BEFORE INSERT ON {kind}s FOR EACH ROW EXECUTE FUNCTION refuse()"
    )
    with pytest.raises(Exception, match="refused"):
        await of(writes, "create", kind)({"display_name": "Half"})
    assert await counts() == {}
    assert await published() == []


@kinds
async def test_a_failed_commit_is_no_success(pool, writes, published, counts, kind):
    """A failure at commit reaches the caller, and nothing is stored or published."""
    await pool.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'too late'; END $$;"
        f"CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON {kind}s DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION refuse()"
    )
    with pytest.raises(Exception, match="too late"):
        await of(writes, "create", kind)({"display_name": "Late"})
    assert await counts() == {}
    assert await published() == []


@kinds
async def test_a_taken_imdb_id_conflicts(writes, counts, kind):
    """No two titles of any type share an IMDb id."""
    await writes.create_title("movie", {"display_name": "First", "imdb_id": "tt9000001"})
    with pytest.raises(Conflict):
        await of(writes, "create", kind)({"display_name": "Second", "imdb_id": "tt9000001"})
    assert await counts() == {"titles": 1}


@kinds
async def test_an_update_changes_its_title(pool, writes, published, kind):
    """Facts and locks change on its own title, not on the title with the same id."""
    await writes.create_title("movie", {"display_name": "Another's"})
    entity_id = await of(writes, "create", kind)({"display_name": "Old", "start_year": 2000})
    await published()
    await of(writes, "update", kind)(entity_id, {"display_name": "New"})
    title = await title_of(pool, kind, entity_id)
    assert (title["display_name"], title["start_year"], title["locked_fields"]) == ("New", 2000, ["display_name"])
    assert await pool.fetchval("SELECT count(*) FROM titles WHERE display_name = 'Another''s'") == 1
    assert await published() == [{"tags": ["lists", f"title:{title['id']}"]}]


@kinds
async def test_an_update_unlocks(pool, writes, kind):
    """`unlock` removes the lock of a fact."""
    entity_id = await of(writes, "create", kind)({"display_name": "Old"})
    await of(writes, "update", kind)(entity_id, {"display_name": "New"})
    await of(writes, "update", kind)(entity_id, {}, ["display_name"])
    assert (await title_of(pool, kind, entity_id))["locked_fields"] == []


@kinds
async def test_wrong_facts_are_refused(writes, counts, kind):
    """Invalid facts are refused at creation and at an update."""
    with pytest.raises(BadArgument, match="startYear must be a year from 1870 to 2100"):
        await of(writes, "create", kind)({"display_name": "x", "start_year": 1492})
    entity_id = await of(writes, "create", kind)({"display_name": "x"})
    with pytest.raises(BadArgument, match="startYear"):
        await of(writes, "update", kind)(entity_id, {"start_year": 1492})
    assert (await counts())["titles"] == 1


@kinds
@pytest.mark.parametrize("entity_id", [404, -1, 2**31, 2**63 - 1])
async def test_an_unknown_one_is_not_found(writes, kind, entity_id):
    """An update of an unknown id raises NotFound; a deletion returns False."""
    with pytest.raises(NotFound, match=f"There is no {kind} {entity_id}"):
        await of(writes, "update", kind)(entity_id, {"display_name": "x"})
    assert await of(writes, "delete", kind)(entity_id) is False


@kinds
async def test_deleting_it_deletes_its_title(pool, writes, published, counts, kind):
    """The title and everything below it is deleted; the title with the same id stays."""
    await writes.create_title("show", {"display_name": "stays"})
    entity_id = await of(writes, "create", kind)({"display_name": "goes"})
    title_id = (await title_of(pool, kind, entity_id))["id"]
    await published()
    assert await of(writes, "delete", kind)(entity_id) is True
    assert await pool.fetchval("SELECT display_name FROM titles") == "stays"
    assert await counts() == {"titles": 1}
    assert await published() == [{"tags": ["lists", f"title:{title_id}"]}]
    assert await of(writes, "delete", kind)(entity_id) is False


async def test_one_of_the_other_kind_is_not_found(writes, counts):
    """A movie's id is no show's id."""
    movie_id = await writes.create_movie({"display_name": "x"})
    with pytest.raises(NotFound):
        await writes.update_show(movie_id, {"display_name": "y"})
    assert await writes.delete_show(movie_id) is False
    assert await counts() == {"titles": 1, "movies": 1}
