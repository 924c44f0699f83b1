"""What the emulator does not enforce, asserted on what the template becomes on AWS."""
