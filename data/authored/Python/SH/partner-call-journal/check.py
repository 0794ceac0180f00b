import logging

from solution import PartnerClient

lines = []


class Keep(logging.Handler):
    def emit(self, record):
        lines.append((record.levelname, record.getMessage()))


log = logging.getLogger("partners")
log.setLevel(logging.INFO)
log.propagate = False
log.addHandler(Keep())
headers = {"Content-Type": "application/json", "authorization": "Bearer s3cr3t-1", "Cookie": "sid=s3cr3t-2"}
url = "https://ann:s3cr3t-3@claims.example.com/v2/claims?access_token=s3cr3t-4"
answer = (201, {}, b"{}")


def broken(method, url, headers, body):
    raise OSError("no route")


assert PartnerClient(lambda *request: answer, log).call("POST", url, headers, b"x") == answer
try:
    PartnerClient(broken, log).call("GET", url, headers, b"")
    raise SystemExit("the exception got lost")
except OSError:
    pass
assert [level for level, _ in lines] == ["INFO", "ERROR"]
assert "POST" in lines[0][1] and "claims.example.com/v2/claims" in lines[0][1] and "201" in lines[0][1]
assert "application/json" in lines[0][1]
assert not any("s3cr3t" in text for _, text in lines), "a secret stands in the log"
