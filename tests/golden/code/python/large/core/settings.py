import os
from functools import lru_cache


class Settings:
    def __init__(self):
        self.stage = os.environ.get("STAGE_NAME", "dev")
        self.tables = {
            "orders": os.environ["LARGE_ORDERS"],
            "audit": f"{self.stage}-audit",
        }

    def __getitem__(self, name):
        return self.tables[name]


@lru_cache
def get_settings():
    return Settings()
