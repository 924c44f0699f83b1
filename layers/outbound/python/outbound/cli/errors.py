"""What a command says when it fails, and the exit code that goes with it."""

from __future__ import annotations

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
)

from outbound.archive.cold_storage import CopyDiffers
from outbound.campaigns.registration import RegistrationConflict
from outbound.cli.stack import StackNotFound
from outbound.events import PublishFailed
from outbound.settings import ConfigurationError

NOT_NOW, REFUSED = 1, 2


class NotNow(Exception):
    """What was asked for cannot be done now, or is not done yet; its text says what to type."""


_NOT_CONFIGURED: dict[type[Exception], str] = {
    NoRegionError: "no AWS region is configured: set AWS_DEFAULT_REGION, or use: aws configure",
    NoCredentialsError: "no AWS credentials are configured: use: aws configure, or aws sso login",
    PartialCredentialsError: "the AWS credentials are incomplete: use: aws configure",
    ProfileNotFound: "the profile that AWS_PROFILE names is not configured: use: aws configure list-profiles",
}


def explained(failure: Exception) -> tuple[str, int]:
    """Return the sentence for a person and the exit code; raise an unplanned error again."""
    match failure:
        case StackNotFound() | ValueError():
            return str(failure), REFUSED
        case ClientError():
            return f"AWS refused: {failure}", NOT_NOW
        case NoRegionError() | NoCredentialsError() | PartialCredentialsError() | ProfileNotFound():
            return _NOT_CONFIGURED[type(failure)], NOT_NOW
        case BotoCoreError():
            return f"AWS cannot be reached: {failure}", NOT_NOW
        case ConfigurationError() | CopyDiffers() | NotNow() | PublishFailed() | RegistrationConflict():
            return str(failure), NOT_NOW
        case OSError():
            return f"{failure.filename or 'the output'}: {failure.strerror or failure}", NOT_NOW
        case _:
            raise failure
