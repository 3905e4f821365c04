// Middleware engines call the handler with the event; some of their parts call AWS.
import middy from '@middy/core';
import ssm from '@middy/ssm';
import secretsManager from '@middy/secrets-manager';
import httpJsonBodyParser from '@middy/http-json-body-parser';
import { Tracer } from '@aws-lambda-powertools/tracer';
import { captureLambdaHandler } from '@aws-lambda-powertools/tracer/middleware';
import { getParameter } from '@aws-lambda-powertools/parameters/ssm';
import { getSecret } from '@aws-lambda-powertools/parameters/secrets';
import { makeIdempotent } from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import { DynamoDB } from '@aws-sdk/client-dynamodb';

const tracer = new Tracer();
const db = tracer.captureAWSv3Client(new DynamoDB({}));
const store = new DynamoDBPersistenceLayer({ tableName: process.env.IDEMPOTENCY_TABLE! }); // uses: dynamodb:GetItem on table/{IDEMPOTENCY_TABLE}; dynamodb:PutItem on table/{IDEMPOTENCY_TABLE}; dynamodb:UpdateItem on table/{IDEMPOTENCY_TABLE}; dynamodb:DeleteItem on table/{IDEMPOTENCY_TABLE}

const work = makeIdempotent(
  async (order: any) => {
    await db.putItem({ TableName: `orders-${order.stage}`, Item: {} }); // uses: dynamodb:PutItem on table/orders-*
  },
  { persistenceStore: store },
);

const lambda = async (event: any) => {
  await getParameter('/orders/url', { decrypt: false }); // uses: ssm:GetParameter on parameter/orders/url
  await getSecret(process.env.SECRET_ARN!); // uses: secretsmanager:GetSecretValue on secret:{SECRET_ARN}-??????
  await work({ stage: event.stage });
};

export const handler = middy()
  .use(httpJsonBodyParser())
  .use(captureLambdaHandler(tracer))
  .use(ssm({ fetchData: { url: '/shared/url' } })) // uses: ssm:GetParameters on parameter/shared/url
  .use(secretsManager({ fetchData: { token: 'shop/token' } })) // uses: secretsmanager:GetSecretValue on secret:shop/token-??????
  .before(async () => {
    await db.getItem({ TableName: 'sessions', Key: {} }); // uses: dynamodb:GetItem on table/sessions
  })
  .handler(lambda);
