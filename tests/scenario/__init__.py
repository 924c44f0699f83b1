"""The bridge played whole: the template deployed, a tenant and a CRM beside it, an operator at work."""
