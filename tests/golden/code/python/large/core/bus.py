class Bus:
    def __init__(self, audit):
        self._handlers = {}
        self._audit = audit

    def register(self, name, handler):
        self._handlers.setdefault(name, []).append(handler)

    def dispatch(self, name, event):
        for handler in self._handlers.get(name, []):
            handler(event)
        self._audit.put({"name": {"S": name}})
