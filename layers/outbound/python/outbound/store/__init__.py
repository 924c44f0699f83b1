"""Access to DynamoDB and S3: one module per kind of item. Every write here is conditional or idempotent."""
