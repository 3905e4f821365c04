// NestJS: modules list controllers and services; settings come from a service of its own.
import { NestFactory } from '@nestjs/core';
import serverlessExpress from '@vendia/serverless-express';
import { Module, Controller, Get, Injectable, Inject } from '@nestjs/common';
import { ConfigService, ConfigModule } from '@nestjs/config';
import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';

@Injectable()
export class CatsService {
  private readonly db = DynamoDBDocumentClient.from(new DynamoDBClient({}));
  constructor(private readonly config: ConfigService, @Inject('TABLE') private table: string) {}
  find(id: string) { return this.db.send(new GetCommand({ TableName: this.config.get<string>('CATS_TABLE'), Key: { id } })); } // uses: dynamodb:GetItem on table/{CATS_TABLE}
}
@Controller('cats')
export class CatsController {
  constructor(private readonly cats: CatsService) {}
  @Get(':id') find(id: string) { return this.cats.find(id); }
}
@Module({ imports: [ConfigModule.forRoot()], controllers: [CatsController], providers: [CatsService] })
export class AppModule {}

let server: any;
async function bootstrap() {
  const app = await NestFactory.create(AppModule);
  await app.init();
  return serverlessExpress({ app: app.getHttpAdapter().getInstance() });
}
export const handler = async (event: any, context: any, callback: any) => {
  server = server ?? (await bootstrap());
  return server(event, context, callback);
};
