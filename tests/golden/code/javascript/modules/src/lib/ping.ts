import { pong } from './pong';

export const DEPTH = 'ping-table';
export function ping(count: number, client: any) {
  if (count > 0) pong(count - 1, client);
}
