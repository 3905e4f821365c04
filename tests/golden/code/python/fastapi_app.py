"""An ASGI application with injected dependencies."""

import boto3
from fastapi import APIRouter, Depends, FastAPI
from mangum import Mangum

app = FastAPI()
router = APIRouter()


class Repository:
    def __init__(self):
        self.table = boto3.resource("dynamodb").Table("items")

    def all(self):
        return self.table.scan()["Items"]  # uses: dynamodb:Scan on table/items


def repository():
    return Repository()


@router.get("/items")
async def items(repo: Repository = Depends(repository)):
    return repo.all()


app.include_router(router)
handler = Mangum(app)
