// DynamoDB's document clients of v3.
import { DynamoDB, DynamoDBClient, QueryCommand as PlainQuery } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocument, DynamoDBDocumentClient, GetCommand, PutCommand, QueryCommand, TransactWriteCommand, paginateScan } from "@aws-sdk/lib-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";

const plain = new DynamoDBClient({});
const documents = DynamoDBDocumentClient.from(plain, { marshallOptions: { removeUndefinedValues: true } });
const whole = DynamoDBDocument.from(new DynamoDB());
const { TABLE_NAME, INDEX_NAME } = process.env;

export const handler = async (event) => {
  await documents.send(new GetCommand({ TableName: TABLE_NAME, Key: { id: event.id } })); // uses: dynamodb:GetItem on table/{TABLE_NAME}
  await documents.send(new PutCommand({ TableName: TABLE_NAME, Item: marshall({ id: 1 }) })); // uses: dynamodb:PutItem on table/{TABLE_NAME}
  await documents.send(new QueryCommand({ TableName: TABLE_NAME, IndexName: INDEX_NAME })); // uses: dynamodb:Query on table/{TABLE_NAME}/index/{INDEX_NAME}; dynamodb:Query on table/{TABLE_NAME}
  await plain.send(new PlainQuery({ TableName: "orders" })); // uses: dynamodb:Query on table/orders
  await whole.update({ TableName: TABLE_NAME, Key: { id: event.id } }); // uses: dynamodb:UpdateItem on table/{TABLE_NAME}
  await whole.batchGet({ RequestItems: { [TABLE_NAME]: { Keys: [] } } }); // uses: dynamodb:BatchGetItem on table/{TABLE_NAME}
  for await (const page of paginateScan({ client: documents }, { TableName: TABLE_NAME })) { // uses: dynamodb:Scan on table/{TABLE_NAME}
    console.log(page.Items);
  }
};
