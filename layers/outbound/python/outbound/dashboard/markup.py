"""The one way to HTML: elements are made by `tag`, which escapes whatever is not made by it.

So a name with a script in it is text wherever it stands, and no page of this package writes a `<` itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

Attribute = str | int | float | bool | None

# Elements that have no end.
_VOID = frozenset({"br", "input", "link", "meta"})


class Markup(str):
    """Text that is HTML already: only `tag`, `joined` and `document` make it."""

    __slots__ = ()


def tag(name: str, /, *children: object, **attributes: Attribute) -> Markup:
    """Return an element.

    Args:
        name: What element it is.
        children: Markup as it is, everything else as text; of an iterable each in turn; None is left out.
        attributes: By name, with `_` for `-`, and one behind the names that Python takes (`class_`). True
            stands for an attribute without a value; what is None or False is left out.
    """
    written = "".join([_attribute(key, value) for key, value in attributes.items()]) if attributes else ""
    if name in _VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{_text(children)}</{name}>")


def joined(*children: object) -> Markup:
    """Return children beside each other, escaped where they are not markup."""
    return Markup(_text(children))


def document(language: str, *children: object) -> Markup:
    """Return a whole document."""
    return Markup(f"<!doctype html>{tag('html', *children, lang=language)}")


def trusted(text: str) -> Markup:
    """Return a text of this package as it is: its own style and script, in which nothing may be escaped."""
    return Markup(text)


def _text(children: Iterable[object]) -> str:
    # A page has tens of thousands of them.
    return "".join([child if type(child) is Markup else _child(child) for child in children])


def _child(child: object) -> str:
    if child is None:
        return ""
    if isinstance(child, str | int | float):
        return escape(str(child))
    if isinstance(child, Iterable):
        return _text(child)
    raise TypeError(f"{type(child).__name__} cannot be shown")


def _attribute(name: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    name = name.rstrip("_").replace("_", "-")
    if value is True:
        return f" {name}"
    return f' {name}="{escape(value) if isinstance(value, str) else value}"'
