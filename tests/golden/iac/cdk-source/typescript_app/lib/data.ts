import { Stack, StackProps, aws_kms as kms } from "aws-cdk-lib";
import { Table, AttributeType } from "aws-cdk-lib/aws-dynamodb";
import * as s3 from "aws-cdk-lib/aws-s3";
import { Construct } from "constructs";

export class DataStack extends Stack {
  public readonly table: Table;
  readonly bucket: s3.Bucket;

  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const key = new kms.Key(this, "Key");
    this.table = new Table(this, "Orders", {
      partitionKey: { name: "id", type: AttributeType.STRING },
      encryptionKey: key,
    });
    const stage = this.node.tryGetContext("stage") ?? "dev";
    this.bucket = new s3.Bucket(this, "Uploads", { bucketName: `uploads-${stage}-${this.account}` });
  }
}
