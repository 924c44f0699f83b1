"""Where things lie: the project, its environments, and the state of what runs locally."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCAL = ROOT / ".local"
SAM = LOCAL / "sam" / "bin" / "sam"
EMULATOR_PYTHON = LOCAL / "ministack" / "bin" / "python"
LAMBDA_PYTHON = LOCAL / "lambda" / "bin" / "python"

REGION = "us-east-1"

# The emulator takes these for the account's root, so their holder may do everything.
ROOT_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


def clean_environment(**extra: str) -> dict[str, str]:
    """Return the little of this environment that a child needs, so that no AWS profile leaks in."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL") if name in os.environ}
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    region = {"AWS_DEFAULT_REGION": REGION, "AWS_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true"}
    return {**kept, **nowhere, **region, **ROOT_CREDENTIALS, **extra}
