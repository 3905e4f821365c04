// Libraries that call AWS in their own way: some are modelled, others are told by their names.
const { buildClient, KmsKeyringNode, CommitmentPolicy } = require('@aws-crypto/client-node');
const { QldbDriver } = require('amazon-qldb-driver-nodejs');
const { Table } = require('some-dynamodb-mapper');
const transport = require(process.env.PLAIN_HTTP ? 'http' : 'https');
const dayjs = require('dayjs');

const { decrypt } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);
const keyring = new KmsKeyringNode({ keyIds: [process.env.KEY_ARN] });

exports.handler = async (event) => {
  await decrypt(keyring, event.body); // uses: kms:Decrypt on key/{KEY_ARN}
  new QldbDriver('ledger'); // gap: amazon-qldb-driver-nodejs
  new Table('orders'); // gap: some-dynamodb-mapper
  transport.get('https://example.com');
  return dayjs().format();
};
