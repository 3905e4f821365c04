// The SDK v3: clients with commands, clients with a method per operation, paginators and waiters.
import { S3Client, GetObjectCommand, ListObjectsV2Command, paginateListObjectsV2, waitUntilObjectExists } from '@aws-sdk/client-s3';
import { SSM } from '@aws-sdk/client-ssm';
import * as sqs from '@aws-sdk/client-sqs';
import { SFNClient, StartExecutionCommand, type StartExecutionCommandInput } from '@aws-sdk/client-sfn';
import { EventBridge } from '@aws-sdk/client-eventbridge';
import { fromNodeProviderChain } from '@aws-sdk/credential-providers';
import type { Handler } from 'aws-lambda';

const s3 = new S3Client({ region: process.env.AWS_REGION, credentials: fromNodeProviderChain() });
const ssm = new SSM({});
const queue = new sqs.SQSClient({});
const bus = new EventBridge();

export const handler: Handler = async (event) => {
  const Bucket = process.env.ORDERS_BUCKET!;
  await s3.send(new GetObjectCommand({ Bucket, Key: `orders/${event.id}.json` })); // uses: s3:GetObject on {ORDERS_BUCKET}/orders/*.json
  const command = new ListObjectsV2Command({ Bucket } as const);
  const { Contents = [] } = await s3.send(command); // uses: s3:ListBucket on {ORDERS_BUCKET}
  for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket })) { // uses: s3:ListBucket on {ORDERS_BUCKET}
    for (const each of page.Contents ?? []) {
      await s3.send(new GetObjectCommand({ Bucket, Key: each.Key })); // uses: s3:GetObject on {ORDERS_BUCKET}/*
    }
  }
  await waitUntilObjectExists({ client: s3, maxWaitTime: 60 }, { Bucket, Key: 'done' }); // uses: s3:GetObject on {ORDERS_BUCKET}/done
  const { Parameter } = await ssm.getParameter({ Name: '/orders/key' }); // uses: ssm:GetParameter on parameter/orders/key
  await queue.send(new sqs.SendMessageCommand({ QueueUrl: process.env.QUEUE_URL, MessageBody: '' })); // uses: sqs:SendMessage on {QUEUE_URL}
  const input: StartExecutionCommandInput = { stateMachineArn: process.env['MACHINE_ARN'] };
  await new SFNClient().send(new StartExecutionCommand(input)); // uses: states:StartExecution on {MACHINE_ARN}
  await bus.putEvents({ Entries: [{ EventBusName: 'orders', Detail: '{}' }] }); // uses: events:PutEvents on event-bus/orders
  const [first, second] = await Promise.all([
    ssm.getParametersByPath({ Path: '/a' }), // uses: ssm:GetParametersByPath on parameter/a; ssm:GetParametersByPath on parameter/a/*
    s3.send(new GetObjectCommand({ Bucket, Key: 'b' })).then((answer) => answer.Body), // uses: s3:GetObject on {ORDERS_BUCKET}/b
  ]);
  return [Contents, Parameter, first, second];
};
