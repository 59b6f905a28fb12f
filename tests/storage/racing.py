"""Threads and processes that do the same thing at the same moment, on two pools of connections."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from sso.storage.database import Database

T = TypeVar("T")
THREADS = 4


@dataclass(frozen=True, slots=True)
class Race:
    """Two databases stand for two processes; each thread has a connection of its own."""

    databases: tuple[Database, Database]
    pool: ThreadPoolExecutor

    @property
    def database(self) -> Database:
        return self.databases[0]

    def run(self, act: Callable[[Database, int], T]) -> list[T]:
        """Let every thread do it at the same moment; return what each got."""
        start = threading.Barrier(THREADS)

        def one(number: int) -> T:
            start.wait()
            return act(self.databases[number % 2], number)

        return list(self.pool.map(one, range(THREADS)))


def forked(act: Callable[[], int]) -> int:
    """Do it in a process of its own, whose exit status is the answer."""
    child = os.fork()
    if child == 0:
        try:
            os._exit(act())
        except BaseException:
            os._exit(255)
    return child


def result_of(child: int) -> int:
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code != 255, "a process failed"
    return code
