// Configuration objects: variables read by helpers, checked by schemas, gathered in one place.
import { z } from 'zod';
import { cleanEnv, str } from 'envalid';
import * as env from 'env-var';
import { S3 } from '@aws-sdk/client-s3';

const s3 = new S3();

const required = (name: string): string => {
  const value = process.env[name];
  if (!value) {
    throw new Error(`missing ${name}`);
  }
  return value;
};

const schema = z.object({ SCHEMA_BUCKET: z.string(), STAGE_NAME: z.enum(['dev', 'prod']) });
const checked = schema.parse(process.env);
const cleaned = cleanEnv(process.env, { CLEAN_BUCKET: str() });
const config = {
  buckets: { helper: required('HELPER_BUCKET'), plain: process.env.PLAIN_BUCKET || 'plain' },
  read: env.get('READ_BUCKET').required().asString(),
};

class Config {
  readonly bucket = process.env.CLASS_BUCKET as string;
  private static instance?: Config;
  static get(): Config {
    Config.instance ??= new Config();
    return Config.instance;
  }
}

export const handler = async (event: any) => {
  await s3.getObject({ Bucket: config.buckets.helper, Key: 'a' }); // uses: s3:GetObject on {HELPER_BUCKET}/a
  await s3.getObject({ Bucket: config.buckets.plain, Key: 'a' }); // uses: s3:GetObject on {PLAIN_BUCKET}/a
  await s3.getObject({ Bucket: checked.SCHEMA_BUCKET, Key: `${checked.STAGE_NAME}/a` }); // uses: s3:GetObject on {SCHEMA_BUCKET}/{STAGE_NAME}/a
  await s3.getObject({ Bucket: cleaned.CLEAN_BUCKET, Key: 'a' }); // uses: s3:GetObject on {CLEAN_BUCKET}/a
  await s3.getObject({ Bucket: config.read, Key: 'a' }); // uses: s3:GetObject on {READ_BUCKET}/a
  await s3.getObject({ Bucket: Config.get().bucket, Key: 'a' }); // uses: s3:GetObject on {CLASS_BUCKET}/a
  const { PLAIN_BUCKET: again = 'none' } = { ...process.env };
  await s3.getObject({ Bucket: again, Key: 'b' }); // uses: s3:GetObject on {PLAIN_BUCKET}/b
};
