"""A simulated hour of 200 agents, and a search with fifty replications."""

import time

_ROUNDS = 5
_TEAM = {
    "agents": 200,
    "talk_seconds": {"mean": 180, "distribution": "lognormal"},
    "wrap_seconds": 60,
    "answer_rate": 0.25,
    "machine_rate": 0.3,
    "trunks": 600,
    "pacing": {"policy": "fixed_ratio", "ratio": 1.2, "target": 0.03},
}


def prepare():
    from outbound.dialer.model.capacity import simulate_capacity
    from outbound.dialer.model.document import ModelDocument
    from outbound.dialer.model.search import search

    hour = ModelDocument.model_validate({**_TEAM, "replications": 1})
    often = ModelDocument.model_validate({**_TEAM, "replications": 50})

    def work():
        hours = [simulate_capacity(hour) for _ in range(_ROUNDS)]
        began = time.process_time()
        found = search(often)
        return {
            "hour_seconds": min(one.seconds for one in hours),
            "hour_events": hours[0].events,
            "search_seconds": time.process_time() - began,
            "replications": sum(point.replications for one in found for point in one.points),
            "ratios": {str(one.agents): one.found and one.found.ratio for one in found},
        }

    return work
