"""SVG by hand: elements as escaped text, without dates, random ids or anything loaded from elsewhere."""

from __future__ import annotations

from markupsafe import Markup, escape


def number(value: float) -> str:
    """Return a coordinate with at most two decimals (``-0`` never: the bytes are a result)."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def element(tag: str, *children: str | Markup, **attributes: str | float | None) -> Markup:
    """Return one element. ``class_`` → ``class``, ``stroke_width`` → ``stroke-width``; text is escaped, Markup kept."""
    parts = ["<", escape(tag)]
    for key, value in attributes.items():
        if value is None:
            continue
        name = key.rstrip("_").replace("_", "-")
        text = number(value) if isinstance(value, int | float) else value
        parts += [" ", escape(name), '="', escape(text), '"']
    if children:
        parts += [">", *(escape(child) for child in children), "</", escape(tag), ">"]
    else:
        parts.append("/>")
    # Joined as plain text: all of it is escaped, and Markup's own way takes five times as long.
    return Markup("".join(map(str, parts)))  # noqa: S704


def drawing(width: float, height: float, *children: Markup, title: str, stretch: bool = False) -> Markup:
    """Return a whole drawing that scales with its column; ``title`` is what a screen reader says.

    :param stretch: the drawing (a plain bar) may be stretched in one direction only.
    """
    return element(
        "svg",
        element("title", title),
        *children,
        viewBox=f"0 0 {number(width)} {number(height)}",
        # The style sheet lets it fill its column; without the sheet this is its size.
        width=width,
        height=height,
        preserveAspectRatio="none" if stretch else None,
        role="img",
        class_="tiers" if stretch else "figure",
    )


def label(x: float, y: float, text: str, class_: str, anchor: str = "start") -> Markup:
    """Return a text at its base line; ``anchor`` is ``start``, ``middle`` or ``end``."""
    return element("text", text, x=x, y=y, class_=class_, text_anchor=anchor, font_size=11)
