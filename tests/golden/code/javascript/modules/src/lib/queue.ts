import { SQSClient, SendMessageCommand } from '@aws-sdk/client-sqs';

export class Queue {
  private client = new SQSClient({});
  put = (body: unknown) =>
    this.client.send(new SendMessageCommand({ QueueUrl: process.env.QUEUE_URL, MessageBody: JSON.stringify(body) })); // uses: sqs:SendMessage on {QUEUE_URL}
}
