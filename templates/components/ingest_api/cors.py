"""CORS: the headers that tell a browser which web pages may post."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

ALLOW_ORIGIN = "Access-Control-Allow-Origin"
PREFLIGHT = {
    "Access-Control-Allow-Headers": "'Content-Type,Content-Encoding,Authorization,X-Amz-Date,X-Amz-Security-Token'",
    "Access-Control-Max-Age": "'3600'",
}

# Headers keep the case a client sent them in, which is Origin or, over HTTP/2, origin.
CHOOSE_ORIGIN = """#set($allowed = {origins})
#set($origin = "$!input.params().header.get('Origin')")
#if($origin == "")
#set($origin = "$!input.params().header.get('origin')")
#end
#if($allowed.contains($origin))
#set($context.responseOverride.header.Access-Control-Allow-Origin = $origin)
#end
"""


@dataclass(frozen=True)
class Cors:
    """The origins that may read answers: none, one (or all, `*`), or several."""

    origins: Sequence[str]

    @property
    def preamble(self) -> str:
        """The start of a response template: of several origins, it answers with the one that asked."""
        return CHOOSE_ORIGIN.format(origins=json.dumps(list(self.origins))) if len(self.origins) > 1 else ""

    @property
    def headers(self) -> dict[str, str]:
        """The fixed headers of an integration's response."""
        if not self.origins:
            return {}
        if len(self.origins) == 1:
            return {ALLOW_ORIGIN: f"'{self.origins[0]}'"}
        return {"Vary": "'Origin'"}

    @property
    def error_headers(self) -> dict[str, str]:
        """The headers of gateway responses, which have no templates to choose in and say nothing secret."""
        return (
            {ALLOW_ORIGIN: f"'{self.origins[0]}'" if len(self.origins) == 1 else "'*'"}
            if self.origins
            else {}
        )

    @property
    def declared(self) -> list[str]:
        """Every header that a method may answer with for a browser's sake."""
        return [ALLOW_ORIGIN, "Vary"] if len(self.origins) > 1 else list(self.headers)
