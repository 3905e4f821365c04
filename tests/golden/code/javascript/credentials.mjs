// Whose credentials: those of another role are not the function's own, taking it on is.
import { STSClient, AssumeRoleCommand } from "@aws-sdk/client-sts";
import { S3Client, GetObjectCommand } from "@aws-sdk/client-s3";
import { fromTemporaryCredentials } from "@aws-sdk/credential-providers";
import { DynamoDBDocument } from "@aws-sdk/lib-dynamodb";
import { DynamoDB } from "@aws-sdk/client-dynamodb";

const sts = new STSClient({});

export const handler = async (event) => {
  const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn: process.env.OTHER_ROLE, RoleSessionName: "x" })); // uses: sts:AssumeRole on {OTHER_ROLE}
  const there = new S3Client({
    credentials: {
      accessKeyId: Credentials.AccessKeyId,
      secretAccessKey: Credentials.SecretAccessKey,
      sessionToken: Credentials.SessionToken,
    },
  });
  await there.send(new GetObjectCommand({ Bucket: "theirs", Key: "a" }));
  const temporary = new DynamoDB({
    credentials: fromTemporaryCredentials({ params: { RoleArn: process.env.THIRD_ROLE } }), // uses: sts:AssumeRole on {THIRD_ROLE}
  });
  await DynamoDBDocument.from(temporary).get({ TableName: "theirs", Key: {} });
  const own = new S3Client({
    credentials: {
      accessKeyId: process.env.AWS_ACCESS_KEY_ID,
      secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY,
    },
  });
  await own.send(new GetObjectCommand({ Bucket: "ours", Key: "a" })); // uses: s3:GetObject on ours/a
  const local = new DynamoDB({ endpoint: "http://localhost:8000" });
  await local.getItem({ TableName: "local", Key: {} });
};
