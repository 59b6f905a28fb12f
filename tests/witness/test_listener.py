"""A witness over HTTP (C2SP tlog-witness): every answer of the protocol, and who tries to make it lie."""

import socket
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from sso.audit.signed_note import COSIGNATURE, NoteKey, NoteSigner, note_of, verify_note
from sso.audit.witnessing import MAX_SUBMISSION_BYTES, SIZE_TYPE, Submission, cosignatures_in
from sso.witness.cosigner import Cosigner
from sso.witness.folder import FolderInvalid, WitnessFolder
from sso.witness.http import WitnessListener
from sso.witness.state import StateUnavailable
from tests.witness.small_log import NOW, SmallLog

NAME = "audit-office.example.gov/w1"


class Stage:
    """A witness that listens, and a log that it trusts."""

    def __init__(self, path: Path) -> None:
        self.folder = WitnessFolder(path)
        self.key: NoteKey = self.folder.create(NAME).key
        self.log = SmallLog()
        self.folder.trust(self.log.signer.key)
        self.listener = self.started()
        self.http = httpx.Client(trust_env=False, timeout=15)

    def started(self) -> WitnessListener:
        cosigner = Cosigner(self.folder.signer(), self.folder.trusted, self.folder.state)
        listener = WitnessListener(cosigner, ("127.0.0.1", 0))
        listener.start()
        return listener

    def restart(self) -> None:
        self.listener.stop()
        self.listener = self.started()

    def post(self, body: bytes | Submission, path: str = "/add-checkpoint") -> httpx.Response:
        content = body if isinstance(body, bytes) else str(body).encode()
        return self.http.post(f"http://127.0.0.1:{self.listener.port}{path}", content=content)

    @property
    def size(self) -> int:
        return self.folder.state.all()[self.log.origin].checkpoint.size


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path / "w")
    yield made
    made.http.close()
    made.listener.stop()


def test_a_first_checkpoint_and_one_that_grew_out_of_it_are_cosigned(stage: Stage) -> None:
    for old, size in ((0, 5), (5, 21), (21, 21)):
        answer = stage.post(stage.log.body(old, size))

        assert answer.status_code == 200
        text = str(stage.log.checkpoint(size))
        (found,) = cosignatures_in(answer.text, text, [stage.key])
        assert found.key == stage.key
        whole = verify_note(note_of(text, [found.line]), [stage.key])
        assert whole.by == ((stage.key, found.at),)


def test_another_old_size_is_answered_with_the_one_that_was_cosigned(stage: Stage) -> None:
    stage.post(stage.log.body(0, 9))

    for old in (0, 4, 10):
        answer = stage.post(stage.log.body(old, 12))

        assert answer.status_code == 409
        assert answer.headers["Content-Type"] == SIZE_TYPE
        assert answer.text == "9\n"


def test_a_log_never_goes_back(stage: Stage) -> None:
    stage.post(stage.log.body(0, 9))

    assert stage.post(stage.log.body(0, 4)).status_code == 409
    assert stage.post(stage.log.body(4, 4)).status_code == 409
    assert stage.post(stage.log.submission(9, 4)).status_code == 400
    assert stage.size == 9


def test_a_second_history_is_never_cosigned(stage: Stage) -> None:
    stage.post(stage.log.body(0, 9))
    other = stage.log.forked(at=3)

    assert stage.post(other.body(9, 20)).status_code == 422
    assert stage.post(other.body(9, 9)).status_code == 409
    assert stage.post(other.body(0, 20)).status_code == 409
    assert stage.post(other.submission(9, 20, proof=[])).status_code == 422
    assert stage.size == 9
    assert stage.post(stage.log.body(9, 20)).status_code == 200


def test_a_proof_from_nothing_is_empty(stage: Stage) -> None:
    assert stage.post(stage.log.submission(0, 8, proof=[bytes(32)])).status_code == 422


def test_a_log_that_is_not_trusted_is_unknown_until_it_is(stage: Stage) -> None:
    other = SmallLog("tax.example.gov/audit")

    assert stage.post(other.body(0, 3)).status_code == 404
    stage.folder.trust(other.signer.key)
    assert stage.post(other.body(0, 3)).status_code == 200
    assert stage.post(stage.log.body(0, 3)).status_code == 200


def test_a_checkpoint_without_the_logs_signature_is_forbidden(stage: Stage) -> None:
    stranger = SmallLog()
    changed = str(stage.log.submission(0, 3)).replace("\n3\n", "\n4\n")

    assert stage.post(stranger.body(0, 3)).status_code == 403
    assert stage.post(changed.encode()).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 0\n\n",
        b"old 00\n\nx\n1\n\n",
        b"old -1\n\n",
        b"\xff\xfe",
        b"old 0\nnot a hash\n\nid.example.gov/audit\n1\nAAAA\n\n\xe2\x80\x94 a b\n",
        b"old 0\n\nid.example.gov/audit\nmany\nAAAA\n\n\xe2\x80\x94 a AAAA\n",
        b"old 99999999999999999999999\n\nid.example.gov/audit\n1\nAAAA\n\n\xe2\x80\x94 a AAAA\n",
        b"old 0\n" + b"A" * 43 + b"=\n",
    ],
)
def test_what_is_no_submission_is_a_bad_request(stage: Stage, body: bytes) -> None:
    assert stage.post(body).status_code == 400


def test_more_than_63_hashes_are_a_bad_request(stage: Stage) -> None:
    assert stage.post(stage.log.submission(0, 3, proof=[bytes(32)] * 64)).status_code == 400


def test_a_body_without_end_is_not_read(stage: Stage) -> None:
    assert stage.post(b"x" * (MAX_SUBMISSION_BYTES + 1)).status_code == 413
    assert stage.post(stage.log.body(0, 3), path="/").status_code == 404
    chunked = stage.http.post(
        f"http://127.0.0.1:{stage.listener.port}/add-checkpoint", content=iter([b"old 0\n"])
    )
    assert chunked.status_code == 411


def test_a_request_that_is_cut_off_changes_nothing(stage: Stage) -> None:
    body = stage.log.body(0, 3)
    head = f"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", stage.listener.port)) as connection:
        connection.sendall(head + body[:-40])

    assert stage.post(stage.log.body(0, 3)).status_code == 200


def test_of_many_at_once_only_one_history_is_cosigned(stage: Stage) -> None:
    stage.post(stage.log.body(0, 4))
    histories = [stage.log, *(stage.log.forked(at=4 + number) for number in range(3))]
    bodies = [log.body(4, 8 + step) for log in histories for step in range(4)]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(stage.post, bodies))

    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 15
    assert [answer.text for answer in answers if answer.status_code == 409] == [f"{stage.size}\n"] * 15


def test_what_was_cosigned_is_known_after_a_restart(stage: Stage) -> None:
    stage.post(stage.log.body(0, 9))

    stage.restart()

    assert stage.post(stage.log.body(0, 9)).text == "9\n"
    assert stage.post(stage.log.forked(at=2).body(9, 12)).status_code == 422


def test_a_witness_without_memory_cosigns_nothing(stage: Stage) -> None:
    (stage.folder.path / "witness.db").unlink()

    assert stage.post(stage.log.body(0, 9)).status_code == 503
    assert not (stage.folder.path / "witness.db").exists()
    with pytest.raises(StateUnavailable):
        stage.folder.state.all()


def test_a_damaged_list_of_logs_stops_the_witness(stage: Stage) -> None:
    (stage.folder.path / "logs.txt").write_text("nonsense\n", encoding="utf-8")

    assert stage.post(stage.log.body(0, 9)).status_code == 503


def test_the_key_is_for_its_owner_alone(stage: Stage) -> None:
    file = stage.folder.path / "witness.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    file.chmod(0o640)

    with pytest.raises(FolderInvalid, match="others may read it"):
        stage.folder.signer()


def test_a_folder_holds_one_witness_and_no_witness_is_a_log(stage: Stage) -> None:
    with pytest.raises(FolderInvalid, match="exists"):
        stage.folder.create(NAME)
    assert stage.folder.signer().key == stage.key
    (stage.folder.path / "logs.txt").write_text(str(NoteSigner.new("w", COSIGNATURE).key), encoding="utf-8")
    with pytest.raises(FolderInvalid, match="a witness's key"):
        stage.folder.trusted()


def test_a_cosignature_of_another_key_is_passed_over_and_a_forged_one_refused(stage: Stage) -> None:
    text = str(stage.log.checkpoint(3))
    stranger = NoteSigner.new(NAME, COSIGNATURE)

    assert cosignatures_in(stranger.sign(text, NOW) + "\n", text, [stage.key]) == []
    line = stage.folder.signer().sign(text, NOW)
    with pytest.raises(ValueError, match="does not verify"):
        cosignatures_in(line + "\n", str(stage.log.checkpoint(4)), [stage.key])
