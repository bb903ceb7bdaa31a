#!/usr/bin/env python3
"""Holds docs/openapi.yaml against what the server answered, and the other way round.

  check_openapi.py OPENAPI EXCHANGES ROUTES

EXCHANGES has an object a line: method, path, status, content_type, body. ROUTES has a line for each
route of the server: "GET /os". Every exchange must be described, with its status, type and body: by
its route, by x-no-route where it has none, or by x-any-request. Every status that is described must
have been seen; the routes of both must be the same.
"""
import json
import sys

import jsonschema
import yaml


def resolve(document, node):
    while isinstance(node, dict) and "$ref" in node:
        target = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def fault_of_body(document, response, exchange):
    content = response.get("content")
    if content is None:
        return "a body where none is described" if exchange["body"] else None
    # An answer that tells no type is of any.
    media_type = exchange["content_type"] or "*/*"
    if media_type not in content:
        return f"content type {media_type} is not described"
    body = exchange["body"]
    if media_type == "application/json":
        body = json.loads(body)
    # References are "#/components/…": to where they lead from a schema that has these.
    schema = {**content[media_type]["schema"], "components": document["components"]}
    validator = jsonschema.Draft202012Validator(schema)
    for error in validator.iter_errors(body):
        return f"{'/'.join(map(str, error.absolute_path))}: {error.message}"
    return None


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        document = yaml.safe_load(file)
    with open(sys.argv[2], encoding="utf-8") as file:
        exchanges = [json.loads(line) for line in file]
    with open(sys.argv[3], encoding="utf-8") as file:
        routes = set(file.read().splitlines())

    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    described = {
        f"{group} {status}": response
        for group in ("x-no-route", "x-any-request")
        for status, response in document[group].items()
    }
    described_routes = set()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            described_routes.add(f"{method.upper()} {path}")
            for status, response in operation["responses"].items():
                described[f"{method.upper()} {path} {status}"] = resolve(document, response)

    faults = []
    seen = set()
    for exchange in exchanges:
        route = f"{exchange['method']} {exchange['path']}"
        place = route if route in described_routes else "x-no-route"
        names = [f"{at} {exchange['status']}" for at in (place, "x-any-request")]
        name = next((name for name in names if name in described), None)
        if name is None:
            faults.append(f"{route} {exchange['status']} is not described: {exchange['body']}")
            continue
        seen.add(name)
        fault = fault_of_body(document, described[name], exchange)
        if fault:
            faults.append(f"{name}: {fault}: {exchange['body']}")
    faults += [f"{name} was never seen" for name in sorted(set(described) - seen)]
    faults += [f"{route} is not described" for route in sorted(routes - described_routes)]
    faults += [f"{route} is not served" for route in sorted(described_routes - routes)]
    print("\n".join(faults) or f"{len(seen)} answers as described")
    return 1 if faults else 0


sys.exit(main())
