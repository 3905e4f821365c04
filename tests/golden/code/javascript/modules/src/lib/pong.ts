import { DEPTH, ping } from './ping';

export function pong(count: number, client: any) {
  client.getItem({ TableName: DEPTH, Key: {} }); // uses: dynamodb:GetItem on table/ping-table
  ping(count, client);
}
