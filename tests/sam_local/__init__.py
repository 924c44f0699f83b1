"""Every function in the container that AWS runs it in, by the real `sam local invoke`."""
