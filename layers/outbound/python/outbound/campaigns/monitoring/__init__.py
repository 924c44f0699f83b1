"""Follows campaigns by their metrics and outcomes, and lets one that fails give way to its backup."""
