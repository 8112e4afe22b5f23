"""A virtual router: a real Linux kernel on QEMU with buttons, LEDs, serial console, network and disk."""

from .board import board_names, load_board
from .errors import EmuError, Timeout
from .images.build import Images, build_images
from .images.medkit import build_medkit, make_stick
from .leds import Blink, LedTrace, Steady
from .router import Router

__all__ = [
    "Blink", "EmuError", "Images", "LedTrace", "Router", "Steady", "Timeout", "board_names", "build_images", "build_medkit",
    "load_board", "make_stick",
]
