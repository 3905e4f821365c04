import { Duration, Stack, StackProps } from "aws-cdk-lib";
import * as iam from "aws-cdk-lib/aws-iam";
import * as lambda from "aws-cdk-lib/aws-lambda";
import * as sqs from "aws-cdk-lib/aws-sqs";
import { SqsEventSource } from "aws-cdk-lib/aws-lambda-event-sources";
import * as s3n from "aws-cdk-lib/aws-s3-notifications";
import { NodejsFunction, NodejsFunctionProps } from "aws-cdk-lib/aws-lambda-nodejs";
import { ITable } from "aws-cdk-lib/aws-dynamodb";
import { Bucket } from "aws-cdk-lib/aws-s3";
import { Construct } from "constructs";
import { join } from "path";

interface ApiProps extends StackProps {
  table: ITable;
  bucket: Bucket;
}

export class ApiStack extends Stack {
  constructor(scope: Construct, id: string, { table, bucket }: ApiProps) {
    super(scope, id);
    const queue = new sqs.Queue(this, "Jobs");
    const shared: NodejsFunctionProps = {
      runtime: lambda.Runtime.NODEJS_22_X,
      tracing: lambda.Tracing.ACTIVE,
      environment: { TABLE: table.tableName, REGION: this.region },
    };
    const names = ["create", "remove"];
    const made = names.map(
      (name) =>
        new NodejsFunction(this, `${name}Function`, {
          entry: join(__dirname, "..", "src", `${name}.ts`),
          ...shared,
        }),
    );
    made.forEach((fn) => table.grantReadWriteData(fn));
    const worker = new lambda.Function(this, "Worker", {
      runtime: lambda.Runtime.PYTHON_3_13,
      handler: "worker.handler",
      code: lambda.Code.fromAsset("src"),
      timeout: Duration.seconds(10),
      environment: process.env.DEBUG ? { QUEUE: queue.queueUrl, DEBUG: "1" } : { QUEUE: queue.queueUrl },
      deadLetterQueue: queue,
    });
    worker.addEventSource(new SqsEventSource(queue));
    worker.addToRolePolicy(
      new iam.PolicyStatement({
        actions: ["ssm:GetParameter"],
        resources: [`arn:${this.partition}:ssm:${this.region}:${this.account}:parameter/shop/*`],
      }),
    );
    bucket.addEventNotification("created" as any, new s3n.LambdaDestination(worker));
    bucket.grantRead(worker);
  }
}
