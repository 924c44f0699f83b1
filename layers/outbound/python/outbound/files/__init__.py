"""Files of rows that come into the inbox: what every capability that takes such files needs to read them."""
