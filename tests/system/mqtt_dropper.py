#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A TLS server that reads what a client says first and ends the connection without an answer, as a cloud does while it registers a device.

Usage: mqtt_dropper.py PORT BROKER_PORT TIMES CA
Ends the first TIMES connections so; hands later ones, octet by octet, to the broker on BROKER_PORT, where its own TLS is
not looked into: the client's handshake is then with the broker. Certificate and key are server.crt and server.key.
"""
import select
import socket
import ssl
import sys

port, broker, times, ca = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("server.crt", "server.key")
context.load_verify_locations(ca)
context.verify_mode = ssl.CERT_REQUIRED


def drop(client):
    with context.wrap_socket(client, server_side=True) as tls:
        assert tls.recv(65536)[:1] == b"\x10", "not a CONNECT"


def hand_on(client):
    with client, socket.create_connection(("127.0.0.1", broker)) as other:
        to = {client: other, other: client}
        while to:
            for side in select.select(list(to), [], [])[0]:
                octets = side.recv(65536)
                if not octets:
                    return
                to[side].sendall(octets)


with socket.create_server(("127.0.0.1", port)) as server:
    while True:
        connection, _ = server.accept()
        if times > 0:
            times -= 1
            drop(connection)
        else:
            hand_on(connection)
