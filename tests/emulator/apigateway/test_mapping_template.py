"""Mapping templates: what API Gateway's variables give."""

import json
from typing import Any

import pytest

from emulator.apigateway.errors import GatewayError
from emulator.apigateway.mapping_template import Input, JavaMap, MappingTemplate, Util
from emulator.apigateway.request import ApiRequest
from emulator.errors import UnsupportedApiError

BODY = {"a": {"b": [1, 2.50, None, True, 'x"y/é']}, "n": 10, "name": "Exception", "none": None}


def render(template: str, body: Any = BODY, **request: Any) -> str:
    """The text that a template makes of a JSON body."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    got = ApiRequest("POST", "/p?q=1&w=%20", (("X-Head", "h"),), raw, **request)
    return MappingTemplate(template, where="Test").render(
        {
            "input": Input(got, got),
            "util": Util(),
            "context": JavaMap(id="c"),
            "stageVariables": JavaMap(s="v"),
        }
    )


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("$input.body", json.dumps(BODY)),
        ("$input.json('$.a')", '{"b":[1,2.5,null,true,"x\\"y/é"]}'),
        ("$input.json('$.nothing')", '""'),
        ("$input.json('$.a.b[*]')", '[1,2.5,null,true,"x\\"y/é"]'),
        ("$input.path('$.a')", '{b=[1, 2.5, null, true, x"y/é]}'),
        ("$input.path('$.a.b').size()", "5"),
        ("$input.path('$.a.b')[1]", "2.5"),
        ("#if($input.path('$.nothing') == '')empty#end", "empty"),
        (
            "#if($input.path('$.name').contains('cept') && $input.path('$.a').size() == 1)yes#else no#end",
            "yes",
        ),
        ("#foreach($e in $input.path('$.a.b'))$e#if($foreach.hasNext),#end#end", '1,2.5,,true,x"y/é'),
        ("$input.path('$.a.b').get(0)$input.path('$.a.b').contains(1)", "1true"),
        ("$input.params('q')$input.params('x-head')|$input.params('nothing')|", "1h||"),
        ("$input.params().querystring.get('q')$input.params().header.get('X-Head')", "1h"),
        ("$util.base64Encode('é')", "w6k="),
        ("$util.escapeJavaScript($input.path('$.a.b[4]'))", 'x\\"y/\\u00e9'),
        ("$context.id ${stageVariables.s} $stageVariables['s']", "c v v"),
    ],
)
def test_expressions(template: str, expected: str) -> None:
    """Each variable and function renders as API Gateway's reference describes it."""
    assert render(template) == expected


def test_a_path_parameter_comes_before_query_and_header() -> None:
    """$input.params(name) looks at the path, the query string and the headers, in this order."""
    assert render("$input.params('q')", path_parameters={"q": "path"}) == "path"


def test_a_body_that_is_no_json_refuses_the_request() -> None:
    """Only a template that looks into the body needs it to be JSON."""
    assert render("$input.body", b"{") == "{"
    with pytest.raises(GatewayError) as refused:
        render("$input.json('$')", b"{")
    assert refused.value.response_type == "BAD_REQUEST_BODY"


def test_no_body_is_an_empty_object() -> None:
    """As on API Gateway."""
    assert render("$input.json('$')", b"") == "{}"


@pytest.mark.parametrize(
    "call", ["$util.parseJson($input.body)", "$util.urlEncode('a')", "$x.keySet()", "$x.trim()"]
)
def test_a_method_that_is_not_here_is_refused_by_name(call: str) -> None:
    """At the start, before a request meets a condition that is silently false."""
    with pytest.raises(UnsupportedApiError, match=r"Test: the method (parseJson|urlEncode|keySet|trim)\(\)"):
        MappingTemplate(call, where="Test")
