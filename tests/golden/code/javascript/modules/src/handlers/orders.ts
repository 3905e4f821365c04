import makeStore, { TABLE } from '@lib';
import { Queue as Out } from '@lib/queue';
import { client } from '@acme/db';
import legacy, { bucket } from '../lib/legacy';
import config from '../config.json';
import { ping } from '../lib/ping';

const store = makeStore(client);

export const handler = async (event: any) => {
  await store.save({ id: event.id });
  await new Out().put(event);
  await legacy.read('a');
  await legacy.s3.getObject({ Bucket: bucket, Key: config.files.key }).promise(); // uses: s3:GetObject on legacy/from/json
  ping(3, client);
  return TABLE;
};
