"""rows.py - what a row of the table is, and the list of them that the rows_*.py files fill."""
import collections

# size: which of Boxes.sizes tells how many messages the row is about.
# bar: how many times faster than Dovecot we have to be (None: shown for information).
# most: in place of a bar, an absolute limit on our own value. unit: of the value that the function returns; "s" is time.
Row = collections.namedtuple("Row", "key what size bar most unit function")
ROWS = []


class Skipped(Exception):
    """Raised by a row that a server cannot do, with the reason."""


def row(key, what, size, bar=None, most=None, unit="s"):
    def add(function):
        ROWS.append(Row(key, what, size, bar, most, unit, function))
        return function
    return add
