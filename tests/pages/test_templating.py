"""Templates over dicts: items before attributes, and the escapes of markupsafe."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import DictLoader, StrictUndefined, UndefinedError
from markupsafe import Markup, escape

from mediacanon.pages.templating import DictEnvironment, escape_text

VALUES = st.text() | st.integers() | st.floats() | st.booleans() | st.none() | st.builds(Markup, st.text())


def render(template: str, **variables: object) -> str:
    """Return a rendered template."""
    loader = DictLoader({"page": template})
    environment = DictEnvironment(loader=loader, autoescape=True, undefined=StrictUndefined)
    return environment.get_template("page").render(variables)


@given(VALUES)
def test_values_are_escaped_as_markupsafe_escapes_them(value: object):
    """Texts, numbers and nothing; markup stays."""
    assert str(escape_text(value)) == str(escape(value))


def test_every_expression_is_escaped():
    """Beside macros, blocks and calls, whose parts are escaped already."""
    template = (
        "{% macro bold(text) %}<b>{{ text }}</b>{% endmacro %}{{ name }}{{ bold(name) }}{{ name|upper }}{{ safe }}"
    )
    assert render(template, name="<&>", safe=Markup("<i>")) == "&lt;&amp;&gt;<b>&lt;&amp;&gt;</b>&lt;&amp;&gt;<i>"


def test_an_item_of_a_dict_comes_before_its_method():
    """A page of titles has items; other names are attributes, and unknown ones are errors."""
    assert render("{{ page.items }} {{ page.keys()|list }}", page={"items": 3}) == "3 [&#39;items&#39;]"
    with pytest.raises(UndefinedError):
        render("{{ page.total }}", page={})


def test_macros_take_named_arguments_in_loops():
    """Jinja hands them the variables of the loop as well."""
    template = "{% macro say(word, end='.') %}{{ word }}{{ end }}{% endmacro %}{% for n in [1, 2] %}{{ say(n, end='!') }}{% endfor %}"
    assert render(template) == "1!2!"
