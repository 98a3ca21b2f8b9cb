"""Messages that agents end with, by kind: invented ids, the wording of the real libraries.

`FOR_WORK` was looked at while the rule was made, `FOR_PROOF` was written before it and only measured on.
"""

from __future__ import annotations


def traceback(last: str, frames: int = 3) -> str:
    """A Python traceback of so many frames; 30 are more than 2,000 characters."""
    lines = [
        f'  File "/srv/agent/step_{number % 7}.py", line {40 + 3 * number}, in run_{number % 5}\n    return call(x)'
        for number in range(frames)
    ]
    return "\n".join(["Traceback (most recent call last):", *lines, last])


def node(last: str, line: int = 10, frames: int = 4) -> str:
    """What node prints of an error that nobody caught."""
    stack = [
        f"    at step{number} (/app/src/flow.js:{line + number}:{7 + number})"
        for number in range(frames)
    ]
    return "\n".join(
        [
            f"/app/src/flow.js:{line}",
            "    throw error",
            "    ^",
            "",
            last,
            *stack,
            "",
            "Node.js v20.11.1",
        ]
    )


FOR_WORK: dict[str, list[str]] = {
    "anthropic overloaded": [
        "Error code: 529 - {'type': 'error', 'error': {'type': 'overloaded_error', 'message': 'Overloaded'}, 'request_id': 'req_011CSHoEeqs5C35K2UUqR7Fy'}",
        "Error code: 529 - {'type': 'error', 'error': {'type': 'overloaded_error', 'message': 'Overloaded'}, 'request_id': 'req_011CTabcdefQ2x9LmNoPqRsT'}",
        "Error code: 529 - {'type': 'error', 'error': {'type': 'overloaded_error', 'message': 'Overloaded'}, 'request_id': None}",
    ],
    "anthropic prompt too long": [
        "Error code: 400 - {'type': 'error', 'error': {'type': 'invalid_request_error', 'message': 'prompt is too long: 213456 tokens > 200000 maximum'}, 'request_id': 'req_011CSHoA1b2C3d4E5f6G7h8I'}",
        "Error code: 400 - {'type': 'error', 'error': {'type': 'invalid_request_error', 'message': 'prompt is too long: 200781 tokens > 200000 maximum'}, 'request_id': 'req_011CQQzzZ9y8X7w6V5u4T3s2'}",
    ],
    "anthropic credit": [
        "Error code: 400 - {'type': 'error', 'error': {'type': 'invalid_request_error', 'message': 'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.'}, 'request_id': 'req_011CS1111aaaa2222bbbb33'}",
        "Error code: 400 - {'type': 'error', 'error': {'type': 'invalid_request_error', 'message': 'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.'}, 'request_id': 'req_011CV7777cccc8888dddd99'}",
    ],
    "anthropic bad key": [
        'AuthenticationError: 401 {"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"},"request_id":"req_011CSab12cd34"}',
        'AuthenticationError: 401 {"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"},"request_id":"req_011CTzz98yy76"}',
    ],
    "openai bad key": [
        "Error code: 401 - {'error': {'message': 'Incorrect API key provided: sk-proj-********************7Q4A. You can find your API key at https://platform.openai.com/account/api-keys.', 'type': 'invalid_request_error', 'param': None, 'code': 'invalid_api_key'}}",
        "Error code: 401 - {'error': {'message': 'Incorrect API key provided: sk-ab12*****wxyZ. You can find your API key at https://platform.openai.com/account/api-keys.', 'type': 'invalid_request_error', 'param': None, 'code': 'invalid_api_key'}}",
    ],
    "openai rate limit": [
        "Error code: 429 - {'error': {'message': 'Rate limit reached for gpt-4o in organization org-Ab12Cd34Ef56 on tokens per min (TPM): Limit 30000, Used 29012, Requested 1500. Please try again in 1.024s.', 'type': 'tokens', 'param': None, 'code': 'rate_limit_exceeded'}}",
        "Error code: 429 - {'error': {'message': 'Rate limit reached for gpt-4o-mini in organization org-Zz98Yy76Xx54 on tokens per min (TPM): Limit 200000, Used 199812, Requested 800. Please try again in 183ms.', 'type': 'tokens', 'param': None, 'code': 'rate_limit_exceeded'}}",
        "Error code: 429 - {'error': {'message': 'Rate limit reached for gpt-4o in organization org-Kk11Ll22Mm33 on tokens per min (TPM): Limit 30000, Used 30000, Requested 9. Please try again in 6m0s.', 'type': 'tokens', 'param': None, 'code': 'rate_limit_exceeded'}}",
    ],
    "openai quota": [
        "Error code: 429 - {'error': {'message': 'You exceeded your current quota, please check your plan and billing details. For more information on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.', 'type': 'insufficient_quota', 'param': None, 'code': 'insufficient_quota'}}",
        "openai.RateLimitError: Error code: 429 - {'error': {'message': 'You exceeded your current quota, please check your plan and billing details. For more information on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.', 'type': 'insufficient_quota', 'param': None, 'code': 'insufficient_quota'}}",
    ],
    "openai context": [
        'Error code: 400 - {\'error\': {\'message\': "This model\'s maximum context length is 128000 tokens. However, your messages resulted in 130012 tokens. Please reduce the length of the messages.", \'type\': \'invalid_request_error\', \'param\': \'messages\', \'code\': \'context_length_exceeded\'}}',
        'Error code: 400 - {\'error\': {\'message\': "This model\'s maximum context length is 16385 tokens. However, your messages resulted in 22871 tokens. Please reduce the length of the messages.", \'type\': \'invalid_request_error\', \'param\': \'messages\', \'code\': \'context_length_exceeded\'}}',
    ],
    "keyerror amount": [traceback("KeyError: 'amount'"), "KeyError: 'amount'"],
    "keyerror customer": [traceback("KeyError: 'customer_name'"), traceback("KeyError: 'customer_name'", 7)],
    "keyerror id": ["KeyError: 'invoice_20412'", "KeyError: 'invoice_7'", "KeyError: 'INV-2024-118'"],
    "502": [
        "502 Server Error: Bad Gateway for url: https://api.example.com/v1/items?page=3",
        "502 Server Error: Bad Gateway for url: https://api.example.com/v1/items?page=117",
    ],
    "500": [
        "500 Server Error: Internal Server Error for url: https://api.example.com/v1/items?page=3",
        "500 Server Error: Internal Server Error for url: https://api.example.com/v1/orders/99",
    ],
    "httpx 502": [
        "Server error '502 Bad Gateway' for url 'https://tools.example.com/run/7'\nFor more information check: https://developer.mozilla.org/en-US/docs/Web/HTTP/Status/502",
        "Server error '502 Bad Gateway' for url 'https://tools.example.com/run/81'\nFor more information check: https://developer.mozilla.org/en-US/docs/Web/HTTP/Status/502",
    ],
    "httpx 503": [
        "Server error '503 Service Unavailable' for url 'https://tools.example.com/run/7'\nFor more information check: https://developer.mozilla.org/en-US/docs/Web/HTTP/Status/503",
        "Server error '503 Service Unavailable' for url 'https://tools.example.com/run/12'\nFor more information check: https://developer.mozilla.org/en-US/docs/Web/HTTP/Status/503",
    ],
    "axios 502": ["AxiosError: Request failed with status code 502", node("AxiosError: Request failed with status code 502")],
    "axios 500": ["AxiosError: Request failed with status code 500", node("AxiosError: Request failed with status code 500", 88)],
    "long traceback value": [traceback("ValueError: could not convert string to float: '12,5'", 30), traceback("ValueError: could not convert string to float: 'n/a'", 32)],
    "long traceback attribute": [
        traceback("AttributeError: 'NoneType' object has no attribute 'text'", 30),
        traceback("AttributeError: 'NoneType' object has no attribute 'text'", 41),
    ],
    "long traceback attribute find": [traceback("AttributeError: 'NoneType' object has no attribute 'find_all'", 30), traceback("AttributeError: 'NoneType' object has no attribute 'find_all'", 2)],
    "long traceback memory": [
        traceback("numpy._core._exceptions._ArrayMemoryError: Unable to allocate 5.96 GiB for an array with shape (20000, 40000) and data type float64", 30),
        traceback("numpy._core._exceptions._ArrayMemoryError: Unable to allocate 763. MiB for an array with shape (100000000,) and data type float64", 31),
    ],
    "memory killed": ["killed, out of memory at 1.5 GiB", "killed, out of memory at 512 MiB", "killed, out of memory at 2048 MB"],
    "timeout": ["Timed out after 30 s", "Timed out after 1500 ms", "Timed out after 2m30s", "Timed out after 1 hour"],
    "pip no version": [
        "ERROR: Could not find a version that satisfies the requirement torch==9.9.1 (from versions: 2.0.0, 2.0.1, 2.1.0)\nERROR: No matching distribution found for torch==9.9.1",
        "Collecting torch==9.8\nERROR: Could not find a version that satisfies the requirement torch==9.8 (from versions: 2.1.0, 2.2.0)\nERROR: No matching distribution found for torch==9.8\n\n[notice] A new release of pip is available: 24.0 -> 24.2",
    ],
    "pip conflict": [
        "ERROR: Cannot install pandas==2.1.0 and numpy==1.19.0 because these package versions have conflicting dependencies.\nERROR: ResolutionImpossible: for help visit https://pip.pypa.io/en/latest/topics/dependency-resolution/",
        "ERROR: Cannot install pandas==2.2.3 and numpy==1.20.1 because these package versions have conflicting dependencies.\nERROR: ResolutionImpossible: for help visit https://pip.pypa.io/en/latest/topics/dependency-resolution/",
    ],
    "npm 404": [
        "npm ERR! code E404\nnpm ERR! 404 Not Found - GET https://modules.example.com/left-padd - Not found\nnpm ERR! A complete log of this run can be found in: /var/log/agent/2026-03-01T10_11_12_345Z-debug-0.log",
        "npm ERR! code E404\nnpm ERR! 404 Not Found - GET https://modules.example.com/left-padd - Not found\nnpm ERR! A complete log of this run can be found in: /var/log/agent/2026-04-07T22_01_59_001Z-debug-0.log",
    ],
    "npm resolve": [
        "npm ERR! code ERESOLVE\nnpm ERR! ERESOLVE unable to resolve dependency tree\nnpm ERR! While resolving: agent@1.4.0\nnpm ERR! Found: react@18.2.0",
        "npm ERR! code ERESOLVE\nnpm ERR! ERESOLVE unable to resolve dependency tree\nnpm ERR! While resolving: agent@1.5.2\nnpm ERR! Found: react@18.3.1",
    ],
    "module": ["ModuleNotFoundError: No module named 'pandas'", traceback("ModuleNotFoundError: No module named 'pandas'")],
    "module bs4": ["ModuleNotFoundError: No module named 'bs'", traceback("ModuleNotFoundError: No module named 'bs'")],
    "node undefined": [
        node("TypeError: Cannot read properties of undefined (reading 'content')"),
        node("TypeError: Cannot read properties of undefined (reading 'content')", 233, 9),
    ],
    "node undefined length": [
        node("TypeError: Cannot read properties of undefined (reading 'length')"),
        node("TypeError: Cannot read properties of undefined (reading 'length')", 12, 60),
    ],
    "node long": [node("Error: connect ECONNREFUSED 127.0.0.1:5432", 4, 60), node("Error: connect ECONNREFUSED 10.0.3.9:5432", 9, 61)],
    "dns": [
        "HTTPSConnectionPool(host='api.example.com', port=443): Max retries exceeded with url: /v1/a/1 (Caused by NewConnectionError('<urllib3.connection.HTTPSConnection object at 0x7f12ab>: Failed to establish a new connection: [Errno -2] Name or service not known'))",
        "HTTPSConnectionPool(host='api.example.com', port=443): Max retries exceeded with url: /v1/b/22 (Caused by NewConnectionError('<urllib3.connection.HTTPSConnection object at 0x7f98cd>: Failed to establish a new connection: [Errno -2] Name or service not known'))",
    ],
    "refused": [
        "HTTPSConnectionPool(host='api.example.com', port=443): Max retries exceeded with url: /v1/a/1 (Caused by NewConnectionError('<urllib3.connection.HTTPSConnection object at 0x7f12ab>: Failed to establish a new connection: [Errno 111] Connection refused'))",
        "HTTPSConnectionPool(host='db.example.com', port=8443): Max retries exceeded with url: /v1/c (Caused by NewConnectionError('<urllib3.connection.HTTPSConnection object at 0x7f77ee>: Failed to establish a new connection: [Errno 111] Connection refused'))",
    ],
    "playwright timeout": [
        'Page.goto: Timeout 30000ms exceeded.\nCall log:\n  - navigating to "https://shop.example.com/a/1", waiting until "load"',
        'Page.goto: Timeout 60000ms exceeded.\nCall log:\n  - navigating to "https://news.example.org/?p=5", waiting until "load"',
    ],
    "playwright closed": [
        "Page.click: Target page, context or browser has been closed",
        traceback("playwright._impl._errors.TargetClosedError: Page.click: Target page, context or browser has been closed").replace("playwright._impl._errors.TargetClosedError: ", ""),
    ],
    "pg duplicate": [
        'duplicate key value violates unique constraint "orders_pkey"\nDETAIL:  Key (id)=(10442) already exists.',
        'duplicate key value violates unique constraint "orders_pkey"\nDETAIL:  Key (id)=(9) already exists.',
    ],
    "pg relation": [
        'relation "orders" does not exist\nLINE 1: SELECT * FROM orders WHERE id = 17\n                      ^',
        'relation "orders" does not exist\nLINE 1: SELECT * FROM orders WHERE id = 20441\n                      ^',
    ],
    "exit 137": ["entrypoint failed with exit code 137", "entrypoint failed with exit code 137"],
    "exit 143": ["entrypoint failed with exit code 143", "entrypoint failed with exit code 143"],
    "file": [
        "FileNotFoundError: [Errno 2] No such file or directory: '/workspace/in/march.csv'",
        "FileNotFoundError: [Errno 2] No such file or directory: 'data/april.csv'",
        "FileNotFoundError: [Errno 2] No such file or directory: 'may.csv'",
    ],
    "permission": ["PermissionError: [Errno 13] Permission denied: '/out/a.pdf'", "PermissionError: [Errno 13] Permission denied: '/srv/x/b.pdf'"],
    "json": [
        "json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)",
        "json.decoder.JSONDecodeError: Expecting value: line 12 column 40 (char 812)",
    ],
    "json comma": ["json.decoder.JSONDecodeError: Expecting ',' delimiter: line 3 column 9 (char 77)", "json.decoder.JSONDecodeError: Expecting ',' delimiter: line 1 column 2210 (char 2209)"],
}  # fmt: skip

FOR_PROOF: dict[str, list[str]] = {
    "gemini exhausted": [
        "429 RESOURCE_EXHAUSTED. {'error': {'code': 429, 'message': 'Resource has been exhausted (e.g. check quota).', 'status': 'RESOURCE_EXHAUSTED'}}",
        "429 RESOURCE_EXHAUSTED. {'error': {'code': 429, 'message': 'Resource has been exhausted (e.g. check quota).', 'status': 'RESOURCE_EXHAUSTED', 'details': [{'retryDelay': '23s'}]}}",
    ],
    "gemini key": [
        "400 INVALID_ARGUMENT. {'error': {'code': 400, 'message': 'API key not valid. Please pass a valid API key.', 'status': 'INVALID_ARGUMENT', 'details': [{'@type': 'type.googleapis.com/google.rpc.ErrorInfo', 'reason': 'API_KEY_INVALID', 'domain': 'googleapis.com'}]}}",
        "400 INVALID_ARGUMENT. {'error': {'code': 400, 'message': 'API key not valid. Please pass a valid API key.', 'status': 'INVALID_ARGUMENT', 'details': [{'@type': 'type.googleapis.com/google.rpc.ErrorInfo', 'reason': 'API_KEY_INVALID', 'domain': 'googleapis.com', 'metadata': {'service': 'x'}}]}}",
    ],
    "anthropic rate": [
        'Error: 429 {"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed your organization\'s rate limit of 40,000 input tokens per minute"},"request_id":"req_01A2b3C4d5"}',
        'Error: 429 {"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed your organization\'s rate limit of 80,000 input tokens per minute"},"request_id":"req_01Zz9Yy8Xx"}',
    ],
    "anthropic api": [
        'Error: 500 {"type":"error","error":{"type":"api_error","message":"Internal server error"},"request_id":"req_01Qq1Ww2Ee"}',
        'Error: 500 {"type":"error","error":{"type":"api_error","message":"Internal server error"},"request_id":"req_01Rr3Tt4Yy"}',
    ],
    "tool use": [
        "Error code: 400 - {'type': 'error', 'error': {'type': 'invalid_request_error', 'message': 'messages.4: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_01AbCd2345EfGh. Each `tool_use` block must have a corresponding `tool_result` block in the next message.'}}",
        "Error code: 400 - {'type': 'error', 'error': {'type': 'invalid_request_error', 'message': 'messages.18: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_01Zy9876XwVu. Each `tool_use` block must have a corresponding `tool_result` block in the next message.'}}",
    ],
    "model missing": [
        "Error code: 404 - {'type': 'error', 'error': {'type': 'not_found_error', 'message': 'model: claude-3-opus-20990101'}}",
        "Error code: 404 - {'type': 'error', 'error': {'type': 'not_found_error', 'message': 'model: claude-9-sonnet'}}",
    ],
    "bedrock throttling": [
        "An error occurred (ThrottlingException) when calling the InvokeModel operation (reached max retries: 4): Too many requests, please wait before trying again.",
        "An error occurred (ThrottlingException) when calling the InvokeModel operation (reached max retries: 10): Too many requests, please wait before trying again.",
    ],
    "bedrock denied": [
        "An error occurred (AccessDeniedException) when calling the InvokeModel operation: You don't have access to the model with the specified model ID.",
        traceback("botocore.errorfactory.AccessDeniedException: An error occurred (AccessDeniedException) when calling the InvokeModel operation: You don't have access to the model with the specified model ID.").replace("botocore.errorfactory.AccessDeniedException: ", ""),
    ],
    "nameerror": [traceback("NameError: name 'total_rows' is not defined", 4), traceback("NameError: name 'total_rows' is not defined", 30)],
    "nameerror client": [traceback("NameError: name 'client' is not defined", 4), traceback("NameError: name 'client' is not defined", 30)],
    "index": [traceback("IndexError: list index out of range", 5), traceback("IndexError: list index out of range", 29)],
    "zero": [traceback("ZeroDivisionError: division by zero", 5), traceback("ZeroDivisionError: division by zero", 33)],
    "argument": [
        "TypeError: summarise() got an unexpected keyword argument 'max_words'",
        traceback("TypeError: summarise() got an unexpected keyword argument 'max_words'", 28),
    ],
    "import": [
        "ImportError: cannot import name 'AsyncClient' from 'toolkit' (/usr/lib/python3.12/site-packages/toolkit/__init__.py)",
        "ImportError: cannot import name 'AsyncClient' from 'toolkit' (/srv/venv/lib/python3.11/site-packages/toolkit/__init__.py)",
    ],
    "pydantic missing": [
        "1 validation error for Invoice\ntotal\n  Field required [type=missing, input_value={'id': 7, 'lines': []}, input_type=dict]\n    For further information visit https://errors.pydantic.dev/2.9/v/missing",
        "1 validation error for Invoice\ntotal\n  Field required [type=missing, input_value={'id': 91, 'customer': 'Ada'}, input_type=dict]\n    For further information visit https://errors.pydantic.dev/2.11/v/missing",
    ],
    "pydantic int": [
        "1 validation error for Invoice\nlines\n  Input should be a valid integer, unable to parse string as an integer [type=int_parsing, input_value='twelve', input_type=str]\n    For further information visit https://errors.pydantic.dev/2.9/v/int_parsing",
        "1 validation error for Invoice\nlines\n  Input should be a valid integer, unable to parse string as an integer [type=int_parsing, input_value='7 or 8', input_type=str]\n    For further information visit https://errors.pydantic.dev/2.9/v/int_parsing",
    ],
    "chained": [
        traceback("KeyError: 'x'") + "\n\nDuring handling of the above exception, another exception occurred:\n\n" + traceback("RuntimeError: cannot open the ledger"),
        traceback("OSError: gone", 20) + "\n\nDuring handling of the above exception, another exception occurred:\n\n" + traceback("RuntimeError: cannot open the ledger", 18),
    ],
    "read timeout": [
        "HTTPSConnectionPool(host='api.example.com', port=443): Read timed out. (read timeout=60)",
        "HTTPSConnectionPool(host='files.example.net', port=443): Read timed out. (read timeout=7.5)",
    ],
    "connect timeout": [
        "HTTPSConnectionPool(host='api.example.com', port=443): Max retries exceeded with url: /a (Caused by ConnectTimeoutError(<urllib3.connection.HTTPSConnection object at 0x7fa1>, 'Connection to api.example.com timed out. (connect timeout=10)'))",
        "HTTPSConnectionPool(host='api.example.com', port=443): Max retries exceeded with url: /b/2 (Caused by ConnectTimeoutError(<urllib3.connection.HTTPSConnection object at 0x7fb2>, 'Connection to api.example.com timed out. (connect timeout=3)'))",
    ],
    "tls": [
        "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate in certificate chain (_ssl.c:1006)",
        "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate in certificate chain (_ssl.c:1028)",
    ],
    "tls expired": ["[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired (_ssl.c:1006)", "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired (_ssl.c:1000)"],
    "reset": ["ConnectionResetError: [Errno 104] Connection reset by peer", traceback("ConnectionResetError: [Errno 104] Connection reset by peer", 29)],
    "pipe": ["BrokenPipeError: [Errno 32] Broken pipe", traceback("BrokenPipeError: [Errno 32] Broken pipe", 29)],
    "disk": ["OSError: [Errno 28] No space left on device", "OSError: [Errno 28] No space left on device: '/tmp/part-3'"[:43]],
    "selector": [
        'Locator.click: Timeout 30000ms exceeded.\nCall log:\n  - waiting for locator("#submit-42")',
        'Locator.click: Timeout 5000ms exceeded.\nCall log:\n  - waiting for locator("#pay-now-7")',
    ],
    "browser missing": [
        "BrowserType.launch: Executable doesn't exist at /srv/one/.cache/ms-playwright/chromium-1140/chrome-linux/chrome",
        "BrowserType.launch: Executable doesn't exist at /srv/agent/.cache/ms-playwright/chromium-1155/chrome-linux/chrome",
    ],
    "net name": ["Page.goto: net::ERR_NAME_NOT_RESOLVED at https://a.example/", "Page.goto: net::ERR_NAME_NOT_RESOLVED at https://b.example/x?q=1"],
    "net refused": ["Page.goto: net::ERR_CONNECTION_REFUSED at https://a.example/", "Page.goto: net::ERR_CONNECTION_REFUSED at http://127.0.0.1:3000/x"],
    "selenium": [
        'Message: no such element: Unable to locate element: {"method":"css selector","selector":"#buy"}\n  (Session info: chrome=120.0.6099.109)',
        'Message: no such element: Unable to locate element: {"method":"css selector","selector":".price > b"}\n  (Session info: chrome=126.0.1.2)',
    ],
    "pg password": ['FATAL:  password authentication failed for user "app_7"', 'FATAL:  password authentication failed for user "reporter"'],
    "pg connections": ["FATAL:  sorry, too many clients already", "FATAL:  sorry, too many clients already"],
    "pg column": ['column "price_eur" does not exist\nLINE 1: SELECT price_eur FROM t WHERE id = 9', 'column "price_eur" does not exist\nLINE 1: SELECT price_eur FROM t WHERE id = 4411'],
    "pg column qty": ['column "quantity" does not exist\nLINE 1: SELECT quantity FROM t WHERE id = 9', 'column "quantity" does not exist\nLINE 1: SELECT quantity FROM t WHERE id = 12'],
    "mysql denied": ["(1045, \"Access denied for user 'app'@'10.0.0.3' (using password: YES)\")", "(1045, \"Access denied for user 'etl'@'10.0.0.17' (using password: YES)\")"],
    "mysql gone": ["(2006, 'MySQL server has gone away')", "(2006, 'MySQL server has gone away')"],
    "sqlite locked": ["sqlite3.OperationalError: database is locked", traceback("sqlite3.OperationalError: database is locked", 28)],
    "mongo duplicate": [
        'MongoServerError: E11000 duplicate key error collection: shop.orders index: _id_ dup key: { _id: "a1b2c3d4" }',
        'MongoServerError: E11000 duplicate key error collection: shop.orders index: _id_ dup key: { _id: "ffee9900" }',
    ],
    "redis": ["redis.exceptions.ConnectionError: Error 111 connecting to 10.1.2.3:6379. Connection refused.", "redis.exceptions.ConnectionError: Error 111 connecting to cache.internal:6379. Connection refused."],
    "cuda": [
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 79.15 GiB of which 1.21 GiB is free.",
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 768.00 MiB. GPU 1 has a total capacity of 23.6 GiB of which 12.5 MiB is free.",
    ],
    "node heap": [
        "<--- Last few GCs --->\n[123:0x5a]    45671 ms: Mark-sweep 2043.1 (2083.2) -> 2042.0 (2082.9) MB, 1403.4 / 0.0 ms\nFATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n 1: 0xb09980 node::Abort() [node]\n 2: 0xa1c235 node::FatalError [node]",
        "<--- Last few GCs --->\n[9:0x6b]    998 ms: Scavenge 511.1 (520.2) -> 510.0 (521.9) MB, 14.4 / 0.1 ms\n[9:0x6b]    1002 ms: Mark-sweep 511.1 (520.2) -> 510.0 (521.9) MB, 14.4 / 0.1 ms\nFATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n 1: 0xb09981 node::Abort() [node]",
    ],
    "oomkilled": ["pod agent-runner-7d9f8b6c4-xk2lp OOMKilled: memory limit 512Mi", "pod agent-runner-5c77d9b8f-9qwzt OOMKilled: memory limit 2Gi"],
    "node module": ["Error: Cannot find module 'express'\nRequire stack:\n- /app/index.js", "Error: Cannot find module 'express'\nRequire stack:\n- /srv/agent/main.js"],
    "node module axios": ["Error: Cannot find module 'axios'\nRequire stack:\n- /app/index.js", "Error: Cannot find module 'axios'\nRequire stack:\n- /app/lib/x.js"],
    "enoent": ["Error: ENOENT: no such file or directory, open '/app/in/a.json'", node("Error: ENOENT: no such file or directory, open '/data/b.json'")],
    "eacces": ["Error: EACCES: permission denied, mkdir '/srv/out'", node("Error: EACCES: permission denied, mkdir '/var/lib/x'")],
    "socket": ["Error: socket hang up", node("Error: socket hang up", 9, 55)],
    "command": ["bash: line 1: poetry: command not found", "bash: line 14: poetry: command not found"],
    "git": ["fatal: repository 'https://git.example.com/a/b.git/' not found", "fatal: repository 'https://git.example.com/team/tools.git/' not found"],
    "git auth": ["fatal: Authentication failed for 'https://git.example.com/a/b.git/'", "fatal: Authentication failed for 'https://git.example.com/c/d.git/'"],
    "subprocess": [
        "subprocess.CalledProcessError: Command '['pdftotext', '/in/a.pdf', '-']' returned non-zero exit status 1.",
        "subprocess.CalledProcessError: Command '['pdftotext', '/in/long name.pdf', '-']' returned non-zero exit status 1.",
    ],
    "steps": ["Agent stopped: reached the limit of 25 steps", "Agent stopped: reached the limit of 100 steps"],
    "budget": ["Agent stopped: budget of $2.50 used up", "Agent stopped: budget of $10 used up"],
    "tool": ["tool call failed: 504 Gateway Timeout from https://tools.example.com/search", "tool call failed: 504 Gateway Timeout from https://tools.example.com/fetch?id=3"],
    "tool 500": ["tool call failed: 500 Internal Server Error from https://tools.example.com/search", "tool call failed: 500 Internal Server Error from https://tools.example.com/fetch?id=3"],
    "wheel": [
        "  Building wheel for lxml (setup.py): finished with status 'error'\n  error: command 'gcc' failed: No such file or directory\nERROR: Failed building wheel for lxml",
        "  Building wheel for lxml (setup.py): finished with status 'error'\n  running bdist_wheel\n  error: command 'gcc' failed: No such file or directory\nERROR: Failed building wheel for lxml",
    ],
    "hash": [
        "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.\n    Expected sha256 3f2a9bc41d0e77881234abcd\n         Got        0123456789abcdef01234567",
        "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.\n    Expected sha256 99aa88bb77cc66dd55ee44ff\n         Got        fedcba9876543210fedcba98",
    ],
    "apt": ["E: Unable to locate package libmagic-devel", "E: Unable to locate package libmagic-devel"],
}  # fmt: skip
