"""Quality values of Accept headers."""

import pytest

from mediacanon.http.accept import LONGEST_MEMOISED, quality_values

CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


def test_a_browsers_header_is_read_in_its_order():
    """Ranges without a weight have weight 1."""
    assert list(quality_values(CHROME).items()) == [
        ("text/html", 1.0),
        ("application/xhtml+xml", 1.0),
        ("application/xml", 0.9),
        ("image/avif", 1.0),
        ("image/webp", 1.0),
        ("*/*", 0.8),
    ]


@pytest.mark.parametrize(
    ("header", "weight"),
    [
        ("a;q=0", 0.0),
        ("a;q=0.", 0.0),
        ("a;q=0.001", 0.001),
        ("a;q=1.000", 1.0),
        ("A ;\tQ = 0.5", 0.5),
        ("a;charset=utf-8;q=0.3", 0.3),
        ("a;q=0.2;q=0.9", 0.2),
        ("a;q=0.2,a;q=0.9", 0.2),
        ("a;q=0.0001", 1.0),
        ("a;q=1.5", 1.0),
        ("a;q=-1", 1.0),
        ("a;q=nan", 1.0),
        ("a;q=", 1.0),
        ("a;;;", 1.0),
    ],
)
def test_a_malformed_weight_counts_as_1(header: str, weight: float):
    """Only the forms of RFC 9110 are weights, in any case and with spaces."""
    assert quality_values(header) == {"a": weight}


def test_a_long_header_is_read_and_not_remembered():
    """The keys of the cache have a bounded length."""
    header = "text/html;q=0.5," + "x" * LONGEST_MEMOISED
    before = quality_values.__wrapped__.cache_info().currsize
    assert quality_values(header)["text/html"] == 0.5
    assert quality_values.__wrapped__.cache_info().currsize == before
