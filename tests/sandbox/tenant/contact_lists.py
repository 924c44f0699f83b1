"""Contact lists: their contacts page by page, and the control calls that change them."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from sandbox.tenant.gate import admit
from sandbox.tenant.list_book import FIELDS, ListBook
from sandbox.tenant.reading import invalid, single_values, whole_number
from sandbox.tenant.state import state_of
from sandbox.wire.asgi import CONTROL
from sandbox.wire.control import refusing_nonsense
from sandbox.wire.refusal import Refusal

router = APIRouter()

_CONTROLLED = f"{CONTROL}/contactlists/{{list_id}}/contacts"
_PARAMETERS = ("query", "pageSize", "page", "sortBy", "sortOrder")
_DEFAULT_SIZE = 100
# Assumption: the document asks for 100 a page, and does not say how many there can be.
_HIGHEST_SIZE = 1000
_HIGHEST_PAGE = 10**9 - 1
_SORTS = ("contactId", "lastModifiedTime")


@router.get("/api/v2/omnichannel/contactlists/{list_id}/contacts")
async def contacts(request: Request, list_id: str) -> JSONResponse:
    """Answer with a page of the contacts that fit the query; a page behind the last has none."""
    admit(request, "omnichannel:contactlists:read", quota="campaigns")
    book = _book(request, list_id)
    given = single_values(request, _PARAMETERS)
    size = whole_number(given, "pageSize", _DEFAULT_SIZE, 1, _HIGHEST_SIZE)
    page = whole_number(given, "page", 1, 1, _HIGHEST_PAGE)
    # Assumption: by id unless it is said otherwise; the document sorts by lastModifiedTime.
    if (sort_by := given.get("sortBy", "contactId")) not in _SORTS:
        raise invalid("sortBy", f"is one of {', '.join(_SORTS)}")
    if (order := given.get("sortOrder", "asc")) not in ("asc", "desc"):
        raise invalid("sortOrder", "is asc or desc")
    query = given.get("query", "")
    if order == "asc":
        found, total = book.page(query, sort_by, (page - 1) * size, size)
    else:
        _, total = book.page(query, sort_by, 0, 0)
        last = max(0, total - (page - 1) * size)
        found, _ = book.page(query, sort_by, max(0, last - size), min(size, last))
        found.reverse()
    return JSONResponse({"contacts": found, "page": page, "pageSize": size, "total": total})


@router.get(f"{_CONTROLLED}/{{contact_id}}")
async def show(request: Request, list_id: str, contact_id: str) -> dict[str, Any]:
    """Show a contact of a list."""
    book, number = _known(request, list_id, contact_id)
    return book.record(number)


@router.put(f"{_CONTROLLED}/{{contact_id}}", status_code=204)
async def change(request: Request, list_id: str, contact_id: str) -> Response:
    """Replace fields of a contact."""
    book, number = _known(request, list_id, contact_id)
    with refusing_nonsense():
        fields = dict(await request.json())
        if unknown := set(fields) - FIELDS:
            raise ValueError(f"no such field {sorted(unknown)}")
    book.change(number, fields)
    return Response(status_code=204)


@router.delete(f"{_CONTROLLED}/{{contact_id}}", status_code=204)
async def remove(request: Request, list_id: str, contact_id: str) -> Response:
    """Take a contact off a list."""
    book, number = _known(request, list_id, contact_id)
    book.remove(number)
    return Response(status_code=204)


@router.post(_CONTROLLED)
async def add(request: Request, list_id: str) -> dict[str, Any]:
    """Put the next so many contacts of the campaign on a list."""
    book = _book(request, list_id)
    with refusing_nonsense():
        count = int((await request.json())["count"])
    return {"added": book.add(count)}


def _book(request: Request, list_id: str) -> ListBook:
    book = state_of(request).lists.get(list_id)
    if book is None:
        raise Refusal(404, "not_found", "There is no such contact list.", field="contactListId")
    return book


def _known(request: Request, list_id: str, contact_id: str) -> tuple[ListBook, int]:
    book = _book(request, list_id)
    number = book.number_of(contact_id)
    if number is None:
        raise Refusal(404, "not_found", "There is no such contact on the list.", field="contactId")
    return book, number
