"""Campaigns, their completed attempts, and moving these to the archive."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from sandbox.tenant.archive_book import ArchiveBook
from sandbox.tenant.archive_forms import read_archive
from sandbox.tenant.campaign_status import CampaignStatus
from sandbox.tenant.gate import admit
from sandbox.tenant.reading import fields_of, invalid, json_body, single_values, whole_number
from sandbox.tenant.state import state_of
from sandbox.wire.refusal import Refusal
from sandbox.world import CAMPAIGN_STATUSES

router = APIRouter()

_CAMPAIGN = "/api/v2/campaigns/{campaign_id}"
_DEFAULT_LIMIT = 100
_HIGHEST_LIMIT = 1000
_HIGHEST_OFFSET = 10**9 - 1
# Assumptions: the document asks for three scopes and does not say which call needs which; reading
# and pausing a campaign counts against the campaigns' quota, attempts and archive have their own.
_STEER = ("campaigns:write",)
_READ = ("analytics:read",)
_ARCHIVE = ("campaigns:write", "contacts:write")


@router.get(_CAMPAIGN)
async def show(request: Request, campaign_id: str) -> dict[str, Any]:
    """Answer with a campaign. The document speaks of its status and of nothing else."""
    admit(request, *_STEER, quota="campaigns")
    return _shown(status_of(request, campaign_id))


@router.patch(_CAMPAIGN)
async def steer(request: Request, campaign_id: str) -> JSONResponse:
    """Pause or resume a campaign; 202 while it is still to become what was asked for."""
    admit(request, *_STEER, quota="campaigns")
    campaign = status_of(request, campaign_id)
    wanted = fields_of(await json_body(request), "body", ("status",)).get("status")
    if wanted not in CAMPAIGN_STATUSES:
        raise invalid("status", f"is one of {', '.join(CAMPAIGN_STATUSES)}")
    campaign.ask(wanted)
    # Assumption: a campaign that has calls under way is PAUSING until they have ended.
    return JSONResponse(_shown(campaign), 200 if campaign.now() == wanted else 202)


@router.get(f"{_CAMPAIGN}/attempts")
async def list_attempts(request: Request, campaign_id: str) -> JSONResponse:
    """Answer with a bare list, as the document has it; newly completed attempts come first."""
    admit(request, *_READ, quota="archive")
    book = book_of(request, campaign_id)
    given = single_values(request, ("status", "limit", "offset"))
    # Assumption: the other statuses are none of the archive's business.
    if given.get("status") != "completed":
        raise invalid("status", "is completed")
    limit = whole_number(given, "limit", _DEFAULT_LIMIT, 1, _HIGHEST_LIMIT)
    offset = whole_number(given, "offset", 0, 0, _HIGHEST_OFFSET)
    return JSONResponse(book.page(offset, limit))


@router.post(f"{_CAMPAIGN}/contacts/archive")
async def archive(request: Request, campaign_id: str) -> JSONResponse:
    """Archive attempts of a campaign that is paused."""
    admit(request, *_ARCHIVE, quota="archive")
    book = book_of(request, campaign_id)
    body = read_archive(await json_body(request), campaign_id, state_of(request).world.archivable_codes)
    if (status := status_of(request, campaign_id).now()) != "PAUSED":
        raise Refusal(409, "conflict", f"The campaign is {status}.", field="status")
    answer = book.archive(body)
    return JSONResponse(answer, 200 if answer["status"] == "COMPLETED" else 202)


def status_of(request: Request, campaign_id: str) -> CampaignStatus:
    """Return the status of a campaign, or refuse one that is not there."""
    status = state_of(request).statuses.get(campaign_id)
    if status is None:
        raise _no_campaign()
    return status


def book_of(request: Request, campaign_id: str) -> ArchiveBook:
    """Return what is left and archived of a campaign, or refuse one that is not there."""
    book = state_of(request).archives.get(campaign_id)
    if book is None:
        raise _no_campaign()
    return book


def _shown(status: CampaignStatus) -> dict[str, Any]:
    return {"id": status.campaign.id, "name": status.campaign.name, "status": status.now()}


def _no_campaign() -> Refusal:
    return Refusal(404, "not_found", "There is no such campaign.", field="campaignId")
