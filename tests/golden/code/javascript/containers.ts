// Containers of dependencies: tokens, interfaces, classes by their constructor parameters.
import 'reflect-metadata';
import { injectable, inject, container } from 'tsyringe';
import { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient, SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import middy from '@middy/core';

interface IRepo { save(x: any): Promise<void> }

@injectable()
class Repo implements IRepo {
  constructor(@inject('table') private readonly table: string, private readonly db: DynamoDBDocumentClient) {}
  async save(x: any) { await this.db.send(new PutCommand({ TableName: this.table, Item: x })); } // uses: dynamodb:PutItem on table/{TABLE_NAME}
}
@injectable()
class Notifier {
  private readonly sqs: SQSClient;
  constructor() { this.sqs = new SQSClient({}); }
  async notify(list: any[]) {
    const chunks: any[][] = [];
    for (let i = 0; i < list.length; i += 10) chunks.push(list.slice(i, i + 10));
    await Promise.all(chunks.map((c) => this.sqs.send(new SendMessageBatchCommand({ QueueUrl: process.env.QUEUE_URL, Entries: c.map((m, i) => ({ Id: String(i), MessageBody: JSON.stringify(m) })) })))); // uses: sqs:SendMessage on {QUEUE_URL}
  }
}
@injectable()
class Service {
  constructor(private repo: Repo, private notifier: Notifier, @inject('IRepo') private other: IRepo) {}
  async run(event: any) { await this.repo.save(event); await this.notifier.notify(event.Records); await this.other.save(1); }
}
container.register('table', { useValue: process.env.TABLE_NAME });
container.register<IRepo>('IRepo', { useClass: Repo });
container.register(DynamoDBDocumentClient, { useValue: DynamoDBDocumentClient.from(new DynamoDBClient({})) });

const handlerImpl = async (event: any) => container.resolve(Service).run(event);
export const handler = middy(handlerImpl);
