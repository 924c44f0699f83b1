import pytest

from template.transformed import Template


@pytest.fixture(scope="session")
def template() -> Template:
    with pytest.MonkeyPatch.context() as patch:
        # SAM's transform asks boto3 where it is.
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        template = Template()
        assert template.resources
        return template
