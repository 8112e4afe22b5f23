"""The router's own front: lamps, sockets and buttons, drawn into the first rows of the panel."""

from __future__ import annotations

from .lamps import blend
from .panel_canvas import ACCENT, AMBER, CASE, CASE_EDGE, FAINT, GLASS, HOLE, INK, LINK, QUIET, clip

CASE_ROWS = 7  # with its edges


def groups(front):
    """What stands on the front from left to right: [(kind, width in cells)]"""
    found = [("lamp", sum(_lamp_width(item) for item in front.lamps))] if front.lamps else []
    if front.ports:
        found.append(("port", sum(_port_width(p) for p in front.ports)))
    if front.has_usb:
        found.append(("usb", 6))
    if front.buttons:
        found.append(("button", sum(_button_width(b) for b in front.buttons)))
    return found


def _lamp_width(item):
    return max(len(item.name) + 2, 7)


def _port_width(port):
    return max(len(port.name) + 2, 6)


def _button_width(button):
    return max(len(button.name), 4) + 3


def draw(canvas, front, strips, said, colour):
    """`said`: what the lamps say as (text, colour), or None."""
    width = canvas.columns
    canvas.put(0, 1, "▗" + "▄" * (width - 2) + "▖", CASE_EDGE)
    canvas.fill(1, 2, width - 2, 5, CASE)
    for y in range(2, 7):
        canvas.put(0, y, "▐", CASE)
        canvas.put(width - 1, y, "▌", CASE)
    canvas.put(0, 7, "▝" + "▀" * (width - 2) + "▘", CASE)
    x = canvas.put(3, 2, front.title or front.board, INK, bold=True)
    if said:
        text = clip(said[0], width - x - 6)
        canvas.put(width - 3 - len(text), 2, text, blend(said[1], INK, 0.45))
    else:
        canvas.put(x + 2, 2, clip(front.about, width - x - 5), QUIET)
    parts = groups(front)
    gap = (width - 6 - sum(w for _, w in parts)) / max(len(parts) - 1, 1)
    at = 3.0
    for kind, group_width in parts:
        x = round(at)
        if kind == "lamp":
            for strip in strips:
                _lamp(canvas, x, strip, colour)
                x += _lamp_width(strip.lamp)
        elif kind == "port":
            for port in front.ports:
                _port(canvas, x, port)
                x += _port_width(port)
        elif kind == "usb":
            _usb(canvas, x, front.stick)
        else:
            for button in front.buttons:
                _button(canvas, x, button)
                x += _button_width(button)
        at += group_width + gap


def _middle(canvas, x, y, width, text, fg, bold=False):
    canvas.put(x + (width - len(text)) // 2, y, text, fg, bold=bold)


_GLOW = ((0, 0.09, 0.18, 0.09, 0), (0.10, 0.34, 0.5, 0.34, 0.10), (0, 0.09, 0.18, 0.09, 0))


def _lamp(canvas, x, strip, colour):
    width = _lamp_width(strip.lamp) - 1
    middle = x + (width - 1) // 2
    for dy, shares in enumerate(_GLOW):
        for dx, share in enumerate(shares):
            canvas.tint(middle - 2 + dx, 3 + dy, strip.colour, share * strip.level)
    lit = blend(GLASS, strip.colour, strip.level)
    canvas.put(middle - 1, 4, "▐█▌" if colour or strip.level >= 0.5 else "▐ ▌", lit)
    if strip.level > 0.3:
        canvas.put(middle, 4, "█", blend(lit, (255, 255, 255), 0.35 * strip.level))
    _middle(canvas, x, 6, width, strip.lamp.name, INK if strip.level > 0.3 else QUIET)


def _port(canvas, x, port):
    width = _port_width(port) - 1
    at = x + (width - 4) // 2
    canvas.put(at, 3, "╭──╮", FAINT)
    canvas.put(at, 4, "│", FAINT)
    canvas.put(at + 1, 4, "▄▄" if port.link else "  ", LINK, HOLE)
    canvas.put(at + 3, 4, "│", FAINT)
    canvas.put(at, 5, "╰──╯", FAINT)
    _middle(canvas, x, 6, width, port.name, INK if port.link else QUIET)


def _usb(canvas, x, stick):
    canvas.put(x, 3, "╭────╮", FAINT)
    canvas.put(x, 4, "│", FAINT)
    canvas.put(x + 1, 4, "▐██▌" if stick else "────", ACCENT if stick else FAINT, HOLE)
    canvas.put(x + 5, 4, "│", FAINT)
    canvas.put(x, 5, "╰────╯", FAINT)
    _middle(canvas, x, 6, 6, "stick" if stick else "usb", INK if stick else QUIET)


def _button(canvas, x, button):
    width = _button_width(button) - 1
    at = x + (width - 5) // 2
    colour = AMBER if button.down else FAINT
    canvas.put(at, 3, "╭───╮", colour)
    canvas.put(at, 4, "│", colour)
    if button.down:
        canvas.put(at + 1, 4, f"▼{button.key}▼", HOLE, AMBER, bold=True)
    else:
        canvas.put(at + 1, 4, f" {button.key} ", INK, bold=True)
    canvas.put(at + 4, 4, "│", colour)
    canvas.put(at, 5, "╰───╯", colour)
    _middle(canvas, x, 6, width, "held" if button.held else button.name, AMBER if button.down else QUIET)
