// The SDK v2: classes of `aws-sdk`, its single clients, promises, callbacks, streams and signed addresses.
const AWS = require('aws-sdk');
const SNS = require('aws-sdk/clients/sns');
const { SQS, StepFunctions: Machines } = require('aws-sdk');
const { DocumentClient } = require('aws-sdk/clients/dynamodb');

AWS.config.update({ region: process.env.AWS_REGION });

const s3 = new AWS.S3({ signatureVersion: 'v4' });
const documents = new AWS.DynamoDB.DocumentClient({ convertEmptyValues: true });
const others = new DocumentClient({ service: new AWS.DynamoDB() });
const sns = new SNS();
const sqs = new SQS({ apiVersion: '2012-11-05' });

exports.handler = async (event, context) => {
  const params = { Bucket: process.env.ORDERS_BUCKET, Key: 'a.json' };
  await s3.getObject(params).promise(); // uses: s3:GetObject on {ORDERS_BUCKET}/a.json
  s3.getObject(params).createReadStream(); // uses: s3:GetObject on {ORDERS_BUCKET}/a.json
  await s3.upload({ ...params, Body: '' }).promise(); // uses: s3:PutObject on {ORDERS_BUCKET}/a.json; s3:AbortMultipartUpload on {ORDERS_BUCKET}/a.json
  s3.getSignedUrl('putObject', { ...params, Expires: 60 }); // uses: s3:PutObject on {ORDERS_BUCKET}/a.json
  await s3.getSignedUrlPromise('getObject', params); // uses: s3:GetObject on {ORDERS_BUCKET}/a.json
  await documents.get({ TableName: 'orders', Key: { id: event.id } }).promise(); // uses: dynamodb:GetItem on table/orders
  await others.batchWrite({ RequestItems: { orders: [] } }).promise(); // uses: dynamodb:BatchWriteItem on table/orders
  await new AWS.DynamoDB().describeTable({ TableName: 'orders' }).promise(); // uses: dynamodb:DescribeTable on table/orders
  await sns.publish({ TopicArn: process.env.TOPIC_ARN, Message: '' }).promise(); // uses: sns:Publish on {TOPIC_ARN}
  sqs.sendMessage({ QueueUrl: process.env.QUEUE_URL, MessageBody: '' }, (error, data) => { // uses: sqs:SendMessage on {QUEUE_URL}
    if (error) {
      documents.put({ TableName: 'failed', Item: {} }, context.done); // uses: dynamodb:PutItem on table/failed
    }
  }).on('complete', () => documents.delete({ TableName: 'orders', Key: {} }).promise()); // uses: dynamodb:DeleteItem on table/orders
  await s3.waitFor('objectExists', params).promise(); // uses: s3:GetObject on {ORDERS_BUCKET}/a.json
  new Machines().startExecution({ stateMachineArn: process.env.MACHINE_ARN }, () => {}); // uses: states:StartExecution on {MACHINE_ARN}
};
