"""A receiver of webhooks over HTTP on loopback that keeps what comes and answers with `status`."""

from tests.servers.loopback import Answer, LoopbackServer, Request


class WebhookReceiver(LoopbackServer):
    """Listens at `url` while the block lasts."""

    def __init__(self) -> None:
        self.posted: list[Request] = []
        self.status = 202
        super().__init__(self._keep)
        self.url = f"{self.origin}/events"

    def _keep(self, request: Request) -> Answer:
        self.posted.append(request)
        return Answer(status=self.status)
