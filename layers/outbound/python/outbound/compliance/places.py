"""States, and which state and zones a ZIP code lies in, by its first three digits.

Where three digits do not say which of a state's zones it is, all of them are plausible. Mark: from the Postal
Service's list of prefixes by memory, so that a doubt adds a zone and never takes one away.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from outbound.compliance.hours import zone

EASTERN, CENTRAL, MOUNTAIN, PACIFIC = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
)
ARIZONA, ALASKA, ALEUTIANS, HAWAII = (
    "America/Phoenix",
    "America/Anchorage",
    "America/Adak",
    "Pacific/Honolulu",
)

CONTIGUOUS_ZONES = (EASTERN, CENTRAL, MOUNTAIN, ARIZONA, PACIFIC)
"""The zones of the 48 states."""

ALL_ZONES = (*CONTIGUOUS_ZONES, ALASKA, ALEUTIANS, HAWAII)
"""The zones of the 50 states."""

_EASTERN = "CT DC DE GA MA MD ME NC NH NJ NY OH PA RI SC VA VT WV"
_CENTRAL = "AL AR IA IL LA MN MO MS OK WI"

ZONES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(_EASTERN.split(), (EASTERN,)),
    **dict.fromkeys(_CENTRAL.split(), (CENTRAL,)),
    **dict.fromkeys(("CO", "MT", "NM", "UT", "WY"), (MOUNTAIN,)),
    **dict.fromkeys(("CA", "WA"), (PACIFIC,)),
    **dict.fromkeys(("FL", "IN", "KY", "MI", "TN"), (EASTERN, CENTRAL)),
    **dict.fromkeys(("KS", "NE", "ND", "SD", "TX"), (CENTRAL, MOUNTAIN)),
    **dict.fromkeys(("ID", "NV", "OR"), (MOUNTAIN, PACIFIC)),
    "AZ": (ARIZONA, MOUNTAIN),
    "AK": (ALASKA, ALEUTIANS),
    "HI": (HAWAII,),
    "PR": ("America/Puerto_Rico",),
    "VI": ("America/St_Thomas",),
    "GU": ("Pacific/Guam",),
    "MP": ("Pacific/Saipan",),
    "AS": ("Pacific/Pago_Pago",),
}
"""The zones of every state, of DC and of the territories."""

# First three digits, from and to, both included. What is not listed belongs to no state (the armed forces).
_STATES = """
006-007 PR 008-008 VI 009-009 PR 010-027 MA 028-029 RI 030-038 NH 039-049 ME 050-054 VT 055-055 MA
056-059 VT 060-069 CT 070-089 NJ 005-005 NY 100-149 NY 150-196 PA 197-199 DE 200-200 DC 201-201 VA
202-205 DC 206-219 MD 220-246 VA 247-268 WV 270-289 NC 290-299 SC 300-319 GA 320-339 FL 341-349 FL
350-369 AL 370-385 TN 386-397 MS 398-399 GA 400-427 KY 430-459 OH 460-479 IN 480-499 MI 500-528 IA
530-549 WI 550-567 MN 570-577 SD 580-588 ND 590-599 MT 600-629 IL 630-658 MO 660-679 KS 680-693 NE
700-714 LA 716-729 AR 730-732 OK 733-733 TX 734-749 OK 750-799 TX 800-816 CO 820-831 WY 832-838 ID
840-847 UT 850-865 AZ 870-884 NM 885-885 TX 889-898 NV 900-961 CA 967-968 HI 969-969 GU 970-979 OR
980-994 WA 995-999 AK
"""
# Prefixes of states with several zones that lie in one of them alone.
_ONE_ZONE = {
    EASTERN: (
        *("320-323", "326-339", "341-349", "374-374", "376-376", "379-379", "400-400", "402-418"),
        *("460-462", "466-474", "478-478", "480-497"),
    ),
    CENTRAL: (
        *("325-325", "370-372", "375-375", "380-384", "420-424", "463-464", "477-477", "570-574", "580-584"),
        *("660-676", "680-689", "733-733", "750-796"),
    ),
    MOUNTAIN: ("577-577", "799-799", "832-834", "836-837", "885-885"),
    PACIFIC: ("838-838", "889-897", "970-978"),
    ARIZONA: ("850-859", "861-864"),
    ALASKA: ("997-999",),
}
# Prefixes that more than one state or territory shares.
_SHARED = {"063": ("CT", "NY"), "834": ("ID", "WY"), "967": ("HI", "AS"), "969": ("GU", "MP")}
_ZIP = re.compile(r"([0-9]{3})[0-9]{2}(?:-?[0-9]{4})?")


@dataclass(frozen=True, slots=True)
class Area:
    """The states that a ZIP code may lie in, and the zones."""

    states: tuple[str, ...]
    zones: tuple[str, ...]


def _each(ranges: str) -> list[str]:
    first, last = ranges.split("-")
    return [f"{number:03}" for number in range(int(first), int(last) + 1)]


_STATE_OF = {
    prefix: state
    for ranges, state in zip(_STATES.split()[::2], _STATES.split()[1::2], strict=True)
    for prefix in _each(ranges)
}
_ZONE_OF = {prefix: zone for zone, lists in _ONE_ZONE.items() for ranges in lists for prefix in _each(ranges)}


# A list may hold anything for a state.
@lru_cache(maxsize=4096)
def is_zone_of(name: str, state: str) -> bool:
    """Return True if a zone has the clock of one of a state's zones, in winter and in summer."""
    return _clock_of(name) in {_clock_of(each) for each in ZONES.get(state, ())}


def _clock_of(name: str) -> tuple[timedelta | None, ...]:
    return tuple(datetime(2026, month, 15, tzinfo=UTC).astimezone(zone(name)).utcoffset() for month in (1, 7))


def prefix_of_zip(zip_code: str) -> str:
    """Return the three digits by which a ZIP code, with or without its four further digits, lies somewhere.

    Empty where it is none, or lies nowhere that is known.
    """
    found = _ZIP.fullmatch(zip_code.strip())
    return found[1] if found and found[1] in _STATE_OF else ""


def area_of_zip(zip_code: str) -> Area | None:
    """Return where a ZIP code lies, with or without its four further digits; None where that is unknown."""
    prefix = prefix_of_zip(zip_code)
    if not prefix:
        return None
    states = _SHARED.get(prefix, (_STATE_OF[prefix],))
    if prefix in _ZONE_OF:
        return Area(states, (_ZONE_OF[prefix],))
    return Area(states, tuple(dict.fromkeys(zone for state in states for zone in ZONES[state])))
