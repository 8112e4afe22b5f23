"""An https server that breaks off, changes its mind, and lies."""

import http.server
import ssl
import subprocess
import threading
import time


def certificate(folder, name):
    """tls.crt and tls.key for this subjectAltName in the folder: the certificate vouches for itself."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
                    folder / "tls.key", "-out", folder / "tls.crt", "-subj", "/CN=shop", "-days", "2", "-addext",
                    f"subjectAltName={name}"], check=True, capture_output=True)


class File:
    """What the server has under one name, and how it behaves about it."""

    def __init__(self, data, tag='"one"'):
        self.data, self.tag = data, tag
        self.breaks = []  # after how many bytes of an answer the connection is dropped, answer by answer
        self.then = None  # what the file is after the first break
        self.length = True  # whether the server says how long the file is
        self.claims = None  # what it says instead of the truth
        self.head = None  # "endless": a head that does not end; "slow": one that comes byte by byte
        self.held = None  # an Event that is waited for before the body is sent
        self.leaves = False  # with the first break the server goes away for good


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.close_connection = True
        server = self.server
        server.asked.append((self.path, self.headers.get("Range"), self.headers.get("If-Range")))
        if self.path in server.moved:
            self.send_response(302)
            self.send_header("Location", server.moved[self.path])
            self.send_header("Content-Length", "0")
            return self.end_headers()
        file = server.files.get(self.path)
        if not file:
            return self.send_error(404)
        start = 0
        if (wanted := self.headers.get("Range")) and self.headers.get("If-Range") == file.tag:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        if file.head:
            return self.send_head_without_end(file.head)
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(file.data) - 1}/{len(file.data)}")
        if file.tag:
            self.send_header("ETag", file.tag)
        if file.length:
            self.send_header("Content-Length", str(file.claims or len(file.data) - start))
        self.send_header("Connection", "close")
        self.end_headers()
        data = file.data[start:]
        if file.breaks:
            data = data[: file.breaks.pop(0)]
            server.files[self.path] = file.then or file
            if file.leaves:
                server.leave()
        if file.held:
            self.wfile.flush()
            file.held.wait(60)
        self.wfile.write(data)

    def send_head_without_end(self, how):
        """Until the client has had enough of it."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            self.wfile.write(b"X-More: " + b"x" * 90 + b"\r\n" if how == "endless" else b"x")
            if how == "slow":
                time.sleep(0.2)

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    """Answers on a socket that listens already, with the certificate of that folder, until end()."""

    daemon_threads = True

    def __init__(self, listener, folder):
        super().__init__(listener.getsockname(), Handler, bind_and_activate=False)
        self.socket.close()
        self.server_port = listener.getsockname()[1]
        self.files, self.moved, self.asked = {}, {}, []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
        self.socket = context.wrap_socket(listener, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def wait_asked(self, client, count):
        """Until that many questions have come from a program that runs."""
        while len(self.asked) < count:
            assert client.poll() is None, client.stderr.read()
            time.sleep(0.02)

    def leave(self):
        """Nobody listens any more; answers that were begun go on."""
        self.shutdown()
        self.server_close()

    def end(self):
        self.leave()
        self._thread.join()

    def handle_error(self, request, address):
        pass  # a client that leaves, or does not trust the certificate
