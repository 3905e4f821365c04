"""Handlers that frameworks call: routes, batch processors, parameters, idempotency."""

import os

import boto3
from aws_lambda_powertools import Logger, Tracer
from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.router import Router
from aws_lambda_powertools.utilities import parameters
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

app = APIGatewayRestResolver()
router = Router()
tracer = Tracer()
logger = Logger()
processor = BatchProcessor(event_type=EventType.SQS)
table = boto3.resource("dynamodb").Table(os.environ["ORDERS_TABLE"])


@app.get("/orders/<id>")
def get_order(id: str):
    return table.get_item(Key={"id": id})  # uses: dynamodb:GetItem on table/{ORDERS_TABLE}


@router.post("/orders")
@tracer.capture_method
def create():
    table.put_item(Item=app.current_event.json_body)  # uses: dynamodb:PutItem on table/{ORDERS_TABLE}


@tracer.capture_method
def never():
    table.delete_item(Key={})


def record_handler(record):
    parameters.get_secret(os.environ["API_SECRET"])  # uses: secretsmanager:GetSecretValue on secret:{API_SECRET}-??????
    return parameters.get_parameter("/app/name")  # uses: ssm:GetParameter on parameter/app/name


app.include_router(router, prefix="/v1")


@logger.inject_lambda_context
@tracer.capture_lambda_handler
def handler(event, context):
    logger.info(event)
    if "Records" in event:
        return process_partial_response(event=event, record_handler=record_handler, processor=processor, context=context)
    return app.resolve(event, context)
