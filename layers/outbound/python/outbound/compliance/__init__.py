"""May this person be called now, and if not, why, and when next? Rules as data; no AWS. Not legal advice."""
