// What cannot be seen is told with its place.
import { S3 } from '@aws-sdk/client-s3';
import { helper } from './missing'; // gap: module-not-found
import { Entity } from 'dynamodb-onetable';
import { connect } from 'some-driver';

const s3 = new S3();

export const handler = async (event: any) => {
  const table = new Entity({ name: 'x' }); // gap: unmodelled-library
  await (s3 as any)[event.method]({ Bucket: 'orders' }); // gap: s3
  await connect(s3); // gap: some-driver
  await helper(event);
  await event.client.adminGetUser({ UserPoolId: 'x' });
  await globalClient.sendMessage({ QueueUrl: 'x' }); // gap: sendMessage
};
