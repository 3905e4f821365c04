import { DynamoDBDocument } from '@aws-sdk/lib-dynamodb';
import { TABLE } from './names';

export default (db: any) => ({
  async save(item: any) {
    await DynamoDBDocument.from(db).put({ TableName: TABLE, Item: item }); // uses: dynamodb:PutItem on table/{ORDERS_TABLE}
  },
});
