"""Matplotlib's SVG made small, accessible and legible in dark surroundings. Pure text, knows no matplotlib.

Repeated styles become classes, ids that nothing refers to go, the rest get a prefix, so that several pictures fit in one page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree as Xml

SVG = "http://www.w3.org/2000/svg"
_HREF = "{http://www.w3.org/1999/xlink}href"
_FONT = "font-family: system-ui, 'DejaVu Sans', Verdana, sans-serif"
DARK = {
    "#1b1b1b": "#ececec", "#555555": "#b8b8b8", "#dddddd": "#3c4048", "#fffffe": "#14171c", "#0072b2": "#56b4e9",
    "#009e73": "#2fc79c", "#d55e00": "#ff8a3d", "#999999": "#8b9098",
}  # fmt: skip
"""Colour on paper -> colour where the reader's surroundings are dark; the others serve both."""
_LONG = re.compile(r"-?\d+\.\d{3,}")
_COLOUR = re.compile(r"#[0-9a-f]{6}")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")

Xml.register_namespace("", SVG)
Xml.register_namespace("xlink", "http://www.w3.org/1999/xlink")


def refined(
    drawn: str,
    title: str,
    description: str,
    prefix: str,
    tips: Mapping[str, Sequence[str]] | None = None,
    inline: bool = False,
) -> str:
    """The same picture with title and description; `prefix` begins its ids and classes.

    `tips` maps the id of a group of points to a text for each of them, shown where a pointer rests. `inline`: without the
    XML header and fixed size, for a page.
    """
    root = Xml.fromstring(drawn)  # noqa: S314 - see above
    for metadata in root.findall(f"{{{SVG}}}metadata"):
        root.remove(metadata)
    _add_tips(root, tips or {})
    _shorten_numbers(root)
    rules = _classes(root, prefix)
    _rename_ids(root, prefix)
    _describe(root, title, description, prefix, rules)
    if inline:
        del root.attrib["width"], root.attrib["height"]
        root.set("style", "display: block; width: 100%; height: auto")
    text = Xml.tostring(root, encoding="unicode")
    return text if inline else f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def _add_tips(root: Xml.Element, tips: Mapping[str, Sequence[str]]) -> None:
    for group in root.iter(f"{{{SVG}}}g"):
        texts = tips.get(group.get("id", ""))
        if texts is None:
            continue
        marks = list(group.iter(f"{{{SVG}}}use"))
        if len(marks) == len(texts):  # a point outside the axes is not drawn: then none can be told apart
            for mark, text in zip(marks, texts, strict=True):
                Xml.SubElement(mark, f"{{{SVG}}}title").text = text


def _shorten_numbers(root: Xml.Element) -> None:
    """Hundredths of a typographic point are finer than any screen; scales in transforms stay exact."""
    for element in root.iter():
        for name in ("d", "x", "y"):
            if name in element.attrib:
                element.set(name, _LONG.sub(_rounded, " ".join(element.attrib[name].split())))


def _rounded(found: re.Match[str]) -> str:
    return f"{float(found[0]):.2f}".rstrip("0").rstrip(".")


def _classes(root: Xml.Element, prefix: str) -> str:
    """Turn style attributes into classes, one for a whole group of equal marks; returns the style sheet."""
    names: dict[str, str] = {}
    for group in root.iter(f"{{{SVG}}}g"):
        marks = [child for child in group if child.tag == f"{{{SVG}}}use"]
        styles = {mark.get("style", "") for mark in marks}
        if len(marks) > 1 and len(styles) == 1 and "style" not in group.attrib:
            group.set("style", styles.pop())
            for mark in marks:
                del mark.attrib["style"]
    for element in root.iter():
        style = element.attrib.pop("style", "").strip()
        if style:
            element.set("class", names.setdefault(_worded(style), f"{prefix}-{len(names)}"))
    rules = [f".{name} {{ {style} }}" for style, name in names.items()]
    dark = [f".{name} {{ {changed} }}" for style, name in names.items() if (changed := _dark(style))]
    return "\n".join([*rules, "@media (prefers-color-scheme: dark) {", *dark, "}"])


def _worded(style: str) -> str:
    """Text in fonts that every system has: the size stays, the family becomes a list."""
    return re.sub(r"font: ([\d.]+px) [^;]+", rf"font-size: \1; {_FONT}", style)


def _dark(style: str) -> str:
    """The declarations of a style whose colour changes in dark surroundings."""
    changed = []
    for declaration in style.split(";"):
        other = _COLOUR.sub(lambda found: DARK.get(found[0], found[0]), declaration)
        if other != declaration:
            changed.append(other.strip())
    return "; ".join(changed)


def _rename_ids(root: Xml.Element, prefix: str) -> None:
    """Short ids with the prefix where something refers to them; the others are dropped."""
    wanted: dict[str, str] = {}
    for element in root.iter():
        for name, value in element.attrib.items():
            found = [value[1:]] if name == _HREF else _REFERENCE.findall(value)
            for reference in found:
                wanted.setdefault(reference, f"{prefix}-r{len(wanted)}")
    for element in root.iter():
        if element.get("id") is not None:
            new = wanted.get(element.attrib.pop("id"))
            if new:
                element.set("id", new)
        for name, value in list(element.attrib.items()):
            if name == _HREF:
                element.set(name, f"#{wanted[value[1:]]}")
            elif "url(#" in value:
                element.set(name, _REFERENCE.sub(lambda found: f"url(#{wanted[found[1]]})", value))


def _describe(root: Xml.Element, title: str, description: str, prefix: str, rules: str) -> None:
    root.set("role", "img")
    root.set("aria-labelledby", f"{prefix}-title {prefix}-desc")
    parts = []
    for name, text in (("title", title), ("desc", description)):
        element = Xml.Element(f"{{{SVG}}}{name}", {"id": f"{prefix}-{name}"})
        element.text = text
        parts.append(element)
    sheet = Xml.Element(f"{{{SVG}}}style")
    sheet.text = f"\n{rules}\n"
    root[0:0] = [*parts, sheet]
