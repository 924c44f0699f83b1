"""The tenant's application: every group of calls in one list."""

from fastapi import FastAPI

from sandbox.tenant import (
    archive,
    archive_control,
    calls,
    campaign_metrics,
    campaigns,
    contact_lists,
    contacts,
    control,
    dialer,
    dialer_control,
    dialer_reports,
    oauth,
    webhooks,
)
from sandbox.tenant.state import TenantState
from sandbox.wire.application import application
from sandbox.world import World

#: A further group of calls is a module here.
GROUPS = (
    oauth,
    calls,
    contacts,
    contact_lists,
    campaign_metrics,
    campaigns,
    archive,
    archive_control,
    dialer,
    dialer_reports,
    dialer_control,
    webhooks,
    control,
)


def tenant_app(world: World) -> FastAPI:
    """Return a tenant in which `world` is the case."""
    state = TenantState(world)
    app = application(
        [group.router for group in GROUPS],
        stats=lambda: control.stats_of(state),
        reset=state.reset,
    )
    app.state.tenant = state
    return app
