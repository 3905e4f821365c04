// Clients in fields, constructor parameters, base classes, static members, getters; injected ones by their type.
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SNSClient, PublishCommand } from '@aws-sdk/client-sns';
import { S3 } from 'aws-sdk';

abstract class Repository<T> {
  protected abstract readonly table: string;
  constructor(protected readonly db: DynamoDBDocumentClient) {}

  find(id: string): Promise<T> {
    return this.db.send(new GetCommand({ TableName: this.table, Key: { id } })) as any; // uses: dynamodb:GetItem on table/{ORDERS_TABLE}; dynamodb:GetItem on table/users
  }
}

class Orders extends Repository<unknown> {
  protected readonly table = process.env.ORDERS_TABLE!;
  #topic = process.env.TOPIC_ARN;
  static readonly sns = new SNSClient({});

  constructor(db: DynamoDBDocumentClient, private readonly files: S3) {
    super(db);
  }

  get bucket(): string {
    return 'order-files';
  }

  async save(order: any) {
    await this.db.send(new PutCommand({ TableName: this.table, Item: order })); // uses: dynamodb:PutItem on table/{ORDERS_TABLE}
    await Orders.sns.send(new PublishCommand({ TopicArn: this.#topic, Message: '' })); // uses: sns:Publish on {TOPIC_ARN}
    await this.files.putObject({ Bucket: this.bucket, Key: 'x' }).promise(); // uses: s3:PutObject on order-files/x
  }

  static create() {
    return new Orders(DynamoDBDocumentClient.from(new DynamoDBClient({})), new S3());
  }
}

class Users extends Repository<unknown> {
  protected table = 'users';
}

class Injected {
  constructor(private db: DynamoDBDocumentClient) {}
  run = async () => {
    await this.db.send(new GetCommand({ TableName: 'injected', Key: {} })); // uses: dynamodb:GetItem on table/injected
  };
}

class Handler {
  constructor(private orders = Orders.create(), private users = new Users(DynamoDBDocumentClient.from(new DynamoDBClient({})))) {}

  async handle(event: any) {
    await this.orders.find(event.id);
    await this.users.find(event.user);
    await this.orders.save(event);
    await make(Injected).run();
  }
}

const make = <T>(type: new (...args: any[]) => T): T => new type();
const main = new Handler();
export const handler = main.handle.bind(main);
