from core.bus import Bus
from core.settings import get_settings
from core import storage


class Container:
    def __init__(self, settings=None):
        self.settings = settings or get_settings()
        self._bus = None

    @property
    def bus(self):
        if not self._bus:
            self._bus = Bus(self.audit)
        return self._bus

    @property
    def orders(self):
        return storage.make("orders", self.settings)

    @property
    def audit(self):
        return storage.make("audit", self.settings)
