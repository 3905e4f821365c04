// What names hold: constants, destructuring, spread, template strings, defaults, maps, closures.
import { S3 } from '@aws-sdk/client-s3';

const s3 = new S3();
const { ORDERS_BUCKET, OTHER_BUCKET: other = 'fallback', ...rest } = process.env;
const base = { Bucket: ORDERS_BUCKET, ACL: undefined };
const prefix = 'in' + '/' + 'orders';
enum Folder {
  Orders = 'orders',
  Users = 'users',
}
const BUCKETS: Record<string, string> = { orders: 'orders-bucket', users: 'users-bucket' };
const keyOf = (id: string, folder = Folder.Orders) => `${folder}/${id}.json`;
const config = Object.freeze({ bucket: { name: process.env.ORDERS_BUCKET ?? 'none' } });

export async function handler({ id, detail: { kind } }: any) {
  await s3.getObject({ ...base, Key: `${prefix}/${id}` }); // uses: s3:GetObject on {ORDERS_BUCKET}/in/orders/*
  await s3.getObject({ Bucket: other, Key: keyOf(id) }); // uses: s3:GetObject on {OTHER_BUCKET}/orders/*.json
  await s3.getObject({ Bucket: BUCKETS.users, Key: keyOf('x', Folder.Users) }); // uses: s3:GetObject on users-bucket/users/x.json
  await s3.getObject({ Bucket: BUCKETS[kind], Key: 'a' }); // uses: s3:GetObject on orders-bucket/a; s3:GetObject on users-bucket/a
  await s3.getObject({ Bucket: config.bucket.name, Key: ['a', 'b'].join('/') }); // uses: s3:GetObject on {ORDERS_BUCKET}/a/b
  await s3.getObject({ Bucket: rest.THIRD_BUCKET, Key: 'a' }); // uses: s3:GetObject on {THIRD_BUCKET}/a
  const request = { Bucket: ORDERS_BUCKET } as any;
  request.Key = id ? 'one' : 'two';
  await s3.getObject(request); // uses: s3:GetObject on {ORDERS_BUCKET}/one; s3:GetObject on {ORDERS_BUCKET}/two
  for (const Key of ['a', 'b']) {
    await s3.getObject({ ...base, Key }); // uses: s3:GetObject on {ORDERS_BUCKET}/a; s3:GetObject on {ORDERS_BUCKET}/b
  }
  await Promise.all(['c', 'd'].map((Key) => s3.getObject({ ...base, Key }))); // uses: s3:GetObject on {ORDERS_BUCKET}/c; s3:GetObject on {ORDERS_BUCKET}/d
  const merged = Object.assign({}, base, { Key: 'e' });
  await s3.getObject(merged); // uses: s3:GetObject on {ORDERS_BUCKET}/e
  const names = new Map([['f', 'mapped']]);
  await s3.getObject({ Bucket: names.get('f'), Key: 'f' }); // uses: s3:GetObject on mapped/f
  switch (kind) {
    case 'put':
    case 'post':
      await s3.putObject({ ...base, Key: 'g' }); // uses: s3:PutObject on {ORDERS_BUCKET}/g
      break;
    default:
      await s3.deleteObject({ ...base, Key: 'g' }); // uses: s3:DeleteObject on {ORDERS_BUCKET}/g
  }
  try {
    await s3.headObject({ ...base, Key: 'h' }); // uses: s3:GetObject on {ORDERS_BUCKET}/h
  } catch (error) {
    await s3.putObject({ ...base, Key: 'i' }); // uses: s3:PutObject on {ORDERS_BUCKET}/i
  }
}
