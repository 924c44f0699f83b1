from outbound.archive.cold_storage import RETENTION_CLASSES
from template.transformed import Template, target

# Tables whose items are all made anew when they are lost.
MADE_ANEW = {"TokenTable"}


def test_every_table_that_cannot_be_made_anew_is_kept_and_can_be_restored(template: Template) -> None:
    tables = template.of_type("AWS::DynamoDB::Table")
    for name in tables.keys() - MADE_ANEW:
        resource = template.resources[name]
        assert resource["DeletionPolicy"] == "RetainExceptOnCreate", name
        assert resource["UpdateReplacePolicy"] == "Retain", name
        assert tables[name]["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True, name
        assert "DeletionProtectionEnabled" in tables[name], name


def test_every_table_is_encrypted_and_forgets_by_ttl(template: Template) -> None:
    for name, table in template.of_type("AWS::DynamoDB::Table").items():
        assert table["SSESpecification"] == {"SSEEnabled": True}, name
        assert table["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}, name
        assert table["BillingMode"] == "PAY_PER_REQUEST", name


def test_every_bucket_is_closed_encrypted_and_kept(template: Template) -> None:
    for name, bucket in template.of_type("AWS::S3::Bucket").items():
        assert all(bucket["PublicAccessBlockConfiguration"].values()), name
        assert len(bucket["PublicAccessBlockConfiguration"]) == 4, name
        assert bucket["BucketEncryption"], name
        assert template.resources[name]["DeletionPolicy"] == "RetainExceptOnCreate", name


def test_every_bucket_refuses_plain_http_on_aws(template: Template) -> None:
    refusing = set()
    for policy in template.of_type("AWS::S3::BucketPolicy").values():
        if "aws:SecureTransport" in str(policy["PolicyDocument"]):
            refusing.add(target(policy["Bucket"]))
    assert template.of_type("AWS::S3::Bucket").keys() == refusing


def test_the_audit_bucket_is_locked_versioned_and_denies_deletion(template: Template) -> None:
    bucket = template.of_type("AWS::S3::Bucket")["AuditBucket"]
    assert bucket["ObjectLockEnabled"] is True
    retention = bucket["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    assert retention == {"Mode": {"Ref": "AuditRetentionMode"}, "Days": {"Ref": "AuditRetentionDays"}}
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    policy = template.of_type("AWS::S3::BucketPolicy")["AuditBucketPolicy"]
    denial = policy["PolicyDocument"]["Statement"][0]
    assert denial["Effect"] == "Deny"
    assert {"s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"} <= set(
        denial["Action"]
    )


def test_the_audit_policy_needs_no_resource_of_the_emulator(template: Template) -> None:
    assert "Condition" not in template.resources["AuditBucketPolicy"]


def test_archived_attempts_expire_by_their_tag_in_every_class_that_the_code_knows(template: Template) -> None:
    bucket = template.of_type("AWS::S3::Bucket")["ArchiveBucket"]
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    rules = [rule for rule in bucket["LifecycleConfiguration"]["Rules"] if "TagFilters" in rule]
    kept = {rule["TagFilters"][0]["Value"]: rule["ExpirationInDays"] for rule in rules}
    assert kept == {str(days): days for days in RETENTION_CLASSES}
    for rule in rules:
        assert rule["TagFilters"][0]["Key"] == "retention-days"
        assert rule["NoncurrentVersionExpiration"]["NoncurrentDays"] >= 1
    # Nothing else may take an object away.
    others = [rule for rule in bucket["LifecycleConfiguration"]["Rules"] if "TagFilters" not in rule]
    assert all("ExpirationInDays" not in rule for rule in others)
