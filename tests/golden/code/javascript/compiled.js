// What the TypeScript compiler makes for old targets.
"use strict";
var __awaiter = (this && this.__awaiter) || function (thisArg, _arguments, P, generator) { return generator; };
var __importDefault = (this && this.__importDefault) || function (mod) { return mod; };
Object.defineProperty(exports, "__esModule", { value: true });
exports.handler = void 0;
const aws_sdk_1 = __importDefault(require("aws-sdk"));
const client_sqs_1 = require("@aws-sdk/client-sqs");
const s3 = new aws_sdk_1.default.S3();
const queue = new client_sqs_1.SQSClient({});
const handler = (event) => __awaiter(void 0, void 0, void 0, function* () {
  yield s3.getObject({ Bucket: "orders", Key: "a" }).promise(); // uses: s3:GetObject on orders/a
  yield queue.send(new client_sqs_1.SendMessageCommand({ QueueUrl: process.env.QUEUE_URL, MessageBody: "" })); // uses: sqs:SendMessage on {QUEUE_URL}
});
exports.handler = handler;
