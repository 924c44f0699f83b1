"""Which AWS clients a handler creates while it is imported."""

import boto3.session


def prepare():
    created = []
    create = boto3.session.Session.client

    def noting(session, service, *rest, **named):
        created.append(service)
        return create(session, service, *rest, **named)

    def work() -> list[str]:
        boto3.session.Session.client = noting
        import app  # noqa: F401

        return list(dict.fromkeys(created))

    return work
