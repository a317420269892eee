"""The heat map of a show's episodes and the line of its seasons."""

import re

from mediacanon.pages.charts import heat_map, season_line, shade


def season(number: int, ratings: dict[int, float | None], average: float | None = None, name: str = "A") -> dict:
    """Return a season with episodes by number; the number is an episode's id as well."""
    episodes = [
        {"episodeId": each, "episodeNumber": each, "displayName": name, "averageRating": rating, "numVotes": 1_234}
        for each, rating in ratings.items()
    ]
    return {"seasonNumber": number, "averageRating": average, "episodes": episodes}


def cells_of(rows: str) -> list[list[int | None]]:
    """Return the episodes of each row by column, None for an empty cell."""
    found = [
        re.findall(r"<td(?: [^>]*)?>(?:</td>|<a href=\"#episode-(\d+)\")", row) for row in rows.split("</tr>")[:-1]
    ]
    return [[int(each) if each else None for each in row] for row in found]


def test_every_episode_stands_in_the_column_of_its_number():
    """A missing number leaves a gap; a shorter season ends earlier."""
    table = heat_map([season(1, {1: 8.0, 3: 9.0}), season(2, {2: None})])
    assert table.columns == 3
    assert cells_of(table.rows) == [[1, None, 3], [None, 2, None]]
    assert table.rows.count('title="Season 1, episode 3, A, 1,234 votes">9.0</a>') == 1
    assert "Not rated: Season 2, episode 2, A" in table.rows


def test_a_long_season_takes_several_rows():
    """26 episodes a row; empty rows are left out, also between large numbers."""
    table = heat_map([season(1, dict.fromkeys((0, 1, 26, 27, 97_251), 7.0))])
    assert table.columns == 26
    assert sum(cell is not None for row in cells_of(table.rows) for cell in row) == 5
    assert re.findall(r"from episode (\d+)", table.rows) == ["27", "97241"]


def test_no_name_ends_an_attribute_or_an_element():
    """Every text is escaped, once."""
    table = heat_map([season(0, {1: 8.0}, name="\"><script>alert('&amp;')</script>")])
    assert "<script>" not in table.rows
    assert table.rows.count("&quot;&gt;&lt;script&gt;alert(&#x27;&amp;amp;&#x27;)&lt;/script&gt;") == 1


def test_without_ratings_there_is_no_map_and_no_line():
    """No episode is rated, or there is none; specials are not on the line."""
    assert heat_map([]) is None
    assert heat_map([season(1, {1: None})]) is None
    assert season_line([season(1, {1: 8.0}, 8.0), season(0, {1: 9.0}, 9.0)]) is None


def test_the_line_goes_up_with_the_ratings():
    """A better season is a higher point; equal seasons are level."""
    line = season_line([season(1, {}, 7.0), season(2, {}, 9.0), season(3, {}, 7.0), season(4, {}, None)])
    assert [point.label for point in line.points] == ["S1", "S2", "S3"]
    assert line.words == "S1 7.0, S2 9.0, S3 7.0"
    drawn = line.__html__()
    assert (drawn.count("<polyline"), drawn.count("<circle"), drawn.count("<text")) == (1, 3, 6)
    first, second, third = (point.y for point in line.points)
    assert second < first == third
    assert len({point.y for point in season_line([season(1, {}, 8.0), season(2, {}, 8.0)]).points}) == 1


def test_shades_rise_with_the_rating():
    """Ten shades from below 5 to 9 and above, as the legend says, and one without a rating."""
    shades = [shade(rating / 10) for rating in range(10, 101)]
    assert shades == sorted(shades)
    assert (shades[0], shades[-1], len(set(shades)), shade(None)) == ("s0", "s9", 10, "none")
    assert [shade(rating) for rating in (4.9, 5.0, 5.5, 6.5, 7.5, 8.5, 8.9, 9.0)] == [
        "s0", "s1", "s2", "s4", "s6", "s8", "s8", "s9"
    ]  # fmt: skip
