"""Campaigns: which of the tenant's campaigns this stack works for."""
