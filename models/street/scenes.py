"""Renders stylised street scenes, each with one labelled object.

Everything in a picture is drawn from code: no photographs, no data sets. A
picture is fully described by (seed, stream, index): the same triple gives the
same scene at any size, which is how the 64x64 training pictures and the larger
sample pictures come from one description.

Conventions
-----------
* Picture coordinates run from (0, 0) top left to (1, 1) bottom right, so that a
  scene does not depend on the number of pixels it is rendered with.
* Objects are drawn in coordinates of their own (x right, y down, about one unit
  large) and placed by a 3x3 homography; this gives scale, rotation and
  perspective to every shape, letters included, at no extra effort.
* There are two layers. `albedo` is what a surface looks like in white light and
  is multiplied by the light of the scene; `glow` is light that the thing sends
  out itself (lamps, lit windows, the sky). Night is then only another light.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

Colour = tuple[int, int, int]
Point = tuple[float, float]
Rng = np.random.Generator

LABELS: tuple[str, ...] = (
    "stop-sign",
    "speed-limit-sign",
    "yield-sign",
    "no-entry-sign",
    "crossing-sign",
    "traffic-light",
    "car",
    "bus",
    "truck",
    "bicycle",
    "pedestrian",
    "empty-street",
)

BLACK: Colour = (0, 0, 0)
WHITE: Colour = (243, 243, 240)


# --------------------------------------------------------------------------
# Colours and small helpers


def uniform(rng: Rng, low: float, high: float) -> float:
    return float(rng.uniform(low, high))


def chance(rng: Rng, probability: float) -> bool:
    return bool(rng.random() < probability)


def pick(rng: Rng, options: Sequence):
    return options[int(rng.integers(len(options)))]


def clip(value: float) -> int:
    return int(min(255, max(0, round(value))))


def shade(colour: Colour, factor: float) -> Colour:
    """Darker (factor < 1) or lighter (factor > 1)."""
    r, g, b = colour
    return clip(r * factor), clip(g * factor), clip(b * factor)


def mix(a: Colour, b: Colour, t: float) -> Colour:
    return tuple(clip(x + (y - x) * t) for x, y in zip(a, b))  # type: ignore[return-value]


def jitter(rng: Rng, colour: Colour, amount: float = 14) -> Colour:
    r, g, b = (clip(c + d) for c, d in zip(colour, rng.normal(0, amount, 3)))
    return r, g, b


PAINTS: tuple[Colour, ...] = (
    (190, 30, 35), (30, 70, 150), (225, 225, 222), (45, 47, 52), (150, 155, 160),
    (35, 95, 65), (225, 175, 40), (205, 95, 35), (100, 150, 190), (110, 40, 60),
    (180, 170, 140), (70, 130, 130), (90, 95, 105), (120, 60, 130),
)
WALLS: tuple[Colour, ...] = (
    (168, 110, 85), (196, 170, 135), (150, 150, 148), (205, 200, 185), (125, 85, 75),
    (165, 175, 180), (190, 140, 105), (110, 115, 125), (215, 195, 150), (140, 155, 135),
    (180, 125, 125), (225, 218, 208),
)
SKINS: tuple[Colour, ...] = (
    (240, 205, 175), (222, 178, 140), (190, 140, 100), (140, 95, 65), (95, 62, 45),
)
CLOTHES: tuple[Colour, ...] = PAINTS + (
    (60, 60, 95), (85, 75, 60), (200, 120, 140), (235, 205, 120), (70, 90, 60), (25, 25, 30),
)
GLASS: Colour = (52, 68, 82)
RUBBER: Colour = (28, 28, 31)
STEEL: Colour = (135, 138, 142)


def random_paint(rng: Rng) -> Colour:
    return jitter(rng, pick(rng, PAINTS), 16)


# --------------------------------------------------------------------------
# Homographies


def translate(x: float, y: float) -> np.ndarray:
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]], dtype=float)


def scale(x: float, y: float) -> np.ndarray:
    return np.diag([x, y, 1.0])


def rotate(angle: float) -> np.ndarray:
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]], dtype=float)


def perspective(px: float, py: float) -> np.ndarray:
    """A tilt: points with larger px*x + py*y are farther away, hence smaller."""
    return np.array([[1, 0, 0], [0, 1, 0], [px, py, 1]], dtype=float)


# --------------------------------------------------------------------------
# Drawing


# A small stroke font. A system font would tie the pictures to the machine, and
# strokes pass through the homography like every other shape.
def _arc(cx: float, cy: float, rx: float, ry: float, start: float, end: float, n: int = 9) -> list[Point]:
    steps = [math.radians(start + (end - start) * i / (n - 1)) for i in range(n)]
    return [(cx + rx * math.cos(a), cy + ry * math.sin(a)) for a in steps]


# Each glyph lives in the box x 0..0.6, y 0..1 (y down).
GLYPHS: dict[str, list[list[Point]]] = {
    "0": [_arc(0.3, 0.5, 0.27, 0.5, 0, 360, 17)],
    "1": [[(0.1, 0.22), (0.34, 0.0), (0.34, 1.0)]],
    "2": [_arc(0.3, 0.28, 0.27, 0.28, 190, 380) + [(0.03, 1.0), (0.6, 1.0)]],
    "3": [_arc(0.28, 0.25, 0.26, 0.25, 200, 450), _arc(0.28, 0.74, 0.3, 0.26, 270, 520)],
    "4": [[(0.45, 1.0), (0.45, 0.0), (0.0, 0.7), (0.62, 0.7)]],
    "5": [[(0.54, 0.0), (0.1, 0.0), (0.06, 0.45)] + _arc(0.28, 0.68, 0.3, 0.32, 230, 510)],
    "6": [_arc(0.3, 0.69, 0.27, 0.31, 0, 360, 15), [(0.03, 0.69), (0.08, 0.35), (0.24, 0.1), (0.5, 0.0)]],
    "7": [[(0.02, 0.0), (0.58, 0.0), (0.2, 1.0)]],
    "8": [_arc(0.3, 0.25, 0.23, 0.25, 0, 360, 13), _arc(0.3, 0.74, 0.28, 0.26, 0, 360, 13)],
    "9": [_arc(0.3, 0.31, 0.27, 0.31, 0, 360, 15), [(0.57, 0.31), (0.52, 0.65), (0.36, 0.9), (0.1, 1.0)]],
    "S": [_arc(0.3, 0.25, 0.27, 0.25, 340, 90) + _arc(0.3, 0.75, 0.28, 0.25, 270, 520)],
    "T": [[(0.0, 0.0), (0.6, 0.0)], [(0.3, 0.0), (0.3, 1.0)]],
    "O": [_arc(0.3, 0.5, 0.29, 0.5, 0, 360, 17)],
    "P": [[(0.06, 1.0), (0.06, 0.0), (0.3, 0.0)] + _arc(0.3, 0.27, 0.27, 0.27, 270, 450) + [(0.06, 0.54)]],
}


def ellipse_points(cx: float, cy: float, rx: float, ry: float, n: int = 28) -> list[Point]:
    return [
        (cx + rx * math.cos(2 * math.pi * i / n), cy + ry * math.sin(2 * math.pi * i / n))
        for i in range(n)
    ]


class Canvas:
    """The two layers, `pixels` wide and high, larger than the picture wanted."""

    def __init__(self, pixels: int, sky_top: Colour, sky_bottom: Colour) -> None:
        self.pixels = pixels
        ramp = np.linspace(0, 1, pixels)[:, None, None]
        sky = np.array(sky_top) * (1 - ramp) + np.array(sky_bottom) * ramp
        sky = np.broadcast_to(sky, (pixels, pixels, 3)).astype(np.uint8)
        self.albedo = Image.new("RGB", (pixels, pixels), BLACK)
        self.glow = Image.fromarray(np.ascontiguousarray(sky))
        # Mode RGBA on an RGB image makes Pillow blend translucent fills.
        self._albedo = ImageDraw.Draw(self.albedo, "RGBA")
        self._glow = ImageDraw.Draw(self.glow, "RGBA")

    def polygon(self, points: list[Point], colour: Colour, alpha: float, glow: Colour) -> None:
        a = (int(255 * alpha),)
        self._albedo.polygon(points, fill=colour + a)
        # Drawn even when black: a surface hides the lights behind it.
        self._glow.polygon(points, fill=glow + a)


@dataclass
class Pen:
    """Draws shapes in local coordinates through a homography."""

    canvas: Canvas
    matrix: np.ndarray = field(default_factory=lambda: np.eye(3))
    # Share of every colour that is sent out as light: road signs throw the
    # headlights back and stay readable at night.
    retro: float = 0.0

    def at(self, *matrices: np.ndarray) -> Pen:
        matrix = self.matrix
        for m in matrices:
            matrix = matrix @ m
        return Pen(self.canvas, matrix, self.retro)

    def point(self, x: float, y: float) -> Point:
        """Local coordinates to picture coordinates."""
        px, py, pw = self.matrix @ (x, y, 1.0)
        return float(px / pw), float(py / pw)

    def poly(
        self, points: Sequence[Point], colour: Colour, alpha: float = 1.0, glow: Colour | None = None
    ) -> None:
        if glow is None:
            glow = shade(colour, self.retro) if self.retro else BLACK
        xy = np.asarray(points, dtype=float)
        h = xy @ self.matrix[:, :2].T + self.matrix[:, 2]
        w = np.maximum(h[:, 2:], 0.05)
        projected = np.clip(h[:, :2] / w * self.canvas.pixels, -4e3, 4e3)
        self.canvas.polygon([tuple(p) for p in projected.tolist()], colour, alpha, glow)

    def rect(self, x0: float, y0: float, x1: float, y1: float, colour: Colour, radius: float = 0.0, **kw) -> None:
        if radius <= 0:
            self.poly([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], colour, **kw)
            return
        r = min(radius, abs(x1 - x0) / 2, abs(y1 - y0) / 2)
        corners = ((x1 - r, y0 + r, -90), (x1 - r, y1 - r, 0), (x0 + r, y1 - r, 90), (x0 + r, y0 + r, 180))
        points = [p for cx, cy, a in corners for p in _arc(cx, cy, r, r, a, a + 90, 5)]
        self.poly(points, colour, **kw)

    def disc(self, cx: float, cy: float, r: float, colour: Colour, ry: float | None = None, **kw) -> None:
        self.poly(ellipse_points(cx, cy, r, r if ry is None else ry), colour, **kw)

    def stroke(self, points: Sequence[Point], width: float, colour: Colour, caps: bool = True, **kw) -> None:
        for (x0, y0), (x1, y1) in zip(points, points[1:]):
            length = math.hypot(x1 - x0, y1 - y0) or 1e-9
            nx, ny = -(y1 - y0) / length * width / 2, (x1 - x0) / length * width / 2
            self.poly([(x0 + nx, y0 + ny), (x1 + nx, y1 + ny), (x1 - nx, y1 - ny), (x0 - nx, y0 - ny)], colour, **kw)
        if caps:
            for x, y in points:
                self.poly(ellipse_points(x, y, width / 2, width / 2, 10), colour, **kw)

    def ring(self, cx: float, cy: float, r: float, width: float, colour: Colour) -> None:
        """A hollow circle: what is behind stays visible."""
        outer = ellipse_points(cx, cy, r, r, 32)
        inner = ellipse_points(cx, cy, r - width, r - width, 32)
        for i in range(32):
            j = (i + 1) % 32
            self.poly([outer[i], outer[j], inner[j], inner[i]], colour)

    def text(self, text: str, cx: float, cy: float, height: float, weight: float, colour: Colour, squeeze: float = 1.0, **kw) -> None:
        advance = 0.78 * height * squeeze
        left = cx - (len(text) * advance - 0.18 * height * squeeze) / 2
        for i, character in enumerate(text):
            for line in GLYPHS[character]:
                points = [(left + i * advance + x * height * squeeze, cy + (y - 0.5) * height) for x, y in line]
                self.stroke(points, weight * height, colour, **kw)


# --------------------------------------------------------------------------
# Light and weather


@dataclass
class Conditions:
    time: str  # "day", "dusk" or "night"
    light: np.ndarray  # RGB gain of the albedo layer
    sky_top: Colour
    sky_bottom: Colour

    @property
    def dark(self) -> bool:
        return self.time != "day"


def draw_conditions(rng: Rng) -> Conditions:
    time = str(rng.choice(["day", "dusk", "night"], p=[0.62, 0.2, 0.18]))
    if time == "day":
        gain = uniform(rng, 0.72, 1.12)
        tint = np.array([1 + uniform(rng, -0.05, 0.06), 1.0, 1 + uniform(rng, -0.08, 0.06)])
        if chance(rng, 0.55):
            top, bottom = (70, 130, 205), (195, 220, 238)
        else:
            top, bottom = (150, 160, 172), (212, 216, 220)
    elif time == "dusk":
        gain = uniform(rng, 0.5, 0.78)
        tint = np.array([1.12, 0.9, 0.82]) + rng.normal(0, 0.03, 3)
        top, bottom = pick(rng, [((70, 75, 125), (245, 160, 95)), ((95, 80, 120), (235, 130, 110)), ((55, 85, 140), (240, 200, 150))])
    else:
        gain = uniform(rng, 0.24, 0.4)
        tint = np.array([0.85, 0.95, 1.25]) + rng.normal(0, 0.04, 3)
        top, bottom = pick(rng, [((8, 10, 24), (26, 30, 52)), ((14, 14, 22), (52, 42, 42)), ((6, 12, 30), (20, 36, 60))])
    return Conditions(time, gain * tint, jitter(rng, top, 10), jitter(rng, bottom, 10))


# --------------------------------------------------------------------------
# Backgrounds


@dataclass
class Camera:
    """A pinhole camera above the street, looking along it.

    World axes: X to the right, Y up, Z ahead, in metres.
    """

    vx: float
    horizon: float
    focal: float
    height: float

    def __call__(self, x: float, y: float, z: float) -> Point:
        z = max(z, 0.05)
        return self.vx + self.focal * x / z, self.horizon + self.focal * (self.height - y) / z


LIT_WINDOW: tuple[Colour, ...] = ((250, 205, 120), (245, 225, 170), (200, 215, 235))


def wall(rng: Rng, pen: Pen, corner: Callable[[float, float], Point], width: float, height: float, cond: Conditions, colour: Colour) -> None:
    """A facade with windows. `corner(u, v)`: u 0..1 along it, v 0..1 upwards."""

    def quad(u0: float, v0: float, u1: float, v1: float, c: Colour, **kw) -> None:
        pen.poly([corner(u0, v0), corner(u1, v0), corner(u1, v1), corner(u0, v1)], c, **kw)

    quad(0, 0, 1, 1, colour)
    floors = max(1, int(height / uniform(rng, 2.8, 3.6)))
    bays = max(1, int(width / uniform(rng, 2.0, 3.6)))
    wu, wv = uniform(rng, 0.35, 0.7), uniform(rng, 0.4, 0.68)
    glass = jitter(rng, pick(rng, [(60, 75, 92), (90, 108, 125), (45, 50, 58), (120, 140, 155)]), 8)
    lit = {"day": 0.0, "dusk": 0.3, "night": uniform(rng, 0.1, 0.5)}[cond.time]
    shop = chance(rng, 0.45)
    for f in range(floors):
        v0 = (f + (1 - wv) / 2) / floors
        v1 = v0 + wv / floors
        if f == 0 and shop:
            sign = random_paint(rng)
            quad(0.04, 0.02, 0.96, 0.75 / floors, glass, glow=shade(pick(rng, LIT_WINDOW), uniform(rng, 0.45, 0.8)) if cond.dark and chance(rng, 0.5) else BLACK)
            quad(0.03, 0.76 / floors, 0.97, 0.95 / floors, sign)
            continue
        for b in range(bays):
            u0 = (b + (1 - wu) / 2) / bays
            u1 = u0 + wu / bays
            glow = shade(pick(rng, LIT_WINDOW), uniform(rng, 0.5, 0.95)) if chance(rng, lit) else BLACK
            quad(u0, v0, u1, v1, glass, glow=glow)
    if chance(rng, 0.5):
        quad(0, 0.97, 1, 1.0, shade(colour, 0.75))


def tree(rng: Rng, pen: Pen, x: float, base: float, height: float) -> None:
    trunk = jitter(rng, (88, 66, 48), 8)
    pen.poly([(x - 0.035 * height, base), (x + 0.035 * height, base), (x + 0.02 * height, base - 0.5 * height), (x - 0.02 * height, base - 0.5 * height)], trunk)
    green = jitter(rng, pick(rng, [(60, 105, 50), (85, 125, 60), (45, 85, 55), (165, 120, 45), (120, 135, 60)]), 8)
    if chance(rng, 0.2):  # a conifer
        for k in range(3):
            y = base - height * (0.2 + 0.25 * k)
            w = height * (0.26 - 0.06 * k)
            pen.poly([(x - w, y), (x + w, y), (x, y - 0.38 * height)], shade(green, 0.8 + 0.1 * k))
        return
    for k in range(9):
        r = height * uniform(rng, 0.12, 0.2)
        cx = x + height * uniform(rng, -0.2, 0.2)
        cy = base - height * uniform(rng, 0.5, 0.88)
        pen.disc(cx, cy, r, shade(green, 0.72 + 0.05 * k), ry=r * 0.85)


def lamp_post(rng: Rng, pen: Pen, x: float, base: float, height: float, cond: Conditions) -> None:
    c = jitter(rng, pick(rng, [(70, 74, 78), (125, 128, 130), (45, 60, 55)]), 6)
    w = 0.013 * height
    side = 1 if chance(rng, 0.5) else -1
    pen.rect(x - w, base - height, x + w, base, c)
    pen.rect(x - w * 1.8, base - 0.1 * height, x + w * 1.8, base, c)
    pen.stroke([(x, base - height), (x + side * 0.14 * height, base - 1.03 * height)], 1.5 * w, c)
    on = cond.dark and chance(rng, 0.85)
    pen.rect(x + side * 0.08 * height, base - 1.045 * height, x + side * 0.18 * height, base - 1.015 * height, (215, 215, 205) if on else c, glow=(255, 220, 150) if on else BLACK)


def street_furniture(rng: Rng, pen: Pen, x: float, base: float, metre: float, cond: Conditions) -> None:
    """Small things beside the road. None of them is one of the labelled objects."""
    kind = pick(rng, ["bin", "bollards", "bench", "hydrant", "box", "hoarding", "cone", "parking", "back", "shelter", "hedge"])
    p = pen.at(translate(x, base), scale(metre, metre))
    if kind == "bin":
        c = jitter(rng, pick(rng, [(60, 90, 65), (80, 80, 85), (190, 110, 50)]), 10)
        p.poly([(-0.25, 0), (0.25, 0), (0.3, -0.9), (-0.3, -0.9)], c)
        p.rect(-0.33, -1.0, 0.33, -0.88, shade(c, 0.7))
    elif kind == "bollards":
        for i in range(-2, 3):
            p.rect(i * 0.9 - 0.07, -0.85, i * 0.9 + 0.07, 0, (90, 92, 95))
            p.rect(i * 0.9 - 0.07, -0.75, i * 0.9 + 0.07, -0.62, (225, 225, 220))
    elif kind == "bench":
        wood = jitter(rng, (140, 95, 60), 10)
        for y in (-0.5, -0.75, -0.95):
            p.rect(-0.9, y, 0.9, y + 0.12, wood)
        p.rect(-0.8, -0.4, -0.72, 0, (60, 60, 62))
        p.rect(0.72, -0.4, 0.8, 0, (60, 60, 62))
    elif kind == "hydrant":
        c = pick(rng, [(190, 45, 40), (220, 180, 50), (120, 125, 130)])
        p.rect(-0.13, -0.65, 0.13, 0, c)
        p.disc(0, -0.65, 0.15, shade(c, 0.85))
        p.rect(-0.25, -0.5, 0.25, -0.36, shade(c, 0.85))
    elif kind == "box":
        c = jitter(rng, pick(rng, [(140, 145, 140), (95, 110, 100), (220, 190, 60), (50, 80, 130)]), 10)
        p.rect(-0.4, -1.3, 0.4, 0, c)
        p.rect(-0.4, -1.3, 0.4, -1.2, shade(c, 0.7))
        p.rect(-0.01, -1.15, 0.01, -0.1, shade(c, 0.7))
    elif kind == "hoarding":
        p.rect(-0.06, -2.4, 0.06, 0, (80, 80, 84))
        p.rect(-0.75, -2.9, 0.75, -1.0, (65, 67, 70))
        p.rect(-0.67, -2.82, 0.67, -1.08, random_paint(rng), glow=(110, 110, 110) if cond.time == "night" else BLACK)
        p.disc(uniform(rng, -0.3, 0.3), uniform(rng, -2.3, -1.6), 0.3, random_paint(rng))
    elif kind == "cone":
        p.poly([(-0.22, 0), (0.22, 0), (0.05, -0.75), (-0.05, -0.75)], (230, 100, 40))
        p.poly([(-0.15, -0.28), (0.15, -0.28), (0.11, -0.46), (-0.11, -0.46)], (235, 235, 230))
        p.rect(-0.3, -0.06, 0.3, 0, (200, 85, 35))
    elif kind == "parking":
        p.rect(-0.04, -2.6, 0.04, 0, STEEL)
        p.rect(-0.3, -2.9, 0.3, -2.3, (30, 75, 165))
        p.text("P", 0.02, -2.6, 0.4, 0.2, WHITE)
    elif kind == "back":  # a sign seen from behind
        p.rect(-0.04, -2.6, 0.04, 0, STEEL)
        p.disc(0, -2.6, 0.36, (120, 122, 125))
        p.rect(-0.04, -2.9, 0.04, -2.3, (95, 97, 100))
    elif kind == "shelter":
        p.rect(-1.6, -2.4, 1.6, -2.2, (60, 64, 68))
        p.rect(-1.5, -2.2, 1.5, -0.3, (150, 175, 185), alpha=0.45)
        for xx in (-1.5, 0.0, 1.5):
            p.rect(xx - 0.05, -2.2, xx + 0.05, 0, (60, 64, 68))
        p.rect(-1.2, -0.55, 0.3, -0.45, (120, 90, 60))
    else:
        g = jitter(rng, (65, 100, 55), 10)
        for i in range(8):
            p.disc(-1.6 + i * 0.45, -0.45, 0.42, shade(g, uniform(rng, 0.8, 1.15)))
        p.rect(-1.9, -0.45, 1.9, 0, shade(g, 0.85))


def background(rng: Rng, pen: Pen, cond: Conditions, horizon: float | None = None) -> Camera:
    """Sky, buildings, trees, ground. Returns the camera, to stand things in it."""
    horizon = uniform(rng, 0.36, 0.62) if horizon is None else horizon
    cam = Camera(uniform(rng, 0.15, 0.85), horizon, uniform(rng, 0.8, 1.5), uniform(rng, 1.5, 2.6))
    asphalt = jitter(rng, pick(rng, [(88, 88, 92), (105, 104, 103), (72, 74, 80), (120, 116, 112)]), 6)
    paving = jitter(rng, pick(rng, [(160, 156, 150), (140, 138, 136), (175, 160, 140)]), 8)
    grass = jitter(rng, pick(rng, [(95, 125, 65), (75, 105, 60), (140, 135, 80)]), 8)
    kerb = shade(paving, 1.12)
    paint = (225, 225, 220)

    if cond.time != "night" and chance(rng, 0.5):
        for _ in range(int(rng.integers(1, 4))):
            cx, cy = uniform(rng, 0, 1), uniform(rng, 0, horizon * 0.6)
            cloud = mix(cond.sky_bottom, (255, 250, 245), 0.5)
            for _ in range(5):
                pen.disc(cx + uniform(rng, -0.12, 0.12), cy + uniform(rng, -0.02, 0.02), uniform(rng, 0.05, 0.12), BLACK, ry=uniform(rng, 0.02, 0.045), alpha=0.6, glow=cloud)

    style = str(rng.choice(["along", "across", "green"], p=[0.5, 0.33, 0.17]))
    if style == "along":
        half = uniform(rng, 3.2, 6.5)  # half the width of the road
        walk = uniform(rng, 1.8, 3.5)  # the width of the pavement
        far, near = 90.0, 0.35

        def ground(x0: float, x1: float, c: Colour, z0: float = near, z1: float = far) -> None:
            pen.poly([cam(x0, 0, z0), cam(x1, 0, z0), cam(x1, 0, z1), cam(x0, 0, z1)], c)

        pen.rect(-0.1, horizon, 1.1, 1.1, mix(grass, paving, 0.5))
        # Skyline at the far end of the street.
        haze = mix(shade((140, 145, 155), float(cond.light.mean()) + 0.15), cond.sky_bottom, 0.4)
        for _ in range(7):
            x, w, h = uniform(rng, -0.1, 1.0), uniform(rng, 0.06, 0.2), uniform(rng, 0.03, 0.14)
            pen.rect(x, horizon - h, x + w, horizon + 0.005, BLACK, glow=shade(haze, uniform(rng, 0.75, 1.0)))
        for side in (-1, 1):
            houses = chance(rng, 0.8)
            edge = half + walk
            lots: list[tuple[float, float]] = []
            z = uniform(rng, 1.5, 5)
            while z < 60:
                depth = uniform(rng, 6, 15)
                lots.append((z, z + depth))
                z += depth + (uniform(rng, 1, 7) if chance(rng, 0.3) else 0.0)
            for z0, z1 in reversed(lots):
                if not houses:
                    if chance(rng, 0.8):
                        x, y = cam(side * (edge + uniform(rng, 0.5, 4)), 0, z0 + 2)
                        tree(rng, pen, x, y, cam.focal * uniform(rng, 4, 9) / (z0 + 2))
                    continue
                h = uniform(rng, 4, 16)
                c = jitter(rng, pick(rng, WALLS), 10)
                back = edge + uniform(rng, 5, 12)

                def side_wall(u: float, v: float, z0: float = z0, z1: float = z1, h: float = h) -> Point:
                    return cam(side * edge, v * h, z0 + u * (z1 - z0))

                def front_wall(u: float, v: float, z0: float = z0, h: float = h, back: float = back) -> Point:
                    return cam(side * (edge + u * (back - edge)), v * h, z0)

                wall(rng, pen, side_wall, z1 - z0, h, cond, c)
                wall(rng, pen, front_wall, back - edge, h, cond, shade(c, uniform(rng, 0.75, 0.92)))
            ground(side * half, side * edge, paving)
        ground(-half, half, asphalt)
        for side in (-1, 1):
            ground(side * half, side * (half + 0.18), kerb)
        if chance(rng, 0.75):
            lane = uniform(rng, -0.6, 0.6)
            step = uniform(rng, 3, 5)
            z = uniform(rng, 0.4, 3)
            while z < 45:
                ground(lane - 0.09, lane + 0.09, paint, z, z + step * 0.5)
                z += step
        if chance(rng, 0.15):  # zebra crossing
            z = uniform(rng, 3.5, 9)
            x = -half + 0.4
            while x < half - 0.4:
                ground(x, x + 0.45, paint, z, z + 2.6)
                x += 0.95
        posts = []
        for _ in range(int(rng.integers(1, 6))):
            posts.append((uniform(rng, 4, 28), -1 if chance(rng, 0.5) else 1))
        for z, side in sorted(posts, reverse=True):
            x, y = cam(side * (half + uniform(rng, 0.4, walk)), 0, z)
            m = cam.focal / z
            what = rng.random()
            if what < 0.35:
                tree(rng, pen, x, y, m * uniform(rng, 3.5, 7))
            elif what < 0.65:
                lamp_post(rng, pen, x, y, m * uniform(rng, 4.5, 7), cond)
            else:
                street_furniture(rng, pen, x, y, m, cond)
        return cam

    # The street runs across the picture: facades or greenery behind a pavement.
    line = horizon + uniform(rng, 0.03, 0.16)  # where the facades stand
    metre = uniform(rng, 0.07, 0.15)
    road = line + uniform(rng, 0.05, 0.14)
    if style == "across":
        x = uniform(rng, -0.3, 0.0)
        while x < 1:
            w, h = uniform(rng, 4, 9) * metre, uniform(rng, 3.2, 13) * metre
            c = jitter(rng, pick(rng, WALLS), 10)

            def facade(u: float, v: float, x: float = x, w: float = w, h: float = h) -> Point:
                return x + u * w, line - v * h

            wall(rng, pen, facade, w / metre, h / metre, cond, c)
            if chance(rng, 0.5):
                d = x + w * uniform(rng, 0.15, 0.8)
                pen.rect(d, line - 2.1 * metre, d + metre, line, shade(random_paint(rng), 0.7))
            if chance(rng, 0.25) and h < 8 * metre:
                pen.poly([(x, line - h), (x + w, line - h), (x + w * 0.8, line - h - 1.8 * metre), (x + w * 0.2, line - h - 1.8 * metre)], jitter(rng, (130, 70, 55), 15))
            x += w + (uniform(rng, 0.3, 2) * metre if chance(rng, 0.35) else 0.0)
    else:
        for _ in range(int(rng.integers(5, 11))):
            tree(rng, pen, uniform(rng, -0.1, 1.1), line + uniform(rng, -0.05, 0.0), uniform(rng, 3, 7) * metre)
    pen.rect(-0.1, line, 1.1, road, paving if style == "across" else grass)
    if style == "green" and chance(rng, 0.6):
        pen.rect(-0.1, (line + road) / 2, 1.1, road, paving)
    pen.rect(-0.1, road, 1.1, 1.1, asphalt)
    pen.rect(-0.1, road, 1.1, road + 0.012, kerb)
    for _ in range(int(rng.integers(1, 5))):
        x, y = uniform(rng, 0, 1), uniform(rng, line + 0.01, road)
        what = rng.random()
        if what < 0.3:
            tree(rng, pen, x, y, uniform(rng, 3.5, 6.5) * metre)
        elif what < 0.6:
            lamp_post(rng, pen, x, y, uniform(rng, 4.5, 6.5) * metre, cond)
        else:
            street_furniture(rng, pen, x, y, metre * 1.1, cond)
    if chance(rng, 0.6):
        y, x = road + (0.98 - road) * uniform(rng, 0.3, 0.9), uniform(rng, -0.2, 0)
        while x < 1:
            pen.poly([(x, y), (x + 0.16, y), (x + 0.165, y + 0.015), (x + 0.003, y + 0.015)], paint)
            x += 0.3
    return cam


# --------------------------------------------------------------------------
# Road signs and lights. Local unit: about the diameter of the sign, centre (0, 0).


def sign_red(rng: Rng) -> Colour:
    return jitter(rng, pick(rng, [(190, 28, 38), (205, 40, 40), (170, 25, 35), (200, 70, 65)]), 9)


def regular(n: int, r: float, turn: float) -> list[Point]:
    return [(r * math.cos(turn + 2 * math.pi * i / n), r * math.sin(turn + 2 * math.pi * i / n)) for i in range(n)]


def stop_sign(rng: Rng, pen: Pen) -> None:
    red, white = sign_red(rng), jitter(rng, WHITE, 6)
    pen.poly(regular(8, 0.54, math.pi / 8), white)
    pen.poly(regular(8, 0.50, math.pi / 8), red)
    pen.text("STOP", 0, 0, uniform(rng, 0.28, 0.36), uniform(rng, 0.17, 0.22), white, squeeze=0.88)


def speed_limit_sign(rng: Rng, pen: Pen) -> None:
    red, white = sign_red(rng), jitter(rng, WHITE, 6)
    number = pick(rng, ["20", "30", "40", "50", "60", "70", "80", "90", "100", "120", "130"])
    pen.disc(0, 0, 0.5, red)
    pen.disc(0, 0, uniform(rng, 0.36, 0.41), white)
    long = len(number) == 3
    pen.text(number, 0, 0, 0.3 if long else uniform(rng, 0.34, 0.4), 0.19, (25, 25, 28), squeeze=0.82 if long else 1.0)


def yield_sign(rng: Rng, pen: Pen) -> None:
    red, white = sign_red(rng), jitter(rng, WHITE, 6)
    outer, inner = 0.6, uniform(rng, 0.33, 0.42)
    down = math.pi / 2
    p = pen.at(translate(0, -0.12))
    p.stroke([*regular(3, outer - 0.06, down), regular(3, outer - 0.06, down)[0]], 0.12, white)
    p.poly(regular(3, outer, down), red)
    p.stroke([*regular(3, outer - 0.06, down), regular(3, outer - 0.06, down)[0]], 0.09, red)
    p.poly(regular(3, inner, down), white)


def no_entry_sign(rng: Rng, pen: Pen) -> None:
    red, white = sign_red(rng), jitter(rng, WHITE, 6)
    pen.disc(0, 0, 0.52, white if chance(rng, 0.6) else red)
    pen.disc(0, 0, 0.49, red)
    h = uniform(rng, 0.075, 0.105)
    pen.rect(-0.37, -h, 0.37, h, white)


def walker(pen: Pen, colour: Colour) -> None:
    """The pictogram of somebody walking, about one unit high."""
    pen.disc(0.02, -0.41, 0.085, colour)
    pen.stroke([(0.0, -0.27), (-0.03, 0.03)], 0.17, colour)
    pen.stroke([(-0.02, 0.05), (0.1, 0.24), (0.12, 0.48)], 0.09, colour)
    pen.stroke([(-0.04, 0.05), (-0.1, 0.26), (-0.24, 0.46)], 0.09, colour)
    pen.stroke([(0.02, -0.27), (0.15, -0.1), (0.25, -0.04)], 0.065, colour)
    pen.stroke([(-0.03, -0.27), (-0.15, -0.12), (-0.18, 0.02)], 0.065, colour)


def crossing_sign(rng: Rng, pen: Pen) -> None:
    black = (22, 22, 25)
    mirror = scale(pick(rng, [-1.0, 1.0]), 1.0)
    if chance(rng, 0.72):
        blue = jitter(rng, pick(rng, [(25, 75, 170), (30, 95, 190), (20, 55, 140)]), 8)
        pen.rect(-0.5, -0.5, 0.5, 0.5, WHITE, radius=0.06)
        pen.rect(-0.475, -0.475, 0.475, 0.475, blue, radius=0.05)
        pen.poly([(0, -0.42), (0.43, 0.36), (-0.43, 0.36)], jitter(rng, WHITE, 6))
        p = pen.at(translate(0.0, 0.03), mirror, scale(0.52, 0.52))
        for i in range(5):
            x = -0.5 + i * 0.21
            p.poly([(x, 0.48), (x + 0.11, 0.48), (x + 0.13, 0.36), (x + 0.04, 0.36)], black)
        walker(p.at(translate(0, -0.05), scale(1.05, 1.0)), black)
    else:
        yellow = jitter(rng, pick(rng, [(245, 190, 30), (235, 210, 40), (205, 225, 50)]), 8)
        pen.poly(regular(4, 0.64, 0), black)
        pen.poly(regular(4, 0.61, 0), yellow)
        p = pen.at(mirror, scale(0.74, 0.74))
        walker(p, black)
        for x in (-0.3, 0.2):
            p.stroke([(x, 0.56), (x + 0.1, 0.56)], 0.05, black, caps=False)


LAMPS: tuple[Colour, ...] = ((255, 45, 35), (255, 185, 40), (60, 245, 130))


def traffic_light(rng: Rng, pen: Pen) -> None:
    """Local unit: the height of the housing."""
    body = jitter(rng, pick(rng, [(32, 34, 36), (40, 52, 46), (60, 62, 64), (215, 165, 40)]), 6)
    if chance(rng, 0.4):
        edge = pick(rng, [WHITE, (205, 180, 50), (24, 24, 26)])
        pen.rect(-0.33, -0.6, 0.33, 0.6, edge, radius=0.06)
        pen.rect(-0.3, -0.57, 0.3, 0.57, (24, 25, 27), radius=0.05)
    pen.rect(-0.2, -0.5, 0.2, 0.5, body, radius=0.07)
    lit = pick(rng, [{0}, {2}, {1}, {0}, {2}, {0, 1}])
    for i, lamp in enumerate(LAMPS):
        y = -0.32 + 0.32 * i
        pen.disc(0, y, 0.148, shade(body, 0.55))
        if i in lit:
            pen.disc(0, y, 0.13, shade(lamp, 0.35), glow=shade(lamp, 0.85))
            pen.disc(0, y, 0.075, shade(lamp, 0.2), glow=mix(lamp, (255, 255, 255), 0.35))
        else:
            pen.disc(0, y, 0.13, shade(lamp, 0.24))
        pen.poly([*_arc(0, y - 0.01, 0.155, 0.15, 180, 360), (0.12, y - 0.04), (0, y - 0.095), (-0.12, y - 0.04)], shade(body, 0.7))


# --------------------------------------------------------------------------
# Vehicles. Side views: length 1, wheels on y = 0, the front to the right.
# Views from the front or the back: width 1.


def wheel(pen: Pen, x: float, r: float, hub: Colour = (165, 168, 172)) -> None:
    pen.disc(x, -r, r, RUBBER)
    pen.disc(x, -r, r * 0.58, hub)
    pen.disc(x, -r, r * 0.2, shade(hub, 0.55))


def ground_shadow(pen: Pen, half: float, depth: float) -> None:
    for k in (1.0, 0.85):
        pen.disc(0, 0, half * k, BLACK, ry=depth * k, alpha=0.3)


def head_light(pen: Pen, x: float, y: float, r: float, on: bool, ry: float | None = None) -> None:
    pen.disc(x, y, r, (235, 235, 225), ry=ry, glow=(255, 245, 215) if on else BLACK)


def tail_light(pen: Pen, x0: float, y0: float, x1: float, y1: float, on: bool) -> None:
    pen.rect(x0, y0, x1, y1, (185, 25, 25), radius=0.01, glow=(225, 30, 25) if on else BLACK)


def car_side(rng: Rng, pen: Pen, on: bool) -> None:
    c = random_paint(rng)
    glass = jitter(rng, GLASS, 8)
    tall = uniform(rng, 0.31, 0.38)
    belt = -uniform(rng, 0.2, 0.225)
    r = uniform(rng, 0.07, 0.08)
    bonnet = uniform(rng, 0.2, 0.3)  # x of the foot of the windscreen
    shape = pick(rng, ["saloon", "hatch", "estate"])
    tail = {"saloon": -0.34, "hatch": -0.44, "estate": -0.48}[shape]
    roof = {"saloon": -0.19, "hatch": -0.3, "estate": -0.42}[shape]
    ground_shadow(pen, 0.54, 0.035)
    pen.poly([(-0.49, -0.09), (-0.5, belt + 0.02), (-0.48, belt), (tail, belt - 0.005), (roof, -tall), (0.03, -tall), (0.1, -tall + 0.015), (bonnet, belt), (0.42, belt + 0.025), (0.485, belt + 0.07), (0.5, -0.09), (0.47, -0.055), (-0.47, -0.055)], c)
    top = -tall + 0.03
    pen.poly([(tail + 0.055, belt), (roof + 0.02, top), (-0.07, top), (-0.07, belt)], glass)
    pen.poly([(-0.045, belt), (-0.045, top), (0.03, top), (0.085, top + 0.01), (bonnet - 0.04, belt)], glass)
    pen.poly([(0.0, belt), (0.04, top), (0.06, top), (0.03, belt)], shade(glass, 1.5), alpha=0.6)
    pen.rect(-0.49, -0.085, 0.49, -0.055, shade(c, 0.5))
    pen.rect(-0.47, belt + 0.025, 0.44, belt + 0.035, shade(c, 1.25))
    for x in (-0.057, 0.155):
        pen.stroke([(x, belt + 0.01), (x - 0.01, -0.09)], 0.005, shade(c, 0.55), caps=False)
    for x in (-0.12, 0.09):
        pen.rect(x - 0.02, belt + 0.045, x + 0.02, belt + 0.055, shade(c, 0.5))
    pen.poly([(0.43, belt + 0.035), (0.485, belt + 0.075), (0.49, belt + 0.1), (0.44, belt + 0.08)], (235, 235, 225), glow=(255, 245, 215) if on else BLACK)
    tail_light(pen, -0.5, belt + 0.02, -0.465, belt + 0.07, on)
    for x in (-0.31, 0.31):
        pen.disc(x, -r, r * 1.18, shade(c, 0.3))
        wheel(pen, x, r)


def car_end(rng: Rng, pen: Pen, on: bool) -> None:
    c = random_paint(rng)
    glass = jitter(rng, GLASS, 8)
    tall = uniform(rng, 0.76, 0.95)
    belt = -tall * 0.6
    front = chance(rng, 0.55)
    ground_shadow(pen, 0.56, 0.05)
    for x in (-0.42, 0.42):
        pen.rect(x - 0.085, -0.2, x + 0.085, 0.0, RUBBER, radius=0.03)
    inset = uniform(rng, 0.13, 0.2)
    pen.poly([(-0.46, belt), (-0.5 + inset, -tall + 0.04), (-0.45 + inset, -tall), (0.45 - inset, -tall), (0.5 - inset, -tall + 0.04), (0.46, belt)], c)
    pen.poly([(-0.4, belt), (-0.44 + inset, -tall + 0.05), (0.44 - inset, -tall + 0.05), (0.4, belt)], glass)
    pen.poly([(-0.2, belt), (-0.08, -tall + 0.05), (0.03, -tall + 0.05), (-0.07, belt)], shade(glass, 1.5), alpha=0.5)
    pen.rect(-0.5, belt - 0.02, 0.5, -0.13, c, radius=0.08)
    pen.rect(-0.48, -0.2, 0.48, -0.1, shade(c, 0.45), radius=0.04)
    for s in (-1, 1):
        pen.disc(s * 0.52, belt - 0.02, 0.055, shade(c, 0.8), ry=0.04)
    if front:
        pen.poly([(-0.42, belt + 0.03), (0.42, belt + 0.03), (0.45, belt + 0.1), (-0.45, belt + 0.1)], shade(c, 1.18))
        pen.rect(-0.22, belt + 0.15, 0.22, -0.22, (30, 31, 34), radius=0.03)
        for s in (-1, 1):
            head_light(pen, s * 0.36, belt + 0.19, 0.095, on, ry=0.06)
    else:
        pen.stroke([(-0.3, belt + 0.06), (0.3, belt + 0.06)], 0.012, shade(c, 0.6))
        for s in (-1, 1):
            x = s * 0.39
            tail_light(pen, x - 0.09, belt + 0.06, x + 0.09, belt + 0.17, on)
    y = -0.2 if front else -0.29
    pen.rect(-0.13, y - 0.04, 0.13, y + 0.03, (235, 235, 228))


def bus_side(rng: Rng, pen: Pen, on: bool) -> None:
    c, stripe = random_paint(rng), random_paint(rng)
    glass = jitter(rng, GLASS, 8)
    tall = uniform(rng, 0.27, 0.33)
    double = chance(rng, 0.12)
    if double:
        tall *= 1.4
    lit = (235, 220, 165) if on and chance(rng, 0.7) else BLACK
    ground_shadow(pen, 0.53, 0.025)
    pen.rect(-0.5, -tall, 0.5, -0.035, c, radius=0.03)
    if chance(rng, 0.7):
        pen.rect(-0.5, -0.12, 0.5, -uniform(rng, 0.05, 0.09), stripe)
    rows = [(-tall + 0.05, -tall + 0.15)] if not double else [(-tall + 0.035, -tall + 0.12), (-tall + 0.2, -tall + 0.29)]
    for y0, y1 in rows:
        pen.rect(-0.48, y0, 0.495, y1, shade(glass, 0.75), radius=0.012)
        n = int(rng.integers(6, 9))
        for i in range(n):
            x = -0.475 + i * 0.8 / n
            pen.rect(x, y0 + 0.008, x + 0.8 / n - 0.012, y1 - 0.008, glass, glow=lit)
    y0, y1 = rows[-1]
    pen.rect(0.44, y0 - 0.005, 0.5, y1 + 0.03, shade(glass, 1.15), radius=0.01, glow=shade(lit, 0.6))
    for x in (0.34, -0.06) if chance(rng, 0.6) else (0.34,):
        pen.rect(x, y0, x + 0.085, -0.045, (45, 48, 52))
        pen.rect(x + 0.006, y0 + 0.008, x + 0.039, -0.055, glass, glow=lit)
        pen.rect(x + 0.046, y0 + 0.008, x + 0.079, -0.055, glass, glow=lit)
    pen.rect(0.28, -tall + 0.008, 0.46, -tall + 0.038, (28, 28, 30))
    for i in range(5):
        pen.rect(0.3 + i * 0.028, -tall + 0.014, 0.318 + i * 0.028, -tall + 0.031, (150, 95, 20), glow=(225, 140, 30))
    head_light(pen, 0.487, -0.085, 0.013, on, ry=0.018)
    tail_light(pen, -0.5, -0.12, -0.485, -0.07, on)
    pen.stroke([(0.5, -tall + 0.05), (0.525, -tall + 0.06), (0.525, -tall + 0.11)], 0.012, (35, 35, 38))
    for x in (-0.28, 0.29) if chance(rng, 0.75) else (-0.28, -0.19, 0.29):
        pen.disc(x, -0.045, 0.055, shade(c, 0.35))
        wheel(pen, x, 0.045)


def bus_end(rng: Rng, pen: Pen, on: bool) -> None:
    c, stripe = random_paint(rng), random_paint(rng)
    glass = jitter(rng, GLASS, 8)
    tall = uniform(rng, 1.12, 1.3)
    lit = (150, 140, 105) if on else BLACK
    front = chance(rng, 0.75)
    ground_shadow(pen, 0.54, 0.05)
    for x in (-0.38, 0.38):
        pen.rect(x - 0.07, -0.16, x + 0.07, 0, RUBBER, radius=0.02)
    pen.rect(-0.5, -tall, 0.5, -0.1, c, radius=0.08)
    if front:
        pen.rect(-0.46, -tall + 0.2, 0.46, -tall * 0.42, glass, radius=0.05, glow=lit)
        pen.poly([(-0.25, -tall * 0.43), (-0.05, -tall + 0.21), (0.1, -tall + 0.21), (-0.1, -tall * 0.43)], shade(glass, 1.5), alpha=0.5)
        pen.rect(-0.01, -tall + 0.2, 0.01, -tall * 0.42, shade(glass, 0.5))
        pen.rect(-0.38, -tall + 0.04, 0.38, -tall + 0.17, (26, 26, 28), radius=0.02)
        for i in range(6):
            if chance(rng, 0.85):
                pen.rect(-0.31 + i * 0.105, -tall + 0.065, -0.24 + i * 0.105, -tall + 0.145, (150, 95, 20), glow=(235, 150, 35))
        pen.rect(-0.5, -tall * 0.37, 0.5, -tall * 0.3, stripe)
        for s in (-1, 1):
            head_light(pen, s * 0.37, -0.25, 0.07, on, ry=0.05)
            pen.stroke([(s * 0.47, -tall + 0.1), (s * 0.58, -tall + 0.16)], 0.025, (35, 35, 38))
            pen.rect(s * 0.58 - 0.045, -tall + 0.15, s * 0.58 + 0.045, -tall + 0.4, (35, 35, 38), radius=0.02)
        pen.rect(-0.22, -0.27, 0.22, -0.19, shade(c, 0.4))
    else:
        pen.rect(-0.42, -tall + 0.12, 0.42, -tall * 0.55, glass, radius=0.04, glow=lit)
        pen.rect(-0.36, -tall * 0.48, 0.36, -0.3, shade(c, 0.7), radius=0.03)
        for i in range(4):
            pen.rect(-0.32, -tall * 0.45 + i * 0.055, 0.32, -tall * 0.45 + i * 0.055 + 0.022, shade(c, 0.45))
        for s in (-1, 1):
            tail_light(pen, s * 0.44 - 0.035, -0.5, s * 0.44 + 0.035, -0.28, on)
    pen.rect(-0.49, -0.17, 0.49, -0.09, (40, 41, 44), radius=0.03)
    pen.rect(-0.12, -0.2, 0.12, -0.14, (235, 235, 228))


def truck_side(rng: Rng, pen: Pen, on: bool) -> None:
    c = random_paint(rng)
    glass = jitter(rng, GLASS, 8)
    load = pick(rng, [(235, 235, 232), (215, 218, 220), random_paint(rng), random_paint(rng)])
    kind = str(rng.choice(["box", "tank", "tipper", "curtain"], p=[0.42, 0.16, 0.2, 0.22]))
    cab = uniform(rng, 0.2, 0.27)  # length of the cab
    back = 0.5 - cab - 0.03  # where the load ends, behind the cab
    tall = uniform(rng, 0.36, 0.45)
    cab_tall = tall * uniform(rng, 0.74, 0.88)
    r = uniform(rng, 0.05, 0.06)
    ground_shadow(pen, 0.53, 0.03)
    pen.rect(-0.48, -0.115, 0.48, -0.08, (48, 49, 52))  # the frame
    pen.rect(-0.12, -0.085, 0.06, -0.04, (120, 122, 126), radius=0.01)  # fuel tank
    if kind in ("box", "curtain"):
        pen.rect(-0.5, -tall, back, -0.11, load)
        pen.rect(-0.5, -tall, back, -tall + 0.015, shade(load, 0.7))
        pen.rect(-0.5, -0.128, back, -0.11, shade(load, 0.6))
        if kind == "curtain":
            n = 9
            for i in range(n):
                x = -0.5 + (i + 0.5) * (back + 0.5) / n
                pen.rect(x, -tall + 0.02, x + 0.006, -0.12, shade(load, 0.75))
        elif chance(rng, 0.6):
            pen.disc((back - 0.5) / 2, -(tall + 0.11) / 2, 0.075, random_paint(rng), ry=0.06)
            pen.rect((back - 0.5) / 2 - 0.16, -(tall + 0.11) / 2 + 0.07, (back - 0.5) / 2 + 0.16, -(tall + 0.11) / 2 + 0.09, random_paint(rng))
    elif kind == "tank":
        steel = pick(rng, [(190, 193, 197), load])
        pen.rect(-0.5, -tall * 0.9, back, -0.12, steel, radius=0.12)
        pen.rect(-0.46, -tall * 0.84, back - 0.04, -tall * 0.76, shade(steel, 1.15), radius=0.03)
        pen.rect(-0.49, -0.2, back - 0.01, -0.17, random_paint(rng))
    else:
        pen.poly([(-0.5, -tall * 0.72), (back, -tall * 0.78), (back - 0.02, -0.115), (-0.46, -0.115)], load)
        for i in range(5):
            x = -0.44 + i * (back + 0.42) / 5
            pen.rect(x, -tall * 0.72, x + 0.014, -0.12, shade(load, 0.7))
        if chance(rng, 0.5):
            pen.poly([(-0.47, -tall * 0.72), (-0.25, -tall * 0.92), (0.0, -tall * 0.85), (back - 0.03, -tall * 0.77)], (125, 100, 75))
    x0 = 0.5 - cab
    pen.poly([(x0, -0.07), (x0, -cab_tall), (0.44, -cab_tall), (0.475, -cab_tall * 0.62), (0.5, -cab_tall * 0.55), (0.5, -0.07)], c)
    pen.poly([(x0 + 0.05, -cab_tall * 0.55), (x0 + 0.05, -cab_tall * 0.88), (0.42, -cab_tall * 0.88), (0.452, -cab_tall * 0.55)], glass)
    pen.rect(x0 + 0.12, -cab_tall * 0.9, x0 + 0.13, -cab_tall * 0.5, shade(c, 0.8))
    pen.rect(x0, -0.1, 0.5, -0.07, shade(c, 0.4))
    head_light(pen, 0.488, -0.125, 0.014, on, ry=0.02)
    tail_light(pen, -0.5, -0.105, -0.48, -0.08, on)
    axles = [(-0.36, -0.24, 0.37), (-0.32, 0.37), (-0.4, -0.28, -0.16, 0.37)]
    for x in pick(rng, axles):
        wheel(pen, x, r, hub=(130, 132, 136))


def truck_end(rng: Rng, pen: Pen, on: bool) -> None:
    c = random_paint(rng)
    load = pick(rng, [(235, 235, 232), (210, 213, 216), random_paint(rng)])
    glass = jitter(rng, GLASS, 8)
    tall = uniform(rng, 1.2, 1.42)
    ground_shadow(pen, 0.54, 0.05)
    for x in (-0.36, 0.36):
        pen.rect(x - 0.11, -0.24, x + 0.11, 0, RUBBER, radius=0.02)
    if chance(rng, 0.55):  # from the front: the load shows above and beside the cab
        cab = tall * uniform(rng, 0.72, 0.82)
        pen.rect(-0.5, -tall, 0.5, -0.3, load)
        pen.rect(-0.5, -tall, 0.5, -tall + 0.05, shade(load, 0.7))
        pen.poly([(-0.44, -0.14), (-0.44, -cab * 0.62), (-0.39, -cab), (0.39, -cab), (0.44, -cab * 0.62), (0.44, -0.14)], c)
        pen.poly([(-0.39, -cab * 0.62), (-0.35, -cab * 0.92), (0.35, -cab * 0.92), (0.39, -cab * 0.62)], glass)
        pen.poly([(-0.18, -cab * 0.62), (-0.08, -cab * 0.92), (0.06, -cab * 0.92), (-0.03, -cab * 0.62)], shade(glass, 1.5), alpha=0.5)
        pen.rect(-0.3, -cab * 0.54, 0.3, -0.28, (34, 35, 38), radius=0.03)
        for i in range(4):
            y = -cab * 0.54 + 0.04 + i * (cab * 0.54 - 0.32) / 4
            pen.rect(-0.27, y, 0.27, y + 0.022, STEEL)
        pen.rect(-0.46, -0.27, 0.46, -0.13, (55, 56, 60), radius=0.03)
        for s in (-1, 1):
            head_light(pen, s * 0.37, -0.23, 0.065, on, ry=0.04)
            pen.rect(s * 0.53 - 0.04, -cab * 0.88, s * 0.53 + 0.04, -cab * 0.6, (34, 34, 37), radius=0.02)
        pen.rect(-0.11, -0.2, 0.11, -0.14, (235, 235, 228))
    else:  # from behind: two doors with their bolts
        pen.rect(-0.5, -tall, 0.5, -0.26, load)
        pen.rect(-0.5, -tall, 0.5, -tall + 0.04, shade(load, 0.6))
        pen.rect(-0.5, -0.3, 0.5, -0.26, shade(load, 0.5))
        pen.rect(-0.008, -tall + 0.04, 0.008, -0.3, shade(load, 0.45))
        for x in (-0.36, -0.13, 0.13, 0.36):
            pen.rect(x - 0.014, -tall + 0.05, x + 0.014, -0.3, shade(STEEL, 0.75))
            pen.rect(x - 0.05, -tall * 0.48, x + 0.05, -tall * 0.48 + 0.03, (70, 72, 75))
        pen.rect(-0.48, -0.2, 0.48, -0.13, (60, 61, 64))
        for s in (-1, 1):
            tail_light(pen, s * 0.4 - 0.08, -0.21, s * 0.4 + 0.08, -0.13, on)
        pen.rect(-0.11, -0.21, 0.11, -0.14, (235, 235, 228))


# --------------------------------------------------------------------------
# People. Height 1, feet on y = 0.


def person(rng: Rng, pen: Pen) -> None:
    skin = jitter(rng, pick(rng, SKINS), 6)
    hair = jitter(rng, pick(rng, [(35, 28, 25), (80, 55, 35), (160, 120, 70), (110, 108, 105), (150, 75, 40)]), 6)
    top, legs = jitter(rng, pick(rng, CLOTHES), 14), jitter(rng, pick(rng, CLOTHES), 14)
    shoes = jitter(rng, pick(rng, [(35, 32, 32), (230, 230, 226), (120, 70, 45)]), 8)
    stride = uniform(rng, 0.0, 0.17)
    skirt = chance(rng, 0.25)
    thin = uniform(rng, 0.85, 1.15)
    pen.disc(0, 0, 0.17, BLACK, ry=0.025, alpha=0.4)
    hip, shoulder = -0.49, -0.8
    # Far arm and leg first, darker: the body then covers where they join.
    for side, dark in ((-1, 0.8), (1, 1.0)):
        foot = side * max(stride, 0.045)
        knee = foot * 0.5 + 0.02
        c = shade(skin if skirt else legs, dark)
        pen.stroke([(side * 0.03, hip), (knee, -0.26), (foot, -0.04)], 0.072 * thin, c)
        pen.stroke([(foot - 0.01, -0.02), (foot + 0.045, -0.018)], 0.04, shade(shoes, dark))
        hand = -side * max(stride * 0.85, 0.09)
        arm = [(-side * 0.075 * thin, shoulder + 0.03), (hand * 0.75 - side * 0.03, -0.62), (hand, -0.47)]
        if side == -1:
            pen.stroke(arm, 0.052, shade(top, 0.75))
            pen.disc(hand, -0.45, 0.027, shade(skin, 0.85))
    if skirt:
        pen.poly([(-0.075, hip - 0.06), (0.075, hip - 0.06), (0.13, -0.27), (-0.13, -0.27)], legs)
    coat = chance(rng, 0.25)
    low = -0.33 if coat else hip + 0.03
    pen.poly([(-0.095 * thin, shoulder + 0.01), (-0.06, shoulder - 0.03), (0.06, shoulder - 0.03), (0.095 * thin, shoulder + 0.01), (0.085 * thin, hip), (0.1 * thin if coat else 0.08 * thin, low), (-0.1 * thin if coat else -0.08 * thin, low), (-0.085 * thin, hip)], top)
    if chance(rng, 0.3):  # rucksack or bag
        b = random_paint(rng)
        pen.rect(-0.155, shoulder + 0.02, -0.06, -0.55, b, radius=0.03)
    arm_x = -max(stride * 0.85, 0.09)
    pen.stroke([(0.0 - 0.07 * thin, shoulder + 0.04), (arm_x * 0.75 - 0.03, -0.62), (arm_x, -0.47)], 0.052, shade(top, 0.88))
    pen.disc(arm_x, -0.45, 0.027, skin)
    if chance(rng, 0.2):
        pen.rect(arm_x - 0.06, -0.43, arm_x + 0.05, -0.29, random_paint(rng), radius=0.01)
    pen.rect(-0.025, -0.87, 0.025, shoulder, shade(skin, 0.88))
    if chance(rng, 0.35):
        pen.disc(-0.01, -0.89, 0.077, hair, ry=0.1)
    pen.disc(0.0, -0.915, 0.062, skin, ry=0.075)
    pen.poly(_arc(-0.004, -0.925, 0.07, 0.075, 165, 345), hair)
    if chance(rng, 0.2):
        pen.rect(-0.07, -0.985, 0.085, -0.955, random_paint(rng), radius=0.01)


def bicycle(rng: Rng, pen: Pen) -> None:
    """Local unit: the length of the bicycle; wheels on y = 0."""
    c = random_paint(rng)
    r = uniform(rng, 0.185, 0.21)
    tyre = uniform(rng, 0.026, 0.036)
    tube = uniform(rng, 0.026, 0.036)
    back, front = (-0.3, -r), (0.3, -r)
    crank, seat, head = (-0.05, -r * 0.95), (-0.13, -0.47), (0.2, -0.5)
    pen.disc(0, 0, 0.5, BLACK, ry=0.02, alpha=0.35)
    for x, y in (back, front):
        for i in range(6):
            a = math.pi * i / 6
            pen.stroke([(x - r * 0.9 * math.cos(a), y - r * 0.9 * math.sin(a)), (x + r * 0.9 * math.cos(a), y + r * 0.9 * math.sin(a))], 0.006, (165, 167, 170), caps=False, alpha=0.7)
        pen.ring(x, y, r, tyre, RUBBER)
        pen.disc(x, y, 0.022, STEEL)
    if chance(rng, 0.35):
        for x, y in (back, front):
            pen.stroke(_arc(x, y, r + 0.015, r + 0.015, 190, 320), 0.016, shade(c, 0.8))
    rider = chance(rng, 0.33)
    skin, top, legs = pick(rng, SKINS), jitter(rng, pick(rng, CLOTHES), 12), jitter(rng, pick(rng, CLOTHES), 12)
    hip, shoulder = (-0.15, -0.6), (0.02, -0.93)
    if rider:
        pen.stroke([hip, (0.07, -0.42), (-0.07, -0.12)], 0.07, shade(legs, 0.75))
    pen.stroke([back, crank, seat, back], tube * 0.8, shade(c, 0.9))
    top_tube = [seat, head] if chance(rng, 0.65) else [(-0.07, -0.32), head]
    pen.stroke(top_tube, tube, c)
    pen.stroke([crank, head], tube, c)
    pen.stroke([head, front], tube * 0.8, shade(c, 0.8))
    pen.stroke([(0.2, -0.5), (0.185, -0.58), (0.25, -0.59)], 0.024, (55, 56, 60))
    pen.stroke([seat, (-0.145, -0.53)], 0.022, STEEL)
    pen.stroke([(-0.21, -0.54), (-0.09, -0.53)], 0.035, (40, 35, 34))
    pen.disc(*crank, 0.045, STEEL)
    pen.stroke([(crank[0] - 0.02, crank[1] + 0.02), (crank[0] + 0.05, crank[1] + 0.075)], 0.018, (60, 60, 64))
    if chance(rng, 0.25) and not rider:  # a basket
        pen.rect(0.22, -0.6, 0.4, -0.45, (140, 110, 75), radius=0.02)
    if rider:
        pen.stroke([hip, (0.1, -0.5), (0.0, -0.17)], 0.075, legs)
        pen.stroke([(0.0, -0.15), (0.06, -0.14)], 0.04, (40, 40, 42))
        pen.stroke([hip, shoulder], 0.15, top)
        pen.stroke([(0.01, -0.9), (0.1, -0.72), (0.23, -0.61)], 0.05, shade(top, 0.85))
        pen.disc(0.09, -1.07, 0.075, skin, ry=0.085)
        pen.poly(_arc(0.085, -1.085, 0.088, 0.088, 170, 360), random_paint(rng))


# --------------------------------------------------------------------------
# A whole scene

SIGNS: dict[str, Callable[[Rng, Pen], None]] = {
    "stop-sign": stop_sign,
    "speed-limit-sign": speed_limit_sign,
    "yield-sign": yield_sign,
    "no-entry-sign": no_entry_sign,
    "crossing-sign": crossing_sign,
}
VEHICLES: dict[str, tuple[Callable[[Rng, Pen, bool], None], Callable[[Rng, Pen, bool], None]]] = {
    "car": (car_side, car_end),
    "bus": (bus_side, bus_end),
    "truck": (truck_side, truck_end),
}


def place_sign(rng: Rng, pen: Pen, label: str, cond: Conditions) -> tuple[Point, float]:
    size = uniform(rng, 0.27, 0.6) if label != "traffic-light" else uniform(rng, 0.36, 0.74)
    half = size * 0.55
    x = uniform(rng, min(half, 0.42), max(1 - half, 0.58))
    y = uniform(rng, min(half, 0.42), max(0.42, 0.72 - half))
    tilt = rng.normal(0, 0.05)
    if label == "traffic-light":
        tilt *= 0.6
    # Squeezed and tilted as if the sign were turned away from the camera.
    squeeze = uniform(rng, 0.72, 1.0)
    turn = perspective(uniform(rng, -0.28, 0.28), uniform(rng, -0.12, 0.12))
    spot = pen.at(translate(x, y), rotate(tilt))
    pole = jitter(rng, pick(rng, [(128, 130, 133), (90, 93, 96), (165, 166, 168), (60, 62, 60)]), 6)
    w = uniform(rng, 0.018, 0.035) * max(size, 0.4)
    foot = uniform(rng, 0.82, 1.5) - y
    if label == "traffic-light" and chance(rng, 0.3):  # hanging from an arm
        side = pick(rng, [-1.3, 1.3])
        spot.rect(min(0, side), -size * 0.36 - w, max(0, side), -size * 0.36 + w, pole)
    else:
        spot.rect(-w, -size * (0.5 if chance(rng, 0.5) else 0.2), w, foot, pole)
        spot.rect(-w, -size * 0.2, -w * 0.3, foot, shade(pole, 1.25))
    board = spot.at(scale(size * squeeze, size), turn)
    if label == "traffic-light":
        traffic_light(rng, board)
    else:
        # At night a sign throws back the headlights of the one who looks.
        board.retro = {"day": 0.0, "dusk": uniform(rng, 0.05, 0.25), "night": uniform(rng, 0.22, 0.6)}[cond.time]
        SIGNS[label](rng, board)
        for _ in range(int(rng.integers(0, 4)) if chance(rng, 0.3) else 0):  # dirt
            board.disc(uniform(rng, -0.4, 0.4), uniform(rng, -0.4, 0.4), uniform(rng, 0.02, 0.09), (90, 80, 65), alpha=0.35)
        if chance(rng, 0.15):  # a supplementary plate below
            board.rect(-0.32, 0.62, 0.32, 0.84, WHITE)
            board.rect(-0.24, 0.7, 0.24, 0.76, (60, 60, 62))
    return (x, y), size


def place_vehicle(rng: Rng, pen: Pen, label: str, cond: Conditions, cam: Camera) -> tuple[Point, float]:
    side, end = VEHICLES[label]
    on = cond.dark or chance(rng, 0.2)
    from_side = chance(rng, 0.6)
    if from_side:
        width = uniform(rng, 0.55, 0.98)
        tall = width * {"car": 0.36, "bus": 0.33, "truck": 0.42}[label]
    else:
        width = uniform(rng, 0.32, 0.66) if label == "car" else uniform(rng, 0.28, 0.56)
        tall = width * (0.9 if label == "car" else 1.3)
    x = uniform(rng, width * 0.44, 1 - width * 0.44)
    base = min(0.97, max(cam.horizon + uniform(rng, 0.12, 0.4), tall + 0.04))
    mirror = pick(rng, [-1.0, 1.0])
    turn = perspective(uniform(rng, -0.26, 0.26), uniform(rng, -0.05, 0.05)) if from_side else perspective(uniform(rng, -0.1, 0.1), 0)
    p = pen.at(translate(x, base), rotate(rng.normal(0, 0.022)), scale(width * mirror, width * uniform(rng, 0.93, 1.12)), turn)
    (side if from_side else end)(rng, p, on)
    return (x, base - tall / 2), max(width, tall)


def place_upright(rng: Rng, pen: Pen, label: str, cam: Camera) -> tuple[Point, float]:
    mirror = pick(rng, [-1.0, 1.0])
    if label == "bicycle":
        size = uniform(rng, 0.46, 0.86)
        x, base = uniform(rng, size * 0.48, 1 - size * 0.48), max(cam.horizon + uniform(rng, 0.1, 0.35), size * 1.17)
        base = min(base, 0.97)  # room for the head of a rider
        p = pen.at(translate(x, base), rotate(rng.normal(0, 0.05)), scale(size * mirror * uniform(rng, 0.8, 1.0), size), perspective(uniform(rng, -0.25, 0.25), 0))
        bicycle(rng, p)
        return (x, base - size * 0.35), size
    size = uniform(rng, 0.45, 0.9)
    x, base = uniform(rng, 0.2, 0.8), min(0.98, max(cam.horizon + uniform(rng, 0.1, 0.42), size + 0.02))
    if chance(rng, 0.15):  # company, a little farther away
        q = pen.at(translate(x + pick(rng, [-1, 1]) * size * 0.3, base - 0.02), scale(size * 0.93 * mirror, size * 0.93))
        person(rng, q)
    person(rng, pen.at(translate(x, base), rotate(rng.normal(0, 0.03)), scale(size * mirror, size)))
    return (x, base - size / 2), size


def occlude(rng: Rng, pen: Pen, centre: Point, size: float) -> None:
    """Something in front that hides a part of the object, never most of it."""
    cx, cy = centre
    kind = pick(rng, ["pole", "leaves", "edge"])
    if kind == "pole":
        x, w = cx + size * uniform(rng, -0.4, 0.4), size * uniform(rng, 0.03, 0.07)
        pen.poly([(x - w, -0.1), (x + w, -0.1), (x + w, 1.1), (x - w, 1.1)], jitter(rng, pick(rng, [(80, 82, 84), (95, 75, 55), (130, 130, 130)]), 8))
    elif kind == "leaves":
        a = uniform(rng, 0, 2 * math.pi)
        x, y = cx + size * 0.52 * math.cos(a), cy + size * 0.52 * math.sin(a)
        green = jitter(rng, (65, 105, 50), 12)
        for _ in range(14):
            pen.disc(x + size * rng.normal(0, 0.11), y + size * rng.normal(0, 0.11), size * uniform(rng, 0.03, 0.08), shade(green, uniform(rng, 0.6, 1.2)))
    else:
        side = pick(rng, [-1, 1])
        x = cx + side * size * uniform(rng, 0.3, 0.45)
        c = jitter(rng, pick(rng, WALLS), 10)
        y = cy - size * uniform(rng, -0.1, 0.6)
        pen.poly([(x, y), (x + side * 1.5, y), (x + side * 1.5, 1.2), (x, 1.2)], shade(c, 0.7))


def shift(a: np.ndarray, dx: int, dy: int) -> np.ndarray:
    return np.roll(a, (dy, dx), axis=(0, 1))


def compose(rng: Rng, canvas: Canvas, cond: Conditions, centre: Point, size: float) -> np.ndarray:
    """Puts light on the scene: float RGB in 0..255, at the size of the canvas."""
    n = canvas.pixels
    albedo = np.asarray(canvas.albedo, dtype=np.float32)
    ys, xs = np.mgrid[0:n, 0:n].astype(np.float32) / n
    light = np.ones((n, n, 1), dtype=np.float32)
    a, strength = uniform(rng, 0, 2 * math.pi), uniform(rng, 0, 0.16)
    light[..., 0] += strength * ((xs - 0.5) * math.cos(a) + (ys - 0.5) * math.sin(a)) * 2
    if cond.time == "day" and chance(rng, 0.3):  # the shadow of a building or a tree
        a, offset, soft = uniform(rng, 0, 2 * math.pi), uniform(rng, -0.3, 0.3), uniform(rng, 0.01, 0.06)
        d = (xs - 0.5) * math.cos(a) + (ys - 0.5) * math.sin(a) - offset
        light[..., 0] *= 1 - uniform(rng, 0.2, 0.5) / (1 + np.exp(-np.clip(d / soft, -30, 30)))
    gain = light * cond.light.astype(np.float32)
    if cond.time != "day":  # street lamp or headlights on what is in front
        d2 = ((xs - centre[0]) ** 2 + (ys - centre[1]) ** 2) / (0.35 + 0.5 * size) ** 2
        reach = uniform(rng, 0.2, 0.5) if cond.time == "night" else uniform(rng, 0.0, 0.2)
        gain = gain + reach * np.exp(-2 * d2)[..., None] * np.array([1.0, 0.93, 0.8], dtype=np.float32)
    picture: np.ndarray = albedo * gain + np.asarray(canvas.glow, dtype=np.float32)
    if cond.time != "day":  # bloom around lamps
        small = canvas.glow.resize((64, 64), Image.Resampling.BOX).filter(ImageFilter.GaussianBlur(2.2))
        bloom = np.asarray(small.resize((n, n), Image.Resampling.BICUBIC), dtype=np.float32)
        picture += bloom * (0.5 if cond.time == "night" else 0.12)
    if chance(rng, 0.1):  # haze
        t = uniform(rng, 0.1, 0.4)
        picture = picture * (1 - t) + t * np.array(cond.sky_bottom, dtype=np.float32)
    return picture


def rain(rng: Rng, picture: np.ndarray) -> np.ndarray:
    n = picture.shape[0]
    layer = Image.new("L", (n, n), 0)
    draw = ImageDraw.Draw(layer)
    slant, length = uniform(rng, -0.25, 0.25), uniform(rng, 0.04, 0.13)
    for _ in range(int(rng.integers(25, 110))):
        x, y, s = rng.random(3)
        dy = length * (0.5 + s)
        draw.line([x * n, y * n, (x + slant * dy) * n, (y + dy) * n], fill=int(60 + 90 * s), width=max(1, round(n * 0.004)))
    mask = np.asarray(layer, dtype=np.float32)[..., None] / 255
    grey = picture.mean() + 70
    return picture * (0.93 - 0.6 * mask) + grey * mask * 0.6


def render(
    label: str, seed: int, stream: int, index: int, size: int = 64, supersample: int = 4, spoil: bool = True
) -> Image.Image:
    """One picture. `spoil` adds blur, noise and JPEG artefacts."""
    # Two generators: what is in the scene must not depend on how many random
    # numbers the pixel noise takes at the size asked for.
    rng = np.random.default_rng([seed, stream, index])
    noise_rng = np.random.default_rng([seed, stream, index, 1])
    cond = draw_conditions(rng)
    canvas = Canvas(size * supersample, cond.sky_top, cond.sky_bottom)
    world = Pen(canvas).at(translate(0.5, 0.5), rotate(rng.normal(0, 0.025)), scale(1.04, 1.04), translate(-0.5, -0.5))
    cam = background(rng, world, cond, uniform(rng, 0.45, 0.75) if label in SIGNS else None)
    centre, extent = (0.5, 0.6), 0.5
    if label in SIGNS or label == "traffic-light":
        centre, extent = place_sign(rng, world, label, cond)
    elif label in VEHICLES:
        centre, extent = place_vehicle(rng, world, label, cond, cam)
    elif label != "empty-street":
        centre, extent = place_upright(rng, world, label, cam)
    if chance(rng, 0.22):
        occlude(rng, world, centre, extent)
    picture: np.ndarray = compose(rng, canvas, cond, centre, extent)
    if chance(rng, 0.15):
        picture = rain(rng, picture)
    blur, motion = rng.random(), rng.random()
    radius, smear, angle = uniform(rng, 0.1, 0.9), uniform(rng, 0.5, 2.2), uniform(rng, 0, math.pi)
    sigma, quality, filter_ = uniform(rng, 1, 11), int(rng.integers(45, 96)), int(rng.integers(3))
    use_noise, use_jpeg, sharpen = rng.random() < 0.7, rng.random() < 0.6, rng.random() < 0.1
    if spoil and motion < 0.1:
        # Lengths are in 64ths of the picture, so they mean the same at any size.
        unit = canvas.pixels / 64
        steps = [(round(math.cos(angle) * smear * unit * k / 4), round(math.sin(angle) * smear * unit * k / 4)) for k in range(-2, 3)]
        picture = np.mean([shift(picture, dx, dy) for dx, dy in steps], axis=0)
    big = Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))
    # More than one filter, for the runtime may shrink with another than ours.
    resample = (Image.Resampling.BOX, Image.Resampling.LANCZOS, Image.Resampling.BICUBIC)[filter_]
    small = big.resize((size, size), resample)
    if not spoil:
        return small
    if blur < 0.3:
        small = small.filter(ImageFilter.GaussianBlur(radius * size / 64))
    elif sharpen:
        small = small.filter(ImageFilter.UnsharpMask(radius=size / 64, percent=90, threshold=0))
    if use_noise:
        pixels = np.asarray(small, dtype=np.float32)
        # Shot noise grows with the light; dark scenes are amplified, so noisier.
        level = sigma * (0.5 + np.sqrt(pixels / 255) * 0.7) * (1.3 if cond.time == "night" else 1.0)
        noisy = pixels + noise_rng.normal(0, 1, pixels.shape).astype(np.float32) * level
        small = Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))
    if use_jpeg:
        buffer = io.BytesIO()
        small.save(buffer, "JPEG", quality=quality)
        small = Image.open(io.BytesIO(buffer.getvalue())).convert("RGB")
    return small
