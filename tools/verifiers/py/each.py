# SPDX-License-Identifier: Apache-2.0
"""Run a verifier of this folder for many inputs in one process.

    each.py PROGRAM ARG... -- INPUT...

Prints one line an input: exit status, a tab, and the line that `PROGRAM INPUT ARG...` prints.
"""
import contextlib
import importlib
import io
import sys


def main():
    split = sys.argv.index("--")
    program, args, names = importlib.import_module(sys.argv[1]), sys.argv[2:split], sys.argv[split + 1 :]
    for name in names:
        sys.argv = [program.__name__, name, *args]
        with contextlib.redirect_stdout(io.StringIO()) as said:
            status = program.main()
        print(status, said.getvalue().strip(), sep="\t")
    return 0


if __name__ == "__main__":
    sys.exit(main())
