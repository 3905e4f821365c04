// Only what the handler reaches counts: dead functions, unused clients and other handlers of the file do not.
const { S3Client, GetObjectCommand, PutObjectCommand } = require('@aws-sdk/client-s3');
const { SQS } = require('aws-sdk');
const { promisify } = require('util');

const s3 = new S3Client({});
const unused = new SQS();

async function dead() {
  await s3.send(new PutObjectCommand({ Bucket: 'dead', Key: 'x' }));
}

const steps = {
  read: async (id) => s3.send(new GetObjectCommand({ Bucket: 'orders', Key: `${id}` })), // uses: s3:GetObject on orders/*
  never: async () => s3.send(new PutObjectCommand({ Bucket: 'orders', Key: 'never' })),
};

module.exports.other = async () => dead();

module.exports.handler = (event, context, callback) => {
  steps
    .read(event.id)
    .then((answer) => s3.send(new PutObjectCommand({ Bucket: 'copies', Key: 'x', Body: answer.Body }))) // uses: s3:PutObject on copies/x
    .catch(callback)
    .finally(() => promisify(setTimeout)(1));
  new Promise((resolve) => resolve('last')).then((Key) => s3.send(new GetObjectCommand({ Bucket: 'orders', Key }))); // uses: s3:GetObject on orders/last
};
