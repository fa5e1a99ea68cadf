# SPDX-License-Identifier: Apache-2.0
"""The first program in a Python function's process: loads the handler, calls it once with the event, tells what came of it.

Descriptor 3 holds the event. On descriptor 4 go a mark when the code is loaded, then a mark and the result or the failure as JSON.
"""
import base64
import importlib
import importlib.abc
import importlib.util
import json
import os
import sys
import time
import traceback

EVENT_FD, ANSWER_FD = 3, 4
TASK = "/var/task"


class ClientContext:
    """What a caller sent in X-Amz-Client-Context."""

    def __init__(self, values):
        self.custom = values.get("custom")
        self.env = values.get("env")
        self.client = values.get("client")


class Identity:
    cognito_identity_id = None
    cognito_identity_pool_id = None


class Context:
    """What a handler is told about its run."""

    def __init__(self, own):
        environ = os.environ
        self.aws_request_id = own["REQUEST_ID"]
        self.invoked_function_arn = own["FUNCTION_ARN"]
        self.function_name = environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = Identity()
        self.client_context = None
        if own.get("CLIENT_CONTEXT"):
            self.client_context = ClientContext(json.loads(base64.b64decode(own["CLIENT_CONTEXT"])))
        self._ends = time.monotonic() + int(own["TIMEOUT_MS"]) / 1000

    def get_remaining_time_in_millis(self):
        return max(0, int((self._ends - time.monotonic()) * 1000))


class Endpoints(importlib.abc.MetaPathFinder):
    """Clients that name no endpoint get AWS_ENDPOINT_URL_<SERVICE> or AWS_ENDPOINT_URL, which botocore before 1.31 does not look at.

    The module is left alone until somebody imports it.
    """

    def find_spec(self, name, path=None, target=None):
        if name != "botocore.session":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        run = spec.loader.exec_module

        def exec_module(module):
            run(module)
            point_clients(module.Session)

        spec.loader.exec_module = exec_module
        return spec


def point_clients(session_class):
    create = session_class.create_client

    def create_client(self, service_name, *arguments, **options):
        # The address may also stand in fifth place behind the service.
        if len(arguments) < 5 and options.get("endpoint_url") is None:
            word = service_name.upper().replace("-", "_")
            url = os.environ.get("AWS_ENDPOINT_URL_" + word) or os.environ.get("AWS_ENDPOINT_URL")
            if url:
                options["endpoint_url"] = url
        return create(self, service_name, *arguments, **options)

    session_class.create_client = create_client


def write_all(data):
    while data:
        data = data[os.write(ANSWER_FD, data):]


def failure(error, request_id):
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename != __file__ and "importlib" not in frame.filename]
    description = {"errorMessage": str(error), "errorType": type(error).__name__, "requestId": request_id,
                   "stackTrace": traceback.format_list(own)}
    sys.stderr.write("[ERROR] %s: %s\nTraceback (most recent call last):\n%s\n" % (
        description["errorType"], description["errorMessage"], "".join(description["stackTrace"])))
    return b"E" + json.dumps(description).encode()


def load(handler):
    place, _, name = handler.rpartition(".")
    module = importlib.import_module(place.replace("/", "."))
    if not hasattr(module, name):
        raise AttributeError("Handler '%s' missing on module '%s'" % (name, place))
    return getattr(module, name)


def finish(data, status):
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        pass
    write_all(data)
    # What the handler left behind, threads too, does not go on when its answer is there.
    os._exit(status)


def main():
    own = {}
    for name in [name for name in os.environ if name.startswith("KEYMOOR_")]:
        own[name[len("KEYMOOR_"):]] = os.environ.pop(name)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, errors="backslashreplace")
    os.set_inheritable(EVENT_FD, False)
    os.set_inheritable(ANSWER_FD, False)
    sys.path[0] = TASK
    sys.meta_path.insert(0, Endpoints())
    try:
        handler = load(os.environ["_HANDLER"])
    except BaseException as error:
        if isinstance(error, ImportError):
            error = type("Runtime.ImportModuleError", (Exception,), {})(
                "Unable to import module '%s': %s" % (os.environ["_HANDLER"].rpartition(".")[0], error)
            ).with_traceback(error.__traceback__)
        finish(failure(error, own["REQUEST_ID"]), 1)
    with os.fdopen(EVENT_FD, "rb", closefd=True) as file:
        event = json.loads(file.read() or b"null")
    write_all(b"I")
    try:
        answer = b"R" + json.dumps(handler(event, Context(own))).encode()
    except SystemExit as error:
        finish(b"", error.code if isinstance(error.code, int) else 1)
    except BaseException as error:
        finish(failure(error, own["REQUEST_ID"]), 1)
    finish(answer, 0)


main()
