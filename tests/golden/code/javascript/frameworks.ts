// What frameworks call: routes, resolvers, modules, containers, composed wrappers.
import express from 'express';
import serverless from 'serverless-http';
import { ApolloServer } from '@apollo/server';
import { Container } from 'inversify';
import { flow } from 'lodash';
import nodemailer from 'nodemailer';
import { SES } from '@aws-sdk/client-ses';
import { DynamoDB } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocument } from '@aws-sdk/lib-dynamodb';

const db = DynamoDBDocument.from(new DynamoDB({}));
const app = express();
const router = express.Router();

router.get('/orders/:id', async (request, response) => {
  response.json(await db.get({ TableName: 'orders', Key: { id: request.params.id } })); // uses: dynamodb:GetItem on table/orders
});
app.use('/v1', router);

const server = new ApolloServer({
  resolvers: {
    Query: {
      users: async () => db.scan({ TableName: 'users' }), // uses: dynamodb:Scan on table/users
    },
  },
});

class Audit {
  constructor(private readonly table: string) {}
  write = (item: any) => db.put({ TableName: this.table, Item: item }); // uses: dynamodb:PutItem on table/audit
}
interface IAudit {
  write(item: any): Promise<any>;
}
const container = new Container();
container.bind<IAudit>('Audit').toDynamicValue(() => new Audit('audit'));

const withErrors = (next: any) => async (...args: any[]) => {
  try {
    return await next(...args);
  } catch (error) {
    await db.put({ TableName: 'errors', Item: {} }); // uses: dynamodb:PutItem on table/errors
    throw error;
  }
};
const withLogs = (next: any) => (...args: any[]) => next(...args);
const wrap = flow(withErrors, withLogs);
const mailer = nodemailer.createTransport({ SES: { ses: new SES({}), aws: {} } });
const operations: Record<string, (event: any) => Promise<any>> = {
  create: (event) => db.put({ TableName: 'items', Item: event.item }), // uses: dynamodb:PutItem on table/items
  remove: (event) => db.delete({ TableName: 'items', Key: { id: event.id } }), // uses: dynamodb:DeleteItem on table/items
};

const http = serverless(app);

export const handler = wrap(async (event: any, context: any) => {
  if (event.httpMethod) {
    return http(event, context);
  }
  await container.get<IAudit>('Audit').write(event);
  await mailer.sendMail({ from: 'shop@example.com', to: event.mail }); // uses: ses:SendRawEmail on identity/shop@example.com
  await server.executeOperation({ query: event.query });
  return operations[event.operation](event);
});
