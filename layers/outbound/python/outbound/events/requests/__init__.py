"""What each request and each of CXone's reports must hold: a model a type, a module a capability.

Fields are written as here or in camelCase. A request with an unknown field is invalid, for a misspelt field
would be an instruction that is not followed; what CXone reports about itself may have more than is known.

What forbids calling is read more leniently: webhooks, files and the ledger of consent take it from whatever
can be read, before anything is checked here; `pause_in` takes a pause from a request that is wrong otherwise.
"""
