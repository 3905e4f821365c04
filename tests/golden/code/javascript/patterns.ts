// Idioms of larger code bases: lazy clients, wrappers around send, routers, generators, mixins, async reduction.
import { S3Client, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, PutCommand, QueryCommand, type PutCommandInput } from '@aws-sdk/lib-dynamodb';
import { posix } from 'node:path';

let lazy: S3Client | undefined;
const s3 = () => (lazy ??= new S3Client({}));
const clients = { documents: DynamoDBDocumentClient.from(new DynamoDBClient({})) } as const;
const send = async <T>(command: T) => clients.documents.send(command as any); // uses: dynamodb:PutItem on table/wrapped; dynamodb:Query on table/pages
const dynamo = {
  put: (input: PutCommandInput) => send(new PutCommand(input)),
  async *query(table: string) {
    let start: any;
    do {
      const page: any = await send(new QueryCommand({ TableName: table, ExclusiveStartKey: start }));
      yield* page.Items ?? [];
      start = page.LastEvaluatedKey;
    } while (start);
  },
};

abstract class Base {
  abstract run(event: any): Promise<void>;
  handle = async (event: any) => {
    await this.before?.(event);
    return this.run(event);
  };
  protected before?(event: any): Promise<void>;
}

const Logged = <C extends new (...args: any[]) => Base>(Inner: C) =>
  class extends Inner {
    async before(event: any) {
      await s3().send(new PutObjectCommand({ Bucket: 'logs', Key: posix.join('in', `${event.id}.json`) })); // uses: s3:PutObject on logs/in/*.json
    }
  };

class Import extends Base {
  static readonly BUCKET = 'imports';
  async run({ keys }: { keys: string[] }) {
    await keys.reduce(async (before, key) => {
      await before;
      await s3().send(new GetObjectCommand({ Bucket: Import.BUCKET, Key: `todo/${key}` })); // uses: s3:GetObject on imports/todo/*
    }, Promise.resolve());
  }
}

const routes = [
  { path: '/items', handler: async () => dynamo.put({ TableName: 'wrapped', Item: {} }) },
  { path: '/pages', handler: async () => { for await (const item of dynamo.query('pages')) await save(item); } },
];

async function save(this: void, item: any) {
  await clients.documents?.send?.(new PutCommand({ TableName: item.kind === 'a' ? 'kind-a' : 'kind-b', Item: item })); // uses: dynamodb:PutItem on table/kind-a; dynamodb:PutItem on table/kind-b
}

const ready = (async () => {
  await s3().send(new GetObjectCommand({ Bucket: 'config', Key: 'start.json' })); // uses: s3:GetObject on config/start.json
})();

export class Api {
  static async handler(event: any) {
    await ready;
    let token: string | null | undefined;
    while (token !== null) {
      const list: any = await s3().send(new GetObjectCommand({ Bucket: 'lists', Key: 'all' })); // uses: s3:GetObject on lists/all
      token = list.Metadata?.next ?? null;
    }
    const route = routes.find((each) => each.path === event.path);
    if (route) {
      return route.handler();
    }
    return new (Logged(Import))().handle(event);
  }
}

export const handler = Api.handler;
