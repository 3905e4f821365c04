from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="SHOP_")
    orders_table: str
    audit_bucket: str = Field(..., alias="AUDIT_BUCKET_NAME")
    queue_url: str = "https://sqs.x/1/default"


settings = Settings()
