"""Whether senders of every kind are believed exactly when they should be."""
