// Signed addresses, uploads in parts, and requests that are signed by hand.
import { S3Client, GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { createPresignedPost } from "@aws-sdk/s3-presigned-post";
import { Upload } from "@aws-sdk/lib-storage";
import { SignatureV4 } from "@smithy/signature-v4";
import { HttpRequest } from "@smithy/protocol-http";
import { Sha256 } from "@aws-crypto/sha256-js";
import { defaultProvider } from "@aws-sdk/credential-provider-node";

const client = new S3Client({});
const Bucket = process.env.FILES_BUCKET;

export const handler = async (event) => {
  await getSignedUrl(client, new GetObjectCommand({ Bucket, Key: event.key }), { expiresIn: 60 }); // uses: s3:GetObject on {FILES_BUCKET}/*
  const command = new PutObjectCommand({ Bucket, Key: "uploads/x" });
  await getSignedUrl(client, command); // uses: s3:PutObject on {FILES_BUCKET}/uploads/x
  await createPresignedPost(client, { Bucket, Key: "forms/x" }); // uses: s3:PutObject on {FILES_BUCKET}/forms/x
  const upload = new Upload({ client, params: { Bucket, Key: "large", Body: event.body } }); // uses: s3:PutObject on {FILES_BUCKET}/large; s3:AbortMultipartUpload on {FILES_BUCKET}/large
  await upload.done();
  const signer = new SignatureV4({ credentials: defaultProvider(), region: "eu-west-1", service: "execute-api", sha256: Sha256 });
  const request = new HttpRequest({ method: "POST", hostname: "abc.execute-api.eu-west-1.amazonaws.com", path: "/prod/orders" });
  await signer.sign(request); // uses: execute-api:Invoke on abc/prod/POST/orders
};
