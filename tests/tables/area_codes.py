"""The table of area codes: states and zones from phonenumbers' prefixes, with corrections.

phonenumbers knows a zone for many prefixes of four and more digits. All zones of an area code's prefixes are
plausible for it; where the data is coarse or wrong, a correction below says what is right, and why.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import outbound.compliance

TABLE = Path(outbound.compliance.__file__).with_name("area_codes.json")

EASTERN, CENTRAL, MOUNTAIN, PACIFIC = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
)
ALASKA, ALEUTIANS = "America/Anchorage", "America/Adak"

# Zones whose clocks have agreed for years are one: fewer pairs to look at, and no other answer.
_SAME = {
    "America/North_Dakota/Center": CENTRAL,
    "America/Boise": MOUNTAIN,
    "America/Juneau": ALASKA,
    "America/Detroit": EASTERN,
}
# Whole answers, by area code; overlays of one area have the same.
CORRECTIONS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("850", "448"), (EASTERN, CENTRAL)),  # Florida's panhandle
    **dict.fromkeys(("407", "689"), (EASTERN,)),  # Orlando; the data has 689 in Chicago
    **dict.fromkeys(("812", "930"), (EASTERN, CENTRAL)),  # Evansville
    **dict.fromkeys(("574", "219"), (EASTERN, CENTRAL)),  # Starke County; Gary, and Pulaski County
    **dict.fromkeys(("270", "364"), (EASTERN, CENTRAL)),  # Kentucky's border runs through
    **dict.fromkeys(("423", "931", "606"), (EASTERN, CENTRAL)),  # Tennessee, Kentucky: some counties
    "906": (EASTERN, CENTRAL),  # four counties of Michigan's upper peninsula
    "432": (CENTRAL, MOUNTAIN),  # Texas, its west end
    "915": (MOUNTAIN, CENTRAL),  # El Paso; Hudspeth's neighbours
    **dict.fromkeys(("701", "605", "308", "785", "620"), (CENTRAL, MOUNTAIN)),
    **dict.fromkeys(("208", "986"), (MOUNTAIN, PACIFIC)),  # Idaho: the north is Pacific
    **dict.fromkeys(("541", "458"), (PACIFIC, MOUNTAIN)),  # Oregon: Malheur County
    "775": (PACIFIC, MOUNTAIN),  # Nevada: West Wendover, Jackpot
    "928": ("America/Phoenix", MOUNTAIN),  # the Navajo Nation has daylight saving, Arizona has none
    "907": (ALASKA, ALEUTIANS),
    **dict.fromkeys(("306", "639", "474"), ("America/Regina", "America/Edmonton")),
    **dict.fromkeys(("709", "879"), ("America/St_Johns", "America/Halifax")),
    **dict.fromkeys(("236", "250", "257", "604", "672", "778"), ("America/Vancouver", "America/Edmonton")),
}
_NAMES = {
    "Alabama": "AL",
    "Alaska": "AK",
    "Arizona": "AZ",
    "Arkansas": "AR",
    "California": "CA",
    "Colorado": "CO",
    "Connecticut": "CT",
    "Delaware": "DE",
    "Washington D.C.": "DC",
    "Florida": "FL",
    "Georgia": "GA",
    "Hawaii": "HI",
    "Idaho": "ID",
    "Illinois": "IL",
    "Indiana": "IN",
    "Iowa": "IA",
    "Kansas": "KS",
    "Kentucky": "KY",
    "Louisiana": "LA",
    "Maine": "ME",
    "Maryland": "MD",
    "Massachusetts": "MA",
    "Michigan": "MI",
    "Minnesota": "MN",
    "Mississippi": "MS",
    "Missouri": "MO",
    "Montana": "MT",
    "Nebraska": "NE",
    "Nevada": "NV",
    "New Hampshire": "NH",
    "New Jersey": "NJ",
    "New Mexico": "NM",
    "New York": "NY",
    "North Carolina": "NC",
    "North Dakota": "ND",
    "Ohio": "OH",
    "Oklahoma": "OK",
    "Oregon": "OR",
    "Pennsylvania": "PA",
    "Rhode Island": "RI",
    "South Carolina": "SC",
    "South Dakota": "SD",
    "Tennessee": "TN",
    "Texas": "TX",
    "Utah": "UT",
    "Vermont": "VT",
    "Virginia": "VA",
    "Washington State": "WA",
    "West Virginia": "WV",
    "Wisconsin": "WI",
    "Wyoming": "WY",
}
_TERRITORIES = {"787": "PR", "939": "PR", "340": "VI", "671": "GU", "670": "MP", "684": "AS"}
# Numbers of these belong to no place: toll-free, personal, for modems, by carriers, for services.
PLACELESS = (
    *("800", "833", "844", "855", "866", "877", "888"),
    *("500", "521", "522", "523", "524", "525", "526", "527", "528", "529", "532", "533", "535", "538"),
    *("542", "543", "544", "545", "546", "547", "549", "550", "552", "553", "554", "556", "566", "558"),
    *("569", "577", "578", "588", "589", "600", "622", "700", "710", "900"),
)


def made() -> str:
    """Return the table as JSON: by area code its country, states and zones."""
    import phonenumbers
    from phonenumbers.geodata import GEOCODE_DATA
    from phonenumbers.tzdata import TIMEZONE_DATA

    zones: dict[str, set[str]] = defaultdict(set)
    for prefix, known in TIMEZONE_DATA.items():
        if prefix.startswith("1") and len(prefix) >= 4:
            zones[prefix[1:4]] |= {_SAME.get(zone, zone) for zone in known}
    names: dict[str, set[str]] = defaultdict(set)
    for prefix, descriptions in GEOCODE_DATA.items():
        # Some prefixes near a border carry the name of the city across; the area code's own name is right.
        if prefix.startswith("1") and (
            len(prefix) == 4 or (len(prefix) > 4 and prefix[:4] not in GEOCODE_DATA)
        ):
            names[prefix[1:4]].add(descriptions.get("en", "").rsplit(", ", 1)[-1])
    table = {}
    for code in sorted(set(zones) - set(PLACELESS)):
        number = phonenumbers.PhoneNumber(country_code=1, national_number=int(f"{code}2340100"))
        country = phonenumbers.region_code_for_number(number) or "ZZ"
        states = {_TERRITORIES[code]} if code in _TERRITORIES else _states(names[code])
        in_us = country == "US" or code in _TERRITORIES
        table[code] = {
            "country": "US" if in_us else country,
            "states": sorted(states) if in_us else [],
            "zones": sorted(CORRECTIONS.get(code, tuple(zones[code]))),
        }
    lines = (f'"{code}": {json.dumps(row)}' for code, row in table.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _states(names: set[str]) -> set[str]:
    """Return the states that an area code's descriptions name."""
    found = {_NAMES.get(name, name) for name in names}
    return {name for name in found if name in _NAMES.values()}
