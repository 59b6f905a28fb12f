"""A small process that runs one command, and tells what it took: `python bench/child.py COMMAND...`.

Linux counts the memory of whoever starts a process as the process's own until its program is loaded, so the
one that starts it has to be small.
"""

import json
import os
import subprocess
import sys
import tempfile


def main() -> None:
    """Print the command's output, exit code, CPU seconds and largest memory as JSON."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = subprocess.Popen(sys.argv[1:], stdout=out, stderr=err)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        told = {
            "code": child.returncode,
            "cpu_seconds": usage.ru_utime + usage.ru_stime,
            "peak_mebibytes": usage.ru_maxrss / 1024,
            "out": out.read().decode(),
            "err": err.read().decode(),
        }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
