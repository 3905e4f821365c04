// What a bundler makes of two ES modules.
var __defProp = Object.defineProperty;
var __getOwnPropDesc = Object.getOwnPropertyDescriptor;
var __export = (target, all) => { for (var name in all) __defProp(target, name, { get: all[name], enumerable: true }); };
var __copyProps = (to, from) => to;
var __toCommonJS = (mod) => __copyProps(__defProp({}, "__esModule", { value: true }), mod);
var src_exports = {};
__export(src_exports, { handler: () => handler });
module.exports = __toCommonJS(src_exports);
var import_client_s3 = require("@aws-sdk/client-s3");
var client = new import_client_s3.S3Client({});
async function read(key) {
  return client.send(new import_client_s3.GetObjectCommand({ Bucket: process.env.ORDERS_BUCKET, Key: key })); // uses: s3:GetObject on {ORDERS_BUCKET}/config.json
}
var handler = async () => read("config.json");
0 && (module.exports = { handler });
