#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A TLS server that echoes: echo_server.py PORT CERT KEY CA [1.2|1.3]. It wants a certificate of its clients."""
import socket
import ssl
import sys

port, cert, key, ca = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(cert, key)
context.load_verify_locations(ca)
context.verify_mode = ssl.CERT_REQUIRED
if len(sys.argv) > 5:
    context.minimum_version = context.maximum_version = {
        "1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}[sys.argv[5]]
listener = socket.create_server(("127.0.0.1", port))
while True:
    plain, _ = listener.accept()
    try:
        with context.wrap_socket(plain, server_side=True) as client:
            while data := client.recv(65536):
                client.sendall(data)
    except (ssl.SSLError, OSError) as error:
        print(error, flush=True)
