import { App } from "aws-cdk-lib";
import { DataStack } from "../lib/data";
import { ApiStack } from "../lib/api";

const app = new App();
const data = new DataStack(app, "Data");
new ApiStack(app, "Api", { table: data.table, bucket: data.bucket });
