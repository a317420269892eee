"""Jinja as pages use it: the data are dicts, and most expressions are plain texts to escape.

Jinja looks for an attribute before an item, makes an object of each escaped text, looks each called function over and
asks the disk for newer templates. On the page of a title this took a third of the rendering.
"""

from types import FunctionType, MethodType
from typing import Any

from jinja2 import Environment, pass_context
from jinja2.compiler import CodeGenerator, Frame
from jinja2.nodes import Expr
from jinja2.runtime import Context, Macro
from markupsafe import Markup, escape

# Jinja's mark of functions that get the variables of the page.
PASSES_CONTEXT = pass_context(lambda _: None).jinja_pass_arg  # type: ignore[attr-defined]


def escape_text(value: Any) -> str:  # noqa: ANN401 - any value of a template
    """Return a value for HTML, as markupsafe's `escape` writes it, without an object of its own."""
    class_ = value.__class__
    if class_ is str:
        text: str = value.replace("&", "&amp;").replace(">", "&gt;").replace("<", "&lt;")
        return text.replace("'", "&#39;").replace('"', "&#34;")
    if class_ is int or class_ is float:
        return str(value)
    return value if class_ is Markup else escape(value)


class _PageCode(CodeGenerator):
    """The source of a template, with `escape_text` in the place of markupsafe's function."""

    def _output_child_pre(self, node: Expr, frame: Frame, finalize: Any) -> None:  # noqa: ANN401 - a class of theirs
        if frame.eval_ctx.volatile or not frame.eval_ctx.autoescape:
            super()._output_child_pre(node, frame, finalize)
        else:
            self.write("environment.escape_text(")


class _PageContext(Context):
    """The variables of a page; macros and functions are called without another look."""

    def call(self, function: Any, /, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - any callable
        if not named:
            class_ = function.__class__
            if class_ is Macro:
                return function(*arguments)
            if class_ is FunctionType or class_ is MethodType:
                passed = getattr(function, "jinja_pass_arg", None)
                if passed is None:
                    return function(*arguments)
                if passed is PASSES_CONTEXT:
                    return function(self, *arguments)
        return super().call(function, *arguments, **named)


class DictEnvironment(Environment):
    """An environment of templates over dicts."""

    code_generator_class = _PageCode
    context_class = _PageContext
    escape_text = staticmethod(escape_text)

    def getattr(self, obj: Any, attribute: str) -> Any:  # noqa: ANN401 - any value of a template
        """Return an item of a dict, else an attribute."""
        if obj.__class__ is dict and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)
