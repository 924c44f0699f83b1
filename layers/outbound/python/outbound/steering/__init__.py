"""When does a campaign give way to its backup, and which state is it to be in? Pure rules; no AWS."""
