"""What the sweeper does for the audit of calls: it asks for hours that are to be judged again."""

from __future__ import annotations

from collections.abc import Sequence

from outbound.call_audit.marks import DUE_AUDITS, AuditMarks
from outbound.runtime import Runtime
from outbound.sweeper import Duty

_AGAIN_SECONDS = 120


def duties(runtime: Runtime) -> Sequence[Duty]:
    """Return the duties of this capability."""
    marks = AuditMarks(runtime.state, runtime.bus, runtime.tenant, runtime.clock)
    return (Duty(DUE_AUDITS, _AGAIN_SECONDS, marks.request),)
