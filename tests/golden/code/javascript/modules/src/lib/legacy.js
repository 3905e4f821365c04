const { S3 } = require('aws-sdk');
const s3 = new S3();

module.exports = {
  s3,
  bucket: 'legacy',
  read: (Key) => s3.getObject({ Bucket: 'legacy', Key }).promise(), // uses: s3:GetObject on legacy/a
};
