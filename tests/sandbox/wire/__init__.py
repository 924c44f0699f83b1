"""What the tenant and the receivers share: serving, faults on request, the record of traffic."""
