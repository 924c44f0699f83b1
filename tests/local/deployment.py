"""Deploys the real template with the real `sam deploy`, to an emulator."""

import subprocess
from collections.abc import Mapping

from local.build import TARGET, built_template
from local.emulator import Emulator
from local.places import ROOT, SAM, clean_environment

STACK_NAME = "outbound"
ARTIFACTS = "outbound-artifacts"
"""The bucket of samconfig's `local` environment."""


class DeploymentFailed(RuntimeError):
    """`sam deploy` failed; the message is what it said."""


def deploy(emulator: Emulator, parameters: Mapping[str, str]) -> dict[str, str]:
    """Deploy the stack and give its outputs."""
    template = built_template()
    emulator.client("s3").create_bucket(Bucket=ARTIFACTS)
    chosen = {"Stage": "local", **TARGET, "AwsEndpointUrl": emulator.endpoint, **parameters}
    command = [SAM, "deploy", "--config-env", "local", "--config-file", ROOT / "samconfig.toml"]
    command += ["--template-file", template, "--parameter-overrides"]
    command += [override(name, value) for name, value in chosen.items()]
    done = subprocess.run(
        command, cwd=ROOT, env=_environment(emulator), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise DeploymentFailed(done.stdout[-6000:] + done.stderr[-6000:])
    outputs = _outputs(emulator)
    _lock_objects(emulator, outputs, chosen)
    return outputs


def override(name: str, value: str) -> str:
    """Return a parameter as sam reads it: without quotes a value would end at its first blank."""
    quoted = value.replace('"', '\\"')
    return f'{name}="{quoted}"'


def _environment(emulator: Emulator) -> dict[str, str]:
    # sam asks every five seconds how far the deployment is, unless told otherwise.
    return clean_environment(
        AWS_ENDPOINT_URL=emulator.endpoint, SAM_CLI_TELEMETRY="0", SAM_CLI_POLL_DELAY="0.2"
    )


def _outputs(emulator: Emulator) -> dict[str, str]:
    stack = emulator.client("cloudformation").describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def _lock_objects(emulator: Emulator, outputs: Mapping[str, str], parameters: Mapping[str, str]) -> None:
    """Apply the Object Lock of the template, which the emulator's CloudFormation leaves out."""
    retention = {
        "Mode": parameters.get("AuditRetentionMode", "GOVERNANCE"),
        "Days": int(parameters.get("AuditRetentionDays", "1")),
    }
    emulator.client("s3").put_object_lock_configuration(
        Bucket=outputs["AuditBucket"],
        ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": retention}},
    )
