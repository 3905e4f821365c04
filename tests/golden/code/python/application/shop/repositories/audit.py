from shop.aws import client


class AuditRepository:
    def __init__(self, settings):
        self.bucket = settings.audit_bucket
        self.settings = settings

    def write(self, text):
        client("s3").put_object(Bucket=self.bucket, Key="audit/log", Body=text)  # uses: s3:PutObject on {AUDIT_BUCKET_NAME}/audit/log
        client("sqs").send_message(QueueUrl=self.settings.queue_url, MessageBody=text)  # uses: sqs:SendMessage on {SHOP_QUEUE_URL}
