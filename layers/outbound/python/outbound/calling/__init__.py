"""What the rules of calling need to know of a campaign, a contact and a moment, as this stack keeps it.

`compliance` decides and knows no stack; here stand what it decides about: a campaign's profile, what the
ledger of consent says, the attempts that were made, and the settings of the rules.
"""
