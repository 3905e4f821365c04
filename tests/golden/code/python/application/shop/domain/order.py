from dataclasses import asdict, dataclass


@dataclass
class Order:
    id: str
    text: str = ""

    @classmethod
    def parse(cls, event):
        return cls(**event)

    def as_dict(self):
        return asdict(self)
