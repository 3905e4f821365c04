// Code that is named or made at run time is a gap; what it may hide depends on what is known of it.
const { execSync } = require('child_process');
const { S3 } = require('aws-sdk');

const s3 = new S3();

module.exports.handler = async (event) => {
  const plugin = require(event.plugin); // gap: dynamic-code
  execSync('ls -l /tmp');
  execSync(`aws s3 cp /tmp/x s3://${event.bucket}/x`); // gap: dynamic-code
  eval(event.code); // gap: dynamic-code
  await s3[event.method]({ Bucket: 'orders' }).promise(); // gap: operation-unresolved
  await s3['getObject']({ Bucket: 'orders', Key: 'a' }).promise(); // uses: s3:GetObject on orders/a
  return plugin.run(event);
};
