"""Every call that was made, held against the rules as they were at its start."""
